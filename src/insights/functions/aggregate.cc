// SPDX-License-Identifier: Apache-2.0
#include "insights/functions/aggregate.h"

#include <array>
#include <cmath>

#include "columnar/decimal.h"
#include "insights/functions/aggregate_states.h"
#include "insights/functions/exact_sum.h"

namespace sky::insights {
namespace {

using columnar::NumericView;

constexpr auto kAggregates = std::to_array<AggregateDef>({
    {"avg", AggregateKind::kAvg, 1, 1, false, "Mean of the numbers, exact before it is rounded.",
     "12.34, 7.66, x : avg(f) = 10"},
    {"count", AggregateKind::kCount, 0, 1, true, "Rows, or rows that have the field.",
     "a, b, missing : count(f) = 2"},
    {"count_distinct", AggregateKind::kCountDistinct, 1, 1, false,
     "Different values; approximate beyond 100,000.", "a, b, a, 1, 1.0 : count_distinct(f) = 4"},
    {"count_over_time", AggregateKind::kCount, 1, 1, false,
     "Rows that have the field, for bins of time.", "a, b, missing : count_over_time(f) = 2"},
    {"earliest", AggregateKind::kEarliest, 1, 1, false, "Value of the oldest event that has one.",
     "missing, b, c : earliest(f) = b"},
    {"histogram", AggregateKind::kHistogram, 2, 2, false,
     "How many numbers fall into each of n equally wide ranges, as a MAP.",
     "0, 1, 4, 10 : histogram(f, 2) = {\"0-5\":3,\"5-10\":1}"},
    {"latest", AggregateKind::kLatest, 1, 1, false, "Value of the newest event that has one.",
     "a, b, missing : latest(f) = b"},
    {"max", AggregateKind::kMax, 1, 1, false, "Largest number, or last text by sort order.",
     "9, 10, x : max(f) = 10"},
    {"min", AggregateKind::kMin, 1, 1, false, "Smallest number, or first text by sort order.",
     "b, a10, a9 : min(f) = a9"},
    {"pct", AggregateKind::kPct, 2, 2, false, "Percentile 0..100, interpolated.",
     "1, 2, 3, 4 : pct(f, 50) = 2.5"},
    {"rate", AggregateKind::kRate, 2, 2, false,
     "Growth of a counter from the oldest to the newest event, for a period.",
     "10, 12, 16 : rate(f, 1s) = 3000"},
    {"sortsFirst", AggregateKind::kSortsFirst, 1, 1, false, "First value by sort order.",
     "10, 9, x : sortsFirst(f) = x"},
    {"sortsLast", AggregateKind::kSortsLast, 1, 1, false, "Last value by sort order.",
     "10, 9, x : sortsLast(f) = 10"},
    {"stddev", AggregateKind::kStddev, 1, 1, false, "Sample standard deviation of the numbers.",
     "1, 2, 3, 4 : stddev(f) = 1.291"},
    {"sum", AggregateKind::kSum, 1, 1, false, "Sum of the numbers.",
     "0.1, 0.2, -1 : sum(f) = -0.7"},
    {"sum_over_time", AggregateKind::kSum, 1, 1, false, "Sum of the numbers, for bins of time.",
     "1, 2, x : sum_over_time(f) = 3"},
});

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

constexpr int compare_folded(std::string_view a, std::string_view b) {
    for (std::size_t i = 0; i < a.size() && i < b.size(); ++i) {
        if (lower(a[i]) != lower(b[i])) return lower(a[i]) < lower(b[i]) ? -1 : 1;
    }
    return a.size() < b.size() ? -1 : a.size() > b.size() ? 1 : 0;
}

constexpr bool strictly_sorted() {
    for (std::size_t i = 1; i < kAggregates.size(); ++i) {
        if (compare_folded(kAggregates[i - 1].name, kAggregates[i].name) >= 0) return false;
    }
    return true;
}
static_assert(strictly_sorted(), "sorted by lower-case name, no duplicates");

class Count final : public States<std::uint64_t> {
public:
    using States::States;
    void update(EvalContext& context, const std::uint32_t* group, const Vector* argument,
                const RowOrder&) override {
        if (group == nullptr && argument == nullptr) {
            states_[0] += context.rows;
            return;
        }
        for (std::size_t row = 0; row < context.rows; ++row) {
            if (argument != nullptr && !argument->present(row)) continue;
            ++states_[group == nullptr ? 0 : group[row]];
        }
    }
    void merge(const Aggregate& other, std::span<const std::uint32_t> group) override {
        const auto& from = static_cast<const Count&>(other);
        for (std::size_t i = 0; i < from.states_.size(); ++i) states_[group[i]] += from.states_[i];
    }
    const Vector* finish(EvalContext& context, std::size_t begin) const override {
        auto* const out = context.arena.array<double>(context.rows);
        for (std::size_t i = 0; i < context.rows; ++i) {
            out[i] = static_cast<double>(states_[begin + i]);
        }
        return Vector::numbers(context.arena, context.rows, out);
    }
};

/// Calls `add(state, value, scaled, scale)` for every row that is a number.
template <class Add>
void each_number(EvalContext& context, const std::uint32_t* group, const Vector* argument,
                 Add&& add) {
    const NumericView& in = argument->numeric(context.arena);
    for (std::size_t row = 0; row < context.rows; ++row) {
        if (!in.is_valid(row)) continue;
        const std::size_t at = row & in.mask;
        const std::int8_t scale = in.scale == nullptr ? columnar::kNoScale : in.scale[at];
        add(group == nullptr ? 0 : group[row], in.values[at],
            in.scaled == nullptr ? 0 : in.scaled[at], scale);
    }
}

struct SumState {
    ExactSum sum;
    std::uint64_t count = 0;
};

/// Most columns are decimals of one scale: their sums are 64-bit integers. Everything else, and
/// what does not fit, goes to exact sums of any form, which exist where they are needed.
class SumOrAverage final : public Aggregate {
public:
    SumOrAverage(AggregateKind kind, columnar::MemoryBudget& budget)
        : kind_(kind), account_(budget) {}
    void resize(std::size_t groups) override {
        grow(narrow_, groups);
        if (!wide_.empty()) grow(wide_, groups);
    }
    std::size_t groups() const override { return narrow_.size(); }

