// SPDX-License-Identifier: Apache-2.0
// What the generic codec and the model refuse before a handler runs (logs-api.md 1, 1.1, 1.2).
#include <doctest/doctest.h>

#include "aws/call.h"
#include "logs/api/shapes/create_log_group.h"
#include "logs/api/shapes/create_log_stream.h"
#include "logs/api/shapes/describe_log_groups.h"
#include "logs/api/shapes/get_log_events.h"
#include "logs/api/shapes/list_tags_for_resource.h"
#include "logs/api/shapes/put_delivery_destination.h"
#include "logs/api/shapes/put_log_events.h"
#include "logs/api/shapes/put_metric_filter.h"
#include "logs/api/shapes/service.h"
#include "logs/api/shapes/start_query.h"
#include "logs/api/shapes/untag_log_group.h"

namespace sky::logs::api {
namespace {

// "ok", or the error's type and message as a handler's Call::decode() gives them.
template <class T>
std::string verdict(std::string_view operation, std::string_view body) {
    auto state = std::make_unique<aws::Call::State>();
    state->service = &service_model();
    state->operation = service_model().find_operation(operation);
    REQUIRE(state->operation != nullptr);
    state->codec = &aws::json11_codec();
    state->body = body;
    state->respond = [](http::Response) {};
    aws::Call call(std::move(state));
    T in;
    const auto decoded = call.decode(in);
    const std::string text =
        decoded ? "ok" : decoded.error().type + ": " + decoded.error().error.message;
    call.fail(aws::ServiceError("InternalFailure", Error{ErrorCode::kInternal, ""}));
    return text;
}

using Verdict = std::string (*)(std::string_view, std::string_view);

struct Case {
    const char* name;
    Verdict verdict;
    std::string_view operation;
    std::string body;
    std::string text;
};

const std::string kLong513(513, 'a');
const std::string kOne = "InvalidParameterException: 1 validation error detected: ";

TEST_CASE("constraints: the service's own texts") {
    const Case cases[] = {
        {"good", verdict<CreateLogGroupRequest>, "CreateLogGroup",
         R"({"logGroupName":"/a.b-c_d#1"})", "ok"},
        {"absent", verdict<CreateLogGroupRequest>, "CreateLogGroup", "{}",
         kOne +
             "Value null at 'logGroupName' failed to satisfy constraint: Member must not be null"},
        {"empty body is an empty object", verdict<DescribeLogGroupsRequest>, "DescribeLogGroups",
         "", "ok"},
        {"null is absent", verdict<CreateLogGroupRequest>, "CreateLogGroup",
         R"({"logGroupName":null})",
         kOne +
             "Value null at 'logGroupName' failed to satisfy constraint: Member must not be null"},
        {"too short and out of form", verdict<CreateLogGroupRequest>, "CreateLogGroup",
         R"({"logGroupName":""})",
         "InvalidParameterException: 2 validation errors detected: Value '' at 'logGroupName' "
         "failed to "
         "satisfy constraint: Member must have length greater than or equal to 1; Value '' at "
         "'logGroupName' failed to satisfy constraint: Member must satisfy regular expression "
         "pattern: "
         R"([\.\-_/#A-Za-z0-9]+)"},
        {"group name too long", verdict<CreateLogGroupRequest>, "CreateLogGroup",
         R"({"logGroupName":")" + kLong513 + "\"}",
         "InvalidParameterException: Invalid LogGroup or LogStream, both must have length less "
         "than or equal "
         "to 512."},
        {"stream name too long", verdict<CreateLogStreamRequest>, "CreateLogStream",
         R"({"logGroupName":"g","logStreamName":")" + kLong513 + "\"}",
         "InvalidParameterException: Invalid LogGroup or LogStream, both must have length less "
         "than or equal "
         "to 512."},
        {"other names: the general text", verdict<PutMetricFilterRequest>, "PutMetricFilter",
         R"({"logGroupName":"g","filterPattern":"","metricTransformations":[{"metricName":"m","metricNamespace":"n","metricValue":"1"}],"filterName":")" +
             kLong513 + "\"}",
         kOne + "Value '" + kLong513 +
             "' at 'filterName' failed to satisfy constraint: Member must have length less than or "
             "equal to "
             "512"},
        {"a character that the stream pattern forbids", verdict<CreateLogStreamRequest>,
         "CreateLogStream", R"({"logGroupName":"g","logStreamName":"a:b"})",
         kOne + "Value 'a:b' at 'logStreamName' failed to satisfy constraint: Member must satisfy "
                "regular "
                "expression pattern: [^:*]*"},
        {"stream name may hold a line break", verdict<CreateLogStreamRequest>, "CreateLogStream",
         R"({"logGroupName":"g","logStreamName":"a\nb"})", "ok"},
        {"lengths count code points", verdict<CreateLogStreamRequest>, "CreateLogStream",
         R"({"logGroupName":"g","logStreamName":")" +
             [] {
                 std::string text;
                 for (int i = 0; i < 512; ++i) text += "\xC3\xA9";
                 return text;
             }() +
             "\"}",
         "ok"},
        {"value too small", verdict<DescribeLogGroupsRequest>, "DescribeLogGroups",
         R"({"limit":0})",
         kOne + "Value '0' at 'limit' failed to satisfy constraint: Member must have value greater "
                "than or "
                "equal to 1"},
        {"value too large", verdict<DescribeLogGroupsRequest>, "DescribeLogGroups",
         R"({"limit":51})",
         kOne + "Value '51' at 'limit' failed to satisfy constraint: Member must have value less "
                "than or "
                "equal to 50"},
        {"negative time", verdict<GetLogEventsRequest>, "GetLogEvents",
         R"({"logStreamName":"s","startTime":-1})",
         kOne + "Value '-1' at 'startTime' failed to satisfy constraint: Member must have value "
                "greater than "
                "or equal to 0"},
        {"empty list", verdict<PutLogEventsRequest>, "PutLogEvents",
         R"({"logGroupName":"g","logStreamName":"s","logEvents":[]})",
         kOne + "Value '[]' at 'logEvents' failed to satisfy constraint: Member must have length "
                "greater than "
                "or equal to 1"},
        {"inside a list", verdict<PutLogEventsRequest>, "PutLogEvents",
         R"({"logGroupName":"g","logStreamName":"s","logEvents":[{"timestamp":1,"message":"m"},{"timestamp":2},null]})",
         "InvalidParameterException: 2 validation errors detected: Value null at "
         "'logEvents.2.member.message' "
         "failed to satisfy constraint: Member must not be null; Value null at "
         "'logEvents.3.member' failed "
         "to satisfy constraint: Member must not be null"},
        {"tag value", verdict<CreateLogGroupRequest>, "CreateLogGroup",
         R"({"logGroupName":"g","tags":{"k":"<"}})",
         kOne + "Value '<' at 'tags.k.member' failed to satisfy constraint: Member must satisfy "
                "regular "
                R"(expression pattern: ^([\p{L}\p{Z}\p{N}_.:/=+\-@]*)$)"},
        {"tag key", verdict<CreateLogGroupRequest>, "CreateLogGroup",
         R"({"logGroupName":"g","tags":{"":"v"}})",
         kOne +
             "Value '{=v}' at 'tags' failed to satisfy constraint: Map keys must satisfy "
             "constraint: "
             "[Member must have length less than or equal to 128, Member must have length greater "
             "than or "
             R"(equal to 1, Member must satisfy regular expression pattern: ^([\p{L}\p{Z}\p{N}_.:/=+\-@]+)$])"},
        {"no tags", verdict<CreateLogGroupRequest>, "CreateLogGroup",
         R"({"logGroupName":"g","tags":{}})",
         kOne + "Value '{}' at 'tags' failed to satisfy constraint: Member must have length "
                "greater than or "
                "equal to 1"},
        {"letters of any language in tags", verdict<CreateLogGroupRequest>, "CreateLogGroup",
         R"({"logGroupName":"g","tags":{"größe":"日本 1"}})", "ok"},
        {"structures the Java way", verdict<PutMetricFilterRequest>, "PutMetricFilter",
         R"({"logGroupName":"g","filterName":"f","filterPattern":"","metricTransformations":[{"metricName":"a","metricNamespace":"n","metricValue":"1"},{"metricName":"b","metricNamespace":"n","metricValue":"1","dimensions":{"d":"$.x"},"defaultValue":0.5}]})",
         kOne +
             "Value '[MetricTransformation(metricName=a, metricNamespace=n, metricValue=1, "
             "defaultValue=null, dimensions=null, unit=null), MetricTransformation(metricName=b, "
             "metricNamespace=n, metricValue=1, defaultValue=0.5, dimensions={d=$.x}, unit=null)]' "
             "at "
             "'metricTransformations' failed to satisfy constraint: Member must have length less "
             "than or "
             "equal to 1"},
        {"newer operations name another type", verdict<PutDeliveryDestinationRequest>,
         "PutDeliveryDestination", "{}",
         "ValidationException: 1 validation error detected: Value null at 'name' failed to satisfy "
         "constraint: Member must not be null"},
        {"an operation that lists neither type", verdict<UntagLogGroupRequest>, "UntagLogGroup",
         R"({"logGroupName":"g"})",
         kOne + "Value null at 'tags' failed to satisfy constraint: Member must not be null"},
    };
    for (const Case& c : cases) {
        CAPTURE(c.name);
        CHECK(c.verdict(c.operation, c.body) == c.text);
    }
}

