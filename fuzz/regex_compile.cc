// SPDX-License-Identifier: Apache-2.0
// Errors point inside the pattern; captures lie inside the text; the literal prefilter loses no
// match and the search without groups agrees with the one that has them.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/assert.h"
#include "insights/functions/regex.h"
#include "insights/functions/regex_syntax.h"

using sky::insights::Regex;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    // The first byte says where the pattern ends; the text follows.
    constexpr std::size_t kPatternMax = 64;
    if (size < 2) return 0;
    const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
    const std::string_view pattern = bytes.substr(0, data[0] % (kPatternMax + 1));
    const std::string_view text = bytes.substr(pattern.size());
    const auto regex = Regex::compile(pattern);
    if (!regex) {
        const sky::Error& error = regex.error();
        SKY_ASSERT(error.offset >= 0 && error.offset <= static_cast<std::int64_t>(pattern.size()),
                   "errors begin inside the pattern");
        SKY_ASSERT(error.length >= 0, "and have a length");
        return 0;
    }
    std::vector<std::string_view> groups(regex->group_names().size());
    const bool matched = regex->search(text, groups);
    SKY_ASSERT(matched == regex->search(text), "groups do not change what matches");
    for (const std::string_view group : groups) {
        if (!matched || group.data() == nullptr) continue;
        SKY_ASSERT(
            group.data() >= text.data() && group.data() + group.size() <= text.data() + text.size(),
            "captures lie inside the text");
    }
    // Inside a group no literals are collected, so this one takes no short cut. Leading flags are
    // the one thing that does not survive the wrapping.
    if (pattern.starts_with("(?")) return 0;
    const auto plain = Regex::compile("(?:" + std::string(pattern) + ")");
    if (!plain || plain->group_names().size() != groups.size()) return 0;
    std::vector<std::string_view> expected(groups.size());
    SKY_ASSERT(plain->search(text, expected) == matched, "the literals lose no match");
    for (std::size_t i = 0; matched && i < groups.size(); ++i) {
        SKY_ASSERT(groups[i].data() == expected[i].data() && groups[i] == expected[i],
                   "and move no capture");
    }
    return 0;
}