    void update(EvalContext& context, const std::uint32_t* group, const Vector* argument,
                const RowOrder&) override {
        const std::int64_t* const decimals = argument->decimals();
        if (decimals != nullptr && argument->present_bytes() == nullptr &&
            takes(argument->decimal_scale())) {
            for (std::size_t row = 0; row < context.rows; ++row) {
                add_narrow(group == nullptr ? 0 : group[row], decimals[row], 1);
            }
            return;
        }
        each_number(context, group, argument,
                    [&](std::size_t g, double value, std::int64_t scaled, std::int8_t scale) {
                        if (scale >= 0 && takes(scale)) return add_narrow(g, scaled, 1);
                        SumState& state = wide(g);
                        ++state.count;
                        took(scale >= 0 ? state.sum.add_decimal(scaled, scale)
                                        : state.sum.add_double(value));
                    });
    }
    void merge(const Aggregate& other, std::span<const std::uint32_t> group) override {
        const auto& from = static_cast<const SumOrAverage&>(other);
        for (std::size_t i = 0; i < from.narrow_.size(); ++i) {
            const Narrow& state = from.narrow_[i];
            if (state.count == 0) continue;
            if (takes(from.scale_)) {
                add_narrow(group[i], state.scaled, state.count);
            } else {
                add_wide(group[i], state.scaled, from.scale_, state.count);
            }
        }
        for (std::size_t i = 0; i < from.wide_.size(); ++i) {
            if (from.wide_[i].count == 0) continue;
            SumState& state = wide(group[i]);
            state.count += from.wide_[i].count;
            took(state.sum.add(from.wide_[i].sum));
        }
    }
    const Vector* finish(EvalContext& context, std::size_t begin) const override {
        auto* const out = context.arena.array<double>(context.rows);
        auto* const present = context.arena.array<std::uint8_t>(context.rows);
        for (std::size_t i = 0; i < context.rows; ++i) {
            const double value = value_of(begin + i);
            present[i] = std::isfinite(value) ? 1 : 0;
            out[i] = present[i] != 0 ? value : 0;
        }
        return Vector::numbers(context.arena, context.rows, out, present);
    }

private:
    struct Narrow {
        std::int64_t scaled = 0;  // Times 10^scale_.
        std::uint64_t count = 0;
    };
    static constexpr std::int64_t kExactMax = std::int64_t{1} << 53;
    static constexpr int kExactScaleMax = 15;

    template <class State>
    void grow(std::vector<State>& states, std::size_t groups) {
        if (groups <= states.size()) return;
        if (groups > states.capacity()) {
            const std::size_t capacity = std::max(groups, 2 * states.capacity());
            account_.take((capacity - states.capacity()) * sizeof(State));
            states.reserve(capacity);
        }
        states.resize(groups);
    }
    /// Whether narrow sums are of that scale; the first one asked for sets it.
    bool takes(std::int8_t scale) {
        if (scale_ == columnar::kNoScale) scale_ = scale;
        return scale == scale_;
    }
    void add_narrow(std::size_t g, std::int64_t scaled, std::uint64_t count) {
        Narrow& state = narrow_[g];
        std::int64_t sum = 0;
        if (__builtin_add_overflow(state.scaled, scaled, &sum)) {
            add_wide(g, scaled, scale_, count);
            return;
        }
        state.scaled = sum;
        state.count += count;
    }
    SumState& wide(std::size_t g) {
        if (wide_.empty()) grow(wide_, narrow_.size());
        return wide_[g];
    }
    void add_wide(std::size_t g, std::int64_t scaled, std::int8_t scale, std::uint64_t count) {
        SumState& state = wide(g);
        state.count += count;
        took(state.sum.add_decimal(scaled, scale));
    }
    void took(bool grew) {
        if (grew) account_.take(ExactSum::wide_bytes());
    }
    double value_of(std::size_t g) const {
        const Narrow& state = narrow_[g];
        const std::uint64_t wide_count = wide_.empty() ? 0 : wide_[g].count;
        const std::uint64_t count = state.count + wide_count;
        if (count == 0) return NAN;
        const std::uint64_t divisor = kind_ == AggregateKind::kAvg ? count : 1;
        if (wide_count == 0 && state.scaled <= kExactMax && state.scaled >= -kExactMax &&
            scale_ <= kExactScaleMax && divisor <= static_cast<std::uint64_t>(kExactMax)) {
            std::int64_t denominator = 0;
            const bool fits = !__builtin_mul_overflow(
                columnar::power_of_ten(scale_), static_cast<std::int64_t>(divisor), &denominator);
            // Both are exact doubles: the one division rounds once.
            if (fits && denominator <= kExactMax) {
                return static_cast<double>(state.scaled) / static_cast<double>(denominator);
            }
        }
        ExactSum all;
        if (wide_count != 0) all.add(wide_[g].sum);
        if (state.count != 0) all.add_decimal(state.scaled, scale_);
        return all.divided_by(divisor);
    }

