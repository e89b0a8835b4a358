// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/insights/exec/table_steps.h - the part of a plan behind the scan, on rows in
              // memory.

#include <cstdint>
#include <functional>
#include <memory>

#include "base/result.h"
#include "insights/exec/frame.h"
#include "insights/exec/run_trace.h"

namespace sky::insights {

/// What ends a running query early.
using Poll = std::function<Status()>;

/// The text of a refusal for want of memory.
Error memory_error(std::uint64_t bytes_max);

/// Where a run's steps are counted, if anywhere.
struct TraceTo {
    const Clock* clock = nullptr;
    RunTrace* trace = nullptr;
};

/// Runs plan.steps[first..] over the rows, of which `rows_max` are wanted at the end. Errors: those
/// of `poll`, kLimitExceeded (memory).
Result<std::unique_ptr<Table>> run_table_steps(const Plan& plan, std::size_t first,
                                               std::unique_ptr<Table> table, std::int64_t now_s,
                                               columnar::MemoryBudget& budget, const Poll& poll,
                                               std::uint64_t rows_max, const TraceTo& to = {});

/// At most `rows_max` rows as text. Errors: kLimitExceeded (kResultBytesMax).
Result<QueryResult> render_table(const Plan& plan, const Table& table, std::uint64_t rows_max);

}  // namespace sky::insights
