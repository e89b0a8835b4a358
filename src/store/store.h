// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/store/store.h - the event store: append durably, read consistent snapshots. The
              // rules: docs/store.md.

#include <compare>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "columnar/text_column.h"
#include "store/background.h"
#include "store/backup.h"
#include "store/catalog.h"

namespace sky::os {
class Fs;
}
namespace sky::shapes {
class ShapedBlock;  // shapes/shaped_block.h
}

namespace sky::store {

struct Event {
    std::int64_t timestamp_ms;
    std::string_view message;  // Valid UTF-8.
};

/// One PutLogEvents after its checks: all or nothing. Events ascend by timestamp.
struct AppendBatch {
    GroupId group;
    StreamId stream;
    std::int64_t ingestion_ms;
    std::span<const Event> events;  // Read during append() only; the store copies what it keeps.
};

/// Which columns a read materialises, as bits. Timestamp and sequence come too, but for kTimeless.
enum class Columns : std::uint8_t {
    kNone = 0,
    kIngestion = 1,
    kStream = 2,
    kMessage = 4,
    kAll = 7,
    /// With kMessage: lines that are stored as families and slots may come so (EventBatch::shaped).
    kShaped = 8,
    /// With kShaped: timestamp and sequence may be left out where all rows of a shaped block come.
    kTimeless = 16,
};
constexpr Columns operator|(Columns a, Columns b) {
    return static_cast<Columns>(static_cast<std::uint8_t>(a) | static_cast<std::uint8_t>(b));
}
constexpr bool has(Columns set, Columns bit) {
    return (static_cast<std::uint8_t>(set) & static_cast<std::uint8_t>(bit)) != 0;
}

/// Rows of one group, ascending by (timestamp, sequence). Owns its memory.
/// Shape: every requested column has the same number of rows; a column that was not requested is
/// empty.
struct EventBatch {
    std::vector<std::int64_t> timestamp_ms;
    std::vector<std::uint64_t>
        sequence;  // Ingest order, unique in a group: breaks every tie (store.md 2.4).
    std::vector<std::int64_t> ingestion_ms;
    std::vector<StreamId> stream;
    columnar::TextColumn message;
    /// The messages as families and slots; then `message` is empty. Null otherwise. Only where
    /// Columns::kShaped was asked for. The block belongs to this batch: one thread at a time.
    std::shared_ptr<const shapes::ShapedBlock> shaped;
    /// The block's row of each row here, ascending. Empty: row i is the block's row i, and the
    /// block has no others.
    std::vector<std::uint32_t> shaped_row;
    /// Not of a batch that came without times: that has all rows of `shaped`.
    std::size_t rows() const { return timestamp_ms.size(); }
};

/// How many rows of a read somebody needs, and from which end.
struct RowsWanted {
    enum class From : std::uint8_t { kOldest, kNewest };
    std::size_t rows = 0;  // 0: all.
    From from = From::kOldest;
};

/// A part of a snapshot that is read as one unit: at most 128 K rows of one group and day.
struct Morsel {
    std::uint32_t index;          // Names it inside its snapshot.
    std::int64_t min_ms, max_ms;  // Of its rows, before clipping to a range.
    std::uint64_t rows, message_bytes;
};

/// Rows that never change, by a name that no others get while the store is open.
struct RowsName {
    std::uint64_t segment = 0;  // 0: rows in memory, named by what follows.
    std::int64_t day = 0;
    std::uint64_t first_sequence = 0, last_sequence = 0, rows = 0;
    friend auto operator<=>(const RowsName&, const RowsName&) = default;
};

struct TimeRange {
    std::int64_t begin_ms, end_ms;  // Unix milliseconds, both ends included.
};

/// One group as it was at one moment: everything acknowledged before it was taken, nothing later.
/// Retention and tombstones (also of streams) are already applied to what read() returns.
/// Threads: immutable; any number of threads may read. Keeps its files alive.
class Snapshot {
public:
    virtual ~Snapshot() = default;
    virtual const GroupInfo& group() const = 0;
    /// Morsels that may hold rows of the range, newest max_ms first.
    virtual std::vector<Morsel> morsels(TimeRange range) const = 0;
    /// The same rows, what is in memory cut into more morsels: those that will not be put together
    /// with others any more have lasting_name().
    virtual std::vector<Morsel> fine_morsels(TimeRange range) const { return morsels(range); }
    /// Names the morsel's rows for other snapshots of the group; none where a later one may have
    /// them in another morsel. known_rows() tells whether this snapshot shows all of them.
    virtual std::optional<RowsName> lasting_name(const Morsel& /*morsel*/) const {
        return std::nullopt;
    }
    /// Rows of one morsel inside the range. `streams`: empty = all, else only these (sorted). Rows
    /// of damaged blocks are left out; the log names them, StoreStats counts them.
    /// Errors: kCorruption (the file is missing, or its footer damaged; names it), kInternal (I/O).
    virtual Result<EventBatch> read(const Morsel& morsel, TimeRange range, Columns columns,
                                    std::span<const StreamId> streams = {}) const = 0;
    /// A stretch of what read() would return, from its beginning or up to its end: `wanted.rows`
    /// rows or more, or all there are. Errors: as read().
    virtual Result<EventBatch> read_some(const Morsel& morsel, TimeRange range, Columns columns,
                                         std::span<const StreamId> streams,
                                         RowsWanted /*wanted*/) const {
        return read(morsel, range, columns, streams);
    }
    /// False: no message of the morsel contains the literal, as its file's header tells. True also
    /// where that is not known.
    virtual bool may_contain(const Morsel& /*morsel*/, std::string_view /*literal*/) const {
        return true;
    }
    /// The rows that read() would return, where they are known without reading: no row is outside
    /// the range, expired or deleted.
    virtual std::optional<std::uint64_t> known_rows(const Morsel& /*morsel*/,
                                                    TimeRange /*range*/) const {
        return std::nullopt;
    }
    /// Name of a stream that the snapshot's rows may carry.
    virtual std::string stream_name(StreamId id) const = 0;
};

struct StoreOptions {
    std::string directory;
    os::Fs* fs;          // Outlives the store.
    const Clock* clock;  // Outlives the store.
    Random* random;      // Outlives the store.
    std::uint64_t memory_bytes =
        1ULL << 30;  // Open chunks and caches; beyond it append() answers kThrottled.
    std::uint64_t wal_segment_bytes = 64ULL << 20;
    std::uint64_t ballast_bytes = 64ULL << 20;  // store.md 1.5; tests make it small.
    std::size_t merge_fan = 0;  // Packs that are merged at once; 0: limits::kMergeFan.
    Background background = Background::kThreads;
};

/// Counters for /metrics; monotonic unless named otherwise.
struct StoreStats {
    std::uint64_t events_appended, batches_appended, wal_bytes, wal_syncs;
    std::uint64_t segment_bytes_written;  // By seals and merges.
    std::uint64_t merged_bytes_written;   // Of these, by merges.
    std::uint64_t merges;
    std::uint64_t shape_mismatches;  // Shaped lines that did not come back; stored as text instead.
    std::uint64_t open_rows, open_bytes;  // Gauges, as all that follows but damage.
    /// StoreOptions::memory_bytes and, with open_bytes, what of it is used: batches that wait, work
    /// of seals and of merges, footers of open segments.
    std::uint64_t memory_limit_bytes, memory_queue_bytes, memory_seal_bytes, memory_merge_bytes,
        memory_footer_bytes;
    std::uint64_t live_segments, live_segment_bytes;
    std::uint64_t packs, pack_dead_bytes;                 // Gauges, as of the last look for merges.
    std::uint64_t merge_debt_segments, merge_debt_bytes;  // What waits to be merged. Gauges.
    std::uint64_t corrupt_wal_records, orphans;
    std::uint64_t damaged_blocks, damaged_rows;  // Of segments; what reads had to leave out.
    bool read_only;
    bool disk_full;           // The newest flush failed for want of space.
    bool deletion_suspended;  // The wall clock jumped; nothing expires until it is trusted again.
};

/// Is told of every batch once it is durable and visible (live tail). Called on the committer's
/// thread, in ingest order: it may remember the pointer, but not block, nor do any work a row.
class Follower {
public:
    virtual ~Follower() = default;
    /// Asked first, for every batch: whether rows of this group are of any interest.
    virtual bool follows(GroupId group) const = 0;
    /// Rows of one append and one UTC day, all columns present, immutable.
    virtual void published(GroupId group, std::shared_ptr<const EventBatch> rows) = 0;
};

/// Threads: every member may be called from any thread.
class Store {
public:
    /// Takes the LOCK, recovers, starts the committer and the flusher.
    /// Errors: kUnavailable (another process holds the directory; says so), kCorruption, kNoSpace,
    /// kInternal.
    static Result<std::unique_ptr<Store>> open(const StoreOptions& options);
    virtual ~Store() = default;

