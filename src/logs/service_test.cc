// SPDX-License-Identifier: Apache-2.0
// The domain over the real store (on a disk in memory) and the real query language.
#include "logs/service.h"

#include <doctest/doctest.h>

#include <future>
#include <set>
#include <thread>

#include "logs/identifiers.h"
#include "logs/insights_engine.h"
#include "logs/testing/running_service.h"
#include "os/sim_fs.h"

namespace sky::logs {
namespace {

constexpr std::int64_t kNow = 1'767'225'600'000;  // 2026-01-01T00:00:00Z
constexpr std::int64_t kHour = 3'600'000, kDay = 24 * kHour;
using Line = std::pair<std::int64_t, std::string>;

struct Server : testing::RunningService {
    Server() : RunningService(kNow) {}
    void make(const std::string& group, const std::string& stream) {
        (void)service->groups.create(me, {.name = group, .kms_key_id = {}, .tags = {}});
        REQUIRE(service->streams.create(me, group, stream).has_value());
    }
    Result<PutOutcome> put(std::string_view group, std::string_view stream,
                           const std::vector<Line>& lines) {
        std::vector<store::Event> events;
        for (const Line& line : lines) events.push_back({line.first, line.second});
        std::promise<Result<PutOutcome>> answer;
        service->ingest.put(me, group, stream, events, [&](Result<PutOutcome> outcome) {
            answer.set_value(std::move(outcome));
        });
        return answer.get_future().get();
    }
    GroupPtr group(std::string_view name) { return *service->groups.find(me, name); }

