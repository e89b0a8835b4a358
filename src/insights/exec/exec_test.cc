// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <future>
#include <semaphore>

#include "insights/exec/limits.h"
#include "insights/exec/pointer.h"
#include "insights/exec/query.h"
#include "insights/exec/test_snapshot.h"

using namespace sky;
using namespace sky::insights;
using sky::insights::testing::Cut;
using sky::insights::testing::TestEvent;
using sky::insights::testing::TestSnapshot;

namespace {

store::GroupInfo group_info(std::uint64_t id) {
    store::GroupInfo info;
    info.id = id;
    info.tenant = {"123456789012", "eu-west-1"};
    info.name = fmt::format("/group/{}", id);
    return info;
}

/// Seed lines with many equal timestamps, so that ties matter; some lines do not match.
std::vector<TestEvent> seed_events(std::size_t count, std::uint64_t seed) {
    SeededRandom random(seed);
    static constexpr const char* kMethods[] = {"GET", "POST", "PUT"};
    std::vector<TestEvent> events;
    for (std::size_t i = 0; i < count; ++i) {
        TestEvent event;
        event.timestamp_ms = 1'767'225'600'000 + static_cast<std::int64_t>(random.below(400)) * 500;
        event.sequence = i + 1;
        event.stream = fmt::format("stream-{}", random.below(3));
        event.message =
            random.below(10) == 0
                ? fmt::format("GET something else {}", random.below(5))
                : fmt::format("[profiler] {} view-{} {}.{:02} {}", kMethods[random.below(3)],
                              random.below(6), random.below(300), random.below(100),
                              200 + 100 * random.below(4));
        events.push_back(std::move(event));
    }
    return events;
}

RunOptions options_over(std::vector<std::shared_ptr<const store::Snapshot>> snapshots,
                        unsigned threads) {
    RunOptions options;
    for (auto& snapshot : snapshots) {
        std::string log = "123456789012:" + snapshot->group().name;
        options.sources.push_back({std::move(snapshot), std::move(log)});
    }
    options.range = {0, INT64_MAX};
    options.threads = threads;
    return options;
}

std::string text_of(const QueryResult& result) {
    std::string out;
    for (const Row& row : result.rows) {
        for (const Cell& cell : row) out += cell.field + "=" + cell.value + "\t";
        out += "\n";
    }
    return out;
}

/// Waits in read() until it is let go; counts the reads.
class GatedSnapshot final : public store::Snapshot {
public:
    explicit GatedSnapshot(std::shared_ptr<const TestSnapshot> inner) : inner_(std::move(inner)) {}
    const store::GroupInfo& group() const override { return inner_->group(); }
    std::vector<store::Morsel> morsels(store::TimeRange range) const override {
        return inner_->morsels(range);
    }
    Result<store::EventBatch> read(const store::Morsel& morsel, store::TimeRange range,
                                   store::Columns columns,
                                   std::span<const store::StreamId> streams) const override {
        ++reads;
        if (columns != store::Columns::kNone) ++column_reads;
        arrived.release();
        gate.acquire();
        return inner_->read(morsel, range, columns, streams);
    }
    bool may_contain(const store::Morsel& morsel, std::string_view literal) const override {
        return inner_->may_contain(morsel, literal);
    }
    std::optional<std::uint64_t> known_rows(const store::Morsel& morsel,
                                            store::TimeRange range) const override {
        return inner_->known_rows(morsel, range);
    }
    std::string stream_name(store::StreamId id) const override { return inner_->stream_name(id); }

    mutable std::counting_semaphore<> gate{0};
    mutable std::counting_semaphore<> arrived{0};
    mutable std::atomic<int> reads{0};
    mutable std::atomic<int> column_reads{0};  // Not of rows' times alone.

private:
    std::shared_ptr<const TestSnapshot> inner_;
};

}  // namespace

