// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/admin/api/keys.h - the rules of access keys, for a running server and for its
              // directory alike.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "aws/permissions.h"
#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "store/catalog.h"

namespace sky::admin::api {

/// Who administers. With the directory in hand (`skywatch key --data`) everything may be done to
/// every account.
struct Actor {
    std::string account;        // Empty: every one.
    std::string access_key_id;  // The key that signed, or that the session hangs on; or empty.
    aws::Permissions permissions = aws::Permissions::all();
};

/// A point in time or never.
using Expiry = std::optional<std::int64_t>;

struct KeyWish {
    std::string account;
    std::optional<std::string> id, secret;  // Both: an imported pair.
    bool allow_short = false;               // The pair may be as short as `test`, `test`.
    std::string description;
    std::optional<aws::Permissions> permissions;  // Absent: those of the actor.
    Expiry expires_ms;
};

struct KeyChange {
    std::optional<std::string> description;
    std::optional<aws::Permissions> permissions;
    std::optional<bool> enabled;
    std::optional<Expiry> expires_ms;
};

// Errors of all: kInvalidArgument (a rule of form, a time in the past, or the actor's own key where
// that would lock him out), kNotFound (no such key in the actor's account), kAccessDenied (the
// actor would give what he does not have), kAlreadyExists, kLimitExceeded, those of the catalog.

/// The rules for an imported pair: 16 to 128 letters, digits or '_', and 16 to 256 visible ASCII
/// characters; from 4 characters on where short ones are allowed.
Status check_pair(std::string_view id, std::string_view secret, bool allow_short);
/// A new pair in AWS's form ("AKIA" and 16 of A-Z2-7; 40 characters of secret from 30 random
/// bytes), or an imported one.
Result<store::AccessKey> create_key(store::Catalog& catalog, const Actor& actor,
                                    const KeyWish& wish, const Clock& clock, Random& random);
Result<store::AccessKey> find_key(const store::Catalog& catalog, const Actor& actor,
                                  std::string_view id);
std::vector<store::AccessKey> list_keys(const store::Catalog& catalog, const Actor& actor);
Result<store::AccessKey> update_key(store::Catalog& catalog, const Actor& actor,
                                    std::string_view id, const KeyChange& change,
                                    const Clock& clock);
/// A second key with the settings of the first; the first works on, until `old_expires_ms` when
/// that is given.
Result<store::AccessKey> rotate_key(store::Catalog& catalog, const Actor& actor,
                                    std::string_view id, Expiry old_expires_ms, const Clock& clock,
                                    Random& random);
Status delete_key(store::Catalog& catalog, const Actor& actor, std::string_view id);

}  // namespace sky::admin::api
