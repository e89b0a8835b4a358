// SPDX-License-Identifier: Apache-2.0
#include "logs/api/shapes/delete_log_group.h"

#include "logs/api/operations.h"
#include "logs/api/request.h"

namespace sky::logs::api {

// DeleteLogGroup deletes a group with all it holds.
aws::Reply<DeleteLogGroupResponse> delete_log_group(Service& service,
                                                    const aws::CallContext& context,
                                                    const DeleteLogGroupRequest& in) {
    SKY_TRY(service.groups.remove(tenant_of(context), in.log_group_name));
    return DeleteLogGroupResponse{};
}

}  // namespace sky::logs::api
