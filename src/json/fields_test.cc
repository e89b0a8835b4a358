// SPDX-License-Identifier: Apache-2.0
#include "json/fields.h"

#include <doctest/doctest.h>

#include <cctype>
#include <string>
#include <vector>

#include "base/random.h"

using namespace sky::json;

TEST_CASE("scan: what is JSON and what is not") {
    struct Case {
        std::string_view text;
        Type type;
    };
    static constexpr Case kCases[] = {
        {"{}", Type::kObject},
        {" [1, -2.5e+3, 0, \"x\", true, false, null, {\"a\":{}}] \n", Type::kArray},
        {"\"a\\u00e9\\n\"", Type::kString},
        {"-0.0", Type::kNumber},
        {"true", Type::kTrue},
        {"null", Type::kNull},
        {"", Type::kNone},
        {"{", Type::kNone},
        {"{}x", Type::kNone},
        {"{\"a\":1,}", Type::kNone},
        {"{a:1}", Type::kNone},
        {"{\"a\" 1}", Type::kNone},
        {"{\"a\":}", Type::kNone},
        {"[1 2]", Type::kNone},
        {"[1,]", Type::kNone},
        {"01", Type::kNone},
        {"+1", Type::kNone},
        {"1.", Type::kNone},
        {".5", Type::kNone},
        {"1e", Type::kNone},
        {"tru", Type::kNone},
        {"\"abc", Type::kNone},
        {"\"a\\x\"", Type::kNone},
        {"\"a\\u12g4\"", Type::kNone},
        {"\"a long string with a\ttab inside\"", Type::kNone},
        {"\"exactly8\"", Type::kString},
    };
    for (const Case& c : kCases) {
        CAPTURE(c.text);
        CHECK(scan(c.text).type == c.type);
    }
    const std::string deep(100, '[');
    CHECK(scan(deep + std::string(100, ']')).type == Type::kArray);
    const std::string too_deep(100'000, '[');
    CHECK(scan(too_deep + std::string(100'000, ']')).type == Type::kNone);
}

TEST_CASE("strings: escapes, surrogates, quoting") {
    std::string scratch;
    CHECK(string_text(scan("\"plain\""), scratch) == "plain");
    CHECK(string_text(scan("\"a\\\"b\\\\c\\/d\\n\\t\""), scratch) == "a\"b\\c/d\n\t");
    CHECK(string_text(scan("\"\\u00e9 \\ud83d\\ude00\""), scratch) == "é 😀");
    CHECK(string_text(scan("\"\\ud83d \\ude00\""), scratch) == "\uFFFD \uFFFD");
    CHECK(string_text(scan("\"\\ud83d\\u0041\""), scratch) == "\uFFFDA");
    std::string out;
    append_quoted("a\"b\\\n\x01é", out);
    CHECK(out == "\"a\\\"b\\\\\\n\\u0001é\"");
}

TEST_CASE("compact text keeps blanks inside strings") {
    const Token token = scan("{ \"a b\" : [ 1 , \"x \\\" y\" ] ,\n \"c\" : null }");
    CHECK_FALSE(is_compact(token));
    std::string out;
    append_compact(token, out);
    CHECK(out == "{\"a b\":[1,\"x \\\" y\"],\"c\":null}");
    CHECK(is_compact(scan(out)));
}

TEST_CASE("paths: nesting, arrays, keys with dots, precedence") {
    struct Case {
        std::string_view json;
        std::string name;
        std::string_view raw;
    };
    static const Case kCases[] = {
        {R"({"a":1,"b":2})", "b", "2"},
        {R"({"a":{"b":{"c":"x"}}})", "a.b.c", "\"x\""},
        {R"({"a":{"b":{"c":"x"}}})", "a.b", R"({"c":"x"})"},
        {R"({"items":[{"id":"i0"},{"id":"i1"}]})", "items.1.id", "\"i1\""},
        {R"({"items":[{"id":"i0"},{"id":"i1"}]})", "items[1].id", "\"i1\""},
        {R"({"items":[[1,2],[3,4]]})", "items[1][0]", "3"},
        {R"({"items":[1]})", "items.1", ""},
        {R"({"a":{"b":1},"a.b":2})", "a.b", "2"},
        {R"({"a.b":2,"a":{"b":1}})", "a.b", "2"},
        {R"({"a":{"b.c":1}})", "a.b.c", "1"},
        {R"({"a":{"b":{"c":2}},"a.b":{"c":1}})", "a.b.c", "1"},
        {R"({"a.b":{"x":1},"a":{"b":{"c":2}}})", "a.b.c", "2"},
        {R"({"a.b":{"x":1},"a":{"b":{"c":2}},"a.b":{"c":3}})", "a.b.c", "3"},
        {R"({"a":1,"a":2})", "a", "1"},
        {R"({"a":{"x":1},"a":{"b":2}})", "a.b", "2"},
        {R"({"a":1})", "a.b", ""},
        {R"({"ab":1})", "a", ""},
        {R"({"\u0061":1})", "a", "1"},
        {R"({"a b-c":1})", "a b-c", "1"},
        {R"({"a[x]":1})", "a[x]", "1"},
        {R"({"a":1.50})", "a", "1.50"},
        {R"({"a":null})", "a", "null"},
        {R"({"a":1} trailing)", "a", ""},
        {R"({"a":1,"b":})", "a", ""},
        {R"("a")", "a", ""},
        {R"(  {"a" : [ ] }  )", "a", "[ ]"},
    };
    for (const Case& c : kCases) {
        CAPTURE(c.json);
        CAPTURE(c.name);
        const std::vector<std::string> names = {c.name};
        Token found[1];
        FieldPaths(names).resolve(c.json, found);
        CHECK(found[0].raw == c.raw);
        CHECK((found[0].type == Type::kNone) == c.raw.empty());
    }
}

TEST_CASE("many paths in one pass, one inside another, one twice") {
    const std::vector<std::string> names = {"a", "a.b", "z", "a.b", "a.c.0", "d"};
    const FieldPaths paths(names);
    std::vector<Token> found(paths.size());
    REQUIRE(paths.resolve(R"({"d":true,"a":{"b":"x","c":[7]},"e":[{}]})", found));
    CHECK(found[0].raw == R"({"b":"x","c":[7]})");
    CHECK(found[1].raw == "\"x\"");
    CHECK(found[2].type == Type::kNone);
    CHECK(found[3].raw == "\"x\"");
    CHECK(found[4].raw == "7");
    CHECK(found[5].type == Type::kTrue);
    CHECK_FALSE(paths.resolve("no json", found));
    CHECK(found[0].type == Type::kNone);
}

TEST_CASE("flatten: leaves in order, bounded") {
    const auto fields =
        flatten(R"({"a":{"b":1,"c":null,"d":{}},"e":["x",{"f":true}],"g.h":2})", 100);
    std::vector<std::string> got;
    for (const Field& field : fields)
        got.push_back(field.name + "=" + std::string(field.value.raw));
    CHECK(got == std::vector<std::string>{"a.b=1", "a.d={}", "e.0=\"x\"", "e.1.f=true", "g.h=2"});
    CHECK(flatten(R"({"a":1,"b":2,"c":3})", 2).size() == 2);
    CHECK(flatten(R"({"":{"b":1,"":2}})", 9)[0].name == ".b");
    CHECK(flatten(R"({"":{}})", 9)[0].name.empty());
    CHECK(flatten("{}", 10).empty());
    CHECK(flatten("[1]", 10).empty());
    CHECK(flatten("{\"a\":1", 10).empty());
}

TEST_CASE("an object inside a line") {
    CHECK(find_object("2026 INFO {\"a\":{\"b\":1}} done {\"c\":2}", 16).raw == "{\"a\":{\"b\":1}}");
    CHECK(find_object("{foo} {\"a\":1}", 16).raw == "{\"a\":1}");
    CHECK(find_object("none", 16).type == Type::kNone);
    CHECK(find_object(std::string(50, '{') + "{\"a\":1}", 16).type == Type::kNone);
}

TEST_CASE("elements: an array's values as they stand") {
    struct Case {
        const char* text;
        std::vector<std::string> raw;
    };
    const Case cases[] = {
        {"[1, \"a\" ,{ \"b\":[2] }, null]", {"1", "\"a\"", "{ \"b\":[2] }", "null"}},
        {"[]", {}},
        {" [ true ] ", {"true"}},
        {"{\"a\":1}", {}},
        {"[1,", {}},
    };
    for (const Case& c : cases) {
        CAPTURE(c.text);
        std::vector<std::string> raw;
        for (const sky::json::Token& token : sky::json::elements(sky::json::scan(c.text))) {
            raw.emplace_back(token.raw);
        }
        CHECK(raw == c.raw);
    }
}

TEST_CASE("what may stand between the quotes of a string") {
    for (const char* text : {"", "plain", "a longer text without anything special in it", "\\",
                             "\"", "\\\\", "\\u00e9", "a\\/b", "\xFF\x80"}) {
        CAPTURE(text);
        const std::string quoted = "\"" + std::string(text) + "\"";
        CHECK(is_string_content(text) == (scan(quoted).type == Type::kString));
    }
    CHECK(is_string_content("C:\\\\dir"));
    CHECK_FALSE(is_string_content("ends in \\"));
    CHECK_FALSE(is_string_content("\\u12"));
    CHECK_FALSE(is_string_content("\\x"));
    CHECK_FALSE(is_string_content("one \" quote far behind the first eight bytes"));
    CHECK_FALSE(is_string_content(std::string_view("\0", 1)));
}

TEST_CASE("what may stand between quotes, wherever it stands and however long it is") {
    const auto reference = [](std::string_view text) {
        for (std::size_t i = 0; i < text.size(); ++i) {
            const char c = text[i];
            if (c == '"' || static_cast<unsigned char>(c) < 0x20) return false;
            if (c != '\\') continue;
            if (++i == text.size()) return false;
            if (text[i] != 'u') {
                if (std::string_view("\"\\/bfnrt").find(text[i]) == std::string_view::npos)
                    return false;
                continue;
            }
            for (int digit = 0; digit < 4; ++digit)
                if (++i >= text.size() || std::isxdigit(static_cast<unsigned char>(text[i])) == 0)
                    return false;
        }
        return true;
    };
    sky::SeededRandom random(5);
    static constexpr std::string_view kParts[] = {
        "a", "é", "\\n", "\\\"", "\\\\", "~\x7f", "\x20", "\xff", "0123456789abcdef", "\\u00e9"};
    static constexpr std::string_view kBad[] = {"\"", "\x1f", "\t", "\\", "\\x", "\\u12"};
    std::size_t good = 0;
    for (int round = 0; round < 20'000; ++round) {
        std::string text;
        for (std::uint64_t parts = random.below(20); parts-- > 0;)
            text += kParts[random.below(std::size(kParts))];
        if (random.below(2) == 0)
            text.insert(random.below(text.size() + 1), kBad[random.below(std::size(kBad))]);
        CAPTURE(text);
        const bool expected = reference(text);
        good += expected ? 1 : 0;
        REQUIRE(is_string_content(text) == expected);
    }
    CHECK(good > 5'000);
    CHECK(good < 15'000);
}

TEST_CASE("what may stand for a scalar, and between the brackets of an array") {
    for (const char* text : {"0", "-0.5e+3", "null", "true", "false", "01", "1 ", " 1", "", "nul",
                             "truex", "\"a\"", "[]", "{}", "1,2", "-", "1."}) {
        CAPTURE(text);
        const Token token = scan(text);
        const bool scalar = token.type >= Type::kNull && token.type <= Type::kNumber;
        CHECK(is_scalar(text) == (scalar && token.raw == text));
    }
    for (const char* text : {"", " ", "1", "1, 2", "1,", ",1", "\"]\"", "1],[2", "[", "]", "[[]]",
                             "{\"a\":[1,{}]} , null", "{\"a\"}", "\"a\" \"b\"", "a", "1 }"}) {
        CAPTURE(text);
        const std::string array = "[" + std::string(text) + "]";
        CHECK(are_elements(text, 63) == (scan(array).type == Type::kArray));
    }
    CHECK(are_elements("[[\"[\"]]", 3));
    CHECK_FALSE(are_elements("[[\"[\"]]", 2));
    CHECK_FALSE(are_elements(std::string(127, '[') + std::string(127, ']') + ",{", 1'000));
}
