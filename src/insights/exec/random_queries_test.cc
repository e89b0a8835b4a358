// SPDX-License-Identifier: Apache-2.0
// Random queries over random events: whatever the grammar makes must answer alike however events
// fall into morsels and threads and however they are stored, as the row-at-a-time interpreter
// answers, and laws of the language must hold. 2,000 queries here; SKYWATCH_RANDOM_QUERIES=100000
// runs as many, SKYWATCH_RANDOM_SEED another series.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cmath>
#include <cstdlib>
#include <ostream>

#include "base/random.h"
#include "insights/exec/query.h"
#include "insights/exec/random_grammar.h"
#include "insights/exec/random_run.h"
#include "insights/exec/reference_interpreter.h"
#include "insights/exec/test_snapshot.h"
#include "insights/syntax/parser.h"

using namespace sky;
using namespace sky::insights;
using sky::insights::testing::Cut;
using sky::insights::testing::Form;
using sky::insights::testing::Grammar;
using sky::insights::testing::TestEvent;

namespace {

using sky::insights::testing::kAlways;

std::string answer(const std::string& text, const std::vector<TestEvent>& events, Cut cut,
                   unsigned threads, Form form = Form::kText, store::TimeRange range = kAlways) {
    const auto query = compile(text);
    if (!query) return fmt::format("error {}", query.error().offset);
    const auto rows = testing::rows_as_text(*query, events, cut, threads, form, range);
    return rows ? *rows : "failed " + rows.error().message;
}

/// The third run of a query, which has what the second one kept.
std::string answer_from_cache(const std::string& text, const std::vector<TestEvent>& events,
                              Cut cut, Form form, PartialCache& cache) {
    std::string out;
    for (int run = 0; run < 3; ++run) {
        const auto query = compile(text);
        if (!query) return fmt::format("error {}", query.error().offset);
        const auto rows =
            testing::rows_as_text(*query, events, cut, run == 0 ? 2U : 1U, form, kAlways, &cache);
        out = rows ? *rows : "failed " + rows.error().message;
    }
    return out;
}

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = text.find('\n', at);
        lines.push_back(text.substr(at, end - at));
        at = end + 1;
    }
    return lines;
}

std::string first_lines(const std::string& text, std::size_t count) {
    std::string out;
    for (const std::string& line : lines_of(text)) {
        if (count-- == 0) break;
        out += line + "\n";
    }
    return out;
}

struct Outcome {
    bool equal;
    std::string text;
    explicit operator bool() const { return equal; }
};
std::ostream& operator<<(std::ostream& out, const Outcome& outcome) { return out << outcome.text; }

/// The expected text, or a number that differs in its last digits alone: which sums are rounded
/// when is nobody's rule.
Outcome same(const std::string& plain, const std::string& expected) {
    if (plain == expected) return {true, {}};
    Outcome different{false, "came\n" + plain + "expected\n" + expected};
    std::size_t i = 0;
    std::size_t j = 0;
    while (i < plain.size() && j < expected.size()) {
        if (plain[i] == expected[j]) {
            ++i;
            ++j;
            continue;
        }
        // Back to the cell's value.
        const std::size_t from = plain.rfind('=', i) + 1;
        const std::size_t other = expected.rfind('=', j) + 1;
        const std::string x = plain.substr(from, plain.find_first_of("\t\n", from) - from);
        const std::string y = expected.substr(other, expected.find_first_of("\t\n", other) - other);
        const double a = std::strtod(x.c_str(), nullptr);
        const double b = std::strtod(y.c_str(), nullptr);
        const bool digits = x.find_first_not_of("-.0123456789") == std::string::npos &&
                            y.find_first_not_of("-.0123456789") == std::string::npos;
        if (x.empty() || y.empty() || !digits || std::abs(a - b) > 1e-14 * std::abs(a)) {
            return different;
        }
        i = from + x.size();
        j = other + y.size();
    }
    return {i == plain.size() && j == expected.size(), different.text};
}

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
    const char* text = std::getenv(name);
    return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

}  // namespace

