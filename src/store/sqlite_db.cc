// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite_db.h"

#include <sqlite3.h>

#include "base/assert.h"
#include "store/segment_limits.h"

namespace sky::store {

SqliteStatement::~SqliteStatement() { sqlite3_finalize(stmt_); }

SqliteStatement& SqliteStatement::bind(int index, std::int64_t value) {
    const int code = sqlite3_bind_int64(stmt_, index, value);
    if (code != SQLITE_OK) bind_error_ = code;
    return *this;
}

SqliteStatement& SqliteStatement::bind(int index, std::string_view text) {
    // An empty view may have no address, which would bind NULL.
    const char* const data = text.empty() ? "" : text.data();
    const int code = sqlite3_bind_text64(stmt_, index, data, text.size(),
                                         reinterpret_cast<sqlite3_destructor_type>(-1),
                                         SQLITE_UTF8);  // -1: SQLITE_TRANSIENT without its C cast.
    if (code != SQLITE_OK) bind_error_ = code;
    return *this;
}

SqliteStatement& SqliteStatement::bind_null(int index) {
    const int code = sqlite3_bind_null(stmt_, index);
    if (code != SQLITE_OK) bind_error_ = code;
    return *this;
}

Result<bool> SqliteStatement::step() {
    if (bind_error_ != SQLITE_OK) return std::unexpected(db_->error(bind_error_));
    const int code = sqlite3_step(stmt_);
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    return std::unexpected(db_->error(code));
}

Status SqliteStatement::run() {
    const auto stepped = step();
    sqlite3_reset(stmt_);
    sqlite3_clear_bindings(stmt_);
    bind_error_ = SQLITE_OK;
    if (!stepped) return std::unexpected(stepped.error());
    SKY_ASSERT(!*stepped, "run() is for statements without rows");
    return {};
}

std::int64_t SqliteStatement::integer(int column) const {
    return sqlite3_column_int64(stmt_, column);
}

std::string SqliteStatement::text(int column) const {
    const auto* const data = reinterpret_cast<const char*>(sqlite3_column_text(stmt_, column));
    const int bytes = sqlite3_column_bytes(stmt_, column);
    return data == nullptr ? std::string() : std::string(data, static_cast<std::size_t>(bytes));
}

std::optional<std::int64_t> SqliteStatement::maybe_integer(int column) const {
    if (sqlite3_column_type(stmt_, column) == SQLITE_NULL) return std::nullopt;
    return integer(column);
}

std::optional<std::string> SqliteStatement::maybe_text(int column) const {
    if (sqlite3_column_type(stmt_, column) == SQLITE_NULL) return std::nullopt;
    return text(column);
}

Result<std::unique_ptr<SqliteDb>> SqliteDb::open(SqliteVfs& vfs, const std::string& path) {
    sqlite3* raw = nullptr;
    const int code = sqlite3_open_v2(
        path.c_str(), &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
        vfs.name());
    std::unique_ptr<SqliteDb> db(new SqliteDb(vfs, path, raw));
    if (code != SQLITE_OK) return std::unexpected(db->error(code));
    sqlite3_extended_result_codes(raw, 1);
    // PERSIST ends a commit by zeroing the journal's header and syncing it: no name changes, no
    // growth. FULL syncs the journal before its header and the header after (store.md 1.1).
    SKY_TRY(
        db->execute("PRAGMA locking_mode=EXCLUSIVE; PRAGMA page_size=4096;"
                    "PRAGMA journal_mode=PERSIST; PRAGMA journal_size_limit=4194304;"
                    "PRAGMA synchronous=FULL; PRAGMA temp_store=MEMORY;"
                    "PRAGMA mmap_size=0; PRAGMA trusted_schema=OFF;"));
    const std::string cache =
        "PRAGMA cache_size=-" + std::to_string(limits::kCatalogCacheKib) + ";";
    SKY_TRY(db->execute(cache.c_str()));
    return db;
}

SqliteDb::~SqliteDb() { sqlite3_close_v2(db_); }

Status SqliteDb::execute(const char* sql) {
    const int code = sqlite3_exec(db_, sql, nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) return std::unexpected(error(code));
    return {};
}

Result<SqliteStatement> SqliteDb::prepare(std::string_view sql) {
    sqlite3_stmt* statement = nullptr;
    const int code =
        sqlite3_prepare_v2(db_, sql.data(), static_cast<int>(sql.size()), &statement, nullptr);
    if (code != SQLITE_OK) return std::unexpected(error(code));
    return SqliteStatement(*this, statement);
}

Result<std::int64_t> SqliteDb::number(std::string_view sql) {
    SqliteStatement statement = SKY_TRY(prepare(sql));
    if (!SKY_TRY(statement.step()))
        return fail(ErrorCode::kCorruption, "the catalog lacks a row: " + std::string(sql));
    return statement.integer(0);
}

Status SqliteDb::copy_to(const std::string& path) {
    const auto target = SKY_TRY(open(vfs_, path));
    sqlite3_backup* const backup = sqlite3_backup_init(target->db_, "main", db_, "main");
    if (backup == nullptr) return std::unexpected(target->error(sqlite3_errcode(target->db_)));
    sqlite3_backup_step(backup, -1);
    const int code = sqlite3_backup_finish(backup);  // Also what the step ran into.
    if (code != SQLITE_OK) return std::unexpected(target->error(code));
    return {};
}

Error SqliteDb::error(int code) {
    std::string message = "catalog: ";
    message += db_ != nullptr ? sqlite3_errmsg(db_) : sqlite3_errstr(code);
    const auto disk = vfs_.take_error();
    if (disk) message += ": " + disk->message;
    message += ": " + path_;
    const int base = code & 0xff;
    const bool damaged = base == SQLITE_CORRUPT || base == SQLITE_NOTADB;
    const bool full = base == SQLITE_FULL || (disk && disk->code == ErrorCode::kNoSpace);
    return {damaged ? ErrorCode::kCorruption
            : full  ? ErrorCode::kNoSpace
                    : ErrorCode::kInternal,
            std::move(message)};
}

}  // namespace sky::store
