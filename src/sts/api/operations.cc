// SPDX-License-Identifier: Apache-2.0
#include "sts/api/operations.h"

#include <array>

#include "sts/api/limits.h"
#include "sts/api/shapes/assume_role.h"
#include "sts/api/shapes/get_caller_identity.h"
#include "sts/api/shapes/get_session_token.h"
#include "sts/api/shapes/service.h"

namespace sky::sts::api {
namespace {

// Who has proven who he is may ask for these: what they give is never more than he has.
constexpr aws::Permissions kAnybody = {aws::Permission::kIdentity};
constexpr auto kControl = aws::Access::kControl;

constexpr auto kOperations = std::to_array<aws::OperationDef>({
    {"AssumeRole", kControl, limits::kBodyBytesMax, aws::typed<&assume_role>, kAnybody},
    {"GetCallerIdentity", kControl, limits::kBodyBytesMax, aws::typed<&get_caller_identity>,
     kAnybody},
    {"GetSessionToken", kControl, limits::kBodyBytesMax, aws::typed<&get_session_token>, kAnybody},
});

}  // namespace

std::span<const aws::OperationDef> operations() { return kOperations; }

aws::ServiceDef service_definition(Service& service) {
    return aws::service_def(service_model(), operations(), &aws::map_common_error, service);
}

}  // namespace sky::sts::api
