// SPDX-License-Identifier: Apache-2.0
// StartLiveTail as the wire has it; which events a session gets is logs/live_tail_test.cc.
#include <doctest/doctest.h>

#include "aws/event_stream.h"
#include "logs/api/testing/client.h"
#include "logs/limits.h"

namespace sky::logs::api {
namespace {

using testing::Client;
using testing::kNow;

constexpr std::string_view kArn = "arn:aws:logs:us-east-1:123456789012:log-group:g";

/// The reader of one session.
struct Reader {
    explicit Reader(http::Response response) : answer(std::move(response)) {}

    /// What has come since the last call: "event sessionUpdate {...}" a message.
    std::vector<std::string> read() {
        http::StreamBody::Taken taken = answer.stream->take();
        end = taken.end;
        for (const std::string& piece : taken.pieces) decoder.put(piece);
        std::vector<std::string> out;
        for (;;) {
            const auto message = decoder.next();
            REQUIRE(message);
            if (!*message) break;
            const std::string kind((*message)->header(":message-type"));
            CHECK((*message)->header(":content-type") == "application/json");
            out.push_back(kind + " " + std::string((*message)->header(":" + kind + "-type")) + " " +
                          (*message)->payload);
        }
        CHECK(decoder.between_messages());
        return out;
    }

    http::Response answer;
    aws::EventDecoder decoder;
    http::StreamBody::End end = http::StreamBody::End::kNotYet;
};

struct Tailing : Client {
    Tailing() {
        ask("CreateLogGroup", R"({"logGroupName":"g"})");
        ask("CreateLogStream", R"({"logGroupName":"g","logStreamName":"s"})");
    }
    Reader start(std::string_view rest = "") {
        return Reader(call("StartLiveTail", R"({"logGroupIdentifiers":[")" + std::string(kArn) +
                                                R"("])" + std::string(rest) + "}"));
    }
    void put(std::string_view message) {
        ask("PutLogEvents",
            R"({"logGroupName":"g","logStreamName":"s","logEvents":[{"timestamp":)" +
                std::to_string(kNow) + R"(,"message":")" + std::string(message) + R"("}]})");
    }
    void pass(std::int64_t ms) {
        clock.advance_ms(ms);
        service.live_tail.step();
    }
};

TEST_CASE("StartLiveTail: the messages of a session") {
    Tailing client;
    Reader reader =
        client.start(R"(,"logStreamNamePrefixes":["s"],"logEventFilterPattern":"\"é\"")");
    CHECK(reader.answer.status == 200);
    REQUIRE(reader.answer.stream);
    CHECK(reader.answer.headers[0].name == "Content-Type");
    CHECK(reader.answer.headers[0].value == "application/vnd.amazon.eventstream");
    CHECK(reader.answer.headers[1].name == "x-amzn-RequestId");
    std::vector<std::string> messages = reader.read();
    REQUIRE(messages.size() == 2);
    CHECK(messages[0] == "event initial-response {}");
    // The session's id is random: 36 characters.
    const auto id = messages[1].find(R"("sessionId":")");
    REQUIRE(id != std::string::npos);
    messages[1].replace(id + 13, 36, "ID");
    CHECK(messages[1] ==
          R"(event sessionStart {"requestId":"R","sessionId":"ID","logGroupIdentifiers":[")" +
              std::string(kArn) +
              R"("],"logStreamNames":[],"logStreamNamePrefixes":["s"],)"
              R"("logEventFilterPattern":"\"é\""})");
    client.put(R"(caf\u00e9 \"x\"\n)");
    client.put("cafe");
    client.pass(limits::kLiveUpdateEveryMs);
    CHECK(
        reader.read() ==
        std::vector<std::string>{
            R"(event sessionUpdate {"sessionMetadata":{"sampled":false},"sessionResults":[{"logStreamName":"s",)"
            R"("logGroupIdentifier":")" +
            std::string(kArn) + R"(","message":"café \"x\"\n","timestamp":1767225600000,)" +
            R"("ingestionTime":1767225600000}]})"});
    client.pass(limits::kLiveUpdateEveryMs);
    CHECK(reader.read() ==
          std::vector<std::string>{
              R"(event sessionUpdate {"sessionMetadata":{"sampled":false},"sessionResults":[]})"});
    CHECK(reader.end == http::StreamBody::End::kNotYet);
}

TEST_CASE("StartLiveTail: how a session ends") {
    Tailing client;
    SUBCASE("after three hours") {
        Reader reader = client.start();
        client.pass(limits::kLiveSessionMsMax);
        const std::vector<std::string> messages = reader.read();
        REQUIRE(messages.size() == 4);  // Two at the start, a last update.
        CHECK(
            messages[3] ==
            R"(exception SessionTimeoutException {"message":"The session has reached its limit of 3 hours."})");
        CHECK(reader.end == http::StreamBody::End::kFinished);
    }
    SUBCASE("when the server drains") {
        Reader reader = client.start();
        reader.answer.stream->tell_draining();
        client.pass(limits::kLiveUpdateEveryMs);
        const std::vector<std::string> messages = reader.read();
        REQUIRE(messages.size() == 3);
        CHECK(messages[2] ==
              R"(exception SessionStreamingException {"message":"The server is shutting down."})");
        CHECK(reader.end == http::StreamBody::End::kFinished);
    }
    SUBCASE("when the reader leaves") {
        {
            const Reader reader = client.start();
            CHECK(client.service.live_tail.stats().sessions == 1);
        }
        client.pass(limits::kLiveUpdateEveryMs);
        CHECK(client.service.live_tail.stats().sessions == 0);
    }
}

TEST_CASE("StartLiveTail: a reader that reads nothing costs a bounded buffer") {
    Tailing client;
    Reader reader = client.start();
    const std::string large(900'000, 'x');
    for (int i = 0; i < 6; ++i) {
        client.put(large);
        client.pass(limits::kLiveUpdateEveryMs);
    }
    CHECK(client.service.live_tail.stats().updates_lost >= 3);
    std::size_t bytes = 0;
    for (const std::string& message : reader.read()) bytes += message.size();
    CHECK(bytes <= limits::kLiveWaitingBytesMax);
    client.put("again");
    client.pass(limits::kLiveUpdateEveryMs);
    const std::vector<std::string> messages = reader.read();
    REQUIRE(messages.size() == 1);
    CHECK(messages[0].find(R"({"sampled":true})") != std::string::npos);
    CHECK(messages[0].find("again") != std::string::npos);
}

TEST_CASE("StartLiveTail: errors before the stream begins are ordinary ones") {
    Tailing client;
    struct Case {
        std::string_view body, answer;
    };
    for (const Case& c : {
             Case{R"({"logGroupIdentifiers":["g"]})", "400 InvalidParameterException: "},
             Case{R"({"logGroupIdentifiers":["arn:aws:logs:us-east-1:123456789012:log-group:h"]})",
                  "400 ResourceNotFoundException: The specified log group does not exist."},
             Case{R"({"logGroupIdentifiers":[]})",
                  "400 InvalidParameterException: 1 validation error"},
             Case{"{}", "400 InvalidParameterException: 1 validation error"},
         }) {
        CAPTURE(c.body);
        CHECK(client.ask("StartLiveTail", c.body).starts_with(c.answer));
    }
    CHECK(client.service.live_tail.stats().sessions == 0);
}

}  // namespace
}  // namespace sky::logs::api
