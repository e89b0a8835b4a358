// SPDX-License-Identifier: Apache-2.0
#include "logs/lookup_tables.h"

#include <doctest/doctest.h>

#include "logs/limits.h"
#include "logs/query_definitions.h"
#include "logs/testing/fixture.h"

namespace sky::logs {
using namespace testing;

namespace {
struct Tables : Fixture {
    LookupTables tables{store, clock};
    const Tenant abroad{"123456789012", "eu-west-1"};
    Result<LookupTableInfo> make_table(const std::string& name, std::string csv = "id\n1\n") {
        return tables.create(me, name, {std::move(csv), {}, {}}, {});
    }
};
}  // namespace

TEST_CASE("lookup tables: made, replaced, listed, tagged, removed") {
    Tables t;
    const auto made = t.tables.create(t.me, "users", {"id,name\n1,ada\n", "who", {}}, {{"k", "v"}});
    REQUIRE(made);
    CHECK(made->arn == "arn:aws:logs:us-east-1:123456789012:lookup-table:users");
    CHECK(made->creation_ms == kNow);
    CHECK(t.make_table("users").error().code == ErrorCode::kAlreadyExists);
    const auto first = *t.tables.table(t.me, "users");
    CHECK(first->cell(0, 1) == "ada");
    CHECK(*t.tables.table(t.me, "users") == first);  // Parsed once.

    t.clock.advance_ms(5);
    REQUIRE(t.tables.replace(t.me, made->arn, {"id,name\n1,eve\n2,\"x\"\n", {}, {}}));
    const auto found = t.tables.find(t.me, made->arn);
    REQUIRE(found);
    CHECK(!found->description);  // Replaced by nothing.
    CHECK(found->records == 2);
    CHECK(found->bytes == 20);
    CHECK(found->fields == std::vector<std::string>{"id", "name"});
    CHECK(found->creation_ms == kNow);
    CHECK(found->modified_ms == kNow + 5);
    CHECK(found->tags == Tags{{"k", "v"}});
    CHECK(*t.tables.csv(t.me, "users") == "id,name\n1,eve\n2,\"x\"\n");
    CHECK((*t.tables.table(t.me, "users"))->cell(0, 1) == "eve");
    CHECK(first->cell(0, 1) == "ada");  // A running query keeps what it began with.

    CHECK(t.tables.tag(t.me, made->arn, {{"a", "1"}}));
    CHECK(t.tables.untag(t.me, made->arn, {"k", "none"}));
    CHECK(t.tables.find(t.me, made->arn)->tags == Tags{{"a", "1"}});
    CHECK(*t.tables.csv(t.me, "users") == "id,name\n1,eve\n2,\"x\"\n");
    Tags many;
    for (int i = 0; i < 50; ++i) many["t" + std::to_string(i)] = "";
    CHECK(t.tables.tag(t.me, made->arn, many).error().code == ErrorCode::kLimitExceeded);

    CHECK(t.tables.remove(t.me, made->arn));
    CHECK(t.tables.remove(t.me, made->arn).error().code == ErrorCode::kNotFound);
    CHECK(t.tables.table(t.me, "users").error().code == ErrorCode::kNotFound);
}

TEST_CASE("lookup tables: ARNs, contents and numbers that are refused") {
    Tables t;
    REQUIRE(t.make_table("a"));
    const std::string arn = lookup_table_arn(t.me, "a");
    struct Case {
        std::string arn;
        ErrorCode code;
    };
    const Case kCases[] = {
        {"a", ErrorCode::kInvalidArgument},
        {"arn:aws:logs:us-east-1:123456789012:log-group:a", ErrorCode::kInvalidArgument},
        {"arn:aws:logs:us-east-1:123456789012:lookup-table:", ErrorCode::kInvalidArgument},
        {"arn:aws:s3:us-east-1:123456789012:lookup-table:a", ErrorCode::kInvalidArgument},
        {"arn:aws:logs:eu-west-1:123456789012:lookup-table:a", ErrorCode::kInvalidArgument},
        {"arn:aws:logs:us-east-1:999999999999:lookup-table:a", ErrorCode::kNotFound},
        {"arn:aws:logs:us-east-1:123456789012:lookup-table:b", ErrorCode::kNotFound},
    };
    for (const Case& c : kCases) {
        CAPTURE(c.arn);
        CHECK(t.tables.find(t.me, c.arn).error().code == c.code);
        CHECK(t.tables.remove(t.me, c.arn).error().code == c.code);
        CHECK(t.tables.replace(t.me, c.arn, {"id\n", {}, {}}).error().code == c.code);
        CHECK(t.tables.tag(t.me, c.arn, {{"a", "b"}}).error().code == c.code);
    }
    CHECK(t.make_table("b", "").error().code == ErrorCode::kInvalidArgument);
    CHECK(t.tables.replace(t.me, arn, {"id\n1,2\n", {}, {}}).error().code ==
          ErrorCode::kInvalidArgument);
    CHECK(t.make_table("b", "id\n" + std::string(limits::kLookupTableBytesMax, 'x')).error().code ==
          ErrorCode::kInvalidArgument);
    CHECK(t.tables.create(t.me, "b", {"id\n", {}, "key"}, {}).error().code ==
          ErrorCode::kInvalidArgument);
    CHECK(t.tables.create(t.me, "b", {"id\n", {}, {}}, {{"aws:x", ""}}).error().code ==
          ErrorCode::kInvalidArgument);
    CHECK(*t.tables.csv(t.me, "a") == "id\n1\n");  // Untouched by all that.

    CHECK(t.tables.table(t.abroad, "a").error().code == ErrorCode::kNotFound);
    for (std::size_t i = 1; i < limits::kLookupTablesMax; ++i) {
        REQUIRE(t.make_table("t" + std::to_string(1'000 + i)));
    }
    CHECK(t.make_table("more").error().code == ErrorCode::kLimitExceeded);
    CHECK(t.tables.replace(t.me, arn, {"id\n", {}, {}}));
    CHECK(t.tables.create(t.abroad, "more", {"id\n", {}, {}}, {}));

    // In pages, by name.
    std::string names;
    std::optional<std::string> token;
    int pages = 0;
    do {
        const auto page = t.tables.list(t.me, "", 40, token);
        REQUIRE(page);
        for (const LookupTableInfo& info : page->tables) {
            CHECK((names.empty() || names < info.name));
            names = info.name;
        }
        token = page->next_token;
        ++pages;
    } while (token);
    CHECK(pages == 3);
    CHECK(t.tables.list(t.me, "t109", {}, {})->tables.size() == 10);
    const auto first = t.tables.list(t.me, "t", 1, {});
    CHECK(t.tables.list(t.me, "u", 1, first->next_token).error().code ==
          ErrorCode::kInvalidArgument);
}

namespace {
struct Definitions : Fixture {
    SeededRandom random{1};
    QueryDefinitions saved{store, clock, random};
    std::string names(std::string_view prefix = "") {
        std::string out;
        const auto page = saved.list(me, prefix, {}, {}, {});
        REQUIRE(page);
        for (const QueryDefinition& definition : page->definitions) out += definition.name + " ";
        return out;
    }
};

QueryDefinition named(std::string name, std::string id = "") {
    QueryDefinition definition;
    definition.name = std::move(name);
    definition.id = std::move(id);
    definition.text = "fields @message";
    return definition;
}
}  // namespace

TEST_CASE("query definitions: made, replaced whole, listed by name, removed") {
    Definitions d;
    QueryDefinition full = named("b/errors");
    full.text = "filter @message like '{{level}}'";
    full.groups = {"g1", "/aws/g2"};
    full.parameters = {{"level", "ERROR", "how bad"}, {"other", {}, {}}};
    const std::string id = *d.saved.put(d.me, full, {});
    REQUIRE(d.saved.put(d.me, named("a"), {}));
    REQUIRE(d.saved.put(d.me, named("b"), {}));
    CHECK(d.names() == "a b b/errors ");
    CHECK(d.names("b") == "b b/errors ");
    const QueryDefinition kept = d.saved.list(d.me, "b/", {}, {}, {})->definitions.at(0);
    CHECK(kept.id == id);
    CHECK(kept.text == full.text);
    CHECK(kept.groups == full.groups);
    CHECK(kept.parameters == full.parameters);
    CHECK(kept.modified_ms == kNow);

    d.clock.advance_ms(7);
    CHECK(*d.saved.put(d.me, named("c", id), {}) == id);
    const QueryDefinition changed = d.saved.list(d.me, "c", {}, {}, {})->definitions.at(0);
    CHECK(changed.groups.empty());
    CHECK(changed.parameters.empty());
    CHECK(changed.modified_ms == kNow + 7);
    CHECK(d.names() == "a b c ");

    CHECK(d.saved.put(d.me, named("x", "none"), {}).error().code == ErrorCode::kNotFound);
    CHECK(d.saved.remove(d.me, "none").error().code == ErrorCode::kNotFound);
    CHECK(d.saved.remove({"123456789012", "eu-west-1"}, id).error().code == ErrorCode::kNotFound);
    CHECK(d.saved.remove(d.me, id));
    CHECK(d.saved.remove(d.me, id).error().code == ErrorCode::kNotFound);
    CHECK(d.names() == "a b ");
}

TEST_CASE("query definitions: a repeated request makes no second one") {
    Definitions d;
    const std::string id = *d.saved.put(d.me, named("a"), "token-1");
    CHECK(*d.saved.put(d.me, named("a"), "token-1") == id);
    CHECK(d.saved.put(d.me, named("b"), "token-1").error().code == ErrorCode::kInvalidArgument);
    CHECK(*d.saved.put(d.me, named("a"), "token-2") != id);  // Names may repeat.
    CHECK(d.names() == "a a ");
}

TEST_CASE("query definitions: what is refused, and pages") {
    Definitions d;
    QueryDefinition twice = named("a");
    twice.parameters = {{"x", {}, {}}, {"x", "1", {}}};
    CHECK(d.saved.put(d.me, twice, {}).error().code == ErrorCode::kInvalidArgument);
    QueryDefinition sql = named("a");
    sql.language = "SQL";
    CHECK(d.saved.put(d.me, sql, {}));
    sql.parameters = {{"x", {}, {}}};
    CHECK(d.saved.put(d.me, sql, {}).error().code == ErrorCode::kInvalidArgument);
    QueryDefinition wide = named("a");
    wide.groups.assign(limits::kQueryGroupsMax + 1, "g");
    CHECK(d.saved.put(d.me, wide, {}).error().code == ErrorCode::kInvalidArgument);
    CHECK(d.saved.list(d.me, "", "SQL", {}, {})->definitions.size() == 1);
    CHECK(d.saved.list(d.me, "", "PPL", {}, {})->definitions.empty());

    for (std::size_t i = 1; i < limits::kQueryDefinitionsMax; ++i) {
        REQUIRE(d.saved.put(d.me, named("same"), {}));
    }
    CHECK(d.saved.put(d.me, named("more"), {}).error().code == ErrorCode::kLimitExceeded);
    std::size_t seen = 0;
    std::optional<std::string> token;
    do {
        const auto page = d.saved.list(d.me, "", {}, 300, token);
        REQUIRE(page);
        seen += page->definitions.size();
        token = page->next_token;
    } while (token);
    CHECK(seen == limits::kQueryDefinitionsMax);
    const auto first = d.saved.list(d.me, "", {}, 1, {});
    CHECK(d.saved.list(d.me, "s", {}, 1, first->next_token).error().code ==
          ErrorCode::kInvalidArgument);
}

}  // namespace sky::logs
