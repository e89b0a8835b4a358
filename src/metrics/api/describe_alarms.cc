// SPDX-License-Identifier: Apache-2.0
#include "metrics/api/shapes/describe_alarms.h"

#include "metrics/api/operations.h"

namespace sky::metrics::api {

// DescribeAlarms finds nothing: no alarm can be made yet. Both lists are there all the same;
// Grafana's picker walks them.
aws::Reply<DescribeAlarmsOutput> describe_alarms(Service&, const aws::CallContext&,
                                                 const DescribeAlarmsInput& in) {
    if (in.next_token && !in.next_token->empty()) {
        return aws::fault("InvalidNextToken", "Invalid NextToken");
    }
    if (in.alarm_names && in.alarm_name_prefix) {
        return aws::fault("ValidationException",
                          "AlarmNames and AlarmNamePrefix cannot both be set");
    }
    DescribeAlarmsOutput out;
    out.metric_alarms.emplace();
    out.composite_alarms.emplace();
    return out;
}

}  // namespace sky::metrics::api
