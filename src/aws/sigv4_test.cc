// SPDX-License-Identifier: Apache-2.0
#include "aws/sigv4.h"

#include <doctest/doctest.h>

#include "aws/authenticate.h"
#include "aws/limits.h"
#include "aws/testing/vectors.h"
#include "base/time.h"

namespace sky::aws {
namespace {

using namespace std::string_view_literals;

class OneKey final : public KeySource {
public:
    explicit OneKey(Credential credential) : credential_(std::move(credential)) {}
    std::optional<Credential> find(std::string_view id) const override {
        if (id != credential_.access_key_id) return std::nullopt;
        return credential_;
    }

private:
    Credential credential_;
};

// Reads the text form of a request as a server would: lines, folded headers, a body after a blank
// line.
http::Request read_request(std::string_view text) {
    http::Request request;
    const std::size_t line_end = text.find('\n');
    const std::string_view line = text.substr(0, line_end);
    const std::size_t method_end = line.find(' '), version = line.rfind(" HTTP/1.1");
    request.head.method = line.substr(0, method_end);
    request.head.target = line.substr(method_end + 1, version - method_end - 1);
    text.remove_prefix(line_end + 1);
    std::vector<http::Header> headers;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        const std::string_view row = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (row.empty()) break;
        if (row.front() == ' ') {
            headers.back().value += row;
            continue;
        }
        const std::size_t colon = row.find(':');
        headers.push_back({std::string(row.substr(0, colon)), std::string(row.substr(colon + 1))});
    }
    for (http::Header& header : headers) request.head.headers.add(header.name, header.value);
    request.body = text;
    request.body_sha256 = crypto::sha256_hex(request.body);
    return request;
}

TEST_CASE("published vectors: canonical request, string to sign, signature, verification") {
    const auto document = testing::shared_json("sigv4-vectors.json.zst");
    if (!document) return;
    std::size_t count = 0;
    for (const json::Value& one : document->root().find("cases")->elements()) {
        ++count;
        const auto text = [&one](std::string_view name) {
            return std::string(one.find(name)->string());
        };
        CAPTURE(text("name"));
        const json::Value context = *one.find("context"), keys = *context.find("credentials");
        Credential credential{std::string(keys.find("access_key_id")->string()),
                              std::string(keys.find("secret_access_key")->string()),
                              "123456789012"};
        if (const auto token = keys.find("token"))
            credential.session_token = std::string(token->string());
        const bool normalize = context.find("normalize")->boolean();
        const auto mode = normalize ? sigv4::PathMode::kNormalize : sigv4::PathMode::kAsIs;
        const std::int64_t now_ms = *parse_amz_date("20150830T123600Z");
        REQUIRE(context.find("timestamp")->string() == "2015-08-30T12:36:00Z"sv);
        const ManualClock clock(now_ms);
        const OneKey source(credential);
        const Authenticator authenticator(source, clock, limits::kClockWindowMs);
        const std::string unsigned_body = read_request(text("request")).body;

        for (const std::string form : {"header", "query"}) {
            CAPTURE(form);
            const http::Request request = read_request(text(form + "_signed_request"));
            const auto claim = read_claim(request.head);
            REQUIRE(claim);
            const std::vector<std::string_view> left_out =
                form == "header" ? std::vector<std::string_view>{}
                : context.find("omit_session_token") &&
                        context.find("omit_session_token")->boolean()
                    ? std::vector<std::string_view>{"X-Amz-Signature", "X-Amz-Security-Token"}
                    : std::vector<std::string_view>{"X-Amz-Signature"};
            const std::string canonical =
                sigv4::canonical_request({.method = request.head.method,
                                          .path = request.head.path(),
                                          .query = request.head.query(),
                                          .headers = &request.head.headers,
                                          .signed_headers = claim->signed_headers,
                                          .payload_hash = request.body_sha256,
                                          .path_mode = mode,
                                          .left_out = left_out});
            CHECK(canonical == text(form + "_canonical_request"));
            const std::string to_sign =
                sigv4::string_to_sign(claim->amz_date, claim->scope, canonical);
            CHECK(to_sign == text(form + "_string_to_sign"));
            CHECK(sigv4::signature(sigv4::signing_key(credential.secret, claim->scope), to_sign) ==
                  text(form + "_signature"));
            // Paths that are not normalised belong to S3, which the verifier knows by the scope
            // alone.
            const auto ticket = authenticator.check_head(request.head);
            REQUIRE(ticket);
            if (normalize) {
                const auto proven =
                    authenticator.check_signature(*ticket, request.head, request.body_sha256);
                CHECK_MESSAGE(proven, (proven ? "" : proven.error().message));
                http::RequestHead changed = request.head;
                changed.method = changed.method == "GET" ? "PUT" : "GET";
                CHECK_FALSE(authenticator.check_signature(*ticket, changed, request.body_sha256));
                CHECK_FALSE(
                    authenticator.check_signature(*ticket, request.head, crypto::sha256_hex("x")));
            }
        }
    }
    CHECK(count == 38);
}

http::RequestHead plain_head() {
    http::RequestHead head;
    head.method = "POST";
    head.target = "/";
    head.headers.add("Host", "127.0.0.1:4580");
    head.headers.add("X-Amz-Target", "Logs_20140328.DescribeLogGroups");
    head.headers.add("Content-Type", "application/x-amz-json-1.1");
    return head;
}

constexpr std::int64_t kNowMs = 1'767'225'600'000;  // 2026-01-01T00:00:00Z

struct Signed {
    http::RequestHead head;
    std::string body_sha256;
};

Signed signed_request(std::int64_t at_ms, std::string secret = "secret", std::string id = "AKID") {
    Signed request{plain_head(), crypto::sha256_hex("{}")};
    for (const http::Header& header :
         sigv4::sign(request.head, request.body_sha256, {std::move(id), std::move(secret)},
                     {.region = "eu-north-1", .service = "logs", .now_ms = at_ms})) {
        request.head.headers.add(header.name, header.value);
    }
    return request;
}

TEST_CASE("what we sign, we accept; anything else we refuse with the table's reason") {
    const OneKey keys({"AKID", "secret", "123456789012"});
    const ManualClock clock(kNowMs);
    const Authenticator authenticator(keys, clock, limits::kClockWindowMs);
    const auto verdict = [&](const http::RequestHead& head, std::string_view hash) -> std::string {
        const auto ticket = authenticator.check_head(head);
        if (!ticket) return std::string(auth_failure_row(ticket.error().why).type);
        const auto proven = authenticator.check_signature(*ticket, head, hash);
        if (!proven) return std::string(auth_failure_row(proven.error().why).type);
        return "ok " + ticket->claim.scope.region;
    };
    constexpr std::int64_t kMinute = 60'000;
    struct Case {
        const char* name;
        Signed request;
        std::string_view verdict;
    };
    const Case cases[] = {
        {"good", signed_request(kNowMs), "ok eu-north-1"},
        {"four minutes old", signed_request(kNowMs - 4 * kMinute), "ok eu-north-1"},
        {"four minutes ahead", signed_request(kNowMs + 4 * kMinute), "ok eu-north-1"},
        {"six minutes old", signed_request(kNowMs - 6 * kMinute), "InvalidSignatureException"},
        {"six minutes ahead", signed_request(kNowMs + 6 * kMinute), "InvalidSignatureException"},
        {"wrong secret", signed_request(kNowMs, "guess"), "InvalidSignatureException"},
        {"unknown key", signed_request(kNowMs, "secret", "OTHER"), "UnrecognizedClientException"},
        {"no authentication",
         {plain_head(), crypto::sha256_hex("{}")},
         "MissingAuthenticationTokenException"},
    };
    for (const Case& c : cases) {
        CAPTURE(c.name);
        CHECK(verdict(c.request.head, c.request.body_sha256) == c.verdict);
    }

    const auto with_authorization = [&](std::string_view from, std::string_view to) {
        const Signed request = signed_request(kNowMs);
        http::RequestHead head = plain_head();
        head.headers.add("X-Amz-Date", std::string(request.head.headers.get("x-amz-date")));
        std::string value(request.head.headers.get("authorization"));
        const std::size_t at = value.find(from);
        REQUIRE(at != std::string::npos);
        value.replace(at, from.size(), to);
        head.headers.add("Authorization", value);
        return head;
    };
    struct Edit {
        const char* name;
        std::string_view from, to, verdict;
    };
    constexpr Edit kEdits[] = {
        {"no spaces after commas", ", Signature", ",Signature", "ok eu-north-1"},
        {"other region", "eu-north-1", "eu-north-2", "InvalidSignatureException"},
        {"other service", "/logs/", "/monitoring/", "InvalidSignatureException"},
        {"other day", "20260101", "20251231", "InvalidSignatureException"},
        {"bad day", "20260101", "2026011", "IncompleteSignatureException"},
        {"terminator", "aws4_request", "aws5_request", "IncompleteSignatureException"},
        {"no signature", "Signature=", "Sign=", "IncompleteSignatureException"},
        {"no signed headers", "SignedHeaders=", "Signed=", "IncompleteSignatureException"},
        {"empty header name", "host;", "host;;", "IncompleteSignatureException"},
        {"host not signed", "host;", "", "InvalidSignatureException"},
        {"other algorithm", "AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256",
         "IncompleteSignatureException"},
        {"other scheme", "AWS4-HMAC-SHA256", "Bearer", "MissingAuthenticationTokenException"},
        {"upper-case signature", "Signature=", "Signature=A", "InvalidSignatureException"},
    };
    for (const Edit& edit : kEdits) {
        CAPTURE(edit.name);
        CHECK(verdict(with_authorization(edit.from, edit.to), crypto::sha256_hex("{}")) ==
              edit.verdict);
    }
}

TEST_CASE("declared payload hashes") {
    const OneKey keys({"AKID", "secret", "123456789012"});
    const ManualClock clock(kNowMs);
    const Authenticator authenticator(keys, clock, limits::kClockWindowMs);
    struct Case {
        std::string declared, body;
        bool good;
    };
    const std::string upper = [] {
        std::string text = crypto::sha256_hex("body");
        for (char& c : text) c = c >= 'a' ? static_cast<char>(c - 32) : c;
        return text;
    }();
    const Case cases[] = {
        {crypto::sha256_hex("body"), "body", true},
        {upper, "body", true},
        {crypto::sha256_hex("body"), "other", false},
        {"UNSIGNED-PAYLOAD", "anything", true},
        {"STREAMING-UNSIGNED-PAYLOAD-TRAILER", "anything", false},
    };
    for (const Case& c : cases) {
        CAPTURE(c.declared);
        CAPTURE(c.body);
        http::RequestHead head = plain_head();
        for (const http::Header& header : sigv4::sign(head, c.declared, {"AKID", "secret"},
                                                      {.region = "r",
                                                       .service = "logs",
                                                       .now_ms = kNowMs,
                                                       .add_content_sha256 = true})) {
            head.headers.add(header.name, header.value);
        }
        const auto ticket = authenticator.check_head(head);
        REQUIRE(ticket);
        CHECK(
            authenticator.check_signature(*ticket, head, crypto::sha256_hex(c.body)).has_value() ==
            c.good);
    }
}

TEST_CASE("temporary keys and presigned targets") {
    const OneKey keys({"ASIA", "secret", "123456789012", "token", kNowMs + 1'000});
    ManualClock clock(kNowMs);
    const Authenticator authenticator(keys, clock, limits::kClockWindowMs);
    const auto with_token = [&](std::optional<std::string> token) {
        http::RequestHead head = plain_head();
        for (const http::Header& header :
             sigv4::sign(head, sigv4::kEmptyBodySha256, {"ASIA", "secret", token},
                         {.region = "r", .service = "logs", .now_ms = kNowMs})) {
            head.headers.add(header.name, header.value);
        }
        return head;
    };
    CHECK(authenticator.check_head(with_token("token")));
    CHECK(authenticator.check_head(with_token("other")).error().why == AuthFailure::kUnknownKey);
    CHECK(authenticator.check_head(with_token(std::nullopt)).error().why ==
          AuthFailure::kUnknownKey);

    http::RequestHead head = plain_head();
    head.target = sigv4::presign(head, sigv4::kUnsignedPayload, {"ASIA", "secret", "token"},
                                 {.region = "r", .service = "logs", .now_ms = kNowMs}, 60);
    const auto ticket = authenticator.check_head(head);
    REQUIRE(ticket);
    CHECK(authenticator.check_signature(*ticket, head, crypto::sha256_hex("any body")));
    CHECK(read_scope(head)->region == "r");

    clock.advance_ms(2'000);
    CHECK(authenticator.check_head(head).error().why == AuthFailure::kExpiredToken);
    const OneKey lasting({"ASIA", "secret", "123456789012"});
    const Authenticator later(lasting, clock, limits::kClockWindowMs);
    CHECK(later.check_head(head));
    clock.advance_ms(59'000);
    CHECK(later.check_head(head).error().why == AuthFailure::kClock);
    head.target += "0000000000";
    CHECK_FALSE(later.check_head(head));
}

TEST_CASE("canonical paths and queries") {
    struct Case {
        std::string_view raw, canonical;
    };
    constexpr Case kPaths[] = {
        {"", "/"},          {"/", "/"},        {"//", "/"},
        {"/a/", "/a/"},     {"/a//b", "/a/b"}, {"/a/./b/", "/a/b/"},
        {"/../../a", "/a"}, {"/a/..", "/"},    {"/a%3Ab", "/a%253Ab"},
        {"/a b", "/a%20b"},
    };
    for (const Case& c : kPaths) {
        CAPTURE(c.raw);
        CHECK(sigv4::canonical_uri(c.raw, sigv4::PathMode::kNormalize) == c.canonical);
    }
    constexpr Case kQueries[] = {
        {"", ""},
        {"b=2&a=1", "a=1&b=2"},
        {"a", "a="},
        {"a=2&a=10", "a=10&a=2"},
        {"a=%7e%2F+x", "a=~%2F%2Bx"},
        {"a=b=c", "a=b%3Dc"},
        {"&&a=%zz&", "a=%25zz"},
        {"A=1&a=1", "A=1&a=1"},
    };
    for (const Case& c : kQueries) {
        CAPTURE(c.raw);
        CHECK(sigv4::canonical_query(c.raw) == c.canonical);
    }
}

TEST_CASE("the cache of signing keys follows a changed secret and stays bounded") {
    const ManualClock clock(kNowMs);
    struct Keys final : KeySource {
        std::string secret = "one";
        std::optional<Credential> find(std::string_view id) const override {
            return Credential{std::string(id), secret, "123456789012"};
        }
    } keys;
    const Authenticator authenticator(keys, clock, limits::kClockWindowMs);
    const auto accepted = [&](const std::string& secret, const std::string& id) {
        const Signed request = signed_request(kNowMs, secret, id);
        const auto ticket = authenticator.check_head(request.head);
        REQUIRE(ticket);
        return authenticator.check_signature(*ticket, request.head, request.body_sha256)
            .has_value();
    };
    CHECK(accepted("one", "AKID"));
    keys.secret = "two";
    CHECK_FALSE(accepted("one", "AKID"));
    CHECK(accepted("two", "AKID"));
    for (std::size_t i = 0; i < limits::kSigningKeysMax + 10; ++i)
        CHECK(accepted("two", std::to_string(i)));
    CHECK(accepted("two", "AKID"));
}

}  // namespace
}  // namespace sky::aws
