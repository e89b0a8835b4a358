// SPDX-License-Identifier: Apache-2.0
#include "logs/api/shapes/describe_queries.h"

#include "logs/api/operations.h"
#include "logs/api/request.h"

namespace sky::logs::api {

// DescribeQueries lists recent queries, newest first.
aws::Reply<DescribeQueriesResponse> describe_queries(Service& service,
                                                     const aws::CallContext& context,
                                                     const DescribeQueriesRequest& in) {
    DescribeQueriesResponse out;
    std::vector<QueryInfo>& queries = out.queries.emplace();
    if (in.query_language.value_or("CWLI") != "CWLI") return out;  // None can have been started.
    QueryFilter filter;
    filter.group = in.log_group_name;
    if (in.status) {
        filter.status = query_status_of(*in.status);
        if (!filter.status) return out;  // Unknown: a status that no query of ours has.
    }
    filter.count = in.max_results;
    filter.token = in.next_token;
    QueryPage page = SKY_TRY(service.queries.describe(tenant_of(context), filter));
    out.next_token = std::move(page.next_token);
    queries.reserve(page.queries.size());
    for (QuerySummary& query : page.queries) {
        QueryInfo& item = queries.emplace_back();
        item.query_language = "CWLI";
        item.query_id = std::move(query.id);
        item.query_string = std::move(query.source_text);
        item.status = std::string(query_status_name(query.status));
        item.create_time = query.creation_ms;
        item.log_group_name = std::move(query.group);
        item.query_duration = query.duration_ms;
        if (query.duration_ms) item.bytes_scanned = query.bytes_scanned;
    }
    return out;
}

}  // namespace sky::logs::api
