// SPDX-License-Identifier: Apache-2.0
#include "logs/api/operations.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "aws/codec.h"
#include "logs/api/errors.h"
#include "logs/api/shapes/get_query_results.h"
#include "logs/api/shapes/service.h"
#include "logs/api/testing/client.h"

namespace sky::logs::api {
using testing::Client;
using testing::kNow;

namespace {

/// Steps run one after the other on one server. "$NOW" stands for the clock's start.
struct Step {
    const char* operation;
    std::string body;
    std::string answer;
};

std::string filled(std::string text) {
    const std::string_view mark = "$NOW";
    for (auto at = text.find(mark); at != std::string::npos; at = text.find(mark))
        text.replace(at, mark.size(), std::to_string(kNow));
    return text;
}

void run(Client& client, const std::vector<Step>& steps) {
    for (const Step& step : steps) {
        CAPTURE(step.operation);
        CAPTURE(step.body);
        CHECK(client.ask(step.operation, filled(step.body)) == filled(step.answer));
    }
}

const std::string kNoGroup =
    "400 ResourceNotFoundException: The specified log group does not exist.";
const std::string kNoStream =
    "400 ResourceNotFoundException: The specified log stream does not exist.";
const std::string kBadToken = "400 InvalidParameterException: The specified nextToken is invalid.";
const std::string kBoth =
    "400 ValidationException: LogGroup name and LogGroup ARN are mutually exclusive parameters.";
const std::string kTooLong =
    "400 InvalidParameterException: Invalid LogGroup or LogStream, both must have length less than "
    "or equal to 512.";

}  // namespace

TEST_CASE("groups over the wire") {
    Client client;
    const std::string long_name(513, 'a');
    run(client,
        {
            {"CreateLogGroup", R"({"logGroupName":"g"})", "200 "},
            {"CreateLogGroup", R"({"logGroupName":"g"})",
             "400 ResourceAlreadyExistsException: The specified log group already exists"},
            {"CreateLogGroup", R"({"logGroupName":")" + long_name + "\"}", kTooLong},
            {"CreateLogGroup",
             R"({"logGroupName":"h","tags":{"team":"a"},"logGroupClass":"INFREQUENT_ACCESS","deletionProtectionEnabled":true})",
             "200 "},
            {"DescribeLogGroups", R"({"logGroupNamePrefix":"g"})",
             R"(200 {"logGroups":[{"logGroupName":"g","creationTime":$NOW,"metricFilterCount":0,)"
             R"("arn":"arn:aws:logs:us-east-1:123456789012:log-group:g:*","storedBytes":0,)"
             R"("logGroupClass":"STANDARD","logGroupArn":"arn:aws:logs:us-east-1:123456789012:log-group:g",)"
             R"("deletionProtectionEnabled":false}]})"},
            {"DescribeLogGroups", R"({"logGroupNamePattern":"h"})",
             R"(200 {"logGroups":[{"logGroupName":"h","creationTime":$NOW,"metricFilterCount":0,)"
             R"("arn":"arn:aws:logs:us-east-1:123456789012:log-group:h:*",)"
             R"("logGroupClass":"INFREQUENT_ACCESS","logGroupArn":"arn:aws:logs:us-east-1:123456789012:log-group:h"}]})"},
            {"DescribeLogGroups", R"({"logGroupNamePrefix":"none"})", R"(200 {"logGroups":[]})"},
            {"DescribeLogGroups", R"({"logGroupNamePrefix":"a","logGroupNamePattern":"a"})",
             "400 InvalidParameterException: LogGroup name prefix and LogGroup name pattern are "
             "mutually exclusive parameters."},
            {"DescribeLogGroups", R"({"nextToken":"x"})", kBadToken},
            {"DescribeLogGroups", R"({"limit":51})",
             "400 InvalidParameterException: 1 validation error detected: Value '51' at 'limit' "
             "failed to satisfy constraint: Member must have value less than or equal to 50"},
            {"ListLogGroups", R"({"logGroupTags":[{"key":"team","values":["a"]}]})",
             R"(200 {"logGroups":[{"logGroupName":"h","logGroupArn":"arn:aws:logs:us-east-1:123456789012:log-group:h",)"
             R"("logGroupClass":"INFREQUENT_ACCESS"}]})"},
            {"ListLogGroups", R"({"fieldIndexNames":["a"]})",
             "400 InvalidParameterException: dataSources and fieldIndexNames are not supported by "
             "skywatch (see docs/compatibility.md)."},
            {"DeleteLogGroup", R"({"logGroupName":"h"})",
             "400 ValidationException: The log group has deletion protection enabled. Disable it "
             "first."},
            {"PutBearerTokenAuthentication",
             R"({"logGroupIdentifier":"h","bearerTokenAuthenticationEnabled":true})",
             "400 InvalidOperationException: Bearer token authentication is not available: no "
             "endpoint takes tokens."},
            {"PutBearerTokenAuthentication",
             R"({"logGroupIdentifier":"h","bearerTokenAuthenticationEnabled":false})", "200 "},
            {"PutBearerTokenAuthentication",
             R"({"logGroupIdentifier":"none","bearerTokenAuthenticationEnabled":false})", kNoGroup},
            {"PutLogGroupDeletionProtection",
             R"({"logGroupIdentifier":"arn:aws:logs:us-east-1:123456789012:log-group:h:*","deletionProtectionEnabled":false})",
             "200 "},
            {"DeleteLogGroup", R"({"logGroupName":"h"})", "200 "},
            {"DeleteLogGroup", R"({"logGroupName":"h"})", kNoGroup},
        });
}

