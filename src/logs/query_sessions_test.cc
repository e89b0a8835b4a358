// SPDX-License-Identifier: Apache-2.0
#include "logs/query_sessions.h"

#include <doctest/doctest.h>

#include <thread>

#include "logs/identifiers.h"
#include "logs/records.h"
#include "logs/testing/fake_engine.h"
#include "logs/testing/fixture.h"

namespace sky::logs {
using namespace testing;

namespace {
struct Sessions : Fixture {
    SeededRandom random{1};
    FakeEngine engine;
    LookupTables tables{store, clock};
    QuerySessions queries;
    const Tenant you{"999999999999", "us-east-1"};
    explicit Sessions(SessionOptions options = {})
        : queries(store, clock, random, groups, tables, engine, options) {
        make("g");
        (void)groups.create(you, {.name = "g", .kms_key_id = {}, .tags = {}});
    }
    Result<std::string> start(const std::string& text, const Tenant* who = nullptr) {
        NewQuery query;
        query.groups = {"g"};
        query.end = kNow / 1'000;
        query.text = text;
        return queries.start(who ? *who : me, query, "request-1");
    }
    QueryStatus status(const std::string& id) { return queries.results(me, id)->status; }
};
}  // namespace

TEST_CASE("a query runs, its rows come in pages, stopping it later is an error") {
    Sessions s;
    const std::string id = *s.start("rows 5");
    CHECK(id.size() == 36);
    s.queries.wait_until_idle();
    std::string text;
    std::optional<std::string> token;
    std::vector<std::size_t> pages;
    do {
        const auto view = s.queries.results(s.me, id, 2, token);
        REQUIRE(view);
        CHECK(view->status == QueryStatus::kComplete);
        for (std::size_t i = view->begin; i < view->end; ++i)
            text += view->result->rows[i][0].value;
        pages.push_back(view->end - view->begin);
        token = view->next_token;
    } while (token);
    CHECK(text == "01234");
    CHECK(pages == std::vector<std::size_t>{2, 2, 1});
    CHECK(s.queries.results(s.me, id)->end == 5);
    CHECK(s.queries.stop(s.me, id).error().code == ErrorCode::kInvalidArgument);
    CHECK(s.queries.results(s.you, id).error().code == ErrorCode::kNotFound);
    CHECK(s.queries.results(s.me, "none").error().code == ErrorCode::kNotFound);
    CHECK(s.queries.stop(s.me, "none").error().code == ErrorCode::kNotFound);

    const auto first = s.queries.results(s.me, id, 2);
    const std::string other = *s.start("rows 5");
    s.queries.wait_until_idle();
    CHECK(message_of(s.queries.results(s.me, other, 2, first->next_token)) ==
          "The specified nextToken is invalid.");
    s.clock.advance_ms(3'600'001);
    CHECK_FALSE(s.queries.results(s.me, id, 2, first->next_token));
    s.clock.advance_ms(7 * kDay);
    CHECK(s.queries.results(s.me, id).error().code == ErrorCode::kNotFound);
}

TEST_CASE("a query is explained before, while and after it runs") {
    Sessions s({.running_max = 1});
    const std::string first = *s.start("wait a");
    (void)s.engine.started(1);
    const std::string second = *s.start("rows 1");
    CHECK(*s.queries.explain(s.me, first) == "wait a\n");
    CHECK(s.queries.explain(s.me, second)->empty());
    s.engine.release("a");
    s.queries.wait_until_idle();
    CHECK(*s.queries.explain(s.me, first) == "wait a\n");
    CHECK(*s.queries.explain(s.me, second) == "rows 1\n");
    CHECK(s.queries.explain(s.you, first).error().code == ErrorCode::kNotFound);
    CHECK(s.queries.explain(s.me, "none").error().code == ErrorCode::kNotFound);
}

TEST_CASE("who asks for the rows of a young query waits for its end, but not for an old one's") {
    SUBCASE("it ends meanwhile") {
        Sessions s({.running_max = 1, .answer_wait_ms = 60'000, .waiting_max = 1});
        const std::string id = *s.start("wait a");
        QueryStatus seen = QueryStatus::kScheduled;
        std::thread asker([&] { seen = s.status(id); });
        s.engine.started(1);
        s.engine.release("a");
        asker.join();
        CHECK(seen == QueryStatus::kComplete);
    }
    SUBCASE("as many wait already as may") {
        Sessions s({.running_max = 1, .answer_wait_ms = 60'000, .waiting_max = 0});
        const std::string id = *s.start("wait a");
        s.engine.started(1);
        CHECK(s.status(id) == QueryStatus::kRunning);
    }
    SUBCASE("it was started long ago") {
        Sessions s({.running_max = 1, .answer_wait_ms = 60'000, .waiting_max = 1});
        const std::string id = *s.start("wait a");
        s.engine.started(1);
        s.clock.advance_ms(60'000);
        CHECK(s.status(id) == QueryStatus::kRunning);
    }
    SUBCASE("somebody stops it") {
        Sessions s({.running_max = 1, .answer_wait_ms = 60'000, .waiting_max = 1});
        const std::string id = *s.start("wait a");
        QueryStatus seen = QueryStatus::kScheduled;
        std::thread asker([&] { seen = s.status(id); });
        s.engine.started(1);
        CHECK(s.queries.stop(s.me, id));
        asker.join();
        CHECK(seen == QueryStatus::kCancelled);
    }
}

TEST_CASE("a page holds 10,000 rows at most") {
    Sessions s;
    const std::string id = *s.start("rows 10001");
    s.queries.wait_until_idle();
    const auto view = s.queries.results(s.me, id);
    CHECK(view->end == 10'000);
    CHECK(s.queries.results(s.me, id, {}, view->next_token)->end == 10'001);
}

TEST_CASE("statuses: scheduled, running with partial rows, cancelled, failed, timeout") {
    Sessions s({.running_max = 1});
    const std::string running = *s.start("wait a");
    s.engine.started(1);
    const std::string scheduled = *s.start("wait b");
    CHECK(s.status(running) == QueryStatus::kRunning);
    CHECK(s.queries.results(s.me, running)->result->rows.size() == 1);
    CHECK_FALSE(s.queries.results(s.me, running, 1)->next_token);
    CHECK(s.status(scheduled) == QueryStatus::kScheduled);
    CHECK(s.queries.results(s.me, scheduled)->result->rows.empty());
    CHECK(s.queries.stop(s.me, scheduled));
    CHECK(s.status(scheduled) == QueryStatus::kCancelled);
    CHECK(s.queries.stop(s.me, running));
    CHECK(s.status(running) == QueryStatus::kCancelled);
    CHECK(s.queries.results(s.me, running)->result->rows.size() == 1);
    CHECK(s.queries.stop(s.me, running).error().code == ErrorCode::kInvalidArgument);

    const std::string broken = *s.start("fail"), late = *s.start("late");
    s.queries.wait_until_idle();
    CHECK(s.status(broken) == QueryStatus::kFailed);
    CHECK(s.status(late) == QueryStatus::kTimeout);
}

TEST_CASE("StartQuery: what it refuses, units of time, limit") {
    Sessions s;
    CHECK(s.groups.create(s.me, {.name = "delivery",
                                 .kms_key_id = {},
                                 .tags = {},
                                 .log_class = std::string(kClassDelivery)}));
    const auto start = [&](std::vector<std::string> groups, std::int64_t begin, std::int64_t end,
                           std::string text = "rows 1") {
        NewQuery query;
        query.groups = std::move(groups);
        query.start = begin;
        query.end = end;
        query.text = std::move(text);
        query.limit = 17;
        auto id = s.queries.start(s.me, query, "R");
        s.queries.wait_until_idle();
        return id;
    };
    CHECK(message_of(start({"nope"}, 1, 2)) ==
          "Log group 'nope' does not exist for account ID '123456789012' (Service: AWSLogs; Status "
          "Code: 400; Error Code: ResourceNotFoundException; Request ID: R; Proxy: null)");
    CHECK(start({"nope"}, 1, 2).error().code == ErrorCode::kNotFound);
    CHECK(start({"delivery"}, 1, 2).error().code == ErrorCode::kInvalidArgument);
    CHECK(start({}, 1, 2).error().code == ErrorCode::kInvalidArgument);
    CHECK(start({"g"}, 2, 1).error().code == ErrorCode::kInvalidArgument);
    CHECK(start(std::vector<std::string>(51, "g"), 1, 2).error().code ==
          ErrorCode::kInvalidArgument);
    const auto malformed = start({"g"}, 1, 2, "x )");
    CHECK(malformed.error().code == ErrorCode::kMalformedQuery);
    CHECK(malformed.error().offset == 2);

    CHECK(start({"g", group_arn(s.me, "g") + ":*"}, 100, 200));
    CHECK(s.engine.last_begin_ms == 100'000);
    CHECK(s.engine.last_end_ms == 200'999);
    CHECK(s.engine.last_limit == 17);
    CHECK(start({"g"}, kNow - 5, kNow));
    CHECK(s.engine.last_begin_ms == kNow - 5);
    CHECK(s.engine.last_end_ms == kNow);
}

TEST_CASE("concurrent queries: a limit an account, fairness between accounts") {
    Sessions s({.running_max = 1, .concurrent_max = 3});
    const std::string first = *s.start("wait 1");
    s.engine.started(1);
    CHECK(s.start("wait 2"));
    CHECK(s.start("wait 3"));
    const auto refused = s.start("wait 4");
    CHECK(refused.error().code == ErrorCode::kLimitExceeded);
    CHECK(s.start("wait you", &s.you));  // Another account's own limit.
    // One account has used time, the other none: its query is next although it came last.
    s.clock.advance_ms(10);
    s.engine.release("1");
    CHECK(s.engine.started(2)[1] == "wait you");
    s.clock.advance_ms(20);
    s.engine.release("you");
    CHECK(s.engine.started(3)[2] == "wait 2");
    s.engine.release("2");
    s.engine.release("3");
    s.queries.wait_until_idle();
    CHECK(s.status(first) == QueryStatus::kComplete);
    CHECK(s.start("rows 1"));
    s.queries.wait_until_idle();
}

TEST_CASE("a hundred queries of each of two accounts: neither waits for the other's") {
    Sessions s({.running_max = 2});
    for (int i = 0; i < 100; ++i) CHECK(s.start("wait a" + std::to_string(i)));
    for (int i = 0; i < 100; ++i) CHECK(s.start("wait b" + std::to_string(i), &s.you));
    std::size_t mine = 0;
    std::size_t yours = 0;
    for (std::size_t ended = 0; ended < 200; ++ended) {
        // The next ones have begun before one ends: the order is what the sessions chose.
        const std::size_t begun = std::min<std::size_t>(ended + 2, 200);
        const std::vector<std::string> started = s.engine.started(begun);
        REQUIRE(started.size() == begun);
        mine = yours = 0;
        for (const std::string& text : started) ++(text[5] == 'a' ? mine : yours);
        const std::size_t ahead = mine > yours ? mine - yours : yours - mine;
        CHECK(ahead <= 3);
        s.clock.advance_ms(10);
        s.engine.release(started[ended].substr(5));
    }
    CHECK(mine == 100);
    CHECK(yours == 100);
    s.queries.wait_until_idle();
}

TEST_CASE("an account's few queries pass another one's hundred") {
    Sessions s({.running_max = 2});
    for (int i = 0; i < 100; ++i) CHECK(s.start("wait a" + std::to_string(i)));
    (void)s.engine.started(2);
    for (int i = 0; i < 5; ++i) CHECK(s.start("wait b" + std::to_string(i), &s.you));
    std::size_t last = 0;  // How many had begun when the last of the few did.
    for (std::size_t ended = 0; ended < 105; ++ended) {
        const std::size_t begun = std::min<std::size_t>(ended + 2, 105);
        const std::vector<std::string> started = s.engine.started(begun);
        if (started.back()[5] == 'b') last = begun;
        s.clock.advance_ms(10);
        s.engine.release(started[ended].substr(5));
    }
    CHECK(last >= 7);
    CHECK(last <= 2 + 2 * 5);
    s.queries.wait_until_idle();
}

TEST_CASE("results: bounded in bytes and number, the oldest go first") {
    SUBCASE("one result larger than a query may keep fails") {
        Sessions s({.result_bytes_max = 500});
        const std::string id = *s.start("rows 100");
        s.queries.wait_until_idle();
        CHECK(s.status(id) == QueryStatus::kFailed);
        CHECK(s.queries.results(s.me, id)->result->rows.empty());
    }
    SUBCASE("all results together") {
        Sessions s({.running_max = 1, .results_total_bytes_max = 10'000});
        std::vector<std::string> ids;
        for (int i = 0; i < 5; ++i) {
            ids.push_back(*s.start("rows 100"));
            s.queries.wait_until_idle();
        }
        CHECK_FALSE(s.queries.results(s.me, ids[0]));
        CHECK(s.queries.results(s.me, ids[4]));
    }
    SUBCASE("their number") {
        Sessions s({.running_max = 1, .sessions_max = 2});
        const std::string a = *s.start("rows 1");
        s.queries.wait_until_idle();
        (void)*s.start("rows 1");
        s.queries.wait_until_idle();
        const std::string c = *s.start("rows 1");
        s.queries.wait_until_idle();
        CHECK_FALSE(s.queries.results(s.me, a));
        CHECK(s.queries.results(s.me, c));
    }
}

TEST_CASE("DescribeQueries: newest first, with the source in the text, page by page") {
    Sessions s;
    s.make("h");
    std::vector<std::string> ids;
    for (const char* group : {"g", "h", "g"}) {
        NewQuery query;
        query.groups = {group};
        query.start = 100;
        query.end = 200;
        query.text = "rows 1";
        ids.push_back(*s.queries.start(s.me, query, "r"));
        s.clock.advance_ms(1);
    }
    s.queries.wait_until_idle();
    QueryFilter filter;
    filter.count = 2;
    const auto page = s.queries.describe(s.me, filter);
    REQUIRE(page);
    REQUIRE(page->queries.size() == 2);
    CHECK(page->queries[0].id == ids[2]);
    CHECK(page->queries[0].source_text == "SOURCE \"g\" START=100000 END=200999 | rows 1");
    CHECK(page->queries[0].group == "g");
    CHECK(page->queries[0].creation_ms == kNow + 2);
    CHECK(page->queries[0].duration_ms);
    CHECK(page->queries[0].bytes_scanned == 10);
    filter.token = page->next_token;
    const auto rest = s.queries.describe(s.me, filter);
    REQUIRE(rest->queries.size() == 1);
    CHECK(rest->queries[0].id == ids[0]);
    CHECK_FALSE(rest->next_token);
    filter = {};
    filter.group = "h";
    CHECK(s.queries.describe(s.me, filter)->queries.size() == 1);
    filter.status = QueryStatus::kRunning;
    CHECK(s.queries.describe(s.me, filter)->queries.empty());
    CHECK(s.queries.describe(s.you, {})->queries.empty());
    filter.token = page->next_token;
    CHECK_FALSE(s.queries.describe(s.me, filter));
}

TEST_CASE("destroying the sessions stops what runs and forgets what waits") {
    auto s = std::make_unique<Sessions>(SessionOptions{.running_max = 1});
    CHECK(s->start("wait forever"));
    CHECK(s->start("wait too"));
    s->engine.started(1);
    s.reset();
}

TEST_CASE("GetLogRecord finds the one event, for its own tenant only") {
    Sessions s;
    CHECK(s.streams.create(s.me, "g", "s"));
    CHECK(s.put("g", "s", {{kNow, "one"}, {kNow, "two"}}));
    const Records records(s.store, s.clock, s.engine);
    const std::string id = std::to_string(s.group("g")->id), at = "." + std::to_string(kNow) + ".";
    const auto record = records.record(s.me, id + at + "2");
    REQUIRE(record);
    CHECK(record->at("@message") == "two");
    CHECK(record->at("@log") == "123456789012:g");
    CHECK(record->at("@logStream") == "s");
    for (const std::string& none : {id + at + "3", "77" + at + "2", id + ".5.2"})
        CHECK(records.record(s.me, none).error().code == ErrorCode::kNotFound);
    CHECK(records.record(s.you, id + at + "2").error().code == ErrorCode::kNotFound);
    CHECK(records.record(s.me, "rubbish").error().code == ErrorCode::kInvalidArgument);
}

TEST_CASE("GetLogGroupFields: shares of the newest events, the most frequent first") {
    Sessions s;
    CHECK(s.streams.create(s.me, "g", "s"));
    const Records records(s.store, s.clock, s.engine);
    CHECK(records.fields(*s.group("g"), {})->empty());
    CHECK(
        s.put("g", "s",
              {{kNow - kHour, "{old}"}, {kNow - 3, "{a}"}, {kNow - 2, "{a}"}, {kNow - 1, "{b}"}}));
    const auto text = [&](std::optional<std::int64_t> time) {
        const auto shares = records.fields(*s.group("g"), time);
        std::string out;
        for (const FieldShare& share : *shares)
            if (share.name[0] != '@' || share.percent != 100)
                out += share.name + "=" + std::to_string(share.percent) + " ";
        return out + std::to_string(shares->size());
    };
    CHECK(text({}) == "a=66 b=33 8");
    CHECK(text((kNow - kHour) / 1'000) == "old=100 7");
    CHECK(text((kNow - 2 * kHour) / 1'000) == "0");
    CHECK(text(INT64_MAX) == "0");
}

}  // namespace sky::logs
