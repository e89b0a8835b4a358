// SPDX-License-Identifier: Apache-2.0
#include "aws/session.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <span>

#include "aws/authorize.h"
#include "aws/limits.h"
#include "base/assert.h"
#include "crypto/digest.h"
#include "crypto/encoding.h"

namespace sky::aws {
namespace {

// A token is base64url of these fields, one a line, followed by 32 bytes of MAC over them.
constexpr std::string_view kVersion = "sky1";
enum Field : std::size_t { kMark, kIssuer, kId, kExpires, kAllowed, kRole, kName, kFields };
constexpr std::size_t kMacBytes = 32;

// The prefix keeps this key apart from SigV4's ("AWS4" and the secret), whatever the secret is.
std::string mac_key(std::string_view secret) { return "SKYWATCH-SESSION" + std::string(secret); }

crypto::Sha256Digest mac_of(std::string_view issuer_secret, std::string_view fields) {
    return crypto::hmac_sha256(mac_key(issuer_secret), "token\n" + std::string(fields));
}

// 40 characters, as AWS's: 30 of the digest's 32 bytes.
std::string secret_of(std::string_view issuer_secret, std::string_view fields) {
    const auto digest =
        crypto::hmac_sha256(mac_key(issuer_secret), "secret\n" + std::string(fields));
    return crypto::base64_encode(crypto::as_text(digest).substr(0, 30));
}

bool is_alive(const Credential& key, std::int64_t now_ms) {
    return key.enabled && (!key.expires_ms || now_ms < *key.expires_ms);
}

bool is_plain(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; });
}

// "arn:aws:iam::ACCOUNT:role/path/NAME" -> {account, name}.
struct Role {
    std::string_view account, name;
};
std::optional<Role> parse_role(std::string_view arn) {
    for (const std::string_view part : {"arn:", "aws", ":iam::"}) {
        // Partitions of AWS: aws, aws-cn, aws-us-gov.
        if (part == "aws") {
            const std::size_t end = arn.find(':');
            if (!arn.starts_with(part) || end == std::string_view::npos) return std::nullopt;
            arn.remove_prefix(end);
            continue;
        }
        if (!arn.starts_with(part)) return std::nullopt;
        arn.remove_prefix(part.size());
    }
    const std::size_t colon = arn.find(":role/");
    if (colon == std::string_view::npos) return std::nullopt;
    const Role role{arn.substr(0, colon), arn.substr(arn.rfind('/') + 1)};
    if (role.account.empty() || role.name.empty()) return std::nullopt;
    return role;
}

// AWS's ids of roles are opaque; ours need to be the same each time.
std::string role_id(std::string_view role_arn) {
    static constexpr char kBase32[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    const auto digest = crypto::sha256(role_arn);
    std::string out = "AROA";
    for (std::size_t i = 0; i < 17; ++i) out += kBase32[digest[i] % 32];
    return out;
}

// Who the session is, as ARNs and answers of GetCallerIdentity have it.
void name_caller(Credential& session, std::string_view issuer, std::string_view role_arn,
                 std::string_view session_name) {
    session.issuer = issuer;
    const auto role = parse_role(role_arn);
    if (!role) {
        session.caller_arn = user_arn(session.account, issuer);
        session.caller_id = issuer;
        return;
    }
    session.caller_arn = "arn:aws:sts::" + session.account + ":assumed-role/" +
                         std::string(role->name) + "/" + std::string(session_name);
    session.caller_id = role_id(role_arn) + ":" + std::string(session_name);
}

}  // namespace

