// SPDX-License-Identifier: Apache-2.0
#include "logs/api/shapes/put_bearer_token_authentication.h"

#include "logs/api/operations.h"
#include "logs/api/request.h"

namespace sky::logs::api {

// PutBearerTokenAuthentication opens a group to requests that carry a token in place of a
// signature. No endpoint takes one, so it stays off: a setting without effect would promise what
// nobody does.
aws::Reply<PutBearerTokenAuthenticationResponse> put_bearer_token_authentication(
    Service& service, const aws::CallContext& context,
    const PutBearerTokenAuthenticationRequest& in) {
    static_cast<void>(SKY_TRY(service.groups.resolve(tenant_of(context), in.log_group_identifier)));
    if (in.bearer_token_authentication_enabled)
        return fail(ErrorCode::kInvalidState,
                    "Bearer token authentication is not available: no endpoint takes tokens.");
    return PutBearerTokenAuthenticationResponse{};
}

}  // namespace sky::logs::api
