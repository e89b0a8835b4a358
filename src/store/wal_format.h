// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/store/wal_format.h - the bytes of a WAL segment; docs/formats.md describes
              // them.

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "base/result.h"

namespace sky::store {

enum class WalRecordKind : std::uint16_t {
    kBatch = 1,  // Events of one append().
    kClean = 2,  // Everything before it was sealed and the program ended in order.
};

/// Start of a segment file. LSNs number records from 1 on.
struct WalSegmentHeader {
    // Rises at each start and each recycle; orders the segments. The lower half is random, so that
    // no message can carry bytes that scanning would take for a group.
    std::uint64_t generation = 0;
    std::uint64_t first_lsn = 0;  // The log goes on here: later LSNs in older segments are void.
    std::uint64_t next_sequence = 0;  // No event before this point has a higher one.
    std::uint64_t segment_bytes = 0;
    std::uint32_t start_crc = 0;  // Seed of the first group.
    friend bool operator==(const WalSegmentHeader&, const WalSegmentHeader&) = default;
};

/// Start of a commit group, on a kWalBlockBytes boundary.
struct WalGroupHeader {
    std::uint64_t generation = 0;
    std::uint64_t first_lsn = 0;
    std::uint64_t synced_lsn = 0;  // Highest LSN known durable when this was written.
    std::uint32_t bytes = 0;       // With this header, without padding.
    std::uint32_t records = 0;
    std::uint32_t prev_crc = 0;  // CRC of the record before: the seed of this header's own.
    std::uint32_t crc = 0;       // Seed of the first record.
};

struct WalRecordHeader {
    std::uint32_t payload_bytes = 0;
    std::uint32_t payload_crc = 0;
    std::uint64_t lsn = 0;
    std::uint64_t first_sequence = 0;  // Of the record's events.
    WalRecordKind kind = WalRecordKind::kBatch;
    std::uint16_t version = 0;  // Of the payload.
    std::uint32_t crc = 0;      // Seeded with the CRC of the record (or group header) before.
};

inline constexpr std::size_t kWalSegmentHeaderBytes = 64;
inline constexpr std::size_t kWalGroupHeaderBytes = 64;
inline constexpr std::size_t kWalRecordHeaderBytes = 32;
inline constexpr std::uint32_t kWalFormatVersion = 1;

using WalSegmentHeaderBytes = std::array<std::byte, kWalSegmentHeaderBytes>;
using WalGroupHeaderBytes = std::array<std::byte, kWalGroupHeaderBytes>;
using WalRecordHeaderBytes = std::array<std::byte, kWalRecordHeaderBytes>;

WalSegmentHeaderBytes encode(const WalSegmentHeader& header);
/// Fills header.crc from the other fields.
WalGroupHeaderBytes encode(WalGroupHeader& header);
/// Fills header.crc from the other fields and the CRC of the record before.
WalRecordHeaderBytes encode(WalRecordHeader& header, std::uint32_t prev_crc);

/// Errors: kCorruption (no header, or damaged), kUnavailable (a newer format).
Result<WalSegmentHeader> decode_segment_header(std::string_view bytes);
/// The group that starts at `bytes`; nullopt unless its own CRC holds and it lies inside `bytes`.
std::optional<WalGroupHeader> decode_group_header(std::string_view bytes);

/// A record as replay meets it. Lifetime: payload points into the segment's bytes.
struct WalRecord {
    std::uint64_t lsn;
    WalRecordKind kind;
    std::uint16_t version;
    std::uint64_t first_sequence;
    std::string_view payload;
};

struct WalSegmentEnd {
    std::uint64_t next_lsn;  // After the last record that counts.
    bool torn;               // Bytes of an unfinished group follow; they were never acknowledged.
    bool clean;              // The last record is a clean-shutdown mark.
};

/// Reads one whole segment in LSN order. `stop_lsn` is the first LSN of the next segment, which
/// voids everything from there on; UINT64_MAX for the newest segment.
/// A bad record is CORRUPTION when a later valid group's synced_lsn, or the next segment, says that
/// it was durable: its range goes to `on_lost` and reading goes on behind it. Otherwise it is the
/// torn tail and ends the segment (store.md 1.2).
/// Errors: those of on_record.
Result<WalSegmentEnd> replay_wal_segment(
    std::string_view bytes, const WalSegmentHeader& header, std::uint64_t stop_lsn,
    const std::function<Status(const WalRecord&)>& on_record,
    const std::function<void(std::uint64_t first_lsn, std::uint64_t last_lsn)>& on_lost);

/// For a segment whose header is damaged: what the groups of its newest generation say.
struct WalSalvage {
    WalSegmentHeader header;
    bool durable;  // A later group says that the first one was synced, and so was the header.
    std::uint64_t end_lsn;  // One past the last record of the groups that can be read.
};
/// nullopt when it holds no valid group.
std::optional<WalSalvage> salvage_wal_segment(std::string_view bytes);

/// Blocks that begin like a commit group, valid or not.
std::size_t count_group_marks(std::string_view bytes);

}  // namespace sky::store
