// SPDX-License-Identifier: Apache-2.0
#include "logs/ingest.h"

#include <doctest/doctest.h>

#include "logs/identifiers.h"
#include "logs/limits.h"
#include "logs/testing/fixture.h"

namespace sky::logs {
using namespace testing;

namespace {
std::vector<store::Event> at(const std::vector<std::int64_t>& times) {
    std::vector<store::Event> events;
    for (const std::int64_t t : times) events.push_back({t, "m"});
    return events;
}
std::int64_t value(std::optional<std::int32_t> v) { return v ? *v : -1; }
}  // namespace

TEST_CASE("PutLogEvents: windows and the indices of what is rejected") {
    struct Case {
        const char* name;
        std::vector<std::int64_t> times;
        int retention;  // 0 = none.
        std::int64_t old_end, expired_end, new_start;
        std::size_t kept;
    };
    const Case cases[] = {
        {"all good", {kNow - 1, kNow}, 0, -1, -1, -1, 2},
        {"the example of the spec",
         {kNow - 15 * kDay, kNow - 2, kNow - 1, kNow, kNow + 3 * kHour},
         0,
         1,
         -1,
         4,
         3},
        {"exactly 14 days is young enough", {kNow - 14 * kDay}, 0, -1, -1, -1, 1},
        {"a millisecond older is not", {kNow - 14 * kDay - 1}, 0, 1, -1, -1, 0},
        {"exactly 2 hours ahead is fine", {kNow + 2 * kHour}, 0, -1, -1, -1, 1},
        {"a millisecond more is not", {kNow + 2 * kHour + 1}, 0, -1, -1, 0, 0},
        {"retention inside the window", {kNow - 2 * kDay, kNow}, 1, -1, 1, -1, 1},
        {"retention and age", {kNow - 20 * kDay, kNow - 8 * kDay, kNow}, 7, 1, 2, -1, 1},
        {"long retention, old event", {kNow - 20 * kDay, kNow}, 30, 1, -1, -1, 1},
        {"all rejected", {kNow - 20 * kDay, kNow + kDay}, 0, 1, -1, 1, 0},
        {"the span counts valid events only",
         {kNow - 15 * kDay, kNow - kDay, kNow, kNow + 3 * kHour},
         0,
         1,
         -1,
         3,
         2},
    };
    for (const Case& c : cases) {
        CAPTURE(c.name);
        const auto got =
            admit(at(c.times), kNow,
                  c.retention == 0 ? std::nullopt : std::optional<std::int32_t>(c.retention));
        REQUIRE(got);
        CHECK(value(got->rejected.too_old_end) == c.old_end);
        CHECK(value(got->rejected.expired_end) == c.expired_end);
        CHECK(value(got->rejected.too_new_start) == c.new_start);
        CHECK(got->end - got->begin == c.kept);
    }
}

TEST_CASE("PutLogEvents: what refuses the whole batch, and which rule wins") {
    const std::string too_long(limits::kEventBytesMax + 1, 'x');
    const std::string longest(limits::kEventBytesMax, 'x');
    const std::string half(512 * 1'024, 'x');
    constexpr const char* kOrder =
        "Log events in a single PutLogEvents request must be in chronological order.";
    constexpr const char* kSpan =
        "The batch of log events in a single PutLogEvents request cannot span more than 24 hours.";
    struct Case {
        const char* name;
        std::vector<store::Event> events;
        const char* message;
    };
    const Case cases[] = {
        {"longest event", {{kNow, longest}}, ""},
        {"event too large",
         {{kNow, too_long}},
         "Log event too large: 1048577 bytes exceeds limit of 1048576"},
        {"batch too large",
         {{kNow, half}, {kNow, half}},
         "Upload too large: 1048628 bytes exceeds limit of 1048576"},
        {"10,000 events", std::vector<store::Event>(10'000, {kNow, "m"}), ""},
        {"10,001 events", std::vector<store::Event>(10'001, {kNow, "m"}),
         "A batch must hold 1 to 10000 log events."},
        {"none", {}, "A batch must hold 1 to 10000 log events."},
        {"a step back", at({kNow, kNow - 1}), kOrder},
        {"a step back of two days is about order", at({kNow, kNow - 2 * kDay}), kOrder},
        {"order wins over windows", at({kNow - 20 * kDay, kNow - 30 * kDay}), kOrder},
        {"equal times are in order", at({kNow, kNow}), ""},
        {"24 hours", at({kNow - kDay, kNow}), ""},
        {"24 hours and a millisecond", at({kNow - kDay, kNow + 1}), kSpan},
    };
    for (const Case& c : cases) {
        CAPTURE(c.name);
        CHECK(message_of(admit(c.events, kNow, std::nullopt)) == c.message);
    }
}

TEST_CASE("PutLogEvents: read your writes, all rejected, races with deletes, a full queue") {
    Fixture f;
    CHECK(message_of(f.put("g", "s", {{kNow, "m"}})) == kGroupMissing);
    f.make("g");
    CHECK(message_of(f.put("g", "s", {{kNow, "m"}})) == kStreamMissing);
    CHECK(message_of(f.put("g", "s", {{kNow, "m"}, {kNow - 1, "m"}})) == kStreamMissing);
    CHECK(f.streams.create(f.me, "g", "s"));

    const auto first = f.put("g", "s", {{kNow, "one"}});
    const auto second = f.put("g", "s", {{kNow - 20 * kDay, "old"}});
    REQUIRE(first);
    REQUIRE(second);
    CHECK(first->next_sequence_token.size() == 56);
    CHECK(first->next_sequence_token != second->next_sequence_token);
    CHECK_FALSE(first->rejected.any());
    CHECK(value(second->rejected.too_old_end) == 1);
    const auto events = f.reading.filter(*f.group("g"), {});
    REQUIRE(events->events.size() == 1);
    CHECK(events->events[0].event.message == "one");
    CHECK(f.streams.find(*f.group("g"), "s")->last_event_ms == kNow);

    f.store.refuse_next = true;
    CHECK(f.put("g", "s", {{kNow, "m"}}).error().code == ErrorCode::kThrottled);
}

}  // namespace sky::logs
