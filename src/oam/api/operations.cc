// SPDX-License-Identifier: Apache-2.0
#include "oam/api/operations.h"

#include <array>

#include "oam/api/shapes/list_sinks.h"
#include "oam/api/shapes/service.h"

namespace sky::oam::api {
namespace {

using aws::Access;

constexpr std::uint64_t kBodyBytesMax = 64 * 1024;  // Our choice: a page size and a token.

constexpr auto kOperations = std::to_array<aws::OperationDef>({
    {"ListSinks", Access::kControl, kBodyBytesMax, aws::typed<&list_sinks>},
});

}  // namespace

std::span<const aws::OperationDef> operations() { return kOperations; }

aws::ServiceDef service_definition(Service& service) {
    return aws::service_def(service_model(), operations(), &aws::map_common_error, service);
}

}  // namespace sky::oam::api
