// SPDX-License-Identifier: Apache-2.0
#include "insights/functions/regex.h"

#include <doctest/doctest.h>

#include "insights/functions/limits.h"
#include "insights/functions/regex_syntax.h"
#include "insights/functions/test_batch.h"

using namespace sky::insights;
using sky::insights::test::Batch;

TEST_CASE("regex: search, names, groups") {
    struct Case {
        std::string_view pattern, text;
        bool matches;
        std::vector<std::string_view> names, groups;  // "-" = took no part.
    };
    static const Case kCases[] = {
        {R"((?<ms>\d+\.\d+) (?<st>\d{3}))",
         "[profiler] GET x 12.34 200",
         true,
         {"ms", "st"},
         {"12.34", "200"}},
        {R"((?P<a>x)|(?<b>y))", "y", true, {"a", "b"}, {"-", "y"}},
        {R"((a)(?<n>b)(?:c))", "abc", true, {"", "n"}, {"a", "b"}},
        {"GET", "get", false, {}, {}},
        {"(?i)GET", "get", true, {}, {}},
        {"(?is)a.b", "A\nB", true, {}, {}},
        {"a.b", "a\nb", false, {}, {}},
        {"(?m)^b$", "a\nb\nc", true, {}, {}},
        {"b$", "ab\n", false, {}, {}},
        {R"(\/api\/(?<id>\d+))", "GET /api/42", true, {"id"}, {"42"}},
        {"/api/", "GET /api/42", true, {}, {}},
        {R"([\/]x)", "/x", true, {}, {}},
        {"(?x) a  b # comment (\n (?<c> [ ] c )", "ab c", true, {"c"}, {" c"}},
        {R"([(?<]x)", "<x", true, {}, {}},
        {R"(\(?<x)", "<x", true, {}, {}},
        {R"(\Q(?<a>\E(?<a>.))", "(?<a>z", true, {"a"}, {"z"}},
        {R"([[:digit:]]+(?<u>ms|s))", "12ms", true, {"u"}, {"ms"}},
        {R"(\pL\p{Lu}\x41\x{42})", "äÖAB", true, {}, {}},
        {R"(\x41\x42)", "AB", true, {}, {}},
        {R"(\0612)", "12", true, {}, {}},
        {R"(ab?c)", "ac", true, {}, {}},
        {R"(abc{0}d)", "abd", true, {}, {}},
        {R"(é?x)", "x", true, {}, {}},
        {R"(x|yz)", "yz", true, {}, {}},
        {R"(a{b)", "a{b", true, {}, {}},
        {R"((?<all>.*?))", "text", true, {"all"}, {""}},
        {"", "anything", true, {}, {}},
    };
    for (const Case& c : kCases) {
        CAPTURE(c.pattern);
        const auto regex = Regex::compile(c.pattern);
        REQUIRE(regex);
        CHECK(regex->search(c.text) == c.matches);
        if (!c.names.empty()) {
            CHECK(std::vector<std::string_view>(regex->group_names().begin(),
                                                regex->group_names().end()) == c.names);
        }
        std::vector<std::string_view> groups(regex->group_names().size());
        CHECK(regex->search(c.text, groups) == c.matches);
        for (std::size_t i = 0; i < c.groups.size(); ++i) {
            if (c.groups[i] == "-")
                CHECK(groups[i].data() == nullptr);
            else
                CHECK(groups[i] == c.groups[i]);
        }
    }
}

