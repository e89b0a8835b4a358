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
using test::RawSocket;

struct Running {
    std::shared_ptr<EchoApplication> application = std::make_shared<EchoApplication>();
    std::unique_ptr<Server> server;
    explicit Running(const ServerOptions& options = {}) {
        auto started = Server::start(options, application);
        REQUIRE(started);
        server = std::move(*started);
    }
    ~Running() {
        application->gate.open();
        server->drain(10s);
    }
    std::uint16_t port() const { return server->port(); }
};

constexpr std::string_view kHelloSha256 =
    "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
constexpr std::string_view kEmptySha256 =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

std::string post(std::string_view path, std::string_view body) {
    return "POST " + std::string(path) +
           " HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
           std::string(body);
}

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

TEST_CASE("malformed requests are refused and the connection ends cleanly") {
    ServerOptions options;
    options.head_bytes_max = 8 * 1024;
    const Running running(options);
    const std::string start = "POST /echo HTTP/1.1\r\nHost: h\r\n";
    struct Case {
        const char* name;
        std::string request;
    };
    std::string many_fields = start;
    for (int i = 0; i < 200; ++i) many_fields += "a: b\r\n";
    const Case kCases[] = {
        {"no HTTP", "hello there, server\r\n\r\n"},
        {"TLS hello", std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11) + "\r\n\r\n"},
        {"wrong version", "GET / HTTP/2.0\r\nHost: h\r\n\r\n"},
        {"no host", "GET /echo HTTP/1.1\r\n\r\n"},
        {"two hosts", "GET /echo HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"},
        {"blank before colon", "GET /echo HTTP/1.1\r\nHost: h\r\nX-A : b\r\n\r\n"},
        {"NUL in value", start + std::string("X: a\0b\r\n\r\n", 10)},
        {"no colon", start + "nonsense\r\n\r\n"},
        {"two lengths", start + "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd"},
        {"bad length", start + "Content-Length: 3x\r\n\r\nabc"},
        {"negative length", start + "Content-Length: -1\r\n\r\n"},
        {"huge length", start + "Content-Length: 99999999999999999999\r\n\r\n"},
        {"length and chunked",
         start + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
        {"chunked and length",
         start + "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n"},
        {"unknown coding", start + "Transfer-Encoding: gzip\r\n\r\n"},
        {"coding before chunked", start + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"},
        {"chunked twice",
         start + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
        {"chunked over HTTP/1.0",
         "POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
        {"bad chunk size", start + "Transfer-Encoding: chunked\r\n\r\nxyz\r\n"},
        {"chunk size overflow", start + "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n"},
        {"chunk longer than said", start + "Transfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n"},
        {"endless chunk line",
         start + "Transfer-Encoding: chunked\r\n\r\n2;" + std::string(200'000, 'x')},
        {"head too long", start + "X: " + std::string(20'000, 'x') + "\r\n\r\n"},
        {"too many fields", many_fields + "\r\n"},
    };
    for (const Case& c : kCases) {
        CAPTURE(c.name);
        RawSocket socket(running.port());
        // Bytes after the fault must never be taken for a request.
        socket.send(c.request + "GET /early HTTP/1.1\r\nHost: h\r\n\r\n");
        socket.finish_sending();
        const std::string all = socket.read_to_end();
        CAPTURE(all);
        CHECK(all.starts_with("HTTP/1.1 400 Bad Request\r\n"));
        CHECK(contains(all, "Connection: close\r\n"));
        CHECK(all.ends_with("\r\n\r\nMalformed"));
        CHECK(socket.ended_cleanly());
    }
    CHECK(running.server->stats().refused == std::size(kCases));
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

TEST_CASE("1,000 idle connections cost nobody else anything") {
    const Running running;
    std::vector<RawSocket> idle;
    for (int i = 0; i < 1000; ++i) {
        idle.emplace_back(running.port());
        REQUIRE(idle.back().connected());
    }
    RawSocket socket(running.port());
    socket.send(post("/echo", "hello"));
    CHECK(socket.read_response().ends_with("hello"));
    CHECK(running.server->stats().connections == 1001);
    for (int i = 0; i < 1000; i += 100) {
        idle[std::size_t(i)].send(post("/echo", "awake"));
        CHECK(idle[std::size_t(i)].read_response().ends_with("awake"));
    }
}

TEST_CASE("connections beyond the limit are closed") {
    ServerOptions options;
    options.connections_max = 2;
    const Running running(options);
    RawSocket a(running.port());
    RawSocket b(running.port());
    for (RawSocket* socket : {&a, &b}) {
        socket->send(post("/echo", "in"));
        CHECK(socket->read_response().ends_with("in"));
    }
    RawSocket c(running.port());
    CHECK(c.read_to_end().empty());
    a.close();
    while (running.server->stats().connections > 1) std::this_thread::yield();
    RawSocket d(running.port());
    d.send(post("/echo", "in again"));
    CHECK(d.read_response().ends_with("in again"));
}

TEST_CASE("a full queue refuses, lanes are independent, and the connection lives on") {
    ServerOptions options;
    options.write_threads = 1;
    options.queue_max = 2;
    const Running running(options);
    std::vector<RawSocket> waiting;
    for (int i = 0; i < 3; ++i) {
        waiting.emplace_back(running.port());
        waiting.back().send(post("/gate?write", "w" + std::to_string(i)));
        if (i == 0) REQUIRE(running.application->gate.wait_for_waiting(1));
    }
    while (running.server->stats().queued < 2) std::this_thread::yield();
    RawSocket refused(running.port());
    refused.send(post("/gate?write", std::string(100'000, 'x')));
    CHECK(refused.read_response().ends_with("QueueFull"));
    refused.send(post("/echo?read", "another lane"));
    CHECK(refused.read_response().ends_with("another lane"));
    CHECK(running.server->stats().refused == 1);
    running.application->gate.open();
    for (int i = 0; i < 3; ++i) {
        CHECK(waiting[std::size_t(i)].read_response().ends_with("w" + std::to_string(i)));
    }
    refused.send(post("/echo?write", "room again"));
    CHECK(refused.read_response().ends_with("room again"));
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
