// SPDX-License-Identifier: Apache-2.0
#include "http/fair_queue.h"

#include <doctest/doctest.h>

#include <string>
#include <thread>

namespace sky::http {
namespace {

using Queue = FairQueue<std::string>;

int push_many(Queue& queue, std::string_view tenant, int count, std::uint64_t cost = 0) {
    int pushed = 0;
    for (int i = 0; i < count; ++i) {
        pushed += queue.try_push(tenant, cost, std::string(tenant)) ? 1 : 0;
    }
    return pushed;
}

TEST_CASE("fair queue: a tenant holds as many places as it leaves free") {
    Queue queue(80);
    CHECK(push_many(queue, "a", 100) == 40);
    CHECK(push_many(queue, "b", 100) == 20);
    CHECK(push_many(queue, "c", 100) == 10);
    CHECK(push_many(queue, "a", 1) == 0);
    CHECK(queue.size() == 70);
    std::string refused = "untouched";
    CHECK(!queue.try_push("a", 0, std::move(refused)));
    CHECK(refused == "untouched");
}

TEST_CASE("fair queue: one place is a place") {
    Queue queue(1);
    CHECK(push_many(queue, "a", 2) == 1);
    CHECK(push_many(queue, "b", 1) == 0);
    CHECK(queue.pop() == "a");
    CHECK(push_many(queue, "b", 1) == 1);
}

TEST_CASE("fair queue: turns by bytes, first come first served within a tenant") {
    Queue queue(400);
    push_many(queue, "large", 100, 4 * limits::kTurnBytes);
    push_many(queue, "small", 100, limits::kRequestBytesMin);
    int large = 0, small = 0;
    while (small < 64) {
        const auto item = queue.pop();
        REQUIRE(item);
        ++(*item == "large" ? large : small);
    }
    // 64 small ones are 16 turns, in which the other tenant gets through with four.
    CHECK(large >= 3);
    CHECK(large <= 5);

    Queue one(10);
    for (const char* name : {"1", "2", "3"}) CHECK(one.try_push("t", 0, name));
    for (const char* name : {"1", "2", "3"}) CHECK(one.pop() == name);
}

TEST_CASE("fair queue: close lets what waits out and nothing in") {
    Queue queue(10);
    CHECK(push_many(queue, "a", 2) == 2);
    queue.close();
    CHECK(push_many(queue, "a", 1) == 0);
    CHECK(queue.pop() == "a");
    CHECK(queue.pop() == "a");
    CHECK(!queue.pop());
    Queue empty(1);
    std::thread waiting([&] { CHECK(!empty.pop()); });
    empty.close();
    waiting.join();
}

}  // namespace
}  // namespace sky::http
