// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <chrono>
#include <future>
#include <thread>

#include "base/clock.h"
#include "http/loopback_test.h"

namespace sky::http {
namespace {

using namespace std::chrono_literals;
using test::contains;
using test::EchoApplication;
using test::post;
using test::RawSocket;
using test::Running;

constexpr std::string_view kHelloSha256 =
    "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
constexpr std::string_view kEmptySha256 =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

TEST_CASE("well-formed requests") {
    const Running running;
    struct Case {
        const char* name;
        std::string request;
        std::string_view status;
        std::string_view part;  // Of the response.
        bool kept;              // The connection stays open.
    };
    const Case kCases[] = {
        {"length body", post("/echo", "hello"), "200 OK", kHelloSha256, true},
        {"no body", "GET /echo HTTP/1.1\r\nHost: h\r\n\r\n", "200 OK", kEmptySha256, true},
        {"empty lines first", "\r\n\r\nGET /echo HTTP/1.1\r\nHost: h\r\n\r\n", "200 OK",
         "Content-Length: 0", true},
        {"chunked",
         "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
         "2;x=y\r\nhe\r\n3\r\nllo\r\n0\r\nX-Trailer: t\r\n\r\n",
         "200 OK", kHelloSha256, true},
        {"chunked, empty",
         "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: Chunked\r\n\r\n0\r\n\r\n", "200 OK",
         kEmptySha256, true},
        {"asked to close", "GET /echo HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", "200 OK",
         "Connection: close", false},
        {"HTTP/1.0", "GET /echo HTTP/1.0\r\n\r\n", "200 OK", "Connection: close", false},
        {"HTTP/1.0 kept", "GET /echo HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "200 OK",
         "Connection: keep-alive", true},
        {"peer address", "GET /echo HTTP/1.1\r\nHost: h\r\n\r\n", "200 OK", "X-Remote: 127.0.0.1",
         true},
        {"what on_head found comes to the handler", "GET /echo?a HTTP/1.1\r\nHost: h\r\n\r\n",
         "200 OK", "X-Decided: seen /echo?a\r\n", true},
        {"and to refuse", post("/drop?a", "abc"), "500 ", "X-Decided: seen /drop?a\r\n", true},
        {"line breaks in an answer's field", "GET /split HTTP/1.1\r\nHost: h\r\n\r\n", "200 OK",
         "X-Note: a  X-Evil: 1\r\n", true},
        {"answered from the head", "GET /early HTTP/1.1\r\nHost: h\r\n\r\n", "403 Forbidden",
         "early", true},
        {"answered from the head, body at hand", post("/early", "abc"), "403 Forbidden", "early",
         true},
        {"handler throws", post("/throw", "abc"), "500 ", "HandlerFailed", true},
        {"on_head throws", "GET /throw-head HTTP/1.1\r\nHost: h\r\n\r\n", "500 ", "HandlerFailed",
         true},
        {"handler forgets to answer", post("/drop", "abc"), "500 ", "HandlerFailed", true},
        {"whole URL", "GET http://elsewhere/early?x HTTP/1.1\r\nHost: h\r\n\r\n", "403 ", "early",
         true},
        {"whole URL, no path", "GET HTTP://elsewhere?read HTTP/1.1\r\nHost: h\r\n\r\n", "200 OK",
         kEmptySha256, true},
        {"whole URL, host alone", "GET http://elsewhere HTTP/1.1\r\nHost: h\r\n\r\n", "200 OK",
         kEmptySha256, true},
        {"expect without body", "GET /echo HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n\r\n",
         "200 OK", "Content-Length: 0", true},
    };
    for (const Case& c : kCases) {
        CAPTURE(c.name);
        RawSocket socket(running.port());
        socket.send(c.request);
        const std::string response = socket.read_response();
        CAPTURE(response);
        CHECK(response.starts_with("HTTP/1.1 " + std::string(c.status)));
        CHECK(contains(response, c.part));
        if (c.kept) {
            socket.send(post("/echo", "again"));
            CHECK(socket.read_response().ends_with("\r\n\r\nagain"));
        } else {
            CHECK(socket.read_to_end().empty());
            CHECK(socket.ended_cleanly());
        }
    }
}

TEST_CASE("pipelined requests are answered in order") {
    const Running running;
    RawSocket socket(running.port());
    std::string burst;
    for (int i = 0; i < 100; ++i) {
        const std::string lane = i % 3 == 0 ? "?read" : i % 3 == 1 ? "?write" : "";
        burst += post("/echo" + lane, "body " + std::to_string(i));
    }
    socket.send(burst);
    for (int i = 0; i < 100; ++i) {
        CHECK(socket.read_response().ends_with("\r\n\r\nbody " + std::to_string(i)));
    }
    CHECK(running.server->stats().requests == 100);
}

TEST_CASE("a request that arrives byte by byte") {
    const Running running;
    for (const std::string& request :
         {post("/echo", "hello"),
          std::string("POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                      "5\r\nhello\r\n0\r\n\r\n")}) {
        RawSocket socket(running.port());
        for (const char c : request) socket.send(std::string_view(&c, 1));
        CHECK(socket.read_response().ends_with("\r\n\r\nhello"));
    }
}

TEST_CASE("HEAD has the length of the body, but no body") {
    const Running running;
    RawSocket socket(running.port());
    socket.send("HEAD /big HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK(contains(socket.read_response(true), "Content-Length: 8388608\r\n"));
    socket.send("GET /empty HTTP/1.1\r\nHost: h\r\n\r\n");
    const std::string empty = socket.read_response();
    CHECK(empty.starts_with("HTTP/1.1 204 No Content\r\n"));
    CHECK(!contains(empty, "Content-Length"));
    socket.send(post("/echo", "still in step"));
    CHECK(socket.read_response().ends_with("still in step"));
}

TEST_CASE("the Date header follows the clock") {
    ManualClock clock(1'767'225'630'500);  // 2026-01-01T00:00:30.5Z
    ServerOptions options;
    options.clock = &clock;
    const Running running(options);
    RawSocket socket(running.port());
    socket.send(post("/echo", ""));
    CHECK(contains(socket.read_response(), "Date: Thu, 01 Jan 2026 00:00:30 GMT\r\n"));
    clock.advance_ms(1000);
    socket.send(post("/echo", ""));
    CHECK(contains(socket.read_response(), "Date: Thu, 01 Jan 2026 00:00:31 GMT\r\n"));
}

TEST_CASE("Expect: 100-continue") {
    const Running running;
    running.application->body_bytes_max = 1000;
    const auto head = [](int length) {
        return "POST /echo HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: " +
               std::to_string(length) + "\r\n\r\n";
    };
    SUBCASE("the word, then the answer") {
        RawSocket socket(running.port());
        socket.send(head(5));
        CHECK(socket.read_response() == "HTTP/1.1 100 Continue\r\n\r\n");
        socket.send("hello");
        CHECK(socket.read_response().ends_with("\r\n\r\nhello"));
    }
    SUBCASE("a client that does not wait gets no word") {
        RawSocket socket(running.port());
        socket.send(head(5) + "hello");
        CHECK(socket.read_response().starts_with("HTTP/1.1 200 OK"));
    }
    SUBCASE("a refusal comes instead of the word") {
        RawSocket socket(running.port());
        socket.send(head(5000));
        const std::string response = socket.read_response();
        CHECK(response.starts_with("HTTP/1.1 413"));
        CHECK(contains(response, "Connection: close"));
    }
}

TEST_CASE("body limits") {
    const Running running;
    running.application->body_bytes_max = 1000;
    struct Case {
        const char* name;
        std::string request;
        std::string_view status;
    };
    const std::string chunked =
        "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
    const Case kCases[] = {
        {"at the limit", post("/echo", std::string(1000, 'x')), "200"},
        {"one more", post("/echo", std::string(1001, 'x')), "413"},
        {"much more, sent in full", post("/echo", std::string(4 << 20, 'x')), "413"},
        {"chunked at the limit", chunked + "3e8\r\n" + std::string(1000, 'x') + "\r\n0\r\n\r\n",
         "200"},
        {"chunked, one more", chunked + "3e9\r\n" + std::string(1001, 'x') + "\r\n0\r\n\r\n",
         "413"},
        {"chunked, sum too large",
         chunked + "3e8\r\n" + std::string(1000, 'x') + "\r\n1\r\nx\r\n0\r\n\r\n", "413"},
    };
    for (const Case& c : kCases) {
        CAPTURE(c.name);
        RawSocket socket(running.port());
        socket.send(c.request);
        socket.finish_sending();
        const std::string all = socket.read_to_end();
        CHECK(all.starts_with("HTTP/1.1 " + std::string(c.status)));
        CHECK(socket.ended_cleanly());
    }
}

TEST_CASE("large bodies both ways, on several loops") {
    ServerOptions options;
    options.loops = 2;
    const Running running(options);
    std::string body(16 << 20, '\0');
    for (std::size_t i = 0; i < body.size(); ++i)
        body[i] = static_cast<char>(i * 2654435761U >> 24U);
    std::string chunked =
        "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1000000\r\n" + body +
        "\r\n0\r\n\r\n";
    for (const std::string& request : {post("/echo?write", body), chunked}) {
        RawSocket socket(running.port());
        std::thread sender([&] { socket.send(request); });
        const std::string response = socket.read_response();
        sender.join();
        CHECK(std::string_view(response).substr(response.find("\r\n\r\n") + 4) == body);
    }
    const ServerStats stats = running.server->stats();
    CHECK(stats.bytes_in > 2 * body.size());
    CHECK(stats.bytes_out > 2 * body.size());
}

TEST_CASE("bodies of every small length") {
    const Running running;
    RawSocket socket(running.port());
    for (std::size_t length = 0; length <= 80; ++length) {
        CAPTURE(length);
        const std::string body(length, 'x');
        socket.send(post("/echo", body));
        const std::string response = socket.read_response();
        REQUIRE(response.starts_with("HTTP/1.1 200"));
        CHECK(std::string_view(response).substr(response.find("\r\n\r\n") + 4) == body);
    }
}

TEST_CASE("slow clients lose their connection, others do not") {
    ServerOptions options;
    options.head_timeout = options.body_timeout = options.idle_timeout = 60ms;
    options.write_timeout = 300ms;
    const Running running(options);
    SUBCASE("silent") {
        RawSocket socket(running.port());
        CHECK(socket.read_to_end().empty());
        CHECK(socket.ended_cleanly());
    }
    SUBCASE("part of a head") {
        RawSocket socket(running.port());
        socket.send("GET /echo HTTP/1.1\r\nHo");
        CHECK(socket.read_to_end().empty());
        CHECK(socket.ended_cleanly());
    }
    SUBCASE("part of a body") {
        for (const char* head :
             {"Content-Length: 10\r\n\r\nabc", "Transfer-Encoding: chunked\r\n\r\n5\r\nab",
              "Expect: 100-continue\r\nContent-Length: 10\r\n\r\n"}) {
            CAPTURE(head);
            RawSocket socket(running.port());
            socket.send("POST /echo HTTP/1.1\r\nHost: h\r\n" + std::string(head));
            const std::string all = socket.read_until("BodyTimeout");
            CHECK(contains(all, "HTTP/1.1 408 Request Timeout\r\n"));
            CHECK(all.ends_with("BodyTimeout"));
        }
    }
    SUBCASE("does not read the answer") {
        RawSocket socket(running.port());
        socket.shrink_receive_buffer();
        std::string burst;
        for (int i = 0; i < 8; ++i) burst += "GET /big HTTP/1.1\r\nHost: h\r\n\r\n";
        socket.send(burst);
        // The server is rid of the connection, although the client never closes.
        while (running.server->stats().connections > 0) std::this_thread::yield();
        CHECK(running.server->stats().bytes_out < 8U * (8U << 20U));
    }
    SUBCASE("a slow handler is not a slow client") {
        RawSocket socket(running.port());
        socket.send("GET /gate HTTP/1.1\r\nHost: h\r\n\r\n");
        REQUIRE(running.application->gate.wait_for_waiting(1));
        // Another connection idles to its end meanwhile, so more than every timeout has passed.
        RawSocket idle(running.port());
        CHECK(idle.read_to_end().empty());
        running.application->gate.open();
        CHECK(socket.read_response().starts_with("HTTP/1.1 200 OK"));
    }
}

TEST_CASE("body memory is taken before the body is read") {
    ServerOptions options;
    options.body_memory_bytes = 100'000;
    options.body_memory_wait = 60ms;
    const std::string head = "POST /gate?read HTTP/1.1\r\nHost: h\r\n";
    const auto lengthy = [&](std::size_t bytes) {
        return head + "Content-Length: " + std::to_string(bytes) + "\r\n\r\n" +
               std::string(bytes, 'x');
    };
    const std::string chunked = head + "Transfer-Encoding: chunked\r\n\r\n186A0\r\n" +
                                std::string(100'000, 'x') + "\r\n0\r\n\r\n";
    SUBCASE("a body beyond all memory is too large") {
        const Running running(options);
        RawSocket socket(running.port());
        socket.send(lengthy(100'001));
        CHECK(socket.read_response().ends_with("BodyTooLarge"));
    }
    SUBCASE("none free in time") {
        const Running running(options);
        RawSocket holder(running.port());
        holder.send(lengthy(80'000));
        REQUIRE(running.application->gate.wait_for_waiting(1));
        for (const std::string& request : {lengthy(30'000), chunked}) {
            RawSocket socket(running.port());
            socket.send(request);
            CHECK(socket.read_response().ends_with("OutOfBodyMemory"));
        }
        RawSocket small(running.port());
        small.send(post("/echo", "fits beside"));
        CHECK(small.read_response().ends_with("fits beside"));
        running.application->gate.open();
        CHECK(holder.read_response().starts_with("HTTP/1.1 200"));
    }
    SUBCASE("waits until it is given back, and all of it comes back") {
        options.body_memory_wait = 20s;
        const Running running(options);
        RawSocket holder(running.port());
        holder.send(lengthy(80'000));
        REQUIRE(running.application->gate.wait_for_waiting(1));
        std::vector<RawSocket> waiting;
        for (const std::string& request : {lengthy(30'000), chunked, lengthy(100'000)}) {
            waiting.emplace_back(running.port());
            waiting.back().send(request);
        }
        running.application->gate.open();
        CHECK(holder.read_response().starts_with("HTTP/1.1 200"));
        for (RawSocket& socket : waiting) {
            CHECK(socket.read_response().starts_with("HTTP/1.1 200"));
        }
    }
    SUBCASE("a client that leaves while it waits does not block the line") {
        options.body_memory_wait = 20s;
        const Running running(options);
        RawSocket holder(running.port());
        holder.send(lengthy(80'000));
        REQUIRE(running.application->gate.wait_for_waiting(1));
        {
            RawSocket leaver(running.port());
            leaver.send(lengthy(100'000));
        }
        RawSocket patient(running.port());
        patient.send(lengthy(60'000));
        running.application->gate.open();
        CHECK(patient.read_response().starts_with("HTTP/1.1 200"));
    }
}

TEST_CASE("drain") {
    const auto application = std::make_shared<EchoApplication>();
    auto started = Server::start({}, application);
    REQUIRE(started);
    Server& server = **started;
    RawSocket busy(server.port()), later(server.port()), idle(server.port()),
        partial(server.port());
    busy.send(post("/gate", "in flight"));
    later.send(post("/later", ""));
    REQUIRE(application->gate.wait_for_waiting(2));
    partial.send("POST /echo HTTP/1.1\r\nHost: h\r\n");
    idle.send(post("/echo", ""));
    CHECK(idle.read_response().starts_with("HTTP/1.1 200"));
    while (server.stats().connections < 4) std::this_thread::yield();

    SUBCASE("answers what has begun, refuses what begins") {
        auto drained = std::async(std::launch::async, [&] { server.drain(20s); });
        CHECK(idle.read_to_end().empty());
        CHECK(idle.ended_cleanly());
        RawSocket fresh(server.port());
        CHECK((!fresh.connected() || fresh.read_to_end().empty()));
        partial.send("Content-Length: 0\r\n\r\n");
        CHECK(partial.read_response().ends_with("Draining"));
        partial.close();
        application->gate.open();
        const std::string answer = busy.read_response();
        CHECK(answer.ends_with("in flight"));
        CHECK(contains(answer, "Connection: close"));
        CHECK(later.read_response().ends_with("later"));
        drained.get();
        server.drain(20s);  // Idempotent.
        CHECK(server.stats().connections == 0);
    }
    SUBCASE("gives up after the grace; late answers are dropped safely") {
        // The handler at the gate holds its thread, so the gate opens once the sockets are closed.
        auto drained = std::async(std::launch::async, [&] { server.drain(30ms); });
        CHECK(idle.read_to_end().empty());
        application->gate.open();
        drained.get();
        CHECK(server.stats().connections == 0);
        busy.read_to_end();
        started->reset();
    }
    application->gate.open();
}

TEST_CASE("start says what is wrong") {
    const Running running;
    struct Case {
        const char* name;
        ServerOptions options;
        ErrorCode code;
    };
    Case in_use{"port in use", {}, ErrorCode::kUnavailable};
    in_use.options.port = running.port();
    Case bad_host{"bad host", {}, ErrorCode::kInvalidArgument};
    bad_host.options.host = "not an address";
    Case threads{"no threads", {}, ErrorCode::kInvalidArgument};
    threads.options.read_threads = 0;
    for (const Case& c : {in_use, bad_host, threads}) {
        CAPTURE(c.name);
        const auto got = Server::start(c.options, running.application);
        REQUIRE(!got);
        CHECK(got.error().code == c.code);
        if (c.code == ErrorCode::kUnavailable) {
            CHECK(contains(got.error().message, std::to_string(running.port())));
        }
    }
}

}  // namespace
}  // namespace sky::http
