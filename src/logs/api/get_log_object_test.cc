// SPDX-License-Identifier: Apache-2.0
// GetLogObject as the wire has it; which fields an event has is insights/exec's matter.
#include <doctest/doctest.h>

#include "aws/event_stream.h"
#include "logs/api/limits.h"
#include "logs/api/testing/client.h"

namespace sky::logs::api {
namespace {

using testing::Client;
using testing::kNow;

/// A group "g" (id 1) with one event; the store numbers events from 1.
struct Holding : Client {
    explicit Holding(std::string_view message_json) {
        ask("CreateLogGroup", R"({"logGroupName":"g"})");
        ask("CreateLogStream", R"({"logGroupName":"g","logStreamName":"s"})");
        ask("PutLogEvents",
            R"({"logGroupName":"g","logStreamName":"s","logEvents":[{"timestamp":)" +
                std::to_string(kNow) + R"(,"message":")" + std::string(message_json) + R"("}]})");
        pointer = "1." + std::to_string(kNow) + ".1";
    }
    std::string body() const { return R"({"logObjectPointer":")" + pointer + "\"}"; }
    std::string pointer;
};

struct Received {
    std::vector<std::string> messages;  // "event fields {...}"
    http::StreamBody::End end = http::StreamBody::End::kNotYet;
};

Received read(const http::Response& answer) {
    REQUIRE(answer.stream);
    http::StreamBody::Taken taken = answer.stream->take();
    aws::EventDecoder decoder;
    for (const std::string& piece : taken.pieces) decoder.put(piece);
    Received out{{}, taken.end};
    for (;;) {
        const auto message = decoder.next();
        REQUIRE(message);
        if (!*message) break;
        CHECK((*message)->header(":content-type") == "application/json");
        out.messages.push_back(std::string((*message)->header(":message-type")) + " " +
                               std::string((*message)->header(":event-type")) + " " +
                               (*message)->payload);
    }
    CHECK(decoder.between_messages());
    return out;
}

TEST_CASE("GetLogObject: a small event is one message") {
    Holding client(R"(a \"b\"\n)");
    const http::Response answer = client.call("GetLogObject", client.body());
    CHECK(answer.status == 200);
    CHECK(answer.headers[0].value == "application/vnd.amazon.eventstream");
    const Received got = read(answer);
    CHECK(got.end == http::StreamBody::End::kFinished);
    REQUIRE(got.messages.size() == 2);
    CHECK(got.messages[0] == "event initial-response {}");
    // {"@log":"123456789012:g","@logStream":"s","@message":"a \"b\"\n","@ptr":"1.1767225600000.1"}
    CHECK(
        got.messages[1] ==
        R"(event fields {"data":"eyJAbG9nIjoiMTIzNDU2Nzg5MDEyOmciLCJAbG9nU3RyZWFtIjoicyIsIkBtZXNz)"
        R"(YWdlIjoiYSBcImJcIlxuIiwiQHB0ciI6IjEuMTc2NzIyNTYwMDAwMC4xIn0="})");
}

TEST_CASE("GetLogObject: a large event comes in pieces, all of it") {
    const std::string large(1'000'000, 'x');
    Holding client(large);
    const Received got = read(client.call("GetLogObject", client.body()));
    CHECK(got.end == http::StreamBody::End::kFinished);
    CHECK(got.messages.size() == 2 + large.size() / limits::kObjectPieceBytes);
    std::size_t bytes = 0;  // Of base64: four for three.
    for (const std::string& message : got.messages) bytes += message.size();
    CHECK(bytes > large.size() * 4 / 3);
}

TEST_CASE("GetLogObject: errors before the stream begins are ordinary ones") {
    Holding client("m");
    struct Case {
        std::string_view body, answer;
    };
    const std::string long_pointer = R"({"logObjectPointer":")" + std::string(513, 'p') + "\"}";
    for (const Case& c : {
             Case{R"({"logObjectPointer":"bad"})", "400 InvalidParameterException: bad pointer"},
             Case{R"({"logObjectPointer":"1.9.9"})",
                  "400 ResourceNotFoundException: The specified log record does not exist."},
             Case{R"({"logObjectPointer":""})",
                  "400 InvalidParameterException: 1 validation error"},
             Case{long_pointer, "400 InvalidParameterException: 1 validation error"},
             Case{"{}", "400 InvalidParameterException: 1 validation error"},
         }) {
        CAPTURE(c.body);
        CHECK(client.ask("GetLogObject", c.body).starts_with(c.answer));
    }
    client.account = "210987654321";
    CHECK(client.ask("GetLogObject", client.body()).starts_with("400 ResourceNotFoundException"));
}

}  // namespace
}  // namespace sky::logs::api
