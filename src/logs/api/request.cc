// SPDX-License-Identifier: Apache-2.0
#include "logs/api/request.h"

#include "logs/identifiers.h"

namespace sky::logs::api {

aws::Reply<GroupPtr> requested_group(const Service& service, const aws::CallContext& context,
                                     const std::optional<std::string>& name,
                                     const std::optional<std::string>& identifier) {
    if (name && identifier)
        return aws::fault("ValidationException",
                          "LogGroup name and LogGroup ARN are mutually exclusive parameters.");
    if (!name && !identifier)
        return fail(ErrorCode::kInvalidArgument,
                    "Either logGroupName or logGroupIdentifier must be given.");
    const Tenant tenant = tenant_of(context);
    if (name) return SKY_TRY(service.groups.find(tenant, *name));
    return SKY_TRY(service.groups.resolve(tenant, *identifier));
}

aws::Reply<std::string> encrypted_group(const Tenant& tenant,
                                        const std::optional<std::string>& name,
                                        const std::optional<std::string>& resource) {
    if (name.has_value() == resource.has_value())
        return fail(ErrorCode::kInvalidArgument,
                    "Exactly one of logGroupName and resourceIdentifier must be given.");
    if (name) return *name;
    return SKY_TRY(group_name_of_arn(tenant, *resource));
}

}  // namespace sky::logs::api
