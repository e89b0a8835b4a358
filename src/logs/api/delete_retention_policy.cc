// SPDX-License-Identifier: Apache-2.0
#include "logs/api/shapes/delete_retention_policy.h"

#include "logs/api/operations.h"
#include "logs/api/request.h"

namespace sky::logs::api {

// DeleteRetentionPolicy keeps events for ever.
aws::Reply<DeleteRetentionPolicyResponse> delete_retention_policy(
    Service& service, const aws::CallContext& context, const DeleteRetentionPolicyRequest& in) {
    SKY_TRY(service.groups.set_retention(tenant_of(context), in.log_group_name, std::nullopt));
    return DeleteRetentionPolicyResponse{};
}

}  // namespace sky::logs::api
