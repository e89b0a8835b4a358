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

}  // namespace sky::insights
