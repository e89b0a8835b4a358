// SPDX-License-Identifier: Apache-2.0
#include "logs/api/shapes/put_retention_policy.h"

#include "logs/api/operations.h"
#include "logs/api/request.h"

namespace sky::logs::api {

// PutRetentionPolicy sets how long events are kept.
aws::Reply<PutRetentionPolicyResponse> put_retention_policy(Service& service,
                                                            const aws::CallContext& context,
                                                            const PutRetentionPolicyRequest& in) {
    SKY_TRY(
        service.groups.set_retention(tenant_of(context), in.log_group_name, in.retention_in_days));
    return PutRetentionPolicyResponse{};
}

}  // namespace sky::logs::api
