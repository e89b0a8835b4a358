// SPDX-License-Identifier: Apache-2.0
#include "base/spelling.h"

#include <algorithm>
#include <vector>

namespace sky {
namespace {

char folded(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

}  // namespace

std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t changed = diagonal + (folded(a[i - 1]) == folded(b[j - 1]) ? 0 : 1);
            diagonal = row[j];
            row[j] = std::min({row[j] + 1, row[j - 1] + 1, changed});
        }
    }
    return row[b.size()];
}

NearestName::NearestName(std::string_view word)
    : word_(word), best_(std::min<std::size_t>(3, word.size() / 2 + 1)) {}

void NearestName::consider(std::string_view candidate) {
    if (word_.size() > kWordBytesMax || candidate.size() > kWordBytesMax) return;
    const std::size_t edits = edit_distance(word_, candidate);
    if (edits >= best_) return;
    best_ = edits;
    name_ = candidate;
}

}  // namespace sky
