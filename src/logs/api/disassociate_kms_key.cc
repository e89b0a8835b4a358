// SPDX-License-Identifier: Apache-2.0
#include "logs/api/shapes/disassociate_kms_key.h"

#include "logs/api/operations.h"
#include "logs/api/request.h"

namespace sky::logs::api {

// DisassociateKmsKey takes the key from a group.
aws::Reply<DisassociateKmsKeyResponse> disassociate_kms_key(Service& service,
                                                            const aws::CallContext& context,
                                                            const DisassociateKmsKeyRequest& in) {
    const Tenant tenant = tenant_of(context);
    const std::string name =
        SKY_TRY(encrypted_group(tenant, in.log_group_name, in.resource_identifier));
    SKY_TRY(service.groups.set_key(tenant, name, std::nullopt));
    return DisassociateKmsKeyResponse{};
}

}  // namespace sky::logs::api
