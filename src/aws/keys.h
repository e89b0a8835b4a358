// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/aws/keys.h - where secrets come from; src/server wires the catalog in.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "aws/permissions.h"

namespace sky::aws {

struct Credential {
    std::string access_key_id;
    std::string secret;
    std::string account;  // Owner of everything that the key writes or reads.
    // Of temporary keys alone; a request with such a key must carry the token.
    std::optional<std::string> session_token = {};
    std::optional<std::int64_t> expires_ms = {};
    Permissions permissions = {};
    bool enabled = true;
    bool loopback_only = false;  // A pair that can be guessed: good on this machine alone.
    // Who that is, as GetCallerIdentity shows it; filled by the authenticator for plain keys.
    std::string caller_arn = {}, caller_id = {};
    std::string issuer = {};  // Of a session: the key that it hangs on. Else empty.
};

/// Threads: called from event loops, must not block.
class KeySource {
public:
    virtual ~KeySource() = default;
    virtual std::optional<Credential> find(std::string_view access_key_id) const = 0;
    /// A request signed with this long-term key, or with a session of it, was proven.
    virtual void note_used(std::string_view access_key_id, std::int64_t now_ms) const {
        static_cast<void>(access_key_id);
        static_cast<void>(now_ms);
    }
};

}  // namespace sky::aws
