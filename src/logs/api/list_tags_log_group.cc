// SPDX-License-Identifier: Apache-2.0
#include "logs/api/shapes/list_tags_log_group.h"

#include "logs/api/operations.h"
#include "logs/api/request.h"

namespace sky::logs::api {

// ListTagsLogGroup answers with the tags of a group, by name.
aws::Reply<ListTagsLogGroupResponse> list_tags_log_group(Service& service,
                                                         const aws::CallContext& context,
                                                         const ListTagsLogGroupRequest& in) {
    const GroupPtr group = SKY_TRY(service.groups.find(tenant_of(context), in.log_group_name));
    return ListTagsLogGroupResponse{.tags = group->tags};
}

}  // namespace sky::logs::api
