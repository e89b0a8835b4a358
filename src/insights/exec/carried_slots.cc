// SPDX-License-Identifier: Apache-2.0
#include "insights/exec/carried_slots.h"

#include <algorithm>

namespace sky::insights {
namespace {

template <class Visit>
void for_each_read(const Step& step, const Visit& visit) {
    const auto all = [&](const auto& list) {
        for (const auto& entry : list) for_each_slot(entry.expr, visit);
    };
    if (const auto* compute = std::get_if<ComputeStep>(&step)) {
        for_each_slot(compute->expr, visit);
    } else if (const auto* parse = std::get_if<ParseStep>(&step)) {
        for_each_slot(parse->source, visit);
    } else if (const auto* filter = std::get_if<FilterStep>(&step)) {
        for_each_slot(filter->condition, visit);
    } else if (const auto* stats = std::get_if<StatsStep>(&step)) {
        all(stats->keys);
        for (const AggregateCall& call : stats->aggregates) {
            if (call.argument) for_each_slot(*call.argument, visit);
        }
        if (stats->timestamp_slot != kNoSlot) visit(stats->timestamp_slot);
    } else if (const auto* sort = std::get_if<SortStep>(&step)) {
        all(sort->keys);
    } else if (const auto* dedup = std::get_if<DedupStep>(&step)) {
        for (const BoundExpr& key : dedup->keys) for_each_slot(key, visit);
    } else if (const auto* rows = std::get_if<RowsStep>(&step)) {
        for (const BoundExpr& read : rows->reads) for_each_slot(read, visit);
    }
}

template <class Visit>
void for_each_write(const Step& step, const Visit& visit) {
    if (const auto* compute = std::get_if<ComputeStep>(&step)) {
        visit(compute->slot);
    } else if (const auto* parse = std::get_if<ParseStep>(&step)) {
        for (const std::uint32_t slot : parse->slots) {
            if (slot != kNoSlot) visit(slot);
        }
    } else if (const auto* stats = std::get_if<StatsStep>(&step)) {
        for (const GroupKey& key : stats->keys) visit(key.slot);
        for (const AggregateCall& call : stats->aggregates) visit(call.slot);
    } else if (const auto* rows = std::get_if<RowsStep>(&step)) {
        for (const std::uint32_t slot : rows->writes) visit(slot);
    }
}

}  // namespace

bool is_row_step(const Step& step) {
    return std::holds_alternative<ComputeStep>(step) || std::holds_alternative<ParseStep>(step) ||
           std::holds_alternative<FilterStep>(step);
}
bool keeps_rows(const Step& step) {
    return std::holds_alternative<ComputeStep>(step) || std::holds_alternative<ParseStep>(step);
}

std::vector<std::uint32_t> read_slots(const Step& step) {
    std::vector<std::uint32_t> slots;
    for_each_read(step, [&](std::uint32_t slot) {
        if (std::find(slots.begin(), slots.end(), slot) == slots.end()) slots.push_back(slot);
    });
    return slots;
}
std::vector<std::uint32_t> written_slots(const Step& step) {
    std::vector<std::uint32_t> slots;
    for_each_write(step, [&](std::uint32_t slot) { slots.push_back(slot); });
    return slots;
}

std::vector<std::uint32_t> carried_slots(const Plan& plan, std::size_t rest) {
    std::vector<std::uint8_t> carried(plan.slots.size(), 0);
    for (const OutputColumn& column : plan.output) carried[column.slot] = 1;
    for (std::size_t i = rest; i < plan.steps.size(); ++i) {
        for_each_read(plan.steps[i], [&](std::uint32_t slot) { carried[slot] = 1; });
    }
    for (std::size_t i = rest; i < plan.steps.size(); ++i) {
        for_each_write(plan.steps[i], [&](std::uint32_t slot) { carried[slot] = 0; });
    }
    std::vector<std::uint32_t> slots;
    for (std::uint32_t i = 0; i < carried.size(); ++i) {
        if (carried[i] != 0 && plan.slots[i].kind != SlotKind::kMissing) slots.push_back(i);
    }
    return slots;
}

store::Columns columns_of(const Plan& plan) {
    store::Columns columns = store::Columns::kNone;
    for (std::size_t i = 0; i < plan.slots.size(); ++i) {
        if (plan.needed[i] == 0) continue;
        const SlotKind kind = plan.slots[i].kind;
        if (kind == SlotKind::kMessage || kind == SlotKind::kDiscovered) {
            columns = columns | store::Columns::kMessage;
        }
        if (kind == SlotKind::kIngestionTime) columns = columns | store::Columns::kIngestion;
        if (kind == SlotKind::kLogStream) columns = columns | store::Columns::kStream;
    }
    return columns;
}

}  // namespace sky::insights
