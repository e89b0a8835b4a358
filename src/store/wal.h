// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/store/wal.h - the write-ahead log: pre-written, recycled segments (store.md 1).

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/result.h"
#include "os/fs.h"
#include "store/background.h"
#include "store/wal_format.h"

namespace sky::store {

struct WalOptions {
    os::Fs* fs;             // Outlives the log.
    std::string directory;  // Must exist.
    Random* random;         // Outlives the log.
    std::uint64_t segment_bytes;
    std::uint64_t total_bytes_max;  // At least two segments are used whatever this says.
    std::int64_t full_wait_ms;      // commit() waits this long for a segment to be released.
    std::uint64_t released_lsn;     // Records up to this one are not needed any more.
    std::uint64_t lsn_floor;        // No LSN below this is given out.
    Background background = Background::kThreads;
};

struct WalLostRange {
    std::uint64_t first_lsn, last_lsn;
    std::string file;
};

/// What open() found.
struct WalRecovery {
    std::uint64_t records = 0, bytes = 0;  // Handed to replay.
    std::uint64_t next_sequence = 0;       // No record that was read has this or a higher one.
    bool torn = false;                     // An unfinished, never acknowledged write was dropped.
    bool clean = false;                    // The last run ended in order.
    std::vector<WalLostRange> lost;        // CORRUPTION: acknowledged records that cannot be read.
    std::vector<std::string> damaged_headers;  // Files; their records were found nevertheless, or
                                               // are named in `lost`.
};

/// One record to write. Lifetime: the parts stay valid until commit() returns.
struct WalEntry {
    WalRecordKind kind = WalRecordKind::kBatch;
    std::uint16_t version = 0;
    std::uint64_t first_sequence = 0;
    std::uint32_t payload_crc = 0;  // CRC-32C of the parts one after the other.
    std::uint32_t payload_bytes = 0;
    std::span<const std::span<const std::byte>> parts;
    std::uint64_t lsn = 0;  // Filled by commit().
};

struct WalStats {
    std::uint64_t bytes_written, syncs;   // Since open().
    std::uint64_t segments, total_bytes;  // Gauges.
    std::uint64_t failures;               // Writes or syncs that retired a segment.
};

/// Threads: commit() by one thread (the committer); everything else from any.
class Wal {
public:
    /// Hands every record above released_lsn to `replay`, in LSN order, then makes what was read
    /// durable; segments to write to are made in the background. Its error ends open().
    /// Errors: kCorruption (two segments of one generation), kUnavailable (a newer format),
    /// kNoSpace, kInternal.
    static Result<std::unique_ptr<Wal>> open(const WalOptions& options,
                                             const std::function<Status(const WalRecord&)>& replay);
    ~Wal();
    Wal(const Wal&) = delete;
    Wal& operator=(const Wal&) = delete;

    const WalRecovery& recovery() const;

    /// Writes a prefix of the entries as one commit group and syncs it; returns how many. At least
    /// one, each at most record_bytes_max().
    /// Errors: kThrottled (every segment is in use and none was released in time), kNoSpace (no
    /// segment could be made), kInternal (write or sync failed: the segment is retired, nothing of
    /// the group counts unless a crash brings it back), kUnavailable (failed twice: read-only).
    Result<std::size_t> commit(std::span<WalEntry> entries, std::uint64_t next_sequence);

    /// Payload that fits one segment.
    std::uint64_t record_bytes_max() const;

    /// Segments that hold no record above `lsn` are recycled. The caller has made sure that no
    /// later start needs them.
    void release(std::uint64_t lsn);

    /// kStepped alone: makes the spare segment that a commit asked for, if one did.
    void make_spare();

    /// A file of the log and how much of its front is durable and in use.
    struct Part {
        std::string path;
        std::uint64_t bytes;
    };
    /// Everything committed and not released. The fronts do not change until release(): copies of
    /// them, made meanwhile, open as this log does.
    std::vector<Part> parts() const;

    /// LSN that the next record will get.
    std::uint64_t next_lsn() const;
    /// First LSN of the segment being written: once everything below it is flushed, all others can
    /// be released.
    std::uint64_t active_first_lsn() const;
    /// One past the last LSN of the segment that is written full and ends first: released up to
    /// there, it is recycled. Absent: there is none.
    std::optional<std::uint64_t> first_full_end() const;
    /// Half of the log is in use: flush, then release().
    bool pressed() const;
    bool read_only() const;
    WalStats stats() const;

    /// commit() stops waiting for segments.
    void stop();

private:
    struct Impl;
    explicit Wal(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace sky::store
