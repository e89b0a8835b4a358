// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/shapes/known_families.h - the families of a group's earlier lines, by which the
              // next ones are taken apart without looking for families again.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "columnar/text_column.h"
#include "shapes/shaping.h"

namespace sky::shapes {

/// What one chunk's mining leaves for the next chunk of the same group. It only saves work: any
/// shaping gives its lines back, and no answer depends on which one a block has.
/// Memory:  below 64 KiB, whatever the lines were.
/// Threads: one at a time.
class KnownFamilies {
public:
    /// Remembers the families of text whose slots end where a byte comes that none of their values
    /// had and no word has; none when they are too few of the lines to be worth it.
    void learn(const Shaping& shaping);
    /// The lines by the families that are known; the lines that are of none are mined by
    /// themselves. Nothing, and everything is forgotten: too few lines are of known families, or
    /// it is time to look at all of them again. Expects what mine() does.
    std::optional<Shaping> take_apart(const columnar::TextColumn& lines);

private:
    /// A family whose lines can be told apart from others in one pass over their bytes.
    struct Known {
        Family family;
        std::string before;                      // Of the first slot.
        std::vector<std::string> after;          // Of each slot, up to the next.
        std::vector<std::uint8_t> may_be_empty;  // By slot.
        std::array<std::uint32_t, 256>
            slots_with{};  // By byte: a bit for each slot that may have it.
        std::size_t constant_bytes = 0;

        bool match(std::string_view line, std::string_view* values) const;
    };
    static std::optional<Known> known(const Family& family, const FamilyRows& rows);

    std::vector<Known> known_;  // Those with the most constant text first.
    std::size_t uses_ = 0;      // Since they were learnt.
    std::size_t rest_ = 0;      // Chunks that are mined before anything is learnt again.
};

}  // namespace sky::shapes
