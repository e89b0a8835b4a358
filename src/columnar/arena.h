// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/columnar/arena.h - bump allocation for one batch, counted against a query's
              // budget.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

namespace sky::columnar {

/// Memory that is held for convenience: given back before anything fails for want of it.
class MemoryReserve {
public:
    virtual ~MemoryReserve() = default;
    /// Gives at least so many bytes back to the pool, or all it has that nobody uses.
    virtual void free_up(std::uint64_t bytes) = 0;
};

/// Bytes that all queries together may hold. Threads: any.
class MemoryPool {
public:
    explicit MemoryPool(std::uint64_t bytes_max) : bytes_max_(bytes_max) {}
    MemoryPool(const MemoryPool&) = delete;
    MemoryPool& operator=(const MemoryPool&) = delete;

    /// Once, before anything is taken. `reserve` outlives the last take().
    void fall_back_on(MemoryReserve& reserve) { reserve_ = &reserve; }
    /// Takes the bytes in any case; false when the sum is beyond the maximum.
    bool take(std::uint64_t bytes) {
        const std::uint64_t used = used_.fetch_add(bytes, std::memory_order_relaxed) + bytes;
        std::uint64_t most = most_.load(std::memory_order_relaxed);
        while (used > most && !most_.compare_exchange_weak(most, used, std::memory_order_relaxed)) {
        }
        if (used <= bytes_max_) return true;
        if (reserve_ == nullptr) return false;
        reserve_->free_up(used - bytes_max_);
        return used_.load(std::memory_order_relaxed) <= bytes_max_;
    }
    void give(std::uint64_t bytes) { used_.fetch_sub(bytes, std::memory_order_relaxed); }
    std::uint64_t used() const { return used_.load(std::memory_order_relaxed); }
    /// The largest that used() has been.
    std::uint64_t most() const { return most_.load(std::memory_order_relaxed); }
    std::uint64_t bytes_max() const { return bytes_max_; }

private:
    const std::uint64_t bytes_max_;
    MemoryReserve* reserve_ = nullptr;
    std::atomic<std::uint64_t> used_{0}, most_{0};
};

/// Bytes that one query may hold, of its own and of a pool's. Threads: every member may be called
/// from any thread.
class MemoryBudget {
public:
    /// `pool`, if any, outlives the budget.
    explicit MemoryBudget(std::uint64_t bytes_max, MemoryPool* pool = nullptr)
        : bytes_max_(bytes_max), pool_(pool) {}
    ~MemoryBudget() {
        if (pool_ != nullptr) pool_->give(used());
    }
    MemoryBudget(const MemoryBudget&) = delete;
    MemoryBudget& operator=(const MemoryBudget&) = delete;

    /// False, and nothing taken, when the sum would pass the maximum, or the pool's.
    bool try_reserve(std::uint64_t bytes) {
        std::uint64_t used = used_.load(std::memory_order_relaxed);
        do {
            if (bytes > bytes_max_ || used > bytes_max_ - bytes) {
                exhausted_.store(true, std::memory_order_relaxed);
                return false;
            }
        } while (!used_.compare_exchange_weak(used, used + bytes, std::memory_order_relaxed));
        if (pool_ != nullptr && !pool_->take(bytes)) {
            release(bytes);
            exhausted_.store(true, std::memory_order_relaxed);
            return false;
        }
        return true;
    }
    /// Takes the bytes even beyond the maximum and remembers it in exhausted(): for allocations
    /// that a batch bounds (a few words a row), where the caller looks at exhausted() once a batch.
    void reserve(std::uint64_t bytes) {
        const std::uint64_t used = used_.fetch_add(bytes, std::memory_order_relaxed) + bytes;
        const bool fits = pool_ == nullptr || pool_->take(bytes);
        if (used > bytes_max_ || !fits) exhausted_.store(true, std::memory_order_relaxed);
    }
    void release(std::uint64_t bytes) {
        used_.fetch_sub(bytes, std::memory_order_relaxed);
        if (pool_ != nullptr) pool_->give(bytes);
    }
    /// True once a reservation met the maximum; the query must end with kLimitExceeded.
    bool exhausted() const { return exhausted_.load(std::memory_order_relaxed); }
    /// For a query that has given back what it held and tries again with less.
    void forget_exhaustion() { exhausted_.store(false, std::memory_order_relaxed); }
    std::uint64_t used() const { return used_.load(std::memory_order_relaxed); }
    std::uint64_t bytes_max() const { return bytes_max_; }

private:
    const std::uint64_t bytes_max_;
    MemoryPool* const pool_;
    std::atomic<std::uint64_t> used_{0};
    std::atomic<bool> exhausted_{false};
};

/// Memory that lives until reset(). Only trivially destructible things are put here.
/// Threads: one at a time.
class Arena {
public:
    /// `budget` outlives the arena. The first block has so many bytes, later ones more.
    explicit Arena(MemoryBudget& budget, std::size_t first_block_bytes = kBlockBytes)
        : budget_(&budget), first_block_bytes_(first_block_bytes) {}
    Arena(const Arena&) = delete;
    Arena& operator=(const Arena&) = delete;
    ~Arena() { budget_->release(held_bytes_); }

