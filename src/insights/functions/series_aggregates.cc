// SPDX-License-Identifier: Apache-2.0
// rate and histogram (logs-insights-ql.md 8.1).
#include <cmath>
#include <map>
#include <string>

#include "insights/functions/aggregate_states.h"
#include "insights/functions/kernels.h"
#include "insights/functions/render.h"

namespace sky::insights {
namespace {

using columnar::NumericView;

struct Point {
    std::int64_t timestamp_ms = 0;
    std::uint64_t sequence = 0;
    double value = 0;
    bool before(const Point& other) const {
        if (timestamp_ms != other.timestamp_ms) return timestamp_ms < other.timestamp_ms;
        return sequence < other.sequence;
    }
};
struct RateState {
    bool any = false;
    Point first, last;
};

/// (last - first) / elapsed * period, by event time.
class Rate final : public States<RateState> {
public:
    Rate(double period_ms, columnar::MemoryBudget& budget)
        : States(budget), period_ms_(period_ms) {}
    void update(EvalContext& context, const std::uint32_t* group, const Vector* argument,
                const RowOrder& order) override {
        const NumericView& in = argument->numeric(context.arena);
        for (std::size_t row = 0; row < context.rows; ++row) {
            if (!in.is_valid(row)) continue;
            add(states_[group == nullptr ? 0 : group[row]],
                {order.timestamp_ms[row], order.sequence[row], in.values[row & in.mask]});
        }
    }
    void merge(const Aggregate& other, std::span<const std::uint32_t> group) override {
        const auto& from = static_cast<const Rate&>(other);
        for (std::size_t i = 0; i < from.states_.size(); ++i) {
            if (!from.states_[i].any) continue;
            add(states_[group[i]], from.states_[i].first);
            add(states_[group[i]], from.states_[i].last);
        }
    }
    const Vector* finish(EvalContext& context, std::size_t begin) const override {
        auto* const out = context.arena.array<double>(context.rows);
        auto* const present = context.arena.array<std::uint8_t>(context.rows);
        for (std::size_t i = 0; i < context.rows; ++i) {
            const RateState& state = states_[begin + i];
            const auto elapsed =
                static_cast<double>(state.last.timestamp_ms - state.first.timestamp_ms);
            const double rate =
                elapsed > 0 ? (state.last.value - state.first.value) / elapsed * period_ms_ : NAN;
            present[i] = std::isfinite(rate) ? 1 : 0;
            out[i] = present[i] != 0 ? rate : 0;
        }
        return Vector::numbers(context.arena, context.rows, out, present);
    }

private:
    static void add(RateState& state, const Point& point) {
        if (!state.any || point.before(state.first)) state.first = point;
        if (!state.any || state.last.before(point)) state.last = point;
        state.any = true;
    }
    const double period_ms_;
};

/// Every distinct number with its count: the ranges are known at the end only.
using Counts = std::map<double, std::uint64_t>;

class Histogram final : public States<Counts> {
public:
    Histogram(std::size_t ranges, columnar::MemoryBudget& budget)
        : States(budget), ranges_(ranges) {}
    void update(EvalContext& context, const std::uint32_t* group, const Vector* argument,
                const RowOrder&) override {
        const NumericView& in = argument->numeric(context.arena);
        for (std::size_t row = 0; row < context.rows; ++row) {
            if (!in.is_valid(row)) continue;
            if (!add(states_[group == nullptr ? 0 : group[row]], in.values[row & in.mask], 1)) {
                return;
            }
        }
    }
    void merge(const Aggregate& other, std::span<const std::uint32_t> group) override {
        const auto& from = static_cast<const Histogram&>(other);
        for (std::size_t i = 0; i < from.states_.size(); ++i) {
            for (const auto& [value, count] : from.states_[i]) {
                if (!add(states_[group[i]], value, count)) return;
            }
        }
    }
    const Vector* finish(EvalContext& context, std::size_t begin) const override {
        Value* const values = context.arena.array<Value>(context.rows);
        for (std::size_t i = 0; i < context.rows; ++i) {
            values[i] = Value::missing();
            const Counts& counts = states_[begin + i];
            if (counts.empty()) continue;
            const std::string text = describe(counts);
            char* const copy = kernels::grow_text(context, text.size());
            if (copy == nullptr) break;
            text.copy(copy, text.size());
            values[i] = Value::of_json({copy, text.size()});
        }
        return Vector::from_values(context.arena, context.rows, values);
    }

private:
    bool add(Counts& counts, double value, std::uint64_t count) {
        constexpr std::uint64_t kNodeBytes = 64;
        const auto at = counts.find(value);
        if (at != counts.end()) {
            at->second += count;
            return true;
        }
        if (!account_.try_take(kNodeBytes)) return false;
        counts.emplace(value, count);
        return true;
    }

    /// {"0-5":3,"5-10":1}: a number on a border belongs to the range above, the largest to the
    /// last.
    std::string describe(const Counts& counts) const {
        const double low = counts.begin()->first;
        const double high = counts.rbegin()->first;
        const std::size_t ranges = high > low ? ranges_ : 1;
        const double width = (high - low) / static_cast<double>(ranges);
        std::vector<std::uint64_t> sums(ranges, 0);
        for (const auto& [value, count] : counts) {
            const double place = width > 0 ? std::floor((value - low) / width) : 0;
            sums[std::min(static_cast<std::size_t>(place), ranges - 1)] += count;
        }
        std::string text = "{";
        char buffer[kNumberTextMax];
        for (std::size_t i = 0; i < ranges; ++i) {
            text += i == 0 ? "\"" : ",\"";
            text += render_number(low + width * static_cast<double>(i), buffer);
            text += '-';
            const bool last = i + 1 == ranges;
            text += render_number(last ? high : low + width * static_cast<double>(i + 1), buffer);
            text += "\":";
            text += std::to_string(sums[i]);
        }
        text += '}';
        return text;
    }

    const std::size_t ranges_;
};

}  // namespace

std::unique_ptr<Aggregate> make_rate(double period_ms, columnar::MemoryBudget& budget) {
    return std::make_unique<Rate>(period_ms, budget);
}

std::unique_ptr<Aggregate> make_histogram(std::size_t ranges, columnar::MemoryBudget& budget) {
    return std::make_unique<Histogram>(std::max<std::size_t>(ranges, 1), budget);
}

}  // namespace sky::insights
