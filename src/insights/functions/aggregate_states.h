// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/insights/functions/aggregate_states.h - what the aggregates share; nobody else
              // includes it.

#include <atomic>
#include <memory>

#include "insights/functions/aggregate.h"
#include "insights/functions/exact_sum.h"

namespace sky::insights {

/// Mixes two words; for hash tables.
inline std::uint64_t fold(std::uint64_t a, std::uint64_t b) {
    const auto product = static_cast<Uint128>(a) * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

/// A seed of its own for each table. Were two tables laid out alike, merging one into the other in
/// slot order would fill the beginning first and probe through it again and again.
inline std::uint64_t next_table_seed() {
    static std::atomic<std::uint64_t> tables{0};
    return (tables.fetch_add(1, std::memory_order_relaxed) + 1) * 0x9E3779B97F4A7C15ULL;
}

/// Counts what an aggregate holds and gives it back at the end.
class Account {
public:
    explicit Account(columnar::MemoryBudget& budget) : budget_(&budget) {}
    Account(const Account&) = delete;
    Account& operator=(const Account&) = delete;
    ~Account() { budget_->release(held_); }
    void take(std::uint64_t bytes) {
        budget_->reserve(bytes);
        held_ += bytes;
    }
    bool try_take(std::uint64_t bytes) {
        if (!budget_->try_reserve(bytes)) return false;
        held_ += bytes;
        return true;
    }
    void give_back(std::uint64_t bytes) {
        budget_->release(bytes);
        held_ -= bytes;
    }

private:
    columnar::MemoryBudget* budget_;
    std::uint64_t held_ = 0;
};

/// One state per group in a vector, its bytes counted.
template <class State>
class States : public Aggregate {
public:
    explicit States(columnar::MemoryBudget& budget) : account_(budget) {}
    void resize(std::size_t groups) override {
        if (groups <= states_.size()) return;
        if (groups > states_.capacity()) {
            const std::size_t capacity = std::max(groups, 2 * states_.capacity());
            account_.take((capacity - states_.capacity()) * sizeof(State));
            states_.reserve(capacity);
        }
        states_.resize(groups);
    }
    std::size_t groups() const override { return states_.size(); }

protected:
    std::vector<State> states_;
    Account account_;
};

std::unique_ptr<Aggregate> make_extreme(AggregateKind kind, columnar::MemoryBudget& budget);
std::unique_ptr<Aggregate> make_distinct(columnar::MemoryBudget& budget);
std::unique_ptr<Aggregate> make_percentile(double percentile, columnar::MemoryBudget& budget);
std::unique_ptr<Aggregate> make_rate(double period_ms, columnar::MemoryBudget& budget);
std::unique_ptr<Aggregate> make_histogram(std::size_t ranges, columnar::MemoryBudget& budget);

}  // namespace sky::insights
