// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/logs/family_search.h - which lines of a family contain a text, told by its
              // slots alone.

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "shapes/shaped_block.h"

namespace sky::logs {

/// One family of a block, asked for texts. Belongs to one thread, as the block does; the block
/// outlives it.
class FamilySearch {
public:
    /// Errors: kCorruption.
    static Result<FamilySearch> open(const shapes::ShapedBlock& block, std::size_t family);

    enum class Lines : std::uint8_t { kNone, kAll, kSome };
    /// How many lines may contain `text`, which is not empty. For kSome, `marks` (a byte a line of
    /// the family) is raised where one may: all of them where the text could lie in too many ways
    /// to tell, else exactly those that do. Reads the columns of the slots that it can touch, no
    /// others. Errors: kCorruption.
    Result<Lines> find(std::string_view text, std::vector<std::uint8_t>& marks) const;

private:
    FamilySearch(const shapes::ShapedBlock& block, std::size_t family)
        : block_(&block), family_(family) {}
    const shapes::ShapedBlock* block_;
    std::size_t family_;
    std::vector<shapes::SlotStats> slots_;
};

}  // namespace sky::logs
