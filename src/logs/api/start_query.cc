// SPDX-License-Identifier: Apache-2.0
#include "logs/api/shapes/start_query.h"

#include "logs/api/errors.h"
#include "logs/api/operations.h"
#include "logs/api/request.h"

namespace sky::logs::api {

// StartQuery compiles a query and queues it.
aws::Reply<StartQueryResponse> start_query(Service& service, const aws::CallContext& context,
                                           const StartQueryRequest& in) {
    const int selectors = (in.log_group_name ? 1 : 0) + (in.log_group_names ? 1 : 0) +
                          (in.log_group_identifiers ? 1 : 0);
    if (selectors > 1)
        return fail(ErrorCode::kInvalidArgument,
                    "Exactly one of logGroupName, logGroupNames and logGroupIdentifiers must be "
                    "given.");
    if (in.query_language.value_or("CWLI") != "CWLI")
        return fail(ErrorCode::kInvalidArgument,
                    "Queries in " + *in.query_language +
                        " are not supported by skywatch yet (see docs/compatibility.md).");
    NewQuery query;
    if (in.log_group_name) query.groups = {*in.log_group_name};
    if (in.log_group_names) query.groups = *in.log_group_names;
    if (in.log_group_identifiers) query.groups = *in.log_group_identifiers;
    query.start = in.start_time;
    query.end = in.end_time;
    query.text = in.query_string;
    query.limit = in.limit;
    query.may_unmask = context.permissions.has(aws::Permission::kUnmask);
    auto id = service.queries.start(tenant_of(context), query, context.request_id);
    if (!id) return std::unexpected(query_error(in.query_string, std::move(id).error()));
    return StartQueryResponse{.query_id = *std::move(id)};
}

}  // namespace sky::logs::api
