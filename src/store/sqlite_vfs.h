// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/store/sqlite_vfs.h - SQLite on the os::Fs seam, so that the simulated disk
              // covers the catalog too.

#include <memory>
#include <optional>
#include <string>

#include "base/result.h"

namespace sky::os {
class Fs;
}

namespace sky::store {

struct SqliteVfsState;  // Known to the callbacks in the .cc file.

/// One registered SQLite VFS over one Fs. Locks are no-ops: the store's LOCK file keeps other
/// processes out, and one connection is open at a time. No shared memory, so no WAL journal mode;
/// no temporary files (use temp_store=MEMORY).
/// Threads: as SQLite uses it; the constructor and destructor from any thread.
class SqliteVfs {
public:
    explicit SqliteVfs(os::Fs& fs);
    ~SqliteVfs();  // Every connection is closed before.
    SqliteVfs(const SqliteVfs&) = delete;
    SqliteVfs& operator=(const SqliteVfs&) = delete;

    /// For sqlite3_open_v2().
    const char* name() const;
    /// The Fs's own words about the newest failed call since the last take, which SQLite reduces to
    /// a number. nullopt when none failed.
    std::optional<Error> take_error();

private:
    std::unique_ptr<SqliteVfsState> state_;
};

}  // namespace sky::store
