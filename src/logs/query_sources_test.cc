// SPDX-License-Identifier: Apache-2.0
#include "logs/query_sources.h"

#include <doctest/doctest.h>

#include "insights/syntax/parser.h"
#include "logs/insights_engine.h"
#include "logs/query_sessions.h"
#include "logs/testing/fixture.h"

namespace sky::logs {
using namespace testing;

namespace {

struct Sources : Fixture {
    SeededRandom random{1};
    InsightsEngine engine;
    LookupTables tables{store, clock};
    QuerySessions queries{store, clock, random, groups, tables, engine, SessionOptions{}};
    Sources() {
        const auto add = [&](std::string name, Tags tags, std::string_view log_class) {
            NewGroup wanted;
            wanted.name = std::move(name);
            wanted.tags = std::move(tags);
            wanted.log_class = log_class;
            REQUIRE(groups.create(me, wanted));
        };
        add("/aws/lambda/a", {{"team", "x1"}}, kClassStandard);
        add("/aws/lambda/b", {{"team", "y1"}}, kClassStandard);
        add("cold", {}, kClassInfrequent);
        add("delivered", {}, kClassDelivery);
        add("web", {{"team", "x2"}}, kClassStandard);
        const Tenant other{"999999999999", "us-east-1"};
        (void)groups.create(other, {.name = "theirs", .kms_key_id = {}, .tags = {}});
    }
    Result<std::string> start(const std::string& text, std::vector<std::string> names = {}) {
        NewQuery query;
        query.groups = std::move(names);
        query.end = kNow / 1'000;
        query.text = text;
        query.may_unmask = may_unmask;
        return queries.start(me, query, "request-1");
    }
    bool may_unmask = true;
};

}  // namespace

TEST_CASE("SOURCE names groups") {
    Sources s;
    struct Case {
        const char* text;
        const char* groups;  // Or "!" and the beginning of the error.
    };
    static constexpr Case kCases[] = {
        {"SOURCE logGroups()", "/aws/lambda/a /aws/lambda/b web"},
        {"SOURCE logGroups(namePrefix: ['/aws/', 'w'])", "/aws/lambda/a /aws/lambda/b web"},
        {"SOURCE logGroups(class: ['INFREQUENT_ACCESS'])", "cold"},
        {"SOURCE logGroups(class: ['INFREQUENT_ACCESS', 'STANDARD'], namePrefix: ['c', 'w'])",
         "cold web"},
        {"SOURCE logGroups(accountIdentifier: ['999999999999'])", ""},
        {"SOURCE logGroups(accountIdentifiers: ['123456789012'], namePrefix: ['web'])", "web"},
        {"SOURCE 'cold'", "cold"},
        {"SOURCE 'web' | SOURCE '/aws/lambda/b', web", "web /aws/lambda/b"},
        {"SOURCE logGroups(logGroupIdentifier: "
         "['arn:aws:logs:us-east-1:123456789012:log-group:web:*'])",
         "web"},
        {"SOURCE logGroups(tags: [{key: 'team', values: ['x*']}])", "/aws/lambda/a web"},
        {"SOURCE logGroupTags([{key: 'team', values: ['!x*']}])", "/aws/lambda/b"},
        {"SOURCE dataSource(['aws.vpc']) logGroups(logGroupIdentifier: ['web'])", ""},
        {"SOURCE 'none'", "!Log group 'none' does not exist for account ID '123456789012'"},
        {"SOURCE 'delivered'", "!Log groups of class DELIVERY cannot be queried: delivered"},
        {"SOURCE 'theirs'", "!Log group 'theirs' does not exist"},
    };
    for (const Case& c : kCases) {
        CAPTURE(c.text);
        const auto query = insights::parse(c.text);
        REQUIRE(query);
        const auto found = source_groups(s.groups, s.me, *query->source, "request-1");
        std::string names;
        if (found) {
            for (const GroupPtr& group : *found) names += (names.empty() ? "" : " ") + group->name;
            CHECK(names == c.groups);
        } else {
            REQUIRE(c.groups[0] == '!');
            CHECK(found.error().message.starts_with(c.groups + 1));
        }
    }
}

TEST_CASE("queries with a SOURCE: what is told, and what is refused") {
    Sources s;
    const std::string text = "SOURCE logGroups(namePrefix: ['/aws/']) | fields @message";
    const auto id = s.start(text);
    REQUIRE(id);
    s.queries.wait_until_idle();
    CHECK(s.queries.results(s.me, *id)->status == QueryStatus::kComplete);
    CHECK(s.queries.groups(s.me, *id)->names ==
          std::vector<std::string>{"/aws/lambda/a", "/aws/lambda/b"});
    const auto first = s.queries.groups(s.me, *id, 1);
    REQUIRE(first->next_token);
    CHECK(s.queries.groups(s.me, *id, 1, first->next_token)->names ==
          std::vector<std::string>{"/aws/lambda/b"});
    CHECK(s.queries.groups(s.me, "none").error().code == ErrorCode::kNotFound);

    // What DescribeQueries tells is a query again, and the same one.
    const auto told = s.queries.describe(s.me, {});
    REQUIRE(told->queries.size() == 1);
    const std::string& source = told->queries[0].source_text;
    CHECK(source ==
          "SOURCE \"/aws/lambda/a\", \"/aws/lambda/b\" START=0 END=1767225600999 | fields "
          "@message");
    REQUIRE(s.start(source));
    CHECK(s.queries.describe(s.me, {})->queries[0].source_text == source);
    REQUIRE(s.start("SOURCE web start=-1d end=now | limit 1"));
    CHECK(s.queries.describe(s.me, {})->queries[0].source_text ==
          "SOURCE \"web\" START=1767139200000 END=1767225600000 | limit 1");
    REQUIRE(s.start("SOURCE dataSource(['a.b']) | limit 1", {"web"}));
    REQUIRE(s.start("filter a in (SOURCE 'web' | fields b)", {"web"}));

    struct Refused {
        const char* text;
        std::vector<std::string> names;
        ErrorCode code;
    };
    const Refused refused[] = {
        {"SOURCE 'web' | limit 1", {"web"}, ErrorCode::kInvalidArgument},
        {"SOURCE 'none' | limit 1", {}, ErrorCode::kNotFound},
        {"limit 1", {}, ErrorCode::kInvalidArgument},
        {"filter a in (SOURCE 'none' | fields b)", {"web"}, ErrorCode::kNotFound},
        {"bogus", {"none"}, ErrorCode::kNotFound},
        {"bogus", {"web"}, ErrorCode::kMalformedQuery},
        {"pattern @message", {"cold"}, ErrorCode::kInvalidArgument},
        {"filterIndex a = 1", {"web", "cold"}, ErrorCode::kInvalidArgument},
        {"lookup people id OUTPUT name", {"web"}, ErrorCode::kInvalidArgument},
    };
    for (const Refused& c : refused) {
        CAPTURE(c.text);
        const auto started = s.start(c.text, c.names);
        REQUIRE(!started);
        CHECK(started.error().code == c.code);
    }
    s.may_unmask = false;
    CHECK(s.start("unmask @message", {"web"}).error().code == ErrorCode::kAccessDenied);
    CHECK(s.start("fields unmask(@message)", {"web"}).error().code == ErrorCode::kAccessDenied);
    CHECK(s.start("fields @message", {"web"}));
    s.queries.wait_until_idle();
}

}  // namespace sky::logs
