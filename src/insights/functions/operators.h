// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/insights/functions/operators.h - kernels of the operators; coercions of
              // logs-insights-ql.md 5.

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "insights/functions/table.h"

namespace sky::insights {

class Regex;  // insights/functions/regex.h

enum class Comparison : std::uint8_t {
    kEqual,
    kNotEqual,
    kLess,
    kLessEqual,
    kGreater,
    kGreaterEqual
};
enum class Arithmetic : std::uint8_t { kAdd, kSubtract, kMultiply, kDivide, kModulo, kPower };

/// Both sides numeric: numeric comparison (plain integers of any length exactly); else by code
/// points. Never missing: `!=` with a missing side is true, the others false.
const Vector* compare(EvalContext& context, Comparison op, const Vector* left, const Vector* right);
/// Numbers; missing where an operand is no number or the result is not finite.
const Vector* arithmetic(EvalContext& context, Arithmetic op, const Vector* left,
                         const Vector* right);
const Vector* negate(EvalContext& context, const Vector* operand);
/// Logic over truth(); never missing.
const Vector* logical_and(EvalContext& context, const Vector* left, const Vector* right);
const Vector* logical_or(EvalContext& context, const Vector* left, const Vector* right);
const Vector* logical_not(EvalContext& context, const Vector* operand);
/// `left like right`: case-sensitive substring. Missing on either side: false. (`not like` is
/// logical_not of it, hence true.)
const Vector* like(EvalContext& context, const Vector* left, const Vector* right);
/// Regex search. Missing: false.
const Vector* matches(EvalContext& context, const Regex& regex, const Vector* operand);

/// The right side of `in [...]`, looked up by hash. Elements equal as `=` has it: 200 and "200"
/// both find the text 200 and the number 200. Immutable; any thread.
class InSet {
public:
    /// Texts of `elements` are copied.
    explicit InSet(std::span<const Value> elements);
    InSet(InSet&&) noexcept;
    InSet& operator=(InSet&&) noexcept;
    ~InSet();
    /// Booleans, never missing: a missing operand is in no set.
    const Vector* contains(EvalContext& context, const Vector* operand) const;
    /// The elements where all of them are texts and none is a number; else nothing. They live as
    /// long as the set.
    std::vector<std::string_view> only_texts() const;
    std::uint64_t bytes() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// One byte a row, 1 = true (section 5, "filter on a non-boolean"): missing is false, a number is
/// true unless 0, text unless empty, "0" or "false". In the arena.
const std::uint8_t* truth(EvalContext& context, const Vector* operand);
/// Rows where the operand is true, ascending, appended to `rows`.
void select_true(EvalContext& context, const Vector* operand, std::vector<std::uint32_t>& rows);
/// The number of rows where it is true.
std::uint64_t count_true(EvalContext& context, const Vector* operand);

}  // namespace sky::insights
