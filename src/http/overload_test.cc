// SPDX-License-Identifier: Apache-2.0
// More than the server can take: connections, requests, tenants. Counts are asserted, never times.
#include <doctest/doctest.h>
#include <sys/resource.h>

#include <algorithm>
#include <thread>

#include "http/loopback_test.h"

namespace sky::http {
namespace {

using test::contains;
using test::post;
using test::RawSocket;
using test::Running;

/// As many open files as the machine allows.
std::size_t raise_open_files() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
    limit.rlim_cur = limit.rlim_max;
    if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
    return static_cast<std::size_t>(limit.rlim_cur);
}

TEST_CASE("10,000 idle connections cost nobody else anything") {
    // Both ends are in this process.
    const std::size_t files = raise_open_files();
    REQUIRE(files > 2'400);
    const std::size_t count = std::min<std::size_t>(10'000, (files - 200) / 2);
    if (count < 10'000) MESSAGE("the limit of open files leaves room for " << count);
    const Running running;
    std::vector<RawSocket> idle;
    idle.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        idle.emplace_back(running.port());
        REQUIRE(idle.back().connected());
    }
    RawSocket socket(running.port());
    socket.send(post("/echo", "hello"));
    CHECK(socket.read_response().ends_with("hello"));
    CHECK(running.server->stats().connections == count + 1);
    for (std::size_t i = 0; i < count; i += 1000) {
        idle[i].send(post("/echo", "awake"));
        CHECK(idle[i].read_response().ends_with("awake"));
    }
}

TEST_CASE("a full server closes whoever has been idle longest, never who is served") {
    ServerOptions options;
    options.connections_max = 3;
    const Running running(options);
    RawSocket busy(running.port());
    busy.send(post("/gate", "busy"));
    REQUIRE(running.application->gate.wait_for_waiting(1));
    RawSocket oldest(running.port()), newer(running.port());
    for (RawSocket* socket : {&oldest, &newer}) {
        socket->send(post("/echo", "in"));
        CHECK(socket->read_response().ends_with("in"));
    }
    RawSocket newcomer(running.port());
    newcomer.send(post("/echo", "also in"));
    CHECK(newcomer.read_response().ends_with("also in"));
    CHECK(oldest.read_to_end().empty());
    CHECK(oldest.ended_cleanly());
    newer.send(post("/echo", "still in"));
    CHECK(newer.read_response().ends_with("still in"));
    running.application->gate.open();
    CHECK(busy.read_response().ends_with("busy"));
}

TEST_CASE("heads that never end do not lock others out") {
    ServerOptions options;
    options.connections_max = 50;
    const Running running(options);
    std::vector<RawSocket> slow;
    for (int i = 0; i < 200; ++i) {
        slow.emplace_back(running.port());
        slow.back().send("POST /echo HTTP/1.1\r\nHos");
    }
    RawSocket socket(running.port());
    socket.send(post("/echo", "through"));
    CHECK(socket.read_response().ends_with("through"));
    CHECK(running.server->stats().connections <= 50);
}

TEST_CASE("a server full of busy connections lets newcomers wait, then in") {
    ServerOptions options;
    options.connections_max = 2;
    const Running running(options);
    RawSocket a(running.port()), b(running.port());
    a.send(post("/gate", "a"));
    b.send(post("/gate", "b"));
    REQUIRE(running.application->gate.wait_for_waiting(2));
    RawSocket c(running.port());
    c.send(post("/echo", "c"));
    running.application->gate.open();
    CHECK(a.read_response().ends_with("a"));
    CHECK(b.read_response().ends_with("b"));
    CHECK(c.read_response().ends_with("c"));
}

TEST_CASE("500 clients, one at a time served: each is answered, most are told to come back") {
    ServerOptions options;
    options.write_threads = 1;
    options.queue_max = 200;
    const Running running(options);
    std::vector<RawSocket> clients;
    for (int i = 0; i < 500; ++i) {
        clients.emplace_back(running.port());
        clients.back().send(post("/gate?write", "w"));
    }
    // One runs, one tenant may wait with half of the places, the rest is refused at once.
    while (running.server->stats().refused < 399) std::this_thread::yield();
    CHECK(running.server->stats().queued == 100);
    RawSocket health(running.port());
    health.send(post("/echo", "alive"));
    CHECK(health.read_response().ends_with("alive"));
    running.application->gate.open();
    int served = 0, refused = 0;
    for (RawSocket& client : clients) {
        const std::string answer = client.read_response();
        served += answer.starts_with("HTTP/1.1 200") ? 1 : 0;
        refused += answer.ends_with("QueueFull") ? 1 : 0;
    }
    CHECK(served == 101);
    CHECK(refused == 399);
    CHECK(running.server->stats().refused == 399);
}

TEST_CASE("a tenant's flood neither fills the queue nor the line for another") {
    ServerOptions options;
    options.write_threads = 1;
    options.queue_max = 100;
    const Running running(options);
    const auto request = [](std::string_view tenant, std::string_view body) {
        return "POST /gate?write HTTP/1.1\r\nHost: h\r\nX-Tenant: " + std::string(tenant) +
               "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
               std::string(body);
    };
    RawSocket first(running.port());
    first.send(request("other", "first"));
    REQUIRE(running.application->gate.wait_for_waiting(1));
    std::vector<RawSocket> flood;
    for (int i = 0; i < 80; ++i) {
        flood.emplace_back(running.port());
        flood.back().send(request("flood", "f"));
    }
    while (running.server->stats().refused < 30) std::this_thread::yield();
    std::vector<RawSocket> quiet;
    for (int i = 0; i < 5; ++i) {
        quiet.emplace_back(running.port());
        quiet.back().send(request("quiet", "q"));
    }
    while (running.server->stats().queued < 55) std::this_thread::yield();
    running.application->gate.open();
    for (RawSocket& socket : quiet) CHECK(socket.read_response().ends_with("q"));
    int served = 0;
    for (RawSocket& socket : flood) {
        served += socket.read_response().starts_with("HTTP/1.1 200") ? 1 : 0;
    }
    CHECK(served == 50);
    const std::lock_guard lock(running.application->later_mutex);
    const auto& handled = running.application->handled;
    REQUIRE(handled.size() == 56);
    // Turns of 64 KiB hold four small requests each: the five are done long before the fifty.
    CHECK(std::count(handled.begin(), handled.begin() + 16, "q") == 5);
}

TEST_CASE("a full queue refuses, lanes are independent, and the connection lives on") {
    ServerOptions options;
    options.write_threads = 1;
    options.queue_max = 4;  // Half of it for one tenant.
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

}  // namespace
}  // namespace sky::http
