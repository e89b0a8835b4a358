// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/insights/plan/limits.h - bounds of a plan, with sources.

#include <cstddef>
#include <cstdint>

namespace sky::insights {

/// Columns that one query may name or define. Ours: 10,000 characters cannot need more.
constexpr std::size_t kPlanSlotsMax = 5'000;

/// Queries inside a query, the other windows of diff included. Ours: bounds the scans of a run.
constexpr std::size_t kSidesMax = 16;
/// Rows of a query in parentheses; more fail the query. Ours: bounds the memory of a join's side.
constexpr std::uint64_t kSideRowsMax = 1'000'000;
/// maxspan of sessionize when it is not written. Source: logs-insights-ql.md 6.17.
constexpr std::int64_t kSessionGapMs = 30LL * 60 * 1'000;

}  // namespace sky::insights
