// SPDX-License-Identifier: Apache-2.0
// Permissions, decisions and temporary credentials.
#include <doctest/doctest.h>

#include <map>

#include "aws/audit.h"
#include "aws/authenticate.h"
#include "aws/authorize.h"
#include "aws/limits.h"
#include "aws/session.h"
#include "crypto/encoding.h"

namespace sky::aws {
namespace {

constexpr std::int64_t kNowMs = 1'767'225'600'000;
const std::string kAccount = "123456789012";

struct Keys final : KeySource {
    std::map<std::string, Credential, std::less<>> all;
    std::optional<Credential> find(std::string_view id) const override {
        const auto it = all.find(id);
        return it == all.end() ? std::nullopt : std::optional(it->second);
    }
    Credential& add(const std::string& id) {
        Credential key{id, "secret of " + id, kAccount};
        key.permissions = Permissions::all();
        key.caller_arn = user_arn(kAccount, id);
        key.caller_id = id;
        return all[id] = key;
    }
};

SessionWish role_wish(std::string arn = "arn:aws:iam::123456789012:role/team/reader",
                      std::string name = "grafana") {
    SessionWish wish;
    wish.duration_s = 3600;
    wish.role_arn = std::move(arn);
    wish.session_name = std::move(name);
    return wish;
}

http::RequestHead signed_head(const SessionCredentials& session, std::int64_t now_ms,
                              bool with_token = true) {
    http::RequestHead head;
    head.method = "POST";
    head.target = "/";
    head.headers.add("Host", "localhost");
    sigv4::SigningCredentials signer{session.access_key_id, session.secret};
    if (with_token) signer.session_token = session.token;
    for (auto& header : sigv4::sign(head, sigv4::kEmptyBodySha256, signer,
                                    {.region = "us-east-1", .service = "logs", .now_ms = now_ms})) {
        head.headers.add(std::move(header.name), std::move(header.value));
    }
    return head;
}

}  // namespace

TEST_CASE("permissions: words in, words out") {
    struct Case {
        std::string_view text, printed;  // No printed form and text: an error.
        bool valid = true;
    };
    constexpr Case kCases[] = {
        {"", ""},
        {"read", "read"},
        {"write,read", "read write"},
        {" write  admin, read ", "admin read write"},
        {"logs:Unmask", "unmask"},
        {"unmask unmask", "unmask"},
        {"all", "admin read unmask write"},
        {"Read", "", false},
        {"read;write", "", false},
        {"identity", "", false},
    };
    for (const Case& c : kCases) {
        CAPTURE(c.text);
        const auto got = parse_permissions(c.text);
        REQUIRE(got.has_value() == c.valid);
        if (got) CHECK(format_permissions(*got) == c.printed);
        if (!got) CHECK(got.error().code == ErrorCode::kInvalidArgument);
    }
    CHECK(Permissions::all().covers({Permission::kRead, Permission::kUnmask}));
    CHECK_FALSE(Permissions{Permission::kRead}.covers(Permissions::all()));
    CHECK_FALSE(Permissions::all().has(Permission::kIdentity));
}

TEST_CASE("permissions: what opens an operation that names none") {
    struct Case {
        Access access;
        std::string_view operation;
        Permissions allowed_by;
    };
    const Case cases[] = {
        {Access::kRead, "FilterLogEvents", {Permission::kRead}},
        {Access::kWrite, "PutMetricData", {Permission::kWrite}},
        {Access::kControl, "DeleteAlarms", {Permission::kAdmin}},
        {Access::kControl, "DescribeAlarms", {Permission::kRead, Permission::kAdmin}},
        {Access::kControl, "ListSinks", {Permission::kRead, Permission::kAdmin}},
        {Access::kControl, "GetThing", {Permission::kRead, Permission::kAdmin}},
    };
    for (const Case& c : cases) {
        CAPTURE(c.operation);
        CHECK(default_allowed_by(c.access, c.operation) == c.allowed_by);
    }
    CHECK(is_administration("DeleteAlarms", {Permission::kAdmin}));
    CHECK_FALSE(is_administration("ListAccessKeys", {Permission::kAdmin}));
    CHECK_FALSE(is_administration("PutRetentionPolicy", {Permission::kAdmin, Permission::kWrite}));
}

TEST_CASE("audit: what is shown of a request") {
    struct Case {
        std::string_view body, shown;
    };
    const std::string long_body = R"({"a":")" + std::string(2'000, 'x') + "\"}";
    const std::string long_shown =
        R"({"a":")" + std::string(limits::kAuditValueBytesMax, 'x') + "\"}";
    const Case cases[] = {
        {R"({"logGroupName":"g","n":3,"on":true,"x":null,"tags":{"k":"v"},"list":["a",1,"b"]})",
         R"({"logGroupName":"g","n":3,"on":true,"list":["a","b"]})"},
        {R"({"SecretAccessKey":"hush","secret":["a"],"sessionToken":5})",
         R"({"SecretAccessKey":"***","secret":"***","sessionToken":"***"})"},
        {"", "{}"},
        {"[1]", "{}"},
        {"Action=DeleteAlarms&Secret=hush", "{}"},
        {long_body, long_shown},
    };
    for (const Case& c : cases) {
        CAPTURE(c.body);
        CHECK(audit_parameters(c.body) == c.shown);
    }
}

