// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/store/catalog_schema.h - the tables of catalog.sqlite and their version.

#include <string>

#include "base/result.h"
#include "store/sqlite_catalog.h"
#include "store/sqlite_db.h"

namespace sky::os {
class Fs;
}

namespace sky::store {

/// Rises with every change of the tables; described in docs/formats.md.
inline constexpr std::int64_t kCatalogFormat = 4;
/// From here on a segment may lie in a pack.
inline constexpr std::int64_t kCatalogFormatOfPacks = 4;

/// Whether the file is ours; its format, at most kCatalogFormat. Errors: as prepare_schema().
Result<std::int64_t> check_format(SqliteDb& db, const std::string& path);

/// Makes the tables in an empty file, or checks that the file is ours and of a format we know. An
/// older format is first copied to "<path>.format<number>", then changed in one transaction for
/// each step (store.md 3.5). Errors: kUnavailable (newer format), kCorruption (another program's
/// file), those of SqliteDb and Fs.
Status prepare_schema(os::Fs& fs, SqliteDb& db, const std::string& path);

/// The rows of one FilesChange, inside the caller's transaction.
Status write_files(SqliteDb& db, const FilesChange& change, std::int64_t flushed_lsn_max,
                   std::int64_t sequence_max);

}  // namespace sky::store
