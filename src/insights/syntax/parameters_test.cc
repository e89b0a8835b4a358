// SPDX-License-Identifier: Apache-2.0
#include "insights/syntax/parameters.h"

#include <doctest/doctest.h>

using namespace sky;
using namespace sky::insights;

TEST_CASE("parameters: {{name}} is replaced textually") {
    const std::vector<ParameterValue> values = {
        {"a", "1"}, {"level", "ERROR"}, {"again", "{{a}}"}, {"_x9", ""}};
    struct Case {
        const char* name;
        std::string_view text, filled;
        std::vector<std::string> names;
        std::int64_t error_offset = -1;
    };
    const Case kCases[] = {
        {"none", "fields a", "fields a", {}},
        {"one", "limit {{a}}", "limit 1", {"a"}},
        {"inside a string", "filter l = '{{level}}'", "filter l = 'ERROR'", {"level"}},
        {"part of a name", "fields f{{a}}", "fields f1", {"a"}},
        {"twice, and next to another", "{{a}}{{a}}{{_x9}}.", "11.", {"a", "_x9"}},
        {"a value is not searched again", "{{again}}", "{{a}}", {"again"}},
        {"an extra brace in front", "{{{a}}", "{1", {"a"}},
        {"no names", "{{}} {{1}} {{ a }} {{a b}} {{a", "{{}} {{1}} {{ a }} {{a b}} {{a", {}},
        {"no value", "limit {{b}}", "", {"b"}, 6},
        {"no value, behind one", "{{a}} {{level2}}", "", {"a", "level2"}, 6},
    };
    for (const Case& c : kCases) {
        CAPTURE(c.name);
        CHECK(parameters_of(c.text) == c.names);
        const auto filled = fill_parameters(c.text, values);
        REQUIRE(bool(filled) == (c.error_offset < 0));
        if (filled) {
            CHECK(*filled == c.filled);
        } else {
            CHECK(filled.error().code == ErrorCode::kMalformedQuery);
            CHECK(filled.error().offset == c.error_offset);
        }
    }
}

TEST_CASE("parameters: a text does not grow beyond what a query may be") {
    std::string text;
    for (int i = 0; i < 100; ++i) text += "{{a}}";
    const std::vector<ParameterValue> values = {{"a", std::string(1'024, 'x')}};
    const auto filled = fill_parameters(text, values);
    REQUIRE(!filled);
    CHECK(filled.error().code == ErrorCode::kInvalidArgument);
}
