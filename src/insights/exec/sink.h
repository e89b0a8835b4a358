// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/insights/exec/sink.h - where a scan's rows end up: kept rows or groups, one
              // sink a worker.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "insights/exec/frame.h"
#include "insights/exec/key_shares.h"
#include "insights/exec/key_table.h"
#include "insights/functions/aggregate.h"
#include "insights/plan/plan.h"

namespace sky::insights {

/// Instants of [begin, end).
struct TimeSpan {
    std::int64_t begin_ms = 0, end_ms = 0;
    bool has(std::int64_t unix_ms) const { return begin_ms <= unix_ms && unix_ms < end_ms; }
};

/// The last row of an order that stays: its sort keys and its place among the events.
struct SortBound {
    std::vector<Value> keys;  // Their texts are in `texts`.
    std::vector<std::string> texts;
    std::int64_t timestamp_ms = 0;
    std::uint64_t sequence = 0;
};

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
    /// Of times whose rows are all in one run of morsels, those that are better added apart, with
    /// add_own(): what belongs together is then whole at end_own(), when the run has been read.
    virtual TimeSpan whole_bins(const TimeSpan& /*times*/) const { return {}; }
    virtual void add_own(Frame& frame) { add(frame); }
    virtual void end_own() {}
    /// No rows will come any more: from here on it is merged into others only. Holds less then.
    virtual void settle() {}
    /// Of a sort, when more rows have come than stay: the last one that does.
    virtual std::shared_ptr<const SortBound> bound() const { return nullptr; }
    /// Whether rows until this time, that one included, may change what is shown: the groups that
    /// are, the newest ones, may all be newer. Takes time for each group.
    virtual bool may_show(std::int64_t /*last_ms*/) const { return true; }
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
    KeyShare share = {};               // Of the keys of `dedup`.
    /// Of `sort`: rows behind it are not among them. Null: it is not known.
    std::shared_ptr<const SortBound> bound = {};
};

/// Which groups a group sink shows.
struct GroupSinkSpec {
    const StatsStep* stats = nullptr;
    std::uint64_t rows_max = ~0ULL;  // Of the order of logs-insights-ql.md 6.4.
    bool ordered = true;             // False: nothing behind it depends on the order.
    KeyShare share = {};             // Not all: Table::order has where each group appeared.
};

/// Groups that are rows of another stats: steps [begin, end) of the plan run on them in between.
struct ChainSpec {
    GroupSinkSpec first, second;  // Neither is ordered for the other.
    std::size_t begin = 0, end = 0;
    std::int64_t now_s = 0;
};

/// Whether the groups are one and all its columns are count(*).
bool counts_rows(const StatsStep& stats);
/// Whether the groups or their order depend on where rows stand among the events.
bool needs_order(const GroupSinkSpec& spec);

/// Keeps rows of events: all, the first `rows_max` of an order, or one a key.
std::unique_ptr<Sink> make_row_sink(const Plan& plan, const RowSinkSpec& spec,
                                    columnar::MemoryBudget& budget);
/// Groups rows and aggregates them.
std::unique_ptr<Sink> make_group_sink(const Plan& plan, const GroupSinkSpec& spec,
                                      columnar::MemoryBudget& budget);
/// Groups rows, and the groups. Groups of a bin that one morsel has all rows of are passed on when
/// it has been read, so that few are held at a time. Expects may_chain().
std::unique_ptr<Sink> make_chain_sink(const Plan& plan, const ChainSpec& spec,
                                      columnar::MemoryBudget& budget);
/// The period of a key that is `bin(<period>)` of the events' own time.
std::optional<Period> period_of_bin(const Plan& plan, const GroupKey& key);
/// Whether a key of the stats is a bin of the events' own time.
bool may_chain(const Plan& plan, const StatsStep& first);

/// Whether plan.steps[first..] and the output depend on the order of the rows that they get.
bool order_matters(const Plan& plan, std::size_t first);

}  // namespace sky::insights
