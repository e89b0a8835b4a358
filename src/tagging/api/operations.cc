// SPDX-License-Identifier: Apache-2.0
#include "tagging/api/operations.h"

#include <array>

#include "tagging/api/shapes/get_resources.h"
#include "tagging/api/shapes/service.h"

namespace sky::tagging::api {
namespace {

using aws::Access;

// Our choice: 100 ARNs of 1,011 characters, or 50 filters of 20 values, fit.
constexpr std::uint64_t kBodyBytesMax = 512 * 1024;

constexpr auto kOperations = std::to_array<aws::OperationDef>({
    {"GetResources", Access::kControl, kBodyBytesMax, aws::typed<&get_resources>},
});

}  // namespace

std::span<const aws::OperationDef> operations() { return kOperations; }

aws::ServiceDef service_definition(Service& service) {
    return aws::service_def(service_model(), operations(), &aws::map_common_error, service);
}

}  // namespace sky::tagging::api
