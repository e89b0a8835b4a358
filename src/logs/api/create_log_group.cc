// SPDX-License-Identifier: Apache-2.0
#include "logs/api/shapes/create_log_group.h"

#include "logs/api/operations.h"
#include "logs/api/request.h"

namespace sky::logs::api {

// CreateLogGroup makes a group.
aws::Reply<CreateLogGroupResponse> create_log_group(Service& service,
                                                    const aws::CallContext& context,
                                                    const CreateLogGroupRequest& in) {
    NewGroup group;
    group.name = in.log_group_name;
    group.kms_key_id = in.kms_key_id;
    group.tags = in.tags.value_or(Tags{});
    group.log_class = in.log_group_class.value_or(std::string(kClassStandard));
    group.deletion_protection = in.deletion_protection_enabled.value_or(false);
    SKY_TRY(service.groups.create(tenant_of(context), group));
    return CreateLogGroupResponse{};
}

}  // namespace sky::logs::api
