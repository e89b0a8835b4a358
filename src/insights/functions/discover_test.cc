// SPDX-License-Identifier: Apache-2.0
#include "insights/functions/discover.h"

#include <doctest/doctest.h>

#include "insights/functions/log_formats.h"
#include "insights/functions/test_batch.h"

using namespace sky::insights;
using sky::insights::test::Batch;

namespace {

std::vector<std::string> resolve_one(std::string_view log, std::string_view message,
                                     const std::vector<std::string>& names) {
    Batch batch(1);
    const auto columns = Discovery(names).resolve(batch.context, log, batch.texts({message}));
    std::vector<std::string> out;
    for (const Vector* const column : columns) out.push_back(test::rendered(column)[0]);
    return out;
}

constexpr std::string_view kLambda = "123456789012:/aws/lambda/orders";
constexpr std::string_view kPlain = "123456789012:app";
constexpr std::string_view kReport =
    "REPORT RequestId: 3f0c9f5e-7b64-4a51-9f0e-3f7e0a1b2c3d\tDuration: 102.25 ms\tBilled Duration: "
    "103 ms\tMemory Size: 128 MB\tMax Memory Used: 65 MB\tInit Duration: 216.19 ms\t\nXRAY "
    "TraceId: "
    "1-5e1b4151-5ac6c58f9e1f2c3d4e5f6071\tSegmentId: 3fcdb4151a2b3c4d\tSampled: true\t\n";

}  // namespace

TEST_CASE("JSON messages: values as written, one pass for all names") {
    const std::string_view message =
        R"( {"status":1.50,"ok":true,"user":{"id":"u\u00e91","tags":["a", {"b": 2}]},"none":null,)"
        R"("a.b":"dot","@at":"x","empty":"","items":[{"id":7}]} )";
    CHECK(resolve_one(kPlain, message,
                      {"status", "ok", "user.id", "user.tags", "none", "a.b", "@@at", "empty",
                       "items[0].id", "items.0.id", "absent", "@requestId"}) ==
          std::vector<std::string>{"1.50", "true", "ué1", "[\"a\",{\"b\":2}]", "missing", "dot",
                                   "x", "", "7", "7", "missing", "missing"});
    CHECK(resolve_one(kPlain, "text {\"a\":1}", {"a"}) == std::vector<std::string>{"missing"});
    CHECK(resolve_one(kPlain, "{\"a\":1} text", {"a"}) == std::vector<std::string>{"missing"});
    CHECK(resolve_one(kPlain, "[{\"a\":1}]", {"0.a"}) == std::vector<std::string>{"missing"});
}

TEST_CASE("a column of one kind stays uniform") {
    Batch batch(3);
    const std::vector<std::string> names = {"n", "b"};
    const auto columns = Discovery(names).resolve(
        batch.context, kPlain,
        batch.texts({R"({"n":1,"b":true})", "no json", R"({"n":"2","b":"x"})"}));
    CHECK(columns[0]->is_uniform(Kind::kText));
    CHECK(test::rendered(columns[0]) == std::vector<std::string>{"1", "missing", "2"});
    CHECK(columns[1]->form() == Vector::Form::kMixed);
    CHECK(columns[1]->at(0).kind == Kind::kBoolean);
}

TEST_CASE("Lambda lines") {
    const std::vector<std::string> names = {"@type",           "@requestId",    "@duration",
                                            "@billedDuration", "@initDuration", "@memorySize",
                                            "@maxMemoryUsed",  "@xrayTraceId",  "@xraySegmentId"};
    CHECK(resolve_one(kLambda, kReport, names) ==
          std::vector<std::string>{"REPORT", "3f0c9f5e-7b64-4a51-9f0e-3f7e0a1b2c3d", "102.25",
                                   "103", "216.19", "1.28E8", "6.5E7",
                                   "1-5e1b4151-5ac6c58f9e1f2c3d4e5f6071", "3fcdb4151a2b3c4d"});
    CHECK(resolve_one(kPlain, kReport, {"@type", "@duration"}) ==
          std::vector<std::string>{"missing", "missing"});
    CHECK(resolve_one(kLambda, "START RequestId: abc Version: $LATEST\n",
                      {"@type", "@requestId", "@duration"}) ==
          std::vector<std::string>{"START", "abc", "missing"});
    CHECK(resolve_one(kLambda, "END RequestId: abc\n", {"@type", "@requestId"}) ==
          std::vector<std::string>{"END", "abc"});
    CHECK(
        resolve_one(kLambda,
                    "2026-01-01T00:00:00.000Z\t3f0c9f5e-7b64-4a51-9f0e-3f7e0a1b2c3d\tINFO\t"
                    "took {\"ms\":12.50,\"who\":{\"id\":1}} and {\"ms\":2}",
                    {"@type", "@requestId", "ms", "who.id"}) ==
        std::vector<std::string>{"missing", "3f0c9f5e-7b64-4a51-9f0e-3f7e0a1b2c3d", "12.50", "1"});
    CHECK(resolve_one(kLambda, "{\"a\":1} and more", {"a"}) == std::vector<std::string>{"1"});
    CHECK(resolve_one("/aws/lambda/x", "{\"a\":1}", {"a"}) == std::vector<std::string>{"1"});
}