TEST_CASE("enum values come as a set") {
    const std::string text = verdict<CreateLogGroupRequest>(
        "CreateLogGroup", R"({"logGroupName":"g","logGroupClass":"FAST"})");
    CHECK(text.starts_with(
        kOne +
        "Value 'FAST' at 'logGroupClass' failed to satisfy constraint: Member must satisfy "
        "enum value set: ["));
    for (const std::string_view value : {"STANDARD", "INFREQUENT_ACCESS", "DELIVERY"}) {
        CHECK(text.find(value) != std::string::npos);
    }
}

TEST_CASE("identifiers that AWS refuses and we accept on purpose") {
    const std::string group = "arn:aws:logs:us-east-1:123456789012:log-group:/a#b";
    for (const std::string& arn : {group, group + ":", group + ":*"}) {
        CAPTURE(arn);
        CHECK(verdict<ListTagsForResourceRequest>("ListTagsForResource",
                                                  R"({"resourceArn":")" + arn + "\"}") == "ok");
        CHECK(
            verdict<StartQueryRequest>(
                "StartQuery",
                R"({"startTime":0,"endTime":1,"queryString":"fields @message","logGroupIdentifiers":[")" +
                    arn + "\"]}") == "ok");
    }
    CHECK(verdict<ListTagsForResourceRequest>("ListTagsForResource", R"({"resourceArn":"a b"})") !=
          "ok");
    CHECK(verdict<GetLogEventsRequest>(
              "GetLogEvents", R"({"logStreamName":"s","logGroupIdentifier":"a*b"})") != "ok");
}

