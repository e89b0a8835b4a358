// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "cli/event_batch.h"
#include "cli/limits.h"
#include "cli/serve_flags.h"
#include "cli/tail_text.h"
#include "cli/terminal/table.h"
#include "cli/time_args.h"

namespace sky::cli {
namespace {

TEST_CASE("durations: text -> milliseconds") {
    struct Case {
        std::string_view text;
        std::int64_t ms;  // 0: an error.
    };
    static constexpr Case kCases[] = {
        {"500ms", 500},
        {"90s", 90'000},
        {"15m", 900'000},
        {"1h", 3'600'000},
        {"1h30m", 5'400'000},
        {"2d", 172'800'000},
        {"1w", 604'800'000},
        {"1m1s1ms", 61'001},
        {"", 0},
        {"0s", 0},
        {"30", 0},
        {"s", 0},
        {"-1h", 0},
        {"1 h", 0},
        {"1y", 0},
        {"1.5h", 0},
        {"+1h", 0},
        {"99999999999999999999s", 0},
        {"9999999w", 0},
        {"1h30", 0},
        {"5000w5000w", 0},
    };
    for (const Case& c : kCases) {
        CAPTURE(c.text);
        const auto got = parse_duration_ms(c.text);
        REQUIRE(got.has_value() == (c.ms != 0));
        if (got) CHECK(*got == c.ms);
    }
}

TEST_CASE("times: text -> Unix milliseconds") {
    constexpr std::int64_t kNow = 1'767'225'600'000;  // 2026-01-01T00:00:00Z
    struct Case {
        std::string_view text;
        std::int64_t ms;  // -1: an error.
    };
    static constexpr Case kCases[] = {
        {"now", kNow},
        {"2026-01-01", kNow},
        {"2026-01-01T00:00", kNow},
        {"2026-01-01 00:00:30Z", kNow + 30'000},
        {"2026-01-01T12:34:56.789Z", kNow + 45'296'789},
        {"2024-02-29", 1'709'164'800'000},
        {"1767225600", kNow},
        {"1767225600123", kNow + 123},
        {"0", 0},
        {"2h", kNow - 7'200'000},
        {"2026-02-29", -1},
        {"2026-13-01", -1},
        {"2026-00-01", -1},
        {"2026-01-00", -1},
        {"2026-12-32", -1},
        {"2026-1-1", -1},
        {"2026-01-01T24:00", -1},
        {"2026-01-01T00:60", -1},
        {"2026-01-01T00:00:60", -1},
        {"2026-01-01T00:00:00.5", -1},
        {"2026-01-01T00:00+01:00", -1},
        {"2026-01-01T", -1},
        {"yesterday", -1},
        {"", -1},
        {"17672256001234", -1},
    };
    for (const Case& c : kCases) {
        CAPTURE(c.text);
        const auto got = parse_time_ms(c.text, kNow);
        REQUIRE(got.has_value() == (c.ms >= 0));
        if (got) CHECK(*got == c.ms);
    }
}

TEST_CASE("addresses to listen on") {
    struct Case {
        std::string_view text, host;  // Empty host: an error.
        std::uint16_t port;
    };
    static constexpr Case kCases[] = {
        {"127.0.0.1:4580", "127.0.0.1", 4580},
        {"localhost:0", "localhost", 0},
        {"[::1]:4580", "::1", 4580},
        {":80", "0.0.0.0", 80},
        {"127.0.0.1", "", 0},
        {"127.0.0.1:", "", 0},
        {"127.0.0.1:x", "", 0},
        {"127.0.0.1:65536", "", 0},
        {"::1:4580", "", 0},
        {"[::1:4580", "", 0},
        {"[]:4580", "", 0},
    };
    for (const Case& c : kCases) {
        CAPTURE(c.text);
        const auto got = parse_listen(c.text);
        REQUIRE(got.has_value() == !c.host.empty());
        if (got) {
            CHECK(got->host == c.host);
            CHECK(got->port == c.port);
        }
    }
}

TEST_CASE("amounts of memory") {
    struct Case {
        std::string_view text;
        std::uint64_t bytes;  // 0: an error.
    };
    static constexpr Case kCases[] = {
        {"1048576", 1'048'576},
        {"1GiB", 1ULL << 30},
        {"512MiB", 512ULL << 20},
        {"2GB", 2'000'000'000},
        {"", 0},
        {"0", 0},
        {"1 GiB", 0},
        {"-1", 0},
        {"1TiB", 0},
        {"GiB", 0},
        {"99999999999GiB", 0},
    };
    for (const Case& c : kCases) {
        CAPTURE(c.text);
        const auto got = parse_bytes(c.text);
        REQUIRE(got.has_value() == (c.bytes != 0));
        if (got) CHECK(*got == c.bytes);
    }
}

const std::vector<Row> kRows = {
    {{"method", "GET"}, {"avg(duration)", "12.5"}, {"@ptr", "p1"}},
    {{"method", "DELETE"}, {"avg(duration)", "7"}, {"note", "a,\"b\"\nc"}, {"@ptr", "p2"}},
    {{"avg(duration)", "-3e2"}, {"@ptr", "p3"}},
};

TEST_CASE("a table has every field once, where it first stood") {
    const Table table = make_table(kRows);
    CHECK(table.columns == std::vector<std::string>{"method", "avg(duration)", "note", "@ptr"});
    CHECK(table.rows[0][2] == std::nullopt);
    CHECK(table.rows[2][1] == "-3e2");
    const Table twice = make_table({{{"a", "1"}, {"a", "2"}}});
    CHECK(twice.columns.size() == 1);
    CHECK(twice.rows[0][0] == "1");
    CHECK(make_table({}).columns.empty());
}

TEST_CASE("table for a terminal") {
    CHECK(render_table(make_table(kRows), Colour::kOff) ==
          "method  avg(duration)  note\n"
          "------  -------------  --------\n"
          "GET              12.5\n"
          "DELETE              7  a,\"b\"\\nc\n"
          "                 -3e2\n");
    CHECK(render_table(make_table({}), Colour::kOff).empty());
    CHECK(render_table(make_table({{{"a", "1"}}}), Colour::kOn) == "\x1b[1ma\x1b[0m\n-\n1\n");
    // Width counts characters, not bytes.
    CHECK(render_table(make_table({{{"a", "ñandú"}, {"b", "x"}}, {{"a", "abcdef"}, {"b", "y"}}}),
                       Colour::kOff) == "a       b\n------  -\nñandú   x\nabcdef  y\n");
}

TEST_CASE("a table fits its terminal") {
    const Table table = make_table({{{"view", "user-list"}, {"message", std::string(60, 'x')}},
                                    {{"view", "\xc3\xa9t\xc3\xa9"}, {"message", "short"}}});
    CHECK(render_table(table, Colour::kOff, 30) ==
          "view       message\n"
          "---------  -------------------\n"
          "user-list  xxxxxxxxxxxxxxxxxx\xe2\x80\xa6\n"
          "\xc3\xa9t\xc3\xa9        short\n");
    // Too narrow for columns: a block a row.
    CHECK(render_table(table, Colour::kOff, 16) ==
          "view   user-list\n"
          "mess\xe2\x80\xa6  xxxxxxxx\xe2\x80\xa6\n"
          "\n"
          "view   \xc3\xa9t\xc3\xa9\n"
          "mess\xe2\x80\xa6  short\n");
    for (std::size_t width = 10; width < 90; ++width) {
        CAPTURE(width);
        std::string text = render_table(table, Colour::kOff, width);
        while (!text.empty()) {
            const std::string line = text.substr(0, text.find('\n'));
            const auto points = std::ranges::count_if(
                line, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; });
            CHECK(static_cast<std::size_t>(points) <= width);
            text.erase(0, line.size() + 1);
        }
    }
    CHECK(render_table(table, Colour::kOff, 1'000) == render_table(table, Colour::kOff));
}

TEST_CASE("tail: the level of a line") {
    struct Case {
        std::string_view line;
        Severity severity;
    };
    const Case cases[] = {
        {"2026-01-31 ERROR something", Severity::kError},
        {"[error] no upstream", Severity::kError},
        {R"({"time":1,"level":"error","msg":"x"})", Severity::kError},
        {"level=fatal msg=x", Severity::kError},
        {"CRITICAL:root:x", Severity::kError},
        {"error: it failed", Severity::kError},
        {"WARN  [main] x", Severity::kWarning},
        {"level=warning x", Severity::kWarning},
        {"DEBUG x", Severity::kQuiet},
        {"<trace> x", Severity::kQuiet},
        {"INFO retried after ERROR", Severity::kNone},
        {"GET /error 200", Severity::kNone},
        {"no error here", Severity::kNone},
        {"ERRORS_TOTAL 5", Severity::kNone},
        {"[profiler] GET user-list 12.34 200", Severity::kNone},
        {"", Severity::kNone},
    };
    for (const Case& c : cases) {
        CAPTURE(c.line);
        CHECK(severity_of(c.line) == c.severity);
    }
    CHECK(severity_of(std::string(300, ' ') + "ERROR") == Severity::kNone);
}

TEST_CASE("tail: lines for terminals and pipes") {
    const ShownEvent event{1'700'000'000'123, 0, "web", "ERROR \x1b[2J"};
    CHECK(render_event(event, Colour::kOff, Escape::kNothing) ==
          "2023-11-14T22:13:20.123Z web ERROR \x1b[2J\n");
    CHECK(render_event(event, Colour::kOff, Escape::kControls) ==
          "2023-11-14T22:13:20.123Z web ERROR \\x1b[2J\n");
    CHECK(render_event(event, Colour::kOn, Escape::kControls) ==
          "\x1b[2m2023-11-14T22:13:20.123Z web \x1b[0m\x1b[31mERROR \\x1b[2J\x1b[0m\n");
    CHECK(render_event({0, 0, "", "x"}, Colour::kOff, Escape::kControls) ==
          "1970-01-01T00:00:00.000Z x\n");
}

TEST_CASE("tail: what history and live session both tell is shown once; no endless memory") {
    Overlap overlap;
    const ShownEvent event{1'000, 100'000, "web", "a"};
    const auto other = [&](auto change) {
        ShownEvent copy = event;
        change(copy);
        return copy;
    };
    overlap.add_history(event, 0);
    overlap.add_history(event, 0);  // Two equal ones are two.
    CHECK(overlap.is_new(other([](ShownEvent& e) { e.message = "b"; })));
    CHECK(overlap.is_new(other([](ShownEvent& e) { e.stream = "db"; })));
    CHECK(overlap.is_new(other([](ShownEvent& e) { e.timestamp_ms = 1'001; })));
    CHECK(overlap.is_new(other([](ShownEvent& e) { e.ingestion_ms = 100'001; })));
    CHECK_FALSE(overlap.is_new(event));
    CHECK_FALSE(overlap.is_new(event));
    CHECK(overlap.is_new(event));
    // Reading a long history takes five seconds: what came in since then is kept, and a margin.
    for (std::int64_t ms = 0; ms <= 100'000; ms += 1'000)
        overlap.add_history(other([&](ShownEvent& e) { e.ingestion_ms = ms; }), 5'000);
    CHECK(overlap.size() == 1 + (5'000 + limits::kIngestMsMax) / 1'000);
    CHECK_FALSE(overlap.is_new(event));
}

TEST_CASE("a log line cannot drive the terminal") {
    const std::string text =
        render_table(make_table({{{"m", "a\x1b[2Jb\x7f\r\t\xC2\x9Bz"}}}), Colour::kOff);
    CHECK(text.ends_with("a\\x1b[2Jb\\x7f\\r\\t\\x9bz\n"));
}

TEST_CASE("JSON and CSV") {
    CHECK(render_json(make_table(kRows)) ==
          "[\n{\"method\":\"GET\",\"avg(duration)\":\"12.5\",\"@ptr\":\"p1\"},\n"
          "{\"method\":\"DELETE\",\"avg(duration)\":\"7\",\"note\":\"a,\\\"b\\\"\\nc\",\"@ptr\":"
          "\"p2\"},\n{\"avg(duration)\":\"-3e2\",\"@ptr\":\"p3\"}\n]\n");
    CHECK(render_json(make_table({})) == "[]\n");
    CHECK(render_csv(make_table(kRows)) ==
          "method,avg(duration),note\nGET,12.5,\nDELETE,7,\"a,\"\"b\"\"\nc\"\n,-3e2,\n");
    CHECK(render_csv(make_table({})).empty());
}

TEST_CASE("a batch keeps PutLogEvents' limits and the order of time") {
    EventBatch batch;
    CHECK(batch.add("", 1) == EventBatch::Add::kEmptyLine);
    CHECK(batch.add("a\"b", 1000) == EventBatch::Add::kAdded);
    CHECK(batch.add("c", 900) == EventBatch::Add::kAdded);
    CHECK(batch.body("g", "s") ==
          "{\"logGroupName\":\"g\",\"logStreamName\":\"s\",\"logEvents\":["
          "{\"timestamp\":1000,\"message\":\"a\\\"b\"},{\"timestamp\":1000,\"message\":\"c\"}]}");
    batch.clear();
    CHECK(batch.empty());

    const std::string longest(kBatchBytesMax - kEventOverheadBytes, 'x');
    CHECK(batch.add(longest + "x", 1) == EventBatch::Add::kTooLong);
    CHECK(batch.add(longest, 1) == EventBatch::Add::kAdded);
    CHECK(batch.add("x", 1) == EventBatch::Add::kFull);
    batch.clear();
    for (std::size_t i = 0; i < kBatchEventsMax; ++i) {
        REQUIRE(batch.add("x", 1) == EventBatch::Add::kAdded);
    }
    CHECK(batch.add("x", 1) == EventBatch::Add::kFull);
    CHECK(batch.size() == kBatchEventsMax);
}

TEST_CASE("bytes that are no UTF-8 become U+FFFD") {
    struct Case {
        const char* name;
        std::string_view text, utf8;
    };
    static constexpr Case kCases[] = {
        {"ASCII", "abc", "abc"},
        {"all lengths", "é€😀", "é€😀"},
        {"lone continuation", "a\x80z", "a\uFFFDz"},
        {"latin-1", "caf\xE9", "caf\uFFFD"},
        {"cut sequence", "\xE2\x82", "\uFFFD\uFFFD"},
        {"overlong", "\xC0\xAF", "\uFFFD\uFFFD"},
        {"overlong of three", "\xE0\x80\xAF", "\uFFFD\uFFFD\uFFFD"},
        {"surrogate", "\xED\xA0\x80", "\uFFFD\uFFFD\uFFFD"},
        {"beyond Unicode", "\xF4\x90\x80\x80", "\uFFFD\uFFFD\uFFFD\uFFFD"},
    };
    for (const Case& c : kCases) {
        CAPTURE(c.name);
        CHECK(to_utf8(c.text) == c.utf8);
    }
}

}  // namespace
}  // namespace sky::cli
