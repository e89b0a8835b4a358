// SPDX-License-Identifier: Apache-2.0
// stats over the groups of another stats: groups that are whole go on at once and are forgotten.
#include <algorithm>

#include "insights/exec/sink.h"

namespace sky::insights {

std::optional<Period> period_of_bin(const Plan& plan, const GroupKey& key) {
    const BoundExpr& expr = key.expr;
    const bool rounds_down = key.time_bin && expr.kind == BoundExpr::Kind::kCall &&
                             (expr.function->name == std::string_view("bin") ||
                              expr.function->name == std::string_view("datefloor"));
    if (!rounds_down || expr.args.size() != 2) return std::nullopt;
    const BoundExpr& time = expr.args[0];
    const bool own_time =
        time.kind == BoundExpr::Kind::kSlot && plan.slots[time.slot].kind == SlotKind::kTimestamp;
    if (!own_time || expr.args[1].kind != BoundExpr::Kind::kConstant) return std::nullopt;
    return parse_period(expr.args[1].text);
}

namespace {

std::optional<Period> period_of_stats(const Plan& plan, const StatsStep& stats) {
    for (const GroupKey& key : stats.keys) {
        if (const auto period = period_of_bin(plan, key)) return period;
    }
    return std::nullopt;
}

/// Two group sinks, one behind the other.
class ChainSink final : public Sink {
public:
    ChainSink(const Plan& plan, const ChainSpec& spec, columnar::MemoryBudget& budget)
        : plan_(plan),
          spec_(spec),
          budget_(budget),
          period_(*period_of_stats(plan, *spec.first.stats)),
          shared_(make_group_sink(plan, spec.first, budget)),
          second_(make_group_sink(plan, spec.second, budget)) {}

    void add(Frame& frame) override { shared_->add(frame); }

    TimeSpan whole_bins(const TimeSpan& times) const override {
        TimeSpan out = times;
        if (out.begin_ms != INT64_MIN) out.begin_ms = ceil_to(period_, out.begin_ms);
        if (out.end_ms != INT64_MAX) out.end_ms = floor_to(period_, out.end_ms);
        return out;
    }
    void add_own(Frame& frame) override {
        if (own_ == nullptr) own_ = make_group_sink(plan_, spec_.first, budget_);
        own_->add(frame);
    }
    void end_own() override {
        if (own_ == nullptr) return;
        const std::unique_ptr<Table> groups = own_->finish(budget_);
        own_.reset();
        pass_on(*groups, *second_);
    }

    void merge(const Sink& base) override {
        const auto& other = static_cast<const ChainSink&>(base);
        shared_->merge(*other.shared_);
        // In the middle of a morsel: a look at what is there so far.
        if (other.own_ != nullptr) shared_->merge(*other.own_);
        second_->merge(*other.second_);
    }

    std::unique_ptr<Table> finish(columnar::MemoryBudget& budget) const override {
        const std::unique_ptr<Sink> all = make_group_sink(plan_, spec_.second, budget);
        all->merge(*second_);
        const std::unique_ptr<Table> groups = shared_->finish(budget);
        if (!budget.exhausted()) pass_on(*groups, *all);
        return all->finish(budget);
    }

private:
    /// Steps between the two see groups one by one; what they can refuse for is memory alone, which
    /// the budget remembers.
    void pass_on(Table& groups, Sink& into) const {
        EvalContext context{groups.arena, groups.rows, spec_.now_s, std::nullopt};
        Frame frame(plan_, context, nullptr);
        frame.begin_table(groups);
        for (std::size_t i = spec_.begin; i < spec_.end && frame.rows() > 0; ++i) {
            apply_row_step(plan_.steps[i], frame);
        }
        into.add(frame);
    }

    const Plan& plan_;
    const ChainSpec spec_;
    columnar::MemoryBudget& budget_;
    const Period period_;
    std::unique_ptr<Sink> shared_;  // Groups that other morsels may have rows of.
    std::unique_ptr<Sink> own_;     // Groups of the run of the moment alone; or null.
    std::unique_ptr<Sink> second_;
};

}  // namespace

bool may_chain(const Plan& plan, const StatsStep& first) {
    return period_of_stats(plan, first).has_value();
}

std::unique_ptr<Sink> make_chain_sink(const Plan& plan, const ChainSpec& spec,
                                      columnar::MemoryBudget& budget) {
    return std::make_unique<ChainSink>(plan, spec, budget);
}

}  // namespace sky::insights