Result<SessionCredentials> issue_session(const KeySource& keys, const Credential& issuer,
                                         const SessionWish& wish, std::int64_t now_ms,
                                         Random& random) {
    SKY_ASSERT(wish.duration_s > 0, "STS checks durations");
    if (!wish.role_arn.empty()) {
        const auto role = parse_role(wish.role_arn);
        if (!role || !is_plain(wish.role_arn) || wish.role_arn.size() > limits::kRoleArnBytesMax) {
            return fail(ErrorCode::kInvalidArgument, wish.role_arn + " is invalid");
        }
        if (role->account != issuer.account) {
            return fail(
                ErrorCode::kAccessDenied,
                "User: " + issuer.caller_arn +
                    " is not authorized to perform: sts:AssumeRole on resource: " + wish.role_arn);
        }
        if (wish.session_name.empty() || !is_plain(wish.session_name) ||
            wish.session_name.size() > limits::kSessionNameBytesMax) {
            return fail(ErrorCode::kInvalidArgument, "The session name is not valid.");
        }
    }
    const std::string root_id = issuer.issuer.empty() ? issuer.access_key_id : issuer.issuer;
    const auto root = keys.find(root_id);
    if (!root || !is_alive(*root, now_ms)) {
        return fail(ErrorCode::kAccessDenied,
                    "The security token included in the request is invalid.");
    }
    std::array<std::uint8_t, 16> id_bytes{};
    random.fill(std::as_writable_bytes(std::span(id_bytes)));
    SessionCredentials out;
    static constexpr char kBase32[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    out.access_key_id = "ASIA";
    for (const std::uint8_t byte : id_bytes) out.access_key_id += kBase32[byte % 32];
    out.expires_ms = now_ms + wish.duration_s * 1000;
    const Permissions permissions = issuer.permissions & wish.permissions;
    std::string fields;
    for (const std::string& field :
         {std::string(kVersion), root_id, out.access_key_id, std::to_string(out.expires_ms),
          format_permissions(permissions), wish.role_arn, wish.session_name}) {
        if (!fields.empty()) fields.push_back('\n');
        fields += field;
    }
    out.secret = secret_of(root->secret, fields);
    const auto mac = mac_of(root->secret, fields);
    out.token = crypto::base64url_encode(fields + std::string(crypto::as_text(mac)));
    Credential session;
    session.account = issuer.account;
    name_caller(session, root_id, wish.role_arn, wish.session_name);
    out.caller_arn = std::move(session.caller_arn);
    out.caller_id = std::move(session.caller_id);
    return out;
}

std::optional<Credential> open_session(const KeySource& keys, std::string_view access_key_id,
                                       std::string_view token) {
    if (token.size() > limits::kSessionTokenBytesMax) return std::nullopt;
    const auto bytes = crypto::base64url_decode(token);
    if (!bytes || bytes->size() <= kMacBytes) return std::nullopt;
    const std::string_view signed_part(bytes->data(), bytes->size() - kMacBytes);
    const std::string_view mac = std::string_view(*bytes).substr(signed_part.size());
    std::array<std::string_view, kFields> fields;
    std::string_view rest = signed_part;
    for (std::size_t i = 0; i < kFields; ++i) {
        const std::size_t end = rest.find('\n');
        if ((end == std::string_view::npos) != (i + 1 == kFields)) return std::nullopt;
        fields[i] = rest.substr(0, end);
        rest.remove_prefix(std::min(rest.size(), fields[i].size() + 1));
    }
    if (fields[kMark] != kVersion || fields[kId] != access_key_id) return std::nullopt;
    const auto issuer = keys.find(fields[kIssuer]);
    if (!issuer || !issuer->enabled) return std::nullopt;
    if (!crypto::constant_time_equal(crypto::as_text(mac_of(issuer->secret, signed_part)), mac)) {
        return std::nullopt;
    }
    // From here on the fields are our own words.
    Credential out;
    out.access_key_id = access_key_id;
    out.secret = secret_of(issuer->secret, signed_part);
    out.account = issuer->account;
    std::int64_t expires_ms = 0;
    const std::string_view number = fields[kExpires];
    const auto [end, error] =
        std::from_chars(number.data(), number.data() + number.size(), expires_ms);
    const auto allowed = parse_permissions(fields[kAllowed]);
    if (error != std::errc{} || end != number.data() + number.size() || !allowed) {
        return std::nullopt;
    }
    out.expires_ms = issuer->expires_ms ? std::min(expires_ms, *issuer->expires_ms) : expires_ms;
    // What the key has lost meanwhile its sessions have lost as well.
    out.permissions = *allowed & issuer->permissions;
    out.loopback_only = issuer->loopback_only;
    out.session_token = token;
    name_caller(out, fields[kIssuer], fields[kRole], fields[kName]);
    return out;
}

}  // namespace sky::aws
