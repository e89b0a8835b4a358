// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/aws/authenticate.h - is this request from who it says: SigV4 on the server's
              // side.
// First the head alone, so that strangers cost no body; then the signature over everything.

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aws/keys.h"
#include "aws/sigv4.h"
#include "base/clock.h"
#include "http/message.h"

namespace sky::aws {

/// Reasons to refuse, in the order of clients.md 5.7's table; each protocol has its own code and
/// status.
enum class AuthFailure : std::uint8_t {
    kMissing,
    kMalformed,
    kUnknownKey,
    kWrongSignature,
    kClock,
    kExpiredToken,
    kNotAllowed,
};

struct AuthError {
    AuthFailure why;
    std::string message;
};

/// What a request claims, read from its head and not yet proven.
struct Claim {
    enum class Form : std::uint8_t { kHeader, kPresigned };
    Form form = Form::kHeader;
    std::string access_key_id;
    sigv4::Scope scope;
    std::vector<std::string> signed_headers;  // Lower case, as named.
    std::string signature;
    std::string amz_date;
    std::int64_t date_ms = 0;
    std::int64_t expires_s = 0;  // Presigned alone.
    std::optional<std::string> session_token;
    std::string payload_hash;  // As declared; empty when the request declares none.
};

/// The names of a failure on the wire. JSON's column; REST and Query answer 403 where `rest_status`
/// and `query_status` say so.
struct AuthFailureRow {
    AuthFailure why;
    std::string_view type, query_code;
    int json_status, rest_status, query_status;
};
const AuthFailureRow& auth_failure_row(AuthFailure why);

/// Reads Authorization or the query's X-Amz-* parameters. Errors: kMissing (neither), kMalformed.
std::expected<Claim, AuthError> read_claim(const http::RequestHead& head);

/// Region and service of a claim, even one that nobody will check (--auth off); nullopt without
/// any.
std::optional<sigv4::Scope> read_scope(const http::RequestHead& head);

/// Threads: every member may be called from any thread.
class Authenticator {
public:
    /// Both outlive the authenticator. `window_ms` is how far a clock may be off.
    Authenticator(const KeySource& keys, const Clock& clock, std::int64_t window_ms);
    ~Authenticator();

    struct Ticket {
        Claim claim;
        Credential credential;
    };
    /// Key known, date in the window, scope's day right, token right: all that needs no body.
    std::expected<Ticket, AuthError> check_head(const http::RequestHead& head) const;

    /// The signature. `body_sha256` is the hash of the body as it was sent (compressed, if it was).
    std::expected<void, AuthError> check_signature(const Ticket& ticket,
                                                   const http::RequestHead& head,
                                                   std::string_view body_sha256) const;

private:
    class KeyCache;
    const KeySource& keys_;
    const Clock& clock_;
    const std::int64_t window_ms_;
    std::unique_ptr<KeyCache> cache_;
};

}  // namespace sky::aws
