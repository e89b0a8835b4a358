// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/store/sqlite_catalog_impl.h - what the catalog keeps in memory and how it
              // commits; for the sqlite_catalog*.cc files alone.

#include <algorithm>
#include <atomic>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "os/fs.h"
#include "store/sqlite_catalog.h"
#include "store/sqlite_db.h"

namespace sky::store {

inline constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::min();

struct CatalogStream {
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
struct CatalogGroup {
    std::shared_ptr<const GroupInfo> info;
    std::map<std::string, CatalogStream, std::less<>> streams;
    std::shared_ptr<const std::vector<StreamId>> deleted;  // Sorted; null when none.
};

struct CatalogKey {
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

using CatalogDocuments = std::map<std::string, std::shared_ptr<const Document>, std::less<>>;

struct DeadStream {
    GroupId group;
    std::string name;
};

/// The first entry of `map` after `after` whose key starts with `prefix`, if there is one.
template <class Map>
auto first_listed(Map& map, std::string_view prefix, std::string_view after) {
    return after < prefix ? map.lower_bound(prefix) : map.upper_bound(after);
}

inline Error not_found(std::string_view what, std::string_view name) {
    return {ErrorCode::kNotFound, std::string(what) + " does not exist: " + std::string(name)};
}

inline Error exists(std::string_view what, std::string_view name) {
    return {ErrorCode::kAlreadyExists, std::string(what) + " already exists: " + std::string(name)};
}

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
    std::unordered_map<GroupId, CatalogGroup> groups;
    std::map<Tenant, std::map<std::string, GroupId, std::less<>>> names;
    std::unordered_map<StreamId, CatalogStream*> streams;
    std::unordered_map<StreamId, DeadStream> dead_streams;  // Deleted since start, or tombstoned.
    std::map<std::pair<Tombstone::Kind, std::uint64_t>, Tombstone> tombstones;
    std::map<std::string, CatalogKey, std::less<>> keys;
    std::map<std::pair<Tenant, std::string>, CatalogDocuments> documents;  // By tenant and kind.
    std::map<std::uint64_t, SegmentRow> segments;
    std::map<std::pair<GroupId, std::int64_t>, std::uint64_t> flushed;
    std::map<std::string, std::int64_t, std::less<>> meta;

    using Change = std::function<Status(SqliteDb&)>;

    static Status set_meta(SqliteDb& to, std::string_view key, std::int64_t value);

    Status transact(const Change& change, std::int64_t number);

    /// Closes the file, removes its journal durably and opens it again.
    bool remove_journal();

    /// Commits one change under `write_mutex`. When something fails, SQLite may have committed or
    /// not; the file is opened again, which settles it, and asked. kUnavailable: even that failed,
    /// the outcome is unknown until restart, and nothing is written until then.
    Status commit(const Change& change);

    Status load();
    Status load_groups();
    Status load_streams();
    Status load_files();
    Status load_documents();
    void bury(GroupId group_id, StreamId id, std::string name) {
        dead_streams.emplace(id, DeadStream{group_id, std::move(name)});
    }
};

}  // namespace sky::store