TEST_CASE("sessions: who they are and what they may") {
    Keys keys;
    keys.add("AKIDROOT").permissions = {Permission::kRead, Permission::kWrite};
    SeededRandom random(1);
    const Credential root = *keys.find("AKIDROOT");

    SessionWish plain;
    plain.duration_s = 900;
    const auto token = issue_session(keys, root, plain, kNowMs, random);
    REQUIRE(token);
    CHECK(token->access_key_id.size() == 20);
    CHECK(token->access_key_id.starts_with("ASIA"));
    CHECK(token->secret.size() == 40);
    CHECK(token->expires_ms == kNowMs + 900'000);
    CHECK(token->caller_arn == "arn:aws:iam::123456789012:user/AKIDROOT");
    const auto user = open_session(keys, token->access_key_id, token->token);
    REQUIRE(user);
    CHECK(user->secret == token->secret);
    CHECK(user->account == kAccount);
    CHECK(user->issuer == "AKIDROOT");
    CHECK(user->caller_arn == token->caller_arn);
    CHECK(user->permissions == root.permissions);

    SessionWish wish = role_wish();
    wish.permissions = {Permission::kRead, Permission::kAdmin};
    const auto role = issue_session(keys, root, wish, kNowMs, random);
    REQUIRE(role);
    CHECK(role->access_key_id != token->access_key_id);
    CHECK(role->secret != token->secret);
    CHECK(role->caller_arn == "arn:aws:sts::123456789012:assumed-role/reader/grafana");
    CHECK(role->caller_id.starts_with("AROA"));
    CHECK(role->caller_id.ends_with(":grafana"));
    const auto reader = open_session(keys, role->access_key_id, role->token);
    REQUIRE(reader);
    CHECK(reader->permissions == Permissions{Permission::kRead});
    // A session of a session hangs on the same key and may not do more.
    const auto second = issue_session(keys, *reader, role_wish(), kNowMs, random);
    REQUIRE(second);
    const auto grandchild = open_session(keys, second->access_key_id, second->token);
    REQUIRE(grandchild);
    CHECK(grandchild->issuer == "AKIDROOT");
    CHECK(grandchild->permissions == Permissions{Permission::kRead});

    // What the key loses its sessions lose.
    keys.all["AKIDROOT"].permissions = {Permission::kWrite};
    CHECK(open_session(keys, role->access_key_id, role->token)->permissions.empty());
    keys.all["AKIDROOT"].enabled = false;
    CHECK_FALSE(open_session(keys, role->access_key_id, role->token));
    CHECK_FALSE(issue_session(keys, *reader, role_wish(), kNowMs, random));
    keys.all.clear();
    CHECK_FALSE(open_session(keys, role->access_key_id, role->token));
    keys.add("AKIDROOT").secret = "made anew under the old id";
    CHECK_FALSE(open_session(keys, role->access_key_id, role->token));
}

TEST_CASE("sessions: roles that are refused") {
    Keys keys;
    const Credential root = keys.add("AKIDROOT");
    SeededRandom random(1);
    struct Case {
        std::string arn, name;
        ErrorCode code;
    };
    const Case cases[] = {
        {"arn:aws:iam::999999999999:role/reader", "s", ErrorCode::kAccessDenied},
        {"reader", "s", ErrorCode::kInvalidArgument},
        {"arn:aws:iam::123456789012:user/x", "s", ErrorCode::kInvalidArgument},
        {"arn:aws:iam::123456789012:role/", "s", ErrorCode::kInvalidArgument},
        {"arn:aws:iam::123456789012:role/a\nb", "s", ErrorCode::kInvalidArgument},
        {"arn:aws:iam::123456789012:role/" + std::string(2048, 'x'), "s",
         ErrorCode::kInvalidArgument},
        {"arn:aws:iam::123456789012:role/reader", "", ErrorCode::kInvalidArgument},
        {"arn:aws:iam::123456789012:role/reader", "a\nb", ErrorCode::kInvalidArgument},
        {"arn:aws:iam::123456789012:role/reader", std::string(65, 'x'),
         ErrorCode::kInvalidArgument},
    };
    for (const Case& c : cases) {
        CAPTURE(c.arn);
        CAPTURE(c.name);
        const auto got = issue_session(keys, root, role_wish(c.arn, c.name), kNowMs, random);
        REQUIRE_FALSE(got);
        CHECK(got.error().code == c.code);
    }
    CHECK(issue_session(keys, root, role_wish("arn:aws-cn:iam::123456789012:role/reader"), kNowMs,
                        random));
    // The longest one still fits what is read back.
    const std::string longest = "arn:aws:iam::123456789012:role/";
    const auto made = issue_session(
        keys, root,
        role_wish(longest + std::string(limits::kRoleArnBytesMax - longest.size(), 'x'),
                  std::string(64, 'y')),
        kNowMs, random);
    REQUIRE(made);
    CHECK(open_session(keys, made->access_key_id, made->token));
}

TEST_CASE("sessions: no token but the one that was issued") {
    Keys keys;
    keys.add("AKIDOTHER");
    const Credential root = keys.add("AKIDROOT");
    SeededRandom random(1);
    const auto made = issue_session(keys, root, role_wish(), kNowMs, random);
    REQUIRE(made);
    const std::string bytes = *crypto::base64url_decode(made->token);
    CHECK_FALSE(open_session(keys, "ASIAANOTHERIDANOTHER", made->token));
    CHECK_FALSE(open_session(keys, made->access_key_id, ""));
    CHECK_FALSE(open_session(keys, made->access_key_id, made->token + "A"));
    CHECK_FALSE(open_session(keys, made->access_key_id, std::string(100'000, 'A')));
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        CAPTURE(i);
        std::string changed = bytes;
        changed[i] = static_cast<char>(changed[i] ^ 1);
        CHECK_FALSE(open_session(keys, made->access_key_id, crypto::base64url_encode(changed)));
        CHECK_FALSE(
            open_session(keys, made->access_key_id, crypto::base64url_encode(bytes.substr(0, i))));
    }
}

TEST_CASE("sessions through the authenticator: token needed, expiry told, keys' states") {
    Keys keys;
    const Credential root = keys.add("AKIDROOT");
    ManualClock clock(kNowMs);
    SeededRandom random(1);
    const Authenticator authenticator(keys, clock, limits::kClockWindowMs);
    const auto made = issue_session(keys, root, role_wish(), kNowMs, random);
    REQUIRE(made);
    const auto failure = [&](const http::RequestHead& head) -> std::optional<AuthFailure> {
        const auto ticket = authenticator.check_head(head);
        if (!ticket) return ticket.error().why;
        const auto proven = authenticator.check_signature(*ticket, head, sigv4::kEmptyBodySha256);
        if (!proven) return proven.error().why;
        return std::nullopt;
    };
    CHECK_FALSE(failure(signed_head(*made, kNowMs)));
    CHECK(failure(signed_head(*made, kNowMs, false)) == AuthFailure::kUnknownKey);
    SessionCredentials wrong = *made;
    wrong.secret[0] = wrong.secret[0] == 'A' ? 'B' : 'A';
    CHECK(failure(signed_head(wrong, kNowMs)) == AuthFailure::kWrongSignature);
    wrong = *made;
    wrong.token = "QUJD";
    CHECK(failure(signed_head(wrong, kNowMs)) == AuthFailure::kUnknownKey);

    clock.advance_ms(3'600'000 - 1);
    CHECK_FALSE(failure(signed_head(*made, clock.now_ms())));
    clock.advance_ms(1);
    CHECK(failure(signed_head(*made, clock.now_ms())) == AuthFailure::kExpiredToken);

    // Long-term keys: an extra token is ignored, their own state is not.
    SessionCredentials plain;
    plain.access_key_id = "AKIDROOT";
    plain.secret = root.secret;
    plain.token = "extra";
    CHECK_FALSE(failure(signed_head(plain, clock.now_ms())));
    keys.all["AKIDROOT"].expires_ms = clock.now_ms();
    CHECK(failure(signed_head(plain, clock.now_ms())) == AuthFailure::kExpiredToken);
    keys.all["AKIDROOT"].expires_ms.reset();
    keys.all["AKIDROOT"].enabled = false;
    CHECK(failure(signed_head(plain, clock.now_ms())) == AuthFailure::kUnknownKey);
    keys.all["AKIDROOT"].enabled = true;
    keys.all["AKIDROOT"].loopback_only = true;
    http::RequestHead head = signed_head(plain, clock.now_ms());
    for (const auto& [ip, good] : std::map<std::string, bool>{
             {"127.0.0.1", true}, {"::1", true}, {"192.0.2.1", false}, {"", false}}) {
        CAPTURE(ip);
        head.remote_ip = ip;
        CHECK(failure(head).has_value() != good);
    }
}

}  // namespace sky::aws
