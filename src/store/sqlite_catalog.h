// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/store/sqlite_catalog.h - the catalog on one machine: catalog.sqlite, read once
              // at start, written through.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/catalog.h"

namespace sky::os {
class Fs;
}

namespace sky::store {

/// One live segment. The table of these is the only truth about which files live.
struct SegmentRow {
    std::uint64_t id = 0;  // Never reused; names the file unless it is in a pack.
    GroupId group = 0;
    std::int64_t day = 0;
    std::int64_t min_ms = 0, max_ms = 0;
    std::uint64_t rows = 0, message_bytes = 0, file_bytes = 0;
    std::uint64_t lsn_min = 0, lsn_max = 0, sequence_max = 0;
    std::uint64_t pack = 0, offset = 0;  // The pack that holds it, and where; 0: its own file.
    std::uint32_t level = 0;             // How many merges have written its rows.
    friend bool operator==(const SegmentRow&, const SegmentRow&) = default;
};

/// All records of (group, day) up to and with this LSN are in segments.
struct FlushedTo {
    GroupId group = 0;
    std::int64_t day = 0;
    std::uint64_t lsn = 0;
    friend bool operator==(const FlushedTo&, const FlushedTo&) = default;
};

/// What a batch says about its stream's event times.
struct StreamTimes {
    StreamId stream = 0;
    std::int64_t first_ms = 0, last_ms = 0, ingestion_ms = 0;
};

/// One change of the live files: everything in ONE transaction (store.md 1.1).
struct FilesChange {
    std::vector<SegmentRow> insert;
    std::vector<std::uint64_t> remove;
    std::vector<FlushedTo> flushed;
    std::vector<StreamTimes> stream_times;  // Of the inserted rows: replay will not see them again.
};

/// A deleted id whose rows may still lie in the WAL or in files.
struct Tombstone {
    enum class Kind : std::uint8_t { kGroup = 1, kStream = 2 };
    Kind kind;
    std::uint64_t id;
    GroupId group;  // The stream's group, or the group itself.
    friend bool operator==(const Tombstone&, const Tombstone&) = default;
};

enum class IdState : std::uint8_t { kLive, kDeleted, kUnknown };

/// Catalog plus what the store itself keeps there.
/// Threads: every member may be called from any thread; writes are serialised.
class SqliteCatalog final : public Catalog {
public:
    /// Opens or creates the file (mode 0600) and reads it whole; `path` and its journal go through
    /// `fs`. Errors: kUnavailable (a newer format; says both versions), kCorruption (not a catalog,
    /// or damaged), kNoSpace, kInternal.
    static Result<std::shared_ptr<SqliteCatalog>> open(os::Fs& fs, const std::string& path);
    ~SqliteCatalog() override;

    Result<std::shared_ptr<const GroupInfo>> create_group(GroupInfo wanted) override;
    Status delete_group(const Tenant& tenant, std::string_view name) override;
    std::shared_ptr<const GroupInfo> find_group(const Tenant& tenant,
                                                std::string_view name) const override;
    std::shared_ptr<const GroupInfo> find_group(GroupId id) const override;
    std::vector<std::shared_ptr<const GroupInfo>> list_groups(const Tenant& tenant,
                                                              std::string_view prefix,
                                                              std::string_view after,
                                                              std::size_t count) const override;
    Status update_group(const GroupInfo& changed) override;
    Result<StreamInfo> create_stream(GroupId group, std::string_view name,
                                     std::int64_t creation_ms) override;
    Status delete_stream(GroupId group, std::string_view name) override;
    std::optional<StreamInfo> find_stream(GroupId group, std::string_view name) const override;
    std::optional<StreamInfo> find_stream(StreamId id) const override;
    std::vector<StreamInfo> list_streams(GroupId group, std::string_view prefix,
                                         std::string_view after, std::size_t count) const override;
    std::vector<StreamInfo> list_streams_by_time(GroupId group) const override;
    Status put_key(const AccessKey& key) override;
    Status delete_key(std::string_view id) override;
    std::optional<AccessKey> find_key(std::string_view id) const override;
    std::vector<AccessKey> list_keys() const override;
    void note_key_used(std::string_view id, std::int64_t now_ms) override;
    Status put_document(Document document, std::string_view body) override;
    Status delete_document(const DocumentKey& key) override;
    std::shared_ptr<const Document> find_document(const DocumentKey& key) const override;
    Result<std::string> document_body(const DocumentKey& key) const override;
    std::vector<std::shared_ptr<const Document>> list_documents(const Tenant& tenant,
                                                                std::string_view kind,
                                                                std::string_view prefix,
                                                                std::string_view after,
                                                                std::size_t count) const override;
    /// Writes the times of last use that have moved since the last call; nothing without any.
    Status write_key_usage();

    /// Replay drops records of deleted ids and quarantines unknown ones (store.md 1.7).
    IdState group_state(GroupId id) const;
    IdState stream_state(StreamId id) const;
    /// Also of streams that were deleted while their rows may still be read; "" if never known.
    std::string stream_name(StreamId id) const;
    /// Deleted streams of a living group, sorted; null when there are none.
    std::shared_ptr<const std::vector<StreamId>> deleted_streams(GroupId group) const;

    /// Widens the stream's event times in memory; the seal's transaction writes them.
    void note_events(const StreamTimes& times);

    Status apply(const FilesChange& change);
    std::vector<SegmentRow> segments() const;  // As the file says, by id.
    /// 0 when nothing of that day was flushed.
    std::uint64_t flushed_lsn(GroupId group, std::int64_t day) const;
    /// Over all groups and all times, also of files long gone; 0 at first.
    std::uint64_t flushed_lsn_max() const;
    std::uint64_t sequence_max() const;
    /// Forgets flushed_lsn rows below the WAL's oldest record: no replay can ask for them.
    Status prune_flushed(std::uint64_t wal_oldest_lsn);
    /// A fresh id for a file. Errors: as every write; ids are reserved by blocks.
    Result<std::uint64_t> allocate_segment_id();

    std::vector<Tombstone> tombstones() const;
    /// Ends tombstones that no record and no file names any more.
    Status drop_tombstones(std::span<const Tombstone> dropped);

    /// A copy of the file as of now, at a path where nothing is; durable when this returns.
    /// Errors: kNoSpace, kInternal; the catalog itself is not harmed.
    Status copy_to(const std::string& path);

    /// Small named values of the store ("deletion_high_water_ms"); nullopt when never set.
    std::optional<std::int64_t> meta(std::string_view key) const;
    Status set_meta(std::string_view key, std::int64_t value);

private:
    struct Impl;
    explicit SqliteCatalog(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace sky::store