    /// Uninitialised room for `count` values; for allocations of a few words a row. Never null.
    template <class T>
    T* array(std::size_t count) {
        static_assert(std::is_trivially_destructible_v<T>);
        // NOLINTNEXTLINE(bugprone-sizeof-expression): T may well be a pointer.
        return static_cast<T*>(take(count * sizeof(T), Growth::kBounded));
    }
    template <class T, class... Args>
    T* make(Args&&... args) {
        static_assert(std::is_trivially_destructible_v<T>);
        return ::new (take(sizeof(T), Growth::kBounded)) T(std::forward<Args>(args)...);
    }
    /// Room for text whose size a query can make grow without bound (concat, replace); null when
    /// the budget has no room for it.
    char* try_text(std::size_t bytes) {
        return static_cast<char*>(take(bytes, Growth::kRefusable));
    }

    /// Forgets everything and keeps one block for the next batch.
    void reset() {
        if (blocks_.size() > 1) {
            std::size_t kept = 0;
            for (std::size_t i = 1; i < blocks_.size(); ++i) {
                if (blocks_[i].bytes > blocks_[kept].bytes) kept = i;
            }
            Block block = std::move(blocks_[kept]);
            blocks_.clear();
            budget_->release(held_bytes_ - block.bytes);
            held_bytes_ = block.bytes;
            blocks_.push_back(std::move(block));
        }
        used_ = 0;
    }
    MemoryBudget& budget() { return *budget_; }
    std::uint64_t held_bytes() const { return held_bytes_; }

    static constexpr std::size_t kBlockBytes = 256 << 10;  // One batch of a simple query fits.

private:
    enum class Growth : std::uint8_t { kBounded, kRefusable };
    static constexpr std::size_t kAlign = 16;
    struct Block {
        std::unique_ptr<std::byte[]> data;
        std::size_t bytes;
    };

    void* take(std::size_t bytes, Growth growth) {
        bytes = (bytes + kAlign - 1) / kAlign * kAlign;
        if (blocks_.empty() || blocks_.back().bytes - used_ < bytes) {
            const std::size_t doubled =
                blocks_.empty() ? first_block_bytes_ : blocks_.back().bytes * 2;
            std::size_t block_bytes = doubled < kBlockBytesMax ? doubled : kBlockBytesMax;
            if (block_bytes < bytes) block_bytes = bytes;
            if (growth == Growth::kRefusable) {
                if (!budget_->try_reserve(block_bytes)) return nullptr;
            } else {
                budget_->reserve(block_bytes);
            }
            blocks_.push_back(
                {std::make_unique_for_overwrite<std::byte[]>(block_bytes), block_bytes});
            held_bytes_ += block_bytes;
            used_ = 0;
        }
        void* const out = blocks_.back().data.get() + used_;
        used_ += bytes;
        return out;
    }

    static constexpr std::size_t kBlockBytesMax = 4 << 20;
    MemoryBudget* budget_;
    std::size_t first_block_bytes_;
    std::vector<Block> blocks_;
    std::size_t used_ = 0;  // Of the last block.
    std::uint64_t held_bytes_ = 0;
};

}  // namespace sky::columnar
