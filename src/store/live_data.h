// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/store/live_data.h - every group's live segments and open chunks: publish, seal,
              // snapshot, expire.

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "store/chunk.h"
#include "store/memory_budget.h"
#include "store/segment_file.h"
#include "store/segment_limits.h"
#include "store/sqlite_catalog.h"
#include "store/store.h"

namespace sky::store {

struct LiveDataOptions {
    os::Fs* fs;             // Outlives every snapshot.
    std::string directory;  // The data directory; segments/ and orphans/ are made inside.
    const Clock* clock;     // Outlives every snapshot.
    std::shared_ptr<SqliteCatalog> catalog;
    std::size_t merge_fan = limits::kMergeFan;  // Tests make it small.
    /// What everything here is charged to; decides how large chunks get.
    std::shared_ptr<MemoryBudget> memory = std::make_shared<MemoryBudget>(1ULL << 30U);
};

struct LiveDataStats {
    std::uint64_t segment_bytes_written;  // Since open(), by seals and merges.
    std::uint64_t merged_bytes_written;   // Of these, by merges.
    std::uint64_t merges;                 // Since open().
    std::uint64_t shape_mismatches;       // Since open().
    std::uint64_t open_rows, open_bytes;  // Gauges: rows and memory that no segment holds yet.
    std::uint64_t live_segments, live_segment_bytes;
    std::uint64_t packs, pack_dead_bytes;  // As of the last look for merges.
    std::uint64_t merge_debt_segments, merge_debt_bytes;
    std::uint64_t orphans;
    bool deletion_suspended;                     // The wall clock jumped (store.md 1.7).
    std::uint64_t footer_cache_bytes;            // Gauge: footers of open segments.
    std::uint64_t damaged_blocks, damaged_rows;  // What reads had to leave out since open().
};

/// The WAL's extent, as expire() needs it to end tombstones.
struct WalExtent {
    std::uint64_t oldest_lsn;  // Lowest LSN that replay could still meet; next_lsn when empty.
    std::uint64_t next_lsn;    // The next record's.
};

/// What the store shows and keeps, apart from the WAL.
/// Threads: publish() by one thread at a time in LSN order (the committer; recovery before it);
/// everything else from any thread. seal(), merge() and expire() serialise themselves; only the
/// end of a merge waits for the others, and they for it.
class LiveData {
public:
    /// Reads the catalog's list of files, moves files that it does not list to orphans/ and deletes
    /// orphans older than 7 days. A listed file that is missing is logged; reading it is
    /// kCorruption, the others stay readable. Errors: kNoSpace, kInternal.
    static Result<std::unique_ptr<LiveData>> open(const LiveDataOptions& options);
    ~LiveData();
    LiveData(const LiveData&) = delete;
    LiveData& operator=(const LiveData&) = delete;

    /// Makes the rows of one durable record visible, all at once. Parts of days that are flushed up
    /// to `lsn` already are skipped, so replay calls it as well. Sequences count up from
    /// `first_sequence` over the batch.
    /// Errors: kNotFound (group or stream deleted meanwhile), kInvalidArgument (more than
    /// kChunkRowsMax events or kChunkBytesMax of text: append() refuses it before); nothing is
    /// published then.
    Status publish(const AppendBatch& batch, std::uint64_t first_sequence, std::uint64_t lsn);

    /// The same for rows that were copied before they were logged; number() has been called.
    Status publish(PreparedBatch batch);

    /// Some chunk reached the seal limits: seal(0) has work to do.
    bool seal_due() const;
    /// Writes chunks that reached the seal limits, and all those that hold records below
    /// `lsn_below` (UINT64_MAX: everything), as segments, small ones together in one pack:
    /// temporary file, fdatasync, rename, directory fsync, then one catalog transaction per pack or
    /// kSealBatchMax files. On an error the unsealed rows stay visible and the WAL must be kept.
    /// Errors: kNoSpace, kInternal.
    Status seal(std::uint64_t lsn_below);

    /// One merge, if one is due: writes what replaces its inputs, then replaces them in one
    /// transaction; snapshots keep what they read. Rows of deleted streams are not written again.
    /// Gives up at the next segment when `stop` is set. False: nothing was due, or memory is short
    /// (what is open is sealed first). A segment that
    /// cannot be read is logged and left alone. Errors: kNoSpace, kInternal; nothing has changed
    /// then.
    Result<bool> merge(const std::atomic<bool>& stop);
    /// Merges are behind: appends wait for them.
    bool merge_debt_is_hard() const;
    /// Merges are behind: they need a share of the machine.
    bool merge_debt_is_soft() const;

    /// Records below this are in segments or deleted: their WAL may be released. UINT64_MAX when
    /// no chunk is open.
    std::uint64_t oldest_open_lsn() const;
    /// Highest LSN and sequence that segments know, so that numbering goes on above them.
    std::uint64_t flushed_lsn_max() const;
    std::uint64_t sequence_max(GroupId group) const;

    /// Null when the group does not exist. Retention is counted back from `now_ms`.
    std::shared_ptr<const Snapshot> snapshot(GroupId group, std::int64_t now_ms) const;
    /// Message bytes + 26 an event of the rows that snapshot(group, now_ms) would show; whole files
    /// count until their last row expires.
    std::uint64_t stored_bytes(GroupId group, std::int64_t now_ms) const;

    /// Drops files and open rows of deleted groups, files whose rows have all expired or belong to
    /// deleted streams; ends tombstones that nothing names; deletes old orphans. A file is unlinked
    /// when its last snapshot ends. Deletion by retention trusts the clock only as far as store.md
    /// 1.7 says.
    Status expire(WalExtent wal);
    /// An operator vouches for the wall clock after a jump.
    Status confirm_clock();

    /// Runs `copy` while no seal and no expiry changes the files, and returns the live files of
    /// that moment. They stay on the disk as long as the list lives.
    Result<std::vector<SegmentFilePtr>> pin(const std::function<Status()>& copy) const;

    LiveDataStats stats() const;

private:
    struct Impl;
    explicit LiveData(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace sky::store
