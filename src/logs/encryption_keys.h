// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/logs/encryption_keys.h - which KMS keys a log group may name.

#include <string_view>

#include "store/catalog.h"

namespace sky::logs {

/// Threads: any.
class EncryptionKeys {
public:
    virtual ~EncryptionKeys() = default;
    /// Whether there is an enabled key of that id, ARN or alias whose use the tenant has.
    virtual bool is_usable(const store::Tenant& tenant, std::string_view key_id) const = 0;
};

/// Knows no key: a group that only claims to be encrypted would be worse than none.
const EncryptionKeys& no_encryption_keys();

}  // namespace sky::logs
