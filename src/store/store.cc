// SPDX-License-Identifier: Apache-2.0
#include "store/store.h"

#include <future>

#include "base/assert.h"
#include "base/log.h"
#include "base/time.h"
#include "store/segment_limits.h"
#include "store/store_impl.h"

namespace sky::store {
namespace {

std::unexpected<Error> closing_error() {
    return fail(ErrorCode::kUnavailable, "the store is closing");
}

Status check_options(const StoreOptions& options) {
    SKY_ASSERT(options.fs != nullptr && options.clock != nullptr && options.random != nullptr,
               "the caller passes its file system, clock and randomness");
    if (options.wal_segment_bytes % limits::kWalBlockBytes != 0 ||
        options.wal_segment_bytes < limits::kWalSegmentBytesMin ||
        options.wal_segment_bytes > limits::kWalSegmentBytesMax)
        return fail(ErrorCode::kInvalidArgument,
                    "wal_segment_bytes must be a multiple of 4096 from 16 KiB to 1 GiB: " +
                        std::to_string(options.wal_segment_bytes));
    return {};
}

/// What append() asks of a batch; logs/ has already checked AWS's own limits.
Status check_batch(const AppendBatch& batch) {
    if (batch.events.empty())
        return fail(ErrorCode::kInvalidArgument, "a batch has at least one event");
    if (batch.events.size() > limits::kRecordRowsMax)
        return fail(ErrorCode::kInvalidArgument,
                    "too many events in one batch: " + std::to_string(batch.events.size()));
    std::uint64_t bytes = 0;
    std::int64_t before = std::numeric_limits<std::int64_t>::min();
    for (const Event& event : batch.events) {
        if (event.timestamp_ms < before)
            return fail(ErrorCode::kInvalidArgument, "events of a batch must ascend by time");
        before = event.timestamp_ms;
        bytes += event.message.size();
    }
    if (bytes > limits::kRecordTextBytesMax)
        return fail(ErrorCode::kInvalidArgument,
                    "too much text in one batch: " + std::to_string(bytes) + " bytes");
    return {};
}

}  // namespace

// Start ------------------------------------------------------------------------------------------

Status StoreImpl::start() {
    os::Fs& fs = *options_.fs;
    SKY_TRY(check_options(options_));
    SKY_TRY(os::make_directories(fs, options_.directory));
    auto lock = fs.lock(options_.directory + "/LOCK");
    if (!lock && lock.error().code == ErrorCode::kUnavailable)
        return fail(ErrorCode::kUnavailable,
                    "another skywatch process is using this data directory: " + options_.directory);
    if (!lock) return std::unexpected(lock.error());
    lock_ = *std::move(lock);
    SKY_TRY(os::make_directories(fs, options_.directory + "/wal"));
    catalog_ = SKY_TRY(SqliteCatalog::open(fs, options_.directory + "/catalog.sqlite"));
    guarded_catalog_ = std::make_unique<GuardedCatalog>(catalog_, ballast_);
    live_ = SKY_TRY(LiveData::open(
        {.fs = &fs,
         .directory = options_.directory,
         .clock = options_.clock,
         .catalog = catalog_,
         .merge_fan = options_.merge_fan != 0 ? options_.merge_fan : limits::kMergeFan,
         .memory = memory_}));
    SKY_TRY(recover());
    ballast_.make();
    expired_ns_ = ballast_ns_ = given_back_ns_ = usage_ns_ = options_.clock->monotonic_ns();
    if (options_.background == Background::kThreads) {
        committer_ = std::thread([this] { run_committer(); });
        flusher_ = std::thread([this] { run_flusher(); });
        merger_ = std::thread([this] { run_merger(false); });
        urgent_merger_ = std::thread([this] { run_merger(true); });
    }
    return {};
}

Status StoreImpl::recover() {
    released_lsn_ = static_cast<std::uint64_t>(catalog_->meta(kReleasedKey).value_or(0));
    // Of every segment that ever was: a number is not used again after its file has expired.
    next_sequence_ = std::max(next_sequence_, catalog_->sequence_max() + 1);
    // Twice the open chunks' share, so that the log never forces small files (store.md 2.2).
    const std::uint64_t open_budget = options_.memory_bytes * limits::kMemoryFlushPercent / 100;
    const WalOptions wal_options{
        .fs = options_.fs,
        .directory = options_.directory + "/wal",
        .random = options_.random,
        .segment_bytes = options_.wal_segment_bytes,
        .total_bytes_max = std::min(limits::kWalTotalBytesMax, 2 * open_budget),
        .full_wait_ms = limits::kWalFullWaitMs,
        .released_lsn = released_lsn_,
        .lsn_floor = std::max(released_lsn_, catalog_->flushed_lsn_max()) + 1,
        .background = options_.background};
    wal_ =
        SKY_TRY(Wal::open(wal_options, [this](const WalRecord& record) { return replay(record); }));
    const WalRecovery& found = wal_->recovery();
    next_sequence_ = std::max(next_sequence_, found.next_sequence);
    published_lsn_ = wal_->next_lsn() - 1;
    for (const WalLostRange& range : found.lost)
        corrupt_wal_records_ += range.last_lsn - range.first_lsn + 1;
    corrupt_wal_records_ += found.damaged_headers.size();
    if (found.records > 0 || found.torn)
        log::info("store.recovered", {{"records", found.records},
                                      {"bytes", found.bytes},
                                      {"torn_tail", found.torn},
                                      {"next_lsn", wal_->next_lsn()}});
    return {};
}

Status StoreImpl::replay(const WalRecord& record) {
    if (record.kind == WalRecordKind::kClean) return {};
    if (record.kind != WalRecordKind::kBatch || record.version != kBatchRecordVersion)
        return fail(ErrorCode::kUnavailable, "WAL record of a newer format: kind " +
                                                 std::to_string(static_cast<int>(record.kind)) +
                                                 " version " + std::to_string(record.version));
    const auto batch = decode_batch(record.payload);
    if (!batch) {
        // Its checksum holds, so it was written like this: never acknowledged data to drop.
        ++corrupt_wal_records_;
        log::error("store.record_unreadable",
                   {{"lsn", record.lsn}, {"error", batch.error().message}});
        return quarantine(record);
    }
    next_sequence_ = std::max(next_sequence_, record.first_sequence + batch->events.size());
    const IdState group = catalog_->group_state(batch->group);
    const IdState stream = catalog_->stream_state(batch->stream);
    if (group == IdState::kDeleted || stream == IdState::kDeleted) return {};
    if (group == IdState::kUnknown || stream == IdState::kUnknown) {
        log::error("store.unknown_id",
                   {{"lsn", record.lsn}, {"group", batch->group}, {"stream", batch->stream}});
        return quarantine(record);
    }
    // Most records of a busy group are in segments already: not even copied then.
    const std::int64_t day = day_of_ms(batch->events.front().timestamp_ms);
    if (day == day_of_ms(batch->events.back().timestamp_ms) &&
        record.lsn <= catalog_->flushed_lsn(batch->group, day))
        return {};
    const Status published = live_->publish({.group = batch->group,
                                             .stream = batch->stream,
                                             .ingestion_ms = batch->ingestion_ms,
                                             .events = batch->events},
                                            record.first_sequence, record.lsn);
    if (!published && published.error().code != ErrorCode::kNotFound) return published;
    const bool memory_full = memory_->used() > memory_->percent(limits::kMemoryThrottlePercent);
    if (memory_full || live_->seal_due()) {
        // Bounds memory. A full disk is no reason not to start: the rows stay in the log.
        const Status sealed = live_->seal(memory_full ? kSealEverything : 0);
        if (!sealed)
            log::warn("store.seal_during_recovery_failed", {{"error", sealed.error().message}});
    }
    return {};
}

Status StoreImpl::quarantine(const WalRecord& record) {
    os::Fs& fs = *options_.fs;
    const std::string directory = options_.directory + "/quarantine";
    SKY_TRY(os::make_directories(fs, directory));
    const auto names = SKY_TRY(fs.list(directory));
    if (names.size() >= limits::kQuarantineFilesMax)
        return fail(ErrorCode::kLimitExceeded, "quarantine is full, look into it: " + directory);
    return os::write_file_durably(fs, directory + "/" + std::to_string(record.lsn) + ".record",
                                  record.payload);
}

// Append -----------------------------------------------------------------------------------------

Error StoreImpl::throttled(const char* what) const {
    if (disk_full_.load())
        return {ErrorCode::kNoSpace, "the disk is full; nothing more can be stored"};
    return {ErrorCode::kThrottled, what};
}

Status StoreImpl::admit(const AppendBatch& batch) {
    if (wal_->read_only())
        return fail(ErrorCode::kUnavailable,
                    "the store is read-only: its log could not be written");
    SKY_TRY(check_batch(batch));
    if (catalog_->group_state(batch.group) != IdState::kLive)
        return fail(ErrorCode::kNotFound, "no such log group: " + std::to_string(batch.group));
    if (catalog_->stream_state(batch.stream) != IdState::kLive)
        return fail(ErrorCode::kNotFound, "no such log stream: " + std::to_string(batch.stream));
    if (live_->merge_debt_is_hard())
        return std::unexpected(throttled("too much waits to be merged"));
    return admit_to_memory(batch);
}

Status StoreImpl::admit_to_memory(const AppendBatch& batch) {
    const std::uint64_t used = memory_->used();
    if (used <= memory_->percent(limits::kMemoryFlushPercent)) {
        if (memory_short_.exchange(false)) shares_.relax();
        return {};
    }
    memory_short_ = true;
    const auto group = catalog_->find_group(batch.group);
    const std::string account = group ? group->tenant.account : std::string();
    const bool below_average = shares_.below_average(account);
    if (used > memory_->percent(limits::kMemoryThrottlePercent))
        return std::unexpected(throttled("open chunks fill the memory budget until a flush ends"));
    if (!below_average && used > memory_->percent(limits::kMemorySharePercent))
        return std::unexpected(throttled(
            "open chunks fill the memory budget but for what is kept for other accounts"));
    std::uint64_t bytes = 0;
    for (const auto& event : batch.events) bytes += event.message.size();
    shares_.admitted(account, bytes);
    return {};
}

void StoreImpl::append(const AppendBatch& batch, Done done) {
    if (const Status admitted = admit(batch); !admitted) {
        wake_flusher();
        return done(admitted);
    }
    Pending pending;
    pending.batch = prepare(batch);
    pending.encoded = encode_batch(pending.batch);
    pending.done = std::move(done);
    if (pending.encoded.payload_bytes > wal_->record_bytes_max())
        return pending.done(fail(ErrorCode::kInvalidArgument,
                                 "batch does not fit a log segment: " +
                                     std::to_string(pending.encoded.payload_bytes) + " bytes"));
    pending.memory_bytes = pending.encoded.head.capacity();
    for (const auto& part : pending.batch.parts) pending.memory_bytes += part.rows->memory_bytes;
    const std::uint64_t bytes = pending.memory_bytes;
    Status refused;
    {
        const std::lock_guard lock(queue_mutex_);
        if (closing_) {
            refused = closing_error();
        } else if (queue_.size() >= limits::kAppendQueueBatchesMax ||
                   memory_->used(MemoryUse::kQueue) + bytes > limits::kAppendQueueBytesMax) {
            refused = std::unexpected(throttled("too many batches wait for the disk"));
        } else {
            memory_->add(MemoryUse::kQueue, bytes);
            queue_.push_back(std::move(pending));
        }
    }
    // NOLINTNEXTLINE(bugprone-use-after-move): a refused batch was not moved.
    if (!refused) return pending.done(refused);
    queue_changed_.notify_one();
}

void StoreImpl::run_committer() {
    for (;;) {
        {
            std::unique_lock lock(queue_mutex_);
            queue_changed_.wait(lock, [&] { return stop_committer_ || !queue_.empty(); });
        }
        if (!commit_waiting()) return;
    }
}

/// False when no batch waited.
bool StoreImpl::commit_waiting() {
    std::vector<Pending> taken;
    {
        const std::lock_guard lock(queue_mutex_);
        taken.swap(queue_);
    }
    if (taken.empty()) return false;
    commit(taken);
    return true;
}

void StoreImpl::commit(std::vector<Pending>& taken) {
    std::vector<std::span<const std::byte>> parts;
    std::vector<WalEntry> entries(taken.size());
    std::vector<std::size_t> first_part(taken.size());
    std::uint64_t sequence = next_sequence_;
    for (std::size_t i = 0; i < taken.size(); ++i) {
        const Pending& pending = taken[i];
        first_part[i] = parts.size();
        payload_parts(pending.encoded, pending.batch, parts);
        entries[i].version = kBatchRecordVersion;
        entries[i].first_sequence = sequence;
        entries[i].payload_bytes = pending.encoded.payload_bytes;
        entries[i].payload_crc = pending.encoded.payload_crc;
        sequence += pending.batch.rows;
    }
    for (std::size_t i = 0; i < taken.size(); ++i) {
        const std::size_t end = i + 1 < taken.size() ? first_part[i + 1] : parts.size();
        entries[i].parts = std::span(parts).subspan(first_part[i], end - first_part[i]);
    }

    std::size_t at = 0;
    while (at < entries.size()) {
        const auto written =
            wal_->commit(std::span(entries).subspan(at), entries[at].first_sequence);
        if (!written) {
            log_starved_ = written.error().code == ErrorCode::kThrottled ||
                           written.error().code == ErrorCode::kNoSpace;
            wake_flusher();
            for (; at < taken.size(); ++at) {
                memory_->remove(MemoryUse::kQueue, taken[at].memory_bytes);
                const Error& error = written.error();
                taken[at].done(std::unexpected(error.code == ErrorCode::kThrottled
                                                   ? throttled(error.message.c_str())
                                                   : error));
            }
            break;
        }
        // Numbers of a failed group are not used again in this run: it may come back after a crash.
        for (const std::size_t end = at + *written; at < end; ++at) {
            Pending& pending = taken[at];
            const std::uint64_t rows = pending.batch.rows;
            number(pending.batch, entries[at].first_sequence, entries[at].lsn);
            const Follow follow = follow_of(pending.batch);
            const Status published = live_->publish(std::move(pending.batch));
            if (published) {
                events_appended_ += rows;
                ++batches_appended_;
            }
            memory_->remove(MemoryUse::kQueue, pending.memory_bytes);
            published_lsn_ = entries[at].lsn;
            pending.done(published);
            if (published) tell(follow);
        }
    }
    next_sequence_ = sequence;
    if (live_->seal_due() || wal_->pressed() || memory_pressed()) wake_flusher();
}

StoreImpl::Follow StoreImpl::follow_of(const PreparedBatch& batch) {
    Follow follow{batch.group, {}};
    const std::lock_guard lock(follower_mutex_);
    if (follower_ == nullptr || !follower_->follows(batch.group)) return follow;
    for (const PreparedBatch::Part& part : batch.parts) follow.pieces.push_back(part.rows);
    return follow;
}

void StoreImpl::tell(const Follow& follow) {
    if (follow.pieces.empty()) return;
    const std::lock_guard lock(follower_mutex_);
    if (follower_ == nullptr) return;
    for (const auto& piece : follow.pieces)
        follower_->published(follow.group, {piece, &piece->rows});
}

// End --------------------------------------------------------------------------------------------

void StoreImpl::stop_threads() {
    {
        const std::lock_guard lock(queue_mutex_);
        closing_ = true;
        stop_committer_ = true;
    }
    queue_changed_.notify_all();
    if (committer_.joinable()) committer_.join();
    if (options_.background == Background::kStepped && wal_ != nullptr)
        static_cast<void>(commit_waiting());
    {
        const std::lock_guard lock(flusher_mutex_);
        stop_flusher_ = true;
    }
    flusher_wake_.notify_all();
    if (flusher_.joinable()) flusher_.join();
    {
        const std::lock_guard lock(merger_mutex_);
        stop_mergers_ = true;
    }
    merger_wake_.notify_all();
    if (merger_.joinable()) merger_.join();
    if (urgent_merger_.joinable()) urgent_merger_.join();
}

Status StoreImpl::close() {
    const std::lock_guard lock(close_mutex_);
    if (closed_) return *closed_;
    stop_threads();
    const auto finish = [&]() -> Status {
        SKY_TRY(flush());
        write_key_usage();
        if (wal_->read_only()) return {};
        WalEntry mark;
        mark.kind = WalRecordKind::kClean;
        static_cast<void>(SKY_TRY(wal_->commit(std::span(&mark, 1), next_sequence_)));
        published_lsn_ = mark.lsn;
        static_cast<void>(SKY_TRY(release()));
        return {};
    };
    closed_ = finish();
    wal_->stop();
    lock_.reset();
    return *closed_;
}

StoreStats StoreImpl::stats() const {
    const WalStats wal = wal_->stats();
    const LiveDataStats live = live_->stats();
    return {.events_appended = events_appended_.load(),
            .batches_appended = batches_appended_.load(),
            .wal_bytes = wal.bytes_written,
            .wal_syncs = wal.syncs,
            .segment_bytes_written = live.segment_bytes_written,
            .merged_bytes_written = live.merged_bytes_written,
            .merges = live.merges,
            .shape_mismatches = live.shape_mismatches,
            .open_rows = live.open_rows,
            .open_bytes = live.open_bytes,
            .memory_limit_bytes = memory_->limit(),
            .memory_queue_bytes = memory_->used(MemoryUse::kQueue),
            .memory_seal_bytes = memory_->used(MemoryUse::kSeals),
            .memory_merge_bytes = memory_->used(MemoryUse::kMerges),
            .memory_footer_bytes = memory_->used(MemoryUse::kFooters),
            .live_segments = live.live_segments,
            .live_segment_bytes = live.live_segment_bytes,
            .packs = live.packs,
            .pack_dead_bytes = live.pack_dead_bytes,
            .merge_debt_segments = live.merge_debt_segments,
            .merge_debt_bytes = live.merge_debt_bytes,
            .corrupt_wal_records = corrupt_wal_records_,
            .orphans = live.orphans,
            .damaged_blocks = live.damaged_blocks,
            .damaged_rows = live.damaged_rows,
            .read_only = wal_->read_only(),
            .disk_full = disk_full_.load(),
            .deletion_suspended = live.deletion_suspended};
}

Result<std::unique_ptr<Store>> Store::open(const StoreOptions& options) {
    auto store = std::make_unique<StoreImpl>(options);
    SKY_TRY(store->start());
    return store;
}

Status Store::append_wait(const AppendBatch& batch) {
    std::promise<Status> answer;
    auto future = answer.get_future();
    append(batch, [&](Status status) { answer.set_value(std::move(status)); });
    return future.get();
}

}  // namespace sky::store
