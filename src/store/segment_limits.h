// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/store/segment_limits.h - the numbers of chunks, segment files and retention.

#include <cstddef>
#include <cstdint>

namespace sky::store::limits {

// A chunk closes at whichever comes first. Source: a measurement of twice what store.md 2.1 has,
// which says 64 K rows and 16 MiB. Lines that resemble one another need little beside their texts
// and orders, and every chunk has these anew: a million lines of access logs take half as much.
inline constexpr std::size_t kChunkRowsMax = 128 * 1024;
inline constexpr std::size_t kChunkBytesMax = 32U << 20U;

// A mini-batch this large is not folded further: copying it again would cost more than reading one
// piece more. Bounds the pieces of a chunk to about 2 * (64 + 256) + log2(2048).
inline constexpr std::size_t kFoldRowsMax = 2'048;
inline constexpr std::size_t kFoldBytesMax = 128U << 10U;

// What an open chunk is charged beside its rows: its maps, lists and small allocations. Measured
// with 10,000 groups of one event each: 1.3 KiB of resident memory a group, rows included.
inline constexpr std::uint64_t kOpenChunkOverheadBytes = 1'024;

// Rows of one block in a segment: one zstd frame, one checksum, one zone map. Source: store.md 2.1
// for the bytes. Blocks of 1 MiB are 2 % smaller on seed lines and make narrow ranges four times as
// dear; few rows a block would cost the frames their dictionary.
inline constexpr std::size_t kBlockRowsMax = 16 * 1024;
inline constexpr std::size_t kBlockBytesMax = 256U << 10U;

// Shaped lines are one block: their columns are decoded apart, so a narrow read costs its columns,
// and long columns are smaller. A chunk of fewer rows is plain text.
inline constexpr std::size_t kShapedRowsMin = 8;
// A chunk of fewer rows, and of less text, is sealed as plain text whatever it holds; the first
// merge mines it. That spares a tenth of a millisecond each (bench store_groups). A limit of 100
// brings what is written for chunks of 60 lines from 2.5 to 2.9 times what is there in the end.
inline constexpr std::size_t kSealMinedRowsMin = 50;
inline constexpr std::size_t kSealMinedBytesMin = 64U << 10U;
// Groups with large chunks whose families are kept between seals, at most 64 KiB each.
inline constexpr std::size_t kKnownShapesGroups = 64;
// Shaped text that is this many times smaller needs no comparison with plain text.
inline constexpr std::size_t kShapedRatioSure = 5;
// Chunks of fewer rows carry no filters of their text.
inline constexpr std::size_t kFilterRowsMin = 1'024;
// Every so manieth line of a shaped block is decoded and compared before the block is written.
inline constexpr std::size_t kShapeCheckEvery = 8;

// What a reader accepts before it allocates. A message is at most 1 MiB (PutLogEvents), so a
// well-formed block stays below kBlockBytesMax + one message; a chunk stays below kChunkBytesMax.
inline constexpr std::uint64_t kSegmentBytesMax = 64U << 20U;
// A stream for each row, each with a name of 512 letters of four bytes and its figures.
inline constexpr std::uint64_t kFooterBytesMax = 288U << 20U;
inline constexpr std::size_t kNameBytesMax = 4'096;

// Packs. A chunk of less than 4 MiB (store.md 2.2) and 16,384 rows shares a file with others when
// it is sealed.
inline constexpr std::size_t kSmallChunkBytes = 4U << 20U;
inline constexpr std::size_t kSmallChunkRows = 16 * 1024;
// A pack ends after the segment that reaches this: bounds what one transaction, and one failure,
// take.
inline constexpr std::uint64_t kPackBytesMax = 64U << 20U;
inline constexpr std::uint64_t kPackFileBytesMax =
    kPackBytesMax + 2 * kSegmentBytesMax + kFooterBytesMax;
// Written so much at a time: a disk's full speed, small beside the memory budget.
inline constexpr std::size_t kPackWriteBytes = 1U << 20U;

// Merges (store.md 2.2). Rows are written by the seal and by at most so many merges.
inline constexpr std::uint32_t kMergeLevelMax = 2;
// So many packs of one level (and of one tenant and day) are merged at once. More would leave more
// files to look into; fewer would bring rows to the second level too often: with small segments,
// which compress less, three writes are more than three times the final bytes.
inline constexpr std::size_t kMergeFan = 16;
// What a first merge makes as large as this is final: another would gain little.
inline constexpr std::size_t kMergedRowsFinal = 4'096;
inline constexpr std::size_t kMergedBytesFinal = 1U << 20U;
// Packs merge up to so many bytes at once: bounds what an interrupted merge loses.
inline constexpr std::uint64_t kMergeJobBytesMax = 256U << 20U;
// A group with more text of one day than this in one merge gets a file of its own for it.
inline constexpr std::uint64_t kGroupFileTextBytes = 16U << 20U;
// A day that is this long over is settled: its chunks do not wait for more.
inline constexpr std::int64_t kMergeSettleMs = 24 * 3'600'000;
// A pack of which more than this is dead is written anew.
inline constexpr std::uint64_t kPackDeadPercent = 30;
// What waits to be merged. Above the soft limits merges get a guaranteed share, above the hard ones
// appends are throttled (store.md 3.3). A segment costs about 400 bytes of memory and of catalog.
inline constexpr std::uint64_t kMergeDebtSoftBytes = 512ULL << 20U;
inline constexpr std::uint64_t kMergeDebtHardBytes = 8ULL << 30U;
inline constexpr std::uint64_t kMergeDebtSoftSegments = 200'000;
inline constexpr std::uint64_t kMergeDebtHardSegments = 1'000'000;
// Nothing new was sealed or removed: the passing of time alone is looked at this often.
inline constexpr std::int64_t kMergeLookEveryMs = 60'000;

// Open files and footers that stay cached (store.md 3.1, 3.5).
inline constexpr std::size_t kOpenSegmentsMax = 512;
inline constexpr std::size_t kFooterCacheBytesMax = 64U << 20U;

// Files that one catalog transaction lists at most, beside one pack.
inline constexpr std::size_t kSealBatchMax = 64;

// Deletion by time. Source: store.md 1.7.
inline constexpr std::int64_t kMillisPerHour = 3'600'000;
inline constexpr std::int64_t kClockSlackMs = 25 * kMillisPerHour;
inline constexpr std::int64_t kClockJumpMs = kMillisPerHour;
inline constexpr std::int64_t kClockAgreementMs = 24 * kMillisPerHour;
// Files that the catalog does not list wait this long in orphans/. Source: store.md 1.1.
inline constexpr std::int64_t kOrphanKeepMs = 7 * 24 * kMillisPerHour;

// What an event adds to storedBytes beside its message. Source: PutLogEvents, "26 bytes for each
// log event".
inline constexpr std::uint64_t kEventOverheadBytes = 26;

// Segment ids are reserved in the catalog by this many, so that ids are never reused and most seals
// need no commit of their own for one.
inline constexpr std::uint64_t kSegmentIdBlock = 256;

// SQLite's page cache. Source: judgement; the catalog is read once at start, then only written.
inline constexpr int kCatalogCacheKib = 2'048;

}  // namespace sky::store::limits
