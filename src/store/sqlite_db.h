// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/store/sqlite_db.h - one SQLite connection and its statements, errors as values.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "store/sqlite_vfs.h"

struct sqlite3;
struct sqlite3_stmt;

namespace sky::store {

/// A prepared statement. Binding counts from 1, columns from 0.
/// Errors: kCorruption, kNoSpace, kInternal; see SqliteDb.
/// Threads: those of its connection, one at a time.
class SqliteStatement {
public:
    SqliteStatement(class SqliteDb& db, sqlite3_stmt* statement) : db_(&db), stmt_(statement) {}
    SqliteStatement(SqliteStatement&& other) noexcept
        : db_(other.db_), stmt_(std::exchange(other.stmt_, nullptr)) {}
    SqliteStatement& operator=(SqliteStatement&&) = delete;
    ~SqliteStatement();

    SqliteStatement& bind(int index, std::int64_t value);
    SqliteStatement& bind(int index, std::uint64_t value) {
        return bind(index, static_cast<std::int64_t>(value));
    }
    SqliteStatement& bind(int index, std::string_view text);  // Copied.
    SqliteStatement& bind_null(int index);
    template <class T>
    SqliteStatement& bind(int index, const std::optional<T>& value) {
        if (!value) return bind_null(index);
        if constexpr (std::is_integral_v<T>)
            return bind(index, static_cast<std::int64_t>(*value));
        else
            return bind(index, std::string_view(*value));
    }

    /// True: a row is there. False: done.
    Result<bool> step();
    /// Runs a statement without rows and makes it ready for the next bindings.
    Status run();

    std::int64_t integer(int column) const;
    std::uint64_t id(int column) const { return static_cast<std::uint64_t>(integer(column)); }
    std::string text(int column) const;
    std::optional<std::int64_t> maybe_integer(int column) const;
    std::optional<std::string> maybe_text(int column) const;

private:
    SqliteDb* db_;
    sqlite3_stmt* stmt_;
    int bind_error_ = 0;
};

/// A connection with synchronous=FULL and a persistent rollback journal, alone on its file.
/// Threads: one at a time.
class SqliteDb {
public:
    /// Opens or makes `path` on the VFS, which outlives the connection.
    static Result<std::unique_ptr<SqliteDb>> open(SqliteVfs& vfs, const std::string& path);
    ~SqliteDb();
    SqliteDb(const SqliteDb&) = delete;
    SqliteDb& operator=(const SqliteDb&) = delete;

    Status execute(const char* sql);  // One or more statements without parameters.
    Result<SqliteStatement> prepare(std::string_view sql);
    /// First column of the first row; kCorruption when there is no row.
    Result<std::int64_t> number(std::string_view sql);

    /// Copies everything, as of one moment, into a new database; durable when this returns.
    Status copy_to(const std::string& path);

    /// The newest failure in SQLite's and the disk's words.
    Error error(int code);

private:
    SqliteDb(SqliteVfs& vfs, std::string path, sqlite3* db)
        : vfs_(vfs), path_(std::move(path)), db_(db) {}
    SqliteVfs& vfs_;
    std::string path_;
    sqlite3* db_;
};

}  // namespace sky::store
