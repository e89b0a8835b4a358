// SPDX-License-Identifier: Apache-2.0
#include "logs/api/shapes/untag_log_group.h"

#include "logs/api/operations.h"
#include "logs/api/request.h"

namespace sky::logs::api {

// UntagLogGroup takes tags off a group, by name.
aws::Reply<UntagLogGroupResponse> untag_log_group(Service& service, const aws::CallContext& context,
                                                  const UntagLogGroupRequest& in) {
    SKY_TRY(service.groups.untag(tenant_of(context), in.log_group_name, in.tags));
    return UntagLogGroupResponse{};
}

}  // namespace sky::logs::api
