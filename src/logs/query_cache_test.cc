// SPDX-License-Identifier: Apache-2.0
// What queries keep from run to run, over a store that goes on: whatever is written, sealed,
// deleted or expires meanwhile, the answer is that of a query that keeps nothing.
#include <doctest/doctest.h>

#include "logs/insights_engine.h"
#include "logs/service.h"
#include "logs/testing/running_service.h"
#include "os/sim_fs.h"

namespace sky::logs {
namespace {

constexpr std::int64_t kNow = 1'767'225'600'000;  // 2026-01-01T00:00:00Z
constexpr std::int64_t kDay = 24LL * 3'600'000;

constexpr std::string_view kPanels[] = {
    R"(parse @message "[*] * * * *" as l, method, view, took, status | stats avg(took), count(*) by view, bin(1h))",
    R"(parse @message "[*] * * * *" as l, method, view, took, status | stats pct(took, 95), latest(took), earliest(took) by method)",
    R"(parse @message "[*] * * * *" as l, method, view, took, status | filter status >= 500 | stats count(*) by view | sort view | limit 3)",
    R"(filter @message like " 500" | stats count_distinct(@message) as n by @logStream)",
    R"(stats count(*) by bin(1d))",
};

/// Its service keeps, `forgetful` does not.
struct Running : testing::RunningService {
    std::unique_ptr<QuerySessions> forgetful;
    std::uint64_t written = 0;

    Running() : RunningService(kNow) {
        SessionOptions options;
        options.partials_bytes_max = 0;
        forgetful = std::make_unique<QuerySessions>(*store, clock, random, service->groups,
                                                    service->lookup_tables, engine, options);
        REQUIRE(service->groups.create(me, {.name = "g", .kms_key_id = {}, .tags = {}}));
        for (const char* stream : {"a", "b"}) REQUIRE(service->streams.create(me, "g", stream));
    }
    ~Running() {
        forgetful.reset();
        service.reset();
        (void)store->close();
    }

    void append(std::string_view stream, int days_ago, std::size_t rows) {
        const GroupPtr group = *service->groups.find(me, "g");
        std::vector<std::string> texts;
        for (std::size_t i = 0; i < rows; ++i, ++written)
            texts.push_back("[profiler] " + std::string(written % 3 == 0 ? "GET" : "POST") +
                            " view-" + std::to_string(written % 7) + " " +
                            std::to_string(written * 37 % 1'009) + ".25 " +
                            (written % 11 == 0 ? "500" : "200"));
        std::vector<store::Event> events;
        for (std::size_t i = 0; i < rows; ++i)
            events.push_back(
                {kNow - days_ago * kDay - 3'600'000 + static_cast<std::int64_t>(i), texts[i]});
        REQUIRE(store->append_wait(
            {group->id, service->streams.find(*group, stream)->id, kNow, events}));
    }

    std::string ask(QuerySessions& queries, std::string_view text) {
        NewQuery query;
        query.groups = {"g"};
        query.start = (kNow - 5 * kDay) / 1'000;
        query.end = kNow / 1'000;
        query.text = text;
        const auto id = queries.start(me, query, "request");
        REQUIRE(id);
        queries.wait_until_idle();
        const auto view = queries.results(me, *id);
        REQUIRE(view);
        REQUIRE(view->status == QueryStatus::kComplete);
        std::string out;
        for (const insights::Row& row : view->result->rows) {
            for (const insights::Cell& cell : row) out += cell.field + "=" + cell.value + " ";
            out += "\n";
        }
        return out + std::to_string(view->result->statistics.records_scanned);
    }

    void check(const char* when) {
        CAPTURE(when);
        for (const std::string_view panel : kPanels) {
            CAPTURE(panel);
            const std::string plain = ask(*forgetful, panel);
            for (int run = 0; run < 3; ++run) CHECK(ask(service->queries, panel) == plain);
        }
    }
};

}  // namespace

TEST_CASE("kept groups: the answer is that of a query that keeps nothing, whatever happens") {
    Running s;
    s.check("nothing is there");
    s.append("a", 0, 3'000);
    s.check("one large batch");
    s.append("a", 0, 5);
    s.append("b", 0, 7);
    s.check("small ones behind it");
    s.append("b", 1, 2'500);
    s.append("a", 3, 4'000);
    s.check("late ones");
    const std::uint64_t open_hits = s.service->queries.partials().hits;
    CHECK(open_hits > 0);
    REQUIRE(s.store->flush());
    s.check("sealed");
    CHECK(s.service->queries.partials().hits > open_hits);
    s.append("a", 0, 2'100);
    s.check("sealed and open");
    REQUIRE(s.service->groups.set_retention(s.me, "g", 3));
    s.check("some have expired");
    REQUIRE(s.service->streams.remove(s.me, "g", "b"));
    s.check("a stream is gone");
    REQUIRE(s.store->flush());
    REQUIRE(s.store->expire());
    s.check("and its rows");
    REQUIRE(s.service->groups.remove(s.me, "g"));
    REQUIRE(s.service->groups.create(s.me, {.name = "g", .kms_key_id = {}, .tags = {}}));
    REQUIRE(s.service->streams.create(s.me, "g", "a"));
    s.check("a new group of that name");
    s.append("a", 0, 3'000);
    s.check("with rows");
    CHECK(s.forgetful->partials().entries == 0);
}

}  // namespace sky::logs
