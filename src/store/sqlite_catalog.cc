// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite_catalog.h"

#include <algorithm>
#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <shared_mutex>
#include <unordered_map>

#include "os/fs.h"
#include "store/catalog_schema.h"
#include "store/segment_limits.h"
#include "store/sqlite_db.h"

namespace sky::store {

namespace {

constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::min();

struct Stream {
    StreamId id;
    GroupId group;
    const std::string* name;  // The map's key.
    std::int64_t creation_ms;
    std::int64_t first_ms = kNever, last_ms = kNever, ingestion_ms = kNever;

    StreamInfo info() const {
        const auto maybe = [](std::int64_t ms) {
            return ms == kNever ? std::nullopt : std::optional(ms);
        };
        return {
            id, group, *name, creation_ms, maybe(first_ms), maybe(last_ms), maybe(ingestion_ms)};
    }
    void widen(const StreamTimes& times) {
        first_ms = first_ms == kNever ? times.first_ms : std::min(first_ms, times.first_ms);
        last_ms = std::max(last_ms, times.last_ms);
        ingestion_ms = std::max(ingestion_ms, times.ingestion_ms);
    }
};

// std::string compares bytes as unsigned, so these maps are in AWS's order.
struct Group {
    std::shared_ptr<const GroupInfo> info;
    std::map<std::string, Stream, std::less<>> streams;
    std::shared_ptr<const std::vector<StreamId>> deleted;  // Sorted; null when none.
};

struct Key {
    AccessKey key;
    // Moves under the shared lock: every signed request passes here.
    std::atomic<std::int64_t> last_used_ms{0};

    AccessKey info() const {
        AccessKey out = key;
        if (const std::int64_t ms = last_used_ms.load(std::memory_order_relaxed); ms != 0)
            out.last_used_ms = ms;
        return out;
    }
};

struct DeadStream {
    GroupId group;
    std::string name;
};

/// The first entry of `map` after `after` whose key starts with `prefix`, if there is one.
template <class Map>
auto first_listed(Map& map, std::string_view prefix, std::string_view after) {
    return after < prefix ? map.lower_bound(prefix) : map.upper_bound(after);
}

Error not_found(std::string_view what, std::string_view name) {
    return {ErrorCode::kNotFound, std::string(what) + " does not exist: " + std::string(name)};
}

Error exists(std::string_view what, std::string_view name) {
    return {ErrorCode::kAlreadyExists, std::string(what) + " already exists: " + std::string(name)};
}

}  // namespace

struct SqliteCatalog::Impl {
    std::string path;
    // Declared before the connection, which it must outlive.
    std::unique_ptr<SqliteVfs> vfs;

    std::mutex write_mutex;  // One writer; taken before `mutex`.
    std::unique_ptr<SqliteDb> db;
    bool read_only = false;
    os::Fs* fs = nullptr;
    std::int64_t transaction = 0;  // Counts commits; tells whether one that failed took place.
    std::uint64_t next_group = 1, next_stream = 1;
    std::uint64_t next_segment = 1, reserved_segments_end = 1;

    mutable std::shared_mutex mutex;  // Everything below.
    std::unordered_map<GroupId, Group> groups;
    std::map<Tenant, std::map<std::string, GroupId, std::less<>>> names;
    std::unordered_map<StreamId, Stream*> streams;
    std::unordered_map<StreamId, DeadStream> dead_streams;  // Deleted since start, or tombstoned.
    std::map<std::pair<Tombstone::Kind, std::uint64_t>, Tombstone> tombstones;
    std::map<std::string, Key, std::less<>> keys;
    std::map<std::uint64_t, SegmentRow> segments;
    std::map<std::pair<GroupId, std::int64_t>, std::uint64_t> flushed;
    std::map<std::string, std::int64_t, std::less<>> meta;

    using Change = std::function<Status(SqliteDb&)>;

    static Status set_meta(SqliteDb& to, std::string_view key, std::int64_t value) {
        SqliteStatement put =
            SKY_TRY(to.prepare("INSERT INTO meta(key,value) VALUES(?,?)"
                               " ON CONFLICT(key) DO UPDATE SET value=excluded.value"));
        return put.bind(1, key).bind(2, value).run();
    }

