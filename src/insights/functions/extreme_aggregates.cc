// SPDX-License-Identifier: Apache-2.0
// min, max, sortsFirst, sortsLast, earliest, latest: each keeps one value of a group.
#include <cmath>
#include <string>

#include "insights/functions/aggregate_states.h"
#include "insights/functions/order.h"

namespace sky::insights {
namespace {

using columnar::NumericView;

/// A value that owns its text.
struct Kept {
    Value value;
    std::string text;

    bool holds() const { return value.present(); }
    Value view() const {
        Value out = value;
        out.text = text;
        return out;
    }
    /// Bytes that this takes beyond what it took before.
    std::uint64_t assign(const Value& from) {
        const std::size_t before = text.capacity();
        value = from;
        text.assign(from.text);
        value.text = {};
        return text.capacity() > before ? text.capacity() - before : 0;
    }
};

/// compare_order() that never ties between different values, so that no order of rows shows.
int compare_total(const Value& a, const Value& b) {
    const int order = compare_order(a, b);
    if (order != 0) return order;
    if (a.kind != b.kind) return a.kind < b.kind ? -1 : 1;
    const int text = a.text.compare(b.text);
    return text < 0 ? -1 : text > 0 ? 1 : 0;
}

/// Values given to an arena; the aggregate may be gone before the result is read.
const Vector* kept_values(EvalContext& context, std::size_t count,
                          const std::function<const Kept*(std::size_t)>& kept) {
    Value* const values = context.arena.array<Value>(count);
    for (std::size_t i = 0; i < count; ++i) {
        const Kept* const from = kept(i);
        values[i] = from == nullptr ? Value::missing() : from->view();
        const std::string_view text = values[i].text;
        if (text.empty()) continue;
        char* const copy = context.arena.try_text(text.size());
        if (copy == nullptr) {
            context.fail(ErrorCode::kLimitExceeded,
                         "The query needs more memory than it may have; make its time range "
                         "smaller or group by less");
            return Vector::missing(context.arena, count);
        }
        text.copy(copy, text.size());
        values[i].text = {copy, text.size()};
    }
    return Vector::from_values(context.arena, count, values);
}

class SortExtreme final : public States<Kept> {
public:
    SortExtreme(int direction, columnar::MemoryBudget& budget)
        : States(budget), direction_(direction) {}
    void update(EvalContext& context, const std::uint32_t* group, const Vector* argument,
                const RowOrder&) override {
        for (std::size_t row = 0; row < context.rows; ++row) {
            if (argument->present(row)) add(group == nullptr ? 0 : group[row], argument->at(row));
        }
    }
    void merge(const Aggregate& other, std::span<const std::uint32_t> group) override {
        const auto& from = static_cast<const SortExtreme&>(other);
        for (std::size_t i = 0; i < from.states_.size(); ++i) {
            if (from.states_[i].holds()) add(group[i], from.states_[i].view());
        }
    }
    const Vector* finish(EvalContext& context, std::size_t begin) const override {
        return kept_values(context, context.rows,
                           [&](std::size_t i) { return &states_[begin + i]; });
    }

private:
    void add(std::size_t g, const Value& value) {
        Kept& state = states_[g];
        if (!state.holds() || direction_ * compare_total(value, state.view()) > 0) {
            account_.take(state.assign(value));
        }
    }
    int direction_;  // 1 keeps the last, -1 the first.
};

struct MinMaxState {
    double number = 0;
    Kind kind = Kind::kMissing;  // kNumber or kTimestamp once a number was seen.
    std::unique_ptr<Kept> text;  // Counts only while there is no number.
};

class MinMax final : public States<MinMaxState> {
public:
    MinMax(int direction, columnar::MemoryBudget& budget) : States(budget), direction_(direction) {}
    void update(EvalContext& context, const std::uint32_t* group, const Vector* argument,
                const RowOrder&) override {
        const NumericView& in = argument->numeric(context.arena);
        for (std::size_t row = 0; row < context.rows; ++row) {
            const std::size_t g = group == nullptr ? 0 : group[row];
            if (in.is_valid(row)) {
                add_number(states_[g], in.values[row & in.mask], kind_of(argument, row));
            } else if (states_[g].kind == Kind::kMissing && argument->present(row)) {
                add_text(states_[g], argument->at(row));
            }
        }
    }
    void merge(const Aggregate& other, std::span<const std::uint32_t> group) override {
        const auto& from = static_cast<const MinMax&>(other);
        for (std::size_t i = 0; i < from.states_.size(); ++i) {
            const MinMaxState& state = from.states_[i];
            MinMaxState& to = states_[group[i]];
            if (state.kind != Kind::kMissing) {
                add_number(to, state.number, state.kind);
            } else if (state.text != nullptr && to.kind == Kind::kMissing) {
                add_text(to, state.text->view());
            }
        }
    }
    const Vector* finish(EvalContext& context, std::size_t begin) const override {
        std::vector<Kept> numbers(context.rows);
        for (std::size_t i = 0; i < context.rows; ++i) {
            const MinMaxState& state = states_[begin + i];
            if (state.kind == Kind::kTimestamp) {
                numbers[i].value = Value::of_timestamp(static_cast<std::int64_t>(state.number));
            } else if (state.kind == Kind::kNumber) {
                numbers[i].value = Value::of_number(state.number);
            }
        }
        return kept_values(context, context.rows, [&](std::size_t i) -> const Kept* {
            const MinMaxState& state = states_[begin + i];
            return state.kind == Kind::kMissing ? state.text.get() : &numbers[i];
        });
    }

private:
    static Kind kind_of(const Vector* argument, std::size_t row) {
        if (argument->form() != Vector::Form::kMixed) {
            return argument->kind() == Kind::kTimestamp ? Kind::kTimestamp : Kind::kNumber;
        }
        return argument->at(row).kind == Kind::kTimestamp ? Kind::kTimestamp : Kind::kNumber;
    }
    void add_number(MinMaxState& state, double value, Kind kind) const {
        if (state.kind == Kind::kMissing ||
            (direction_ > 0 ? value > state.number : value < state.number)) {
            state.number = value;
            state.kind = kind;
        } else if (value == state.number && kind == Kind::kTimestamp) {
            state.kind = kind;
        }
    }
    void add_text(MinMaxState& state, const Value& value) {
        if (state.text == nullptr) {
            state.text = std::make_unique<Kept>();
            account_.take(sizeof(Kept));
        }
        Kept& kept = *state.text;
        if (!kept.holds() || direction_ * compare_total(value, kept.view()) > 0) {
            account_.take(kept.assign(value));
        }
    }
    int direction_;  // 1 = max, -1 = min.
};

struct TimedState {
    std::int64_t timestamp_ms = 0;
    std::uint64_t sequence = 0;
    Kept kept;
};

class TimeExtreme final : public States<TimedState> {
public:
    TimeExtreme(int direction, columnar::MemoryBudget& budget)
        : States(budget), direction_(direction) {}
    void update(EvalContext& context, const std::uint32_t* group, const Vector* argument,
                const RowOrder& order) override {
        for (std::size_t row = 0; row < context.rows; ++row) {
            if (!argument->present(row)) continue;
            TimedState& state = states_[group == nullptr ? 0 : group[row]];
            if (comes_first(state, order.timestamp_ms[row], order.sequence[row])) {
                add(state, order.timestamp_ms[row], order.sequence[row], argument->at(row));
            }
        }
    }
    void merge(const Aggregate& other, std::span<const std::uint32_t> group) override {
        const auto& from = static_cast<const TimeExtreme&>(other);
        for (std::size_t i = 0; i < from.states_.size(); ++i) {
            const TimedState& state = from.states_[i];
            if (state.kept.holds()) {
                add(states_[group[i]], state.timestamp_ms, state.sequence, state.kept.view());
            }
        }
    }
    const Vector* finish(EvalContext& context, std::size_t begin) const override {
        return kept_values(context, context.rows,
                           [&](std::size_t i) { return &states_[begin + i].kept; });
    }

private:
    /// Cheap test: at least as far in the direction as what the state holds.
    bool comes_first(const TimedState& state, std::int64_t ms, std::uint64_t sequence) const {
        if (!state.kept.holds()) return true;
        if (ms != state.timestamp_ms)
            return direction_ > 0 ? ms > state.timestamp_ms : ms < state.timestamp_ms;
        return direction_ > 0 ? sequence >= state.sequence : sequence <= state.sequence;
    }
    void add(TimedState& state, std::int64_t ms, std::uint64_t sequence, const Value& value) {
        if (!comes_first(state, ms, sequence)) return;
        // Events of different groups may share instant and sequence; then the values decide.
        if (state.kept.holds() && ms == state.timestamp_ms && sequence == state.sequence &&
            direction_ * compare_total(value, state.kept.view()) <= 0) {
            return;
        }
        state.timestamp_ms = ms;
        state.sequence = sequence;
        account_.take(state.kept.assign(value));
    }
    int direction_;  // 1 = latest, -1 = earliest.
};

}  // namespace

std::unique_ptr<Aggregate> make_extreme(AggregateKind kind, columnar::MemoryBudget& budget) {
    switch (kind) {
        case AggregateKind::kMin:
            return std::make_unique<MinMax>(-1, budget);
        case AggregateKind::kMax:
            return std::make_unique<MinMax>(1, budget);
        case AggregateKind::kSortsFirst:
            return std::make_unique<SortExtreme>(-1, budget);
        case AggregateKind::kSortsLast:
            return std::make_unique<SortExtreme>(1, budget);
        case AggregateKind::kEarliest:
            return std::make_unique<TimeExtreme>(-1, budget);
        case AggregateKind::kLatest:
            return std::make_unique<TimeExtreme>(1, budget);
        default:
            return nullptr;
    }
}

}  // namespace sky::insights
