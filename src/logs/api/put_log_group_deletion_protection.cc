// SPDX-License-Identifier: Apache-2.0
#include "logs/api/shapes/put_log_group_deletion_protection.h"

#include "logs/api/operations.h"
#include "logs/api/request.h"

namespace sky::logs::api {

// PutLogGroupDeletionProtection guards a group against deletes.
aws::Reply<PutLogGroupDeletionProtectionResponse> put_log_group_deletion_protection(
    Service& service, const aws::CallContext& context,
    const PutLogGroupDeletionProtectionRequest& in) {
    SKY_TRY(service.groups.set_deletion_protection(tenant_of(context), in.log_group_identifier,
                                                   in.deletion_protection_enabled));
    return PutLogGroupDeletionProtectionResponse{};
}

}  // namespace sky::logs::api
