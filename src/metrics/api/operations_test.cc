// SPDX-License-Identifier: Apache-2.0
#include "metrics/api/operations.h"

#include <doctest/doctest.h>

#include "aws/testing/invoke.h"

namespace sky::metrics::api {
namespace {

std::string ask(std::string_view operation, std::string_view body) {
    Service service;
    return aws::testing::ask(service_definition(service), operation, body);
}

const std::string kSearch = R"json({"Id":"s","Expression":"SEARCH('{N} Calls', 'Sum', 60)"})json";

/// A GetMetricData request for the last hour.
std::string hour(const std::string& queries) {
    return R"({"StartTime":1700000000,"EndTime":1700003600,"MetricDataQueries":[)" + queries + "]}";
}

std::string stat(const std::string& id, const std::string& name, const std::string& stat,
                 const std::string& period, const std::string& more = "") {
    return R"({"Id":")" + id + R"(","MetricStat":{"Metric":{"Namespace":"N","MetricName":")" +
           name + R"("},"Stat":")" + stat + R"(","Period":)" + period + "}" + more + "}";
}

std::string series(const std::string& id, const std::string& label) {
    return R"({"Id":")" + id + R"(","Label":")" + label +
           R"(","Timestamps":[],"Values":[],"StatusCode":"Complete"})";
}

std::string results(const std::string& rows) {
    return R"(200 {"MetricDataResults":[)" + rows + R"(],"Messages":[]})";
}

}  // namespace

TEST_CASE("metrics and alarms: lists that clients walk are there and empty") {
    CHECK(ask("ListMetrics", "{}") == R"(200 {"Metrics":[]})");
    CHECK(ask("ListMetrics", R"({"IncludeLinkedAccounts":true})") ==
          R"(200 {"Metrics":[],"OwningAccounts":[]})");
    CHECK(ask("ListMetrics", R"({"NextToken":"x"})") ==
          "400 InvalidParameterValueException: Invalid nextToken");
    CHECK(ask("DescribeAlarms", "{}") == R"(200 {"CompositeAlarms":[],"MetricAlarms":[]})");
    CHECK(ask("DescribeAlarms", R"({"NextToken":"x"})") ==
          "400 InvalidNextToken: Invalid NextToken");
    CHECK(ask("DescribeAlarms", R"({"AlarmNames":["a"],"AlarmNamePrefix":"a"})") ==
          "400 ValidationException: AlarmNames and AlarmNamePrefix cannot both be set");
}

TEST_CASE("GetMetricData: a series without points for each metric asked for") {
    CHECK(ask("GetMetricData", hour(stat("a", "Calls", "Sum", "60"))) ==
          results(series("a", "Calls")));
    // The label says what the metrics differ in.
    CHECK(ask("GetMetricData",
              hour(stat("a", "Calls", "Sum", "60") + "," + stat("b", "Calls", "Average", "60"))) ==
          results(series("a", "Calls Sum") + "," + series("b", "Calls Average")));
    CHECK(ask("GetMetricData",
              hour(stat("a", "Calls", "Sum", "60") + "," + stat("b", "Calls", "Sum", "300"))) ==
          results(series("a", "Calls 60") + "," + series("b", "Calls 300")));
    CHECK(ask("GetMetricData", hour(stat("a", "Calls", "Sum", "60", R"(,"Label":"mine")"))) ==
          results(series("a", "mine")));
    CHECK(ask("GetMetricData", hour(stat("a", "Calls", "Sum", "60", R"(,"ReturnData":false)"))) ==
          results(""));
    CHECK(ask("GetMetricData", hour(kSearch)) == results(""));
}

TEST_CASE("GetMetricData: what cannot be meant is refused") {
    const auto refused = [](const std::string& text) { return "400 ValidationException: " + text; };
    CHECK(ask("GetMetricData", hour(R"({"Id":"m","Expression":"a + b"})")) ==
          refused("Error in expression 'm': metric math is not supported by skywatch "
                  "(see docs/compatibility.md)."));
    CHECK(ask("GetMetricData",
              hour(stat("a", "C", "Sum", "60") + "," + stat("a", "D", "Sum", "60"))) ==
          refused("The values for parameter id in MetricDataQueries are not unique."));
    CHECK(ask("GetMetricData", R"({"StartTime":5,"EndTime":5,"MetricDataQueries":[]})") ==
          refused("The parameter StartTime must not equal parameter EndTime."));
    CHECK(ask("GetMetricData", R"({"StartTime":6,"EndTime":5,"MetricDataQueries":[]})") ==
          refused("The parameter EndTime must be greater than StartTime."));
    std::string many;
    for (int i = 0; i < 501; ++i)
        many += (i == 0 ? "" : ",") + stat("m" + std::to_string(i), "C", "Sum", "60");
    CHECK(ask("GetMetricData", hour(many)) ==
          refused("The collection MetricDataQueries must not have a size greater than 500."));
}

}  // namespace sky::metrics::api
