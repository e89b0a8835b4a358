// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/store/store_impl.h - what the parts of the store share: store.cc (start,
              // append, end), store_background.cc, store_backup.cc.

#include <atomic>
#include <condition_variable>
#include <limits>
#include <mutex>
#include <optional>
#include <thread>

#include "os/fs.h"
#include "store/account_shares.h"
#include "store/ballast.h"
#include "store/batch_record.h"
#include "store/guarded_catalog.h"
#include "store/limits.h"
#include "store/live_data.h"
#include "store/memory_budget.h"
#include "store/sqlite_catalog.h"
#include "store/store.h"
#include "store/wal.h"

namespace sky::store {

inline constexpr std::string_view kReleasedKey = "wal_released_lsn";
/// For LiveData::seal(): every chunk.
inline constexpr std::uint64_t kSealEverything = std::numeric_limits<std::uint64_t>::max();

/// One append() on its way through the committer.
struct Pending {
    PreparedBatch batch;
    EncodedBatch encoded;
    std::uint64_t memory_bytes = 0;
    Store::Done done;
};

class StoreImpl final : public Store {
public:
    explicit StoreImpl(const StoreOptions& options)
        : options_(options),
          memory_(std::make_shared<MemoryBudget>(options.memory_bytes)),
          ballast_(*options.fs, options.directory + "/ballast", options.ballast_bytes) {}
    ~StoreImpl() override { stop_threads(); }

    Status start();

    Catalog& catalog() override { return *guarded_catalog_; }
    void append(const AppendBatch& batch, Done done) override;
    void set_follower(Follower* follower) override {
        const std::lock_guard lock(follower_mutex_);
        follower_ = follower;
    }
    std::shared_ptr<const Snapshot> snapshot(GroupId group) const override {
        return live_->snapshot(group, options_.clock->now_ms());
    }
    std::uint64_t stored_bytes(GroupId group) const override {
        return live_->stored_bytes(group, options_.clock->now_ms());
    }
    Status flush() override;
    Status expire() override;
    Result<BackupSummary> backup(const std::string& directory) override;
    Status close() override;
    StoreStats stats() const override;
    void step(BackgroundTask task) override;

private:
    // Start
    Status recover();
    Status replay(const WalRecord& record);
    Status quarantine(const WalRecord& record);

    // The committer's thread
    void run_committer();
    bool commit_waiting();
    void commit(std::vector<Pending>& taken);
    /// The pieces of a batch that the follower is told of once they are visible.
    struct Follow {
        GroupId group = 0;
        std::vector<std::shared_ptr<const MiniBatch>> pieces;
    };
    Follow follow_of(const PreparedBatch& batch);
    void tell(const Follow& follow);

    // The flusher's thread
    void run_flusher();
    Status flush_due();
    void keep_house();
    void wake_flusher();
    void write_key_usage();

    // The mergers' threads
    void run_merger(bool urgent);
    void merge_due(bool urgent);
    Status seal(std::uint64_t lsn_below);
    /// Whether anything was released.
    Result<bool> release();

    Status admit(const AppendBatch& batch);
    Status admit_to_memory(const AppendBatch& batch);
    /// Enough for a flush to be worth it: half of the budget, less what a merge uses of it.
    bool memory_pressed() const;
    Error throttled(const char* what) const;
    void stop_threads();

    const StoreOptions options_;
    const std::shared_ptr<MemoryBudget> memory_;
    Ballast ballast_;
    std::unique_ptr<os::FileLock> lock_;
    std::shared_ptr<SqliteCatalog> catalog_;
    std::unique_ptr<GuardedCatalog> guarded_catalog_;
    std::unique_ptr<LiveData> live_;
    std::unique_ptr<Wal> wal_;

    std::mutex queue_mutex_;
    std::condition_variable queue_changed_;
    std::vector<Pending> queue_;
    bool closing_ = false;         // No new batches.
    bool stop_committer_ = false;  // Leave once the queue is empty.

    std::uint64_t next_sequence_ = 1;               // The committer's own.
    std::atomic<std::uint64_t> published_lsn_ = 0;  // Everything up to it is visible (or deleted).
    std::atomic<bool> disk_full_ = false;           // The last seal failed for want of space.

    std::atomic<bool> sealed_ = false;       // Since memory was last given back.
    std::atomic<bool> log_starved_ = false;  // A commit found no segment to write to.

    std::mutex release_mutex_;
    std::uint64_t released_lsn_ = 0;

    std::mutex flusher_mutex_;
    std::condition_variable flusher_wake_;
    bool flush_wanted_ = false, stop_flusher_ = false;
    std::int64_t expired_ns_ = 0, ballast_ns_ = 0, given_back_ns_ = 0,
                 usage_ns_ = 0;  // The flusher's own: when it last did these.

    // Merges. Two threads, because one that stepped aside cannot come back: the second works only
    // while merges are behind.
    std::mutex merger_mutex_;
    std::condition_variable merger_wake_;
    std::atomic<bool> stop_mergers_ = false;

    AccountShares shares_;
    std::atomic<bool> memory_short_ = false;  // Whether shares_ counts.

    std::atomic<std::uint64_t> events_appended_ = 0, batches_appended_ = 0;
    std::uint64_t corrupt_wal_records_ = 0;  // Set by start() alone.

    std::mutex follower_mutex_;
    Follower* follower_ = nullptr;

    std::mutex close_mutex_;
    std::optional<Status> closed_;

    std::thread committer_, flusher_, merger_, urgent_merger_;
};

}  // namespace sky::store
