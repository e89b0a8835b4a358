// SPDX-License-Identifier: Apache-2.0
// pct: every value counted, exactly up to a bound. What is exact depends on the union of all rows
// alone: a part that passes the bound implies that the whole does.
#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>
#include <vector>

#include "columnar/decimal.h"
#include "insights/functions/aggregate_states.h"
#include "insights/functions/limits.h"

namespace sky::insights {
namespace {

using columnar::NumericView;

struct ValueCount {
    double value;
    std::uint64_t count;  // 0 = free.
};

struct PercentileState {
    /// Of 0, 1, … / 10^scale, where those are dense: how often each came.
    std::vector<std::uint32_t> dense;
    std::vector<ValueCount> slots;  // The others: open addressing, a power of two.
    std::vector<ValueCount> more;   // Rows of dense values beyond what a place counts.
    std::size_t dense_used = 0, slots_used = 0;
    std::uint64_t rows = 0;
    std::size_t values() const { return dense_used + slots_used; }
};

/// Exact: how often each of the different values came (durations repeat), in an array where they
/// are decimals of one scale and dense, else in a table. Beyond the bound every value is rounded to
/// 10 bits of mantissa: a fixed log-bucket histogram with an error below 0.05 % that merges in any
/// order.
class Percentile final : public States<PercentileState> {
public:
    Percentile(double percentile, columnar::MemoryBudget& budget)
        : States(budget), percentile_(percentile) {}

    void update(EvalContext& context, const std::uint32_t* group, const Vector* argument,
                const RowOrder&) override {
        if (takes(context, *argument)) {
            const std::int64_t* const decimals = argument->decimals();
            const std::uint8_t* const present = argument->present_bytes();
            for (std::size_t row = 0; row < context.rows; ++row) {
                if (row + kAhead < context.rows) {
                    prefetch(states_[group == nullptr ? 0 : group[row + kAhead]],
                             decimals[row + kAhead]);
                }
                if (present != nullptr && present[row] == 0) continue;
                add_decimal(states_[group == nullptr ? 0 : group[row]], decimals[row], 1);
            }
            return;
        }
        const NumericView& in = argument->numeric(context.arena);
        for (std::size_t row = 0; row < context.rows; ++row) {
            if (!in.is_valid(row)) continue;
            add(states_[group == nullptr ? 0 : group[row]], in.values[row & in.mask], 1);
        }
    }

    void merge(const Aggregate& other, std::span<const std::uint32_t> group) override {
        const auto& from = static_cast<const Percentile&>(other);
        if (from.rounded_) round_all();
        if (scale_ == columnar::kNoScale) set_scale(from.scale_);
        for (std::size_t i = 0; i < from.states_.size(); ++i) {
            const PercentileState& state = from.states_[i];
            PercentileState& to = states_[group[i]];
            for (std::size_t place = 0; place < state.dense.size(); ++place) {
                if (state.dense[place] == 0) continue;
                const auto scaled = static_cast<std::int64_t>(place);
                if (from.scale_ == scale_) {
                    add_decimal(to, scaled, state.dense[place]);
                } else {
                    add(to, static_cast<double>(scaled) / from.divisor_, state.dense[place]);
                }
            }
            for (const ValueCount& entry : state.slots) {
                if (entry.count > 0) add(to, entry.value, entry.count);
            }
            for (const ValueCount& entry : state.more) add(to, entry.value, entry.count);
        }
    }

    const Vector* finish(EvalContext& context, std::size_t begin) const override {
        return finish_percentile(context, begin, percentile_);
    }
    const Vector* finish_percentile(EvalContext& context, std::size_t begin,
                                    double percentile) const override {
        auto* const out = context.arena.array<double>(context.rows);
        auto* const present = context.arena.array<std::uint8_t>(context.rows);
        for (std::size_t i = 0; i < context.rows; ++i) {
            const PercentileState& state = states_[begin + i];
            present[i] = state.rows > 0 ? 1 : 0;
            out[i] = state.rows > 0 ? value_of(state, percentile) : 0;
        }
        return Vector::numbers(context.arena, context.rows, out, present);
    }

private:
    static constexpr std::size_t kEntriesMax =
        limits::kPercentileExactBytesMax / sizeof(ValueCount) / 2;
    // Of the array: places a different value, so that a value costs as much as one or two of the
    // table do; different values before there is one at all; and places.
    static constexpr std::size_t kDenseWaste = 8;
    static constexpr std::size_t kDenseMin = 256;
    static constexpr std::size_t kDenseMax = std::size_t{1} << 22;
    /// Integers that doubles hold exactly: their quotient by a power of ten is rounded once, as the
    /// number of their text is.
    static constexpr std::int64_t kExactMax = std::int64_t{1} << 53;

