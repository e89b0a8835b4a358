// SPDX-License-Identifier: Apache-2.0
#include "insights/functions/glob.h"

#include <doctest/doctest.h>

#include <random>

#include "insights/functions/regex.h"
#include "insights/functions/test_batch.h"

using namespace sky::insights;
using sky::insights::test::Batch;

TEST_CASE("glob: captures of one text") {
    struct Case {
        std::string_view pattern, text;
        bool matches;
        std::vector<std::string_view> captures;
    };
    static const Case kCases[] = {
        {"[*] * * * *",
         "[profiler] GET user-list 12.34 200",
         true,
         {"profiler", "GET", "user-list", "12.34", "200"}},
        {"[*] * * * *",
         "noise [profiler] GET a/b 7 500 tail",
         true,
         {"profiler", "GET", "a/b", "7", "500 tail"}},
        {"[*] * * * *",
         "[profiler size=512 queries=3] GET user-list 12.34 200",
         true,
         {"profiler size=512 queries=3", "GET", "user-list", "12.34", "200"}},
        {"[*] * The error was: *",
         "25 May 2019 10:24:39,474 [ERROR] {foo=2, bar=data} The error was: DataIntegrityException",
         true,
         {"ERROR", "{foo=2, bar=data}", "DataIntegrityException"}},
        {"[*] * * * *", "nothing here", false, {}},
        {"*", "all of it", true, {"all of it"}},
        {"*", "", true, {""}},
        {"* *", "a", false, {}},
        {"a*b", "xxaYYbzz", true, {"YY"}},
        {"a*b", "ab", true, {""}},
        {"*=*;", "k=v;w", true, {"k", "v"}},
        {"*=*", "=", true, {"", ""}},
        {"**", "abc", true, {"", "abc"}},
        {"***x", "abcx", true, {"", "", "abc"}},
        {"a*", "ba line\r\n", true, {" line"}},
        {"a*", "ba line\n", true, {" line"}},
        {"a*", "ba line\n\n", true, {" line\n"}},
        {"a*\n", "ba line\n", true, {" line"}},
        {"a**", "ab\n", true, {"", "b"}},
        {"x*y*", "x1\ny2", true, {"1\n", "2"}},
        {"aab*", "aaab!", true, {"!"}},
        {"é*ö", "a é1ö", true, {"1"}},
    };
    for (const Case& c : kCases) {
        CAPTURE(c.pattern);
        CAPTURE(c.text);
        const auto glob = Glob::compile(c.pattern);
        REQUIRE(glob);
        std::vector<std::string_view> captures(glob->captures());
        REQUIRE(glob->match(c.text, captures) == c.matches);
        if (c.matches) CHECK(captures == c.captures);
    }
}

TEST_CASE("glob: refused patterns") {
    CHECK(Glob::compile("no wildcard").error().code == sky::ErrorCode::kMalformedQuery);
    CHECK(Glob::compile("").error().code == sky::ErrorCode::kMalformedQuery);
    CHECK(Glob::compile(std::string(201, '*')).error().code == sky::ErrorCode::kMalformedQuery);
    CHECK(Glob::compile(std::string(200, '*'))->captures() == 200);
}

TEST_CASE("glob: columns, only the needed captures") {
    Batch batch(4);
    const auto glob = Glob::compile("[*] * *");
    REQUIRE(glob);
    const bool needed[] = {true, false, true};
    const auto columns =
        glob->parse(batch.context, batch.texts({"[a] b c", "miss", "missing", "[] x y z"}), needed);
    REQUIRE(columns.size() == 3);
    CHECK(test::rendered(columns[0]) == std::vector<std::string>{"a", "missing", "missing", ""});
    CHECK(columns[1] == nullptr);
    CHECK(test::rendered(columns[2]) == std::vector<std::string>{"c", "missing", "missing", "y z"});
    // A constant source, and one that is computed.
    const bool first[] = {true};
    CHECK(test::rendered(Glob::compile("1*")->parse(
              batch.context, batch.constant(Value::of_number(12.5)), first)[0])[3] == "2.5");
}

// The specification defines the glob by a regex; RE2 is the second opinion.
TEST_CASE("glob equals its translation to a regex") {
    std::mt19937_64 random(5);
    const auto text_of = [&](std::string_view alphabet, std::size_t length_max) {
        std::string out;
        const std::size_t length = random() % (length_max + 1);
        for (std::size_t i = 0; i < length; ++i) out += alphabet[random() % alphabet.size()];
        return out;
    };
    for (int round = 0; round < 3000; ++round) {
        const std::string pattern = text_of("ab ]*", 8);
        const auto glob = Glob::compile(pattern);
        if (!glob) continue;
        std::string regex_text = pattern.starts_with('*') ? "(?s)\\A" : "(?s)";
        for (std::size_t i = 0; i < pattern.size(); ++i) {
            const bool last = pattern[i] == '*' && i + 1 == pattern.size();
            if (pattern[i] == '*')
                regex_text += last ? "(.*)" : "(.*?)";
            else if (pattern[i] == ']')
                regex_text += "\\]";
            else
                regex_text += pattern[i];
        }
        const auto regex = Regex::compile(regex_text);
        REQUIRE(regex);
        for (int i = 0; i < 20; ++i) {
            const std::string text = text_of("ab ]", 12);
            CAPTURE(pattern);
            CAPTURE(text);
            std::vector<std::string_view> expected(glob->captures());
            std::vector<std::string_view> got(glob->captures());
            const bool matches = glob->match(text, got);
            REQUIRE(matches == regex->search(text, expected));
            if (matches) REQUIRE(got == expected);
        }
    }
}
