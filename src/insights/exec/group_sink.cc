// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <numeric>

#include "insights/exec/sink.h"
#include "insights/functions/order.h"

namespace sky::insights {
namespace {

class GroupSink final : public Sink {
public:
    GroupSink(const Plan& plan, const StatsStep& step, columnar::MemoryBudget& budget)
        : plan_(plan), step_(step), budget_(budget), keys_(step.keys.size(), budget) {
        for (const AggregateCall& call : step.aggregates) {
            aggregates_.push_back(Aggregate::make(call.kind, call.percentile, budget));
        }
        has_bin_ = std::any_of(step.keys.begin(), step.keys.end(),
                               [](const GroupKey& key) { return key.time_bin; });
    }
    ~GroupSink() override { budget_.release(accounted_bytes_); }

    void add(Frame& frame) override {
        const std::size_t rows = frame.rows();
        if (rows == 0) return;
        EvalContext& context = frame.context();
        const std::uint32_t* groups = nullptr;
        if (step_.keys.empty()) {
            groups_ = 1;
        } else {
            std::vector<const Vector*> columns;
            for (const GroupKey& key : step_.keys) columns.push_back(evaluate(key.expr, frame));
            auto* numbers = context.arena.array<std::uint32_t>(rows);
            if (!keys_.number_rows(context, columns, numbers)) return;
            groups_ = keys_.size();
            groups = numbers;
        }
        resize();
        const RowOrder order = event_order(frame);
        for (std::size_t i = 0; i < aggregates_.size(); ++i) {
            const auto& argument = step_.aggregates[i].argument;
            const Vector* column = argument ? evaluate(*argument, frame) : nullptr;
            aggregates_[i]->update(context, groups, column, order);
        }
        if (!has_bin_ && groups != nullptr) {
            const RowOrder rank = frame.order();
            for (std::size_t i = 0; i < rows; ++i) {
                raise(appearance_[groups[i]], {rank.timestamp_ms[i], rank.sequence[i]});
            }
        }
    }

    void merge(const Sink& base) override {
        const auto& other = static_cast<const GroupSink&>(base);
        std::vector<std::uint32_t> numbers;
        if (step_.keys.empty()) {
            numbers.assign(other.groups_, 0);
            groups_ = std::max(groups_, other.groups_);
        } else {
            if (!keys_.number_keys(other.keys_, numbers)) return;
            groups_ = keys_.size();
        }
        resize();
        for (std::size_t i = 0; i < aggregates_.size(); ++i) {
            aggregates_[i]->merge(*other.aggregates_[i], numbers);
        }
        for (std::size_t i = 0; i < other.appearance_.size(); ++i) {
            raise(appearance_[numbers[i]], other.appearance_[i]);
        }
    }

    std::unique_ptr<Table> finish(columnar::MemoryBudget& budget) const override {
        auto table = std::make_unique<Table>(budget);
        Arena& arena = table->arena;
        table->events = false;
        table->rows = groups_;
        table->columns.assign(plan_.slots.size(), nullptr);
        const std::vector<std::uint32_t> order = group_order();
        for (std::size_t i = 0; i < groups_; ++i) {
            table->timestamp_ms.push_back(0);
            table->sequence.push_back(groups_ - i);
        }
        for (std::size_t k = 0; k < step_.keys.size(); ++k) {
            Arena passing(budget);
            auto* values = passing.array<Value>(groups_);
            for (std::size_t i = 0; i < groups_; ++i) values[i] = keys_.at(order[i], k);
            const Vector* kept = Vector::mixed(passing, groups_, values)->copy_into(arena);
            if (kept == nullptr) return table;  // The budget is exhausted.
            table->columns[step_.keys[k].slot] = kept;
        }
        EvalContext context{arena, groups_, 0, std::nullopt};
        for (std::size_t i = 0; i < aggregates_.size() && groups_ > 0; ++i) {
            const Vector* values = aggregates_[i]->finish(context, 0);
            table->columns[step_.aggregates[i].slot] = values->gather(arena, order);
        }
        return table;
    }

private:
    struct Place {
        std::int64_t timestamp_ms = INT64_MIN;
        std::uint64_t sequence = 0;
    };
    static bool newer(const Place& a, const Place& b) {
        return a.timestamp_ms != b.timestamp_ms ? a.timestamp_ms > b.timestamp_ms
                                                : a.sequence > b.sequence;
    }
    static void raise(Place& held, const Place& seen) {
        if (newer(seen, held)) held = seen;
    }

    void resize() {
        for (const auto& aggregate : aggregates_) {
            if (aggregate->groups() < groups_) aggregate->resize(groups_);
        }
        if (has_bin_ || appearance_.size() >= groups_) return;
        appearance_.resize(groups_);
        const std::uint64_t bytes = appearance_.capacity() * sizeof(Place);
        if (bytes > accounted_bytes_) budget_.reserve(bytes - accounted_bytes_);
        accounted_bytes_ = bytes;
    }

    /// earliest and latest go by @timestamp, which behind another stats is one of its columns.
    RowOrder event_order(Frame& frame) const {
        RowOrder order = frame.order();
        if (step_.timestamp_slot == kNoSlot) return order;
        const Vector* times = frame.column(step_.timestamp_slot);
        auto* timestamps = frame.context().arena.array<std::int64_t>(frame.rows());
        for (std::size_t i = 0; i < frame.rows(); ++i) {
            const Value value = times->at(i);
            timestamps[i] = value.kind == Kind::kTimestamp ? value.integer : 0;
        }
        order.timestamp_ms = timestamps;
        return order;
    }

    /// logs-insights-ql.md 6.4: bins descending, then the other keys ascending in natural order;
    /// without a bin by first appearance.
    std::vector<std::uint32_t> group_order() const {
        std::vector<std::uint32_t> order(groups_);
        std::iota(order.begin(), order.end(), 0U);
        if (step_.keys.empty()) return order;
        std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
            return has_bin_ ? before(a, b) : newer(appearance_[a], appearance_[b]);
        });
        return order;
    }
    bool before(std::uint32_t a, std::uint32_t b) const {
        for (const bool bins : {true, false}) {
            for (std::size_t k = 0; k < step_.keys.size(); ++k) {
                if (step_.keys[k].time_bin != bins) continue;
                const int order = compare_order(keys_.at(a, k), keys_.at(b, k));
                if (order != 0) return bins ? order > 0 : order < 0;
            }
        }
        // Different keys that sort alike (the number 5 and the text "5"): any fixed rule.
        for (std::size_t k = 0; k < step_.keys.size(); ++k) {
            const Value& left = keys_.at(a, k);
            const Value& right = keys_.at(b, k);
            if (left.kind != right.kind) return left.kind < right.kind;
            if (left.text != right.text) return left.text < right.text;
        }
        return false;
    }

    const Plan& plan_;
    const StatsStep& step_;
    columnar::MemoryBudget& budget_;
    KeyTable keys_;
    std::vector<std::unique_ptr<Aggregate>> aggregates_;
    std::vector<Place> appearance_;  // The newest row of each group; empty with a bin.
    std::size_t groups_ = 0;
    bool has_bin_ = false;
    std::uint64_t accounted_bytes_ = 0;
};

}  // namespace

std::unique_ptr<Sink> make_group_sink(const Plan& plan, const StatsStep& step,
                                      columnar::MemoryBudget& budget) {
    return std::make_unique<GroupSink>(plan, step, budget);
}

}  // namespace sky::insights
