// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/server/catalog_keys.h - the catalog's access keys as SigV4 looks them up.

#include <atomic>

#include "aws/keys.h"
#include "aws/limits.h"
#include "store/catalog.h"

namespace sky::server {

/// Knows no key until open(): the server listens before the store has recovered. Threads: any.
class CatalogKeys final : public aws::KeySource {
public:
    /// `catalog` outlives this object.
    void open(store::Catalog& catalog) { catalog_ = &catalog; }
    std::optional<aws::Credential> find(std::string_view access_key_id) const override {
        const store::Catalog* catalog = catalog_;
        if (catalog == nullptr) return std::nullopt;
        const auto key = catalog->find_key(access_key_id);
        if (!key) return std::nullopt;
        aws::Credential out{key->id, key->secret, key->account};
        // A word that this program does not know opens nothing.
        out.permissions = aws::parse_permissions(key->permissions).value_or(aws::Permissions{});
        out.enabled = key->enabled;
        out.expires_ms = key->expires_ms;
        out.loopback_only = key->secret.size() < aws::limits::kSecretBytesMin;
        return out;
    }
    void note_used(std::string_view access_key_id, std::int64_t now_ms) const override {
        if (store::Catalog* catalog = catalog_) catalog->note_key_used(access_key_id, now_ms);
    }

private:
    std::atomic<store::Catalog*> catalog_{nullptr};
};

}  // namespace sky::server
