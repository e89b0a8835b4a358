// SPDX-License-Identifier: Apache-2.0
#include "logs/api/shapes/get_query_results.h"

#include "logs/api/operations.h"
#include "logs/api/request.h"

namespace sky::logs::api {

// GetQueryResults answers with the rows found so far.
aws::Reply<GetQueryResultsResponse> get_query_results(Service& service,
                                                      const aws::CallContext& context,
                                                      const GetQueryResultsRequest& in) {
    const QueryView view = SKY_TRY(
        service.queries.results(tenant_of(context), in.query_id, in.max_items, in.next_token));
    GetQueryResultsResponse out;
    out.query_language = "CWLI";
    out.status = std::string(query_status_name(view.status));
    std::vector<std::vector<ResultField>>& results = out.results.emplace();
    results.reserve(view.end - view.begin);
    for (std::size_t i = view.begin; i < view.end; ++i) {
        std::vector<ResultField>& row = results.emplace_back();
        row.reserve(view.result->rows[i].size());
        for (const insights::Cell& cell : view.result->rows[i])
            row.push_back({.field = cell.field, .value = cell.value});
    }
    const insights::Statistics& seen = view.result->statistics;
    QueryStatistics& statistics = out.statistics.emplace();
    statistics.records_matched = seen.records_matched;
    statistics.records_scanned = seen.records_scanned;
    statistics.bytes_scanned = seen.bytes_scanned;
    statistics.estimated_records_skipped = 0;
    statistics.estimated_bytes_skipped = 0;
    statistics.log_groups_scanned = seen.log_groups_scanned;
    out.next_token = view.next_token;
    return out;
}

}  // namespace sky::logs::api
