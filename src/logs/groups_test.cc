// SPDX-License-Identifier: Apache-2.0
#include "logs/groups.h"

#include <doctest/doctest.h>

#include <set>
#include <thread>

#include "logs/identifiers.h"
#include "logs/limits.h"
#include "logs/testing/fixture.h"

namespace sky::logs {
using namespace testing;

TEST_CASE("identifiers: every form that clients send") {
    const Tenant me{"123456789012", "us-east-1"};
    struct Case {
        const char* identifier;
        const char* name;  // Null for an error.
        ErrorCode code;
    };
    static constexpr Case kCases[] = {
        {"app", "app", {}},
        {"app:", "app", {}},
        {"app:*", "app", {}},
        {"/aws/lambda/x#1", "/aws/lambda/x#1", {}},
        {"arn:aws:logs:us-east-1:123456789012:log-group:app", "app", {}},
        {"arn:aws:logs:us-east-1:123456789012:log-group:app:", "app", {}},
        {"arn:aws:logs:us-east-1:123456789012:log-group:app:*", "app", {}},
        {"arn:aws-cn:logs:us-east-1:123456789012:log-group:app", "app", {}},
        {"arn:aws:logs:eu-west-1:123456789012:log-group:app", nullptr, ErrorCode::kInvalidArgument},
        {"arn:aws:logs:us-east-1:999999999999:log-group:app", nullptr, ErrorCode::kNotFound},
        {"arn:aws:logs:us-east-1:123456789012:log-group:", nullptr, ErrorCode::kInvalidArgument},
        {"arn:aws:logs:us-east-1:123456789012:log-group:a:log-stream:s", nullptr,
         ErrorCode::kInvalidArgument},
        {"arn:aws:s3:us-east-1:123456789012:log-group:app", nullptr, ErrorCode::kInvalidArgument},
        {"arn:aws:logs", nullptr, ErrorCode::kInvalidArgument},
        {":*", nullptr, ErrorCode::kInvalidArgument},
    };
    for (const Case& c : kCases) {
        CAPTURE(c.identifier);
        const auto got = group_name_of(me, c.identifier);
        REQUIRE(bool(got) == (c.name != nullptr));
        if (got)
            CHECK(*got == c.name);
        else
            CHECK(got.error().code == c.code);
    }
    CHECK(group_name_of(me, group_arn(me, "a/b") + ":*").value() == "a/b");
    CHECK(stream_arn(me, "g", "s") ==
          "arn:aws:logs:us-east-1:123456789012:log-group:g:log-stream:s");
    CHECK_FALSE(group_name_of_arn(me, "app"));
}

TEST_CASE("names: length counts characters, form is checked") {
    CHECK(check_group_name(std::string(512, 'a')));
    CHECK(message_of(check_group_name(std::string(513, 'a'))) == kNameTooLong);
    CHECK(message_of(check_stream_name(std::string(513, 'a'))) == kNameTooLong);
    std::string wide;
    for (int i = 0; i < 512; ++i) wide += "é";
    CHECK(check_stream_name(wide));
    CHECK_FALSE(check_stream_name("a:b"));
    CHECK_FALSE(check_stream_name("a*b"));
    CHECK(check_stream_name("2026/01/01/[$LATEST]f00"));
    for (const char* bad : {"", "a b", "a:b", "é", "a*"}) CHECK_FALSE(check_group_name(bad));
}

TEST_CASE("groups: create, find, delete and create again") {
    Fixture f;
    CHECK(f.groups.create(f.me, {.name = "app", .kms_key_id = {}, .tags = {{"team", "a"}}}));
    CHECK(message_of(f.groups.create(f.me, {.name = "app", .kms_key_id = {}, .tags = {}})) ==
          "The specified log group already exists");
    CHECK(f.streams.create(f.me, "app", "s"));
    CHECK(f.put("app", "s", {{kNow, "one"}}));
    CHECK(f.groups.set_retention(f.me, "app", 7));
    const auto old_id = f.group("app")->id;

    CHECK(f.groups.remove(f.me, "app"));
    CHECK(message_of(f.groups.remove(f.me, "app")) == kGroupMissing);
    f.clock.advance_ms(5);
    f.make("app");
    const GroupPtr fresh = f.group("app");
    CHECK(fresh->id != old_id);
    CHECK(fresh->creation_ms == kNow + 5);
    CHECK(fresh->tags.empty());
    CHECK_FALSE(fresh->retention_days);
    CHECK(f.streams.describe(*fresh, {})->streams.empty());
    CHECK(f.reading.filter(*fresh, {})->events.empty());
    CHECK(f.store.stored_bytes(fresh->id) == 0);
}

TEST_CASE("groups: what creation refuses") {
    Fixture f;
    struct Case {
        const char* what;
        NewGroup group;
        const char* message;
    };
    Tags many;
    for (int i = 0; i < 51; ++i) many["k" + std::to_string(i)] = "";
    const Case cases[] = {
        {"too long",
         {.name = std::string(513, 'a'), .kms_key_id = {}, .tags = {}},
         kNameTooLong.data()},
        {"reserved",
         {.name = "aws/x", .kms_key_id = {}, .tags = {}},
         "Log group names starting with aws/ are reserved."},
        {"reserved tag",
         {.name = "a", .kms_key_id = {}, .tags = {{"aws:x", "1"}}},
         "Tag keys starting with aws: are reserved: aws:x"},
        {"tags",
         {.name = "a", .kms_key_id = {}, .tags = many},
         "A log group can have at most 50 tags."},
        {"key",
         {.name = "a", .kms_key_id = "k", .tags = {}},
         "The specified KMS key does not exist or is not allowed to be used with LogGroup "
         "'arn:aws:logs:us-east-1:123456789012:log-group:a'"},
    };
    for (const Case& c : cases) {
        CAPTURE(c.what);
        const Status got = f.groups.create(f.me, c.group);
        CHECK(message_of(got) == c.message);
        CHECK(got.error().code == ErrorCode::kInvalidArgument);
    }
}

TEST_CASE("groups: deletion protection blocks deletes in the group until it is off") {
    Fixture f;
    CHECK(f.groups.create(
        f.me, {.name = "p", .kms_key_id = {}, .tags = {}, .deletion_protection = true}));
    CHECK(f.streams.create(f.me, "p", "s"));
    CHECK(f.groups.remove(f.me, "p").error().code == ErrorCode::kInvalidState);
    CHECK(f.streams.remove(f.me, "p", "s").error().code == ErrorCode::kInvalidState);
    CHECK(message_of(f.streams.remove(f.me, "p", "none")) == kStreamMissing);
    CHECK(f.groups.set_deletion_protection(f.me, group_arn(f.me, "p"), false));
    CHECK(f.streams.remove(f.me, "p", "s"));
    CHECK(f.groups.remove(f.me, "p"));
}

TEST_CASE("groups: listing in byte order, page by page, with every filter") {
    Fixture f;
    for (const char* name : {"b/2", "b/1", "a", "B", "c-web", "c-api"}) f.make(name);
    CHECK(f.groups.create(f.me, {.name = "rare",
                                 .kms_key_id = {},
                                 .tags = {},
                                 .log_class = std::string(kClassInfrequent)}));
    const auto names = [&](GroupQuery query) {
        std::vector<std::string> out;
        std::set<std::string> tokens;
        for (;;) {
            const auto page = f.groups.describe(f.me, query);
            REQUIRE(page);
            for (const GroupPtr& group : page->groups) out.push_back(group->name);
            if (!page->next_token) return out;
            CHECK(tokens.insert(*page->next_token).second);
            query.token = page->next_token;
        }
    };
    using Names = std::vector<std::string>;
    const Names all = {"B", "a", "b/1", "b/2", "c-api", "c-web", "rare"};
    for (const std::int64_t limit : {1, 2, 3, 7, 50}) {
        GroupQuery query;
        query.limit = limit;
        CHECK(names(query) == all);
        query.prefix = "b/";
        CHECK(names(query) == Names{"b/1", "b/2"});
        query.prefix.reset();
        query.substring = "-a";
        CHECK(names(query) == Names{"c-api"});
        query.substring.reset();
        query.log_class = "INFREQUENT_ACCESS";
        CHECK(names(query) == Names{"rare"});
    }
    GroupQuery query;
    query.identifiers = {"c-web", group_arn(f.me, "a") + ":*", "gone"};
    CHECK(names(query) == Names{"a", "c-web"});
    query.limit = 3;
    CHECK_FALSE(f.groups.describe(f.me, query));

    GroupQuery both;
    both.prefix = "a";
    both.substring = "a";
    CHECK(message_of(f.groups.describe(f.me, both)) ==
          "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.");
    GroupQuery foreign;
    foreign.accounts = {"999999999999"};
    CHECK(names(foreign).empty());

    SUBCASE("a token is bound to its filter, its operation and its age") {
        GroupQuery first;
        first.limit = 1;
        const std::string token = *f.groups.describe(f.me, first)->next_token;
        GroupQuery other;
        other.prefix = "b";
        for (const std::string& bad :
             {token.substr(1), token + "A", std::string("x"), token + "!"}) {
            first.token = bad;
            CHECK(message_of(f.groups.describe(f.me, first)) ==
                  "The specified nextToken is invalid.");
        }
        other.token = token;
        CHECK_FALSE(f.groups.describe(f.me, other));
        GroupSearch search;
        search.token = token;
        CHECK_FALSE(f.groups.search(f.me, search));
        first.token = token;
        f.clock.advance_ms(kDay);
        CHECK(f.groups.describe(f.me, first));
        f.clock.advance_ms(1);
        CHECK_FALSE(f.groups.describe(f.me, first));
    }
}

TEST_CASE("ListLogGroups: patterns and tags") {
    Fixture f;
    const auto make = [&](const char* name, Tags tags) {
        CHECK(f.groups.create(f.me, {.name = name, .kms_key_id = {}, .tags = std::move(tags)}));
    };
    make("prod-web", {{"team", "blue"}});
    make("prod-api", {{"team", "red"}});
    make("dev-prod", {});
    struct Case {
        const char* pattern;
        std::vector<TagCondition> tags;
        std::vector<std::string> names;
    };
    const Case cases[] = {
        {nullptr, {}, {"dev-prod", "prod-api", "prod-web"}},
        {"^prod", {}, {"prod-api", "prod-web"}},
        {"prod", {}, {"dev-prod", "prod-api", "prod-web"}},
        {"dev|^prod-w", {}, {"dev-prod", "prod-web"}},
        {nullptr, {{"team", {}}}, {"prod-api", "prod-web"}},
        {nullptr, {{"team", {"blue"}}}, {"prod-web"}},
        {nullptr, {{"team", {"!blue"}}}, {"prod-api"}},
        {nullptr, {{"team", {"b*"}}}, {"prod-web"}},
        {nullptr, {{"team", {"*e*"}}}, {"prod-api", "prod-web"}},
        {nullptr, {{"team", {"!*ue", "blue"}}}, {"prod-api", "prod-web"}},
        {"^prod", {{"team", {"blue"}}, {"none", {}}}, {}},
    };
    for (const Case& c : cases) {
        CAPTURE(c.pattern);
        GroupSearch search;
        if (c.pattern) search.pattern = c.pattern;
        search.tags = c.tags;
        search.limit = 1;
        std::vector<std::string> names;
        do {
            const auto page = f.groups.search(f.me, search);
            REQUIRE(page);
            for (const GroupPtr& group : page->groups) names.push_back(group->name);
            search.token = page->next_token;
        } while (search.token);
        CHECK(names == c.names);
    }
    for (const char* bad : {"ab", "abc|de", "aaa|aaa|aaa|aaa|aaa|aaa", "^ab", ""})
        CHECK_FALSE(NamePattern::parse(bad));
    CHECK_FALSE(NamePattern::parse(std::string(25, 'a')));
}

TEST_CASE("retention and tags") {
    Fixture f;
    f.make("g");
    int known = 0;
    for (std::int32_t days = 0; days <= 4'000; ++days) known += is_retention_days(days) ? 1 : 0;
    CHECK(known == 22);
    CHECK(f.groups.set_retention(f.me, "g", 3'653));
    CHECK(f.group("g")->retention_days == 3'653);
    CHECK(f.groups.set_retention(f.me, "g", std::nullopt));
    CHECK_FALSE(f.group("g")->retention_days);
    CHECK(f.groups.set_retention(f.me, "g", 2).error().code == ErrorCode::kInvalidArgument);
    CHECK(message_of(f.groups.set_retention(f.me, "none", 7)) == kGroupMissing);

    CHECK(f.groups.create(
        f.me,
        {.name = "d", .kms_key_id = {}, .tags = {}, .log_class = std::string(kClassDelivery)}));
    CHECK(f.group("d")->retention_days == 1);
    CHECK_FALSE(f.groups.set_retention(f.me, "d", 7));

    Tags fifty;
    for (int i = 0; i < 50; ++i) fifty["k" + std::to_string(i)] = "v";
    CHECK(f.groups.tag(f.me, "g", fifty));
    CHECK(f.groups.tag(f.me, "g", {{"k1", "new"}}));
    CHECK(f.groups.tag(f.me, "g", {{"more", ""}}).error().code == ErrorCode::kLimitExceeded);
    CHECK(f.group("g")->tags.size() == 50);
    CHECK(f.group("g")->tags.at("k1") == "new");
    CHECK(f.groups.untag(f.me, "g", {"k1", "never"}));
    CHECK(f.group("g")->tags.size() == 49);
    CHECK(message_of(f.groups.tag(f.me, "none", {{"a", "b"}})) == kGroupMissing);
}

TEST_CASE("racing creates have one winner, racing changes lose nothing") {
    Fixture f;
    f.make("shared");
    constexpr int kThreads = 4, kRounds = 25;
    std::atomic<int> won{0}, refused{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t)
        threads.emplace_back([&, t] {
            for (int i = 0; i < kRounds; ++i) {
                const Status made = f.groups.create(
                    f.me, {.name = "g" + std::to_string(i), .kms_key_id = {}, .tags = {}});
                if (made)
                    ++won;
                else if (made.error().code == ErrorCode::kAlreadyExists)
                    ++refused;
                if (i < 10)
                    (void)f.groups.tag(f.me, "shared",
                                       {{std::to_string(t) + "-" + std::to_string(i), ""}});
            }
        });
    for (std::thread& thread : threads) thread.join();
    CHECK(won == kRounds);
    CHECK(refused == kRounds * (kThreads - 1));
    CHECK(f.group("shared")->tags.size() == 40);
}

TEST_CASE("groups: a key has to be one that is known") {
    class OneKey final : public EncryptionKeys {
    public:
        bool is_usable(const Tenant& tenant, std::string_view key_id) const override {
            return tenant.account == "123456789012" && key_id == "alias/logs";
        }
    };
    const OneKey keys;
    Fixture f;
    Groups groups(f.store, f.clock, keys);
    const std::string refused =
        "The specified KMS key does not exist or is not allowed to be used with LogGroup "
        "'arn:aws:logs:us-east-1:123456789012:log-group:g'";
    CHECK(message_of(groups.create(f.me, {.name = "g", .kms_key_id = "other", .tags = {}})) ==
          refused);
    CHECK(message_of(groups.find(f.me, "g")) == kGroupMissing);
    CHECK(groups.create(f.me, {.name = "g", .kms_key_id = "alias/logs", .tags = {}}));
    CHECK((*groups.find(f.me, "g"))->kms_key_id == "alias/logs");
    CHECK(groups.set_key(f.me, "g", std::nullopt));
    CHECK(groups.set_key(f.me, "g", std::nullopt));
    CHECK_FALSE((*groups.find(f.me, "g"))->kms_key_id);
    CHECK(message_of(groups.set_key(f.me, "g", "other")) == refused);
    CHECK_FALSE((*groups.find(f.me, "g"))->kms_key_id);
    CHECK(groups.set_key(f.me, "g", "alias/logs"));
    CHECK((*groups.find(f.me, "g"))->kms_key_id == "alias/logs");
    CHECK(message_of(groups.set_key(f.me, "none", "alias/logs")) == kGroupMissing);
    const Tenant other{"210987654321", "us-east-1"};
    CHECK_FALSE(groups.create(other, {.name = "g", .kms_key_id = "alias/logs", .tags = {}}));
}

}  // namespace sky::logs
