// SPDX-License-Identifier: Apache-2.0
#include "insights/exec/required_texts.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "insights/exec/compiled.h"
#include "insights/exec/query.h"

namespace sky::insights {
namespace {

/// "a+b | c": each clause's texts, sorted.
std::string told(std::string_view query) {
    const auto compiled = compile(query);
    REQUIRE(compiled);
    const Plan& plan = (*compiled)->plan;
    std::vector<AnyText> clauses = required_texts(plan, plan.steps.size());
    std::string out;
    for (AnyText& any : clauses) {
        std::sort(any.begin(), any.end());
        if (!out.empty()) out += " | ";
        for (std::size_t i = 0; i < any.size(); ++i) out += (i == 0 ? "" : "+") + any[i];
    }
    return out;
}

}  // namespace

TEST_CASE("required texts: what a message must contain to pass the filters") {
    struct Case {
        std::string_view query, clauses;
    };
    static constexpr Case kCases[] = {
        {R"(filter @message like "abc")", "abc"},
        {R"(filter @message like "abc" and @message like "de")", "abc | de"},
        {R"(filter @message not like "abc")", ""},
        {R"(filter not (@message like "abc"))", ""},
        {R"(filter @message = "a line")", "a line"},
        {R"(filter @message != "a line")", ""},
        {R"(filter @message = "4e2")", ""},  // 400 is equal.
        {R"(filter @message =~ /took .*trace-77/)", "trace-77"},
        {R"(filter @message =~ /(?i)trace-77/)", ""},
        {R"(filter @message like "abc" or @message like "de")", "abc+de"},
        {R"(filter @message like "abc" or @timestamp > 5)", ""},
        {R"(filter @message in ["a b", "c"])", "a b+c"},
        {R"(filter @message in ["a b", "5"])", ""},
        // What a parse took is in the message as it is.
        {R"(parse @message "id=* *" as id, rest | filter id = "a/b")", "a/b"},
        {R"(parse @message "id=* *" as id, rest | filter id = "12")", ""},
        {R"(parse @message "id=* *" as id, rest | parse rest "x=*" as x | filter x like "q\"")",
         "q\""},
        {R"(parse @message /id=(?<id>\S+)/ | filter "abc" = id)", "abc"},
        {R"(fields @message as m | filter m like "abc")", "abc"},
        {R"(fields concat(@message, "x") as m | filter m like "abc")", ""},
        {R"(filter @logStream like "abc")", ""},
        // Of fields that are found only what JSON writes in one way, or behind an escape.
        {R"(filter traceId = "4bf92f35")", "4bf92f35+\\u00"},
        {R"(filter traceId = "a/longer one")", "\\u00+longer"},
        {R"(filter traceId = "5")", ""},
        {R"(filter traceId = "//")", ""},
        {R"(filter a.b.0.c in ["x-1", "y-2"])", "\\u00+\\u00+x-1+y-2"},
        {R"(stats count(*) by x)", ""},
    };
    for (const Case& c : kCases) {
        CAPTURE(c.query);
        CHECK(told(c.query) == c.clauses);
    }
}

}  // namespace sky::insights
