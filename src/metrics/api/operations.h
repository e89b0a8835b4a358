// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/metrics/api/operations.h - CloudWatch's metrics and alarms, as far as nothing
              // can be stored yet: what reads finds an empty store.

#include <span>

#include "aws/handler.h"

namespace sky::metrics::api {

/// What the handlers work on. PutMetricData and PutMetricAlarm are not built, so there is nothing.
struct Service {};

/// One row per built operation, sorted by name.
std::span<const aws::OperationDef> operations();

/// What the server registers.
aws::ServiceDef service_definition(Service& service);

struct DescribeAlarmsInput;
struct DescribeAlarmsOutput;
struct GetMetricDataInput;
struct GetMetricDataOutput;
struct ListMetricsInput;
struct ListMetricsOutput;

aws::Reply<DescribeAlarmsOutput> describe_alarms(Service&, const aws::CallContext&,
                                                 const DescribeAlarmsInput&);
aws::Reply<GetMetricDataOutput> get_metric_data(Service&, const aws::CallContext&,
                                                const GetMetricDataInput&);
aws::Reply<ListMetricsOutput> list_metrics(Service&, const aws::CallContext&,
                                           const ListMetricsInput&);

}  // namespace sky::metrics::api
