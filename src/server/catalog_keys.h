// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/server/catalog_keys.h - the catalog's access keys as SigV4 looks them up.

#include <atomic>

#include "aws/keys.h"
#include "store/catalog.h"

namespace sky::server {

/// Knows no key until open(): the server listens before the store has recovered. Threads: any.
class CatalogKeys final : public aws::KeySource {
public:
    /// `catalog` outlives this object.
    void open(const store::Catalog& catalog) { catalog_ = &catalog; }
    std::optional<aws::Credential> find(std::string_view access_key_id) const override {
        const store::Catalog* catalog = catalog_;
        if (catalog == nullptr) return std::nullopt;
        const auto key = catalog->find_key(access_key_id);
        if (!key) return std::nullopt;
        return aws::Credential{key->id, key->secret, key->account};
    }

private:
    std::atomic<const store::Catalog*> catalog_{nullptr};
};

}  // namespace sky::server
