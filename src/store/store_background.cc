// SPDX-License-Identifier: Apache-2.0
// StoreImpl: what its own threads do beside the appends: seal, release the log, expire, merge.
#include <algorithm>
#include <chrono>

#include "base/assert.h"
#include "base/log.h"
#include "os/free_memory.h"
#include "os/thread_priority.h"
#include "store/store_impl.h"

namespace sky::store {

bool StoreImpl::memory_pressed() const {
    const std::uint64_t most = memory_->percent(limits::kMemoryFlushPercent);
    const std::uint64_t merging = memory_->used(MemoryUse::kMerges);
    return memory_->used(MemoryUse::kOpenChunks) + memory_->used(MemoryUse::kQueue) >
           std::max(most - std::min(most, merging),
                    memory_->percent(limits::kMemoryOpenPercentLeast));
}

void StoreImpl::wake_flusher() {
    {
        const std::lock_guard lock(flusher_mutex_);
        flush_wanted_ = true;
    }
    flusher_wake_.notify_one();
}

Status StoreImpl::seal(std::uint64_t lsn_below) {
    const Status sealed = live_->seal(lsn_below);
    sealed_ = true;
    disk_full_ = !sealed && sealed.error().code == ErrorCode::kNoSpace;
    return sealed;
}

Result<bool> StoreImpl::release() {
    const std::lock_guard lock(release_mutex_);
    // In this order: what is published later opens its chunk above `published`.
    const std::uint64_t published = published_lsn_.load();
    const std::uint64_t oldest_open = live_->oldest_open_lsn();
    const std::uint64_t released = std::min(published, oldest_open - 1);
    if (released <= released_lsn_) return false;
    // Durable first: a recycled segment may hold records that no later start must look for.
    SKY_TRY(catalog_->set_meta(kReleasedKey, static_cast<std::int64_t>(released)));
    released_lsn_ = released;
    wal_->release(released);
    return true;
}

void StoreImpl::run_flusher() {
    os::step_aside(os::kSealNiceness);
    for (;;) {
        {
            std::unique_lock lock(flusher_mutex_);
            flusher_wake_.wait_for(lock, std::chrono::milliseconds(limits::kFlushTickMs),
                                   [&] { return flush_wanted_ || stop_flusher_; });
            if (stop_flusher_) return;
            flush_wanted_ = false;
        }
        const Status status = flush_due();
        if (!status) {
            log::warn("store.flush_failed", {{"error", status.error().message}});
            // Not at once again: the reason is not gone. Appends are throttled meanwhile.
            std::unique_lock lock(flusher_mutex_);
            flusher_wake_.wait_for(lock, std::chrono::milliseconds(limits::kFlushTickMs),
                                   [&] { return stop_flusher_; });
        }
        keep_house();
    }
}

Status StoreImpl::flush_due() {
    if (memory_pressed()) {
        SKY_TRY(seal(kSealEverything));
    } else if (wal_->pressed() || log_starved_.load()) {
        SKY_TRY(seal(wal_->active_first_lsn()));
    } else if (live_->seal_due() || disk_full_.load()) {
        SKY_TRY(seal(0));
    }
    // A busy group's chunks are sealed before the log is pressed: it goes on in the few segments
    // that it has, and none is made and written full of zeros beside the appends.
    const auto done_at = wal_->first_full_end();
    const bool some_done = done_at && live_->oldest_open_lsn() >= *done_at;
    if (!wal_->pressed() && !log_starved_.load() && !some_done) return {};
    const Result<bool> progress = release();
    log_starved_ = false;
    if (!progress) return std::unexpected(progress.error());
    if (*progress && wal_->pressed()) wake_flusher();  // The log filled again meanwhile.
    return {};
}

void StoreImpl::keep_house() {
    const auto due = [this](std::int64_t& last_ns, std::int64_t every_ms) {
        const std::int64_t now_ns = options_.clock->monotonic_ns();
        if (now_ns - last_ns < every_ms * 1'000'000) return false;
        last_ns = now_ns;
        return true;
    };
    if (due(expired_ns_, limits::kExpireEveryMs)) {
        const Status expired = expire();
        if (!expired) log::warn("store.expire_failed", {{"error", expired.error().message}});
    }
    if (due(usage_ns_, limits::kKeyUsageEveryMs)) write_key_usage();
    // Rows are copied by one thread and let go by another; what lies free between others' adds up.
    if (due(given_back_ns_, limits::kGiveBackEveryMs) && sealed_.exchange(false))
        os::return_free_memory();
    if (!ballast_.held() && due(ballast_ns_, limits::kBallastEveryMs)) ballast_.make();
}

void StoreImpl::run_merger(bool urgent) {
    os::step_aside(urgent ? os::kSealNiceness : os::kMergeNiceness);
    for (;;) {
        {
            std::unique_lock lock(merger_mutex_);
            merger_wake_.wait_for(lock, std::chrono::milliseconds(limits::kFlushTickMs),
                                  [&] { return stop_mergers_.load(); });
            if (stop_mergers_) return;
        }
        merge_due(urgent);
    }
}

void StoreImpl::merge_due(bool urgent) {
    while (!stop_mergers_ && (!urgent || live_->merge_debt_is_soft())) {
        const Result<bool> merged = live_->merge(stop_mergers_);
        if (!merged) log::warn("store.merge_failed", {{"error", merged.error().message}});
        if (!merged || !*merged) return;
    }
}

void StoreImpl::step(BackgroundTask task) {
    SKY_ASSERT(options_.background == Background::kStepped, "else threads do it");
    switch (task) {
        case BackgroundTask::kCommit:
            static_cast<void>(commit_waiting());
            break;
        case BackgroundTask::kFlush:
            if (const Status status = flush_due(); !status)
                log::warn("store.flush_failed", {{"error", status.error().message}});
            keep_house();
            break;
        case BackgroundTask::kSpareSegment:
            wal_->make_spare();
            break;
        case BackgroundTask::kMerge:
            if (const auto merged = live_->merge(stop_mergers_); !merged)
                log::warn("store.merge_failed", {{"error", merged.error().message}});
            break;
    }
}

// Worth a warning, no more: the times are told to people, nothing depends on them.
void StoreImpl::write_key_usage() {
    const Status written = catalog_->write_key_usage();
    if (!written) log::warn("store.key_usage_failed", {{"error", written.error().message}});
}

Status StoreImpl::flush() {
    SKY_TRY(seal(kSealEverything));
    static_cast<void>(SKY_TRY(release()));
    return {};
}

Status StoreImpl::expire() {
    std::uint64_t released = 0;
    {
        const std::lock_guard lock(release_mutex_);
        released = released_lsn_;
    }
    const WalExtent extent{.oldest_lsn = released + 1, .next_lsn = wal_->next_lsn()};
    return ballast_.with_space([&] { return live_->expire(extent); });
}

}  // namespace sky::store
