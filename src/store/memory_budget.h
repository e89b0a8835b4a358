// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/store/memory_budget.h - the one place that knows what the store's memory is
              // used for.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace sky::store {

enum class MemoryUse : std::uint8_t {
    kOpenChunks,  // Rows that no segment holds yet.
    kQueue,       // Batches that wait for the committer.
    kSeals,       // Chunks that are being encoded.
    kMerges,      // Segments that are being read, put together and encoded.
    kFooters,     // Of open segments, and the heads of their blocks.
};
inline constexpr std::size_t kMemoryUses = 5;

/// What is held, by use. Work is charged before it begins, by an upper bound.
/// Threads: any.
class MemoryBudget {
public:
    explicit MemoryBudget(std::uint64_t limit_bytes) : limit_(limit_bytes) {}
    MemoryBudget(const MemoryBudget&) = delete;
    MemoryBudget& operator=(const MemoryBudget&) = delete;

    std::uint64_t limit() const { return limit_; }
    std::uint64_t percent(std::uint64_t share) const { return limit_ / 100 * share; }
    std::uint64_t used(MemoryUse use) const { return of(use).load(); }
    std::uint64_t used() const {
        std::uint64_t sum = 0;
        for (const auto& bytes : used_) sum += bytes.load();
        return sum;
    }
    void add(MemoryUse use, std::uint64_t bytes) { of(use) += bytes; }
    void remove(MemoryUse use, std::uint64_t bytes) { of(use) -= bytes; }
    void set(MemoryUse use, std::uint64_t bytes) { of(use) = bytes; }

private:
    std::atomic<std::uint64_t>& of(MemoryUse use) { return used_[static_cast<std::size_t>(use)]; }
    const std::atomic<std::uint64_t>& of(MemoryUse use) const {
        return used_[static_cast<std::size_t>(use)];
    }

    const std::uint64_t limit_;
    std::array<std::atomic<std::uint64_t>, kMemoryUses> used_{};
};

/// Charged while it lives.
class MemoryCharge {
public:
    MemoryCharge(MemoryBudget& budget, MemoryUse use, std::uint64_t bytes)
        : budget_(budget), use_(use), bytes_(bytes) {
        budget_.add(use_, bytes_);
    }
    ~MemoryCharge() { budget_.remove(use_, bytes_); }
    MemoryCharge(const MemoryCharge&) = delete;
    MemoryCharge& operator=(const MemoryCharge&) = delete;

private:
    MemoryBudget& budget_;
    const MemoryUse use_;
    const std::uint64_t bytes_;
};

/// Rows and bytes of text of one chunk, at most.
struct ChunkLimits {
    std::size_t rows, bytes;
};

/// Upper bounds of what so much needs: as rows in memory; to be encoded, beside its rows.
std::uint64_t rows_memory(std::uint64_t rows, std::uint64_t text_bytes);
std::uint64_t encode_memory(std::uint64_t rows, std::uint64_t text_bytes);
/// To seal a chunk: its rows folded, and encoded.
std::uint64_t seal_memory(std::uint64_t rows, std::uint64_t text_bytes);
/// To merge into a chunk: the rows that were read, one segment more, all of it folded, and encoded.
std::uint64_t merge_memory(std::uint64_t rows, std::uint64_t text_bytes);

/// The chunks that a store with this budget seals, and those that it merges into: kChunkRowsMax and
/// kChunkBytesMax, less where making such a chunk would take more than its share
/// (limits::kChunkMemoryPercent).
ChunkLimits sealed_chunk_limits(std::uint64_t memory_bytes);
ChunkLimits merged_chunk_limits(std::uint64_t memory_bytes);

}  // namespace sky::store