    static double rounded(double value) {
        constexpr unsigned kDroppedBits = 52 - 10;
        auto bits = std::bit_cast<std::uint64_t>(value);
        bits = (bits >> kDroppedBits << kDroppedBits) | std::uint64_t{1} << (kDroppedBits - 1);
        return value == 0 ? 0 : std::bit_cast<double>(bits);
    }

    /// Whether the column is of decimals that add_decimal() may be given.
    bool takes(const EvalContext& context, const Vector& argument) {
        const std::int64_t* const decimals = argument.decimals();
        if (decimals == nullptr || rounded_) return false;
        if (scale_ == columnar::kNoScale) set_scale(argument.decimal_scale());
        if (argument.decimal_scale() != scale_) return false;
        bool exact = true;
        for (std::size_t row = 0; row < context.rows; ++row) {
            exact = exact && decimals[row] <= kExactMax && decimals[row] >= -kExactMax;
        }
        return exact;
    }
    void set_scale(std::int8_t scale) {
        scale_ = scale;
        if (scale != columnar::kNoScale) {
            divisor_ = static_cast<double>(columnar::power_of_ten(scale));
        }
    }
    /// The place of a value in an array of so many; npos when it has none there.
    std::size_t place_of(double value, std::size_t places) const {
        if (!(value >= 0) || value * divisor_ >= static_cast<double>(places)) return kNoPlace;
        const double nearest = std::nearbyint(value * divisor_);
        const auto place = static_cast<std::size_t>(nearest);
        return place < places && nearest / divisor_ == value ? place : kNoPlace;
    }

    void add_decimal(PercentileState& state, std::int64_t scaled, std::uint64_t count) {
        const auto place = static_cast<std::uint64_t>(scaled);  // Below 0: beyond all places.
        if (place < state.dense.size()) {
            add_dense(state, place, count);
        } else {
            add(state, static_cast<double>(scaled) / divisor_, count);
        }
    }
    /// Groups and values together are more than the near caches hold.
    static constexpr std::size_t kAhead = 16;
    static void prefetch(const PercentileState& state, std::int64_t scaled) {
        const auto place = static_cast<std::uint64_t>(scaled);
        if (place < state.dense.size()) __builtin_prefetch(state.dense.data() + place, 1);
    }
    void add_dense(PercentileState& state, std::size_t place, std::uint64_t count) {
        std::uint32_t& held = state.dense[place];
        const bool is_new = held == 0;
        state.rows += count;
        const std::uint64_t sum = held + count;
        held = static_cast<std::uint32_t>(sum);
        if (sum > UINT32_MAX) {
            // All but one of the rows go elsewhere.
            held = 1;
            const double value = static_cast<double>(place) / divisor_;
            state.more.push_back({value, sum - 1});
        }
        if (is_new) {
            ++state.dense_used;
            added_value();
        }
    }
    void add(PercentileState& state, double value, std::uint64_t count) {
        if (rounded_) value = rounded(value);
        if (value == 0) value = 0;  // -0 and 0 are one value.
        if (const std::size_t place = place_of(value, state.dense.size()); place != kNoPlace) {
            add_dense(state, place, count);
            return;
        }
        if (4 * (state.slots_used + 1) > 3 * state.slots.size()) {
            if (!grow(state)) return;
            // Growing may have made it dense.
            if (place_of(value, state.dense.size()) != kNoPlace) {
                add(state, value, count);
                return;
            }
        }
        state.rows += count;
        if (insert(state.slots, {value, count})) {
            ++state.slots_used;
            added_value();
        }
    }
    void added_value() {
        if (++entries_ > kEntriesMax && !rounded_) round_all();
    }
    /// True when the value is new.
    bool insert(std::vector<ValueCount>& slots, const ValueCount& entry) const {
        const std::size_t mask = slots.size() - 1;
        const std::uint64_t bits = std::bit_cast<std::uint64_t>(entry.value);
        for (std::size_t at = fold(bits ^ seed_, 0x9E3779B97F4A7C15ULL) & mask;;
             at = (at + 1) & mask) {
            ValueCount& slot = slots[at];
            if (slot.count == 0) {
                slot = entry;
                return true;
            }
            if (slot.value == entry.value) {
                slot.count += entry.count;
                return false;
            }
        }
    }
    /// Makes the table twice as large, and the array as large as the number of values allows; what
    /// then has a place there moves.
    bool grow(PercentileState& state) {
        const std::size_t size = state.slots.empty() ? 4 : 2 * state.slots.size();
        if (!account_.try_take(size * sizeof(ValueCount))) return false;
        const std::size_t values = state.values();
        const std::size_t places = std::min(kDenseMax, std::bit_floor(values * kDenseWaste));
        if (scale_ != columnar::kNoScale && !rounded_ && values >= kDenseMin &&
            places > state.dense.size() &&
            account_.try_take((places - state.dense.size()) * sizeof(std::uint32_t))) {
            state.dense.resize(places, 0);
        }
        std::vector<ValueCount> slots(size);
        for (const ValueCount& entry : state.slots) {
            if (entry.count == 0) continue;
            const std::size_t place = place_of(entry.value, state.dense.size());
            if (place == kNoPlace) {
                insert(slots, entry);
                continue;
            }
            --state.slots_used;
            --entries_;
            state.rows -= entry.count;
            add_dense(state, place, entry.count);
        }
        account_.give_back(state.slots.size() * sizeof(ValueCount));
        state.slots = std::move(slots);
        return true;
    }
    void round_all() {
        if (rounded_) return;
        rounded_ = true;
        entries_ = 0;
        for (PercentileState& state : states_) {
            const PercentileState before = std::move(state);
            account_.give_back(before.slots.size() * sizeof(ValueCount) +
                               before.dense.size() * sizeof(std::uint32_t));
            state = {};
            for (std::size_t place = 0; place < before.dense.size(); ++place) {
                if (before.dense[place] == 0) continue;
                add(state, static_cast<double>(place) / divisor_, before.dense[place]);
            }
            for (const ValueCount& entry : before.slots) {
                if (entry.count > 0) add(state, entry.value, entry.count);
            }
            for (const ValueCount& entry : before.more) add(state, entry.value, entry.count);
        }
    }

