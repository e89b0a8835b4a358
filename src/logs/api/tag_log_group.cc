// SPDX-License-Identifier: Apache-2.0
#include "logs/api/shapes/tag_log_group.h"

#include "logs/api/operations.h"
#include "logs/api/request.h"

namespace sky::logs::api {

// TagLogGroup adds tags to a group, by name.
aws::Reply<TagLogGroupResponse> tag_log_group(Service& service, const aws::CallContext& context,
                                              const TagLogGroupRequest& in) {
    SKY_TRY(service.groups.tag(tenant_of(context), in.log_group_name, in.tags));
    return TagLogGroupResponse{};
}

}  // namespace sky::logs::api
