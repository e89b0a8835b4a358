// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/http/fair_queue.h - a bounded queue whose tenants take turns.

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "http/limits.h"

namespace sky::http {

/// Deficit round robin (Shreedhar and Varghese): each turn gives a tenant limits::kTurnBytes to
/// spend, and what it cannot spend yet is kept for its next turn; within a tenant first come, first
/// served. A tenant may wait with as many items as there are free places, so a flood never fills
/// the queue (dynamic thresholds, Choudhury and Hahne).
/// Threads: every member may be called from any thread.
template <class T>
class FairQueue {
public:
    explicit FairQueue(std::size_t capacity) : capacity_(capacity) {}

    /// False when there is no place for this tenant or the queue is closed; `item` is untouched
    /// then. `cost` is in bytes.
    bool try_push(std::string_view tenant, std::uint64_t cost, T&& item) {
        {
            const std::lock_guard lock(mutex_);
            if (closed_ || size_ >= capacity_) return false;
            auto at = tenants_.find(std::string(tenant));
            if (at != tenants_.end() && at->second.items.size() >= capacity_ - size_) return false;
            if (at == tenants_.end()) {
                at = tenants_.emplace(std::string(tenant), Tenant{}).first;
                turns_.push_back(&*at);
            }
            at->second.items.push_back({std::max(cost, limits::kRequestBytesMin), std::move(item)});
            ++size_;
        }
        not_empty_.notify_one();
        return true;
    }

    /// Waits for an item; nullopt once the queue is closed and empty.
    std::optional<T> pop() {
        std::unique_lock lock(mutex_);
        not_empty_.wait(lock, [&] { return closed_ || size_ > 0; });
        if (size_ == 0) return std::nullopt;
        for (;;) {
            auto* const entry = turns_.front();
            Tenant& tenant = entry->second;
            if (tenant.credit < tenant.items.front().cost) {
                tenant.credit += limits::kTurnBytes;
                turns_.splice(turns_.end(), turns_, turns_.begin());
                continue;
            }
            tenant.credit -= tenant.items.front().cost;
            std::optional<T> item(std::move(tenant.items.front().item));
            tenant.items.pop_front();
            --size_;
            if (tenant.items.empty()) {  // Who comes back later brings no credit along.
                turns_.pop_front();
                tenants_.erase(entry->first);
            }
            return item;
        }
    }

    /// Refuses new items; consumers drain what is left.
    void close() {
        {
            const std::lock_guard lock(mutex_);
            closed_ = true;
        }
        not_empty_.notify_all();
    }

    std::size_t size() const {
        const std::lock_guard lock(mutex_);
        return size_;
    }

private:
    struct Item {
        std::uint64_t cost;
        T item;
    };
    struct Tenant {
        std::deque<Item> items;
        std::uint64_t credit = 0;
    };
    using Tenants = std::unordered_map<std::string, Tenant>;

    const std::size_t capacity_;
    mutable std::mutex mutex_;
    std::condition_variable not_empty_;
    Tenants tenants_;  // Those with items.
    std::list<typename Tenants::value_type*> turns_;
    std::size_t size_ = 0;
    bool closed_ = false;
};

}  // namespace sky::http
