// SPDX-License-Identifier: Apache-2.0
// The clients of the command line against a scripted service on loopback.
#include <doctest/doctest.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>

#include "base/random.h"
#include "cli/flags.h"
#include "cli/logs_client.h"
#include "cli/query_run.h"
#include "http/server.h"

namespace sky::cli {
namespace {

TEST_CASE("endpoints") {
    struct Case {
        std::string_view url, host;  // Empty host: an error.
        std::uint16_t port;
        std::string_view host_header, base_path;
    };
    static constexpr Case kCases[] = {
        {"http://127.0.0.1:4580", "127.0.0.1", 4580, "127.0.0.1:4580", ""},
        {"http://logs.example/", "logs.example", 80, "logs.example", ""},
        {"http://[::1]:4580/aws/", "::1", 4580, "[::1]:4580", "/aws"},
        {"http://[::1]", "::1", 80, "[::1]", ""},
        {"https://127.0.0.1:4580", "127.0.0.1", 4580, "127.0.0.1:4580", ""},
        {"https://logs.example", "logs.example", 443, "logs.example", ""},
        {"ftp://logs.example", "", 0, "", ""},
        {"127.0.0.1:4580", "", 0, "", ""},
        {"http://", "", 0, "", ""},
        {"http://:4580", "", 0, "", ""},
        {"http://h:", "", 0, "", ""},
        {"http://h:0", "", 0, "", ""},
        {"http://h:70000", "", 0, "", ""},
        {"http://h:1x", "", 0, "", ""},
        {"http://[::1]x", "", 0, "", ""},
        {"http://user@h", "", 0, "", ""},
        {"http://h/?a", "", 0, "", ""},
        {"http://::1", "", 0, "", ""},
    };
    for (const Case& c : kCases) {
        CAPTURE(c.url);
        const auto got = parse_endpoint(c.url);
        REQUIRE(got.has_value() == !c.host.empty());
        if (!got) continue;
        CHECK(got->host == c.host);
        CHECK(got->port == c.port);
        CHECK(got->host_header == c.host_header);
        CHECK(got->base_path == c.base_path);
        CHECK(got->is_https == c.url.starts_with("https"));
    }
}

// Answers each operation's calls from its own list, the last one again and again.
class Script final : public http::Application {
public:
    std::map<std::string, std::vector<http::Response>> answers;
    struct Call {
        std::string operation, body, authorization, target;
    };
    std::vector<Call> calls() {
        const std::lock_guard lock(mutex_);
        return calls_;
    }
    std::size_t count(const std::string& operation) {
        std::size_t sum = 0;
        for (const Call& call : calls()) sum += call.operation == operation ? 1U : 0U;
        return sum;
    }
    http::HeadDecision on_head(const http::RequestHead&) override {
        return http::Admit{http::Lane::kControl, 1 << 20};
    }
    void handle(http::Request request, http::Respond respond) override {
        std::string operation(request.head.headers.get("x-amz-target"));
        operation = operation.substr(operation.find('.') + 1);
        const std::lock_guard lock(mutex_);
        calls_.push_back({operation, request.body,
                          std::string(request.head.headers.get("authorization")),
                          request.head.target});
        auto& list = answers[operation];
        if (list.empty()) return respond({400, {}, "{\"__type\":\"UnknownOperationException\"}"});
        http::Response response = list.front();
        if (list.size() > 1) list.erase(list.begin());
        respond(std::move(response));
    }
    http::Response refuse(const http::RequestHead&, http::Refusal) override {
        return {500, {}, ""};
    }

private:
    std::mutex mutex_;
    std::vector<Call> calls_;
};

struct Scripted {
    std::shared_ptr<Script> script = std::make_shared<Script>();
    std::unique_ptr<http::Server> server;
    ConnectionFlags flags;
    Scripted() {
        auto started = http::Server::start({}, script);
        REQUIRE(started);
        server = std::move(*started);
        flags.endpoint = "http://127.0.0.1:" + std::to_string(server->port()) + "/base/";
        flags.timeout_s = 20;
    }
    LogsClient client() {
        auto made = LogsClient::connect(flags, system_clock());
        REQUIRE(made);
        return std::move(*made);
    }
};

const http::Response kStarted{200, {}, R"({"queryId":"q-1"})"};
const http::Response kRunning{200, {}, R"({"status":"Running","results":[]})"};
const QueryRequest kRequest{"fields a", {"g"}, 1'000, 2'000, 0};
const auto kNoStop = [] { return false; };
const auto kNoProgress = [](const QueryProgress&) {};

TEST_CASE("StartQuery's members") {
    struct Case {
        QueryRequest request;
        std::string_view body;
    };
    const Case kCases[] = {
        {{"fields \"a\"", {"x", "y"}, 1'999, 2'500, 7},
         R"({"logGroupNames":["x","y"],"startTime":1,"endTime":2,"queryString":"fields \"a\"","limit":7})"},
        {{"q", {"arn:aws:logs:us-east-1:1:log-group:x"}, 0, 0, 0},
         R"({"logGroupIdentifiers":["arn:aws:logs:us-east-1:1:log-group:x"],"startTime":0,"endTime":0,"queryString":"q"})"},
        {{"SOURCE ...", {}, 0, 0, 0}, R"({"startTime":0,"endTime":0,"queryString":"SOURCE ..."})"},
    };
    for (const Case& c : kCases) CHECK(start_query_body(c.request) == c.body);
}

TEST_CASE("a query runs to its end, page by page") {
    Scripted service;
    service.flags.access_key = "AKIDEXAMPLEEXAMPLE";
    service.flags.secret_key = "secret";
    service.flags.region = "eu-north-1";
    service.script->answers["StartQuery"] = {kStarted};
    service.script->answers["GetQueryResults"] = {
        {200, {}, R"({"status":"Scheduled","results":[]})"},
        {200,
         {},
         R"({"status":"Running","results":[[{"field":"a","value":"partial"}]],)"
         R"("statistics":{"recordsScanned":5.0}})"},
        {200,
         {},
         R"({"status":"Complete","results":[[{"field":"a","value":"1"}]],"nextToken":"t"})"},
        {200,
         {},
         R"({"status":"Complete","results":[[{"field":"a","value":"2"}]],)"
         R"("statistics":{"recordsScanned":9.0,"recordsMatched":2.0,"bytesScanned":512}})"},
    };
    LogsClient client = service.client();
    std::vector<std::string> heard;
    const auto end = run_query(client, kRequest, kNoStop, [&](const QueryProgress& progress) {
        heard.push_back(progress.status + std::to_string(int(progress.records_scanned)));
    });
    REQUIRE_MESSAGE(end, (end ? "" : end.error().message));
    REQUIRE(end->outcome);
    CHECK(end->outcome->rows == std::vector<Row>{{{"a", "1"}}, {{"a", "2"}}});
    CHECK(end->outcome->progress.status == "Complete");
    CHECK(end->outcome->progress.records_matched == 2);
    CHECK(end->outcome->progress.bytes_scanned == 512);
    CHECK(heard == std::vector<std::string>{"Scheduled0", "Running5"});
    const auto calls = service.script->calls();
    CHECK(calls.back().body == R"({"queryId":"q-1","nextToken":"t"})");
    CHECK(calls.back().target == "/base/");
    CHECK(
        calls.back().authorization.starts_with("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLEEXAMPLE/"));
    CHECK(calls.back().authorization.find("/eu-north-1/logs/aws4_request") != std::string::npos);
}

TEST_CASE("a query that fails, is refused, or is stopped") {
    Scripted service;
    LogsClient client = service.client();
    service.script->answers["StartQuery"] = {kStarted};
    SUBCASE("ends as Failed") {
        service.script->answers["GetQueryResults"] = {kRunning,
                                                      {200, {}, R"({"status":"Failed"})"}};
        const auto end = run_query(client, kRequest, kNoStop, kNoProgress);
        REQUIRE_MESSAGE(end, (end ? "" : end.error().message));
        REQUIRE(end->outcome);
        CHECK(end->outcome->progress.status == "Failed");
    }
    SUBCASE("refused, without keys the request is unsigned") {
        service.script->answers["StartQuery"] = {
            {400, {}, R"({"__type":"com.amazonaws.logs#MalformedQueryException","message":"no"})"}};
        const auto end = run_query(client, kRequest, kNoStop, kNoProgress);
        REQUIRE_MESSAGE(end, (end ? "" : end.error().message));
        REQUIRE(end->refused);
        CHECK(end->refused->error_type == "MalformedQueryException");
        CHECK(end->refused->error_message == "no");
        CHECK(service.script->calls().at(0).authorization.empty());
    }
    SUBCASE("stopped") {
        service.script->answers["GetQueryResults"] = {kRunning};
        service.script->answers["StopQuery"] = {{200, {}, R"({"success":true})"}};
        int polls = 0;
        const auto end = run_query(
            client, kRequest, [&] { return polls >= 2; }, [&](const QueryProgress&) { ++polls; });
        REQUIRE_MESSAGE(end, (end ? "" : end.error().message));
        REQUIRE(end->outcome);
        CHECK(end->outcome->progress.status == "Cancelled");
        CHECK(service.script->calls().back().operation == "StopQuery");
    }
    SUBCASE("a token that repeats ends the paging") {
        service.script->answers["GetQueryResults"] = {
            {200, {}, R"({"status":"Complete","results":[],"nextToken":"t"})"}};
        const auto end = run_query(client, kRequest, kNoStop, kNoProgress);
        REQUIRE_MESSAGE(end, (end ? "" : end.error().message));
        CHECK(service.script->count("GetQueryResults") == 2);
    }
}

TEST_CASE("calls: repeats, errors that are not the service's") {
    Scripted service;
    LogsClient client = service.client();
    const http::Response throttled{
        400, {}, R"({"__type":"ThrottlingException","message":"later"})"};
    SUBCASE("throttled once") {
        service.script->answers["X"] = {throttled, {200, {}, ""}};
        const auto got = client.call("X", "{}");
        REQUIRE(got);
        CHECK(got->ok());
        CHECK(service.script->count("X") == 2);
    }
    SUBCASE("throttled always") {
        service.script->answers["X"] = {throttled};
        const auto got = client.call("X", "{}");
        REQUIRE(got);
        CHECK(got->error_type == "ThrottlingException");
        CHECK(service.script->count("X") == 5);
    }
    SUBCASE("other errors are not repeated") {
        service.script->answers["X"] = {{404, {}, R"({"Message":"gone"})"}};
        const auto got = client.call("X", "{}");
        REQUIRE(got);
        CHECK(got->error_type == "HTTP 404");
        CHECK(got->error_message == "gone");
        CHECK(service.script->count("X") == 1);
    }
    SUBCASE("no JSON") {
        service.script->answers["X"] = {{200, {}, "<html>"}};
        const auto got = client.call("X", "{}");
        REQUIRE(!got);
        CHECK(got.error().code == ErrorCode::kInternal);
    }
    SUBCASE("nobody there") {
        service.server->drain(std::chrono::seconds(10));
        const auto got = client.call("X", "{}");
        REQUIRE(!got);
        CHECK(got.error().code == ErrorCode::kUnavailable);
    }
    SUBCASE("half a key") {
        service.flags.access_key = "AKIDEXAMPLEEXAMPLE";
        const auto got = LogsClient::connect(service.flags, system_clock());
        REQUIRE(!got);
        CHECK(got.error().code == ErrorCode::kInvalidArgument);
    }
}

TEST_CASE("every flag has its variable") {
    CLI::App app;
    std::string text;
    app.add_option("--data-dir,-d", text);
    app.add_option("--endpoint", text)->envname("OTHER");
    app.add_option("position", text);
    add_environment(app);
    CHECK(app.get_option("--data-dir")->get_envname() == "SKYWATCH_DATA_DIR");
    CHECK(app.get_option("--endpoint")->get_envname() == "OTHER");
    CHECK(app.get_option("position")->get_envname().empty());
    CHECK(app.get_option("--help")->get_envname().empty());
}

}  // namespace
}  // namespace sky::cli
