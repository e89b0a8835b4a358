// SPDX-License-Identifier: Apache-2.0
#include "logs/api/shapes/put_storage_tier_policy.h"

#include "logs/api/operations.h"
#include "logs/api/request.h"

namespace sky::logs::api {

// PutStorageTierPolicy chooses the tier of the account's events. Segments lie on one disk, so
// another tier is refused: a setting without effect would promise what nobody does.
aws::Reply<PutStorageTierPolicyResponse> put_storage_tier_policy(
    Service&, const aws::CallContext&, const PutStorageTierPolicyRequest& in) {
    if (in.storage_tier != kTierStandard)
        return fail(ErrorCode::kInvalidArgument,
                    "The storage tier is not available: " + in.storage_tier);
    PutStorageTierPolicyResponse out;
    out.storage_tier = kTierStandard;
    return out;
}

}  // namespace sky::logs::api
