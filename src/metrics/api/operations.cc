// SPDX-License-Identifier: Apache-2.0
#include "metrics/api/operations.h"

#include <array>

#include "metrics/api/shapes/describe_alarms.h"
#include "metrics/api/shapes/get_metric_data.h"
#include "metrics/api/shapes/list_metrics.h"
#include "metrics/api/shapes/service.h"

namespace sky::metrics::api {
namespace {

using aws::Access;

// Source: metrics.md 2.1, the limit of PutMetricData; no request to read is as long.
constexpr std::uint64_t kBodyBytesMax = 1 << 20;

constexpr auto kOperations = std::to_array<aws::OperationDef>({
    {"DescribeAlarms", Access::kControl, kBodyBytesMax, aws::typed<&describe_alarms>},
    {"GetMetricData", Access::kRead, kBodyBytesMax, aws::typed<&get_metric_data>},
    {"ListMetrics", Access::kRead, kBodyBytesMax, aws::typed<&list_metrics>},
});

}  // namespace

std::span<const aws::OperationDef> operations() { return kOperations; }

aws::ServiceDef service_definition(Service& service) {
    return aws::service_def(service_model(), operations(), &aws::map_common_error, service);
}

}  // namespace sky::metrics::api
