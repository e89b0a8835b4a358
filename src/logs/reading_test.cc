// SPDX-License-Identifier: Apache-2.0
#include "logs/reading.h"

#include <doctest/doctest.h>

#include <set>

#include "base/random.h"
#include "logs/identifiers.h"
#include "logs/limits.h"
#include "logs/testing/fixture.h"

namespace sky::logs {
using namespace testing;

namespace {
std::string joined(const std::vector<ReadEvent>& events) {
    std::string out;
    for (const ReadEvent& event : events) out += event.message + " ";
    return out;
}
std::string joined(const std::vector<FilteredEvent>& events) {
    std::string out;
    for (const FilteredEvent& event : events) out += event.event.message + " ";
    return out;
}
}  // namespace

TEST_CASE("GetLogEvents: the token walk of the spec") {
    Fixture f;
    f.make("g", {"s", "t"});
    CHECK(f.put("g", "s", {{kNow, "e0"}, {kNow, "e1"}, {kNow + 1, "e2"}}));
    CHECK(f.put("g", "t", {{kNow, "other"}}));
    CHECK(f.put("g", "s", {{kNow + 1, "e3"}, {kNow + 2, "e4"}}));
    const GroupPtr group = f.group("g");
    const auto get = [&](std::optional<std::string> token, bool from_head = false) {
        GetEvents request;
        request.stream = "s";
        request.limit = 2;
        request.token = std::move(token);
        request.from_head = from_head;
        auto page = f.reading.get(*group, request);
        REQUIRE(page);
        return *std::move(page);
    };
    const StreamEvents last = get({});
    CHECK(joined(last.events) == "e3 e4 ");
    CHECK(last.forward_token.size() == 60);
    CHECK(last.forward_token.starts_with("f/"));
    CHECK(last.backward_token.starts_with("b/"));
    const StreamEvents middle = get(last.backward_token);
    CHECK(joined(middle.events) == "e1 e2 ");
    const StreamEvents first = get(middle.backward_token);
    CHECK(joined(first.events) == "e0 ");
    const StreamEvents nothing = get(first.backward_token);
    CHECK(nothing.events.empty());
    CHECK(nothing.backward_token == first.backward_token);
    CHECK(joined(get(first.forward_token).events) == "e1 e2 ");

    const StreamEvents end = get(last.forward_token);
    CHECK(end.events.empty());
    CHECK(end.forward_token == last.forward_token);
    CHECK(f.put("g", "s", {{kNow + 3, "e5"}}));
    CHECK(joined(get(last.forward_token).events) == "e5 ");  // Tailing.

    std::string walked;
    std::string token;
    for (StreamEvents page = get({}, true);; page = get(token, true)) {
        walked += joined(page.events);
        if (page.forward_token == token) break;
        token = page.forward_token;
    }
    CHECK(walked == "e0 e1 e2 e3 e4 e5 ");
}

TEST_CASE("GetLogEvents: range, empty stream, foreign tokens") {
    Fixture f;
    f.make("g", {"s", "empty"});
    CHECK(f.put("g", "s", {{kNow, "a"}, {kNow + 1, "b"}, {kNow + 2, "c"}}));
    const GroupPtr group = f.group("g");
    struct Case {
        std::optional<std::int64_t> start, end;
        const char* text;
    };
    for (const Case& c : std::vector<Case>{{kNow, kNow + 2, "a b "},
                                           {kNow + 1, {}, "b c "},
                                           {{}, kNow, ""},
                                           {{}, 0, ""},
                                           {kNow + 2, kNow + 1, ""},
                                           {{}, {}, "a b c "}}) {
        GetEvents request;
        request.stream = "s";
        request.start_ms = c.start;
        request.end_ms = c.end;
        CHECK(joined(f.reading.get(*group, request)->events) == c.text);
    }
    GetEvents request;
    request.stream = "empty";
    const auto page = f.reading.get(*group, request);
    REQUIRE(page);
    CHECK(page->events.empty());
    request.token = page->forward_token;
    CHECK(f.reading.get(*group, request)->forward_token == page->forward_token);
    CHECK(f.put("g", "empty", {{kNow, "late"}}));
    CHECK(joined(f.reading.get(*group, request)->events) == "late ");

    request.stream = "s";
    for (const std::string& bad :
         {page->forward_token, std::string("f/1/s"), std::string("x"), std::string(60, '9'),
          "f/" + std::string(56, '9') + "/s", "f/" + std::string(56, 'x') + "/s"}) {
        request.token = bad;
        CHECK(message_of(f.reading.get(*group, request)) == "The specified nextToken is invalid.");
    }
    request.stream = "none";
    CHECK(message_of(f.reading.get(*group, request)) == kStreamMissing);
}

TEST_CASE("FilterLogEvents: streams, range, order, direction") {
    Fixture f;
    f.make("g", {"a1", "a2", "b", "idle"});
    CHECK(f.put("g", "a1", {{kNow, "1"}, {kNow + 2, "4"}}));
    CHECK(f.put("g", "b", {{kNow + 1, "2"}, {kNow + 2, "5"}}));
    CHECK(f.put("g", "a2", {{kNow + 1, "3"}, {kNow + 3, "6"}}));
    const GroupPtr group = f.group("g");
    struct Case {
        const char* name;
        std::vector<std::string> streams;
        const char* prefix;
        std::optional<std::int64_t> start, end;
        bool from_head;
        const char* text;
    };
    const Case cases[] = {
        {"all", {}, nullptr, {}, {}, true, "1 2 3 4 5 6 "},
        {"down", {}, nullptr, kNow, {}, false, "6 5 4 3 2 1 "},
        {"both ends are included", {}, nullptr, kNow + 1, kNow + 2, true, "2 3 4 5 "},
        {"names", {"b", "a1", "b"}, nullptr, {}, {}, true, "1 2 4 5 "},
        {"prefix", {}, "a", {}, {}, true, "1 3 4 6 "},
        {"prefix of nothing", {}, "zz", {}, {}, true, ""},
        {"idle stream", {"idle"}, nullptr, {}, {}, true, ""},
        {"empty range", {}, nullptr, kNow + 9, kNow, true, ""},
    };
    for (const Case& c : cases)
        for (const std::int64_t limit : {1, 2, 4, 10'000}) {
            CAPTURE(c.name);
            CAPTURE(limit);
            FilterEvents request;
            request.streams = c.streams;
            if (c.prefix) request.stream_prefix = c.prefix;
            request.start_ms = c.start;
            request.end_ms = c.end;
            request.from_head = c.from_head;
            request.limit = limit;
            std::string text;
            std::set<std::string> ids;
            do {
                const auto page = f.reading.filter(*group, request);
                REQUIRE(page);
                text += joined(page->events);
                for (const FilteredEvent& event : page->events) CHECK(ids.insert(event.id).second);
                request.token = page->next_token;
                request.from_head = true;  // The token's direction wins.
            } while (request.token);
            CHECK(text == c.text);
        }
}

TEST_CASE("FilterLogEvents: a pattern with every page size, both ways") {
    Fixture f;
    f.make("g", {"a", "b"});
    std::string expected;
    for (int n = 0; n < 12; ++n) {
        const std::string name = (n % 3 == 0 ? "ERROR-" : "INFO-") + std::to_string(n);
        if (n % 3 == 0) expected += name + " ";
        CHECK(f.put("g", n % 2 == 0 ? "a" : "b", {{kNow + n / 4, name}}));
    }
    std::string backwards;
    for (const char* name : {"ERROR-9 ", "ERROR-6 ", "ERROR-3 ", "ERROR-0 "}) backwards += name;
    const GroupPtr group = f.group("g");
    for (const bool from_head : {true, false})
        for (const std::int64_t limit : {1, 3, 100}) {
            FilterEvents request;
            request.pattern = "ERROR";
            request.limit = limit;
            request.from_head = from_head;
            request.start_ms = kNow;
            std::string text;
            do {
                const auto page = f.reading.filter(*group, request);
                REQUIRE(page);
                text += joined(page->events);
                request.token = page->next_token;
            } while (request.token);
            CHECK(text == (from_head ? expected : backwards));
        }
    FilterEvents request;
    request.pattern = "ERROR";
    request.streams = {"b"};
    CHECK(joined(f.reading.filter(*group, request)->events) == "ERROR-3 ERROR-9 ");
}

TEST_CASE("FilterLogEvents: what it refuses") {
    Fixture f;
    f.make("g", {"s"});
    CHECK(f.put("g", "s", {{kNow, "a"}, {kNow, "b"}}));
    const GroupPtr group = f.group("g");
    FilterEvents request;
    request.streams = {"s"};
    request.stream_prefix = "s";
    CHECK(f.reading.filter(*group, request).error().code == ErrorCode::kInvalidArgument);
    request = {};
    request.streams = {"none"};
    CHECK(message_of(f.reading.filter(*group, request)) == kStreamMissing);
    request = {};
    request.pattern = "a.b";
    CHECK(message_of(f.reading.filter(*group, request)) == "Invalid character(s) in term '.'");
    request.pattern = "  ";
    CHECK(f.reading.filter(*group, request));
    request = {};
    request.from_head = false;
    CHECK_FALSE(f.reading.filter(*group, request));
    request.start_ms = 1'704'067'200'000;
    CHECK(f.reading.filter(*group, request));

    request = {};
    request.limit = 1;
    const auto token = f.reading.filter(*group, request)->next_token;
    REQUIRE(token);
    request.token = token;
    request.end_ms = kNow + 5;  // The range is each request's own.
    CHECK(joined(f.reading.filter(*group, request)->events) == "b ");
    request.streams = {"s"};  // The filter is not.
    CHECK(message_of(f.reading.filter(*group, request)) == "The specified nextToken is invalid.");
    request.streams = {};
    request.pattern = "b";
    CHECK(message_of(f.reading.filter(*group, request)) == "The specified nextToken is invalid.");
    request = {};
    request.token = "garbage";
    CHECK(message_of(f.reading.filter(*group, request)) == "The specified nextToken is invalid.");
}

TEST_CASE("pages end at 1 MiB, yet hold at least one event") {
    Fixture f;
    f.make("g", {"s"});
    const std::string big(limits::kEventBytesMax, 'x'), half(500'000, 'y');
    CHECK(f.put("g", "s", {{kNow, big}}));
    CHECK(f.put("g", "s", {{kNow + 1, half}, {kNow + 2, half}}));
    CHECK(f.put("g", "s", {{kNow + 3, half}}));
    std::vector<std::size_t> sizes;
    FilterEvents request;
    do {
        const auto page = f.reading.filter(*f.group("g"), request);
        sizes.push_back(page->events.size());
        request.token = page->next_token;
    } while (request.token);
    CHECK(sizes == std::vector<std::size_t>{1, 2, 1});
}

TEST_CASE("pages: any page size, budget and direction give the same events once") {
    SeededRandom random(7);
    for (int round = 0; round < 60; ++round) {
        Fixture f;
        f.make("g", {"s"});
        std::vector<Position> expected;
        std::uint64_t sequence = 0;
        for (std::uint64_t b = 1 + random.below(12); b > 0; --b) {
            std::vector<Line> lines;
            for (std::uint64_t n = 1 + random.below(6); n > 0; --n)
                lines.emplace_back(kNow + static_cast<std::int64_t>(random.below(8)), "m");
            std::sort(lines.begin(), lines.end());
            for (Line& line : lines) {
                expected.push_back({line.first, ++sequence});
                if (sequence % 2 == 1) line.second = "odd";
            }
            CHECK(f.put("g", "s", lines));
        }
        std::sort(expected.begin(), expected.end());
        const bool forward = random.below(2) == 0;
        if (!forward) std::reverse(expected.begin(), expected.end());
        PageSpec spec{};
        spec.range = {0, kNow + 100};
        spec.direction = forward ? Direction::kForward : Direction::kBackward;
        spec.events_max = 1 + random.below(5);
        spec.bytes_max = 1 << 20;
        spec.morsels_max = 1 + random.below(3);
        const bool filtered = random.below(2) == 0;
        const FilterPattern pattern = *FilterPattern::compile("odd");
        if (filtered) {
            spec.pattern = &pattern;
            std::erase_if(expected, [](Position p) { return p.sequence % 2 == 0; });
        }
        std::vector<Position> got;
        const auto snapshot = f.store.snapshot(f.group("g")->id);
        std::size_t pages = 0;
        do {
            const auto page = read_page(*snapshot, spec);
            REQUIRE(page);
            for (const ReadEvent& event : page->events) got.push_back(event.position);
            spec.from = page->resume;
            REQUIRE(++pages < 1'000);
        } while (spec.from);
        CHECK(got == expected);
    }
}

}  // namespace sky::logs