TEST_CASE("retention and tags over the wire") {
    Client client;
    const std::string arn = "arn:aws:logs:us-east-1:123456789012:log-group:g";
    run(client,
        {
            {"CreateLogGroup", R"({"logGroupName":"g"})", "200 "},
            {"PutRetentionPolicy", R"({"logGroupName":"g","retentionInDays":7})", "200 "},
            {"PutRetentionPolicy", R"({"logGroupName":"g","retentionInDays":2})",
             "400 InvalidParameterException: 1 validation error detected: Value '2' at "
             "'retentionInDays' failed to satisfy constraint: Member must satisfy enum value set: "
             "[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, "
             "2557, 2922, 3288, 3653]"},
            {"PutRetentionPolicy", R"({"logGroupName":"x","retentionInDays":7})", kNoGroup},
            {"DeleteRetentionPolicy", R"({"logGroupName":"g"})", "200 "},
            {"DeleteRetentionPolicy", R"({"logGroupName":"x"})", kNoGroup},
            {"TagResource", R"({"resourceArn":")" + arn + R"(:*","tags":{"a":"1","b":"2"}})",
             "200 "},
            {"TagLogGroup", R"({"logGroupName":"g","tags":{"c":"3"}})", "200 "},
            {"UntagResource", R"({"resourceArn":")" + arn + R"(","tagKeys":["a","z"]})", "200 "},
            {"UntagLogGroup", R"({"logGroupName":"g","tags":["b"]})", "200 "},
            {"ListTagsForResource", R"({"resourceArn":")" + arn + "\"}",
             R"(200 {"tags":{"c":"3"}})"},
            {"ListTagsLogGroup", R"({"logGroupName":"g"})", R"(200 {"tags":{"c":"3"}})"},
            {"ListTagsLogGroup", R"({"logGroupName":"x"})", kNoGroup},
            {"ListTagsForResource", R"({"resourceArn":")" + arn + "x\"}", kNoGroup},
            {"TagResource",
             R"({"resourceArn":"arn:aws:logs:eu-west-1:123456789012:log-group:g","tags":{"a":"1"}})",
             "400 InvalidParameterException: The log group belongs to another region: eu-west-1"},
        });
    std::string many;
    for (int i = 0; i < 50; ++i) many += (i ? ",\"t" : "\"t") + std::to_string(i) + "\":\"\"";
    CHECK(client.ask("TagResource", R"({"resourceArn":")" + arn + R"(","tags":{)" + many + "}}") ==
          R"(400 TooManyTagsException: A resource can have at most 50 tags.","resourceName":")" +
              arn);
    CHECK(client.ask("TagLogGroup", R"({"logGroupName":"g","tags":{)" + many + "}}") ==
          "400 InvalidParameterException: A resource can have at most 50 tags.");
}

