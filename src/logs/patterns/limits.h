// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/logs/patterns/limits.h - bounds of filter patterns, with their sources.

#include <cstddef>
#include <cstdint>

namespace sky::logs::limits {

/// logs-api.md 1.3: 1024 characters, of at most four bytes each.
inline constexpr std::size_t kPatternBytesMax = 4'096;
/// logs-api.md 7.2, published quota of one pattern.
inline constexpr std::size_t kPatternRegexesMax = 2;
/// Ours: memory of one compiled regex with its automata.
inline constexpr std::int64_t kPatternRegexBytesMax = 2 << 20;
/// Ours: parentheses inside one another.
inline constexpr int kPatternNestingMax = 100;
/// Ours: nesting of a JSON event, as the query language's scanner has it.
inline constexpr int kEventNestingMax = 128;
/// Ours: texts of one clause that a batch is searched for; with more, each message is looked at.
inline constexpr std::size_t kSearchedTextsMax = 8;
/// Ours: texts of one alternative that are kept to rule out chunks of text.
inline constexpr std::size_t kClauseTextsMax = 64;

}  // namespace sky::logs::limits
