// SPDX-License-Identifier: Apache-2.0
#include "logs/api/shapes/list_aggregate_log_group_summaries.h"

#include "logs/api/operations.h"
#include "logs/api/request.h"
#include "logs/tokens.h"

namespace sky::logs::api {

// ListAggregateLogGroupSummaries counts groups by the data source that delivers to them. No group
// has one here, so there is nothing to count; what a request gets wrong is told all the same.
aws::Reply<ListAggregateLogGroupSummariesResponse> list_aggregate_log_group_summaries(
    Service&, const aws::CallContext&, const ListAggregateLogGroupSummariesRequest& in) {
    if (in.log_group_name_pattern) SKY_TRY(NamePattern::parse(*in.log_group_name_pattern));
    if (in.next_token) return fail(ErrorCode::kInvalidArgument, std::string(kTokenInvalid));
    ListAggregateLogGroupSummariesResponse out;
    out.aggregate_log_group_summaries.emplace();
    return out;
}

}  // namespace sky::logs::api
