// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cmath>

#include "base/random.h"
#include "json/document.h"
#include "json/writer.h"

namespace sky::json {
namespace {

// Writes a value back; numbers keep their kind.
void write(Writer& out, const Value& value) {
    switch (value.kind()) {
        case Kind::kNull:
            out.null();
            break;
        case Kind::kBool:
            out.boolean(value.boolean());
            break;
        case Kind::kInt:
            out.integer(value.integer());
            break;
        case Kind::kUint:
            out.unsigned_integer(value.unsigned_integer());
            break;
        case Kind::kDouble:
            out.number(value.number());
            break;
        case Kind::kString:
            out.string(value.string());
            break;
        case Kind::kArray:
            out.begin_array();
            for (const Value& element : value.elements()) write(out, element);
            out.end_array();
            break;
        case Kind::kObject:
            out.begin_object();
            for (const MemberRef& member : value.members()) {
                out.key(member.name);
                write(out, member.value);
            }
            out.end_object();
            break;
    }
}

TEST_CASE("parse then write: compact text is a fixed point, other text becomes compact") {
    struct Case {
        const char* name;
        std::string_view text, compact;
    };
    static constexpr Case kCases[] = {
        {"scalars", R"( [ null , true,false ,0,-1, 1.5 ] )", R"([null,true,false,0,-1,1.5])"},
        {"int64 ends", "[-9223372036854775808,9223372036854775807]",
         "[-9223372036854775808,9223372036854775807]"},
        {"uint64", "[9223372036854775808,18446744073709551615]",
         "[9223372036854775808,18446744073709551615]"},
        {"above 64 bits",
         R"({"a1234567890123456789012":[18446744073709551616,-9223372036854775809,"\"9999999999999999999999"]})",
         R"({"a1234567890123456789012":[18446744073709551616,-9223372036854775808,"\"9999999999999999999999"]})"},
        {"nested", R"({"a":{"b":[[],{},[{}]]},"a":1})", R"({"a":{"b":[[],{},[{}]]},"a":1})"},
        {"escapes", R"(["\u0000\b\f\n\r\t\"\\\/\u001f\u007f"])",
         "[\"\\u0000\\b\\f\\n\\r\\t\\\"\\\\/\\u001f\x7f\"]"},
        {"pairs", R"(["\ud83d\ude00 \u00e9"])", "[\"\xF0\x9F\x98\x80 \xC3\xA9\"]"},
        {"root scalar", "7", "7"},
    };
    for (const Case& c : kCases) {
        CAPTURE(c.name);
        const auto document = Document::parse(c.text);
        REQUIRE(document);
        std::string out;
        Writer writer(out);
        write(writer, document->root());
        CHECK(out == c.compact);
    }
}

TEST_CASE("lone surrogates become U+FFFD, in one place") {
    struct Case {
        std::string_view escaped, text;
    };
    static constexpr Case kCases[] = {
        {R"("\ud800")", "\xEF\xBF\xBD"},
        {R"("a\uDFFFb")",
         "a\xEF\xBF\xBD"
         "b"},
        {R"("\ud800\ud83d\ude00")", "\xEF\xBF\xBD\xF0\x9F\x98\x80"},
        {R"("\ud800\u0041")",
         "\xEF\xBF\xBD"
         "A"},
        {R"("\ude00\ud83d")", "\xEF\xBF\xBD\xEF\xBF\xBD"},
        {R"("\\ud800")", "\\ud800"},
        {R"("\\\ud800")", "\\\xEF\xBF\xBD"},
        {R"("\ud83d\\ude00")", "\xEF\xBF\xBD\\ude00"},
    };
    for (const Case& c : kCases) {
        CAPTURE(c.escaped);
        const auto document = Document::parse(c.escaped);
        REQUIRE(document);
        CHECK(document->root().string() == c.text);
    }
    CHECK_FALSE(replace_lone_surrogates(R"({"a":"\ud83d\ude00 plain \n"})"));
}

TEST_CASE("what is not JSON is an error") {
    struct Case {
        const char* name;
        std::string text;
        ErrorCode code;
    };
    const Case cases[] = {
        {"empty", "", ErrorCode::kInvalidArgument},
        {"blank", "  ", ErrorCode::kInvalidArgument},
        {"open", "{\"a\":1", ErrorCode::kInvalidArgument},
        {"two roots", "{} {}", ErrorCode::kInvalidArgument},
        {"single quotes", "{'a':1}", ErrorCode::kInvalidArgument},
        {"trailing comma", "[1,]", ErrorCode::kInvalidArgument},
        {"control byte", "[\"a\nb\"]", ErrorCode::kInvalidArgument},
        {"bad escape", "[\"\\x\"]", ErrorCode::kInvalidArgument},
        {"bad escape beside a lone surrogate", "[\"\\ud800\\x\"]", ErrorCode::kInvalidArgument},
        {"invalid UTF-8", "[\"\xC3\x28\"]", ErrorCode::kInvalidArgument},
        {"encoded surrogate", "[\"\xED\xA0\x80\"]", ErrorCode::kInvalidArgument},
        {"too deep", std::string(129, '[') + std::string(129, ']'), ErrorCode::kLimitExceeded},
    };
    for (const Case& c : cases) {
        CAPTURE(c.name);
        const auto document = Document::parse(c.text);
        REQUIRE_FALSE(document);
        CHECK(document.error().code == c.code);
    }
    CHECK(Document::parse("[1,2]", {.bytes_max = 5}));
    CHECK_FALSE(Document::parse("[1,2]", {.bytes_max = 4}));
}

TEST_CASE("quoted text reads back equal, whatever the alignment") {
    SeededRandom random(1);
    for (int round = 0; round < 2'000; ++round) {
        std::string text(random.below(40), ' ');
        for (char& c : text) c = static_cast<char>(random.below(128));
        std::string quoted;
        append_quoted(quoted, text);
        const auto document = Document::parse(quoted);
        REQUIRE(document);
        CHECK(document->root().string() == text);
    }
}

TEST_CASE("doubles") {
    struct Case {
        double value;
        std::string_view text;
    };
    const Case cases[] = {
        {0.1, "0.1"},
        {3, "3"},
        {-2.5e-7, "-2.5e-07"},
        {1e300, "1e+300"},
        {NAN, "\"NaN\""},
        {INFINITY, "\"Infinity\""},
        {-INFINITY, "\"-Infinity\""},
    };
    for (const Case& c : cases) {
        std::string out;
        append_double(out, c.value);
        CHECK(out == c.text);
    }
}

TEST_CASE("find") {
    const auto document = Document::parse(R"({"a":1,"b":{"c":"x"},"a":2})");
    REQUIRE(document);
    const Value root = document->root();
    CHECK(root.size() == 3);
    CHECK(root.find("a")->integer() == 1);
    CHECK(root.find("b")->find("c")->string() == "x");
    CHECK_FALSE(root.find("z"));
    CHECK_FALSE(root.find("a")->find("z"));
}

}  // namespace
}  // namespace sky::json
