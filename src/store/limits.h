// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/store/limits.h - the numbers of the write-ahead log and of the append path.

#include <cstddef>
#include <cstdint>

namespace sky::store::limits {

// Commit groups start on this boundary, so that a torn write never damages an earlier group.
// Source: store.md 1.2; the page size of x86-64 and the block size of common file systems.
inline constexpr std::size_t kWalBlockBytes = 4'096;

// What replay accepts before it allocates, and what a log may be configured to.
inline constexpr std::uint64_t kWalSegmentBytesMin = 16U << 10U;
inline constexpr std::uint64_t kWalSegmentBytesMax = 1ULL << 30U;

// WAL in all, together with twice the open-chunk budget. Source: store.md 2.2.
inline constexpr std::uint64_t kWalTotalBytesMax = 512ULL << 20U;
// Segments that exist at least, whatever the budget: one is written while the other is released.
inline constexpr std::uint64_t kWalSegmentsMin = 2;

// One commit group: bounds the wait of a batch that arrives while the group is written.
inline constexpr std::size_t kWalGroupBytesMax = 16U << 20U;

// One record. PutLogEvents allows 10,000 events and 1 MiB a batch (AWS Logs quotas); other writers
// may send more. Ours: less than a chunk.
inline constexpr std::size_t kRecordRowsMax = 64 * 1024;
inline constexpr std::size_t kRecordTextBytesMax = 16U << 20U;
inline constexpr std::size_t kRecordPayloadBytesMax = 18U << 20U;

// How long the committer waits for a flush to release a WAL segment before it answers kThrottled.
inline constexpr std::int64_t kWalFullWaitMs = 2'000;

// Batches that wait for the committer. Beyond either, append() answers kThrottled.
inline constexpr std::size_t kAppendQueueBatchesMax = 16 * 1024;
inline constexpr std::uint64_t kAppendQueueBytesMax = 64ULL << 20U;

// Open chunks and queue together: above the first share of the memory budget everything is flushed,
// above the third append() answers kThrottled. Source: store.md 3.1 ("flushes first"). Above the
// second it does so but for accounts that have brought less than the average since the first was
// passed. Our choice: a tenth of the budget is what a newcomer finds free.
inline constexpr std::uint64_t kMemoryFlushPercent = 50;
inline constexpr std::uint64_t kMemorySharePercent = 80;
inline constexpr std::uint64_t kMemoryThrottlePercent = 90;

// Of the budget while a merge runs, for open chunks and the queue before everything is flushed.
// Ours: what a flush of less would write is small chunks.
inline constexpr std::uint64_t kMemoryOpenPercentLeast = 10;

// What rows need in memory, and what it takes to encode them, beside their text: upper bounds that
// a test measures (memory_budget_test.cc). A row: times, sequence, stream, the end of its text.
inline constexpr std::uint64_t kRowMemoryBytes = 40;
// Small things; columns and slots of lines, and their coded forms.
inline constexpr std::uint64_t kEncodeMemoryFixed = 64U << 10U;
inline constexpr std::uint64_t kEncodeMemoryPerRow = 128;
inline constexpr std::uint64_t kEncodeMemoryPerByte = 3;
// What their tokens need beside that: they are bounded (shapes/limits.h).
inline constexpr std::uint64_t kMineMemoryPerByte = 4;
inline constexpr std::uint64_t kMineMemoryMax = 40U << 20U;
// Of the budget, what sealing or merging one chunk may take; smaller budgets make smaller chunks.
// Two such works, a merge and a seal, leave room for what is open.
inline constexpr std::uint64_t kChunkMemoryPercent = 37;
// Work that was charged more of it than this gives what the allocator has kept back at its end.
inline constexpr std::uint64_t kGiveBackPercent = 20;
// And so does the flusher this often, where anything was sealed since. Takes milliseconds.
inline constexpr std::int64_t kGiveBackEveryMs = 10'000;
// However small the budget.
inline constexpr std::size_t kChunkRowsLeast = 1'024;
// Footers of open segments, of the budget.
inline constexpr std::uint64_t kFooterMemoryPercent = 12;

// The flusher looks by itself this often; expiry and remaking the ballast run at every n-th look.
inline constexpr std::int64_t kFlushTickMs = 1'000;
inline constexpr std::int64_t kExpireEveryMs = 60'000;
inline constexpr std::int64_t kBallastEveryMs = 60'000;
// A document's part in memory and its part on disk. Ours: the largest heads are query definitions
// (10,000 characters and 50 names of groups), the largest bodies lookup tables (10 MiB).
inline constexpr std::size_t kDocumentHeadBytesMax = 256U << 10U;
inline constexpr std::size_t kDocumentBodyBytesMax = 16U << 20U;
// Of one kind, account and region. Ours; services have smaller quotas of their own.
inline constexpr std::size_t kDocumentsMax = 10'000;

// Times at which keys were last used are written behind this often. Our choice: CloudWatch's own
// accounts show such times hours late.
inline constexpr std::int64_t kKeyUsageEveryMs = 60'000;

// Records of ids that the catalog does not know, kept for an operator (store.md 1.7).
inline constexpr std::uint64_t kQuarantineFilesMax = 10'000;

// Copying into and out of a backup, a piece at a time. Our choice: large enough for a disk's full
// speed, small beside the memory budget.
inline constexpr std::size_t kBackupCopyBytes = 1U << 20U;
// A line is about 50 bytes: a million segments.
inline constexpr std::uint64_t kBackupManifestBytesMax = 64U << 20U;

}  // namespace sky::store::limits
