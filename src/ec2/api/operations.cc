// SPDX-License-Identifier: Apache-2.0
#include "ec2/api/operations.h"

#include <array>

#include "ec2/api/shapes/describe_regions.h"
#include "ec2/api/shapes/service.h"

namespace sky::ec2::api {
namespace {

using aws::Access;

// Our choice: names and filters alone; 200 filter values of 128 characters are less.
constexpr std::uint64_t kBodyBytesMax = 64 * 1024;

constexpr auto kOperations = std::to_array<aws::OperationDef>({
    {"DescribeRegions", Access::kControl, kBodyBytesMax, aws::typed<&describe_regions>},
});

}  // namespace

std::span<const aws::OperationDef> operations() { return kOperations; }

aws::ServiceDef service_definition(Service& service) {
    return aws::service_def(service_model(), operations(), &aws::map_common_error, service);
}

}  // namespace sky::ec2::api
