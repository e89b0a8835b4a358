// SPDX-License-Identifier: Apache-2.0
#include "logs/api/shapes/stop_query.h"

#include "logs/api/operations.h"
#include "logs/api/request.h"

namespace sky::logs::api {

// StopQuery stops a query that has not finished.
aws::Reply<StopQueryResponse> stop_query(Service& service, const aws::CallContext& context,
                                         const StopQueryRequest& in) {
    SKY_TRY(service.queries.stop(tenant_of(context), in.query_id));
    return StopQueryResponse{.success = true};
}

}  // namespace sky::logs::api
