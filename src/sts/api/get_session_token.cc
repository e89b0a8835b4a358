// SPDX-License-Identifier: Apache-2.0
#include "sts/api/shapes/get_session_token.h"

#include "sts/api/issue.h"
#include "sts/api/limits.h"

namespace sky::sts::api {

// GetSessionToken hands out credentials of the caller himself, for a time.
aws::Reply<GetSessionTokenResponse> get_session_token(Service& service,
                                                      const aws::CallContext& context,
                                                      const GetSessionTokenRequest& in) {
    if (!context.session_issuer.empty()) {
        return deny("Cannot call GetSessionToken with session credentials");
    }
    if (in.serial_number || in.token_code) {
        return deny("MultiFactorAuthentication failed, unable to validate MFA code.");
    }
    aws::SessionWish wish;
    wish.duration_s = in.duration_seconds.value_or(limits::kTokenSeconds);
    wish.permissions = context.permissions;
    auto made = issue(service, context, wish);
    if (!made) return std::unexpected(std::move(made).error());
    GetSessionTokenResponse out;
    out.credentials = shown(*made);
    return out;
}

}  // namespace sky::sts::api