    /// The values of a state in ascending order.
    class Walk {
    public:
        Walk(const PercentileState& state, double divisor) : state_(state), divisor_(divisor) {
            for (const ValueCount& entry : state.slots) {
                if (entry.count > 0) sorted_.push_back(entry);
            }
            sorted_.insert(sorted_.end(), state.more.begin(), state.more.end());
            std::sort(sorted_.begin(), sorted_.end(),
                      [](const ValueCount& a, const ValueCount& b) { return a.value < b.value; });
        }
        /// The next value and how often it comes; there is one.
        ValueCount next() {
            while (place_ < state_.dense.size() && state_.dense[place_] == 0) ++place_;
            const bool in_array = place_ < state_.dense.size();
            const double value = static_cast<double>(place_) / divisor_;
            if (at_ < sorted_.size() && (!in_array || sorted_[at_].value < value)) {
                return sorted_[at_++];
            }
            return {value, state_.dense[place_++]};
        }
        /// Passes over values whose rows, with `rows` before them, are all before row `rank`.
        void skip_to(std::uint64_t rank, std::uint64_t& rows) {
            while (place_ + kStretch <= state_.dense.size()) {
                const auto begin = state_.dense.begin() + static_cast<std::ptrdiff_t>(place_);
                const auto end = static_cast<double>(place_ + kStretch) / divisor_;
                std::uint64_t here = std::accumulate(
                    begin, begin + static_cast<std::ptrdiff_t>(kStretch), std::uint64_t{0});
                std::size_t past = at_;
                for (; past < sorted_.size() && sorted_[past].value < end; ++past) {
                    here += sorted_[past].count;
                }
                if (rows + here > rank) return;
                rows += here;
                place_ += kStretch;
                at_ = past;
            }
        }

    private:
        static constexpr std::size_t kStretch = 256;
        const PercentileState& state_;
        const double divisor_;
        std::vector<ValueCount> sorted_;
        std::size_t place_ = 0, at_ = 0;
    };

    /// Linear between the two ranks around percentile * (n - 1).
    double value_of(const PercentileState& state, double percentile) const {
        const double last = static_cast<double>(state.rows - 1);
        const double position = std::clamp(percentile * last / 100, 0.0, last);
        const auto rank = static_cast<std::uint64_t>(position);
        Walk walk(state, divisor_);
        std::uint64_t below = 0;
        walk.skip_to(rank, below);
        ValueCount entry = walk.next();
        while (below + entry.count <= rank) {
            below += entry.count;
            entry = walk.next();
        }
        const double low = entry.value;
        const bool same = below + entry.count > rank + 1 || below + entry.count == state.rows;
        const double high = same ? low : walk.next().value;
        const double part = position - static_cast<double>(rank);
        return low + (high - low) * part;
    }

    static constexpr std::size_t kNoPlace = ~std::size_t{0};
    const std::uint64_t seed_ = next_table_seed();
    double percentile_;
    bool rounded_ = false;
    std::int8_t scale_ = columnar::kNoScale;  // Of the arrays.
    double divisor_ = 1;                      // 10^scale_.
    std::size_t entries_ = 0;                 // Different values over all groups.
};

}  // namespace

std::unique_ptr<Aggregate> make_percentile(double percentile, columnar::MemoryBudget& budget) {
    return std::make_unique<Percentile>(percentile, budget);
}

}  // namespace sky::insights
