// SPDX-License-Identifier: Apache-2.0
#include "http/client.h"

#include <doctest/doctest.h>

#include <chrono>
#include <thread>

#include "http/loopback_test.h"

namespace sky::http {
namespace {

using namespace std::chrono_literals;
using test::contains;
using test::EchoApplication;

// A server of one scripted connection after the other: reads a whole request, writes bytes, closes
// when told to.
class Scripted {
public:
    struct Step {
        std::string answer;
        bool close_after;
        bool reads_request = true;
    };
    explicit Scripted(std::vector<Step> steps) : steps_(std::move(steps)) {
        fd_ = ::socket(AF_INET, SOCK_STREAM, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        auto* const plain = reinterpret_cast<sockaddr*>(&address);
        REQUIRE(::bind(fd_, plain, size) == 0);
        REQUIRE(::listen(fd_, 8) == 0);
        REQUIRE(::getsockname(fd_, plain, &size) == 0);
        port_ = ntohs(address.sin_port);
        thread_ = std::thread([this] { run(); });
    }
    ~Scripted() {
        ::shutdown(fd_, SHUT_RDWR);
        thread_.join();
        ::close(fd_);
    }
    std::uint16_t port() const { return port_; }
    int accepted() const { return accepted_.load(); }

private:
    void run() {
        int connection = -1;
        for (const Step& step : steps_) {
            if (connection < 0) {
                connection = ::accept(fd_, nullptr, nullptr);
                if (connection < 0) return;
                ++accepted_;
            }
            std::string request;
            char byte = 0;
            while (step.reads_request && !request.ends_with("\r\n\r\n")) {
                if (::recv(connection, &byte, 1, 0) <= 0) break;
                request.push_back(byte);
            }
            ::send(connection, step.answer.data(), step.answer.size(), MSG_NOSIGNAL);
            if (step.close_after) ::close(std::exchange(connection, -1));
        }
        if (connection >= 0) {  // Keep it open until the client leaves.
            char byte = 0;
            while (::recv(connection, &byte, 1, 0) > 0) {
            }
            ::close(connection);
        }
    }
    std::vector<Step> steps_;
    int fd_ = -1;
    std::uint16_t port_ = 0;
    std::atomic<int> accepted_{0};
    std::thread thread_;
};

TEST_CASE(
    "the client follows an answer that goes on: pieces as they come, until either side ends it") {
    Headers headers;
    const std::string chunked =
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n";
    struct Case {
        const char* name;
        std::string answer;
        std::size_t bytes_wanted;  // After so many it says that it has enough.
        std::string pieces, body;
        bool ok;
    };
    for (const Case& c : {
             Case{"to the end", chunked + "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", 99, "abcde", "",
                  true},
             Case{"until it has enough", chunked + "3\r\nabc\r\n", 3, "abc", "abc", true},
             Case{"cut off", chunked + "3\r\nabc\r\n2\r\nd", 99, "abcd", "", false},
             Case{"an error's body comes whole",
                  "HTTP/1.1 400 Bad Request\r\nContent-Length: 3\r\n\r\nabc", 99, "", "abc", true},
         }) {
        CAPTURE(c.name);
        Scripted server({{c.answer, true}});
        Client client("127.0.0.1", server.port(), 5s);
        std::string pieces;
        const auto answer = client.follow("POST", "/", headers, "{}",
                                          [&](const Response& head, std::string_view bytes) {
                                              CHECK(head.headers[0].value == "text/plain");
                                              pieces += bytes;
                                              return pieces.size() < c.bytes_wanted;
                                          });
        CHECK(pieces == c.pieces);
        REQUIRE(answer.has_value() == c.ok);
        if (answer) CHECK(answer->body == c.body);
    }
}

TEST_CASE("the client talks to the server and keeps its connection") {
    const auto application = std::make_shared<EchoApplication>();
    auto server = Server::start({}, application);
    REQUIRE(server);
    Client client("127.0.0.1", (*server)->port(), 20s);
    Headers headers;
    headers.add("X-Amz-Target", "Logs_20140328.PutLogEvents");
    for (int i = 0; i < 10; ++i) {
        const auto got = client.send("POST", "/echo", headers, "body " + std::to_string(i));
        REQUIRE(got);
        CHECK(got->status == 200);
        CHECK(got->body == "body " + std::to_string(i));
    }
    CHECK((*server)->stats().connections == 1);
    const auto head = client.send("HEAD", "/big", headers, "");
    REQUIRE(head);
    CHECK(head->body.empty());
    const auto big = client.send("POST", "/echo", headers, std::string(8 << 20, 'z'));
    REQUIRE(big);
    CHECK(big->body == std::string(8 << 20, 'z'));
    CHECK((*server)->stats().connections == 1);
}

TEST_CASE("an early refusal of a large body reaches the client") {
    const auto application = std::make_shared<EchoApplication>();
    application->body_bytes_max = 10;
    auto server = Server::start({}, application);
    REQUIRE(server);
    Client client("localhost", (*server)->port(), 20s);
    for (int i = 0; i < 3; ++i) {
        const auto got = client.send("POST", "/echo", {}, std::string(16 << 20, 'z'));
        REQUIRE(got);
        CHECK(got->status == 413);
    }
}

TEST_CASE("answers of many shapes") {
    struct Case {
        const char* name;
        std::vector<Scripted::Step> steps;
        int requests;                     // Sent on one client; the last one is looked at.
        std::optional<std::string> body;  // Absent: an error.
        ErrorCode code;
        int connections;
    };
    const std::string ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    const Case kCases[] = {
        {"length", {{ok, false}}, 1, "ok", {}, 1},
        {"chunked",
         {{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
           "3\r\nabc\r\n2\r\nde\r\n0\r\nX-T: 1\r\n\r\n",
           false},
          {ok, false}},
         2,
         "ok",
         {},
         1},
        {"chunked and empty, in two pieces",
         {{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", false},
          {"\r\n", false, false},
          {ok, false}},
         2,
         "ok",
         {},
         1},
        {"bad chunk",
         {{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", false}},
         1,
         {},
         ErrorCode::kInternal,
         1},
        {"until the end", {{"HTTP/1.1 200 OK\r\n\r\nall of it", true}}, 1, "all of it", {}, 1},
        {"interim answers first",
         {{"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nX: y\r\n\r\n" + ok, false}},
         1,
         "ok",
         {},
         1},
        {"connection: close",
         {{"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", true},
          {ok, false}},
         2,
         "ok",
         {},
         2},
        {"kept connection gone: once more", {{ok, true}, {ok, false}}, 2, "ok", {}, 2},
        {"closed at once on a fresh connection", {{"", true}}, 1, {}, ErrorCode::kUnavailable, 1},
        {"gone twice", {{ok, true}, {"", true}}, 2, {}, ErrorCode::kUnavailable, 2},
        {"cut body",
         {{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nok", true}},
         1,
         {},
         ErrorCode::kInternal,
         1},
        {"part of an answer on a kept connection is not repeated",
         {{ok, false}, {"HTTP/1.1 200 OK\r\nContent-Le", true}},
         2,
         {},
         ErrorCode::kInternal,
         1},
        {"not HTTP", {{"SSH-2.0-OpenSSH_9.2\r\n\r\n", true}}, 1, {}, ErrorCode::kInternal, 1},
    };
    for (const Case& c : kCases) {
        CAPTURE(c.name);
        const Scripted server(c.steps);
        Client client("127.0.0.1", server.port(), 20s);
        for (int i = 1; i < c.requests; ++i) REQUIRE(client.send("POST", "/", {}, ""));
        const auto got = client.send("POST", "/", {}, "");
        REQUIRE(got.has_value() == c.body.has_value());
        if (got) {
            CHECK(got->body == *c.body);
        } else {
            CHECK(got.error().code == c.code);
        }
        CHECK(server.accepted() == c.connections);
    }
}

TEST_CASE("the client's own errors") {
    SUBCASE("nobody listens") {
        std::uint16_t port = 0;
        {
            const auto server = Server::start({}, std::make_shared<EchoApplication>());
            REQUIRE(server);
            port = (*server)->port();
        }
        Client client("127.0.0.1", port, 20s);
        const auto got = client.send("GET", "/", {}, "");
        REQUIRE(!got);
        CHECK(got.error().code == ErrorCode::kUnavailable);
        CHECK(contains(got.error().message, "127.0.0.1:" + std::to_string(port)));
    }
    SUBCASE("no answer in time") {
        const Scripted server({{"", false}});
        Client client("127.0.0.1", server.port(), 50ms);
        const auto got = client.send("GET", "/", {}, "");
        REQUIRE(!got);
        CHECK(got.error().code == ErrorCode::kDeadlineExceeded);
    }
    SUBCASE("line breaks") {
        Client client("127.0.0.1", 1, 50ms);
        Headers headers;
        headers.add("X", "a\r\nb");
        const auto got = client.send("GET", "/", headers, "");
        REQUIRE(!got);
        CHECK(got.error().code == ErrorCode::kInvalidArgument);
    }
}

}  // namespace
}  // namespace sky::http