TEST_CASE("streams over the wire") {
    Client client;
    run(client,
        {
            {"CreateLogStream", R"({"logGroupName":"g","logStreamName":"s"})", kNoGroup},
            {"CreateLogGroup", R"({"logGroupName":"g"})", "200 "},
            {"CreateLogStream", R"({"logGroupName":"g","logStreamName":"s"})", "200 "},
            {"CreateLogStream", R"({"logGroupName":"g","logStreamName":"s"})",
             "400 ResourceAlreadyExistsException: The specified log stream already exists"},
            {"DescribeLogStreams", R"({"logGroupName":"g"})",
             R"(200 {"logStreams":[{"logStreamName":"s","creationTime":$NOW,)"
             R"("arn":"arn:aws:logs:us-east-1:123456789012:log-group:g:log-stream:s","storedBytes":0}]})"},
            {"PutLogEvents",
             R"({"logGroupName":"g","logStreamName":"s","logEvents":[{"timestamp":$NOW,"message":"m"}]})",
             R"(200 {"nextSequenceToken":"00000000000000000000000032599558363707806580316569600001"})"},
            {"DescribeLogStreams",
             R"({"logGroupIdentifier":"g:","orderBy":"LastEventTime","descending":true})",
             R"(200 {"logStreams":[{"logStreamName":"s","creationTime":$NOW,"firstEventTimestamp":$NOW,)"
             R"("lastEventTimestamp":$NOW,"lastIngestionTime":$NOW,)"
             R"("uploadSequenceToken":"00000000000000000000000032599558363707806580316569600000",)"
             R"("arn":"arn:aws:logs:us-east-1:123456789012:log-group:g:log-stream:s","storedBytes":0}]})"},
            {"DescribeLogStreams", R"({"logGroupName":"g","logGroupIdentifier":"g"})", kBoth},
            {"DescribeLogStreams", R"({})",
             "400 InvalidParameterException: Either logGroupName or logGroupIdentifier must be "
             "given."},
            {"DescribeLogStreams",
             R"({"logGroupName":"g","orderBy":"LastEventTime","logStreamNamePrefix":"s"})",
             "400 InvalidParameterException: Cannot order by LastEventTime with a "
             "logStreamNamePrefix."},
            {"DeleteLogStream", R"({"logGroupName":"g","logStreamName":"s"})", "200 "},
            {"DeleteLogStream", R"({"logGroupName":"g","logStreamName":"s"})", kNoStream},
        });
}

