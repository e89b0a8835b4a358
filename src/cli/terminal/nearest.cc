// SPDX-License-Identifier: Apache-2.0
#include "cli/terminal/nearest.h"

#include <algorithm>
#include <vector>

namespace sky::cli {
namespace {

constexpr std::size_t kWordMax = 64;  // Longer ones are no mistyped flags.

}  // namespace

std::size_t edit_distance(std::string_view a, std::string_view b) {
    // Optimal string alignment, three rows at a time.
    std::vector<std::size_t> before(b.size() + 1), above(b.size() + 1), row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) above[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            row[j] = std::min(
                {above[j] + 1, row[j - 1] + 1, above[j - 1] + (a[i - 1] == b[j - 1] ? 0U : 1U)});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = std::min(row[j], before[j - 2] + 1);
        }
        before = std::move(above);
        above = row;
    }
    return above[b.size()];
}

std::string nearest(std::string_view word, std::span<const std::string> known) {
    if (word.empty() || word.size() > kWordMax) return {};
    const std::size_t most = std::clamp<std::size_t>(word.size() / 3, 1, 3);
    std::string best;
    std::size_t best_distance = most + 1;
    for (const std::string& candidate : known) {
        const std::size_t distance = edit_distance(word, candidate);
        if (distance < best_distance) {
            best = candidate;
            best_distance = distance;
        }
    }
    if (!best.empty()) return best;
    const auto begins = std::ranges::find_if(
        known, [&](const std::string& candidate) { return candidate.starts_with(word); });
    return begins == known.end() ? std::string() : *begins;
}

std::string did_you_mean(std::string_view word, std::span<const std::string> known) {
    const std::string found = nearest(word, known);
    return found.empty() ? found : " Did you mean " + found + "?";
}

}  // namespace sky::cli
