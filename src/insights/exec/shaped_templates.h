// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/insights/exec/shaped_templates.h - the template of every line of a family
              // (functions/text_template.h), told by its slots' values instead of its text.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "columnar/vector.h"
#include "shapes/shaped_block.h"

namespace sky::insights {

/// Lines of a family differ in their slots, and a template tells few of their values apart: each
/// slot's values fall into classes, one line of each combination that occurs is made of values that
/// stand for their classes, and its template is that of all its lines. Exactly what
/// append_template() gives for each line; families merely make it cheap.
/// Immutable once made; the block need not outlive it.
class FamilyTemplates {
public:
    /// Null where the values' classes are so many that the lines' texts are no dearer.
    /// Errors: kCorruption.
    static Result<std::unique_ptr<const FamilyTemplates>> make(const shapes::ShapedBlock& block,
                                                               std::uint32_t family);

    std::span<const std::string_view> texts() const { return views_; }
    /// An index into texts() for each row of the family; empty: all rows have texts()[0].
    std::span<const std::uint32_t> codes() const { return codes_; }

private:
    FamilyTemplates() = default;
    std::vector<std::string> texts_;
    std::vector<std::string_view> views_;
    std::vector<std::uint32_t> codes_;
};

/// How the text around a slot decides what a template tells about its values. For tests.
enum class SlotContext : std::uint8_t {
    kAlone,   // Marks or the line's ends on both sides: the value's own template.
    kOpaque,  // Inside a word that is a token as soon as it has a digit.
    kDigits,  // Inside a word of numbers and little else: which digits they are is the same.
    kExact,   // Inside another word: every value for itself.
};
/// Errors: kCorruption.
Result<SlotContext> slot_context(const shapes::ShapedBlock& block, std::uint32_t family,
                                 std::uint32_t slot);

}  // namespace sky::insights
