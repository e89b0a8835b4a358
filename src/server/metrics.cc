// SPDX-License-Identifier: Apache-2.0
#include "server/metrics.h"

#include "server/metrics_text.h"

namespace sky::server {
namespace {

struct Counter {
    std::string_view name, help, type;
    std::uint64_t value;
};

void add(MetricsText& text, std::initializer_list<Counter> rows) {
    for (const Counter& row : rows) {
        text.header(row.name, row.help, row.type);
        text.sample(row.name, {}, row.value);
    }
}

void add_operations(MetricsText& text, const std::vector<aws::OperationCounts>& operations) {
    struct Family {
        std::string_view name, help;
        std::uint64_t aws::OperationCounts::* value;
    };
    static constexpr Family kFamilies[] = {
        {"skywatch_operation_calls_total", "Calls of an operation.", &aws::OperationCounts::calls},
        {"skywatch_operation_client_errors_total", "Calls answered with the caller's fault.",
         &aws::OperationCounts::client_errors},
        {"skywatch_operation_throttled_total", "Calls answered with ThrottlingException.",
         &aws::OperationCounts::throttled},
        {"skywatch_operation_server_errors_total", "Calls answered with status 5xx.",
         &aws::OperationCounts::server_errors},
        {"skywatch_operation_body_bytes_total", "Request bodies as received.",
         &aws::OperationCounts::body_bytes},
        {"skywatch_operation_microseconds_total", "From the start of handling to the answer.",
         &aws::OperationCounts::microseconds},
    };
    for (const Family& family : kFamilies) {
        text.header(family.name, family.help, "counter");
        for (const aws::OperationCounts& row : operations) {
            text.sample(
                family.name,
                {{"service", std::string(row.service)}, {"operation", std::string(row.operation)}},
                row.*family.value);
        }
    }
}

}  // namespace

std::string render_metrics(const Measured& measured) {
    MetricsText text;
    add_operations(text, measured.dispatch.operations);
    add(text, {{"skywatch_unknown_operations_total", "Calls of operations that are not built.",
                "counter", measured.dispatch.unknown_operations},
               {"skywatch_authentication_failures_total", "Requests that were not who they said.",
                "counter", measured.dispatch.authentication_failures},
               {"skywatch_refused_total", "Requests refused before a handler ran.", "counter",
                measured.dispatch.refused}});
    if (measured.http) {
        const http::ServerStats& http = *measured.http;
        add(text,
            {{"skywatch_http_requests_total", "Requests.", "counter", http.requests},
             {"skywatch_http_responses_5xx_total", "Answers with status 5xx.", "counter",
              http.responses_5xx},
             {"skywatch_http_received_bytes_total", "Bytes received.", "counter", http.bytes_in},
             {"skywatch_http_sent_bytes_total", "Bytes sent.", "counter", http.bytes_out},
             {"skywatch_http_tls_handshakes_total", "TLS sessions begun.", "counter",
              http.tls_handshakes},
             {"skywatch_http_tls_failures_total", "Connections that began no TLS session.",
              "counter", http.tls_failures},
             {"skywatch_http_connections", "Open connections.", "gauge", http.connections},
             {"skywatch_http_queued", "Requests that wait for a thread.", "gauge", http.queued}});
    }
    if (measured.store) {
        const store::StoreStats& store = *measured.store;
        add(text,
            {{"skywatch_store_events_total", "Events acknowledged.", "counter",
              store.events_appended},
             {"skywatch_store_batches_total", "Batches acknowledged.", "counter",
              store.batches_appended},
             {"skywatch_store_wal_bytes_total", "Bytes written to the write-ahead log.", "counter",
              store.wal_bytes},
             {"skywatch_store_wal_syncs_total", "Syncs of the write-ahead log.", "counter",
              store.wal_syncs},
             {"skywatch_store_segment_bytes_written_total",
              "Bytes written to segment files and packs, by seals and merges.", "counter",
              store.segment_bytes_written},
             {"skywatch_store_merged_bytes_written_total", "Of these, bytes written by merges.",
              "counter", store.merged_bytes_written},
             {"skywatch_store_merges_total", "Merges of segments.", "counter", store.merges},
             {"skywatch_store_shape_mismatches_total",
              "Lines that their shaped form did not give back; stored as text instead.", "counter",
              store.shape_mismatches},
             {"skywatch_store_corrupt_wal_records_total", "Acknowledged log records found damaged.",
              "counter", store.corrupt_wal_records},
             {"skywatch_store_damaged_blocks_total",
              "Damaged blocks of segments whose rows reads had to leave out.", "counter",
              store.damaged_blocks},
             {"skywatch_store_damaged_rows_total", "Events in these blocks.", "counter",
              store.damaged_rows},
             {"skywatch_store_open_rows", "Events not yet in a segment.", "gauge", store.open_rows},
             {"skywatch_store_open_bytes", "Memory of events not yet in a segment.", "gauge",
              store.open_bytes},
             {"skywatch_store_memory_limit_bytes", "What the store may use of memory.", "gauge",
              store.memory_limit_bytes},
             {"skywatch_store_memory_queue_bytes", "Of it, batches that wait to be written.",
              "gauge", store.memory_queue_bytes},
             {"skywatch_store_memory_seal_bytes",
              "Of it, room of chunks that are being made segments.", "gauge",
              store.memory_seal_bytes},
             {"skywatch_store_memory_merge_bytes", "Of it, room of a merge that is under way.",
              "gauge", store.memory_merge_bytes},
             {"skywatch_store_memory_footer_bytes",
              "Of it, open segments: footers, and what shaped blocks say of themselves.", "gauge",
              store.memory_footer_bytes},
             {"skywatch_store_segments", "Live segments, in files of their own or in packs.",
              "gauge", store.live_segments},
             {"skywatch_store_segment_bytes", "Bytes of live segments.", "gauge",
              store.live_segment_bytes},
             {"skywatch_store_packs", "Packs of segments.", "gauge", store.packs},
             {"skywatch_store_pack_dead_bytes", "Bytes of packs that no live segment uses.",
              "gauge", store.pack_dead_bytes},
             {"skywatch_store_merge_debt_segments", "Segments that wait to be merged.", "gauge",
              store.merge_debt_segments},
             {"skywatch_store_merge_debt_bytes", "Bytes that wait to be merged.", "gauge",
              store.merge_debt_bytes},
             {"skywatch_store_orphans", "Files moved aside at start.", "gauge", store.orphans},
             {"skywatch_store_read_only", "1 after the disk failed twice; restart to write again.",
              "gauge", store.read_only ? 1U : 0U},
             {"skywatch_store_disk_full", "1 while flushes fail for want of space.", "gauge",
              store.disk_full ? 1U : 0U},
             {"skywatch_store_deletion_suspended",
              "1 while nothing expires because the wall clock jumped.", "gauge",
              store.deletion_suspended ? 1U : 0U}});
    }
    if (measured.live_tail) {
        const logs::LiveTailStats& live = *measured.live_tail;
        add(text,
            {{"skywatch_live_tail_sessions", "Live tail sessions.", "gauge", live.sessions},
             {"skywatch_live_tail_events_total", "Events sent to live tail sessions.", "counter",
              live.events_sent},
             {"skywatch_live_tail_updates_lost_total",
              "Updates that a session did not read in time.", "counter", live.updates_lost},
             {"skywatch_live_tail_batches_passed_over_total",
              "Batches that found no room on their way to live tail sessions.", "counter",
              live.batches_passed_over},
             {"skywatch_live_tail_queue_peak_bytes",
              "Most text that has waited for live tail sessions.", "gauge", live.peak_bytes}});
    }
    if (measured.partials) {
        const insights::PartialCacheStats& kept = *measured.partials;
        add(text,
            {{"skywatch_query_cache_hits_total",
              "Chunks whose groups were known from an earlier run of the query.", "counter",
              kept.hits},
             {"skywatch_query_cache_misses_total",
              "Chunks whose groups were made to be kept for the next run.", "counter", kept.misses},
             {"skywatch_query_cache_dropped_total", "Kept groups of chunks that made room.",
              "counter", kept.dropped},
             {"skywatch_query_cache_entries", "Chunks whose groups are kept, a query each.",
              "gauge", kept.entries},
             {"skywatch_query_cache_bytes", "Memory of kept groups.", "gauge", kept.bytes}});
    }
    return text.take();
}

}  // namespace sky::server
