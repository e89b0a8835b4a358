// SPDX-License-Identifier: Apache-2.0
#include "sts/api/shapes/assume_role.h"

#include "sts/api/issue.h"
#include "sts/api/limits.h"

namespace sky::sts::api {

// AssumeRole hands out credentials that may do what the caller may do: there are no roles and no
// policies yet, and what would narrow a session is refused, never ignored.
aws::Reply<AssumeRoleResponse> assume_role(Service& service, const aws::CallContext& context,
                                           const AssumeRoleRequest& in) {
    if (in.policy || (in.policy_arns && !in.policy_arns->empty())) {
        return aws::fault("MalformedPolicyDocumentException",
                          "Session policies are not supported by skywatch.");
    }
    if (in.tags || in.transitive_tag_keys || in.source_identity || in.provided_contexts) {
        return aws::fault("ValidationError",
                          "Tags, TransitiveTagKeys, SourceIdentity and ProvidedContexts are not "
                          "supported by skywatch.");
    }
    if (in.serial_number || in.token_code) {
        return deny("MultiFactorAuthentication failed, unable to validate MFA code.");
    }
    aws::SessionWish wish;
    wish.duration_s = in.duration_seconds.value_or(limits::kRoleSeconds);
    if (!context.session_issuer.empty() && wish.duration_s > limits::kChainedRoleSecondsMax) {
        return aws::fault("ValidationError",
                          "The requested DurationSeconds exceeds the 1 hour session limit for "
                          "roles assumed by role chaining");
    }
    wish.permissions = context.permissions;
    wish.role_arn = in.role_arn;
    wish.session_name = in.role_session_name;
    auto made = issue(service, context, wish);
    if (!made) return std::unexpected(std::move(made).error());
    AssumeRoleResponse out;
    out.credentials = shown(*made);
    out.assumed_role_user = AssumedRoleUser{made->caller_id, made->caller_arn};
    return out;
}

}  // namespace sky::sts::api
