// SPDX-License-Identifier: Apache-2.0
#include "http/body_permits.h"

#include <doctest/doctest.h>

#include <vector>

namespace sky::http {
namespace {

struct Line {
    std::shared_ptr<BodyPermits> permits = std::make_shared<BodyPermits>(100);
    std::vector<std::uint64_t> served;  // Tickets, in order.
    std::vector<Permit> held;
    void wait(std::uint64_t bytes, Claim claim, std::uint64_t ticket,
              std::string_view tenant = "t") {
        permits->wait(bytes, claim, tenant, ticket, [this, ticket](Permit permit) {
            served.push_back(ticket);
            held.push_back(std::move(permit));
        });
    }
};

TEST_CASE("permits come back when they go out of scope, also after a move and a merge") {
    Line line;
    {
        Permit a = line.permits->try_acquire(60, Claim::kFirst);
        Permit b = line.permits->try_acquire(40, Claim::kFirst);
        CHECK(line.permits->try_acquire(1, Claim::kFirst).bytes() == 0);
        a.merge(std::move(b));
        CHECK(a.bytes() == 100);
        Permit c = line.permits->try_acquire(0, Claim::kFirst);
        c = std::move(a);
        CHECK(c.bytes() == 100);
        c = {};
        CHECK(line.permits->bytes_used() == 0);
        b = line.permits->try_acquire(100, Claim::kFirst);
        CHECK(line.permits->bytes_used() == 100);
    }
    CHECK(line.permits->bytes_used() == 0);
}

TEST_CASE("first come, first served: a small body does not overtake a large one") {
    Line line;
    Permit holder = line.permits->try_acquire(50, Claim::kFirst);
    line.wait(80, Claim::kFirst, 1);
    line.wait(10, Claim::kFirst, 2);
    CHECK(line.permits->try_acquire(10, Claim::kFirst).bytes() == 0);
    CHECK(line.served.empty());
    holder = {};
    CHECK(line.served == std::vector<std::uint64_t>{1, 2});
}

TEST_CASE("tenants take turns, also with one whose line is long") {
    Line line;
    Permit holder = line.permits->try_acquire(100, Claim::kFirst);
    for (std::uint64_t ticket = 1; ticket <= 6; ++ticket) {
        line.wait(100, Claim::kFirst, ticket, "flood");
    }
    line.wait(100, Claim::kFirst, 11, "quiet");
    line.wait(100, Claim::kFirst, 12, "quiet");
    line.permits->cancel(3);
    holder = {};
    while (!line.held.empty()) line.held.erase(line.held.begin());
    CHECK(line.served == std::vector<std::uint64_t>{1, 11, 2, 12, 4, 5, 6});
    CHECK(line.permits->bytes_used() == 0);
}

TEST_CASE("a growing body goes before those that hold nothing") {
    Line line;
    Permit chunked = line.permits->try_acquire(60, Claim::kFirst);
    Permit other = line.permits->try_acquire(40, Claim::kFirst);
    line.wait(100, Claim::kFirst, 1);
    line.wait(40, Claim::kGrowth, 2);
    other = {};
    CHECK(line.served == std::vector<std::uint64_t>{2});
    line.held.clear();
    chunked = {};
    CHECK(line.served == std::vector<std::uint64_t>{2, 1});
}

TEST_CASE("a waiter that leaves lets the ones behind it through") {
    Line line;
    const Permit holder = line.permits->try_acquire(50, Claim::kFirst);
    line.wait(80, Claim::kFirst, 1);
    line.wait(10, Claim::kFirst, 2);
    line.permits->cancel(1);
    line.permits->cancel(7);
    CHECK(line.served == std::vector<std::uint64_t>{2});
}

TEST_CASE("a grant that nobody takes goes to the next") {
    Line line;
    Permit holder = line.permits->try_acquire(100, Claim::kFirst);
    line.permits->wait(100, Claim::kFirst, "t", 1, [](const Permit&) {});
    line.wait(100, Claim::kFirst, 2);
    holder = {};
    CHECK(line.served == std::vector<std::uint64_t>{2});
}

}  // namespace
}  // namespace sky::http
