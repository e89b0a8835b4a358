// SPDX-License-Identifier: Apache-2.0
#include "logs/api/shapes/tag_resource.h"

#include "logs/api/operations.h"
#include "logs/api/request.h"
#include "logs/api/shapes/structures.h"
#include "logs/identifiers.h"

namespace sky::logs::api {

// TagResource adds tags to a group or a lookup table, by ARN.
aws::Reply<TagResourceResponse> tag_resource(Service& service, const aws::CallContext& context,
                                             const TagResourceRequest& in) {
    const Tenant tenant = tenant_of(context);
    Status tagged;
    if (is_lookup_table_arn(in.resource_arn)) {
        tagged = service.lookup_tables.tag(tenant, in.resource_arn, in.tags);
    } else {
        const std::string name = SKY_TRY(group_name_of_arn(tenant, in.resource_arn));
        tagged = service.groups.tag(tenant, name, in.tags);
    }
    if (!tagged && tagged.error().code == ErrorCode::kLimitExceeded) {
        TooManyTagsException detail;
        detail.resource_name = in.resource_arn;
        return std::unexpected(aws::ServiceError("TooManyTagsException", std::move(tagged).error())
                                   .with(std::move(detail)));
    }
    if (!tagged) return std::unexpected(std::move(tagged).error());
    return TagResourceResponse{};
}

}  // namespace sky::logs::api
