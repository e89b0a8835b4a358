// SPDX-License-Identifier: Apache-2.0
#include "store/catalog_schema.h"

#include <array>

#include "base/log.h"
#include "os/fs.h"

namespace sky::store {

namespace {

constexpr std::int64_t kApplicationId = 0x534B5957;  // "SKYW", for file(1) and for us.

constexpr const char* kSchema = R"sql(
BEGIN IMMEDIATE;
PRAGMA application_id=1397446999;
CREATE TABLE meta(key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE groups(id INTEGER PRIMARY KEY, account TEXT NOT NULL, region TEXT NOT NULL,
  name TEXT NOT NULL, creation_ms INTEGER NOT NULL, log_class TEXT NOT NULL,
  retention_days INTEGER, kms_key_id TEXT, deletion_protection INTEGER NOT NULL,
  UNIQUE(account, region, name));
CREATE TABLE tags(group_id INTEGER NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL,
  PRIMARY KEY(group_id, key)) WITHOUT ROWID;
CREATE TABLE streams(id INTEGER PRIMARY KEY, group_id INTEGER NOT NULL, name TEXT NOT NULL,
  creation_ms INTEGER NOT NULL, first_ms INTEGER, last_ms INTEGER, ingestion_ms INTEGER,
  UNIQUE(group_id, name));
CREATE TABLE keys(id TEXT PRIMARY KEY, secret TEXT NOT NULL, account TEXT NOT NULL,
  creation_ms INTEGER NOT NULL, description TEXT NOT NULL DEFAULT '',
  permissions TEXT NOT NULL DEFAULT '', enabled INTEGER NOT NULL DEFAULT 1, expires_ms INTEGER,
  last_used_ms INTEGER) WITHOUT ROWID;
CREATE TABLE segments(id INTEGER PRIMARY KEY, group_id INTEGER NOT NULL, day INTEGER NOT NULL,
  min_ms INTEGER NOT NULL, max_ms INTEGER NOT NULL, row_count INTEGER NOT NULL,
  message_bytes INTEGER NOT NULL, file_bytes INTEGER NOT NULL, lsn_min INTEGER NOT NULL,
  lsn_max INTEGER NOT NULL, sequence_max INTEGER NOT NULL, pack INTEGER NOT NULL DEFAULT 0,
  pack_offset INTEGER NOT NULL DEFAULT 0, level INTEGER NOT NULL DEFAULT 0);
CREATE TABLE tombstones(kind INTEGER NOT NULL, id INTEGER NOT NULL, group_id INTEGER NOT NULL,
  name TEXT NOT NULL, PRIMARY KEY(kind, id)) WITHOUT ROWID;
CREATE TABLE flushed(group_id INTEGER NOT NULL, day INTEGER NOT NULL, lsn INTEGER NOT NULL,
  PRIMARY KEY(group_id, day)) WITHOUT ROWID;
CREATE TABLE documents(account TEXT NOT NULL, region TEXT NOT NULL, kind TEXT NOT NULL,
  id TEXT NOT NULL, creation_ms INTEGER NOT NULL, modified_ms INTEGER NOT NULL,
  body_bytes INTEGER NOT NULL, head TEXT NOT NULL, body TEXT NOT NULL,
  UNIQUE(account, region, kind, id));
INSERT INTO meta VALUES('format',4),('transaction',0),('next_group',1),('next_stream',1),
  ('next_segment',1);
COMMIT;
)sql";
static_assert(kApplicationId == 1397446999, "the pragma takes a literal");

// What leads from each format to the next. Keys of format 1 could do everything; format 2 had no
// documents, format 3 no packs.
struct Migration {
    std::int64_t from;
    const char* sql;
};
constexpr auto kMigrations = std::to_array<Migration>({
    {1, R"sql(
BEGIN IMMEDIATE;
ALTER TABLE keys ADD COLUMN description TEXT NOT NULL DEFAULT '';
ALTER TABLE keys ADD COLUMN permissions TEXT NOT NULL DEFAULT '';
ALTER TABLE keys ADD COLUMN enabled INTEGER NOT NULL DEFAULT 1;
ALTER TABLE keys ADD COLUMN expires_ms INTEGER;
ALTER TABLE keys ADD COLUMN last_used_ms INTEGER;
UPDATE keys SET permissions='admin read unmask write';
UPDATE meta SET value=2 WHERE key='format';
COMMIT;
)sql"},
    {2, R"sql(
BEGIN IMMEDIATE;
CREATE TABLE documents(account TEXT NOT NULL, region TEXT NOT NULL, kind TEXT NOT NULL,
  id TEXT NOT NULL, creation_ms INTEGER NOT NULL, modified_ms INTEGER NOT NULL,
  body_bytes INTEGER NOT NULL, head TEXT NOT NULL, body TEXT NOT NULL,
  UNIQUE(account, region, kind, id));
UPDATE meta SET value=3 WHERE key='format';
COMMIT;
)sql"},
    {3, R"sql(
BEGIN IMMEDIATE;
ALTER TABLE segments ADD COLUMN pack INTEGER NOT NULL DEFAULT 0;
ALTER TABLE segments ADD COLUMN pack_offset INTEGER NOT NULL DEFAULT 0;
ALTER TABLE segments ADD COLUMN level INTEGER NOT NULL DEFAULT 0;
UPDATE meta SET value=4 WHERE key='format';
COMMIT;
)sql"},
});
static_assert(kMigrations.size() == kCatalogFormat - 1, "one step from each older format");

constexpr std::size_t kCopyBytes = 1 << 20;

// A whole copy or none: temporary file, sync, rename, sync of the directory.
Status copy_file_durably(os::Fs& fs, const std::string& from, const std::string& to) {
    const std::string temporary = to + ".tmp";
    const auto in = SKY_TRY(fs.open(from, os::OpenMode::kRead));
    {
        const auto out = SKY_TRY(fs.open(temporary, os::OpenMode::kCreate));
        SKY_TRY(out->truncate(0));
        std::vector<std::byte> part(kCopyBytes);
        for (std::uint64_t offset = 0;;) {
            const std::size_t bytes = SKY_TRY(in->pread(offset, part));
            if (bytes == 0) break;
            SKY_TRY(out->pwrite(offset, std::span<const std::byte>(part.data(), bytes)));
            offset += bytes;
        }
        SKY_TRY(out->fdatasync());
    }
    SKY_TRY(fs.rename(temporary, to));
    return fs.fsync_directory(os::parent_directory(to));
}

Status migrate(os::Fs& fs, SqliteDb& db, const std::string& path, std::int64_t format) {
    const std::string copy = path + ".format" + std::to_string(format);
    // Reading the format has already undone what a crash left half written, and nothing is open.
    SKY_TRY(copy_file_durably(fs, path, copy));
    for (const Migration& step : kMigrations)
        if (step.from >= format) SKY_TRY(db.execute(step.sql));
    log::info("catalog_migrated",
              {{"from_format", format}, {"to_format", kCatalogFormat}, {"old_file", copy}});
    return {};
}

}  // namespace

Result<std::int64_t> check_format(SqliteDb& db, const std::string& path) {
    if (SKY_TRY(db.number("PRAGMA application_id")) != kApplicationId)
        return fail(ErrorCode::kCorruption, "not a catalog of skywatch: " + path);
    const std::int64_t format = SKY_TRY(db.number("SELECT value FROM meta WHERE key='format'"));
    if (format > kCatalogFormat)
        return fail(ErrorCode::kUnavailable,
                    "the catalog has format " + std::to_string(format) +
                        ", written by a newer skywatch; this one knows formats up to " +
                        std::to_string(kCatalogFormat) + ": " + path);
    if (format < 1)
        return fail(ErrorCode::kCorruption,
                    "the catalog has no known format: " + std::to_string(format) + ": " + path);
    return format;
}

Status prepare_schema(os::Fs& fs, SqliteDb& db, const std::string& path) {
    if (SKY_TRY(db.number("SELECT count(*) FROM sqlite_master")) == 0) return db.execute(kSchema);
    const std::int64_t format = SKY_TRY(check_format(db, path));
    return format < kCatalogFormat ? migrate(fs, db, path, format) : Status();
}

Status write_files(SqliteDb& db, const FilesChange& change, std::int64_t flushed_lsn_max,
                   std::int64_t sequence_max) {
    SqliteStatement insert = SKY_TRY(
        db.prepare("INSERT INTO segments(id,group_id,day,min_ms,max_ms,row_count,message_bytes,"
                   "file_bytes,lsn_min,lsn_max,sequence_max,pack,pack_offset,level)"
                   " VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?)"));
    for (const SegmentRow& row : change.insert)
        SKY_TRY(insert.bind(1, row.id)
                    .bind(2, row.group)
                    .bind(3, row.day)
                    .bind(4, row.min_ms)
                    .bind(5, row.max_ms)
                    .bind(6, row.rows)
                    .bind(7, row.message_bytes)
                    .bind(8, row.file_bytes)
                    .bind(9, row.lsn_min)
                    .bind(10, row.lsn_max)
                    .bind(11, row.sequence_max)
                    .bind(12, row.pack)
                    .bind(13, row.offset)
                    .bind(14, std::uint64_t{row.level})
                    .run());
    SqliteStatement remove = SKY_TRY(db.prepare("DELETE FROM segments WHERE id=?"));
    for (const std::uint64_t id : change.remove) SKY_TRY(remove.bind(1, id).run());
    SqliteStatement flushed =
        SKY_TRY(db.prepare("INSERT INTO flushed(group_id,day,lsn) VALUES(?,?,?)"
                           " ON CONFLICT(group_id,day) DO UPDATE SET lsn=max(lsn,excluded.lsn)"));
    for (const FlushedTo& to : change.flushed)
        SKY_TRY(flushed.bind(1, to.group).bind(2, to.day).bind(3, to.lsn).run());
    SqliteStatement times = SKY_TRY(
        db.prepare("UPDATE streams SET "
                   "first_ms=min(ifnull(first_ms,?2),?2),last_ms=max(ifnull(last_ms,?3),?3),"
                   "ingestion_ms=max(ifnull(ingestion_ms,?4),?4) WHERE id=?1"));
    for (const StreamTimes& t : change.stream_times)
        SKY_TRY(times.bind(1, t.stream)
                    .bind(2, t.first_ms)
                    .bind(3, t.last_ms)
                    .bind(4, t.ingestion_ms)
                    .run());
    SqliteStatement meta = SKY_TRY(
        db.prepare("INSERT INTO meta(key,value) VALUES('flushed_lsn_max',?1),('sequence_max',?2)"
                   " ON CONFLICT(key) DO UPDATE SET value=excluded.value"));
    return meta.bind(1, flushed_lsn_max).bind(2, sequence_max).run();
}

}  // namespace sky::store