TEST_CASE("regex: what linear time cannot do is refused where it stands") {
    struct Case {
        std::string_view pattern;
        std::int64_t offset, length;
    };
    static const Case kCases[] = {
        {"ab(?=c)", 2, 3},
        {"(?!c)", 0, 3},
        {"x(?<=c)", 1, 4},
        {"(?<!c)", 0, 4},
        {R"((a)\1)", 3, 2},
        {R"((?<n>a)\k<n>)", 7, 2},
        {"(?P=n)", 0, 4},
        {"a(?>b)", 1, 3},
        {"(?(1)a)", 0, 3},
        {"ab++", 2, 2},
        {"(?<1a>x)", 0, 6},
        {"(?<a-b>x)", 0, 5},
        {"(?<ax", 0, 5},
        {"a(?x)b", 1, 3},
        {R"(a\Z)", 1, 2},
        {"a(b", 0, 3},
        {"a[b", 1, 2},
        {"xx(?<a>b", 0, 8},
        {"(?<a>.)(?<a>.)", 7, 5},
        {"a**", 1, 2},
        {"abc)", 0, 4},
        {"(?<n>a)[z-a]", 8, 3},
        {"((a{1000}){1000}){1000}", 3, 6},
    };
    for (const Case& c : kCases) {
        CAPTURE(c.pattern);
        const auto regex = Regex::compile(c.pattern);
        REQUIRE_FALSE(regex);
        CAPTURE(regex.error().message);
        CHECK(regex.error().code == sky::ErrorCode::kMalformedQuery);
        CHECK(regex.error().offset == c.offset);
        CHECK(regex.error().length == c.length);
    }
    CHECK_FALSE(Regex::compile(std::string(20'000, 'a')));
    CHECK_FALSE(Regex::compile("\\pL{1000}\\pL{1000}\\pL{1000}"));  // Beyond its memory.
    std::string groups;
    for (int i = 0; i < 300; ++i) groups += "(a)";
    CHECK_FALSE(Regex::compile(groups));
}

TEST_CASE("regex: the literal that a match must contain") {
    struct Case {
        std::string_view pattern, required;
    };
    static constexpr Case kCases[] = {
        {R"(\[profiler\] (?<m>\w+))", "[profiler] "},
        {"abc", "abc"},
        {"abc?", "ab"},
        {"ab|cd", ""},
        {"(ab|cd)efg", "efg"},
        {"(?i)abc", ""},
        {"x(?i)abc", ""},
        {"a.bcd", "bcd"},
        {"abé+", "ab"},
        {"a{2}bcd", "bcd"},
        {R"(\dab\x41cde)", "cde"},
        {R"(a\/b)", "a/b"},
        {"(?x)a b c", "abc"},
        {"a(?s)bc", "abc"},
        {"ab(?s)?c", "a"},
        {"ab(?i:c)d", "ab"},
        {R"(ab\Q\E*c)", ""},
        {"(abc)", ""},
        {"`[[:]x|", ""},  // The class is '[' and ':'; what follows is another branch.
        {"ab[[:]]cd", "]cd"},
        {"a[[:digit:]]bc", "bc"},
        {"", ""},
    };
    for (const Case& c : kCases) {
        CAPTURE(c.pattern);
        const auto text = translate_regex(c.pattern);
        REQUIRE(text);
        CHECK(text->required == c.required);
        // The longest of them; the first of those.
        std::string longest;
        for (const std::string& literal : text->literals) {
            CHECK(!literal.empty());
            if (literal.size() > longest.size()) longest = literal;
        }
        CHECK(longest == c.required);
        CHECK(text->origin.size() == text->pattern.size() + 1);
    }
}

TEST_CASE("regex: all literals that a match must contain") {
    const auto text = translate_regex(R"(ab(c|d)e.f+gh\.i)");
    REQUIRE(text);
    CHECK(text->literals == std::vector<std::string>{"ab", "e", "gh.i"});
    std::string many;
    for (int i = 0; i < 20; ++i) many += "x.";
    CHECK(translate_regex(many)->literals.size() == limits::kRegexLiteralsMax);
    CHECK(translate_regex("ab.cd|e")->literals.empty());
}

TEST_CASE("regex: the literal that a match begins with leads to the leftmost match") {
    struct Case {
        std::string_view pattern, prefix, text, group;  // group "-" = no match.
    };
    static constexpr Case kCases[] = {
        {R"(ab(\d+))", "ab", "ab abx ab ab ab ab ab ab7 ab8", "7"},
        {R"(ab(\d+))", "ab", "ab abx ab", "-"},
        {R"(ab?(\d+))", "a", "xab1", "1"},
        {R"(aba(.))", "aba", "ababac", "b"},
        {R"(^ab(.))", "", "xab1", "-"},
        {R"((ab)1)", "", "xab1", "ab"},
        {R"(a|b(c))", "", "bc", "c"},
        {R"((?i)ab(.))", "", "AB1", "1"},
        {R"((?s)ab(.))", "ab", "xab\n", "\n"},
        {R"(ab\b(.))", "ab", "abc ab c", " "},
        {R"(x(.*)$)", "x", "", "-"},
    };
    for (const Case& c : kCases) {
        CAPTURE(c.pattern);
        CHECK(translate_regex(c.pattern)->prefix == c.prefix);
        std::string_view group[1];
        const bool found = Regex::compile(c.pattern)->search(c.text, group);
        CHECK(found == (c.group != "-"));
        if (found) CHECK(group[0] == c.group);
    }
    std::string_view group[1];
    CHECK(Regex::compile("(x*)")->search(std::string_view(), group));
    CHECK(group[0].data() != nullptr);
}

TEST_CASE("regex: columns, only the needed groups") {
    Batch batch(3);
    const auto regex = Regex::compile("(?<a>x)?(?<b>\\d+)(?<c>.*)");
    REQUIRE(regex);
    const bool needed[] = {true, true, false};
    const auto columns = regex->parse(batch.context, batch.texts({"x12z", "7", "none"}), needed);
    CHECK(test::rendered(columns[0]) == std::vector<std::string>{"x", "missing", "missing"});
    CHECK(test::rendered(columns[1]) == std::vector<std::string>{"12", "7", "missing"});
    CHECK(columns[2] == nullptr);
}
