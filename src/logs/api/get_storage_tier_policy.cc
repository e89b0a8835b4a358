// SPDX-License-Identifier: Apache-2.0
#include "logs/api/shapes/get_storage_tier_policy.h"

#include "logs/api/operations.h"
#include "logs/api/request.h"

namespace sky::logs::api {

// GetStorageTierPolicy tells how the account's events are kept: always in the one tier there is.
aws::Reply<GetStorageTierPolicyResponse> get_storage_tier_policy(
    Service&, const aws::CallContext&, const GetStorageTierPolicyRequest&) {
    GetStorageTierPolicyResponse out;
    out.storage_tier = kTierStandard;
    return out;
}

}  // namespace sky::logs::api
