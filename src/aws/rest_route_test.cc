// SPDX-License-Identifier: Apache-2.0
#include "aws/rest_route.h"

#include <doctest/doctest.h>

#include "aws/rest_bindings.h"

namespace sky::aws {
namespace {

OperationModel operation(std::string_view name, std::string_view method, std::string_view uri) {
    OperationModel row{};
    row.name = name;
    row.http_method = method;
    row.http_uri = uri;
    return row;
}

TEST_CASE("routes: method, path and query -> operation and labels") {
    const OperationModel rows[] = {
        operation("Any", "GET", "/things/{id}"),
        operation("Special", "GET", "/things/special"),
        operation("Deep", "GET", "/things/{id}/parts/{part}"),
        operation("Greedy", "GET", "/files/{path+}/meta"),
        operation("Rest", "PUT", "/files/{path+}"),
        operation("ByQuery", "GET", "/search?kind=a&deep"),
        operation("Search", "GET", "/search"),
        operation("Slash", "POST", "/appmonitors/{id}/"),
        operation("Root", "GET", "/"),
    };
    const RouteTable table(rows);
    struct Case {
        const char *method, *path, *query, *found;
    };
    constexpr Case kCases[] = {
        {"GET", "/things/7", "", "Any id=7"},
        {"GET", "/things/special", "", "Special"},
        {"GET", "/things/a%2Fb", "", "Any id=a%2Fb"},
        {"GET", "/things//", "", ""},
        {"GET", "/things", "", ""},
        {"POST", "/things/7", "", ""},
        {"GET", "/things/7/parts/8", "", "Deep id=7 part=8"},
        {"GET", "/things/7/parts/", "", ""},
        {"GET", "/files/a/b/c/meta", "", "Greedy path=a/b/c"},
        {"GET", "/files/meta", "", ""},
        {"PUT", "/files/a/b", "", "Rest path=a/b"},
        {"GET", "/search", "kind=a&deep=", "ByQuery"},
        {"GET", "/search", "kind=a", "Search"},
        {"GET", "/search", "kind=ab&deep", "Search"},
        {"POST", "/appmonitors/x", "", "Slash id=x"},
        {"POST", "/appmonitors/x/", "", "Slash id=x"},
        {"GET", "/", "", "Root"},
        {"GET", "", "", "Root"},
    };
    for (const Case& c : kCases) {
        CAPTURE(c.path);
        CAPTURE(c.query);
        std::string found;
        if (const auto match = table.find(c.method, c.path, c.query)) {
            found = match->operation->name;
            for (const PathLabel& label : match->labels) {
                found += " " + std::string(label.name) + "=" + label.value;
            }
        }
        CHECK(found == c.found);
    }
}

TEST_CASE("lists in headers") {
    struct Case {
        const char *text, *values;
    };
    constexpr Case kCases[] = {
        {"", ""},
        {"a", "a|"},
        {"a, b ,c", "a|b|c|"},
        {"\"a, b\", c", "a, b|c|"},
        {R"("say \"x\" \\", y)", R"(say "x" \|y|)"},
        {"a,,b", "a||b|"},
        {"\"open", "error"},
        {"\"a\"b", "error"},
        {"\"a\\", "error"},
    };
    for (const Case& c : kCases) {
        CAPTURE(c.text);
        const auto values = split_header_list(c.text);
        std::string shown = values ? "" : "error";
        for (const std::string& value : values.value_or(std::vector<std::string>{})) {
            shown += value + "|";
        }
        CHECK(shown == c.values);
    }
}

TEST_CASE("what an Accept header takes") {
    CHECK(accepts("*/*", "application/json"));
    CHECK(accepts("text/html, Application/JSON;q=0.5", "application/json"));
    CHECK(accepts("application/*", "application/json"));
    CHECK_FALSE(accepts("text/*, application/hal+json", "application/json"));
    CHECK(bare_media_type(" Application/JSON ; charset=utf-8") == "application/json");
}

}  // namespace
}  // namespace sky::aws