TEST_CASE("events over the wire: put, get, filter") {
    Client client;
    run(client,
        {
            {"CreateLogGroup", R"({"logGroupName":"g"})", "200 "},
            {"PutLogEvents",
             R"({"logGroupName":"g","logStreamName":"s","logEvents":[{"timestamp":1,"message":"m"}]})",
             kNoStream},
            {"CreateLogStream", R"({"logGroupName":"g","logStreamName":"s"})", "200 "},
            {"PutLogEvents", R"({"logGroupName":"g","logStreamName":"s","logEvents":[]})",
             "400 InvalidParameterException: 1 validation error detected: Value '[]' at "
             "'logEvents' "
             "failed to satisfy constraint: Member must have length greater than or equal to 1"},
            {"PutLogEvents",
             R"({"logGroupName":"g","logStreamName":"s","logEvents":[{"timestamp":2,"message":"m"},{"timestamp":1,"message":"m"}]})",
             "400 InvalidParameterException: Log events in a single PutLogEvents request must be "
             "in "
             "chronological order."},
            {"PutLogEvents",
             R"({"logGroupName":"g","logStreamName":"s","logEvents":[{"timestamp":1766015999999,"message":"old"},{"timestamp":1767225590000,"message":"m"},{"timestamp":1767250000000,"message":"new"}]})",
             R"(200 {"nextSequenceToken":"00000000000000000000000032599558363707806580316569600001",)"
             R"("rejectedLogEventsInfo":{"tooNewLogEventStartIndex":2,"tooOldLogEventEndIndex":1}})"},
            {"GetLogEvents", R"({"logGroupName":"g","logStreamName":"none"})", kNoStream},
            {"GetLogEvents", R"({"logGroupName":"none","logStreamName":"s"})", kNoGroup},
            {"GetLogEvents", R"({"logGroupName":"g","logStreamName":"s","nextToken":"x"})",
             kBadToken},
            {"GetLogEvents", R"({"logGroupName":"g","logGroupIdentifier":"g","logStreamName":"s"})",
             kBoth},
            {"FilterLogEvents", R"({"logGroupName":"g","startTime":1767225590000})",
             R"(200 {"events":[{"logStreamName":"s","timestamp":1767225590000,"message":"m","ingestionTime":$NOW,)"
             R"("eventId":"00000000000000000000000032599558179240365843221053440001"}],"searchedLogStreams":[]})"},
            {"FilterLogEvents", R"({"logGroupName":"g","nextToken":"x"})", kBadToken},
            {"FilterLogEvents", R"({"logGroupName":"none"})", kNoGroup},
            {"FilterLogEvents",
             R"({"logGroupName":"g","logStreamNames":["s"],"logStreamNamePrefix":"s"})",
             "400 InvalidParameterException: logStreamNames and logStreamNamePrefix are mutually "
             "exclusive parameters."},
            {"GetLogGroupFields", R"({"logGroupName":"none"})", kNoGroup},
            {"GetLogGroupFields", R"({"logGroupIdentifier":"g","time":5})",
             R"(200 {"logGroupFields":[]})"},
        });
    client.store.refuse_next = true;
    CHECK(
        client.ask(
            "PutLogEvents",
            filled(
                R"({"logGroupName":"g","logStreamName":"s","logEvents":[{"timestamp":$NOW,"message":"m"}]})")) ==
        "400 ThrottlingException: Rate exceeded");
}

TEST_CASE("filter patterns over the wire") {
    Client client;
    run(client,
        {
            {"TestMetricFilter",
             R"({"filterPattern":"[ip, ..., n > 5]","logEventMessages":["1.2.3.4 a 9","x","y 5","z 6"]})",
             R"(200 {"matches":[{"eventNumber":1,"eventMessage":"1.2.3.4 a 9","extractedValues":{"$2":"a","$ip":"1.2.3.4","$n":"9"}},)"
             R"({"eventNumber":4,"eventMessage":"z 6","extractedValues":{"$ip":"z","$n":"6"}}]})"},
            {"TestMetricFilter",
             R"({"filterPattern":"{ $.a.b = 1 }","logEventMessages":["{\"a\":{\"b\":1.0}}","{}"]})",
             R"(200 {"matches":[{"eventNumber":1,"eventMessage":"{\"a\":{\"b\":1.0}}","extractedValues":{"$.a.b":"1.0"}}]})"},
            {"TestMetricFilter", R"({"filterPattern":"","logEventMessages":["x"]})",
             R"(200 {"matches":[{"eventNumber":1,"eventMessage":"x","extractedValues":{}}]})"},
            {"TestMetricFilter", R"({"filterPattern":"a.b","logEventMessages":["x"]})",
             "400 InvalidParameterException: Invalid character(s) in term '.'"},
            {"CreateLogGroup", R"({"logGroupName":"g"})", "200 "},
            {"FilterLogEvents", R"({"logGroupName":"g","filterPattern":"{ $.a }"})",
             "400 InvalidParameterException: Invalid filter pattern"},
        });
}

TEST_CASE("there is one storage tier") {
    Client client;
    run(client, {
                    {"GetStorageTierPolicy", "{}", R"(200 {"storageTier":"STANDARD"})"},
                    {"PutStorageTierPolicy", R"({"storageTier":"STANDARD"})",
                     R"(200 {"storageTier":"STANDARD"})"},
                    {"PutStorageTierPolicy", R"({"storageTier":"INTELLIGENT_TIERING"})",
                     "400 InvalidParameterException: The storage tier is not available: "
                     "INTELLIGENT_TIERING"},
                });
}

