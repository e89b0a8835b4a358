// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/insights/functions/limits.h - every bound of the query functions, with its
              // source.

#include <cstddef>
#include <cstdint>

namespace sky::insights::limits {

// Ours: a query text of 10,000 characters can name more, but no message has so many parts.
inline constexpr std::size_t kCapturesMax = 200;
// Ours: RE2's default budget for program and automata of one expression.
inline constexpr std::int64_t kRegexBytesMax = 8 << 20;
// The query text's own limit (logs-insights-ql.md 2).
inline constexpr std::size_t kRegexTextMax = 10'000;
// Ours: the largest count of a period; a million years stay inside int64 milliseconds.
inline constexpr std::int64_t kPeriodCountMax = 1'000'000;
// logs-insights-ql.md 8.1: exact up to here, HyperLogLog beyond.
inline constexpr std::size_t kDistinctExactMax = 100'000;
// Ours: literals of a regular expression that lines are told apart by before it is tried.
inline constexpr std::size_t kRegexLiteralsMax = 8;
// Ours: memory of one group's exact percentile, then a log-bucket histogram (store.md 4.1).
inline constexpr std::size_t kPercentileExactBytesMax = 64 << 20;
// Ours: ranges of one histogram.
inline constexpr std::size_t kHistogramRangesMax = 1'000;
// logs-insights-ql.md 9.1: fields listed per event.
inline constexpr std::size_t kFieldsPerEventMax = 200;
// Ours: attempts to find the embedded JSON object of a Lambda line, so that a line of braces stays
// linear.
inline constexpr int kEmbeddedJsonAttemptsMax = 16;

}  // namespace sky::insights::limits
