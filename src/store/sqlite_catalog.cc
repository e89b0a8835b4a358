// SPDX-License-Identifier: Apache-2.0
#include "store/catalog_schema.h"
#include "store/sqlite_catalog_impl.h"

namespace sky::store {

SqliteCatalog::SqliteCatalog(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SqliteCatalog::~SqliteCatalog() = default;

// Opening
// -------------------------------------------------------------------------------------------------

Result<std::shared_ptr<SqliteCatalog>> SqliteCatalog::open(os::Fs& fs, const std::string& path) {
    auto impl = std::make_unique<Impl>();
    impl->path = path;
    impl->fs = &fs;
    impl->vfs = std::make_unique<SqliteVfs>(fs);
    impl->db = SKY_TRY(SqliteDb::open(*impl->vfs, path));
    SKY_TRY(prepare_schema(fs, *impl->db, path));
    SKY_TRY(impl->load());
    return std::shared_ptr<SqliteCatalog>(new SqliteCatalog(std::move(impl)));
}

Status SqliteCatalog::Impl::set_meta(SqliteDb& to, std::string_view key, std::int64_t value) {
    SqliteStatement put =
        SKY_TRY(to.prepare("INSERT INTO meta(key,value) VALUES(?,?)"
                           " ON CONFLICT(key) DO UPDATE SET value=excluded.value"));
    return put.bind(1, key).bind(2, value).run();
}

Status SqliteCatalog::Impl::transact(const Change& change, std::int64_t number) {
    SKY_TRY(db->execute("BEGIN IMMEDIATE"));
    Status done = change(*db);
    if (done) done = set_meta(*db, "transaction", number);
    if (done) done = db->execute("COMMIT");
    return done;
}

bool SqliteCatalog::Impl::remove_journal() {
    db.reset();
    const Status gone = fs->unlink(path + "-journal");
    if (!gone && gone.error().code != ErrorCode::kNotFound) return false;
    if (!fs->fsync_directory(os::parent_directory(path))) return false;
    auto reopened = SqliteDb::open(*vfs, path);
    if (reopened) {
        db = std::move(*reopened);
    } else {
        read_only = true;  // This change is safe; there will be no other.
    }
    return true;
}

Status SqliteCatalog::Impl::commit(const Change& change) {
    if (read_only)
        return fail(ErrorCode::kUnavailable, "the catalog is read-only after a disk failure");
    const Status done = transact(change, transaction + 1);
    if (done) {
        ++transaction;
        return {};
    }
    db.reset();
    auto reopened = SqliteDb::open(*vfs, path);
    if (reopened) {
        db = std::move(*reopened);
        const auto seen = db->number("SELECT value FROM meta WHERE key='transaction'");
        if (seen && *seen == transaction) return done;
        // Committed after all, but on the disk the journal may still be hot, to undo it at the
        // next start. Writing over that journal could fail half way and leave it to undo a
        // part; removing it is all or nothing.
        if (seen && *seen == transaction + 1 && remove_journal()) {
            ++transaction;
            return {};
        }
    }
    read_only = true;
    return fail(ErrorCode::kUnavailable,
                "the catalog is read-only after a disk failure: " + done.error().message);
}

Status SqliteCatalog::copy_to(const std::string& path) {
    Impl& self = *impl_;
    const std::lock_guard writing(self.write_mutex);
    if (self.read_only || !self.db)
        return fail(ErrorCode::kUnavailable, "the catalog is read-only after a disk failure");
    SKY_TRY(self.db->copy_to(path));
    // The copy is whole: its journal, kept by PERSIST, has nothing to undo.
    const Status gone = self.fs->unlink(path + "-journal");
    if (!gone && gone.error().code != ErrorCode::kNotFound) return gone;
    return {};
}

std::optional<std::int64_t> SqliteCatalog::meta(std::string_view key) const {
    const std::shared_lock lock(impl_->mutex);
    const auto it = impl_->meta.find(key);
    return it == impl_->meta.end() ? std::nullopt : std::optional(it->second);
}

Status SqliteCatalog::set_meta(std::string_view key, std::int64_t value) {
    Impl& self = *impl_;
    const std::lock_guard writing(self.write_mutex);
    const Status committed =
        self.commit([&](SqliteDb& db) { return Impl::set_meta(db, key, value); });
    SKY_TRY(committed);
    const std::unique_lock lock(self.mutex);
    self.meta[std::string(key)] = value;
    return {};
}

}  // namespace sky::store
