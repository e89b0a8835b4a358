// SPDX-License-Identifier: Apache-2.0
#include "logs/api/shapes/get_log_group_fields.h"

#include "logs/api/operations.h"
#include "logs/api/request.h"

namespace sky::logs::api {

// GetLogGroupFields answers with the fields of recent events.
aws::Reply<GetLogGroupFieldsResponse> get_log_group_fields(Service& service,
                                                           const aws::CallContext& context,
                                                           const GetLogGroupFieldsRequest& in) {
    const GroupPtr group =
        SKY_TRY(requested_group(service, context, in.log_group_name, in.log_group_identifier));
    GetLogGroupFieldsResponse out;
    std::vector<LogGroupField>& fields = out.log_group_fields.emplace();
    for (FieldShare& share : SKY_TRY(service.records.fields(*group, in.time)))
        fields.push_back({.name = std::move(share.name), .percent = share.percent});
    return out;
}

}  // namespace sky::logs::api
