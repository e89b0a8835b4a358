// SPDX-License-Identifier: Apache-2.0
#include "logs/live_tail.h"

#include <doctest/doctest.h>

#include <atomic>
#include <thread>

#include "logs/identifiers.h"
#include "logs/limits.h"
#include "logs/testing/fixture.h"

namespace sky::logs {
namespace {

using testing::Fixture;
using testing::kNow;
using testing::message_of;

constexpr std::int64_t kSecond = limits::kLiveUpdateEveryMs;

/// What a reader saw, as words.
struct Seen {
    std::string session;
    std::vector<LiveUpdate> updates;
    std::vector<LiveEnd> ends;
    LiveSink::Took answer = LiveSink::Took::kTaken;
    bool destroyed = false;

    /// The newest update: "a b (sampled)".
    std::string newest() const {
        std::string out;
        for (const LiveEvent& event : updates.back().events)
            out += (out.empty() ? "" : " ") + event.message;
        return updates.back().sampled ? out + " (sampled)" : out;
    }
};

class Recorder final : public LiveSink {
public:
    explicit Recorder(std::shared_ptr<Seen> seen) : seen_(std::move(seen)) {}
    ~Recorder() override { seen_->destroyed = true; }
    void started(const std::string& session_id) override { seen_->session = session_id; }
    Took update(LiveUpdate update) override {
        REQUIRE(!seen_->session.empty());
        if (seen_->answer == Took::kTaken) seen_->updates.push_back(std::move(update));
        return seen_->answer;
    }
    void ended(LiveEnd why) override { seen_->ends.push_back(why); }

private:
    std::shared_ptr<Seen> seen_;
};

struct Live : Fixture {
    SeededRandom random{1};
    LiveTail tail{store, clock, random, groups, store::Background::kStepped};