    /// Rows as "a|b|c" lines, in the query's column order.
    std::string query(const std::string& group, const std::string& text) {
        NewQuery query;
        query.groups = {group};
        query.start = kNow / 1'000 - 3'600;
        query.end = kNow / 1'000 + 3'600;
        query.text = text;
        const auto id = service->queries.start(me, query, "r");
        if (!id) return id.error().message;
        service->queries.wait_until_idle();
        const auto view = service->queries.results(me, *id);
        std::string out(query_status_name(view->status));
        for (const insights::Row& row : view->result->rows) {
            out += "\n";
            for (const insights::Cell& cell : row)
                if (cell.field != "@ptr") out += cell.value + "|";
        }
        return out;
    }
    std::string walk(std::string_view name, std::int64_t limit, bool forward) {
        FilterEvents request;
        request.limit = limit;
        request.start_ms = kNow - kDay;
        request.from_head = forward;
        std::string out;
        std::set<std::string> ids;
        do {
            const auto page = service->reading.filter(*group(name), request);
            REQUIRE(page.has_value());
            for (const FilteredEvent& event : page->events) {
                CHECK(ids.insert(event.id).second);
                out += event.stream_name + ":" + event.event.message + " ";
            }
            request.token = page->next_token;
        } while (request.token);
        return out;
    }
};

}  // namespace

TEST_CASE("events survive seals and restarts, and every page size reads them once in order") {
    Server server;
    server.make("g", "a");
    server.make("g", "b");
    CHECK(server.put("g", "a", {{kNow - 5, "1"}, {kNow, "3"}, {kNow, "4"}}));
    CHECK(server.put("g", "b", {{kNow - 1, "2"}, {kNow + 1, "6"}}));
    GetEvents get;
    get.stream = "a";
    get.limit = 2;
    const auto before = server.service->reading.get(*server.group("g"), get);
    REQUIRE(before);
    CHECK(before->events.size() == 2);

    const auto check = [&](const std::string& up, const std::string& down) {
        for (const std::int64_t limit : {1, 2, 3, 100}) {
            CHECK(server.walk("g", limit, true) == up);
            CHECK(server.walk("g", limit, false) == down);
        }
    };
    check("a:1 b:2 a:3 a:4 b:6 ", "b:6 a:4 a:3 b:2 a:1 ");
    REQUIRE(server.store->flush());
    check("a:1 b:2 a:3 a:4 b:6 ", "b:6 a:4 a:3 b:2 a:1 ");
    server.restart();
    CHECK(server.put("g", "a", {{kNow, "5"}}));
    check("a:1 b:2 a:3 a:4 a:5 b:6 ", "b:6 a:5 a:4 a:3 b:2 a:1 ");

    // Tokens name events for good: those from before the restart go on where they stood.
    get.token = before->forward_token;
    const auto after = server.service->reading.get(*server.group("g"), get);
    REQUIRE(after);
    REQUIRE(after->events.size() == 1);
    CHECK(after->events[0].message == "5");
    get.token = before->backward_token;
    const auto back = server.service->reading.get(*server.group("g"), get);
    REQUIRE(back->events.size() == 1);
    CHECK(back->events[0].message == "1");

    const auto stream = server.service->streams.find(*server.group("g"), "a");
    CHECK(stream->first_event_ms == kNow - 5);
    CHECK(stream->last_event_ms == kNow);
    CHECK(server.store->stored_bytes(server.group("g")->id) == 6 * 27);
}

TEST_CASE("the endpoint-performance query runs verbatim over stored lines") {
    Server server;
    server.make("app", "web");
    CHECK(server.put("app", "web",
                     {{kNow, "[profiler] GET user-list 10.00 200"},
                      {kNow + 1, "[profiler] GET user-list 20.50 200"},
                      {kNow + 2, "unrelated"},
                      {kNow + 3, "[profiler] POST user-list 5.25 201"},
                      {kNow + 30'000, "[profiler] GET user-list 1.00 200"}}));
    const std::string query =
        "@message\n"
        "| PARSE @message \"[*] * * * *\" as logger, method, view, duration, status_code\n"
        "| STATS avg(duration) as avg_duration by method, view, status_code, bin(30s)";
    const std::string rows = server.query("app", query);
    CHECK(rows.starts_with("Complete\n"));
    for (const char* row : {"GET|user-list|200|2026-01-01 00:00:00.000|15.25|",
                            "POST|user-list|201|2026-01-01 00:00:00.000|5.25|",
                            "GET|user-list|200|2026-01-01 00:00:30.000|1|"}) {
        CAPTURE(rows);
        CHECK(rows.find(row) != std::string::npos);
    }
    CHECK(server.query("app", "stats count(*) as n") == "Complete\n5|");
    CHECK(server.query("app", "fields @log, @logStream | filter @message like /POST/") ==
          "Complete\n123456789012:app|web|");
    REQUIRE(server.store->flush());
    CHECK(server.query("app", query) == rows);
    server.restart();
    CHECK(server.query("app", query) == rows);
    CHECK(server.query("app", "fields @message |").find("Complete") == std::string::npos);
}

TEST_CASE("a new group answers at once; a group made again holds nothing of the old one") {
    Server server;
    server.make("g", "s");
    CHECK(server.query("g", "stats count(*) as n by @logStream") == "Complete");
    CHECK(server.put("g", "s", {{kNow, "old"}}));
    CHECK(server.service->groups.set_retention(server.me, "g", 7));
    CHECK(server.service->groups.remove(server.me, "g"));
    CHECK(server.put("g", "s", {{kNow, "lost"}}).error().message == kGroupMissing);
    server.clock.advance_ms(1);
    server.make("g", "s");
    CHECK(server.query("g", "fields @message") == "Complete");
    CHECK(server.walk("g", 10, true).empty());
    CHECK_FALSE(server.group("g")->retention_days);
    CHECK(server.group("g")->creation_ms == kNow + 1);
    CHECK(server.put("g", "s", {{kNow, "new"}}));
    server.restart();
    CHECK(server.walk("g", 10, true) == "s:new ");
}

TEST_CASE("@ptr leads back to its event, with discovered fields; fields are counted") {
    Server server;
    server.make("g", "s");
    CHECK(server.put("g", "s",
                     {{kNow, R"({"level":"info","http":{"status":200}})"}, {kNow + 1, "text"}}));
    NewQuery query;
    query.groups = {"g"};
    query.start = kNow / 1'000;
    query.end = kNow / 1'000;
    query.text = "fields @message | filter level = 'info'";
    const auto id = server.service->queries.start(server.me, query, "r");
    REQUIRE(id);
    server.service->queries.wait_until_idle();
    const auto view = server.service->queries.results(server.me, *id);
    REQUIRE(view->result->rows.size() == 1);
    const insights::Cell pointer = view->result->rows[0].back();
    REQUIRE(pointer.field == "@ptr");
    REQUIRE(server.store->flush());
    const auto record = server.service->records.record(server.me, pointer.value);
    REQUIRE(record);
    CHECK(record->at("http.status") == "200");
    CHECK(record->at("@timestamp") == std::to_string(kNow));
    CHECK(record->at("@ptr") == pointer.value);
    std::string mangled = pointer.value;
    mangled.pop_back();
    CHECK_FALSE(server.service->records.record(server.me, mangled));

    const auto fields = server.service->records.fields(*server.group("g"), {});
    REQUIRE(fields);
    std::map<std::string, int> shares;
    for (const FieldShare& field : *fields) shares[field.name] = field.percent;
    CHECK(shares["@message"] == 100);
    CHECK(shares["http.status"] == 50);
}

TEST_CASE("retention hides what is too old, exactly") {
    Server server;
    server.make("g", "s");
    CHECK(server.put("g", "s", {{kNow - kHour, "a"}, {kNow, "b"}}));
    CHECK(server.service->groups.set_retention(server.me, "g", 1));
    server.clock.advance_ms(kDay - kHour + 1);
    CHECK(server.walk("g", 10, true) == "s:b ");
    const auto put = server.put("g", "s", {{kNow - kHour, "late"}});
    REQUIRE(put);
    CHECK(put->rejected.expired_end == 1);
}

TEST_CASE("puts that race with deletes are stored or told that the group is gone") {
    Server server;
    server.make("g", "s");
    constexpr int kWriters = 3, kPuts = 40, kDeletes = 10;
    std::atomic<int> stored{0}, gone{0}, other{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < kWriters; ++t)
        threads.emplace_back([&] {
            for (int i = 0; i < kPuts; ++i) {
                const auto put = server.put("g", "s", {{kNow, "m"}});
                if (put)
                    ++stored;
                else if (put.error().code == ErrorCode::kNotFound)
                    ++gone;
                else
                    ++other;
            }
        });
    for (int i = 0; i < kDeletes; ++i) {
        CHECK(server.service->groups.remove(server.me, "g"));
        server.make("g", "s");
    }
    for (std::thread& thread : threads) thread.join();
    CHECK(other == 0);
    CHECK(stored + gone == kWriters * kPuts);
    CHECK(server.put("g", "s", {{kNow, "last"}}));
    CHECK(server.walk("g", 1'000, true).ends_with("s:last "));
}

}  // namespace sky::logs