TEST_CASE("stats over groups: passing whole bins on gives what keeping all groups gives") {
    // A sort between the two keeps every group until the end.
    static constexpr const char* kFirst[] = {
        "stats count(*) as n by bin(5s)",
        "stats count(*) as n, latest(@logStream) as s by @logStream, datefloor(@timestamp, 20s)",
        "stats avg(strlen(@message)) as n by bin(7s), bin(1m) as m",
    };
    static constexpr const char* kSecond[] = {
        "stats count(*), sum(n), pct(n, 50)",
        "filter n > 3 | fields n * 2 as twice | stats sum(twice), max(n)",
        "stats sum(n) as total | fields total + 1",
    };
    for (const char* first : kFirst) {
        for (const char* second : kSecond) {
            const std::string chained = fmt::format("{} | {}", first, second);
            const std::string kept = fmt::format("{} | sort n asc | {}", first, second);
            CAPTURE(chained);
            for (const std::uint64_t seed : {1U, 2U, 3U}) {
                const auto answer = [&](const std::string& text, Cut cut, unsigned threads) {
                    const auto query = compile(text);
                    REQUIRE(query);
                    Execution execution(
                        *query, options_over({std::make_shared<TestSnapshot>(
                                                 group_info(1), seed_events(900, seed), cut)},
                                             threads));
                    const auto result = execution.run();
                    REQUIRE(result);
                    CHECK(text_of(execution.progress()) == text_of(*result));
                    return text_of(*result);
                };
                const std::string expected = answer(kept, Cut::kOneMorsel, 1);
                CHECK(!expected.empty());
                for (const Cut cut :
                     {Cut::kOneMorsel, Cut::kByTime, Cut::kScattered, Cut::kRowByRow}) {
                    CHECK(answer(chained, cut, 1) == expected);
                    CHECK(answer(chained, cut, 3) == expected);
                }
            }
        }
    }
}

