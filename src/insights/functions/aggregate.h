// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/insights/functions/aggregate.h - aggregates: many groups' states in one object,
              // exact and mergeable in any order.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "insights/functions/table.h"

namespace sky::insights {

enum class AggregateKind : std::uint8_t {
    kAvg,
    kCount,
    kCountDistinct,
    kEarliest,
    kHistogram,
    kLatest,
    kMax,
    kMin,
    kPct,
    kRate,
    kSortsFirst,
    kSortsLast,
    kStddev,
    kSum,
};

struct AggregateDef {
    std::string_view name;
    AggregateKind kind;
    std::uint8_t args_min, args_max;  // As written; `*` counts as no argument.
    bool takes_star;                  // count(*).
    std::string_view help, example;   // example: "<values> : <call> = <result>", run by a test.
};
std::span<const AggregateDef> aggregates();
/// Null when there is no such aggregate. Case-insensitive.
const AggregateDef* find_aggregate(std::string_view name);

/// Where each row of a batch stands in the total order of events; breaks every tie.
struct RowOrder {
    const std::int64_t* timestamp_ms;  // An entry a row.
    const std::uint64_t* sequence;     // Larger = later. Unique among rows of one timestamp.
};

/// The states of one aggregate call for all groups of one worker.
/// Groups are 0..groups()-1; a group without input finishes as missing (count and count_distinct:
/// 0).
/// The answer depends on the multiset of rows alone, never on batches, order, or merging.
/// Memory is taken from the budget; on refusal the state stays consistent and the budget's
/// exhausted() is set: the query must end.
/// Threads: one at a time.
class Aggregate {
public:
    /// `parameter`: kPct the percentile (0..100), kRate the period in milliseconds, kHistogram the
    /// number of ranges; not read for the others.
    static std::unique_ptr<Aggregate> make(AggregateKind kind, double parameter,
                                           columnar::MemoryBudget& budget);
    virtual ~Aggregate() = default;

    /// Grows to `groups` states; new ones are empty.
    virtual void resize(std::size_t groups) = 0;
    virtual std::size_t groups() const = 0;
    /// Adds a batch: row i goes to state group[i], or every row to state 0 when `group` is null.
    /// `argument` is null for count(*). `order` is read by earliest and latest only.
    virtual void update(EvalContext& context, const std::uint32_t* group, const Vector* argument,
                        const RowOrder& order) = 0;
    /// Adds state i of `other` (same kind) to state group[i] of this.
    virtual void merge(const Aggregate& other, std::span<const std::uint32_t> group) = 0;
    /// Values of states [begin, begin + context.rows), in the context's arena.
    virtual const Vector* finish(EvalContext& context, std::size_t begin) const = 0;
    /// The same for another percentile of the same values; kPct only.
    virtual const Vector* finish_percentile(EvalContext& context, std::size_t begin,
                                            double percentile) const;
};

}  // namespace sky::insights
