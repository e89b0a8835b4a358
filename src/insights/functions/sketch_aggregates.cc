// SPDX-License-Identifier: Apache-2.0
// count_distinct: an exact table of values that turns into a sketch beyond a bound. Whether it does
// depends on the union of all rows alone: a part that passes the bound implies that the whole does.
#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cmath>
#include <cstring>
#include <functional>
#include <utility>

#include "columnar/decimal.h"
#include "insights/functions/aggregate_states.h"
#include "insights/functions/exact_sum.h"
#include "insights/functions/limits.h"
#include "insights/functions/render.h"

namespace sky::insights {
namespace {

struct Hash128 {
    std::uint64_t low, high;
    bool operator==(const Hash128&) const = default;
};

/// Two independent multiply-fold lanes over 8-byte words. Fixed constants: partial states of
/// different processes must agree.
Hash128 hash_text(std::string_view text) {
    constexpr std::uint64_t kA = 0x9E3779B97F4A7C15ULL;
    constexpr std::uint64_t kB = 0xC2B2AE3D27D4EB4FULL;
    constexpr std::uint64_t kC = 0x165667B19E3779F9ULL;
    constexpr std::uint64_t kD = 0xD6E8FEB86659FD93ULL;
    std::uint64_t low = text.size() ^ kA;
    std::uint64_t high = text.size() ^ kC;
    while (!text.empty()) {
        std::uint64_t word = 0;
        const std::size_t bytes = std::min<std::size_t>(text.size(), 8);
        std::memcpy(&word, text.data(), bytes);
        low = fold(low ^ word, kB) + std::rotl(low, 29);
        high = fold(high + word, kD) ^ std::rotl(high, 37) ^ word;
        text.remove_prefix(bytes);
    }
    low = fold(low ^ high, kA);
    high = fold(high ^ std::rotl(low, 17), kD) + low;
    return {low | 1, high};  // Never all zero: that marks a free slot.
}

constexpr unsigned kRegisterBits = 14;  // HyperLogLog with a standard error of 0.8 %.
constexpr std::size_t kRegisters = std::size_t{1} << kRegisterBits;

/// Different decimals of one scale: a bit each where they are dense, else a table.
class DecimalSet {
public:
    std::size_t size() const { return bits_used_ + numbers_used_; }

    /// `account` pays; a refusal leaves the value out, and the query must end.
    void add(std::int64_t scaled, Account& account) {
        const auto place = static_cast<std::uint64_t>(scaled);  // Below 0: beyond all bits.
        if (place / 64 < bits_.size()) {
            std::uint64_t& word = bits_[place / 64];
            const std::uint64_t bit = std::uint64_t{1} << (place % 64);
            bits_used_ += (word & bit) == 0 ? 1U : 0U;
            word |= bit;
            return;
        }
        if (4 * (numbers_used_ + 1) > 3 * numbers_.size() && !grow(account)) return;
        // Growing may have made it dense.
        if (place / 64 < bits_.size()) return add(scaled, account);
        numbers_used_ += insert(numbers_, scaled) ? 1U : 0U;
    }
    template <class Visit>
    void for_each(Visit&& visit) const {
        for (std::size_t word = 0; word < bits_.size(); ++word) {
            for (std::uint64_t left = bits_[word]; left != 0; left &= left - 1) {
                visit(static_cast<std::int64_t>(word * 64 +
                                                static_cast<std::size_t>(std::countr_zero(left))));
            }
        }
        for (const std::int64_t number : numbers_) {
            if (number != kFree) visit(number);
        }
    }
    void clear(Account& account) {
        account.give_back(bits_.size() * sizeof(std::uint64_t) +
                          numbers_.size() * sizeof(std::int64_t));
        *this = {};
    }

    static constexpr std::int64_t kFree = INT64_MIN;  // No decimal of a column.

private:
    // Bits a value: as many bytes as the table takes for it where half of that is free.
    static constexpr std::size_t kBitsAValue = 256;
    static constexpr std::size_t kBitsMin = 256;  // Values before there are bits at all.
    static constexpr std::size_t kBitsMax = std::size_t{1} << 22;