    Status transact(const Change& change, std::int64_t number) {
        SKY_TRY(db->execute("BEGIN IMMEDIATE"));
        Status done = change(*db);
        if (done) done = set_meta(*db, "transaction", number);
        if (done) done = db->execute("COMMIT");
        return done;
    }

    /// Closes the file, removes its journal durably and opens it again.
    bool remove_journal() {
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

    /// Commits one change under `write_mutex`. When something fails, SQLite may have committed or
    /// not; the file is opened again, which settles it, and asked. kUnavailable: even that failed,
    /// the outcome is unknown until restart, and nothing is written until then.
    Status commit(const Change& change) {
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

    Status load();
    Status load_groups();
    Status load_streams();
    Status load_files();
    void bury(GroupId group_id, StreamId id, std::string name) {
        dead_streams.emplace(id, DeadStream{group_id, std::move(name)});
    }
};

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

Status SqliteCatalog::Impl::load() {
    SqliteStatement rows = SKY_TRY(db->prepare("SELECT key,value FROM meta"));
    while (SKY_TRY(rows.step())) meta[rows.text(0)] = rows.integer(1);
    const auto required = [&](std::string_view key) -> Result<std::int64_t> {
        const auto it = meta.find(key);
        if (it == meta.end() || it->second < 0)
            return fail(ErrorCode::kCorruption,
                        "the catalog lacks " + std::string(key) + ": " + path);
        return it->second;
    };
    transaction = SKY_TRY(required("transaction"));
    next_group = static_cast<std::uint64_t>(SKY_TRY(required("next_group")));
    next_stream = static_cast<std::uint64_t>(SKY_TRY(required("next_stream")));
    next_segment = static_cast<std::uint64_t>(SKY_TRY(required("next_segment")));
    reserved_segments_end = next_segment;
    SKY_TRY(load_groups());
    SKY_TRY(load_streams());
    return load_files();
}

Status SqliteCatalog::Impl::load_groups() {
    std::unordered_map<GroupId, std::map<std::string, std::string>> tags;
    SqliteStatement tag = SKY_TRY(db->prepare("SELECT group_id,key,value FROM tags"));
    while (SKY_TRY(tag.step())) tags[tag.id(0)][tag.text(1)] = tag.text(2);
    SqliteStatement row = SKY_TRY(
        db->prepare("SELECT id,account,region,name,creation_ms,log_class,retention_days,kms_key_id,"
                    "deletion_protection FROM groups"));
    while (SKY_TRY(row.step())) {
        auto info = std::make_shared<GroupInfo>();
        info->id = row.id(0);
        info->tenant = {row.text(1), row.text(2)};
        info->name = row.text(3);
        info->creation_ms = row.integer(4);
        info->log_class = row.text(5);
        if (const auto days = row.maybe_integer(6))
            info->retention_days = static_cast<std::int32_t>(*days);
        info->kms_key_id = row.maybe_text(7);
        info->deletion_protection = row.integer(8) != 0;
        if (const auto it = tags.find(info->id); it != tags.end()) info->tags = it->second;
        names[info->tenant][info->name] = info->id;
        groups[info->id].info = std::move(info);
    }
    SqliteStatement key =
        SKY_TRY(db->prepare("SELECT id,secret,account,creation_ms,description,permissions,enabled,"
                            "expires_ms,last_used_ms FROM keys"));
    while (SKY_TRY(key.step())) {
        Key& entry = keys[key.text(0)];
        entry.key = {key.text(0),         key.text(1),          key.text(2),
                     key.integer(3),      key.text(4),          key.text(5),
                     key.integer(6) != 0, key.maybe_integer(7), key.maybe_integer(8)};
        entry.last_used_ms = entry.key.last_used_ms.value_or(0);
    }
    return {};
}

Status SqliteCatalog::Impl::load_streams() {
    SqliteStatement row =
        SKY_TRY(db->prepare("SELECT id,group_id,name,creation_ms,first_ms,last_ms,ingestion_ms"
                            " FROM streams"));
    while (SKY_TRY(row.step())) {
        const auto group = groups.find(row.id(1));
        if (group == groups.end())
            return fail(ErrorCode::kCorruption,
                        "the catalog has a stream without a group: " + path);
        const auto [it, fresh] = group->second.streams.emplace(
            row.text(2),
            Stream{row.id(0), row.id(1), nullptr, row.integer(3),
                   row.maybe_integer(4).value_or(kNever), row.maybe_integer(5).value_or(kNever),
                   row.maybe_integer(6).value_or(kNever)});
        it->second.name = &it->first;
        streams[it->second.id] = &it->second;
    }
    std::map<GroupId, std::vector<StreamId>> deleted;
    SqliteStatement dead =
        SKY_TRY(db->prepare("SELECT kind,id,group_id,name FROM tombstones ORDER BY kind,id"));
    while (SKY_TRY(dead.step())) {
        const auto kind = static_cast<Tombstone::Kind>(dead.integer(0));
        tombstones[{kind, dead.id(1)}] = {kind, dead.id(1), dead.id(2)};
        if (kind != Tombstone::Kind::kStream) continue;
        deleted[dead.id(2)].push_back(dead.id(1));
        bury(dead.id(2), dead.id(1), dead.text(3));
    }
    for (auto& [group_id, ids] : deleted)
        if (const auto it = groups.find(group_id); it != groups.end())
            it->second.deleted = std::make_shared<const std::vector<StreamId>>(std::move(ids));
    return {};
}

Status SqliteCatalog::Impl::load_files() {
    SqliteStatement row = SKY_TRY(
        db->prepare("SELECT id,group_id,day,min_ms,max_ms,row_count,message_bytes,file_bytes,"
                    "lsn_min,lsn_max,sequence_max FROM segments"));
    while (SKY_TRY(row.step()))
        segments[row.id(0)] = {row.id(0),      row.id(1), row.integer(2), row.integer(3),
                               row.integer(4), row.id(5), row.id(6),      row.id(7),
                               row.id(8),      row.id(9), row.id(10)};
    SqliteStatement to = SKY_TRY(db->prepare("SELECT group_id,day,lsn FROM flushed"));
    while (SKY_TRY(to.step())) flushed[{to.id(0), to.integer(1)}] = to.id(2);
    return {};
}

// Groups
// -------------------------------------------------------------------------------------------------

namespace {

Status write_tags(SqliteDb& db, const GroupInfo& group) {
    SqliteStatement gone = SKY_TRY(db.prepare("DELETE FROM tags WHERE group_id=?"));
    SKY_TRY(gone.bind(1, group.id).run());
    SqliteStatement put = SKY_TRY(db.prepare("INSERT INTO tags(group_id,key,value) VALUES(?,?,?)"));
    for (const auto& [key, value] : group.tags)
        SKY_TRY(put.bind(1, group.id)
                    .bind(2, std::string_view(key))
                    .bind(3, std::string_view(value))
                    .run());
    return {};
}

}  // namespace

Result<std::shared_ptr<const GroupInfo>> SqliteCatalog::create_group(GroupInfo wanted) {
    Impl& self = *impl_;
    const std::lock_guard writing(self.write_mutex);
    if (find_group(wanted.tenant, wanted.name))
        return std::unexpected(exists("log group", wanted.name));
    wanted.id = self.next_group;
    auto info = std::make_shared<const GroupInfo>(std::move(wanted));
    const Status committed = self.commit([&](SqliteDb& db) -> Status {
        SqliteStatement put = SKY_TRY(db.prepare(
            "INSERT INTO groups(id,account,region,name,creation_ms,log_class,retention_days,"
            "kms_key_id,deletion_protection) VALUES(?,?,?,?,?,?,?,?,?)"));
        SKY_TRY(put.bind(1, info->id)
                    .bind(2, std::string_view(info->tenant.account))
                    .bind(3, std::string_view(info->tenant.region))
                    .bind(4, std::string_view(info->name))
                    .bind(5, info->creation_ms)
                    .bind(6, std::string_view(info->log_class))
                    .bind(7, info->retention_days)
                    .bind(8, info->kms_key_id)
                    .bind(9, std::int64_t{info->deletion_protection})
                    .run());
        SKY_TRY(write_tags(db, *info));
        return Impl::set_meta(db, "next_group", static_cast<std::int64_t>(info->id + 1));
    });
    SKY_TRY(committed);
    const std::unique_lock lock(self.mutex);
    self.next_group = info->id + 1;
    self.names[info->tenant][info->name] = info->id;
    self.groups[info->id].info = info;
    return info;
}

Status SqliteCatalog::delete_group(const Tenant& tenant, std::string_view name) {
    Impl& self = *impl_;
    const std::lock_guard writing(self.write_mutex);
    const auto info = find_group(tenant, name);
    if (!info) return std::unexpected(not_found("log group", name));
    const Status committed = self.commit([&](SqliteDb& db) -> Status {
        for (const char* sql :
             {"DELETE FROM streams WHERE group_id=?", "DELETE FROM tags WHERE group_id=?",
              "DELETE FROM groups WHERE id=?",
              // The group's own tombstone covers its streams.
              "DELETE FROM tombstones WHERE group_id=?"}) {
            SqliteStatement gone = SKY_TRY(db.prepare(sql));
            SKY_TRY(gone.bind(1, info->id).run());
        }
        SqliteStatement put =
            SKY_TRY(db.prepare("INSERT INTO tombstones(kind,id,group_id,name) VALUES(1,?,?,?)"));
        return put.bind(1, info->id).bind(2, info->id).bind(3, name).run();
    });
    SKY_TRY(committed);
    const std::unique_lock lock(self.mutex);
    const auto group = self.groups.find(info->id);
    for (auto& [stream_name, stream] : group->second.streams) {
        self.streams.erase(stream.id);
        self.bury(info->id, stream.id, stream_name);
    }
    std::erase_if(self.tombstones, [&](const auto& t) { return t.second.group == info->id; });
    self.tombstones[{Tombstone::Kind::kGroup, info->id}] = {Tombstone::Kind::kGroup, info->id,
                                                            info->id};
    self.names[tenant].erase(self.names[tenant].find(name));
    self.groups.erase(group);
    return {};
}

std::shared_ptr<const GroupInfo> SqliteCatalog::find_group(const Tenant& tenant,
                                                           std::string_view name) const {
    const std::shared_lock lock(impl_->mutex);
    const auto names = impl_->names.find(tenant);
    if (names == impl_->names.end()) return nullptr;
    const auto it = names->second.find(name);
    return it == names->second.end() ? nullptr : impl_->groups.at(it->second).info;
}

std::shared_ptr<const GroupInfo> SqliteCatalog::find_group(GroupId id) const {
    const std::shared_lock lock(impl_->mutex);
    const auto it = impl_->groups.find(id);
    return it == impl_->groups.end() ? nullptr : it->second.info;
}

std::vector<std::shared_ptr<const GroupInfo>> SqliteCatalog::list_groups(const Tenant& tenant,
                                                                         std::string_view prefix,
                                                                         std::string_view after,
                                                                         std::size_t count) const {
    const std::shared_lock lock(impl_->mutex);
    std::vector<std::shared_ptr<const GroupInfo>> out;
    const auto names = impl_->names.find(tenant);
    if (names == impl_->names.end()) return out;
    for (auto it = first_listed(names->second, prefix, after);
         it != names->second.end() && it->first.starts_with(prefix) && out.size() < count; ++it)
        out.push_back(impl_->groups.at(it->second).info);
    return out;
}

Status SqliteCatalog::update_group(const GroupInfo& changed) {
    Impl& self = *impl_;
    const std::lock_guard writing(self.write_mutex);
    const auto old = find_group(changed.id);
    if (!old) return std::unexpected(not_found("log group", changed.name));
    auto info = std::make_shared<GroupInfo>(changed);
    info->tenant = old->tenant;
    info->name = old->name;
    info->creation_ms = old->creation_ms;
    const Status committed = self.commit([&](SqliteDb& db) -> Status {
        SqliteStatement put =
            SKY_TRY(db.prepare("UPDATE groups SET log_class=?,retention_days=?,kms_key_id=?,"
                               "deletion_protection=? WHERE id=?"));
        SKY_TRY(put.bind(1, std::string_view(info->log_class))
                    .bind(2, info->retention_days)
                    .bind(3, info->kms_key_id)
                    .bind(4, std::int64_t{info->deletion_protection})
                    .bind(5, info->id)
                    .run());
        return info->tags == old->tags ? Status() : write_tags(db, *info);
    });
    SKY_TRY(committed);
    const std::unique_lock lock(self.mutex);
    self.groups.at(info->id).info = std::move(info);
    return {};
}

// Streams
// -------------------------------------------------------------------------------------------------

Result<StreamInfo> SqliteCatalog::create_stream(GroupId group, std::string_view name,
                                                std::int64_t creation_ms) {
    Impl& self = *impl_;
    const std::lock_guard writing(self.write_mutex);
    if (!find_group(group)) return std::unexpected(not_found("log group", std::to_string(group)));
    if (find_stream(group, name)) return std::unexpected(exists("log stream", name));
    const StreamId id = self.next_stream;
    const Status committed = self.commit([&](SqliteDb& db) -> Status {
        SqliteStatement put = SKY_TRY(
            db.prepare("INSERT INTO streams(id,group_id,name,creation_ms) VALUES(?,?,?,?)"));
        SKY_TRY(put.bind(1, id).bind(2, group).bind(3, name).bind(4, creation_ms).run());
        return Impl::set_meta(db, "next_stream", static_cast<std::int64_t>(id + 1));
    });
    SKY_TRY(committed);
    const std::unique_lock lock(self.mutex);
    self.next_stream = id + 1;
    const auto it =
        self.groups.at(group).streams.emplace(name, Stream{id, group, nullptr, creation_ms}).first;
    it->second.name = &it->first;
    self.streams[id] = &it->second;
    return it->second.info();
}

Status SqliteCatalog::delete_stream(GroupId group_id, std::string_view name) {
    Impl& self = *impl_;
    const std::lock_guard writing(self.write_mutex);
    const auto found = find_stream(group_id, name);
    if (!found) return std::unexpected(not_found("log stream", name));
    const Status committed = self.commit([&](SqliteDb& db) -> Status {
        SqliteStatement gone = SKY_TRY(db.prepare("DELETE FROM streams WHERE id=?"));
        SKY_TRY(gone.bind(1, found->id).run());
        SqliteStatement put =
            SKY_TRY(db.prepare("INSERT INTO tombstones(kind,id,group_id,name) VALUES(2,?,?,?)"));
        return put.bind(1, found->id).bind(2, group_id).bind(3, name).run();
    });
    SKY_TRY(committed);
    const std::unique_lock lock(self.mutex);
    Group& group = self.groups.at(group_id);
    group.streams.erase(group.streams.find(name));
    self.streams.erase(found->id);
    self.bury(group_id, found->id, found->name);
    self.tombstones[{Tombstone::Kind::kStream, found->id}] = {Tombstone::Kind::kStream, found->id,
                                                              group_id};
    auto deleted = group.deleted ? *group.deleted : std::vector<StreamId>();
    deleted.insert(std::upper_bound(deleted.begin(), deleted.end(), found->id), found->id);
    group.deleted = std::make_shared<const std::vector<StreamId>>(std::move(deleted));
    return {};
}

std::optional<StreamInfo> SqliteCatalog::find_stream(GroupId group_id,
                                                     std::string_view name) const {
    const std::shared_lock lock(impl_->mutex);
    const auto group = impl_->groups.find(group_id);
    if (group == impl_->groups.end()) return std::nullopt;
    const auto it = group->second.streams.find(name);
    if (it == group->second.streams.end()) return std::nullopt;
    return it->second.info();
}

std::optional<StreamInfo> SqliteCatalog::find_stream(StreamId id) const {
    const std::shared_lock lock(impl_->mutex);
    const auto it = impl_->streams.find(id);
    if (it == impl_->streams.end()) return std::nullopt;
    return it->second->info();
}

std::vector<StreamInfo> SqliteCatalog::list_streams(GroupId group_id, std::string_view prefix,
                                                    std::string_view after,
                                                    std::size_t count) const {
    const std::shared_lock lock(impl_->mutex);
    std::vector<StreamInfo> out;
    const auto group = impl_->groups.find(group_id);
    if (group == impl_->groups.end()) return out;
    const auto& streams = group->second.streams;
    for (auto it = first_listed(streams, prefix, after);
         it != streams.end() && it->first.starts_with(prefix) && out.size() < count; ++it)
        out.push_back(it->second.info());
    return out;
}

std::vector<StreamInfo> SqliteCatalog::list_streams_by_time(GroupId group_id) const {
    const std::shared_lock lock(impl_->mutex);
    std::vector<StreamInfo> out;
    const auto group = impl_->groups.find(group_id);
    if (group == impl_->groups.end()) return out;
    std::vector<const Stream*> ordered;
    ordered.reserve(group->second.streams.size());
    for (const auto& [name, stream] : group->second.streams) ordered.push_back(&stream);
    std::sort(ordered.begin(), ordered.end(), [](const Stream* a, const Stream* b) {
        return a->last_ms != b->last_ms ? a->last_ms < b->last_ms : *a->name < *b->name;
    });
    out.reserve(ordered.size());
    for (const Stream* stream : ordered) out.push_back(stream->info());
    return out;
}

// Access keys
// -------------------------------------------------------------------------------------------------

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
    Key& entry = self.keys[key.id];
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

// Ids
// -------------------------------------------------------------------------------------------------

IdState SqliteCatalog::group_state(GroupId id) const {
    const std::shared_lock lock(impl_->mutex);
    if (impl_->groups.contains(id)) return IdState::kLive;
    return impl_->tombstones.contains({Tombstone::Kind::kGroup, id}) ? IdState::kDeleted
                                                                     : IdState::kUnknown;
}

IdState SqliteCatalog::stream_state(StreamId id) const {
    const std::shared_lock lock(impl_->mutex);
    if (impl_->streams.contains(id)) return IdState::kLive;
    return impl_->dead_streams.contains(id) ? IdState::kDeleted : IdState::kUnknown;
}

std::string SqliteCatalog::stream_name(StreamId id) const {
    const std::shared_lock lock(impl_->mutex);
    if (const auto it = impl_->streams.find(id); it != impl_->streams.end())
        return *it->second->name;
    const auto dead = impl_->dead_streams.find(id);
    return dead == impl_->dead_streams.end() ? std::string() : dead->second.name;
}

std::shared_ptr<const std::vector<StreamId>> SqliteCatalog::deleted_streams(GroupId group) const {
    const std::shared_lock lock(impl_->mutex);
    const auto it = impl_->groups.find(group);
    return it == impl_->groups.end() ? nullptr : it->second.deleted;
}

void SqliteCatalog::note_events(const StreamTimes& times) {
    const std::unique_lock lock(impl_->mutex);
    const auto it = impl_->streams.find(times.stream);
    if (it != impl_->streams.end()) it->second->widen(times);
}

std::vector<Tombstone> SqliteCatalog::tombstones() const {
    const std::shared_lock lock(impl_->mutex);
    std::vector<Tombstone> out;
    for (const auto& [key, tombstone] : impl_->tombstones) out.push_back(tombstone);
    return out;
}

Status SqliteCatalog::drop_tombstones(std::span<const Tombstone> dropped) {
    if (dropped.empty()) return {};
    Impl& self = *impl_;
    const std::lock_guard writing(self.write_mutex);
    const Status committed = self.commit([&](SqliteDb& db) -> Status {
        SqliteStatement gone = SKY_TRY(db.prepare("DELETE FROM tombstones WHERE kind=? AND id=?"));
        SqliteStatement days = SKY_TRY(db.prepare("DELETE FROM flushed WHERE group_id=?"));
        for (const Tombstone& t : dropped) {
            SKY_TRY(gone.bind(1, static_cast<std::int64_t>(t.kind)).bind(2, t.id).run());
            if (t.kind == Tombstone::Kind::kGroup) SKY_TRY(days.bind(1, t.id).run());
        }
        return {};
    });
    SKY_TRY(committed);
    const std::unique_lock lock(self.mutex);
    for (const Tombstone& t : dropped) {
        self.tombstones.erase({t.kind, t.id});
        if (t.kind == Tombstone::Kind::kGroup) {
            std::erase_if(self.dead_streams, [&](const auto& s) { return s.second.group == t.id; });
            std::erase_if(self.flushed, [&](const auto& f) { return f.first.first == t.id; });
            continue;
        }
        self.dead_streams.erase(t.id);
        const auto group = self.groups.find(t.group);
        if (group == self.groups.end() || !group->second.deleted) continue;
        auto deleted = *group->second.deleted;
        std::erase(deleted, t.id);
        group->second.deleted =
            deleted.empty() ? nullptr
                            : std::make_shared<const std::vector<StreamId>>(std::move(deleted));
    }
    return {};
}

// Files
// -------------------------------------------------------------------------------------------------

Status SqliteCatalog::apply(const FilesChange& change) {
    Impl& self = *impl_;
    const std::lock_guard writing(self.write_mutex);
    std::int64_t lsn_max = meta("flushed_lsn_max").value_or(0);
    std::int64_t sequence_max = meta("sequence_max").value_or(0);
    for (const FlushedTo& to : change.flushed)
        lsn_max = std::max(lsn_max, static_cast<std::int64_t>(to.lsn));
    for (const SegmentRow& row : change.insert)
        sequence_max = std::max(sequence_max, static_cast<std::int64_t>(row.sequence_max));
    const Status committed =
        self.commit([&](SqliteDb& db) { return write_files(db, change, lsn_max, sequence_max); });
    SKY_TRY(committed);
    const std::unique_lock lock(self.mutex);
    for (const SegmentRow& row : change.insert) self.segments[row.id] = row;
    for (const std::uint64_t id : change.remove) self.segments.erase(id);
    for (const FlushedTo& to : change.flushed) {
        std::uint64_t& lsn = self.flushed[{to.group, to.day}];
        lsn = std::max(lsn, to.lsn);
    }
    self.meta["flushed_lsn_max"] = lsn_max;
    self.meta["sequence_max"] = sequence_max;
    return {};
}

std::vector<SegmentRow> SqliteCatalog::segments() const {
    const std::shared_lock lock(impl_->mutex);
    std::vector<SegmentRow> out;
    out.reserve(impl_->segments.size());
    for (const auto& [id, row] : impl_->segments) out.push_back(row);
    return out;
}

std::uint64_t SqliteCatalog::flushed_lsn(GroupId group, std::int64_t day) const {
    const std::shared_lock lock(impl_->mutex);
    const auto it = impl_->flushed.find({group, day});
    return it == impl_->flushed.end() ? 0 : it->second;
}

std::uint64_t SqliteCatalog::flushed_lsn_max() const {
    return static_cast<std::uint64_t>(meta("flushed_lsn_max").value_or(0));
}

std::uint64_t SqliteCatalog::sequence_max() const {
    return static_cast<std::uint64_t>(meta("sequence_max").value_or(0));
}

Status SqliteCatalog::prune_flushed(std::uint64_t wal_oldest_lsn) {
    Impl& self = *impl_;
    const std::lock_guard writing(self.write_mutex);
    {
        const std::shared_lock lock(self.mutex);
        if (std::none_of(self.flushed.begin(), self.flushed.end(),
                         [&](const auto& f) { return f.second < wal_oldest_lsn; }))
            return {};
    }
    const Status committed = self.commit([&](SqliteDb& db) -> Status {
        SqliteStatement gone = SKY_TRY(db.prepare("DELETE FROM flushed WHERE lsn<?"));
        return gone.bind(1, wal_oldest_lsn).run();
    });
    SKY_TRY(committed);
    const std::unique_lock lock(self.mutex);
    std::erase_if(self.flushed, [&](const auto& f) { return f.second < wal_oldest_lsn; });
    return {};
}

Result<std::uint64_t> SqliteCatalog::allocate_segment_id() {
    Impl& self = *impl_;
    const std::lock_guard writing(self.write_mutex);
    if (self.next_segment == self.reserved_segments_end) {
        const std::uint64_t end = self.reserved_segments_end + limits::kSegmentIdBlock;
        const Status committed = self.commit([&](SqliteDb& db) {
            return Impl::set_meta(db, "next_segment", static_cast<std::int64_t>(end));
        });
        SKY_TRY(committed);
        self.reserved_segments_end = end;
    }
    return self.next_segment++;
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
