// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/base/spelling.h - the known name that a misspelt one is nearest to.

#include <cstddef>
#include <span>
#include <string_view>

namespace sky {

/// Letters to insert, delete or change to make one of the other; ASCII case does not count.
std::size_t edit_distance(std::string_view a, std::string_view b);

/// Keeps the nearest of the names that it is shown, at most two edits away and fewer than half of
/// the word. Longer words than kWordBytesMax have none.
class NearestName {
public:
    explicit NearestName(std::string_view word);
    void consider(std::string_view candidate);
    void consider(std::span<const std::string_view> candidates) {
        for (const std::string_view candidate : candidates) consider(candidate);
    }
    /// Empty when none is near.
    std::string_view name() const { return name_; }

private:
    static constexpr std::size_t kWordBytesMax = 64;
    std::string_view word_;
    std::string_view name_;
    std::size_t best_;  // Edits must stay below.
};

}  // namespace sky