    const AggregateKind kind_;
    std::int8_t scale_ = columnar::kNoScale;
    std::vector<Narrow> narrow_;
    std::vector<SumState> wide_;  // Empty, or one a group.
    Account account_;
};

struct DeviationState {
    ExactSum sum, squares;
    std::uint64_t count = 0;
};

class Deviation final : public States<DeviationState> {
public:
    using States::States;
    void update(EvalContext& context, const std::uint32_t* group, const Vector* argument,
                const RowOrder&) override {
        each_number(context, group, argument,
                    [&](std::size_t g, double value, std::int64_t scaled, std::int8_t scale) {
                        DeviationState& state = states_[g];
                        ++state.count;
                        if (scale >= 0) {
                            took(state.sum.add_decimal(scaled, scale));
                            took(state.squares.add_decimal(static_cast<Int128>(scaled) * scaled,
                                                           2 * scale));
                        } else {
                            took(state.sum.add_double(value));
                            took(state.squares.add_square(value));
                        }
                    });
    }
    void merge(const Aggregate& other, std::span<const std::uint32_t> group) override {
        const auto& from = static_cast<const Deviation&>(other);
        for (std::size_t i = 0; i < from.states_.size(); ++i) {
            DeviationState& state = states_[group[i]];
            state.count += from.states_[i].count;
            took(state.sum.add(from.states_[i].sum));
            took(state.squares.add(from.states_[i].squares));
        }
    }
    const Vector* finish(EvalContext& context, std::size_t begin) const override {
        auto* const out = context.arena.array<double>(context.rows);
        auto* const present = context.arena.array<std::uint8_t>(context.rows);
        for (std::size_t i = 0; i < context.rows; ++i) {
            const DeviationState& state = states_[begin + i];
            double value = state.count == 1 ? 0 : NAN;  // One value: 0 (logs-insights-ql.md 8.1).
            if (state.count > 1) {
                value = ExactSum::deviation(state.sum, state.squares, state.count);
            }
            present[i] = std::isfinite(value) ? 1 : 0;
            out[i] = present[i] != 0 ? value : 0;
        }
        return Vector::numbers(context.arena, context.rows, out, present);
    }

private:
    void took(bool grew) {
        if (grew) account_.take(ExactSum::wide_bytes());
    }
};

}  // namespace

std::span<const AggregateDef> aggregates() { return kAggregates; }

const AggregateDef* find_aggregate(std::string_view name) {
    for (const AggregateDef& aggregate : kAggregates) {
        if (compare_folded(aggregate.name, name) == 0) return &aggregate;
    }
    return nullptr;
}

const Vector* Aggregate::finish_percentile(EvalContext& context, std::size_t begin, double) const {
    return finish(context, begin);
}

std::unique_ptr<Aggregate> Aggregate::make(AggregateKind kind, double parameter,
                                           columnar::MemoryBudget& budget) {
    switch (kind) {
        case AggregateKind::kCount:
            return std::make_unique<Count>(budget);
        case AggregateKind::kSum:
        case AggregateKind::kAvg:
            return std::make_unique<SumOrAverage>(kind, budget);
        case AggregateKind::kStddev:
            return std::make_unique<Deviation>(budget);
        case AggregateKind::kPct:
            return make_percentile(parameter, budget);
        case AggregateKind::kRate:
            return make_rate(parameter, budget);
        case AggregateKind::kHistogram:
            return make_histogram(static_cast<std::size_t>(parameter), budget);
        case AggregateKind::kCountDistinct:
            return make_distinct(budget);
        case AggregateKind::kMin:
        case AggregateKind::kMax:
        case AggregateKind::kEarliest:
        case AggregateKind::kLatest:
        case AggregateKind::kSortsFirst:
        case AggregateKind::kSortsLast:
            return make_extreme(kind, budget);
    }
    return nullptr;
}

}  // namespace sky::insights
