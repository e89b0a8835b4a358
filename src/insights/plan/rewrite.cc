// SPDX-License-Identifier: Apache-2.0
#include "insights/plan/rewrite.h"

#include <algorithm>

namespace sky::insights {
namespace {

void split_condition(BoundExpr condition, std::vector<Step>& out) {
    if (condition.kind != BoundExpr::Kind::kAnd) {
        out.push_back(FilterStep{std::move(condition)});
        return;
    }
    for (BoundExpr& part : condition.args) split_condition(std::move(part), out);
}

bool writes(const Step& step, std::uint32_t slot) {
    if (const auto* compute = std::get_if<ComputeStep>(&step)) return compute->slot == slot;
    if (const auto* parse = std::get_if<ParseStep>(&step)) {
        return std::find(parse->slots.begin(), parse->slots.end(), slot) != parse->slots.end();
    }
    return false;
}

/// A filter may pass a step that works row by row and writes nothing that the filter reads.
bool may_pass(const FilterStep& filter, const Step& step) {
    if (std::holds_alternative<FilterStep>(step)) return true;
    if (!std::holds_alternative<ComputeStep>(step) && !std::holds_alternative<ParseStep>(step)) {
        return false;
    }
    bool free = true;
    for_each_slot(filter.condition,
                  [&](std::uint32_t slot) { free = free && !writes(step, slot); });
    return free;
}

void push_filters(Plan& plan) {
    std::vector<Step> split;
    for (Step& step : plan.steps) {
        if (auto* filter = std::get_if<FilterStep>(&step)) {
            split_condition(std::move(filter->condition), split);
        } else {
            split.push_back(std::move(step));
        }
    }
    plan.steps = std::move(split);
    for (std::size_t i = 1; i < plan.steps.size(); ++i) {
        if (!std::holds_alternative<FilterStep>(plan.steps[i])) continue;
        // In front of the first step that it passes and that is work; filters keep their order.
        std::size_t target = i;
        for (std::size_t at = i;
             at > 0 && may_pass(std::get<FilterStep>(plan.steps[i]), plan.steps[at - 1]); --at) {
            if (!std::holds_alternative<FilterStep>(plan.steps[at - 1])) target = at - 1;
        }
        const auto begin = plan.steps.begin();
        std::rotate(begin + static_cast<std::ptrdiff_t>(target),
                    begin + static_cast<std::ptrdiff_t>(i),
                    begin + static_cast<std::ptrdiff_t>(i) + 1);
    }
}

/// Walks backwards: a step stays when a later one, or the output, reads what it writes.
class Pruner {
public:
    explicit Pruner(Plan& plan) : plan_(plan) {}

    void run() {
        plan_.needed.assign(plan_.slots.size(), 0);
        for (const OutputColumn& column : plan_.output) plan_.needed[column.slot] = 1;
        std::vector<Step> kept;
        for (std::size_t i = plan_.steps.size(); i-- > 0;) {
            if (std::visit([&](auto& step) { return keep(step); }, plan_.steps[i])) {
                kept.push_back(std::move(plan_.steps[i]));
            }
        }
        std::reverse(kept.begin(), kept.end());
        plan_.steps = std::move(kept);
    }

private:
    void need(const BoundExpr& expr) {
        for_each_slot(expr, [&](std::uint32_t slot) { plan_.needed[slot] = 1; });
    }
    bool keep(ComputeStep& step) {
        if (plan_.needed[step.slot] == 0) return false;
        need(step.expr);
        return true;
    }
    bool keep(ParseStep& step) {
        bool used = false;
        for (std::uint32_t& slot : step.slots) {
            if (slot != kNoSlot && plan_.needed[slot] == 0) slot = kNoSlot;
            used = used || slot != kNoSlot;
        }
        if (used) need(step.source);
        return used;
    }
    bool keep(FilterStep& step) {
        need(step.condition);
        return true;
    }
    bool keep(StatsStep& step) {
        std::erase_if(step.aggregates,
                      [&](const AggregateCall& call) { return plan_.needed[call.slot] == 0; });
        for (const GroupKey& key : step.keys) need(key.expr);
        for (const AggregateCall& call : step.aggregates) {
            if (call.argument) need(*call.argument);
        }
        if (step.timestamp_slot != kNoSlot) plan_.needed[step.timestamp_slot] = 1;
        return true;
    }
    bool keep(SortStep& step) {
        for (const BoundSortKey& key : step.keys) need(key.expr);
        return true;
    }
    bool keep(LimitStep&) { return true; }
    bool keep(DedupStep& step) {
        for (const BoundExpr& key : step.keys) need(key);
        return true;
    }
    bool keep(RowsStep& step) {
        for (const BoundExpr& read : step.reads) need(read);
        return true;
    }

    Plan& plan_;
};

}  // namespace

void rewrite(Plan& plan) {
    push_filters(plan);
    Pruner(plan).run();
}

}  // namespace sky::insights
