// SPDX-License-Identifier: Apache-2.0
#include "cli/terminal/query_words.h"

#include <doctest/doctest.h>

namespace sky::cli {

TEST_CASE("completion of a query by its place in the line") {
    Vocabulary vocabulary;
    vocabulary.commands = {"fields", "filter", "stats", "sort"};
    vocabulary.functions = {"avg", "abs", "strlen"};
    vocabulary.fields = {"@message", "@timestamp", "duration", "status", "a.b"};
    vocabulary.groups = {"app/web", "app/worker"};
    struct Case {
        std::string_view line;
        std::size_t begin;
        std::vector<std::string> candidates;
    };
    const Case cases[] = {
        {"", 0, {"fields", "filter", "sort", "stats"}},
        {"fi", 0, {"fields", "filter"}},
        {"  st", 2, {"stats"}},
        {"fields @me", 7, {"@message"}},
        {"fields @message | s", 18, {"sort", "stats"}},
        {"fields @message |", 17, {"fields", "filter", "sort", "stats"}},
        {"stats a", 6, {"a.b", "abs(", "avg("}},
        {"stats avg(du", 10, {"duration"}},
        {"stats avg(duration) by st", 23, {"status", "strlen("}},
        {"fields a.", 7, {"a.b"}},
        {"zz", 0, {}},
        // Nothing inside quotes, regexes and comments; a pipe there ends no command.
        {"filter @message like \"a | s", 27, {}},
        {"filter @message like 'st", 24, {}},
        {"filter @message like /a | s", 27, {}},
        {"parse @message \"a \\\" | s", 24, {}},
        {"fields @message # s", 19, {}},
        {"filter @message like \"|\" | s", 27, {"sort", "stats"}},
        {"filter @message like /|/ | s", 27, {"sort", "stats"}},
        {"fields duration / du", 18, {"duration"}},
        {"\\g", 0, {"\\groups"}},
        {"\\groups app/wo", 8, {"app/worker"}},
        {"\\groups app/web app/w", 16, {"app/web", "app/worker"}},
        {"\\output j", 8, {"json"}},
        {"\\since 1", 7, {}},
    };
    for (const Case& c : cases) {
        CAPTURE(c.line);
        const Completion got = complete_query(c.line, vocabulary);
        CHECK(got.candidates == c.candidates);
        if (!c.candidates.empty()) CHECK(got.begin == c.begin);
    }
}

TEST_CASE("what candidates have in common") {
    CHECK(common_beginning({}).empty());
    CHECK(common_beginning({"app/web", "app/worker"}) == "app/w");
    CHECK(common_beginning({"one"}) == "one");
    CHECK(common_beginning({"a", "b"}).empty());
    CHECK(common_beginning({"\xc3\xa9", "\xc3\xa8"}).empty());  // Never half a code point.
}

TEST_CASE("the language's own words are known") {
    const Vocabulary words = language_vocabulary();
    const auto has = [](const std::vector<std::string>& list, std::string_view word) {
        return std::ranges::find(list, word) != list.end();
    };
    CHECK(has(words.commands, "stats"));
    CHECK(has(words.commands, "parse"));
    CHECK(has(words.functions, "strlen"));
    CHECK(has(words.functions, "count"));
    CHECK(has(words.fields, "@message"));
}

}  // namespace sky::cli
