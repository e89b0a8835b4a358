// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/insights/functions/regex_syntax.h - the language's regex text in RE2's terms.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sky::insights {

struct RegexText {
    std::string pattern;                // For RE2.
    std::vector<std::uint32_t> origin;  // Offset in the source of each byte, and of the end.
    std::string required;               // A literal that every match contains; may be empty.
    std::vector<std::string> literals;  // Such literals in their order, `required` among them.
    std::string prefix;                 // A literal that every match begins with; may be empty.
};

/// Rewrites `(?<name>` to `(?P<name>`, `\/` to `/`, and drops blanks and comments under a leading
/// `(?x)`. Errors: kMalformedQuery with offset and length in `source` for look-around,
/// back-references, atomic groups, conditionals, possessive repeats, group names that are no names,
/// a text beyond limits::kRegexTextMax, bytes that are no UTF-8 are left to RE2.
Result<RegexText> translate_regex(std::string_view source);

}  // namespace sky::insights
