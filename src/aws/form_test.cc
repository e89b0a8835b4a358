// SPDX-License-Identifier: Apache-2.0
#include "aws/form.h"

#include <doctest/doctest.h>

#include "aws/limits.h"

namespace sky::aws {
namespace {

// The tree as text: "a=1 b{1=2 3=4}".
std::string shown(const FormNode& node) {
    std::string out;
    for (const auto& [part, child] : node.children) {
        if (!out.empty()) out += ' ';
        out += part;
        if (child.value) out += "=" + std::string(*child.value);
        if (!child.children.empty()) out += "{" + shown(child) + "}";
    }
    return out;
}

TEST_CASE("forms: pairs -> tree") {
    struct Case {
        const char* name;
        std::string body, query, tree;
    };
    const std::string parts = [] {
        std::string key = "a";
        for (std::size_t i = 1; i < limits::kFormKeyPartsMax; ++i) key += ".a";
        return key;
    }();
    const Case cases[] = {
        {"nothing", "", "", ""},
        {"flat", "Action=A&Version=1", "", "Action=A Version=1"},
        {"nested", "a.b.1=x&a.b.2=y&a.c=z", "", "a{b{1=x 2=y} c=z}"},
        {"a value and children", "a=&a.1=x", "", "a={1=x}"},
        {"escapes", "a%2Eb=c+d%20e%2B", "", "a{b=c d e+}"},
        {"no value", "a&b=", "", "a= b="},
        {"the first counts, the body before the query", "a=1&a=2", "a=3&b=4", "a=1 b=4"},
        {"empty pairs", "&&a=1&", "", "a=1"},
        {"empty parts", ".=1&a..b=2", "", "{=1} a{{b=2}}"},
        {"broken escape", "a=%4", "", "error"},
        {"no UTF-8", "a=%FF", "", "error"},
        {"too many parts", parts + ".a=1", "", "error"},
    };
    for (const Case& c : cases) {
        CAPTURE(c.name);
        const auto form = Form::parse(c.body, c.query);
        CHECK((form ? shown(form->root()) : "error") == c.tree);
    }
    CHECK(Form::parse(parts + "=1", "").has_value());
}

TEST_CASE("forms: a list's elements go by number, not by text") {
    const auto form = Form::parse("l.10=c&l.9=b&l.2=a&l.x=d&l.18446744073709551616=e", "");
    REQUIRE(form);
    std::string order;
    for (const auto& [number, node] : form->root().find("l")->numbered()) order += *node->value;
    CHECK(order == "abc");
}

TEST_CASE("forms: as many pairs as allowed") {
    std::string body;
    for (std::size_t i = 0; i < limits::kFormPairsMax; ++i) body += "a=1&";
    CHECK(Form::parse(body, "").has_value());
    const auto refused = Form::parse(body, "b=1");
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().code == ErrorCode::kLimitExceeded);
}

}  // namespace
}  // namespace sky::aws
