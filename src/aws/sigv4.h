// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/aws/sigv4.h - Signature Version 4: canonical forms, and signing for clients.
// Rules: clients.md 5.7. Verification of what servers receive is in authenticate.h.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/digest.h"
#include "http/message.h"

namespace sky::aws::sigv4 {

inline constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
inline constexpr std::string_view kTerminator = "aws4_request";
inline constexpr std::string_view kUnsignedPayload = "UNSIGNED-PAYLOAD";
inline constexpr std::string_view kEmptyBodySha256 =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// Every service but S3 normalises the path.
enum class PathMode : std::uint8_t { kNormalize, kAsIs };

struct Scope {
    std::string date;  // YYYYMMDD
    std::string region;
    std::string service;
    std::string text() const { return date + "/" + region + "/" + service + "/aws4_request"; }
    friend bool operator==(const Scope&, const Scope&) = default;
};

/// Percent-encodes all but A-Z a-z 0-9 - _ . ~, in upper-case hex.
std::string uri_encode(std::string_view text);
/// Undoes %XX; anything else, '+' and broken escapes included, stays.
std::string uri_decode(std::string_view text);

/// `path` is raw, as on the request line. Empty becomes "/". Each byte but unreserved ones and '/'
/// is encoded, also what the client had encoded.
std::string canonical_uri(std::string_view path, PathMode mode);

/// Pairs re-encoded and sorted by encoded key, then value. Pairs whose decoded key is in `left_out`
/// are dropped.
std::string canonical_query(std::string_view query,
                            std::span<const std::string_view> left_out = {});

/// "lower:value\n" for each of `signed_headers` in that order; repeated headers joined with ','. A
/// header that the request does not have is an empty value.
std::string canonical_headers(const http::Headers& headers,
                              std::span<const std::string> signed_headers);

struct CanonicalInput {
    std::string_view method, path, query;
    const http::Headers* headers;
    std::span<const std::string> signed_headers;  // Lower case.
    std::string_view payload_hash;
    PathMode path_mode = PathMode::kNormalize;
    std::span<const std::string_view> left_out = {};  // Query keys.
};
std::string canonical_request(const CanonicalInput& input);

/// `amz_date` is YYYYMMDDTHHMMSSZ.
std::string string_to_sign(std::string_view amz_date, const Scope& scope,
                           std::string_view canonical_request_text);

crypto::Sha256Digest signing_key(std::string_view secret, const Scope& scope);
/// Lower-case hex.
std::string signature(const crypto::Sha256Digest& key, std::string_view text_to_sign);

/// What a client signs with.
struct SigningCredentials {
    std::string access_key_id, secret;
    std::optional<std::string> session_token = {};
};

struct SignOptions {
    std::string region, service;
    std::int64_t now_ms = 0;
    PathMode path_mode = PathMode::kNormalize;
    bool add_content_sha256 = false;  // Sends and signs x-amz-content-sha256.
};

/// Signs all of the head's headers; `head` must hold Host as it will be sent. Returns the headers
/// to add: X-Amz-Date, X-Amz-Security-Token (temporary keys), X-Amz-Content-Sha256 (when asked),
/// Authorization.
std::vector<http::Header> sign(const http::RequestHead& head, std::string_view body_sha256,
                               const SigningCredentials& credentials, const SignOptions& options);

/// The target with the query parameters of a presigned URL; `expires_s` is 1 to 604800.
std::string presign(const http::RequestHead& head, std::string_view payload_hash,
                    const SigningCredentials& credentials, const SignOptions& options,
                    std::int64_t expires_s);

}  // namespace sky::aws::sigv4