    std::string arn(std::string_view group) const { return group_arn(me, group); }
    Status try_start(const LiveTailRequest& request, const std::shared_ptr<Seen>& seen) {
        return tail.start(me, request, [&] { return std::make_unique<Recorder>(seen); });
    }
    std::shared_ptr<Seen> start(const LiveTailRequest& request) {
        auto seen = std::make_shared<Seen>();
        const Status started = try_start(request, seen);
        REQUIRE_MESSAGE(started, message_of(started));
        return seen;
    }
    std::shared_ptr<Seen> follow(std::string_view group) {
        return start({{arn(group)}, {}, {}, {}});
    }
    void second() {
        clock.advance_ms(kSecond);
        tail.step();
    }
    void put_many(std::string_view group, std::size_t from, std::size_t to) {
        std::vector<testing::Line> lines;
        for (; from < to; ++from) lines.emplace_back(kNow, std::to_string(from));
        REQUIRE(put(group, "s", lines));
    }
};

TEST_CASE("live tail: what becomes visible after the start comes with the next second's update") {
    Live live;
    live.make("g", {"s"});
    REQUIRE(live.put("g", "s", {{kNow, "before"}}));
    const auto seen = live.follow("g");
    CHECK(seen->session.size() == 36);
    REQUIRE(live.put("g", "s", {{kNow - 5, "a"}, {kNow, "b"}}));
    live.tail.step();
    CHECK(seen->updates.empty());
    live.second();
    REQUIRE(seen->updates.size() == 1);
    CHECK(seen->newest() == "a b");
    const LiveEvent& event = seen->updates[0].events[0];
    CHECK(event.group == live.arn("g"));
    CHECK(event.stream == "s");
    CHECK(event.timestamp_ms == kNow - 5);
    CHECK(event.ingestion_ms == kNow);
    live.second();
    CHECK(seen->newest().empty());  // An update each second, also without events.
    CHECK(seen->updates.size() == 2);
    // Late by more than one: no update is made up for.
    live.clock.advance_ms(5 * kSecond + 300);
    live.tail.step();
    live.tail.step();
    CHECK(seen->updates.size() == 3);
    live.clock.advance_ms(kSecond - 300);  // In step with the start again.
    live.tail.step();
    CHECK(seen->updates.size() == 4);
}

TEST_CASE("live tail: which events a session gets") {
    Live live;
    live.make("g", {"web-1", "web-2", "db"});
    live.make("h", {"web-1"});
    struct Case {
        const char* name;
        LiveTailRequest request;
        std::string_view expected;
    };
    const std::string g = live.arn("g"), h = live.arn("h");
    const Case cases[] = {
        {"one group", {{g}, {}, {}, {}}, "g1 g2 gd ERROR"},
        {"two groups, one of them twice", {{g, h, g}, {}, {}, {}}, "g1 g2 gd h1 ERROR"},
        {"one stream", {{g}, {"web-2"}, {}, {}}, "g2"},
        {"streams", {{g}, {"db", "web-1", "none"}, {}, {}}, "g1 gd ERROR"},
        {"a prefix", {{g}, {}, {"web-"}, {}}, "g1 g2"},
        {"prefixes", {{g}, {}, {"d", "web-2"}, {}}, "g2 gd ERROR"},
        {"a pattern", {{g, h}, {}, {}, "ERROR"}, "ERROR"},
        {"a blank pattern", {{h}, {}, {}, " "}, "h1"},
        {"a pattern and a stream", {{g}, {"web-1"}, {}, "ERROR"}, ""},
        {"an expression", {{g, h}, {}, {}, "%^[gh]1$%"}, "g1 h1"},
    };
    std::vector<std::shared_ptr<Seen>> all;
    for (const Case& c : cases) all.push_back(live.start(c.request));
    REQUIRE(live.put("g", "web-1", {{kNow, "g1"}}));
    REQUIRE(live.put("g", "web-2", {{kNow, "g2"}}));
    REQUIRE(live.put("g", "db", {{kNow, "gd"}}));
    REQUIRE(live.put("h", "web-1", {{kNow, "h1"}}));
    REQUIRE(live.put("g", "db", {{kNow, "ERROR"}}));
    live.second();
    for (std::size_t i = 0; i < all.size(); ++i) {
        CAPTURE(cases[i].name);
        REQUIRE(all[i]->updates.size() == 1);
        CHECK(all[i]->newest() == cases[i].expected);
    }
}

TEST_CASE("live tail: what is refused") {
    Live live;
    live.make("g", {"s"});
    REQUIRE(live.groups.create(live.me, {.name = "rare",
                                         .kms_key_id = {},
                                         .tags = {},
                                         .log_class = std::string(kClassInfrequent)}));
    const std::string g = live.arn("g");
    struct Case {
        const char* name;
        LiveTailRequest request;
        ErrorCode code;
    };
    const Case cases[] = {
        {"no group", {{}, {}, {}, {}}, ErrorCode::kInvalidArgument},
        {"eleven", {std::vector<std::string>(11, g), {}, {}, {}}, ErrorCode::kInvalidArgument},
        {"a name", {{"g"}, {}, {}, {}}, ErrorCode::kInvalidArgument},
        {"a star", {{g + ":*"}, {}, {}, {}}, ErrorCode::kInvalidArgument},
        {"unknown", {{live.arn("none")}, {}, {}, {}}, ErrorCode::kNotFound},
        {"of another account",
         {{group_arn({"999999999999", "us-east-1"}, "g")}, {}, {}, {}},
         ErrorCode::kNotFound},
        {"streams of two groups", {{g, g}, {"s"}, {}, {}}, ErrorCode::kInvalidArgument},
        {"both kinds", {{g}, {"s"}, {"s"}, {}}, ErrorCode::kInvalidArgument},
        {"a class without", {{live.arn("rare")}, {}, {}, {}}, ErrorCode::kInvalidState},
        {"a broken pattern", {{g}, {}, {}, "{ $.a = "}, ErrorCode::kInvalidArgument},
    };
    for (const Case& c : cases) {
        CAPTURE(c.name);
        const auto seen = std::make_shared<Seen>();
        const Status refused = live.try_start(c.request, seen);
        REQUIRE(!refused);
        CHECK(refused.error().code == c.code);
        CHECK(seen->session.empty());  // No stream was begun.
    }
    CHECK(live.tail.stats().sessions == 0);
    CHECK(!live.tail.follows(live.group("g")->id));
}

TEST_CASE("live tail: more than an update holds is a sample, spread over what follows") {
    Live live;
    live.make("g", {"s"});
    const auto seen = live.follow("g");
    const auto odd = live.start({{live.arn("g")}, {}, {}, "%[13579]$%"});
    constexpr std::size_t kMax = limits::kLiveUpdateEventsMax;
    live.put_many("g", 0, kMax);
    live.second();
    CHECK(seen->updates.back().events.size() == kMax);
    CHECK(!seen->updates.back().sampled);  // Exactly as many as fit.
    live.put_many("g", 0, kMax);
    live.put_many("g", kMax, 4 * kMax);
    live.second();
    CHECK(seen->updates.back().events.size() == kMax);
    CHECK(seen->updates.back().sampled);
    CHECK(seen->updates.back().events.back().message == std::to_string(kMax - 1));
    // The same again: now every fourth, from the first to the last of them.
    for (std::size_t part = 0; part < 8; ++part)
        live.put_many("g", part * kMax / 2, (part + 1) * kMax / 2);
    live.second();
    CHECK(seen->updates.back().events.size() == kMax);
    CHECK(seen->updates.back().sampled);
    CHECK(seen->updates.back().events[1].message == "4");
    CHECK(seen->updates.back().events.back().message == std::to_string(4 * kMax - 4));
    CHECK(odd->updates.back().sampled);
    // Less comes: everything is shown again, after one more second.
    live.put_many("g", 0, 8);
    live.second();
    live.put_many("g", 0, 8);
    live.second();
    CHECK(seen->newest() == "0 1 2 3 4 5 6 7");
    CHECK(odd->newest() == "1 3 5 7");
}

TEST_CASE("live tail: an update is bounded by its bytes as well") {
    Live live;
    live.make("g", {"s"});
    const auto seen = live.follow("g");
    const std::string large(limits::kLiveUpdateBytesMax / 4, 'x');
    for (int i = 0; i < 6; ++i) REQUIRE(live.put("g", "s", {{kNow, large}}));
    live.second();
    CHECK(seen->updates.back().events.size() == 4);
    CHECK(seen->updates.back().sampled);
}

TEST_CASE("live tail: a slow reader loses updates and is told; one who leaves is forgotten") {
    Live live;
    live.make("g", {"s"});
    const auto slow = live.follow("g"), left = live.follow("g");
    slow->answer = LiveSink::Took::kFull;
    left->answer = LiveSink::Took::kGone;
    live.put_many("g", 0, 3);
    live.second();
    CHECK(left->destroyed);
    CHECK(left->ends.empty());
    CHECK(live.tail.stats().sessions == 1);
    slow->answer = LiveSink::Took::kTaken;
    live.put_many("g", 3, 5);
    live.second();
    CHECK(slow->newest() == "3 4 (sampled)");
    CHECK(live.tail.stats().updates_lost == 1);
    live.second();
    CHECK(slow->newest().empty());
    slow->answer = LiveSink::Took::kFull;
    live.second();
    slow->answer = LiveSink::Took::kTaken;
    live.second();
    CHECK(!slow->updates.back().sampled);  // Nothing was in what was lost.
}

TEST_CASE("live tail: the queue is bounded; what had no room is a sample") {
    Live live;
    live.make("g", {"s"});
    live.make("other", {"s"});
    const auto seen = live.follow("g"), other = live.follow("other");
    const std::string large(1'000'000, 'x');
    for (std::uint64_t bytes = 0; bytes <= limits::kLiveQueueBytesMax; bytes += large.size())
        REQUIRE(live.put("g", "s", {{kNow, large}}));
    REQUIRE(live.put("other", "s", {{kNow, "small"}}));
    const LiveTailStats stats = live.tail.stats();
    CHECK(stats.batches_passed_over == 1);
    CHECK(stats.peak_bytes <= limits::kLiveQueueBytesMax);
    live.second();
    CHECK(seen->updates.back().sampled);
    CHECK(other->newest() == "small");
    // Nobody follows: nothing is kept.
    seen->answer = other->answer = LiveSink::Took::kGone;
    live.second();
    CHECK(!live.tail.follows(live.group("g")->id));
    CHECK(!live.tail.follows(live.group("other")->id));
}

TEST_CASE("live tail: sessions end after three hours, and with the server") {
    auto stopped = std::make_shared<Seen>();
    {
        Live live;
        live.make("g", {"s"});
        const auto seen = live.follow("g");
        live.clock.advance_ms(limits::kLiveSessionMsMax - 1);
        live.tail.step();
        CHECK(seen->ends.empty());
        REQUIRE(live.put("g", "s", {{kNow, "last"}}));
        live.second();
        CHECK(seen->newest() == "last");
        CHECK(seen->ends == std::vector{LiveEnd::kTimeLimit});
        CHECK(seen->destroyed);
        CHECK(live.tail.stats().sessions == 0);
        stopped = live.follow("g");
    }
    CHECK(stopped->ends == std::vector{LiveEnd::kStopping});
}

TEST_CASE("live tail: there is a bound of sessions, of an account and of all") {
    Live live;
    live.make("g", {"s"});
    const Tenant other{"210987654321", "us-east-1"}, third{"333333333333", "us-east-1"};
    const auto seen = std::make_shared<Seen>();
    const auto open = [&](const Tenant& tenant) {
        return live.tail
            .start(tenant, {{group_arn(tenant, "g")}, {}, {}, {}},
                   [&] { return std::make_unique<Recorder>(seen); })
            .has_value();
    };
    for (const Tenant& tenant : {other, third})
        REQUIRE(live.groups.create(tenant, {.name = "g", .kms_key_id = {}, .tags = {}}));
    std::size_t mine = 0, others = 0;
    while (open(live.me)) ++mine;
    CHECK(mine == limits::kLiveAccountSessionsMax);
    while (open(other)) ++others;
    CHECK(mine + others == limits::kLiveSessionsMax);
    CHECK(!open(third));
    seen->answer = LiveSink::Took::kGone;
    live.second();
    CHECK(open(third));
}

TEST_CASE("live tail: events of a stream that was deleted meanwhile are not shown") {
    Live live;
    live.make("g", {"s", "t"});
    const auto seen = live.follow("g");
    REQUIRE(live.put("g", "s", {{kNow, "gone"}}));
    REQUIRE(live.put("g", "t", {{kNow, "here"}}));
    REQUIRE(live.streams.remove(live.me, "g", "s"));
    live.second();
    CHECK(seen->newest() == "here");
}

TEST_CASE("live tail: its own thread, many writers, sessions that come and go") {
    testing::Fixture fixture;
    fixture.make("g", {"s"});
    SeededRandom random{2};
    const auto counted = std::make_shared<std::atomic<std::uint64_t>>(0);
    struct Counter final : LiveSink {
        explicit Counter(std::shared_ptr<std::atomic<std::uint64_t>> to) : total(std::move(to)) {}
        void started(const std::string&) override {}
        Took update(LiveUpdate update) override {
            *total += update.events.size();
            return Took::kTaken;
        }
        void ended(LiveEnd) override {}
        std::shared_ptr<std::atomic<std::uint64_t>> total;
    };
    LiveTail tail(fixture.store, fixture.clock, random, fixture.groups,
                  store::Background::kThreads);
    REQUIRE(tail.start(fixture.me, {{group_arn(fixture.me, "g")}, {}, {}, {}},
                       [&] { return std::make_unique<Counter>(counted); }));
    std::vector<std::thread> writers;
    for (int w = 0; w < 3; ++w)
        writers.emplace_back([&] {
            for (int i = 0; i < 50; ++i) {
                const std::vector<store::Event> events = {{kNow, "x"}};
                fixture.ingest.put(fixture.me, "g", "s", events, [](const auto&) {});
            }
        });
    for (std::thread& writer : writers) writer.join();
    // Whichever of the two threads steps first: when this step ends the update has been sent.
    fixture.clock.advance_ms(kSecond);
    tail.step();
    CHECK(*counted == 150);
}

}  // namespace
}  // namespace sky::logs