TEST_CASE("stats over groups: with rows enough to be passed on in several parts") {
    const std::string first = "stats count(*) as n, latest(@logStream) as s by @logStream, bin(7s)";
    const std::string second = "stats count(*), sum(n), pct(n, 50)";
    const auto events = seed_events(120'000, 5);
    const auto answer = [&](const std::string& text, Cut cut, unsigned threads) {
        const auto query = compile(text);
        REQUIRE(query);
        Execution execution(
            *query,
            options_over({std::make_shared<TestSnapshot>(group_info(1), events, cut)}, threads));
        const auto result = execution.run();
        REQUIRE(result);
        return text_of(*result);
    };
    const std::string expected = answer(first + " | sort n asc | " + second, Cut::kOneMorsel, 1);
    CHECK(!expected.empty());
    for (const Cut cut : {Cut::kByTime, Cut::kLate, Cut::kScattered}) {
        CHECK(answer(first + " | " + second, cut, 1) == expected);
        CHECK(answer(first + " | " + second, cut, 3) == expected);
    }
}

TEST_CASE("morsels that cannot hold a wanted text are counted, not read") {
    std::vector<TestEvent> events(60);
    for (std::size_t i = 0; i < events.size(); ++i)
        events[i] = {static_cast<std::int64_t>(1'000 * i), i, "s",
                     i % 20 == 7 ? "a needle " + std::to_string(i) : "hay " + std::to_string(i)};
    struct Case {
        const char* query;
        double matched;
        int reads;
    };
    static constexpr Case kCases[] = {
        {"filter @message like 'needle' | fields @timestamp", 3, 3},
        {"filter @message like 'needle' and @message like 'hay' | fields @timestamp", 0, 0},
        {"filter @message like 'needle' or @message like 'hay' | fields @timestamp", 60, 60},
        {"filter not (@message like 'needle') | fields @timestamp", 57, 60},
        {"fields @timestamp | filter @message like 'absent' | stats count(*)", 0, 0},
    };
    for (const Case& c : kCases) {
        CAPTURE(c.query);
        const auto inner =
            std::make_shared<const TestSnapshot>(store::GroupInfo(), events, Cut::kRowByRow);
        const auto gate = std::make_shared<GatedSnapshot>(inner);
        gate->gate.release(1'000);
        const auto query = compile(c.query);
        REQUIRE(query);
        Execution execution(*query, options_over({gate}, 1));
        const auto result = execution.run();
        REQUIRE(result);
        CHECK(result->statistics.records_scanned == 60);
        CHECK(result->statistics.records_matched == c.matched);
        CHECK(gate->column_reads == c.reads);
    }
}

TEST_CASE("the answer depends on no cut, no thread count and no order of sources' reads") {
    static constexpr const char* kParse =
        "parse @message \"[*] * * * *\" as logger, method, view, duration, status_code | ";
    static constexpr const char* kQueries[] = {
        "stats avg(duration) as a, count(*), sum(duration), stddev(duration), min(duration), "
        "max(duration), pct(duration, 95), count_distinct(view) by method, view, bin(30s)",
        "stats earliest(view), latest(view), sortsFirst(view), sortsLast(duration) by method",
        "stats count(*) as n by view | sort n desc | limit 3",
        "stats count(*) as n by view, method | stats max(n) as top, count(*) by method",
        "sort duration desc | limit 25 | display duration, view, @timestamp",
        "sort view, method desc | display view, method, @logStream, @log",
        "sort duration | tail 4",
        "filter duration > 100 and method = \"GET\" | limit 17",
        "limit 40",
        "tail 6 | fields @ingestionTime",
        "dedup view, method | display view, method, duration, @timestamp",
        "dedup view | sort duration desc | limit 2 | fields strlen(@message) as n",
        "limit 500 | stats count(*) by method, bin(1m)",
        "sort duration desc | limit 100 | dedup status_code | filter status_code != 300",
        "stats count(*) by @timestamp | stats latest(count(*)), count(*) by bin(1h)",
    };
    const std::vector<TestEvent> first = seed_events(3'000, 1);
    const std::vector<TestEvent> second = seed_events(500, 2);
    for (const char* query : kQueries) {
        const std::string text = std::string(kParse) + query;
        CAPTURE(text);
        const auto compiled = compile(text);
        REQUIRE_MESSAGE(compiled, (compiled ? "" : compiled.error().message));
        std::string expected;
        for (const Cut cut : {Cut::kOneMorsel, Cut::kScattered, Cut::kRowByRow}) {
            for (const unsigned threads : {1U, 3U}) {
                Execution execution(
                    *compiled,
                    options_over({std::make_shared<TestSnapshot>(group_info(1), first, cut, 7),
                                  std::make_shared<TestSnapshot>(group_info(2), second, cut, 8)},
                                 threads));
                const auto result = execution.run();
                REQUIRE_MESSAGE(result, (result ? "" : result.error().message));
                CHECK(result->statistics.log_groups_scanned == 2);
                const std::string actual = text_of(*result);
                if (expected.empty()) expected = actual;
                CHECK(!actual.empty());
                CHECK(actual == expected);
                CHECK(text_of(execution.progress()) == expected);
            }
        }
    }
}

TEST_CASE("sums agree with exact arithmetic") {
    // Durations have two decimals: whole hundredths add up exactly.
    const std::vector<TestEvent> events = seed_events(5'000, 3);
    std::int64_t hundredths = 0;
    std::int64_t matched = 0;
    for (const TestEvent& event : events) {
        long whole = 0, part = 0;
        char method[16], view[16];
        if (std::sscanf(event.message.c_str(), "[profiler] %15s %15s %ld.%2ld", method, view,
                        &whole, &part) == 4) {
            hundredths += whole * 100 + part;
            ++matched;
        }
    }
    const auto compiled = compile(
        "parse @message \"[*] * * * *\" as logger, method, view, duration, status_code | filter "
        "logger = \"profiler\" | stats count(*) as n, sum(duration) as s");
    REQUIRE(compiled);
    Execution execution(
        *compiled,
        options_over({std::make_shared<TestSnapshot>(group_info(1), events, Cut::kScattered)}, 2));
    const auto result = execution.run();
    REQUIRE(result);
    CHECK(result->rows[0][0].value == std::to_string(matched));
    std::string sum = fmt::format("{}.{:02}", hundredths / 100, hundredths % 100);
    while (sum.back() == '0') sum.pop_back();
    if (sum.back() == '.') sum.pop_back();
    CHECK(result->rows[0][1].value == sum);
    CHECK(result->statistics.records_scanned == 5'000);
    CHECK(result->statistics.records_matched == static_cast<double>(matched));
    std::size_t bytes = 0;
    for (const TestEvent& event : events) bytes += event.message.size();
    CHECK(result->statistics.bytes_scanned == static_cast<double>(bytes));
}

TEST_CASE("limits: the smaller of the query's and the request's, else 10,000") {
    struct Case {
        const char* text;
        std::uint32_t api;
        std::size_t rows;
    };
    static constexpr Case kCases[] = {
        {"", 0, 10'000},
        {"", 50, 50},
        {"limit 20", 0, 20},
        {"limit 20", 5, 5},
        {"limit 11000", 0, 11'000},
        {"", 20'000, 12'000},
        {"sort @timestamp", 0, 10'000},
        {"tail 30", 10, 10},
        {"dedup @message", 0, 10'000},
        {"limit 11000 | stats count(*) by @message", 0, 10'000},
    };
    std::vector<TestEvent> events;
    for (std::size_t i = 0; i < 12'000; ++i) {
        events.push_back({static_cast<std::int64_t>(i), i + 1, "s", fmt::format("line {}", i)});
    }
    const auto snapshot = std::make_shared<TestSnapshot>(group_info(1), events, Cut::kOneMorsel);
    for (const Case& c : kCases) {
        CAPTURE(c.text);
        const auto compiled = compile(c.text);
        REQUIRE(compiled);
        RunOptions options = options_over({snapshot}, 1);
        options.limit = c.api;
        Execution execution(*compiled, options);
        const auto result = execution.run();
        REQUIRE(result);
        CHECK(result->rows.size() == c.rows);
    }
}

TEST_CASE("a newest-first limit reads no more morsels than it needs") {
    std::vector<TestEvent> events;
    for (std::size_t i = 0; i < 100; ++i) {
        events.push_back({static_cast<std::int64_t>(i / 2), i + 1, "s", "line"});
    }
    auto gated = std::make_shared<GatedSnapshot>(
        std::make_shared<TestSnapshot>(group_info(1), events, Cut::kRowByRow));
    gated->gate.release(1'000);
    const auto compiled = compile("limit 3");
    REQUIRE(compiled);
    Execution execution(*compiled, options_over({gated}, 1));
    const auto result = execution.run();
    REQUIRE(result);
    CHECK(result->rows.size() == 3);
    // Three rows, and the other row of the third one's millisecond: it could be newer.
    CHECK(gated->reads == 4);
}

TEST_CASE("a finished run tells what each step did") {
    struct Case {
        const char* text;
        Cut cut;
        std::vector<std::string> lines;  // Each up to its time.
    };
    // Ten events: five GET, of which two have 500.
    std::vector<TestEvent> events;
    for (int i = 0; i < 10; ++i) {
        events.push_back({1'767'225'600'000 + i, static_cast<std::uint64_t>(i + 1), "s",
                          fmt::format("{} {}", i % 2 == 0 ? "GET" : "POST", i < 4 ? 500 : 200)});
    }
    const Case kCases[] = {
        {"parse '* *' as m, s | filter s = 500 | stats count(*) as n by m | sort n",
         Cut::kOneMorsel,
         {"scan: 1 chunks, 1 read; 10 rows of text", "parse @message glob", "filter",
          "stats count(*)", "sort", "output: 2 rows"}},
        {"filter @message like 'GET' | limit 2",
         Cut::kRowByRow,
         {"scan: 10 chunks, 2 read, 2 skipped for lack of a text, 6 not needed; "}},
        {"filter @message in (filter @message like '500' | fields @message) | stats count(*)",
         Cut::kOneMorsel,
         {"query in parentheses 1:", "  scan: 1 chunks, 1 read; 10 rows of text", "  filter",
          "  output: 4 rows", "scan: 1 chunks, 1 read; 10 rows of text", "filter", "stats",
          "output: 1 rows"}},
    };
    for (const Case& c : kCases) {
        CAPTURE(c.text);
        const auto query = compile(c.text);
        REQUIRE(query);
        RunOptions options =
            options_over({std::make_shared<TestSnapshot>(group_info(1), events, c.cut)}, 1);
        ManualClock clock{0};
        options.clock = &clock;
        Execution execution(*query, std::move(options));
        CHECK(execution.explain().empty());
        REQUIRE(execution.run());
        const std::string told = execution.explain();
        CAPTURE(told);
        std::size_t at = 0;
        for (const std::string& line : c.lines) {
            const std::size_t found = told.find(line, at);
            REQUIRE_MESSAGE(found != std::string::npos, line);
            at = found + line.size();
        }
    }
    // Rows in and out, exactly.
    const auto query = compile("filter @message like 'GET' | stats count(*) as n | filter n > 9");
    Execution execution(
        *query,
        options_over({std::make_shared<TestSnapshot>(group_info(1), events, Cut::kOneMorsel)}, 2));
    REQUIRE(execution.run());
    const std::string told = execution.explain();
    for (const char* part : {"10 -> 5 rows", "5 -> 1 rows", "1 -> 0 rows", "output: 0 rows"}) {
        CHECK_MESSAGE(told.find(part) != std::string::npos, told);
    }
}

TEST_CASE("stop, deadline and memory end a query with their errors") {
    const std::vector<TestEvent> events = seed_events(20'000, 4);
    const auto compiled = compile("stats count(*) by @message, @timestamp");
    REQUIRE(compiled);

    SUBCASE("stop takes effect within a morsel; partial rows were there before") {
        auto gated = std::make_shared<GatedSnapshot>(
            std::make_shared<TestSnapshot>(group_info(1), events, Cut::kScattered));
        Execution execution(*compiled, options_over({gated}, 1));
        auto running = std::async(std::launch::async, [&] { return execution.run(); });
        gated->arrived.acquire();
        gated->gate.release();
        gated->arrived.acquire();  // The first morsel is done.
        const QueryResult half = execution.progress();
        CHECK(!half.rows.empty());
        CHECK(half.statistics.records_scanned > 0);
        CHECK(half.statistics.records_scanned < 20'000);
        execution.request_stop();
        gated->gate.release(100);
        const auto result = running.get();
        REQUIRE(!result);
        CHECK(result.error().code == ErrorCode::kCancelled);
        CHECK(gated->reads == 2);
    }
    SUBCASE("looking takes no memory that running queries may need") {
        columnar::MemoryPool pool(64U << 20U);
        columnar::MemoryBudget others(pool.bytes_max(), &pool);
        auto gated = std::make_shared<GatedSnapshot>(
            std::make_shared<TestSnapshot>(group_info(1), events, Cut::kScattered));
        RunOptions options = options_over({gated}, 1);
        options.memory_pool = &pool;
        Execution execution(*compiled, options);
        auto running = std::async(std::launch::async, [&] { return execution.run(); });
        gated->arrived.acquire();
        gated->gate.release();
        gated->arrived.acquire();
        others.reserve(pool.bytes_max() / 2);
        const QueryResult counters = execution.progress();
        CHECK(counters.rows.empty());
        CHECK(counters.statistics.records_scanned > 0);
        others.release(pool.bytes_max() / 2);
        CHECK(!execution.progress().rows.empty());
        gated->gate.release(100);
        CHECK(running.get());
    }
    SUBCASE("deadline") {
        ManualClock clock(0);
        clock.advance_ms(10);
        RunOptions options = options_over(
            {std::make_shared<TestSnapshot>(group_info(1), events, Cut::kOneMorsel)}, 2);
        options.clock = &clock;
        options.deadline_monotonic_ns = 5'000'000;
        Execution execution(*compiled, options);
        const auto result = execution.run();
        REQUIRE(!result);
        CHECK(result.error().code == ErrorCode::kDeadlineExceeded);
    }
    SUBCASE("memory") {
        for (const char* text :
             {"stats count(*) by @message, @timestamp", "sort @message | limit 100000",
              "dedup @message, @timestamp", "sort @message | stats count(*) by @message",
              "stats pct(strlen(@message), 50) by @message, @timestamp"}) {
            CAPTURE(text);
            RunOptions options = options_over(
                {std::make_shared<TestSnapshot>(group_info(1), events, Cut::kScattered)}, 2);
            options.memory_bytes_max = 2ULL << 20;
            const auto query = compile(text);
            REQUIRE(query);
            Execution execution(*query, options);
            const auto result = execution.run();
            REQUIRE(!result);
            CHECK(result.error().code == ErrorCode::kLimitExceeded);
            CHECK(result.error().message.find("narrow the time range") != std::string::npos);
        }
    }
}

namespace {

/// Counts how often it is asked, and can stop an execution at one of these: with a deadline, each
/// look at the stop token asks it.
class CountingClock final : public Clock {
public:
    std::int64_t now_ms() const override { return 0; }
    std::int64_t monotonic_ns() const override {
        if (++asked == stop_at && execution != nullptr) execution->request_stop();
        return 0;
    }
    mutable std::atomic<int> asked{0};
    int stop_at = 0;
    Execution* execution = nullptr;
};

}  // namespace

TEST_CASE("every operator looks at the stop token again and again, and stops") {
    constexpr std::size_t kRows = 50'000;
    constexpr int kLooks = kRows / kStepRowsMax;
    std::vector<TestEvent> events;
    for (std::size_t i = 0; i < kRows; ++i) {
        events.push_back({1'767'225'600'000 + static_cast<std::int64_t>(i), i + 1, "s",
                          fmt::format("[\"a\"] {}", i * 7'919 % kRows)});
    }
    const auto snapshot =
        std::make_shared<TestSnapshot>(group_info(1), std::move(events), Cut::kByTime);
    auto table = std::make_shared<LookupTable>();
    table->columns = {"id", "name"};
    for (std::size_t i = 0; i < kRows; ++i) {
        table->add_cell(std::to_string(i));
        table->add_cell("n");
    }
    // Behind this all rows are in one table.
    const std::string before = "fields @message as m | sort m | accum m as z";
    struct Case {
        std::string name;
        std::string text, without;  // What it is compared with: looks for these rows belong to it.
    };
    const Case cases[] = {
        {"sort", before + " | sort m desc | limit 9", before + " | limit 9"},
        {"regex", before + " | parse m /(?<n>\\d+)$/ | filter n like \"99\" | limit 9",
         before + " | limit 9"},
        {"filter", before + " | filter m =~ /7$/ | limit 9", before + " | limit 9"},
        {"dedup", before + " | dedup m | limit 9", before + " | limit 9"},
        {"stats with many keys", before + " | stats count(*) by m | limit 9",
         before + " | limit 9"},
        {"unnest", before + " | unnest m into e | limit 9", before + " | limit 9"},
        {"lookup", before + " | parse m \"* *\" as a, b | lookup t id as b OUTPUT name | limit 9",
         before + " | parse m \"* *\" as a, b | display a, b | limit 9"},
        {"join",
         before + " | join left=a right=b where a.m = b.m (fields @message as m | limit 9) | limit "
                  "9",
         before + " | limit 9"},
        {"pattern",
         "parse @message \"* *\" as a, b | fields concat(\"x\", replace(replace(replace("
         "replace(b, \"0\", \"q\"), \"1\", \"r\"), \"2\", \"s\"), \"3\", \"t\")) as w | "
         "pattern w | limit 9",
         ""},
    };
    for (const Case& c : cases) {
        CAPTURE(c.name);
        const auto looks = [&](const std::string& text, int stop_at, bool stopped) {
            const auto query = compile(text);
            REQUIRE(query);
            CountingClock clock;
            RunOptions options = options_over({snapshot}, 1);
            options.memory_bytes_max = 1ULL << 30;
            options.clock = &clock;
            options.deadline_monotonic_ns = INT64_MAX;
            options.lookup_tables.push_back(table);
            Execution execution(*query, options);
            clock.stop_at = stop_at;
            clock.execution = &execution;
            const auto result = execution.run();
            CHECK(result.has_value() != stopped);
            if (stopped) {
                REQUIRE(!result);
                CHECK(result.error().code == ErrorCode::kCancelled);
                // What was under way ends, with a word about how long it took; nothing new begins.
                CHECK(clock.asked <= stop_at + 10);
            }
            return clock.asked.load();
        };
        const int all = looks(c.text, 0, false);
        const int others = c.without.empty() ? 0 : looks(c.without, 0, false);
        CHECK(all >= others + kLooks);
        // Inside the operator, and near the end.
        for (const int stop_at : {others + 2, all - 3}) {
            CAPTURE(stop_at);
            (void)looks(c.text, stop_at, true);
        }
    }
}

TEST_CASE("keys that are too many for the memory come share by share, with the same answer") {
    const auto snapshot =
        std::make_shared<TestSnapshot>(group_info(1), seed_events(40'000, 4), Cut::kScattered);

    for (const std::string text :
         {"stats count(*), max(strlen(@message)) by @message, @timestamp | sort @message desc, "
          "@timestamp | limit 10",
          "stats count(*) as n by @message, @timestamp | limit 100",
          "stats count(*) as n, pct(strlen(@message), 50) by @message, bin(1s) | limit 50",
          "stats latest(@logStream) by @message, @timestamp as t, bin(1m) | filter @message like "
          "\"view-3\" | fields strlen(@message) as bytes | sort bytes | limit 40",
          "stats count(*) as n by @message, @timestamp | filter n > 1 | sort n desc, @message | "
          "limit 9",
          "stats count(*) as n by @message, @timestamp | sort n | limit 5 | stats sum(n)",
          "dedup @message, @timestamp | limit 30",
          "parse @message \"[*] *\" as p, rest | dedup rest, @timestamp | filter p = \"profiler\" "
          "| "
          "sort rest desc | limit 7"}) {
        CAPTURE(text);
        const auto query = compile(text);
        REQUIRE(query);
        const auto run = [&](std::uint64_t memory_bytes, bool shares) {
            columnar::MemoryPool pool(64ULL << 20);
            RunOptions options = options_over({snapshot}, 2);
            options.memory_bytes_max = memory_bytes;
            options.memory_pool = &pool;
            std::string out;
            {
                Execution execution(*query, options);
                const auto result = execution.run();
                REQUIRE_MESSAGE(result.has_value(), result.error().message);
                out = fmt::format("{} of {} in {}\n", result->statistics.records_matched,
                                  result->statistics.records_scanned,
                                  result->statistics.bytes_scanned) +
                      text_of(*result);
                CHECK(text_of(execution.progress()) == text_of(*result));
                CHECK((execution.explain().find("share by share") != std::string::npos) == shares);
            }
            CHECK(pool.used() == 0);
            if (shares) CHECK(pool.most() < 2 * memory_bytes);
            return out;
        };
        const std::string expected = run(256ULL << 20, false);
        CHECK(expected.size() > 30);
        // A pass of a dedup has all columns of its rows.
        const bool wide = text.find("dedup") != std::string::npos;
        CHECK(run((wide ? 9ULL : 5ULL) << 20, true) == expected);
    }
}

TEST_CASE("however much memory there is beyond the least, many groups have their answer") {
    const auto snapshot =
        std::make_shared<TestSnapshot>(group_info(1), seed_events(40'000, 4), Cut::kScattered);
    for (const char* text :
         {"stats count(*) as n by @timestamp, @message | sort n desc, @timestamp | limit 10 | "
          "stats count(*) as groups, sum(n) as events",
          "stats count(*) as n by @message, @timestamp | fields strlen(@message) as bytes | sort "
          "bytes desc, @message | limit 20",
          "stats count(*) as n by @message, @logStream, bin(1h) | stats count(*), sum(n)",
          "stats count(*) as n by @message, @logStream | filter n < 3 | stats count(*), sum(n) by "
          "@logStream",
          "stats count(*) as n by @message, @logStream | sort n, @message | limit 1000"}) {
        const auto query = compile(text);
        REQUIRE(query);
        std::string expected;
        // From what holds a share of the groups to what holds them all, sorted.
        for (std::uint64_t bytes = 64ULL << 20; bytes > 5ULL << 20; bytes -= bytes / 12) {
            CAPTURE(bytes);
            RunOptions options = options_over({snapshot}, 2);
            options.memory_bytes_max = bytes;
            Execution execution(*query, options);
            const auto result = execution.run();
            REQUIRE_MESSAGE(result.has_value(), result.error().message);
            if (expected.empty()) expected = text_of(*result);
            CHECK(text_of(*result) == expected);
            CHECK(result->statistics.records_scanned == 40'000);
        }
    }
}

TEST_CASE("rows that are too wide to sort are sorted by their keys first") {
    const auto snapshot =
        std::make_shared<TestSnapshot>(group_info(1), seed_events(60'000, 8), Cut::kScattered);
    for (const std::string text :
         {"sort @message desc, @timestamp | limit 10000", "sort @logStream | tail 10000",
          "parse @message \"[*] *\" as p, rest | sort rest | limit 10000 | fields strlen(rest) as "
          "n"}) {
        CAPTURE(text);
        const auto query = compile(
            "display @message, @ptr, @logStream, @log, @timestamp, "
            "@ingestionTime, @aws.region, @aws.account | " +
            text);
        REQUIRE(query);
        const auto run = [&](std::uint64_t memory_bytes, bool twice) {
            RunOptions options = options_over({snapshot}, 1);
            options.memory_bytes_max = memory_bytes;
            Execution execution(*query, options);
            const auto result = execution.run();
            REQUIRE_MESSAGE(result.has_value(), result.error().message);
            CHECK(result->rows.size() == 10'000);
            CHECK((execution.explain().find("by their keys first") != std::string::npos) == twice);
            return fmt::format("{}\n", result->statistics.records_scanned) + text_of(*result);
        };
        const std::string expected = run(256ULL << 20, false);
        const bool wider = text.find("parse") != std::string::npos;
        CHECK(run((wider ? 19ULL : 14ULL) << 20, true) == expected);
    }
}

TEST_CASE("sorting twice is sorting by both, over several runs of the merge") {
    const auto snapshot =
        std::make_shared<TestSnapshot>(group_info(1), seed_events(150'000, 3), Cut::kOneMorsel);
    const auto rows = [&](const char* text) {
        Execution execution(*compile(text), options_over({snapshot}, 1));
        auto result = execution.run();
        REQUIRE(result);
        CHECK(result->rows.size() == 100'000);
        return text_of(*result);
    };
    CHECK(rows("display @message, @timestamp | sort @message | sort strlen(@message) desc | "
               "limit 100000") ==
          rows("display @message, @timestamp | sort strlen(@message) desc, @message | "
               "limit 100000"));
}

TEST_CASE("twenty heavy queries at once stay in the memory of all") {
    constexpr std::uint64_t kPoolBytes = 8ULL << 20;
    const auto snapshot =
        std::make_shared<TestSnapshot>(group_info(1), seed_events(20'000, 7), Cut::kScattered);
    static constexpr const char* kTexts[] = {
        "fields @message | sort @message",
        "stats count(*) by @message, @timestamp",
        "fields @message as m | join left=a right=b where a.m = b.m (fields @message as m)",
        "dedup @message, @timestamp",
        "filter @message in (fields @message)",
    };
    columnar::MemoryPool pool(kPoolBytes);
    std::vector<std::future<Result<QueryResult>>> runs;
    for (int i = 0; i < 20; ++i) {
        runs.push_back(std::async(std::launch::async, [&, i]() -> Result<QueryResult> {
            const auto query = compile(kTexts[i % 5]);
            if (!query) return std::unexpected(query.error());
            RunOptions options = options_over({snapshot}, 2);
            options.memory_pool = &pool;
            Execution execution(*query, std::move(options));
            return execution.run();
        }));
    }
    std::size_t refused = 0;
    for (auto& run : runs) {
        const auto result = run.get();
        if (result) continue;
        CHECK(result.error().code == ErrorCode::kLimitExceeded);
        CHECK(result.error().message.find("memory") != std::string::npos);
        ++refused;
    }
    CHECK(refused > 0);  // They cannot all fit.
    // Beyond it only by what a pass of each takes before it looks.
    CHECK(pool.most() < kPoolBytes + 20 * (2ULL << 20));
    CHECK(pool.used() == 0);
    // Alone, afterwards, one finds room.
    RunOptions options = options_over({snapshot}, 2);
    options.memory_pool = &pool;
    Execution execution(*compile("stats count(*) by @logStream"), std::move(options));
    CHECK(execution.run());
}

TEST_CASE("@ptr: one text for one event, and nothing else reads back") {
    static constexpr RecordPointer kPointers[] = {
        {1, 0, 1}, {7, -5, 0}, {~0ULL, INT64_MAX, ~0ULL}, {42, 1'767'225'600'123, 99}};
    for (const RecordPointer& pointer : kPointers) {
        const std::string text = encode_pointer(pointer);
        CHECK(text.size() == kPointerBytes);
        const auto read = decode_pointer(text);
        REQUIRE(read);
        CHECK(*read == pointer);
        for (std::size_t i = 0; i < text.size(); ++i) {
            std::string changed = text;
            changed[i] = changed[i] == 'A' ? 'B' : 'A';
            CHECK(!decode_pointer(changed));
        }
    }
    for (const char* text : {"", "A", "not a pointer", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}) {
        CHECK(!decode_pointer(text));
    }
}

TEST_CASE("@ptr of a row names its event") {
    const std::vector<TestEvent> events = seed_events(50, 5);
    const auto compiled = compile("sort @message | limit 1");
    REQUIRE(compiled);
    Execution execution(
        *compiled,
        options_over({std::make_shared<TestSnapshot>(group_info(9), events, Cut::kOneMorsel)}, 1));
    const auto result = execution.run();
    REQUIRE(result);
    CHECK(result->rows.columns().back() == "@ptr");
    const Row& row = result->rows[0];
    const auto pointer = decode_pointer(row.back().value);
    REQUIRE(pointer);
    CHECK(pointer->group == 9);
    const TestEvent& named = events.at(pointer->sequence - 1);
    CHECK(named.timestamp_ms == pointer->timestamp_ms);
    CHECK(row.at(1).value == named.message);
}

TEST_CASE("no events, no rows") {
    for (const char* text :
         {"", "stats count(*)", "stats count(*) by bin(5m)", "sort a | dedup b"}) {
        CAPTURE(text);
        const auto compiled = compile(text);
        REQUIRE(compiled);
        Execution execution(
            *compiled, options_over({std::make_shared<TestSnapshot>(
                                        group_info(1), std::vector<TestEvent>(), Cut::kOneMorsel)},
                                    2));
        const auto result = execution.run();
        REQUIRE(result);
        CHECK(result->rows.empty());
        CHECK(!result->rows.columns().empty());
    }
}
