// SPDX-License-Identifier: Apache-2.0
#include "insights/exec/partial_cache.h"

#include <doctest/doctest.h>

#include "insights/exec/query.h"
#include "insights/exec/scan_work.h"
#include "insights/exec/test_snapshot.h"

namespace sky::insights {
namespace {

using testing::Cut;
using testing::Form;
using testing::TestEvent;
using testing::TestSnapshot;

/// A partial that holds so many bytes.
PartialPtr partial_of(std::uint64_t bytes) {
    auto made = std::make_shared<Partial>();
    made->budget = std::make_unique<columnar::MemoryBudget>(bytes);
    made->budget->reserve(bytes);
    return made;
}

PartialKey key_of(std::uint64_t segment) {
    return {.query = 1, .group = 1, .source = 0, .sources = 1, .rows = {.segment = segment}};
}

std::vector<TestEvent> events_of(std::size_t count) {
    std::vector<TestEvent> out;
    for (std::size_t i = 0; i < count; ++i) {
        out.push_back(
            {static_cast<std::int64_t>(i * 1'000), i + 1, i % 2 == 0 ? "a" : "b",
             "GET view-" + std::to_string(i % 5) + " " + std::to_string(i * 37 % 101) + ".25"});
    }
    return out;
}

struct Answer {
    std::string rows, explained;
    Statistics statistics;
};

Answer run(std::string_view text, const std::shared_ptr<const TestSnapshot>& snapshot,
           PartialCache* cache, columnar::MemoryPool* pool = nullptr,
           store::TimeRange range = {0, 1'000'000'000}) {
    const auto query = compile(text);
    REQUIRE(query);
    RunOptions options;
    options.sources.push_back({snapshot, "1:g"});
    options.range = range;
    options.threads = 2;
    options.partials = cache;
    options.memory_pool = pool;
    Execution execution(*query, std::move(options));
    const auto result = execution.run();
    REQUIRE(result);
    Answer out{{}, execution.explain(), result->statistics};
    for (const Row& row : result->rows) {
        for (const Cell& cell : row) out.rows += cell.field + "=" + cell.value + " ";
        out.rows += "\n";
    }
    return out;
}

std::shared_ptr<const TestSnapshot> snapshot_of(std::vector<TestEvent> events) {
    store::GroupInfo group;
    group.id = 7;
    return std::make_shared<const TestSnapshot>(group, std::move(events), Cut::kByTime, 1,
                                                Form::kShaped);
}

constexpr std::string_view kPanel =
    "parse @message \"* * *\" as method, view, took | stats count(*), avg(took), pct(took, 95), "
    "latest(took), count_distinct(took) by view, bin(1m)";

}  // namespace

TEST_CASE("partials: the least recently used go first") {
    PartialCache cache(10'000);
    for (std::uint64_t i = 1; i <= 3; ++i) cache.put(key_of(i), partial_of(3'000));
    CHECK(cache.find(key_of(1)) != nullptr);
    cache.put(key_of(4), partial_of(3'000));
    CHECK(cache.find(key_of(2)) == nullptr);
    CHECK(cache.find(key_of(1)) != nullptr);
    CHECK(cache.find(key_of(3)) != nullptr);
    cache.put(key_of(5), partial_of(20'000));  // Too large for all of it.
    CHECK(cache.find(key_of(5)) == nullptr);
    CHECK(cache.stats().entries == 3);
    CHECK(cache.stats().bytes <= 10'000);
    CHECK(cache.stats().dropped == 1);
    cache.free_up(1);
    CHECK(cache.find(key_of(4)) == nullptr);
    CHECK(cache.stats().entries == 2);
    cache.free_up(~0ULL);
    CHECK(cache.stats().entries == 0);
    CHECK(cache.stats().bytes == 0);
}

TEST_CASE("partials: a query is worth keeping them when it comes again") {
    PartialCache cache(1'000);
    CHECK(cache.number_of("a") == 0);
    const std::uint64_t a = cache.number_of("a");
    CHECK(a != 0);
    CHECK(cache.number_of("b") == 0);
    CHECK(cache.number_of("b") != a);
    CHECK(cache.number_of("a") == a);
    for (int i = 0; i < 2'000; ++i) cache.number_of("q" + std::to_string(i));
    CHECK(cache.number_of("a") == 0);  // Forgotten; its number is not given again.
    CHECK(cache.number_of("a") != a);
    PartialCache off(0);
    CHECK(off.number_of("a") == 0);
    CHECK(off.number_of("a") == 0);
}

TEST_CASE("partials: which plans have them") {
    struct Case {
        std::string_view text;
        bool kept;
    };
    static constexpr Case kCases[] = {
        {"stats count(*) by bin(1m)", true},
        {"filter a > 5 | stats avg(b) by c | sort c | limit 3", true},
        {"fields strlen(@message) as n | stats latest(n), earliest(n) by @logStream", true},
        {"stats avg(b) by c | stats max(c)", true},
        {"fields @message", false},
        {"filter a = 1 | sort b | limit 5", false},
        {"dedup a", false},
        {"filter a < now() | stats count(*)", false},
        {"stats count(*) by now() - 5", false},
        {"stats sum(a * now())", false},
        {"filter a in (fields b) | stats count(*)", false},
        {"stats count(*) by a | filter now() > 5", true},  // Behind the groups.
    };
    for (const Case& c : kCases) {
        CAPTURE(c.text);
        const auto query = compile(c.text);
        REQUIRE(query);
        std::size_t sink = 0;
        const std::vector<Step>& steps = (*query)->plan.steps;
        while (sink < steps.size() && (std::holds_alternative<ComputeStep>(steps[sink]) ||
                                       std::holds_alternative<ParseStep>(steps[sink]) ||
                                       std::holds_alternative<FilterStep>(steps[sink])))
            ++sink;
        CHECK(may_keep_partials(**query, sink) == c.kept);
    }
}

TEST_CASE("partials: the third run reads what is not whole alone, and answers the same") {
    const auto snapshot = snapshot_of(events_of(2'000));
    PartialCache cache(1 << 20);
    const Answer plain = run(kPanel, snapshot, nullptr);
    for (int i = 0; i < 4; ++i) {
        const Answer answer = run(kPanel, snapshot, &cache);
        CHECK(answer.rows == plain.rows);
        CHECK(answer.statistics.records_scanned == plain.statistics.records_scanned);
        CHECK(answer.statistics.records_matched == plain.statistics.records_matched);
        CHECK(answer.statistics.bytes_scanned ==
              doctest::Approx(plain.statistics.bytes_scanned).epsilon(1e-9));
        CAPTURE(answer.explained);
        CHECK((answer.explained.find("answered from cache") != std::string::npos) == (i >= 2));
    }
    CHECK(cache.stats().hits > 0);
}

TEST_CASE("partials: a range that cuts morsels, and moves on, finds most of what it needs") {
    const auto snapshot = snapshot_of(events_of(2'000));
    PartialCache cache(1 << 20);
    (void)run(kPanel, snapshot, &cache);
    std::uint64_t last_misses = 0;
    for (int i = 0; i < 5; ++i) {
        CAPTURE(i);
        const store::TimeRange part{500'500 + i * 1'000, 1'500'500 + i * 1'000};
        const Answer cut = run(kPanel, snapshot, nullptr, nullptr, part);
        for (int again = 0; again < 2; ++again) {
            const PartialCacheStats before = cache.stats();
            const Answer answer = run(kPanel, snapshot, &cache, nullptr, part);
            CHECK(answer.rows == cut.rows);
            CHECK(answer.statistics.records_scanned == cut.statistics.records_scanned);
            CHECK(answer.statistics.records_matched == cut.statistics.records_matched);
            const std::uint64_t misses = cache.stats().misses - before.misses;
            if (again == 1) CHECK(misses == 0);
            // Another window: the stretches at its edges alone.
            if (again == 0 && i > 0) CHECK(misses <= 2);
            if (again == 0 && i == 0) CHECK(misses > 2);
            last_misses = misses;
        }
        CHECK(last_misses == 0);
    }
}

TEST_CASE("partials: the stretches of a morsel are its rows in the range, each once") {
    SeededRandom random(1);
    for (int i = 0; i < 10'000; ++i) {
        const auto min_ms = static_cast<std::int64_t>(random.below(1'000));
        const store::Morsel morsel{0, min_ms, min_ms + static_cast<std::int64_t>(random.below(300)),
                                   1, 1};
        store::TimeRange range{static_cast<std::int64_t>(random.below(1'400)), 0};
        range.end_ms = range.begin_ms + static_cast<std::int64_t>(random.below(500));
        if (morsel.max_ms < range.begin_ms || morsel.min_ms > range.end_ms) continue;
        const auto stretches = kept_stretches(morsel, range);
        CHECK(stretches.size() <= kStretchesMax + 1);
        CHECK(stretches.front().begin_ms == std::max(range.begin_ms, morsel.min_ms));
        CHECK(stretches.back().end_ms == std::min(range.end_ms, morsel.max_ms));
        for (std::size_t k = 0; k < stretches.size(); ++k) {
            CHECK(stretches[k].begin_ms <= stretches[k].end_ms);
            if (k > 0) CHECK(stretches[k].begin_ms == stretches[k - 1].end_ms + 1);
        }
    }
}

TEST_CASE("partials: they make room before a query ends for want of memory") {
    const auto snapshot = snapshot_of(events_of(4'000));
    columnar::MemoryPool pool(16ULL << 20);
    constexpr std::uint64_t kCacheBytes = 2ULL << 20;
    PartialCache cache(kCacheBytes);
    pool.fall_back_on(cache);
    for (int panel = 0; cache.stats().dropped == 0 && panel < 1'000; ++panel) {
        const std::string text =
            "fields " + std::to_string(panel) + " as n | " + std::string(kPanel);
        for (int i = 0; i < 2; ++i) (void)run(text, snapshot, &cache, &pool);
    }
    CHECK(cache.stats().dropped > 0);
    CHECK(cache.stats().bytes <= kCacheBytes);
    CHECK(pool.used() >= cache.stats().bytes / 2);  // What it holds is charged.
    // Needs most of the pool.
    CHECK(pool.take(15ULL << 20));
    CHECK(cache.stats().bytes <= 1ULL << 20);
    pool.give(15ULL << 20);
    cache.free_up(~0ULL);
    CHECK(pool.used() == 0);
}

}  // namespace sky::insights
