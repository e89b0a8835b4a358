// SPDX-License-Identifier: Apache-2.0
#include "aws/authenticate.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <mutex>
#include <unordered_map>

#include "aws/authorize.h"
#include "aws/codec.h"
#include "aws/limits.h"
#include "aws/session.h"
#include "base/time.h"

namespace sky::aws {
namespace {

constexpr auto kFailures = std::to_array<AuthFailureRow>({
    {AuthFailure::kMissing, error_types::kMissingAuthentication, "MissingAuthenticationToken", 400,
     403, 403},
    {AuthFailure::kMalformed, error_types::kIncompleteSignature, "IncompleteSignature", 400, 400,
     400},
    {AuthFailure::kUnknownKey, error_types::kUnrecognizedClient, "InvalidClientTokenId", 400, 403,
     403},
    {AuthFailure::kWrongSignature, error_types::kInvalidSignature, "SignatureDoesNotMatch", 400,
     403, 403},
    {AuthFailure::kClock, error_types::kInvalidSignature, "RequestExpired", 400, 403, 400},
    {AuthFailure::kExpiredToken, error_types::kExpiredToken, "ExpiredToken", 400, 403, 403},
    {AuthFailure::kNotAllowed, error_types::kAccessDenied, "AccessDenied", 400, 403, 403},
});

std::unexpected<AuthError> refuse(AuthFailure why, std::string message) {
    return std::unexpected(AuthError{why, std::move(message)});
}

std::unexpected<AuthError> wrong_signature() {
    return refuse(
        AuthFailure::kWrongSignature,
        "The request signature we calculated does not match the signature you provided. Check "
        "your AWS Secret Access Key and signing method. Consult the service documentation for "
        "details.");
}

std::string_view trim(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

// As sockets print them; a proxy on this machine is trusted with what comes through it.
bool is_loopback(std::string_view ip) {
    return ip == "::1" || ip.starts_with("127.") || ip.starts_with("::ffff:127.");
}

bool is_lower_hex_digest(std::string_view text) {
    return text.size() == 64 && std::ranges::all_of(text, [](char c) {
               return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
           });
}

bool is_digest(std::string_view text) {
    return text.size() == 64 && std::ranges::all_of(text, [](char c) {
               return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
           });
}

bool is_scope_word(std::string_view text) {
    return text.size() <= limits::kScopeWordMax && std::ranges::all_of(text, [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '-' || c == '_' || c == '.';
           });
}

// AKID/YYYYMMDD/region/service/aws4_request. Key ids hold no slash.
bool read_credential(std::string_view text, Claim& claim) {
    std::array<std::string_view, 5> parts;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const std::size_t end = i + 1 < parts.size() ? text.find('/') : text.size();
        if (end == std::string_view::npos || end == 0) return false;
        parts[i] = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    if (parts[4] != sigv4::kTerminator) return false;
    if (parts[1].size() != 8 ||
        !std::ranges::all_of(parts[1], [](char c) { return c >= '0' && c <= '9'; })) {
        return false;
    }
    // Both become part of names and ARNs, also of requests that nobody authenticates.
    if (!is_scope_word(parts[2]) || !is_scope_word(parts[3])) return false;
    claim.access_key_id = parts[0];
    claim.scope = {std::string(parts[1]), std::string(parts[2]), std::string(parts[3])};
    return true;
}

bool read_signed_headers(std::string_view text, std::vector<std::string>& out) {
    while (true) {
        const std::size_t end = std::min(text.find(';'), text.size());
        if (end == 0 || out.size() == limits::kSignedHeadersMax) return false;
        std::string& name = out.emplace_back(text.substr(0, end));
        for (char& c : name) {
            if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
        }
        if (end == text.size()) return true;
        text.remove_prefix(end + 1);
    }
}

std::expected<Claim, AuthError> read_authorization(const http::RequestHead& head,
                                                   std::string_view authorization) {
    Claim claim;
    std::optional<std::string_view> credential, names, signature;
    std::string_view rest = authorization.substr(sigv4::kAlgorithm.size());
    while (!rest.empty()) {
        const std::size_t end = std::min(rest.find(','), rest.size());
        const std::string_view part = trim(rest.substr(0, end));
        rest.remove_prefix(std::min(end + 1, rest.size()));
        const std::size_t equals = part.find('=');
        if (equals == std::string_view::npos) continue;
        const std::string_view key = part.substr(0, equals), value = part.substr(equals + 1);
        if (key == "Credential") credential = value;
        if (key == "SignedHeaders") names = value;
        if (key == "Signature") signature = value;
    }
    std::string missing;
    const auto need = [&missing](bool there, std::string_view name) {
        if (!there)
            missing += "Authorization header requires '" + std::string(name) + "' parameter. ";
    };
    need(credential.has_value(), "Credential");
    need(signature.has_value(), "Signature");
    need(names.has_value(), "SignedHeaders");

    const auto amz_date = head.headers.find("x-amz-date");
    std::optional<std::int64_t> date_ms;
    if (amz_date) {
        date_ms = parse_amz_date(*amz_date);
    } else if (const auto date = head.headers.find("date")) {
        date_ms = parse_http_date(*date);
    }
    if (!amz_date && !head.headers.find("date")) {
        missing +=
            "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ";
    }
    if (!missing.empty()) {
        return refuse(AuthFailure::kMalformed,
                      missing + "Authorization=" + std::string(sigv4::kAlgorithm));
    }
    if (!date_ms)
        return refuse(AuthFailure::kMalformed, "Date must be in ISO-8601 'basic format'.");
    if (!read_credential(*credential, claim)) {
        return refuse(AuthFailure::kMalformed,
                      "Credential must have exactly 5 slash-delimited elements, e.g. "
                      "keyid/date/region/service/term, got '" +
                          std::string(*credential) + "'.");
    }
    if (!read_signed_headers(*names, claim.signed_headers)) {
        return refuse(AuthFailure::kMalformed, "SignedHeaders must name 1 to 64 headers.");
    }
    claim.form = Claim::Form::kHeader;
    claim.signature = *signature;
    claim.date_ms = *date_ms;
    claim.amz_date = format_amz_date(*date_ms);
    if (const auto token = head.headers.find("x-amz-security-token")) claim.session_token = *token;
    claim.payload_hash = head.headers.get("x-amz-content-sha256");
    return claim;
}

// The first value of a query parameter, decoded.
std::optional<std::string> parameter(std::string_view query, std::string_view name) {
    while (!query.empty()) {
        const std::size_t end = std::min(query.find('&'), query.size());
        const std::string_view pair = query.substr(0, end);
        query.remove_prefix(std::min(end + 1, query.size()));
        const std::size_t equals = std::min(pair.find('='), pair.size());
        if (sigv4::uri_decode(pair.substr(0, equals)) != name) continue;
        return sigv4::uri_decode(equals < pair.size() ? pair.substr(equals + 1)
                                                      : std::string_view{});
    }
    return std::nullopt;
}

std::expected<Claim, AuthError> read_presigned(const http::RequestHead& head) {
    Claim claim;
    claim.form = Claim::Form::kPresigned;
    const std::string_view query = head.query();
    const auto credential = parameter(query, "X-Amz-Credential"),
               date = parameter(query, "X-Amz-Date"), expires = parameter(query, "X-Amz-Expires"),
               names = parameter(query, "X-Amz-SignedHeaders"),
               signature = parameter(query, "X-Amz-Signature");
    if (!credential || !date || !expires || !names || !signature) {
        return refuse(
            AuthFailure::kMalformed,
            "AWS query-string parameters must include 'X-Amz-Algorithm', 'X-Amz-Credential', "
            "'X-Amz-Signature', 'X-Amz-SignedHeaders', 'X-Amz-Date' and 'X-Amz-Expires'. "
            "Re-examine the query-string parameters.");
    }
    const auto date_ms = parse_amz_date(*date);
    if (!date_ms) {
        return refuse(AuthFailure::kMalformed,
                      "X-Amz-Date must be in the ISO-8601 'basic format'.");
    }
    const auto [end, error] =
        std::from_chars(expires->data(), expires->data() + expires->size(), claim.expires_s);
    if (error != std::errc{} || end != expires->data() + expires->size() || claim.expires_s < 1 ||
        claim.expires_s > limits::kPresignedSecondsMax) {
        return refuse(AuthFailure::kMalformed, "X-Amz-Expires must be a number from 1 to 604800.");
    }
    if (!read_credential(*credential, claim)) {
        return refuse(AuthFailure::kMalformed,
                      "Credential must have exactly 5 slash-delimited elements, e.g. "
                      "keyid/date/region/service/term, got '" +
                          *credential + "'.");
    }
    if (!read_signed_headers(*names, claim.signed_headers)) {
        return refuse(AuthFailure::kMalformed, "X-Amz-SignedHeaders must name 1 to 64 headers.");
    }
    claim.signature = *signature;
    claim.date_ms = *date_ms;
    claim.amz_date = *date;
    claim.session_token = parameter(query, "X-Amz-Security-Token");
    if (auto hash = parameter(query, "X-Amz-Content-Sha256")) {
        claim.payload_hash = std::move(*hash);
    } else {
        claim.payload_hash = head.headers.get("x-amz-content-sha256");
    }
    return claim;
}

}  // namespace

const AuthFailureRow& auth_failure_row(AuthFailure why) {
    return *std::ranges::find(kFailures, why, &AuthFailureRow::why);
}

std::expected<Claim, AuthError> read_claim(const http::RequestHead& head) {
    const std::string_view authorization = head.headers.get("authorization");
    if (authorization.starts_with(sigv4::kAlgorithm))
        return read_authorization(head, authorization);
    if (authorization.starts_with("AWS4-")) {
        return refuse(AuthFailure::kMalformed,
                      "Unsupported AWS 'algorithm': '" +
                          std::string(authorization.substr(0, authorization.find(' '))) + "'.");
    }
    if (const auto algorithm = parameter(head.query(), "X-Amz-Algorithm")) {
        if (*algorithm == sigv4::kAlgorithm) return read_presigned(head);
        return refuse(AuthFailure::kMalformed,
                      "Unsupported AWS 'algorithm': '" + *algorithm + "'.");
    }
    return refuse(AuthFailure::kMissing, "Missing Authentication Token");
}

std::optional<sigv4::Scope> read_scope(const http::RequestHead& head) {
    Claim claim;
    const std::string_view authorization = head.headers.get("authorization");
    if (const std::size_t at = authorization.find("Credential="); at != std::string_view::npos) {
        const std::string_view rest =
            authorization.substr(at + std::string_view("Credential=").size());
        if (read_credential(trim(rest.substr(0, rest.find(','))), claim)) return claim.scope;
    }
    if (const auto credential = parameter(head.query(), "X-Amz-Credential")) {
        if (read_credential(*credential, claim)) return claim.scope;
    }
    return std::nullopt;
}

// Signing keys cost four HMACs and serve a day. Two generations: when the young one is full it
// becomes the old one, so that keys in use survive and the size is bounded.
class Authenticator::KeyCache {
public:
    crypto::Sha256Digest get(const Credential& credential, const sigv4::Scope& scope) {
        // The secret is part of the name, so that a key made anew under an old id is a new entry.
        const std::string name =
            credential.access_key_id + '\0' + credential.secret + '\0' + scope.text();
        const std::lock_guard lock(mutex_);
        if (const auto at = young_.find(name); at != young_.end()) return at->second;
        const auto old = old_.find(name);
        const crypto::Sha256Digest key =
            old != old_.end() ? old->second : sigv4::signing_key(credential.secret, scope);
        if (young_.size() >= limits::kSigningKeysMax / 2) {
            old_ = std::move(young_);
            young_.clear();
        }
        young_.emplace(name, key);
        return key;
    }

private:
    std::mutex mutex_;
    std::unordered_map<std::string, crypto::Sha256Digest> young_, old_;
};

Authenticator::Authenticator(const KeySource& keys, const Clock& clock, std::int64_t window_ms)
    : keys_(keys), clock_(clock), window_ms_(window_ms), cache_(std::make_unique<KeyCache>()) {}
Authenticator::~Authenticator() = default;

std::expected<Authenticator::Ticket, AuthError> Authenticator::check_head(
    const http::RequestHead& head) const {
    auto read = read_claim(head);
    if (!read) return std::unexpected(std::move(read).error());
    Claim& claim = *read;
    const bool presigned = claim.form == Claim::Form::kPresigned;

    auto credential = keys_.find(claim.access_key_id);
    if (!credential && claim.session_token) {
        credential = open_session(keys_, claim.access_key_id, *claim.session_token);
    }
    if (!credential || !credential->enabled ||
        (credential->session_token &&
         !crypto::constant_time_equal(*credential->session_token,
                                      claim.session_token.value_or(std::string()))) ||
        (credential->loopback_only && !is_loopback(head.remote_ip))) {
        return refuse(AuthFailure::kUnknownKey,
                      "The security token included in the request is invalid.");
    }
    if (credential->caller_arn.empty()) {
        credential->caller_arn = user_arn(credential->account, credential->access_key_id);
        credential->caller_id = credential->access_key_id;
    }
    const std::int64_t now_ms = clock_.now_ms();
    if (credential->expires_ms && now_ms >= *credential->expires_ms) {
        return refuse(AuthFailure::kExpiredToken,
                      "The security token included in the request is expired");
    }
    if (claim.amz_date.substr(0, 8) != claim.scope.date) {
        return refuse(
            AuthFailure::kWrongSignature,
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from "
            "HTTP: '" +
                claim.scope.date + "' != '" + claim.amz_date.substr(0, 8) + "', from '" +
                claim.amz_date + "'.");
    }
    const std::string minutes = std::to_string(window_ms_ / 60'000) + " min.)";
    const std::string now = format_amz_date(now_ms);
    const std::int64_t last_ms = claim.date_ms + (presigned ? claim.expires_s * 1000 : window_ms_);
    if (now_ms > last_ms) {
        const std::int64_t lead_ms = presigned ? claim.expires_s * 1000 : window_ms_;
        return refuse(AuthFailure::kClock, "Signature expired: " + claim.amz_date +
                                               " is now earlier than " +
                                               format_amz_date(now_ms - lead_ms) +
                                               (presigned ? "" : " (" + now + " - " + minutes));
    }
    if (claim.date_ms - window_ms_ > now_ms) {
        return refuse(AuthFailure::kClock,
                      "Signature not yet current: " + claim.amz_date + " is still later than " +
                          format_amz_date(now_ms + window_ms_) + " (" + now + " + " + minutes);
    }
    if (std::ranges::find(claim.signed_headers, "host") == claim.signed_headers.end()) {
        return refuse(AuthFailure::kWrongSignature,
                      "'Host' must be a 'SignedHeader' in the AWS Authorization.");
    }
    if (!is_lower_hex_digest(claim.signature)) return wrong_signature();
    return Ticket{std::move(claim), std::move(*credential)};
}

std::expected<void, AuthError> Authenticator::check_signature(const Ticket& ticket,
                                                              const http::RequestHead& head,
                                                              std::string_view body_sha256) const {
    const Claim& claim = ticket.claim;
    const bool presigned = claim.form == Claim::Form::kPresigned;
    std::vector<std::string_view> payloads;
    if (claim.payload_hash.empty()) {
        payloads.push_back(body_sha256);
        // Presigners that do not know the body sign this word instead.
        if (presigned) payloads.push_back(sigv4::kUnsignedPayload);
    } else if (claim.payload_hash == sigv4::kUnsignedPayload) {
        payloads.push_back(sigv4::kUnsignedPayload);
    } else if (is_digest(claim.payload_hash)) {
        std::string lower = claim.payload_hash;
        for (char& c : lower) {
            if (c >= 'A' && c <= 'F') c = static_cast<char>(c + ('a' - 'A'));
        }
        if (lower != body_sha256) {
            return refuse(
                AuthFailure::kWrongSignature,
                "The provided 'x-amz-content-sha256' header does not match what was computed.");
        }
        payloads.push_back(claim.payload_hash);
    } else {
        return refuse(
            AuthFailure::kWrongSignature,
            "The value of 'x-amz-content-sha256' must be a SHA-256 digest or UNSIGNED-PAYLOAD.");
    }

    const crypto::Sha256Digest key = cache_->get(ticket.credential, claim.scope);
    constexpr std::array<std::string_view, 1> kSignature{"X-Amz-Signature"};
    constexpr std::array<std::string_view, 2> kSignatureAndToken{"X-Amz-Signature",
                                                                 "X-Amz-Security-Token"};
    const sigv4::PathMode mode =
        claim.scope.service == "s3" ? sigv4::PathMode::kAsIs : sigv4::PathMode::kNormalize;
    const auto agrees = [&](std::string_view payload, std::span<const std::string_view> left_out) {
        const std::string request =
            sigv4::canonical_request({.method = head.method,
                                      .path = head.path(),
                                      .query = head.query(),
                                      .headers = &head.headers,
                                      .signed_headers = claim.signed_headers,
                                      .payload_hash = payload,
                                      .path_mode = mode,
                                      .left_out = left_out});
        const std::string text = sigv4::string_to_sign(claim.amz_date, claim.scope, request);
        return crypto::constant_time_equal(sigv4::signature(key, text), claim.signature);
    };
    for (const std::string_view payload : payloads) {
        if (!presigned) {
            if (agrees(payload, {})) return {};
            continue;
        }
        if (agrees(payload, kSignature)) return {};
        // Some clients add the session token after they have signed.
        if (claim.session_token && agrees(payload, kSignatureAndToken)) return {};
    }
    return wrong_signature();
}

}  // namespace sky::aws