    static bool insert(std::vector<std::int64_t>& numbers, std::int64_t scaled) {
        const std::size_t mask = numbers.size() - 1;
        for (std::size_t at = fold(static_cast<std::uint64_t>(scaled) ^ 0xD6E8FEB86659FD93ULL,
                                   0xC2B2AE3D27D4EB4FULL) &
                              mask;
             ; at = (at + 1) & mask) {
            if (numbers[at] == scaled) return false;
            if (numbers[at] == kFree) {
                numbers[at] = scaled;
                return true;
            }
        }
    }
    bool grow(Account& account) {
        const std::size_t size = numbers_.empty() ? 4 : 2 * numbers_.size();
        if (!account.try_take(size * sizeof(std::int64_t))) return false;
        const std::size_t values = bits_used_ + numbers_used_;
        const std::vector<std::int64_t> held = std::exchange(numbers_, {});
        numbers_.assign(size, kFree);
        numbers_used_ = 0;
        const std::size_t range = std::min(kBitsMax, std::bit_floor(values * kBitsAValue));
        if (values >= kBitsMin && range / 64 > bits_.size() &&
            account.try_take((range / 64 - bits_.size()) * sizeof(std::uint64_t))) {
            bits_.resize(range / 64, 0);
        }
        for (const std::int64_t number : held) {
            if (number != kFree) add(number, account);
        }
        account.give_back(held.size() * sizeof(std::int64_t));
        return true;
    }