    virtual Catalog& catalog() = 0;

    using Done = std::function<void(Status)>;
    /// encode -> WAL -> sync -> publish -> done. `done` runs once, on the committer's thread or,
    /// for an immediate refusal, on the caller's: it must not block. Errors: kThrottled (queue or
    /// memory full), kNotFound (group or stream deleted meanwhile), kNoSpace,
    ///         kInternal (write or sync failed: nothing was published), kUnavailable (read-only,
    ///         closing).
    virtual void append(const AppendBatch& batch, Done done) = 0;
    /// Waits for `done`. For tools and tests.
    Status append_wait(const AppendBatch& batch);

    /// One follower at a time; null ends it. When this returns the former one is not called any
    /// more. It is not told of what was recovered at the start.
    virtual void set_follower(Follower* follower) = 0;

    /// Null when the group does not exist.
    virtual std::shared_ptr<const Snapshot> snapshot(GroupId group) const = 0;
    /// Message bytes + 26 an event, not yet expired or deleted; what DescribeLogGroups calls
    /// storedBytes.
    virtual std::uint64_t stored_bytes(GroupId group) const = 0;

    /// Seals open chunks of every group into segments and releases their WAL.
    virtual Status flush() = 0;
    /// Drops what retention and tombstones allow. Called by a background thread too; tests call it.
    virtual Status expire() = 0;
    /// Makes `directory`, which must be missing or empty, a backup of everything acknowledged
    /// before this call (and perhaps of some that came later, by whole batches); appends and
    /// queries go on. Durable when this returns; an interrupted one has no manifest. Errors:
    /// kInvalidArgument (the directory is in use), kNoSpace, kInternal.
    virtual Result<BackupSummary> backup(const std::string& directory) = 0;
    /// Seals everything so that the next start has an empty WAL; later calls answer kUnavailable.
    virtual Status close() = 0;
    virtual StoreStats stats() const = 0;
    /// Background::kStepped alone: one round of that work. A commit may be stepped while a flush is
    /// under way on the same thread, and the other way round: between any two calls on the disk.
    virtual void step(BackgroundTask task) = 0;
};

}  // namespace sky::store
