// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/store/catalog.h - names, settings and live files: SQLite on disk, an index in
              // memory.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sky::store {

/// Numeric ids, never reused (store.md 1.7). 0 is no id.
using GroupId = std::uint64_t;
using StreamId = std::uint64_t;

/// AWS isolates by account and region; so do we (design decision 8).
struct Tenant {
    std::string account;
    std::string region;
    friend auto operator<=>(const Tenant&, const Tenant&) = default;
};

/// Settings of a log group. A snapshot: later changes make a new object.
struct GroupInfo {
    GroupId id = 0;
    Tenant tenant;
    std::string name;
    std::int64_t creation_ms = 0;
    std::string log_class = "STANDARD";
    std::optional<std::int32_t> retention_days;  // Absent: events never expire.
    std::optional<std::string> kms_key_id;
    bool deletion_protection = false;
    std::map<std::string, std::string> tags;
};

/// One stream. The event times live in memory with write-behind and are rebuilt from footers and
/// WAL on start.
struct StreamInfo {
    StreamId id = 0;
    GroupId group = 0;
    std::string name;
    std::int64_t creation_ms = 0;
    std::optional<std::int64_t> first_event_ms, last_event_ms, last_ingestion_ms;
};

/// An access key pair. The secret is needed in clear to check SigV4; the file is 0600.
struct AccessKey {
    std::string id;
    std::string secret;
    std::string account;
    std::int64_t creation_ms = 0;
    std::string description = {};  // The administrator's own words.
    /// Words of aws/permissions.h; the store only keeps them.
    std::string permissions = {};
    bool enabled = true;
    std::optional<std::int64_t> expires_ms = {};    // Absent: never.
    std::optional<std::int64_t> last_used_ms = {};  // Written behind: exact to a minute or so.
};

/// Something that a service keeps under an id, such as a query definition or a lookup table. The
/// store knows what its texts mean as little as it knows what events say.
struct DocumentKey {
    Tenant tenant;
    std::string kind, id;
    friend auto operator<=>(const DocumentKey&, const DocumentKey&) = default;
};
struct Document {
    DocumentKey key;
    std::int64_t creation_ms = 0, modified_ms = 0;
    std::string head;              // Kept in memory, at most limits::kDocumentHeadBytesMax.
    std::uint64_t body_bytes = 0;  // Of the text that stays on disk; put_document() fills it.
};

/// Every write is one committed SQLite transaction before it returns; reads come from memory.
/// Errors:  kAlreadyExists, kNotFound, kNoSpace, kInternal, kUnavailable (read-only).
/// Threads: every member may be called from any thread. Two racing creates: one wins, the other
/// gets kAlreadyExists.
class Catalog {
public:
    virtual ~Catalog() = default;

    // Groups
    // -------------------------------------------------------------------------------------------------
    virtual Result<std::shared_ptr<const GroupInfo>> create_group(
        GroupInfo wanted) = 0;  // Fills id.
    /// Commits a tombstone; events, streams and tags are gone for every later call (snapshots keep
    /// theirs).
    virtual Status delete_group(const Tenant& tenant, std::string_view name) = 0;
    virtual std::shared_ptr<const GroupInfo> find_group(const Tenant& tenant,
                                                        std::string_view name) const = 0;
    virtual std::shared_ptr<const GroupInfo> find_group(GroupId id) const = 0;
    /// Groups with name > `after` that start with `prefix`, in byte order, at most `count`.
    virtual std::vector<std::shared_ptr<const GroupInfo>> list_groups(const Tenant& tenant,
                                                                      std::string_view prefix,
                                                                      std::string_view after,
                                                                      std::size_t count) const = 0;
    /// Replaces settings and tags of the group with this id (name, tenant and creation time stay).
    virtual Status update_group(const GroupInfo& changed) = 0;

    // Streams
    // ------------------------------------------------------------------------------------------------
    virtual Result<StreamInfo> create_stream(GroupId group, std::string_view name,
                                             std::int64_t creation_ms) = 0;
    virtual Status delete_stream(GroupId group, std::string_view name) = 0;
    virtual std::optional<StreamInfo> find_stream(GroupId group, std::string_view name) const = 0;
    virtual std::optional<StreamInfo> find_stream(StreamId id) const = 0;
    /// Streams with name > `after` that start with `prefix`, in byte order, at most `count`.
    virtual std::vector<StreamInfo> list_streams(GroupId group, std::string_view prefix,
                                                 std::string_view after,
                                                 std::size_t count) const = 0;
    /// All streams of a group by (last event time, name); streams without events sort first.
    virtual std::vector<StreamInfo> list_streams_by_time(GroupId group) const = 0;

    // Access keys
    // --------------------------------------------------------------------------------------------
    /// Makes the key, or replaces all that is known of it; the time of its last use never goes
    /// back.
    virtual Status put_key(const AccessKey& key) = 0;
    virtual Status delete_key(std::string_view id) = 0;
    virtual std::optional<AccessKey> find_key(std::string_view id) const = 0;
    virtual std::vector<AccessKey> list_keys() const = 0;
    /// Remembers in memory that a request was signed with the key; an unknown id is ignored. Cheap:
    /// called for every request. The store writes it behind.
    virtual void note_key_used(std::string_view id, std::int64_t now_ms) = 0;

    // Documents
    // ----------------------------------------------------------------------------------------------
    /// Makes the document or replaces all of it. Texts are UTF-8. Errors: kInvalidArgument (larger
    /// than limits.h allows), kLimitExceeded (limits::kDocumentsMax of its kind and tenant).
    virtual Status put_document(Document document, std::string_view body) = 0;
    virtual Status delete_document(const DocumentKey& key) = 0;
    virtual std::shared_ptr<const Document> find_document(const DocumentKey& key) const = 0;
    /// Read from disk. Errors: kNotFound and those of reading.
    virtual Result<std::string> document_body(const DocumentKey& key) const = 0;
    /// Documents with id > `after` that start with `prefix`, in byte order, at most `count`.
    virtual std::vector<std::shared_ptr<const Document>> list_documents(
        const Tenant& tenant, std::string_view kind, std::string_view prefix,
        std::string_view after, std::size_t count) const = 0;
};

}  // namespace sky::store
