// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/insights/syntax/limits.h - what a query text may be, with sources.

#include <cstddef>
#include <cstdint>

namespace sky::insights {

/// StartQuery.queryString: 0..10,000 characters. Source: CloudWatch Logs model, QueryString.
constexpr std::size_t kQueryCharactersMax = 10'000;
/// Parentheses, calls and unary operators inside one another. Ours: bounds the parser's recursion.
constexpr std::size_t kNestingMax = 100;
/// Levels of one expression tree ("a+a+a" is three). Ours: bounds every later recursion.
constexpr std::size_t kTreeDepthMax = 500;
/// limit N: 1..100,000. Source: logs-insights-ql.md 6.6.
constexpr std::int64_t kLimitMax = 100'000;

/// Distances of autoregress. Ours: bounds the columns that one command makes.
constexpr std::int64_t kAutoregressMax = 100;
/// Rows of appendcols. Source: logs-insights-ql.md 6.15 (default); the ceiling is that of results.
constexpr std::int64_t kAppendcolsMax = 100'000;
/// What a SOURCE may name. Source: logs-insights-ql.md 6.16.
constexpr std::size_t kSourcePrefixesMax = 5;
constexpr std::size_t kSourceAccountsMax = 20;
constexpr std::size_t kSourceDataMax = 10;
/// SOURCE stages one behind the other, and names of one. Source: logs-insights-ql.md 11.
constexpr std::size_t kSourceNamesMax = 10'000;

}  // namespace sky::insights