TEST_CASE("Lambda memory is printed as the service prints it") {
    CHECK(lambda_memory_text("128") == "1.28E8");
    CHECK(lambda_memory_text("1024") == "1.024E9");
    CHECK(lambda_memory_text("1000") == "1.0E9");
    CHECK(lambda_memory_text("10240") == "1.024E10");
    CHECK(lambda_memory_text("9") == "9000000.0");
    CHECK(lambda_memory_text("x") == "");
    CHECK(lambda_memory_text("99999999999999999999") == "");
}

TEST_CASE("VPC flow logs and Route 53 by their form") {
    const std::string_view flow =
        "2 123456789012 eni-0a1b2c3d 10.0.0.5 10.0.1.7 49152 443 6 20 4249 1700000000 1700000060 "
        "ACCEPT OK";
    CHECK(resolve_one(kPlain, flow,
                      {"version", "accountId", "interfaceId", "srcAddr", "dstAddr", "srcPort",
                       "dstPort", "protocol", "packets", "bytes", "startTime", "endTime", "action",
                       "logStatus", "queryName"}) ==
          std::vector<std::string>{"2", "123456789012", "eni-0a1b2c3d", "10.0.0.5", "10.0.1.7",
                                   "49152", "443", "6", "20", "4249", "1700000000", "1700000060",
                                   "ACCEPT", "OK", "missing"});
    const std::string_view dns =
        "1.0 2026-01-01T08:16:02.130Z Z0123456789 example.com A NOERROR UDP FRA6 192.0.2.1 -";
    CHECK(resolve_one(kPlain, dns,
                      {"version", "queryTimestamp", "hostZoneId", "queryName", "queryType",
                       "responseCode", "protocol", "edgeLocation", "resolverIp", "bytes"}) ==
          std::vector<std::string>{"1.0", "2026-01-01T08:16:02.130Z", "Z0123456789", "example.com",
                                   "A", "NOERROR", "UDP", "FRA6", "192.0.2.1", "missing"});
    CHECK(resolve_one(kPlain, "2 words only", {"version"}) == std::vector<std::string>{"missing"});
}

TEST_CASE("every field of a message") {
    const auto show = [](std::string_view log, std::string_view message) {
        std::string out;
        for (const DiscoveredField& field : discover_all(log, message)) {
            out += field.name + "=" + field.value + ";";
        }
        return out;
    };
    CHECK(show(kPlain, R"({"a":{"b":"x\ty"},"@c":true,"d":[1.0]})") ==
          "a.b=x\ty;@@c=true;d.0=1.0;");
    CHECK(show(kPlain, "plain text") == "");
    CHECK(show(kLambda, "START RequestId: r1 Version: 1") == "@requestId=r1;@type=START;");
    std::string many = "{";
    for (int i = 0; i < 500; ++i) many += (i > 0 ? "," : "") + ("\"k" + std::to_string(i) + "\":1");
    CHECK(discover_all(kPlain, many + "}").size() == 200);
}

TEST_CASE("members of structures") {
    Batch batch(3);
    const Value rows[] = {Value::of_json(R"({"users":[{"name":"ann"}],"user.id":5})"),
                          Value::of_json(R"([{"users":1}])"), Value::of_text("{\"users\":1}")};
    const Vector* const column = Vector::from_values(batch.arena, 3, rows);
    CHECK(test::rendered(member(batch.context, column, "users[0].name")) ==
          std::vector<std::string>{"ann", "missing", "missing"});
    CHECK(test::rendered(member(batch.context, column, "user.id")) ==
          std::vector<std::string>{"5", "missing", "missing"});
    CHECK(test::rendered(member(batch.context, column, "[0]")) ==
          std::vector<std::string>{"missing", "{\"users\":1}", "missing"});
    CHECK(test::rendered(member(batch.context, column, "users[7]")) ==
          std::vector<std::string>{"missing", "missing", "missing"});
}

TEST_CASE("automatic fields are not discovered") {
    CHECK_FALSE(is_discoverable("@timestamp"));
    CHECK_FALSE(is_discoverable("@entity.Attributes.x"));
    CHECK(is_discoverable("@duration"));
    CHECK(is_discoverable("@@timestamp"));
    CHECK(is_discoverable("status"));
}
