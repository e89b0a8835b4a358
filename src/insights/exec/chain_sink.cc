// SPDX-License-Identifier: Apache-2.0
// stats over the groups of another stats: groups that are whole go on at once and are forgotten.
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

/// A group sink a home and the one behind them.
class ChainSink final : public Sink {
public:
    ChainSink(const Plan& plan, const ChainSpec& spec, columnar::MemoryBudget& budget)
        : plan_(plan),
          spec_(spec),
          budget_(budget),
          homes_(1),
          second_(make_behind(plan, spec.behind, budget)) {}

    void add(Frame& frame) override { add_at(0, frame); }
    void begin_homes(std::size_t count) override { homes_.resize(count); }
    void add_at(std::size_t home, Frame& frame) override { of_home(home).add(frame); }

    void take_whole(std::size_t home, Sink& from) override {
        std::unique_ptr<Sink>& held = static_cast<ChainSink&>(from).homes_[home];
        if (held != nullptr) whole_.push_back({home, std::move(held)});
    }
    void pass_on_whole() override {
        while (!whole_.empty() && !budget_.exhausted()) {
            const auto [home, groups] = std::move(whole_.back());
            whole_.pop_back();
            for (; !whole_.empty() && whole_.back().home == home; whole_.pop_back()) {
                groups->merge(*whole_.back().groups);
            }
            pass_on(*groups, budget_, *second_);
        }
    }

    void merge(const Sink& base) override {
        const auto& other = static_cast<const ChainSink&>(base);
        if (homes_.size() < other.homes_.size()) homes_.resize(other.homes_.size());
        for (std::size_t home = 0; home < other.homes_.size(); ++home) {
            if (other.homes_[home] != nullptr) of_home(home).merge(*other.homes_[home]);
        }
        for (const Whole& held : other.whole_) of_home(held.home).merge(*held.groups);
        second_->merge(*other.second_);
    }

    std::unique_ptr<Table> finish(columnar::MemoryBudget& budget) const override {
        const std::unique_ptr<Sink> all = make_behind(plan_, spec_.behind, budget);
        all->merge(*second_);
        for (const std::unique_ptr<Sink>& groups : homes_) {
            if (groups != nullptr && !budget.exhausted()) pass_on(*groups, budget, *all);
        }
        return all->finish(budget);
    }

private:
    struct Whole {
        std::size_t home;
        std::unique_ptr<Sink> groups;
    };

    Sink& of_home(std::size_t home) {
        if (homes_[home] == nullptr) homes_[home] = make_group_sink(plan_, spec_.first, budget_);
        return *homes_[home];
    }
    /// Steps between the two see groups one by one; what they can refuse for is memory alone, which
    /// the budget remembers.
    void pass_on(const Sink& groups, columnar::MemoryBudget& budget, Sink& into) const {
        const std::unique_ptr<Table> table = groups.finish(budget);
        if (budget.exhausted()) return;
        (void)pass_behind(plan_, spec_.behind, spec_.now_s, *table, into);
    }

    const Plan& plan_;
    const ChainSpec spec_;
    columnar::MemoryBudget& budget_;
    std::vector<std::unique_ptr<Sink>> homes_;  // Null: no rows of it came here.
    std::vector<Whole> whole_;                  // Those of one home together, the last one first.
    std::unique_ptr<Sink> second_;
};

}  // namespace

std::optional<Period> time_key(const Plan& plan, const StatsStep& first) {
    std::optional<Period> found;
    for (const GroupKey& key : first.keys) {
        const bool own_time = key.expr.kind == BoundExpr::Kind::kSlot &&
                              plan.slots[key.expr.slot].kind == SlotKind::kTimestamp;
        if (own_time) return Period{1, PeriodUnit::kMillisecond};
        if (!found) found = period_of_bin(plan, key);
    }
    return found;
}

std::unique_ptr<Sink> make_behind(const Plan& plan, const BehindSpec& spec,
                                  columnar::MemoryBudget& budget) {
    if (spec.groups.stats != nullptr) return make_group_sink(plan, spec.groups, budget);
    return make_row_sink(plan, spec.rows, budget);
}

Status pass_behind(const Plan& plan, const BehindSpec& spec, std::int64_t now_s, Table& kept,
                   Sink& behind) {
    EvalContext context{kept.arena, kept.rows, now_s, std::nullopt};
    Frame frame(plan, context, nullptr);
    frame.begin_table(kept);
    for (std::size_t i = spec.begin; i < spec.end && frame.rows() > 0; ++i) {
        apply_row_step(plan.steps[i], frame);
    }
    if (context.error) return std::unexpected(*context.error);
    behind.add(frame);
    if (context.error) return std::unexpected(*context.error);
    return {};
}

std::unique_ptr<Sink> make_chain_sink(const Plan& plan, const ChainSpec& spec,
                                      columnar::MemoryBudget& budget) {
    return std::make_unique<ChainSink>(plan, spec, budget);
}

}  // namespace sky::insights
