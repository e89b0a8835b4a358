// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/aws/session.h - temporary credentials: issued, and proven again from their
              // token alone.
// A token carries its own facts and a MAC made with the secret of the key that asked for it;
// nothing is stored. So sessions survive restarts, as AWS's do, and end with their key: once it is
// deleted, disabled or expired they open nothing.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "aws/keys.h"
#include "base/random.h"
#include "base/result.h"

namespace sky::aws {

/// What STS was asked for. A role is named, not looked up: there are no roles yet, and a session
/// may do what its key may do.
struct SessionWish {
    std::int64_t duration_s = 0;
    Permissions permissions = Permissions::all();  // At most those of the key.
    std::string role_arn;                          // AssumeRole alone, as is the next.
    std::string session_name;
};

struct SessionCredentials {
    std::string access_key_id;  // "ASIA" and 16 of A-Z2-7.
    std::string secret, token;
    std::int64_t expires_ms = 0;
    std::string caller_arn, caller_id;  // As GetCallerIdentity will show them.
};

/// `issuer` is the key that signed the request, or what open_session() made of a session of its
/// own: the new one hangs on the same key. Errors: kInvalidArgument (a name or ARN that no AWS
/// client sends: empty parts, control characters, too long), kAccessDenied (the role belongs to
/// another account).
Result<SessionCredentials> issue_session(const KeySource& keys, const Credential& issuer,
                                         const SessionWish& wish, std::int64_t now_ms,
                                         Random& random);

/// The credential of a session, `expires_ms` set and not yet looked at; nullopt when the token was
/// not issued by a living key of `keys` for this id. Any bytes; takes no time that depends on
/// secrets.
std::optional<Credential> open_session(const KeySource& keys, std::string_view access_key_id,
                                       std::string_view token);

}  // namespace sky::aws
