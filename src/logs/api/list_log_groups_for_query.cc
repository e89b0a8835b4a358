// SPDX-License-Identifier: Apache-2.0
#include "logs/api/shapes/list_log_groups_for_query.h"

#include "logs/api/operations.h"
#include "logs/api/request.h"

namespace sky::logs::api {

// ListLogGroupsForQuery tells which groups a query reads, those of its SOURCE included.
aws::Reply<ListLogGroupsForQueryResponse> list_log_groups_for_query(
    Service& service, const aws::CallContext& context, const ListLogGroupsForQueryRequest& in) {
    GroupNamePage page = SKY_TRY(
        service.queries.groups(tenant_of(context), in.query_id, in.max_results, in.next_token));
    ListLogGroupsForQueryResponse out;
    out.log_group_identifiers = std::move(page.names);
    out.next_token = std::move(page.next_token);
    return out;
}

}  // namespace sky::logs::api