TEST_CASE("bodies without the modelled form are SerializationException, before any constraint") {
    const std::string bodies[] = {
        "[]",
        "\"x\"",
        "7",
        "null",
        "{",
        "{\"limit\":1}x",
        "{\"limit\":\"1\"}",
        "{\"limit\":1.5}",
        "{\"limit\":1e1}",
        "{\"limit\":true}",
        "{\"limit\":[1]}",
        "{\"limit\":2147483648}",
        "{\"logGroupNamePrefix\":5}",
        "{\"logGroupNamePrefix\":{}}",
        "{\"accountIdentifiers\":\"1\"}",
        "{\"accountIdentifiers\":{}}",
        "{\"accountIdentifiers\":[1]}",
        "{\"includeLinkedAccounts\":\"true\"}",
        "{\"includeLinkedAccounts\":0}",
        "{\"logGroupNamePrefix\":\"\xFF\"}",
    };
    for (const std::string& body : bodies) {
        CAPTURE(body);
        CHECK(verdict<DescribeLogGroupsRequest>("DescribeLogGroups", body)
                  .starts_with("SerializationException: "));
    }
    CHECK(verdict<GetLogEventsRequest>("GetLogEvents", R"({"startTime":9223372036854775808})")
              .starts_with("SerializationException: "));
    CHECK(verdict<DescribeLogGroupsRequest>("DescribeLogGroups",
                                            R"({"unknown":{"limit":"x"},"limit":1})") == "ok");
}

TEST_CASE("an answer names at most 20 faults and cuts long values") {
    std::string body = R"({"logGroupName":"g","logStreamName":"s","logEvents":[)";
    for (int i = 0; i < 10'000; ++i) body += std::string(i == 0 ? "" : ",") + "{}";
    const std::string text = verdict<PutLogEventsRequest>("PutLogEvents", body + "]}");
    CHECK(text.starts_with("InvalidParameterException: 20000 validation errors detected: "));
    CHECK(text.size() < 4'000);
    const std::string value(5'000, 'x');
    CHECK(verdict<CreateLogGroupRequest>("CreateLogGroup",
                                         R"({"logGroupName":"g","kmsKeyId":")" + value + "\"}")
              .size() < 1'500);
}

}  // namespace
}  // namespace sky::logs::api
