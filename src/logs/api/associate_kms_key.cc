// SPDX-License-Identifier: Apache-2.0
#include "logs/api/shapes/associate_kms_key.h"

#include "logs/api/operations.h"
#include "logs/api/request.h"

namespace sky::logs::api {

// AssociateKmsKey names the key that a group's events are encrypted with.
aws::Reply<AssociateKmsKeyResponse> associate_kms_key(Service& service,
                                                      const aws::CallContext& context,
                                                      const AssociateKmsKeyRequest& in) {
    const Tenant tenant = tenant_of(context);
    const std::string name =
        SKY_TRY(encrypted_group(tenant, in.log_group_name, in.resource_identifier));
    SKY_TRY(service.groups.set_key(tenant, name, in.kms_key_id));
    return AssociateKmsKeyResponse{};
}

}  // namespace sky::logs::api
