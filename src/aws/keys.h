// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/aws/keys.h - where secrets come from; src/server wires the catalog in.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sky::aws {

struct Credential {
    std::string access_key_id;
    std::string secret;
    std::string account;  // Owner of everything that the key writes or reads.
    // Of temporary keys alone; a request with such a key must carry the token.
    std::optional<std::string> session_token = {};
    std::optional<std::int64_t> expires_ms = {};
};

/// Threads: called from event loops, must not block.
class KeySource {
public:
    virtual ~KeySource() = default;
    virtual std::optional<Credential> find(std::string_view access_key_id) const = 0;
};

}  // namespace sky::aws
