// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite_catalog_impl.h"

namespace sky::store {

Status SqliteCatalog::put_key(const AccessKey& key) {
    Impl& self = *impl_;
    const std::lock_guard writing(self.write_mutex);
    std::int64_t used_ms = key.last_used_ms.value_or(0);
    if (const auto known = find_key(key.id))
        used_ms = std::max(used_ms, known->last_used_ms.value_or(0));
    const Status committed = self.commit([&](SqliteDb& db) -> Status {
        SqliteStatement put = SKY_TRY(
            db.prepare("INSERT OR REPLACE INTO keys(id,secret,account,creation_ms,description,"
                       "permissions,enabled,expires_ms,last_used_ms) VALUES(?,?,?,?,?,?,?,?,?)"));
        return put.bind(1, std::string_view(key.id))
            .bind(2, std::string_view(key.secret))
            .bind(3, std::string_view(key.account))
            .bind(4, key.creation_ms)
            .bind(5, std::string_view(key.description))
            .bind(6, std::string_view(key.permissions))
            .bind(7, std::int64_t{key.enabled})
            .bind(8, key.expires_ms)
            .bind(9, used_ms == 0 ? std::nullopt : std::optional(used_ms))
            .run();
    });
    SKY_TRY(committed);
    const std::unique_lock lock(self.mutex);
    CatalogKey& entry = self.keys[key.id];
    entry.key = key;
    entry.key.last_used_ms = used_ms == 0 ? std::nullopt : std::optional(used_ms);
    entry.last_used_ms = std::max(entry.last_used_ms.load(), used_ms);
    return {};
}

void SqliteCatalog::note_key_used(std::string_view id, std::int64_t now_ms) {
    const std::shared_lock lock(impl_->mutex);
    const auto it = impl_->keys.find(id);
    if (it == impl_->keys.end()) return;
    std::atomic<std::int64_t>& last = it->second.last_used_ms;
    std::int64_t seen = last.load(std::memory_order_relaxed);
    while (seen < now_ms && !last.compare_exchange_weak(seen, now_ms, std::memory_order_relaxed)) {
    }
}

Status SqliteCatalog::write_key_usage() {
    Impl& self = *impl_;
    const std::lock_guard writing(self.write_mutex);
    std::vector<std::pair<std::string, std::int64_t>> moved;
    {
        const std::shared_lock lock(self.mutex);
        for (const auto& [id, entry] : self.keys) {
            const std::int64_t ms = entry.last_used_ms.load(std::memory_order_relaxed);
            if (ms != entry.key.last_used_ms.value_or(0)) moved.emplace_back(id, ms);
        }
    }
    if (moved.empty()) return {};
    const Status committed = self.commit([&](SqliteDb& db) -> Status {
        SqliteStatement put = SKY_TRY(db.prepare("UPDATE keys SET last_used_ms=? WHERE id=?"));
        for (const auto& [id, ms] : moved)
            SKY_TRY(put.bind(1, ms).bind(2, std::string_view(id)).run());
        return {};
    });
    SKY_TRY(committed);
    const std::unique_lock lock(self.mutex);
    for (const auto& [id, ms] : moved) self.keys.at(id).key.last_used_ms = ms;
    return {};
}

Status SqliteCatalog::delete_key(std::string_view id) {
    Impl& self = *impl_;
    const std::lock_guard writing(self.write_mutex);
    if (!find_key(id)) return std::unexpected(not_found("access key", id));
    const Status committed = self.commit([&](SqliteDb& db) -> Status {
        SqliteStatement gone = SKY_TRY(db.prepare("DELETE FROM keys WHERE id=?"));
        return gone.bind(1, id).run();
    });
    SKY_TRY(committed);
    const std::unique_lock lock(self.mutex);
    self.keys.erase(self.keys.find(id));
    return {};
}

std::optional<AccessKey> SqliteCatalog::find_key(std::string_view id) const {
    const std::shared_lock lock(impl_->mutex);
    const auto it = impl_->keys.find(id);
    return it == impl_->keys.end() ? std::nullopt : std::optional(it->second.info());
}

std::vector<AccessKey> SqliteCatalog::list_keys() const {
    const std::shared_lock lock(impl_->mutex);
    std::vector<AccessKey> out;
    for (const auto& [id, entry] : impl_->keys) out.push_back(entry.info());
    return out;
}

}  // namespace sky::store
