// SPDX-License-Identifier: Apache-2.0
#include "insights/exec/shaped_scan.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "base/random.h"
#include "insights/exec/query.h"
#include "insights/exec/test_snapshot.h"

using namespace sky;
using namespace sky::insights;
using namespace sky::insights::testing;

namespace {

struct Batch {
    store::EventBatch events;
    Batch(const shapes::Shaping& shaping, std::size_t bytes) {
        const std::size_t rows = shaping.family_of_row.size();
        for (std::size_t i = 0; i < rows; ++i) {
            events.timestamp_ms.push_back(static_cast<std::int64_t>(i));
            events.sequence.push_back(i + 1);
        }
        auto opened = shapes::ShapedBlock::open(shapes::encode_block(shaping), rows, bytes);
        REQUIRE(opened);
        events.shaped = *std::move(opened);
    }
};

/// What each part is: its rows, and a letter a question: m(atch), -(miss), s(low).
std::string parts_of(std::string_view query, const shapes::Shaping& shaping, std::size_t bytes) {
    const Plan plan = *plan_query(query);
    const std::vector<SymbolicSite> sites = symbolic_sites(plan, plan.steps.size());
    const Batch batch(shaping, bytes);
    ShapedScan scan(sites);
    REQUIRE(scan.open(batch.events));
    std::string out;
    for (const ShapedPart& part : scan.parts()) {
        std::string text = (out.empty() ? "" : " ") + std::to_string(part.rows) + ":";
        for (const symbolic::Binding& binding : part.bindings) {
            text += "sm-"[binding.verdict == symbolic::Verdict::kSlow    ? 0
                          : binding.verdict == symbolic::Verdict::kMatch ? 1
                                                                         : 2];
        }
        out += text;
    }
    return out;
}

std::string parts_of(std::string_view query, const std::vector<std::string>& lines) {
    std::size_t bytes = 0;
    for (const std::string& line : lines) bytes += line.size();
    return parts_of(query, shape_lines(lines), bytes);
}

std::vector<std::string> seed_lines(std::size_t count) {
    static constexpr std::string_view kViews[] = {"user-list", "user-detail", "order", "a", "b"};
    std::vector<std::string> out;
    for (std::size_t i = 0; i < count; ++i) {
        out.push_back(fmt::format("[profiler] {} {} {}.{:02} {}", i % 3 == 0 ? "GET" : "POST",
                                  kViews[i % 5], i * 7 % 900, i % 100, i % 7 == 0 ? 500 : 200));
    }
    return out;
}

constexpr std::string_view kParse =
    "parse @message \"[*] * * * *\" as p, method, view, duration, status | stats avg(duration) by "
    "method, view";

/// Lines that try what parse can meet: values with delimiters in them, empty ones, other forms.
std::vector<std::string> messy_lines(SeededRandom& random, std::size_t count) {
    static constexpr std::string_view kViews[] = {"user-list", "a b", "x]y", "x] y", "",
                                                  "[in]",      "año", "v",   "v",    "v"};
    static constexpr std::string_view kDurations[] = {"12.34", "0.05", "-1.00", "7.10", "-",
                                                      "1e3",   "007",  "+7.00", "12.3"};
    static constexpr std::string_view kOthers[] = {
        "Traceback (most recent call last):\n  File \"x\"\nValueError: [1] 2 3 4 5",
        "GET /a/b?c=d 200",
        "",
        " ",
        "[profiler] broken",
        "[profiler size=5] GET v 1.00 200\r\n"};
    std::vector<std::string> out;
    for (std::size_t i = 0; i < count; ++i) {
        if (random.below(5) == 0) {
            out.emplace_back(kOthers[random.below(std::size(kOthers))]);
            continue;
        }
        const std::string_view view = kViews[random.below(random.below(20) == 0 ? 10 : 1) % 10];
        const std::string_view odd = kDurations[random.below(std::size(kDurations))];
        const std::string duration =
            random.below(30) == 0 ? std::string(odd)
                                  : fmt::format("{}.{:02}", random.below(900), random.below(100));
        out.push_back(fmt::format("[profiler] {} {} {} {}", random.below(2) == 0 ? "GET" : "PUT",
                                  view, duration, 200 + 100 * random.below(4)));
    }
    return out;
}

std::string rows_of(std::string_view text, const std::vector<TestEvent>& events, Form form,
                    ShapedReads shaped, unsigned threads) {
    const auto query = compile(text);
    REQUIRE_MESSAGE(query.has_value(), text);
    store::GroupInfo info;
    info.id = 1;
    info.tenant = {"123456789012", "us-east-1"};
    info.name = "g";
    RunOptions options;
    options.sources.push_back({std::make_shared<TestSnapshot>(info, events,
                                                              threads == 1   ? Cut::kOneMorsel
                                                              : threads == 2 ? Cut::kByTime
                                                                             : Cut::kScattered,
                                                              1, form),
                               "123456789012:g"});
    options.range = {0, INT64_MAX};
    options.threads = threads;
    options.shaped = shaped;
    Execution execution(*query, options);
    const auto result = execution.run();
    if (!result) return result.error().message;
    // Where enough rows were found early, how many match is not known.
    const bool counted = text.find("limit") == std::string_view::npos;
    std::string out =
        counted ? fmt::format("matched {}\n", result->statistics.records_matched) : "";
    for (const Row& row : result->rows) {
        for (const Cell& cell : row) out += cell.field + "=" + cell.value + "\t";
        out += "\n";
    }
    return out;
}

}  // namespace

