// SPDX-License-Identifier: Apache-2.0
#include "sts/api/operations.h"

#include <doctest/doctest.h>

#include "aws/testing/invoke.h"

namespace sky::sts::api {
namespace {

constexpr std::int64_t kNow = 1'767'225'600'000;  // 2026-01-01T00:00:00Z

struct OneKey final : aws::KeySource {
    std::optional<aws::Credential> find(std::string_view id) const override {
        if (id != "AKIAONE") return std::nullopt;
        aws::Credential key;
        key.access_key_id = "AKIAONE";
        key.secret = "secret";
        key.account = "123456789012";
        key.permissions = aws::Permissions::all();
        return key;
    }
};

struct World {
    OneKey keys;
    SeededRandom random{1};
    Service service{keys, random};
    aws::CallContext caller = [] {
        aws::CallContext out;
        out.account = "123456789012";
        out.access_key_id = "AKIAONE";
        out.now_ms = kNow;
        out.permissions = aws::Permissions::all();
        out.caller_arn = "arn:aws:iam::123456789012:user/AKIAONE";
        out.caller_id = "AKIAONE";
        return out;
    }();

    std::string ask(std::string_view operation, std::string_view body) {
        return aws::testing::ask(service_definition(service), operation, body, caller);
    }
    /// A member of the answer's credentials, as text.
    std::string credential(std::string_view operation, std::string_view body,
                           std::string_view name) {
        const std::string told = ask(operation, body);
        INFO(told);
        REQUIRE(told.starts_with("200 "));
        const std::string key = "\"" + std::string(name) + "\":";
        const auto at = told.find(key);
        REQUIRE(at != std::string::npos);
        const std::string rest = told.substr(at + key.size());
        if (!rest.starts_with('"')) return rest.substr(0, rest.find_first_of(",}"));
        return rest.substr(1, rest.find('"', 1) - 1);
    }
};

const std::string kRole = R"("RoleArn":"arn:aws:iam::123456789012:role/r","RoleSessionName":"me")";

}  // namespace

TEST_CASE("who am I") {
    World world;
    CHECK(world.ask("GetCallerIdentity", "{}") ==
          R"(200 {"UserId":"AKIAONE","Account":"123456789012",)"
          R"("Arn":"arn:aws:iam::123456789012:user/AKIAONE"})");
}

TEST_CASE("temporary credentials: how long they live") {
    World world;
    const auto lives_s = [&](std::string_view operation, const std::string& body) {
        return std::stoll(world.credential(operation, body, "Expiration")) - kNow / 1000;
    };
    CHECK(lives_s("AssumeRole", "{" + kRole + "}") == 3'600);
    CHECK(lives_s("AssumeRole", "{" + kRole + R"(,"DurationSeconds":900})") == 900);
    CHECK(lives_s("GetSessionToken", "{}") == 43'200);
    CHECK(lives_s("GetSessionToken", R"({"DurationSeconds":900})") == 900);
    CHECK(world.credential("GetSessionToken", "{}", "AccessKeyId").starts_with("ASIA"));
    // Every session is another one.
    CHECK(world.credential("GetSessionToken", "{}", "SessionToken") !=
          world.credential("GetSessionToken", "{}", "SessionToken"));
}

TEST_CASE("a session of a session") {
    World world;
    world.caller.session_issuer = "AKIAONE";
    world.caller.access_key_id = "ASIASESSION";
    CHECK(world.ask("GetSessionToken", "{}") ==
          "403 AccessDeniedException: Cannot call GetSessionToken with session credentials");
    CHECK(world.ask("AssumeRole", "{" + kRole + R"(,"DurationSeconds":3601})") ==
          "400 ValidationError: The requested DurationSeconds exceeds the 1 hour session limit for "
          "roles assumed by role chaining");
}

TEST_CASE("what would narrow a session is refused, never ignored") {
    World world;
    const struct {
        const char* operation;
        std::string more, told;
    } cases[] = {
        {"AssumeRole", R"("Policy":"{}")",
         "400 MalformedPolicyDocumentException: Session policies are not supported by skywatch."},
        {"AssumeRole", R"("PolicyArns":[{"arn":"arn:aws:iam::aws:policy/ReadOnlyAccess"}])",
         "400 MalformedPolicyDocumentException: Session policies are not supported by skywatch."},
        {"AssumeRole", R"("Tags":[{"Key":"a","Value":"b"}])",
         "400 ValidationError: Tags, TransitiveTagKeys, SourceIdentity and ProvidedContexts are "
         "not supported by skywatch."},
        {"AssumeRole", R"("SerialNumber":"123456789","TokenCode":"123456")",
         "403 AccessDeniedException: MultiFactorAuthentication failed, unable to validate MFA "
         "code."},
        {"GetSessionToken", R"("SerialNumber":"123456789","TokenCode":"123456")",
         "403 AccessDeniedException: MultiFactorAuthentication failed, unable to validate MFA "
         "code."},
    };
    for (const auto& row : cases) {
        CAPTURE(row.more);
        const bool role = std::string_view(row.operation) == "AssumeRole";
        CHECK(world.ask(row.operation, "{" + (role ? kRole + "," : "") + row.more + "}") ==
              row.told);
    }
}

}  // namespace sky::sts::api
