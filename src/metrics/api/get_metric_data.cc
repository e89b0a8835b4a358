// SPDX-License-Identifier: Apache-2.0
#include "metrics/api/shapes/get_metric_data.h"

#include <set>

#include "metrics/api/operations.h"

namespace sky::metrics::api {
namespace {

constexpr std::size_t kQueriesMax = 500;  // Source: metrics.md 6.

// Texts of metrics.md 6; several faults are joined.
std::string faults_of(const GetMetricDataInput& in) {
    std::string out;
    const auto add = [&out](const std::string& text) { out += (out.empty() ? "" : "\n") + text; };
    if (in.end_time == in.start_time) {
        add("The parameter StartTime must not equal parameter EndTime.");
    } else if (in.end_time < in.start_time) {
        add("The parameter EndTime must be greater than StartTime.");
    }
    if (in.metric_data_queries.size() > kQueriesMax) {
        add("The collection MetricDataQueries must not have a size greater than " +
            std::to_string(kQueriesMax) + ".");
        return out;
    }
    std::set<std::string_view> ids;
    std::size_t number = 0;
    for (const MetricDataQuery& query : in.metric_data_queries) {
        ++number;
        if (!query.metric_stat && !query.expression) {
            add("The parameter MetricDataQueries.member." + std::to_string(number) +
                ".MetricStat is required.\n");
        }
        if (!ids.insert(query.id).second) {
            add("The values for parameter id in MetricDataQueries are not unique.");
        }
        if (query.expression && !query.expression->starts_with("SEARCH(")) {
            add("Error in expression '" + query.id +
                "': metric math is not supported by skywatch (see docs/compatibility.md).");
        }
    }
    return out;
}

// What the metric queries differ in, behind the name (metrics.md 6.1).
std::string default_label(const MetricStat& stat, const GetMetricDataInput& in) {
    bool stats_differ = false, periods_differ = false;
    for (const MetricDataQuery& query : in.metric_data_queries) {
        if (!query.metric_stat) continue;
        stats_differ = stats_differ || query.metric_stat->stat != stat.stat;
        periods_differ = periods_differ || query.metric_stat->period != stat.period;
    }
    std::string out = stat.metric.metric_name.value_or("");
    if (stats_differ) out += " " + stat.stat;
    if (periods_differ) out += " " + std::to_string(stat.period);
    return out;
}

}  // namespace

// GetMetricData finds no values: no metric can be stored yet. A search therefore matches nothing,
// and a metric that nobody wrote is a series without points, as the service answers it.
aws::Reply<GetMetricDataOutput> get_metric_data(Service&, const aws::CallContext&,
                                                const GetMetricDataInput& in) {
    if (in.next_token && !in.next_token->empty()) {
        return aws::fault("InvalidNextToken", "Invalid NextToken");
    }
    if (std::string faults = faults_of(in); !faults.empty()) {
        return aws::fault("ValidationException", std::move(faults));
    }
    GetMetricDataOutput out;
    std::vector<MetricDataResult>& results = out.metric_data_results.emplace();
    for (const MetricDataQuery& query : in.metric_data_queries) {
        if (!query.metric_stat || !query.return_data.value_or(true)) continue;
        MetricDataResult& row = results.emplace_back();
        row.id = query.id;
        row.label =
            query.label.value_or("").empty() ? default_label(*query.metric_stat, in) : *query.label;
        row.timestamps.emplace();
        row.values.emplace();
        row.status_code = "Complete";
    }
    out.messages.emplace();
    return out;
}

}  // namespace sky::metrics::api
