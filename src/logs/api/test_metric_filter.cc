// SPDX-License-Identifier: Apache-2.0
#include "logs/api/shapes/test_metric_filter.h"

#include "logs/api/operations.h"
#include "logs/api/request.h"
#include "logs/patterns/filter_pattern.h"

namespace sky::logs::api {

// TestMetricFilter tells which messages a pattern matches, and what it takes out of them.
aws::Reply<TestMetricFilterResponse> test_metric_filter(Service&, const aws::CallContext&,
                                                        const TestMetricFilterRequest& in) {
    const FilterPattern pattern = SKY_TRY(FilterPattern::compile(in.filter_pattern));
    TestMetricFilterResponse out;
    std::vector<MetricFilterMatchRecord>& matches = out.matches.emplace();
    for (std::size_t i = 0; i < in.log_event_messages.size(); ++i) {
        auto values = pattern.extract(in.log_event_messages[i]);
        if (!values) continue;
        matches.push_back({.event_number = static_cast<std::int64_t>(i + 1),
                           .event_message = in.log_event_messages[i],
                           .extracted_values = std::move(values)});
    }
    return out;
}

}  // namespace sky::logs::api