    std::vector<std::uint64_t> bits_;    // Of values 0, 1, ….
    std::vector<std::int64_t> numbers_;  // The others: open addressing, a power of two.
    std::size_t bits_used_ = 0, numbers_used_ = 0;
};

using Registers = std::array<std::uint8_t, kRegisters>;

struct DistinctState {
    std::vector<Hash128> slots;  // Open addressing, a power of two; {0, 0} is free.
    std::size_t count = 0;
    std::unique_ptr<Registers> registers;  // Once beyond exact.
    DecimalSet decimals;  // Texts that are decimals of one scale; some may be in `slots` too.
};

class Distinct final : public States<DistinctState> {
public:
    using States::States;
    void update(EvalContext& context, const std::uint32_t* group, const Vector* argument,
                const RowOrder&) override {
        const std::int64_t* const decimals = argument->decimals();
        if (decimals != nullptr && argument->present_bytes() == nullptr &&
            takes(argument->decimal_scale())) {
            for (std::size_t row = 0; row < context.rows; ++row) {
                add_decimal(states_[group == nullptr ? 0 : group[row]], decimals[row]);
            }
            return;
        }
        const TextView text = as_text(context, argument);
        for (std::size_t row = 0; row < context.rows; ++row) {
            if (!text.is_present(row)) continue;
            add(states_[group == nullptr ? 0 : group[row]], hash_text(text[row]));
        }
    }
    void merge(const Aggregate& other, std::span<const std::uint32_t> group) override {
        const auto& from = static_cast<const Distinct&>(other);
        for (std::size_t i = 0; i < from.states_.size(); ++i) {
            const DistinctState& state = from.states_[i];
            DistinctState& to = states_[group[i]];
            if (state.registers != nullptr) {
                if (!to_registers(to)) return;
                for (std::size_t r = 0; r < kRegisters; ++r) {
                    (*to.registers)[r] = std::max((*to.registers)[r], (*state.registers)[r]);
                }
            }
            for (const Hash128& hash : state.slots) {
                if (hash.low != 0) add(to, hash);
            }
            if (state.decimals.size() == 0) continue;
            const bool same = takes(from.scale_);
            state.decimals.for_each([&](std::int64_t scaled) {
                if (same) {
                    add_decimal(to, scaled);
                } else {
                    add(to, hash_decimal(scaled, from.scale_));
                }
            });
        }
    }
    const Vector* finish(EvalContext& context, std::size_t begin) const override {
        auto* const out = context.arena.array<double>(context.rows);
        for (std::size_t i = 0; i < context.rows; ++i) out[i] = number_of(states_[begin + i]);
        return Vector::numbers(context.arena, context.rows, out);
    }

private:
    bool takes(std::int8_t scale) {
        if (scale_ == columnar::kNoScale) scale_ = scale;
        return scale == scale_;
    }
    /// That of its text, as a column of texts would have it.
    static Hash128 hash_decimal(std::int64_t scaled, std::int8_t scale) {
        char text[columnar::kDecimalTextMax];
        return hash_text(columnar::decimal_text(scaled, scale, text));
    }
    void add_decimal(DistinctState& state, std::int64_t scaled) {
        if (state.registers != nullptr || scaled == DecimalSet::kFree) {
            add(state, hash_decimal(scaled, scale_));
            return;
        }
        state.decimals.add(scaled, account_);
        if (state.decimals.size() > limits::kDistinctExactMax) to_registers(state);
    }
    /// How many there are, those counted once that are held twice.
    double number_of(const DistinctState& state) const {
        if (state.registers != nullptr) return estimate(*state.registers);
        if (state.decimals.size() == 0) return static_cast<double>(state.count);
        if (state.count == 0) return static_cast<double>(state.decimals.size());
        std::vector<Hash128> all;
        for (const Hash128& hash : state.slots) {
            if (hash.low != 0) all.push_back(hash);
        }
        state.decimals.for_each(
            [&](std::int64_t scaled) { all.push_back(hash_decimal(scaled, scale_)); });
        std::sort(all.begin(), all.end(), [](const Hash128& a, const Hash128& b) {
            return a.low != b.low ? a.low < b.low : a.high < b.high;
        });
        all.erase(std::unique(all.begin(), all.end()), all.end());
        if (all.size() <= limits::kDistinctExactMax) return static_cast<double>(all.size());
        const auto registers = std::make_unique<Registers>();
        registers->fill(0);
        for (const Hash128& hash : all) observe(*registers, hash);
        return estimate(*registers);
    }
    void add(DistinctState& state, const Hash128& hash) {
        if (state.registers != nullptr) {
            observe(*state.registers, hash);
            return;
        }
        if (4 * (state.count + 1) > 3 * state.slots.size() && !grow(state)) return;
        if (!insert(state.slots, hash)) return;
        ++state.count;
        if (state.count > limits::kDistinctExactMax) to_registers(state);
    }
    bool insert(std::vector<Hash128>& slots, const Hash128& hash) const {
        const std::size_t mask = slots.size() - 1;
        for (std::size_t at = fold(hash.high ^ seed_, 0xC2B2AE3D27D4EB4FULL) & mask;;
             at = (at + 1) & mask) {
            if (slots[at] == hash) return false;
            if (slots[at].low == 0) {
                slots[at] = hash;
                return true;
            }
        }
    }
    bool grow(DistinctState& state) {
        const std::size_t size = state.slots.empty() ? 4 : 2 * state.slots.size();
        if (!account_.try_take(size * sizeof(Hash128))) return false;
        std::vector<Hash128> slots(size);
        for (const Hash128& hash : state.slots) {
            if (hash.low != 0) insert(slots, hash);
        }
        account_.give_back(state.slots.size() * sizeof(Hash128));
        state.slots = std::move(slots);
        return true;
    }
    bool to_registers(DistinctState& state) {
        if (state.registers != nullptr) return true;
        if (!account_.try_take(kRegisters)) return false;
        state.registers = std::make_unique<Registers>();
        state.registers->fill(0);
        for (const Hash128& hash : state.slots) {
            if (hash.low != 0) observe(*state.registers, hash);
        }
        account_.give_back(state.slots.size() * sizeof(Hash128));
        state.slots = {};
        state.count = 0;
        state.decimals.for_each(
            [&](std::int64_t scaled) { observe(*state.registers, hash_decimal(scaled, scale_)); });
        state.decimals.clear(account_);
        return true;
    }
    static void observe(Registers& registers, const Hash128& hash) {
        const std::size_t index = hash.high >> (64 - kRegisterBits);
        const std::uint64_t rest = hash.high << kRegisterBits | (kRegisters - 1);
        const auto rank = static_cast<std::uint8_t>(std::countl_zero(rest) + 1);
        registers[index] = std::max(registers[index], rank);
    }
    /// Flajolet et al. 2007; so many values need neither small- nor large-range correction.
    static double estimate(const Registers& registers) {
        constexpr double kM = static_cast<double>(kRegisters);
        constexpr double kAlpha = 0.7213 / (1 + 1.079 / kM);
        double inverse_sum = 0;
        for (const std::uint8_t rank : registers) inverse_sum += std::ldexp(1.0, -rank);
        return std::round(kAlpha * kM * kM / inverse_sum);
    }

    const std::uint64_t seed_ = next_table_seed();
    std::int8_t scale_ = columnar::kNoScale;  // Of all `decimals`.
};

}  // namespace

std::unique_ptr<Aggregate> make_distinct(columnar::MemoryBudget& budget) {
    return std::make_unique<Distinct>(budget);
}

}  // namespace sky::insights
