// SPDX-License-Identifier: Apache-2.0
#include "logs/api/shapes/get_log_fields.h"

#include "logs/api/operations.h"
#include "logs/api/request.h"

namespace sky::logs::api {

// GetLogFields lists the fields of a data source. No log group has one here: that name is given by
// services that deliver their logs.
aws::Reply<GetLogFieldsResponse> get_log_fields(Service&, const aws::CallContext&,
                                                const GetLogFieldsRequest& in) {
    return fail(ErrorCode::kNotFound, "The specified data source does not exist: " +
                                          in.data_source_name + "." + in.data_source_type);
}

}  // namespace sky::logs::api
