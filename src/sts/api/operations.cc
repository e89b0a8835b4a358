// SPDX-License-Identifier: Apache-2.0
#include "sts/api/operations.h"

#include <array>

#include "sts/api/shapes/get_caller_identity.h"
#include "sts/api/shapes/service.h"

namespace sky::sts::api {
namespace {

using aws::Access;

// Source: clients.md 5.8 has no figure for STS; the largest modelled request is a policy of 2,048
// characters with its tags.
constexpr std::uint64_t kBodyBytesMax = 64 * 1024;

constexpr auto kOperations = std::to_array<aws::OperationDef>({
    {"GetCallerIdentity",
     Access::kControl,
     kBodyBytesMax,
     aws::typed<&get_caller_identity>,
     {aws::Permission::kIdentity}},
});

}  // namespace

std::span<const aws::OperationDef> operations() { return kOperations; }

aws::ServiceDef service_definition(Service& service) {
    return aws::service_def(service_model(), operations(), &aws::map_common_error, service);
}

}  // namespace sky::sts::api
