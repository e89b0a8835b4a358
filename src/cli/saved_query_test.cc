// SPDX-License-Identifier: Apache-2.0
#include "cli/saved_query.h"

#include <doctest/doctest.h>

namespace sky::cli {

TEST_CASE("saved queries: chosen by name, parameters given or by default") {
    const auto answer = json::Document::parse(R"({"queryDefinitions":[
        {"name":"q","queryLanguage":"CWLI","queryString":"filter l = '{{level}}' | limit {{n}}",
         "logGroupNames":["g"],"parameters":[{"name":"level","defaultValue":"ERROR"},{"name":"n"}]},
        {"name":"q/two","queryString":"limit 1"},
        {"name":"twice","queryString":"limit 1"},{"name":"twice","queryString":"limit 2"},
        {"name":"sql","queryLanguage":"SQL","queryString":"SELECT 1"}]})");
    REQUIRE(answer);
    struct Case {
        const char* name;
        std::vector<std::string> given;
        std::string text, error;
    };
    const Case kCases[] = {
        {"q", {"n=5"}, "filter l = 'ERROR' | limit 5", ""},
        {"q", {"n=5", "level=a=b"}, "filter l = 'a=b' | limit 5", ""},
        {"q", {"n=5", "n=6", "level="}, "filter l = '' | limit 6", ""},
        {"q/two", {}, "limit 1", ""},
        {"q", {}, "", "the parameter {{n}} has no value"},
        {"q", {"n=1", "m=2"}, "", "has no parameter m"},
        {"q", {"n"}, "", "Not a parameter NAME=VALUE: n"},
        {"q", {"=1"}, "", "Not a parameter NAME=VALUE: =1"},
        {"twice", {}, "", "Several query definitions"},
        {"sql", {}, "", "language SQL"},
        {"q/", {}, "", "No query definition has the name q/"},
    };
    for (const Case& c : kCases) {
        CAPTURE(c.name);
        const auto query = choose_saved_query(answer->root(), c.name, c.given);
        REQUIRE(bool(query) == c.error.empty());
        if (query) {
            CHECK(query->text == c.text);
        } else {
            CHECK(query.error().message.find(c.error) != std::string::npos);
        }
    }
    CHECK(choose_saved_query(answer->root(), "q", {"n=1"})->groups ==
          std::vector<std::string>{"g"});
}

}  // namespace sky::cli
