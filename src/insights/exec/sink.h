// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/insights/exec/sink.h - where a scan's rows end up: kept rows or groups, one
              // sink a worker.

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "insights/exec/frame.h"
#include "insights/exec/key_table.h"
#include "insights/functions/aggregate.h"
#include "insights/plan/plan.h"

namespace sky::insights {

/// Collects the rows of one worker; the answer depends on the multiset of rows alone.
/// Memory is taken from the budget: when that is exhausted() the query must end.
/// Threads: one at a time.
class Sink {
public:
    virtual ~Sink() = default;
    virtual void add(Frame& frame) = 0;
    /// Adds rows of which nothing but their number matters (counts_rows()).
    virtual void add_rows(EvalContext& context, std::uint64_t rows);
    /// Adds what another sink of the same making holds.
    virtual void merge(const Sink& other) = 0;
    /// The rows in their order. `budget` pays for the table.
    virtual std::unique_ptr<Table> finish(columnar::MemoryBudget& budget) const = 0;
    /// Rows with an earlier timestamp cannot change the answer any more.
    virtual std::optional<std::int64_t> earliest_useful_ms() const { return std::nullopt; }
};

/// Which rows a row sink keeps.
struct RowSinkSpec {
    std::vector<std::uint32_t> slots;  // Columns of the table.
    const SortStep* sort = nullptr;    // Null: newest first.
    const DedupStep* dedup = nullptr;  // Keeps the newest row of each key.
    std::uint64_t rows_max = ~0ULL;    // Of the order; more are dropped.
    bool oldest = false;               // The last rows of the order, not the first.
};

/// Which groups a group sink shows.
struct GroupSinkSpec {
    const StatsStep* stats = nullptr;
    std::uint64_t rows_max = ~0ULL;  // Of the order of logs-insights-ql.md 6.4.
    bool ordered = true;             // False: nothing behind it depends on the order.
};

/// Whether the groups are one and all its columns are count(*).
bool counts_rows(const StatsStep& stats);

/// Keeps rows of events: all, the first `rows_max` of an order, or one a key.
std::unique_ptr<Sink> make_row_sink(const Plan& plan, const RowSinkSpec& spec,
                                    columnar::MemoryBudget& budget);
/// Groups rows and aggregates them.
std::unique_ptr<Sink> make_group_sink(const Plan& plan, const GroupSinkSpec& spec,
                                      columnar::MemoryBudget& budget);

/// Whether plan.steps[first..] and the output depend on the order of the rows that they get.
bool order_matters(const Plan& plan, std::size_t first);

}  // namespace sky::insights