TEST_CASE("random queries answer alike in every configuration, and laws hold") {
    const std::uint64_t count = from_environment("SKYWATCH_RANDOM_QUERIES", 2'000);
    const std::uint64_t seed = from_environment("SKYWATCH_RANDOM_SEED", 1);
    std::size_t compiled = 0;
    std::size_t interpreted = 0;
    std::uint64_t hits = 0;
    for (std::uint64_t i = 0; i < count; ++i) {
        Grammar grammar(SeededRandom(seed * 1'000'003 + i));
        const std::vector<TestEvent> events = grammar.events();
        const std::string text = grammar.query();
        CAPTURE(i);
        CAPTURE(text);
        const std::string plain = answer(text, events, Cut::kOneMorsel, 1);
        if (plain.starts_with("error ")) continue;
        ++compiled;
        CHECK(!plain.starts_with("failed "));
        CHECK(answer(text, events, Cut::kRowByRow, 1) == plain);
        CHECK(answer(text, events, Cut::kScattered, 3) == plain);
        CHECK(answer(text, events, Cut::kByTime, 2) == plain);
        CHECK(answer(text, events, Cut::kOneMorsel, 1, Form::kShaped) == plain);
        CHECK(answer(text, events, Cut::kScattered, 2, Form::kShapedCut) == plain);
        PartialCache cache(1 << 20);
        CHECK(answer_from_cache(text, events, Cut::kScattered, Form::kShaped, cache) == plain);
        hits += cache.stats().hits;
        if (const auto expected = testing::reference::answer(text, events)) {
            ++interpreted;
            CHECK(same(plain, *expected));
        }
        // The first rows of a query are those of the query with a limit.
        CHECK(answer(text + " | limit 3", events, Cut::kRowByRow, 1) == first_lines(plain, 3));
        // A filter that is always true changes nothing.
        CHECK(answer("filter 1 = 1 | " + text, events, Cut::kOneMorsel, 1) == plain);
        CHECK(answer(text + " | filter 1 = 1", events, Cut::kOneMorsel, 1) == plain);
        // The printed form is the same query, but for the names of columns without alias.
        const auto tree = parse(text);
        REQUIRE(tree);
        const auto again = parse(print(*tree));
        REQUIRE(again);
        CHECK(*again == *tree);
    }
    CHECK(compiled > count / 2);     // Most of what the grammar makes is no error.
    CHECK(interpreted > count / 3);  // And most of that is interpreted.
    CHECK(hits > count / 10);        // What was kept was used.
    MESSAGE(compiled << " queries ran, " << interpreted << " of them interpreted as well");
}

TEST_CASE("random queries on one row at a time: parts of the time are parts of the answer") {
    const std::uint64_t count = from_environment("SKYWATCH_RANDOM_QUERIES", 2'000) / 10;
    const std::uint64_t seed = from_environment("SKYWATCH_RANDOM_SEED", 1);
    for (std::uint64_t i = 0; i < count; ++i) {
        Grammar grammar(SeededRandom(seed * 7'000'003 + i));
        const std::vector<TestEvent> events = grammar.events();
        if (events.empty()) continue;
        const std::string text = grammar.row_query();
        CAPTURE(i);
        CAPTURE(text);
        const std::string whole = answer(text, events, Cut::kOneMorsel, 1);
        if (whole.starts_with("error ")) continue;
        const std::int64_t middle = events[events.size() / 2].timestamp_ms;
        CHECK(answer(text, events, Cut::kScattered, 2, Form::kText, {middle, kAlways.end_ms}) +
                  answer(text, events, Cut::kScattered, 2, Form::kText,
                         {kAlways.begin_ms, middle - 1}) ==
              whole);
        // Sorting again by the same changes nothing; it only reorders; a tail is the other end.
        const std::string key = grammar.sort_key();
        const std::string sorted = answer(text + " | sort " + key, events, Cut::kScattered, 2);
        CHECK(answer(text + " | sort " + key + " | sort " + key, events, Cut::kOneMorsel, 1) ==
              sorted);
        std::vector<std::string> left = lines_of(sorted);
        std::vector<std::string> right = lines_of(whole);
        std::string last;
        for (std::size_t at = left.size() > 4 ? left.size() - 4 : 0; at < left.size(); ++at) {
            last += left[at] + "\n";
        }
        CHECK(answer(text + " | sort " + key + " | tail 4", events, Cut::kRowByRow, 1) == last);
        std::sort(left.begin(), left.end());
        std::sort(right.begin(), right.end());
        CHECK(left == right);
    }
}