TEST_CASE("keys and data sources over the wire") {
    Client client;
    const std::string arn = "arn:aws:logs:us-east-1:123456789012:log-group:g";
    const std::string refused =
        "400 InvalidParameterException: The specified KMS key does not exist or is not allowed to "
        "be used with LogGroup '" +
        arn + "'";
    const std::string one =
        "400 InvalidParameterException: Exactly one of logGroupName and resourceIdentifier must be "
        "given.";
    run(client,
        {
            {"CreateLogGroup", R"({"logGroupName":"g","kmsKeyId":"k"})", refused},
            {"AssociateKmsKey", R"({"logGroupName":"g","kmsKeyId":"k"})", kNoGroup},
            {"CreateLogGroup", R"({"logGroupName":"g"})", "200 "},
            {"AssociateKmsKey", R"({"logGroupName":"g","kmsKeyId":"k"})", refused},
            {"AssociateKmsKey", R"({"resourceIdentifier":")" + arn + R"(","kmsKeyId":"k"})",
             refused},
            {"AssociateKmsKey", R"({"kmsKeyId":"k"})", one},
            {"AssociateKmsKey",
             R"({"logGroupName":"g","resourceIdentifier":")" + arn + R"(","kmsKeyId":"k"})", one},
            {"AssociateKmsKey",
             R"({"resourceIdentifier":"arn:aws:logs:us-east-1:123456789012:query-result:*","kmsKeyId":"k"})",
             "400 InvalidParameterException: The ARN does not name a log group: "
             "arn:aws:logs:us-east-1:123456789012:query-result:*"},
            {"DisassociateKmsKey", R"({"resourceIdentifier":")" + arn + ":*\"}", "200 "},
            {"DisassociateKmsKey", R"({"logGroupName":"none"})", kNoGroup},
            {"GetLogFields", R"({"dataSourceName":"amazon_vpc","dataSourceType":"flow"})",
             "400 ResourceNotFoundException: The specified data source does not exist: "
             "amazon_vpc.flow"},
            {"ListAggregateLogGroupSummaries", R"({"groupBy":"DATA_SOURCE_NAME_AND_TYPE"})",
             R"(200 {"aggregateLogGroupSummaries":[]})"},
            {"ListAggregateLogGroupSummaries",
             R"({"groupBy":"DATA_SOURCE_NAME_AND_TYPE","nextToken":"x"})", kBadToken},
        });
}

