// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/logs/limits.h - every bound of the Logs domain, with its source.

#include <cstddef>
#include <cstdint>

namespace sky::logs::limits {

// PutLogEvents (logs-api.md 4, from the service's documentation).
inline constexpr std::uint64_t kBatchBytesMax = 1'048'576;
inline constexpr std::uint64_t kEventOverheadBytes = 26;
inline constexpr std::uint64_t kEventBytesMax = kBatchBytesMax - kEventOverheadBytes;
inline constexpr std::size_t kBatchEventsMax = 10'000;
inline constexpr std::int64_t kBatchSpanMsMax = 24LL * 3'600 * 1'000;
inline constexpr std::int64_t kTooNewMs = 2LL * 3'600 * 1'000;
inline constexpr std::int64_t kTooOldMs = 14LL * 24 * 3'600 * 1'000;

// Names and tags (logs-api.md 1.3).
inline constexpr std::size_t kNameCharsMax = 512;
inline constexpr std::size_t kTagsMax = 50;
inline constexpr std::int32_t kDeliveryRetentionDays = 1;  // logs-api.md 2: fixed for the class.

// Listings (logs-api.md 15).
inline constexpr std::size_t kDescribePageMax = 50;
inline constexpr std::size_t kListGroupsPageMax = 1'000;
inline constexpr std::size_t kCatalogStride =
    1'000;  // Names fetched at once while filtering; ours.
inline constexpr std::int64_t kTokenLifeMs = 24LL * 3'600 * 1'000;  // logs-api.md 1.3.
inline constexpr std::size_t kTokenBytesMax = 4'096;  // Name (512) and header in base64url fit.

// Reading (logs-api.md 5.1, 5.2).
inline constexpr std::size_t kPageEventsMax = 10'000;
inline constexpr std::uint64_t kPageBytesMax = 1'048'576;
inline constexpr std::size_t kPageMorselsMax = 256;  // Ours: read for one page; then a token.
/// Ours: read for one page where a pattern has to be matched: at most 1 GiB of text (chunks have 32
/// MiB), seconds of work; then a page, perhaps empty, with a token.
inline constexpr std::size_t kFilterMorselsMax = 32;
/// Ours: chunks that are ruled out by their headers cost little; so many count as one that is read.
inline constexpr std::size_t kSkipsPerMorsel = 16;
/// Ours: ways in which a text can lie across a family's slots, and steps to find them; with more,
/// the family's lines are written out and looked at.
inline constexpr std::size_t kSearchWaysMax = 64;
inline constexpr std::size_t kSearchStepsMax = 4'096;
/// Ours: lines that are written out at once where a page wants fewer.
inline constexpr std::size_t kSearchedLinesMin = 1'024;
inline constexpr std::int64_t kDescendingStartMsMin = 1'704'067'200'000;  // 2024-01-01, 5.2.

// Queries (logs-insights-ql.md 11, logs-api.md 6).
inline constexpr std::size_t kQueryGroupsMax = 50;
inline constexpr std::size_t kSourceGroupsMax = 10'000;
inline constexpr std::int64_t kQueryMillisMin = 100'000'000'000;      // From here on: milliseconds.
inline constexpr std::int64_t kQueryMillisMax = 253'402'300'799'999;  // Year 9999; ours.
inline constexpr std::size_t kConcurrentQueriesMax = 100;             // An account.
inline constexpr std::int64_t kQueryRunMsMax = 60LL * 60 * 1'000;
inline constexpr std::int64_t kUseHalvedNs = 60'000'000'000;  // Ours: a minute of query time.
inline constexpr std::int64_t kResultLifeMs = 7LL * 24 * 3'600 * 1'000;
/// Ours: a partial result is rendered at most so often, and at most a twentieth of the time.
inline constexpr std::int64_t kPartialEveryMs = 250;
inline constexpr std::int64_t kPartialCostFactor = 20;
inline constexpr std::int64_t kResultTokenLifeMs = 3'600'000;
inline constexpr std::size_t kResultPageRowsMax = 10'000;
inline constexpr std::uint64_t kResultPageBytesMax = 16ULL << 20;  // Ours: bounds one answer.
/// Ours: GetQueryResults for a query that is about to end waits for that, until so long after its
/// start: most dashboards' queries end sooner, and who asks again brings more work than he saves.
inline constexpr std::int64_t kAnswerWaitMs = 50;
inline constexpr std::uint64_t kResultBytesMax = 100ULL << 20;        // store.md 3.4.
inline constexpr std::uint64_t kResultsTotalBytesMax = 128ULL << 20;  // Ours: all kept results.
// Ours: beyond that, results that wait for the disk.
inline constexpr std::uint64_t kResultsUnwrittenBytesMax = 128ULL << 20U;
inline constexpr std::uint64_t kResultsDiskBytesMax = 1ULL << 30;  // Ours: all kept files.
/// Ours: a result's text (100 MiB), and its numbers and names of fields.
inline constexpr std::uint64_t kKeptFileBytesMax = 512ULL << 20;
inline constexpr std::uint64_t kQueryMemoryBytesMax = 256ULL << 20;  // Ours: all that run.
/// Ours: groups kept from run to run of a query, of the memory of those that run.
inline constexpr std::uint64_t kQueryPartialsBytesMax = 64ULL << 20;
inline constexpr std::size_t kSessionsMax = 10'000;  // Ours: kept queries.
/// Ours: finished queries are written once none runs, or so many wait, or for so long.
inline constexpr std::size_t kErrandsWaitingMax = 64;
inline constexpr std::int64_t kErrandWaitMs = 1'000;
inline constexpr std::size_t kDescribeQueriesMax = 1'000;
inline constexpr std::size_t kQueryGroupsPageMax = 500;  // ListLogGroupsForQuery.

// Live tail (logs-api.md 8).
inline constexpr std::size_t kLiveGroupsMax = 10;
inline constexpr std::int64_t kLiveUpdateEveryMs = 1'000;
inline constexpr std::size_t kLiveUpdateEventsMax = 500;
inline constexpr std::int64_t kLiveSessionMsMax = 3LL * 3'600 * 1'000;
/// Ours: texts of one update, of which the last event may be beyond it; what a slow reader leaves
/// waiting (the service's own bound is 10 updates); what waits to be handed out, and from when on
/// the thread is woken for it before an update is due.
inline constexpr std::uint64_t kLiveUpdateBytesMax = 1ULL << 20;
inline constexpr std::size_t kLiveWaitingBytesMax = 2ULL << 20;
inline constexpr std::uint64_t kLiveQueueBytesMax = 64ULL << 20;
inline constexpr std::uint64_t kLiveQueueWakeBytes = 16ULL << 20;
/// Ours, all and of one account: with their buffers they stay below 1 GiB at the very worst.
inline constexpr std::size_t kLiveSessionsMax = 256;
inline constexpr std::size_t kLiveAccountSessionsMax = 128;

// Lookup tables (logs-api.md 6.2) and query definitions.
inline constexpr std::size_t kLookupTableBytesMax = 10ULL << 20;
inline constexpr std::size_t kLookupTablesMax = 100;  // An account and region.
inline constexpr std::size_t kLookupTablesPageMax = 100;
inline constexpr std::size_t kLookupColumnsMax = 1'000;             // Ours.
inline constexpr std::size_t kLookupCellsMax = 2'000'000;           // Ours: bounds a parsed table.
inline constexpr std::uint64_t kLookupCacheBytesMax = 64ULL << 20;  // Ours: parsed tables kept.
inline constexpr std::size_t kQueryDefinitionsMax = 1'000;  // The service's quota, an account.

// GetLogGroupFields (logs-api.md 5.3).
inline constexpr std::int64_t kFieldsAroundMs = 8LL * 60 * 1'000;
inline constexpr std::int64_t kFieldsDefaultMs = 15LL * 60 * 1'000;
inline constexpr std::size_t kFieldsSampleEventsMax = 10'000;        // Ours: newest first.
inline constexpr std::uint64_t kFieldsSampleBytesMax = 16ULL << 20;  // Ours.
inline constexpr std::size_t kFieldsMax = 1'000;                     // logs-insights-ql.md 9.1.

}  // namespace sky::logs::limits
