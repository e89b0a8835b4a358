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

GroupsIn groups_in(const Plan& plan, std::size_t rest) {
    return order_matters(plan, rest) ? GroupsIn::kTheirOrder : GroupsIn::kAnyOrder;
}

/// What takes the rows of the keyed sink, which is plan.steps[cut.sink].
BehindSpec behind_of(const Plan& plan, const Cut& cut, std::uint64_t rows_max) {
    const std::vector<Step>& steps = plan.steps;
    BehindSpec spec;
    spec.begin = cut.sink + 1;
    spec.end = spec.begin;
    while (spec.end < steps.size() && is_row_step(steps[spec.end])) ++spec.end;
    spec.placed = cut.groups.stats == nullptr || order_matters(plan, spec.begin);
    spec.rest = spec.end;
    const StatsStep* const groups = cut.groups.stats;
    const bool has_bin =
        groups != nullptr && std::any_of(groups->keys.begin(), groups->keys.end(),
                                         [](const GroupKey& key) { return key.time_bin; });
    const auto* over = spec.end < steps.size() ? std::get_if<StatsStep>(&steps[spec.end]) : nullptr;
    // Places by bins and keys are known when all groups are; the others are the events' own.
    const bool told = !has_bin && over != nullptr && over->timestamp_slot == kNoSlot;
    if (over != nullptr && (!spec.placed || told)) {
        ++spec.rest;
        spec.groups = {over, ~0ULL, groups_in(plan, spec.rest)};
        return spec;
    }
    spec.rows.ascending = false;
    if (has_bin && spec.placed) spec.rows.groups = groups;
    if (spec.end < steps.size()) spec.rows.sort = std::get_if<SortStep>(&steps[spec.end]);
    if (spec.rows.sort != nullptr) ++spec.rest;
    std::size_t dropping = spec.rest;  // First step behind the order that may drop rows.
    while (dropping < steps.size() && keeps_rows(steps[dropping])) ++dropping;
    if (dropping == steps.size()) {
        spec.rows.rows_max = rows_max;
    } else if (const auto* limit = std::get_if<LimitStep>(&steps[dropping])) {
        spec.rows.rows_max = limit->count;
        spec.rows.oldest = limit->tail;
    }
    spec.rows.slots = carried_slots(plan, spec.rest);
    return spec;
}

/// Whether groups are better passed behind while the scan runs: those of a bin are few and may be
/// kept for the next run, those of each millisecond are about as many as the events.
bool chains(const Plan& plan, const Cut& cut) {
    if (cut.groups.stats == nullptr || !cut.behind) return false;
    const auto period = time_key(plan, *cut.groups.stats);
    if (!period) return false;
    if (cut.behind->groups.stats != nullptr) return true;
    return period->unit == PeriodUnit::kMillisecond && cut.behind->narrows();
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
        cut.groups.order = groups_in(plan, cut.rest);
        if (last) {
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
    const bool keyed = cut.groups.stats != nullptr && !cut.groups.stats->keys.empty();
    if (keyed || cut.rows.dedup != nullptr) cut.behind = behind_of(plan, cut, rows_max);
    cut.chained = chains(plan, cut);
    if (cut.chained) cut.rest = cut.behind->rest;
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