TEST_CASE("queries over the wire") {
    Client client;
    const std::string unknown =
        "400 ResourceNotFoundException: Log group 'none' does not exist for account ID "
        "'123456789012' (Service: AWSLogs; Status Code: 400; Error Code: "
        "ResourceNotFoundException; Request ID: R; Proxy: null)";
    run(client,
        {
            {"CreateLogGroup", R"({"logGroupName":"g"})", "200 "},
            {"StartQuery",
             R"({"logGroupName":"none","startTime":1,"endTime":2,"queryString":"rows 1"})",
             unknown},
            {"StartQuery",
             R"({"logGroupIdentifiers":["none"],"startTime":1,"endTime":2,"queryString":"rows 1"})",
             unknown},
            {"StartQuery",
             R"({"logGroupName":"g","logGroupNames":["g"],"startTime":1,"endTime":2,"queryString":"rows 1"})",
             "400 InvalidParameterException: Exactly one of logGroupName, logGroupNames and "
             "logGroupIdentifiers must be given."},
            {"StartQuery", R"({"startTime":1,"endTime":2,"queryString":"rows 1"})",
             "400 InvalidParameterException: A query needs 1 to 50 log groups."},
            {"StartQuery",
             R"({"logGroupName":"g","startTime":1,"endTime":2,"queryString":"rows 1","queryLanguage":"SQL"})",
             "400 InvalidParameterException: Queries in SQL are not supported by skywatch yet (see "
             "docs/compatibility.md)."},
            {"StartQuery", R"({"logGroupName":"g","startTime":1,"endTime":2,"queryString":"é😀"})",
             R"(400 MalformedQueryException: unexpected symbol found at byte 2","queryCompileError":)"
             R"({"location":{"startCharOffset":1,"endCharOffset":3},"message":"unexpected symbol found at byte 2"}})"},
            {"GetQueryResults", R"({"queryId":"none"})",
             "400 ResourceNotFoundException: The query with id [none] does not exist."},
        });
    const auto id_in = [](const std::string& answer) {
        const auto at = answer.find(R"({"queryId":")");
        REQUIRE(at != std::string::npos);
        return answer.substr(at + 12, 36);
    };
    const std::string id = id_in(client.ask(
        "StartQuery", R"({"logGroupName":"g","startTime":1,"endTime":2,"queryString":"rows 2"})"));
    client.service.queries.wait_until_idle();
    run(client,
        {
            {"GetQueryResults", R"({"queryId":")" + id + "\"}",
             R"(200 {"queryLanguage":"CWLI","results":[[{"field":"n","value":"0"}],[{"field":"n","value":"1"}]],)"
             R"("statistics":{"recordsMatched":0,"recordsScanned":2,"estimatedRecordsSkipped":0,)"
             R"("bytesScanned":20,"estimatedBytesSkipped":0,"logGroupsScanned":0},"status":"Complete"})"},
            {"StopQuery", R"({"queryId":")" + id + "\"}",
             "400 InvalidParameterException: The query with id [" + id +
                 "] is not running: its status is Complete."},
            {"DescribeQueries", R"({"logGroupName":"g"})",
             R"(200 {"queries":[{"queryLanguage":"CWLI","queryId":")" + id +
                 R"(","queryString":"SOURCE \"g\" START=1000 END=2999 | rows 2","status":"Complete",)"
                 R"("createTime":$NOW,"logGroupName":"g","queryDuration":0,"bytesScanned":20}]})"},
            {"DescribeQueries", R"({"queryLanguage":"PPL"})", R"(200 {"queries":[]})"},
            {"DescribeQueries", R"({"status":"Unknown"})", R"(200 {"queries":[]})"},
            {"DescribeQueries", R"({"status":"Failed"})", R"(200 {"queries":[]})"},
            {"GetLogRecord", R"({"logRecordPointer":"bad"})",
             "400 InvalidParameterException: bad pointer"},
            {"GetLogRecord", R"({"logRecordPointer":"9.9.9"})",
             "400 ResourceNotFoundException: The specified log record does not exist."},
        });
    const std::string waiting = id_in(client.ask(
        "StartQuery", R"({"logGroupName":"g","startTime":1,"endTime":2,"queryString":"wait a"})"));
    client.engine.started(2);
    run(client,
        {{"StopQuery", R"({"queryId":")" + waiting + "\"}", R"(200 {"success":true})"},
         {"DescribeQueries", R"({"status":"Cancelled","maxResults":1000})",
          R"(200 {"queries":[{"queryLanguage":"CWLI","queryId":")" + waiting +
              R"(","queryString":"SOURCE \"g\" START=1000 END=2999 | wait a","status":"Cancelled",)"
              R"("createTime":$NOW,"logGroupName":"g","queryDuration":0,"bytesScanned":10}]})"}});
}

TEST_CASE("rows that are written by hand are what the tables would write") {
    Client client;
    (void)client.ask("CreateLogGroup", R"({"logGroupName":"g"})");
    for (const char* text : {"rows 0", "rows 1", "rows 12"}) {
        const http::Response started = client.call(
            "StartQuery", R"({"logGroupName":"g","startTime":1,"endTime":2,"queryString":")" +
                              std::string(text) + "\"}");
        client.service.queries.wait_until_idle();
        const std::string ask = started.body.substr(0, started.body.size() - 1);
        for (const char* page : {"}", R"(,"maxItems":1})", R"(,"maxItems":5})"}) {
            const http::Response answer = client.call("GetQueryResults", ask + page);
            CAPTURE(answer.body);
            GetQueryResultsResponse read;
            aws::MissingMembers missing;
            REQUIRE(
                aws::json11_codec().decode({.body = answer.body}, shape_of(&read), &read, missing));
            CHECK(missing.empty());
            const http::Response again = aws::json11_codec().encode({}, &shape_of(&read), &read);
            CHECK(again.body == answer.body);
            CHECK(again.headers[0].value == answer.headers[0].value);
        }
    }
}

