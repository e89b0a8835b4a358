// SPDX-License-Identifier: Apache-2.0
#include "logs/api/shapes/list_tags_for_resource.h"

#include "logs/api/operations.h"
#include "logs/api/request.h"
#include "logs/identifiers.h"

namespace sky::logs::api {

// ListTagsForResource answers with the tags of a group or a lookup table, by ARN.
aws::Reply<ListTagsForResourceResponse> list_tags_for_resource(
    Service& service, const aws::CallContext& context, const ListTagsForResourceRequest& in) {
    const Tenant tenant = tenant_of(context);
    if (is_lookup_table_arn(in.resource_arn)) {
        LookupTableInfo table = SKY_TRY(service.lookup_tables.find(tenant, in.resource_arn));
        return ListTagsForResourceResponse{.tags = std::move(table.tags)};
    }
    const std::string name = SKY_TRY(group_name_of_arn(tenant, in.resource_arn));
    const GroupPtr group = SKY_TRY(service.groups.find(tenant, name));
    return ListTagsForResourceResponse{.tags = group->tags};
}

}  // namespace sky::logs::api