TEST_CASE("a family whose questions are decided is one part") {
    const std::vector<std::string> lines = seed_lines(2'000);
    CHECK(parts_of(kParse, lines) == "2000:m");
    CHECK(parts_of("filter @message like \"nowhere\" | stats count(*)", lines) == "2000:-");
    CHECK(parts_of("filter @message =~ /\\] (\\S+) / and @message like \"[profiler]\"", lines) ==
          "2000:mm");
    CHECK(parts_of("filter @message like \" 5\"", lines) == "2000:s");
}

TEST_CASE("numbers are what their values are, not what their form allows") {
    CHECK(parts_of("parse @message /\\] (\\S+) (\\S+) ([\\d.]+) (\\d+)/ as method, view, ms, "
                   "status | stats avg(ms), max(status) by method, view",
                   seed_lines(2'000)) == "2000:m");
}

TEST_CASE("a slot of one value is a constant and joins its neighbours") {
    constexpr std::size_t kRows = 70;
    shapes::Shaping shaping;
    shaping.families.resize(1);
    shaping.families[0].add_slot();
    shaping.families[0].add_constant(" ");
    shaping.families[0].add_slot();
    shaping.rows.resize(1);
    shaping.rows[0].slots = {std::vector<std::string_view>(kRows, "[profiler]"),
                             std::vector<std::string_view>(kRows, "broken")};
    shaping.family_of_row.assign(kRows, 0);
    CHECK(parts_of("parse @message \"*] br*\" as a, b | stats count(*) by a", shaping,
                   kRows * 17) == "70:m");
}

TEST_CASE("a few values in the way cost their own rows only") {
    std::vector<std::string> lines = seed_lines(2'000);
    // As long in words as the others, so in their family; the delimiter stands inside a value.
    lines[100] = "[profiler] GET x]\ty 1.00 200";
    lines[700] = "[profiler] GET v - 200";
    CHECK(parts_of(kParse, lines) == "2000:m");
    constexpr std::string_view kTab =
        "parse @message \"[*] * *\t* *\" as p, method, view, rest, more | stats count(*) by view";
    CHECK(parts_of(kTab, lines) == "1999:- 1:s");
    constexpr std::string_view kDigits =
        "parse @message /\\] (?<method>\\S+) (?<view>\\S+) (?<ms>[\\d.]+) / | stats avg(ms) by "
        "view";
    CHECK(parts_of(kDigits, lines) == "1998:m 2:s");
}

TEST_CASE("shaped lines give the rows that text gives") {
    static constexpr std::string_view kQueries[] = {
        kParse,
        "parse @message \"[*] * * * *\" as p, method, view, duration, status | stats count(*), "
        "sum(duration), min(duration), max(duration), pct(duration, 95), stddev(duration) by "
        "status, method, bin(30s)",
        "parse @message \"[*] * * * *\" as p, method, view, duration, status | filter status >= "
        "400 and view like \"list\" | sort duration desc, @timestamp asc | limit 7",
        "parse @message /(?<method>GET|PUT) (?<view>\\S*) (?<duration>[-+\\d.e]+) (?<status>\\d+)/ "
        "| stats avg(duration), count_distinct(duration), latest(view), earliest(status) by method",
        "stats count(*), count(*) as again",
        "parse @message \"[*] * * * *\" as p, method, view, duration, status | stats "
        "pct(duration, 50), pct(status, 50), pct(duration, 99), avg(duration), avg(duration) as "
        "again by method",
        "filter @message like \"profiler\" | stats count(*)",
        "filter @message like \"] \" | stats count(*) by bin(1m)",
        "filter @message like \" 12.34 \" or @message like \" 7.\" | stats count(*) by @message",
        "filter @message like \"GET v\" | stats count(*)",
        "filter @message like \"4 200\" or @message like \"0 300\" | stats count(*) by bin(1m)",
        "filter @message like \" - \" or @message like \"1.0\" | fields @message",
        "filter @message not like \" PUT \" and @message like \"x]\" | fields @message",
        "filter @message =~ /user.*list/ or @message =~ /(?i)TRACE/ | stats count(*)",
        "filter @message =~ /PUT \\S+ \\d+\\.5/ | stats count(*), latest(@message)",
        "filter @message =~ /T (v|user-list) [1-4]\\d\\./ and @message like \"0\" | stats count(*)",
        "filter @message =~ /^$/ or @message like \"\\n\" | stats count(*)",
        "filter @message =~ /v \\d+\\.1/ | fields @timestamp, @message | limit 20",
        "filter @message not like \"profiler\" or @message like \" 12\" | fields @message | limit "
        "9",
        "parse @message \"* * *\" as a, b, c | stats count(*) by a, b",
        "parse @message \"* *\" as a, b | parse b \"* *\" as c, d | stats count(*) by c",
        "parse @message \"[*] * * * *\" as p, method, view, duration, status | filter view in "
        "[\"v\", \"x]y\"] | stats count(*) by duration, view | sort duration asc",
        "parse @message \"[*] * * * *\" as p, method, view, duration, status | fields "
        "concat(method, \":\", view) as route, duration * 2 as twice | stats sum(twice) by route",
        "parse @message \"[*] * * * *\" as p, method, view, duration, status | filter duration = "
        "12.3 or duration = 7 | fields duration, status, view",
        "parse @message \"[*] * *\" as p, method, rest | dedup method, p",
        "fields @timestamp, @message | sort @timestamp desc | limit 50",
        "parse @message \"[*] * * * *\" as p, method, view, duration, status | stats "
        "avg(duration) as a, sum(status) as b by method, view, bin(30s) | stats count(*), sum(a), "
        "max(b), stddev(a)",
        "parse @message \"[*] * * * *\" as p, method, view, duration, status | stats "
        "sum(duration) as a, count(*) as n by bin(1m) as t, view | filter n > 2 and view like "
        "\"l\" | fields a / n as mean | stats sum(mean), count_distinct(n), min(view) by t",
        "fields strlen(@message) as bytes | stats sum(bytes), count(*)",
    };
    SeededRandom random(5);
    for (int round = 0; round < 6; ++round) {
        std::vector<TestEvent> events;
        std::uint64_t sequence = 0;
        for (std::string& line : messy_lines(random, 1'500)) {
            events.push_back({1'767'225'600'000 + static_cast<std::int64_t>(random.below(600'000)),
                              ++sequence, "s", std::move(line)});
        }
        for (const std::string_view query : kQueries) {
            CAPTURE(query);
            CAPTURE(round);
            const std::string expected = rows_of(query, events, Form::kText, ShapedReads::kYes, 1);
            CHECK(rows_of(query, events, Form::kShaped, ShapedReads::kYes, 1) == expected);
            CHECK(rows_of(query, events, Form::kShaped, ShapedReads::kYes, 2) == expected);
            CHECK(rows_of(query, events, Form::kShaped, ShapedReads::kYes, 3) == expected);
            CHECK(rows_of(query, events, Form::kShapedCut, ShapedReads::kYes, 1) == expected);
        }
    }
}

TEST_CASE("regexes answered by the values of slots find what a search of the lines finds") {
    SeededRandom random(11);
    static constexpr std::string_view kParts[] = {
        "[0-9]{3}", "\\.",  "[0-9]+", " ",    " 50[0-9]", "\\d{1,2}\\.", "^\\[", "GET",
        ".*",       "list", "-?\\d",  "[45]", "00$",      "(PUT|GET) ",  "\\S+", "[^ ]*",
        "0",        "7",    "x?",     "\\b",  "[a-z]+-",  "(?:9|1)",     "-",    "\\]"};
    std::vector<TestEvent> events;
    std::uint64_t sequence = 0;
    for (std::string& line : messy_lines(random, 6'000)) {
        events.push_back({1'767'225'600'000 + static_cast<std::int64_t>(random.below(600'000)),
                          ++sequence, "s", std::move(line)});
    }
    for (std::string& line : seed_lines(2'000)) {
        events.push_back({1'767'226'600'000 + static_cast<std::int64_t>(sequence), ++sequence, "s",
                          std::move(line)});
    }
    // Numbers of every length and sign, padded ones, and a few that have another form.
    for (std::size_t i = 0; i < 3'000; ++i) {
        const auto number = static_cast<std::int64_t>(random.next_u64() >> (1 + random.below(62)));
        const std::string text =
            random.below(300) == 0
                ? "+7.5"
                : fmt::format("{}.{}", number / 10 * (i % 9 == 0 ? -1 : 1), number % 10);
        events.push_back(
            {1'767'226'800'000 + static_cast<std::int64_t>(i), ++sequence, "s",
             fmt::format("took {} s in {} of {:04}-{}", text, i % 5 == 0 ? "list" : "a-report",
                         random.below(10'000), 500 + random.below(10))});
    }
    std::size_t some = 0;
    for (int round = 0; round < 60; ++round) {
        std::string pattern;
        const std::size_t parts = 1 + random.below(4);
        for (std::size_t i = 0; i < parts; ++i) pattern += kParts[random.below(std::size(kParts))];
        const std::string query = fmt::format(
            "filter @message =~ /{}/ | stats count(*), min(@timestamp), max(@message)", pattern);
        CAPTURE(query);
        const std::string expected = rows_of(query, events, Form::kText, ShapedReads::kYes, 1);
        CHECK(rows_of(query, events, Form::kShaped, ShapedReads::kYes, 1) == expected);
        CHECK(rows_of(query, events, Form::kShapedCut, ShapedReads::kYes, 2) == expected);
        // How many alone: whole parts at once, without times.
        static constexpr std::string_view kMore[] = {"", " and @message like \"0\"",
                                                     " or @message not like \" 20\""};
        const std::string count = fmt::format("filter @message =~ /{}/{} | stats count(*) as n",
                                              pattern, kMore[random.below(std::size(kMore))]);
        CAPTURE(count);
        const std::string number = rows_of(count, events, Form::kText, ShapedReads::kYes, 1);
        CHECK(rows_of(count, events, Form::kShaped, ShapedReads::kYes, 1) == number);
        CHECK(rows_of(count, events, Form::kShaped, ShapedReads::kYes, 2) == number);
        some += expected.find("count") != std::string::npos ? 1U : 0U;
    }
    CHECK(some > 20);
}

TEST_CASE("ids of hex digits are found whole, in part, at their ends, and among exceptions") {
    SeededRandom random(12);
    std::vector<TestEvent> events;
    std::vector<std::string> ids;
    for (std::size_t i = 0; i < 1'500; ++i) {
        std::string id = fmt::format("{:016x}{:016x}", random.next_u64(), random.next_u64());
        if (random.below(200) == 0) id = "none";
        const std::string span = fmt::format("{:016X}", random.next_u64());
        events.push_back({1'767'225'600'000 + static_cast<std::int64_t>(i), i + 1, "s",
                          fmt::format("at a{} of {}-{} end", id, span, random.below(50))});
        ids.push_back(std::move(id));
    }
    const std::string& id = ids[700];
    const std::string texts[] = {id,
                                 "a" + id,
                                 "a" + id + " of ",
                                 "at a" + id + " of",
                                 id.substr(0, 20),
                                 id.substr(9),
                                 id.substr(20) + " o",
                                 "a" + id.substr(0, 5),
                                 "none",
                                 "anone of",
                                 id + id,
                                 events[5].message.substr(events[5].message.find("of "), 20),
                                 "0" + id.substr(1)};
    for (const std::string& text : texts) {
        const std::string query =
            fmt::format("filter @message like \"{}\" | fields @message", text);
        CAPTURE(query);
        const std::string expected = rows_of(query, events, Form::kText, ShapedReads::kYes, 1);
        CHECK(rows_of(query, events, Form::kShaped, ShapedReads::kYes, 1) == expected);
        CHECK(rows_of(query, events, Form::kShapedCut, ShapedReads::kYes, 2) == expected);
    }
}