TEST_CASE("tenants do not see each other") {
    Client client;
    run(client, {{"CreateLogGroup", R"({"logGroupName":"g"})", "200 "}});
    client.region = "eu-west-1";
    run(client, {{"DescribeLogGroups", "{}", R"(200 {"logGroups":[]})"},
                 {"CreateLogStream", R"({"logGroupName":"g","logStreamName":"s"})", kNoGroup}});
}

TEST_CASE("every row is in the published model; docs/compatibility.md tells what is built") {
    std::ifstream file(SKY_SOURCE_DIR "/docs/compatibility.md");
    const std::string page((std::istreambuf_iterator<char>(file)), {});
    const std::size_t begin = page.find("<!-- logs: begin -->"),
                      end = page.find("<!-- logs: end -->");
    REQUIRE(begin < end);
    REQUIRE(end != std::string::npos);
    const std::string document = page.substr(begin, end - begin);
    std::size_t built = 0;
    for (const aws::OperationModel& operation : service_model().operations) {
        CAPTURE(operation.name);
        const bool found =
            std::any_of(operations().begin(), operations().end(),
                        [&](const aws::OperationDef& row) { return row.name == operation.name; });
        if (found) ++built;
        const auto told = [&](std::string_view state) {
            const std::string row = "| " + std::string(operation.name) + " | " + std::string(state);
            return document.find(row) != std::string::npos;
        };
        CHECK(found == (told("works |") || told("refused: ")));
        CHECK(found != told("not yet: "));
    }
    CHECK(built == operations().size());
}

TEST_CASE("errors: every code has a type, inner texts stay inside") {
    const aws::OperationModel* model = service_model().find_operation("PutLogEvents");
    struct Case {
        ErrorCode code;
        const char* type;
        bool hidden;
    };
    static constexpr Case kCases[] = {
        {ErrorCode::kInvalidArgument, "InvalidParameterException", false},
        {ErrorCode::kNotFound, "ResourceNotFoundException", false},
        {ErrorCode::kAlreadyExists, "ResourceAlreadyExistsException", false},
        {ErrorCode::kLimitExceeded, "LimitExceededException", false},
        {ErrorCode::kThrottled, "ThrottlingException", true},
        {ErrorCode::kAccessDenied, "AccessDeniedException", false},
        {ErrorCode::kAborted, "OperationAbortedException", false},
        {ErrorCode::kInvalidState, "InvalidOperationException", false},
        {ErrorCode::kMalformedQuery, "MalformedQueryException", false},
        {ErrorCode::kCancelled, "ServiceUnavailableException", false},
        {ErrorCode::kDeadlineExceeded, "ServiceUnavailableException", false},
        {ErrorCode::kUnavailable, "ServiceUnavailableException", true},
        {ErrorCode::kNoSpace, "ServiceUnavailableException", true},
        {ErrorCode::kCorruption, "InternalFailure", true},
        {ErrorCode::kInternal, "InternalFailure", true},
    };
    for (const Case& c : kCases) {
        const aws::ServiceError error = map_error(*model, {c.code, "inner text"});
        CHECK(error.type == c.type);
        CHECK((error.error.message != "inner text") == c.hidden);
    }
}

TEST_CASE("query offsets: bytes to UTF-16 units") {
    const std::string text = "aé😀b";
    struct Case {
        std::int64_t byte, unit;
    };
    static constexpr Case kCases[] = {{0, 0}, {1, 1}, {3, 2}, {7, 4}, {8, 5}, {99, 5}, {-1, 0}};
    for (const Case& c : kCases) {
        CAPTURE(c.byte);
        CHECK(utf16_offset(text, c.byte) == c.unit);
    }
}

}  // namespace sky::logs::api
