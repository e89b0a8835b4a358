// SPDX-License-Identifier: Apache-2.0
#include "insights/exec/plan_cut.h"

#include <algorithm>

#include "insights/exec/carried_slots.h"

namespace sky::insights {
namespace {

bool newest_first(const Plan& plan, const SortStep& sort) {
    const BoundSortKey& key = sort.keys[0];
    return sort.keys.size() == 1 && key.descending && key.expr.kind == BoundExpr::Kind::kSlot &&
           plan.slots[key.expr.slot].kind == SlotKind::kTimestamp;
}

}  // namespace

Cut cut_plan(const Plan& plan, std::uint64_t rows_max) {
    const std::vector<Step>& steps = plan.steps;
    Cut cut;
    while (cut.sink < steps.size() && is_row_step(steps[cut.sink])) ++cut.sink;
    cut.rest = std::min(cut.sink + 1, steps.size());
    // A step on all rows in their order takes them from a sink that keeps them.
    if (cut.sink < steps.size() && std::holds_alternative<RowsStep>(steps[cut.sink])) {
        cut.rest = cut.sink;
    }
    std::size_t behind = cut.rest;  // First step behind the sink that may drop rows.
    while (behind < steps.size() && keeps_rows(steps[behind])) ++behind;
    const bool last = behind == steps.size();
    if (cut.sink == steps.size()) {
        cut.rows.rows_max = rows_max;
    } else if (const auto* stats = std::get_if<StatsStep>(&steps[cut.sink])) {
        cut.groups.stats = stats;
        cut.groups.ordered = order_matters(plan, cut.rest);
        std::size_t at = cut.rest;
        while (at < steps.size() && is_row_step(steps[at])) ++at;
        const auto* over = at < steps.size() ? std::get_if<StatsStep>(&steps[at]) : nullptr;
        if (over != nullptr && !cut.groups.ordered && may_chain(plan, *stats)) {
            cut.second = {over, ~0ULL, order_matters(plan, at + 1)};
            cut.groups_rest = cut.rest;
            cut.rest = at + 1;
        } else if (last) {
            cut.groups.rows_max = rows_max;
        } else if (const auto* next = std::get_if<LimitStep>(&steps[behind]);
                   next != nullptr && !next->tail) {
            cut.groups.rows_max = next->count;
        }
    } else if (const auto* dedup = std::get_if<DedupStep>(&steps[cut.sink])) {
        cut.rows.dedup = dedup;
    } else if (const auto* limit = std::get_if<LimitStep>(&steps[cut.sink])) {
        cut.rows.oldest = limit->tail;
        cut.rows.rows_max = limit->count;
        if (last && !limit->tail) cut.rows.rows_max = std::min(limit->count, rows_max);
    } else if (const auto* sort = std::get_if<SortStep>(&steps[cut.sink])) {
        // Newest first is the order that rows have without a sort.
        if (!newest_first(plan, *sort)) cut.rows.sort = sort;
        if (last) {
            cut.rows.rows_max = rows_max;
        } else if (const auto* next = std::get_if<LimitStep>(&steps[behind])) {
            cut.rows.rows_max = next->count;
            cut.rows.oldest = next->tail;
        }
    }
    cut.rows.slots = carried_slots(plan, cut.rest);
    const StatsStep* const groups = cut.second.stats == nullptr ? cut.groups.stats : nullptr;
    cut.shares = share_spec(plan, {groups, cut.groups.ordered, cut.rows.dedup}, cut.rest, rows_max);
    return cut;
}

store::Columns times_of(const Plan& plan, const Cut& cut) {
    if (cut.groups.stats == nullptr || needs_order(cut.groups)) return store::Columns::kNone;
    for (std::size_t i = 0; i < plan.slots.size(); ++i) {
        const SlotKind kind = plan.slots[i].kind;
        const bool of_times = kind == SlotKind::kTimestamp || kind == SlotKind::kPointer;
        if (plan.needed[i] != 0 && of_times) return store::Columns::kNone;
    }
    return store::Columns::kTimeless;
}

}  // namespace sky::insights
