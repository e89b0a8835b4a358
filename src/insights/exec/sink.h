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
#include "insights/functions/period.h"
#include "insights/plan/plan.h"

namespace sky::insights {

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
    /// Rows of one home of as many as there are (homes.h): where what is held of it is worth more
    /// when it is whole.
    virtual void begin_homes(std::size_t /*count*/) {}
    virtual void add_at(std::size_t /*home*/, Frame& frame) { add(frame); }
    /// Takes what another sink of the same making holds of a home that is whole: no more rows of it
    /// are added to either. Takes no time. What was taken goes on at pass_on_whole().
    virtual void take_whole(std::size_t /*home*/, Sink& /*from*/) {}
    virtual void pass_on_whole() {}
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
    bool ascending = true;             // Rows come by time, as a scan's do.
    /// Rows are groups of it with a bin among their keys: ties are by bins and keys
    /// (logs-insights-ql.md 6.4). Null: newest first.
    const StatsStep* groups = nullptr;
    KeyShare share = {};  // Of the keys of `dedup`.
    /// Of `sort`: rows behind it are not among them. Null: it is not known.
    std::shared_ptr<const SortBound> bound = {};
};

/// What a group sink says of the order of its groups.
enum class GroupsIn : std::uint8_t {
    kAnyOrder,
    kAnyOrderPlaced,  // Table::order has where each appeared, and all keys are columns.
    kTheirOrder,      // That of logs-insights-ql.md 6.4.
};

/// Which groups a group sink shows.
struct GroupSinkSpec {
    const StatsStep* stats = nullptr;
    std::uint64_t rows_max = ~0ULL;  // Of their order.
    GroupsIn order = GroupsIn::kTheirOrder;
    KeyShare share = {};
};

/// Where rows that were kept by their keys go next, so that not all of them have to be held:
/// through steps [begin, end) of the plan, row by row, and into a sink of their own.
struct BehindSpec {
    std::size_t begin = 0, end = 0;
    GroupSinkSpec groups;  // groups.stats is null: rows are kept.
    RowSinkSpec rows;
    bool placed = true;    // That sink looks at the order of the rows.
    std::size_t rest = 0;  // The step behind it.

    /// Whether it holds less than what it is given.
    bool narrows() const { return groups.stats != nullptr || rows.rows_max != ~0ULL; }
};

struct ChainSpec {
    GroupSinkSpec first;
    BehindSpec behind;
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
std::unique_ptr<Sink> make_behind(const Plan& plan, const BehindSpec& spec,
                                  columnar::MemoryBudget& budget);
/// Takes the rows of `kept` through the steps to that sink. Errors: those of the steps.
Status pass_behind(const Plan& plan, const BehindSpec& spec, std::int64_t now_s, Table& kept,
                   Sink& behind);
/// Groups rows, and passes the groups behind, those of a home when they are whole, so that few are
/// held at a time. Expects time_key().
std::unique_ptr<Sink> make_chain_sink(const Plan& plan, const ChainSpec& spec,
                                      columnar::MemoryBudget& budget);
/// The period of a key that is `bin(<period>)` of the events' own time.
std::optional<Period> period_of_bin(const Plan& plan, const GroupKey& key);
/// How long a group lasts by the events' own time, if that or a bin of it is a key.
std::optional<Period> time_key(const Plan& plan, const StatsStep& first);

/// Whether plan.steps[first..] and the output depend on the order of the rows that they get.
bool order_matters(const Plan& plan, std::size_t first);

}  // namespace sky::insights
