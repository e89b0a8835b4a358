// SPDX-License-Identifier: Apache-2.0
// The chain of finds equals what the specification's regex means, spelled out without a regex
// engine: the shortest capture at every star, the first place where the rest fits.
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/assert.h"
#include "insights/functions/glob.h"

namespace {

/// Matches the pattern's rest at exactly `at`, trying captures from the shortest: the backtracking
/// meaning of (.*?), and (.*) for a star that ends the pattern.
bool matches_at(std::string_view pattern, std::string_view text, std::size_t at,
                std::vector<std::string_view>& captures, std::uint64_t& steps_left) {
    if (steps_left == 0) return false;
    --steps_left;
    if (pattern.empty()) return true;
    if (pattern == "*") {
        std::string_view rest = text.substr(at);
        if (rest.ends_with('\n')) rest.remove_suffix(1);
        if (rest.ends_with('\r')) rest.remove_suffix(1);
        captures.push_back(rest);
        return true;
    }
    if (pattern[0] != '*') {
        return at < text.size() && text[at] == pattern[0] &&
               matches_at(pattern.substr(1), text, at + 1, captures, steps_left);
    }
    const std::size_t depth = captures.size();
    for (std::size_t end = at; end <= text.size(); ++end) {
        captures.push_back(text.substr(at, end - at));
        if (matches_at(pattern.substr(1), text, end, captures, steps_left)) return true;
        captures.resize(depth);
    }
    return false;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    // The first byte says where the pattern ends; the text follows.
    constexpr std::size_t kPatternMax = 32;
    constexpr std::size_t kTextMax = 128;
    if (size < 2) return 0;
    const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
    const std::size_t split = data[0] % (kPatternMax + 1);
    const std::string_view pattern = bytes.substr(0, split);
    const std::string_view text =
        split < bytes.size() ? bytes.substr(split, kTextMax) : std::string_view();
    const auto glob = sky::insights::Glob::compile(pattern);
    if (!glob) {
        SKY_ASSERT(pattern.find('*') == std::string_view::npos, "only these are refused so short");
        return 0;
    }
    std::vector<std::string_view> got(glob->captures());
    const bool matched = glob->match(text, got);

    std::vector<std::string_view> expected;
    std::uint64_t steps_left = 50'000;
    bool found = false;
    const std::size_t starts = pattern.front() == '*' ? 1 : text.size() + 1;
    for (std::size_t begin = 0; begin < starts && !found; ++begin) {
        expected.clear();
        found = matches_at(pattern, text, begin, expected, steps_left);
    }
    if (steps_left == 0) return 0;  // Backtracking gave up; the chain of finds never does.
    SKY_ASSERT(found == matched, "both match or neither does");
    if (found) {
        SKY_ASSERT(expected.size() == got.size(), "a capture for each star");
        for (std::size_t i = 0; i < got.size(); ++i) {
            SKY_ASSERT(expected[i] == got[i], "the same captures");
        }
    }
    return 0;
}
