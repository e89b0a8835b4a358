// SPDX-License-Identifier: Apache-2.0
#include "aws/authorize.h"

namespace sky::aws {

std::expected<void, AuthError> authorize(const CallContext& caller, const ServiceModel& service,
                                         std::string_view operation, Permissions allowed_by) {
    if (caller.permissions.with(Permission::kIdentity).has_any_of(allowed_by)) return {};
    const std::string action = std::string(iam_prefix(service)) + ":" + std::string(operation);
    return std::unexpected(
        AuthError{AuthFailure::kNotAllowed, not_authorized(caller.caller_arn, action)});
}

std::string not_authorized(std::string_view caller_arn, std::string_view action) {
    std::string out = "User: ";
    out += caller_arn;
    out += " is not authorized to perform: ";
    out += action;
    out += " because no identity-based policy allows the ";
    out += action;
    out += " action";
    return out;
}

std::string_view iam_prefix(const ServiceModel& service) {
    if (service.signing_name == "monitoring") return "cloudwatch";
    if (service.signing_name == "tagging") return "tag";
    return service.signing_name;
}

std::string user_arn(std::string_view account, std::string_view access_key_id) {
    return "arn:aws:iam::" + std::string(account) + ":user/" + std::string(access_key_id);
}

}  // namespace sky::aws
