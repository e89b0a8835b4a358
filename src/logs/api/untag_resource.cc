// SPDX-License-Identifier: Apache-2.0
#include "logs/api/shapes/untag_resource.h"

#include "logs/api/operations.h"
#include "logs/api/request.h"
#include "logs/identifiers.h"

namespace sky::logs::api {

// UntagResource takes tags off a group or a lookup table, by ARN.
aws::Reply<UntagResourceResponse> untag_resource(Service& service, const aws::CallContext& context,
                                                 const UntagResourceRequest& in) {
    const Tenant tenant = tenant_of(context);
    if (is_lookup_table_arn(in.resource_arn)) {
        SKY_TRY(service.lookup_tables.untag(tenant, in.resource_arn, in.tag_keys));
        return UntagResourceResponse{};
    }
    const std::string name = SKY_TRY(group_name_of_arn(tenant, in.resource_arn));
    SKY_TRY(service.groups.untag(tenant, name, in.tag_keys));
    return UntagResourceResponse{};
}

}  // namespace sky::logs::api
