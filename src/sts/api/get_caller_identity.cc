// SPDX-License-Identifier: Apache-2.0
#include "sts/api/shapes/get_caller_identity.h"

#include "sts/api/operations.h"

namespace sky::sts::api {

// GetCallerIdentity answers with who signed the request. watchtower asks it for the account
// (clients.md trap 21).
aws::Reply<GetCallerIdentityResponse> get_caller_identity(Service&, const aws::CallContext& context,
                                                          const GetCallerIdentityRequest&) {
    GetCallerIdentityResponse out;
    out.user_id = context.caller_id;
    out.account = context.account;
    out.arn = context.caller_arn;
    return out;
}

}  // namespace sky::sts::api
