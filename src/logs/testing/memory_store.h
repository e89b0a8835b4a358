// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/logs/testing/memory_store.h - a Store in memory for the tests of this module.

#include <algorithm>
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "store/store.h"

namespace sky::logs::testing {

using namespace sky::store;

class MemoryCatalog final : public Catalog {
public:
    Result<std::shared_ptr<const GroupInfo>> create_group(GroupInfo wanted) override {
        const std::lock_guard lock(mutex_);
        const auto key = std::pair(wanted.tenant, wanted.name);
        if (groups_.contains(key)) return fail(ErrorCode::kAlreadyExists, "group exists");
        wanted.id = ++last_id_;
        auto group = std::make_shared<const GroupInfo>(std::move(wanted));
        groups_[key] = group;
        return std::shared_ptr<const GroupInfo>(group);
    }
    Status delete_group(const Tenant& tenant, std::string_view name) override {
        const std::lock_guard lock(mutex_);
        const auto found = groups_.find(std::pair(tenant, std::string(name)));
        if (found == groups_.end()) return fail(ErrorCode::kNotFound, "no such group");
        streams_.erase(found->second->id);
        groups_.erase(found);
        return {};
    }
    std::shared_ptr<const GroupInfo> find_group(const Tenant& tenant,
                                                std::string_view name) const override {
        const std::lock_guard lock(mutex_);
        const auto found = groups_.find(std::pair(tenant, std::string(name)));
        return found == groups_.end() ? nullptr : found->second;
    }
    std::shared_ptr<const GroupInfo> find_group(GroupId id) const override {
        const std::lock_guard lock(mutex_);
        for (const auto& [key, group] : groups_)
            if (group->id == id) return group;
        return nullptr;
    }
    std::vector<std::shared_ptr<const GroupInfo>> list_groups(const Tenant& tenant,
                                                              std::string_view prefix,
                                                              std::string_view after,
                                                              std::size_t count) const override {
        const std::lock_guard lock(mutex_);
        std::vector<std::shared_ptr<const GroupInfo>> out;
        for (const auto& [key, group] : groups_)
            if (key.first == tenant && key.second > after && key.second.starts_with(prefix) &&
                out.size() < count)
                out.push_back(group);
        return out;
    }
    Status update_group(const GroupInfo& changed) override {
        const std::lock_guard lock(mutex_);
        for (auto& [key, group] : groups_)
            if (group->id == changed.id) {
                group = std::make_shared<const GroupInfo>(changed);
                return {};
            }
        return fail(ErrorCode::kNotFound, "no such group");
    }

    Result<StreamInfo> create_stream(GroupId group, std::string_view name,
                                     std::int64_t creation_ms) override {
        const std::lock_guard lock(mutex_);
        auto& streams = streams_[group];
        if (streams.contains(std::string(name)))
            return fail(ErrorCode::kAlreadyExists, "stream exists");
        StreamInfo stream;
        stream.id = ++last_id_;
        stream.group = group;
        stream.name = name;
        stream.creation_ms = creation_ms;
        streams[stream.name] = stream;
        names_[stream.id] = stream.name;
        return stream;
    }
    Status delete_stream(GroupId group, std::string_view name) override {
        const std::lock_guard lock(mutex_);
        return streams_[group].erase(std::string(name)) == 1
                   ? Status{}
                   : fail(ErrorCode::kNotFound, "no such stream");
    }
    std::optional<StreamInfo> find_stream(GroupId group, std::string_view name) const override {
        const std::lock_guard lock(mutex_);
        const auto streams = streams_.find(group);
        if (streams == streams_.end()) return std::nullopt;
        const auto found = streams->second.find(std::string(name));
        if (found == streams->second.end()) return std::nullopt;
        return found->second;
    }
    std::optional<StreamInfo> find_stream(StreamId id) const override {
        const std::lock_guard lock(mutex_);
        for (const auto& [group, streams] : streams_)
            for (const auto& [name, stream] : streams)
                if (stream.id == id) return stream;
        return std::nullopt;
    }
    std::vector<StreamInfo> list_streams(GroupId group, std::string_view prefix,
                                         std::string_view after, std::size_t count) const override {
        const std::lock_guard lock(mutex_);
        std::vector<StreamInfo> out;
        const auto streams = streams_.find(group);
        if (streams == streams_.end()) return out;
        for (const auto& [name, stream] : streams->second)
            if (name > after && name.starts_with(prefix) && out.size() < count)
                out.push_back(stream);
        return out;
    }
    std::vector<StreamInfo> list_streams_by_time(GroupId group) const override {
        auto out = list_streams(group, "", "", SIZE_MAX);
        std::sort(out.begin(), out.end(), [](const StreamInfo& a, const StreamInfo& b) {
            return std::pair(a.last_event_ms.value_or(-1), a.name) <
                   std::pair(b.last_event_ms.value_or(-1), b.name);
        });
        return out;
    }

    Status put_key(const AccessKey& key) override {
        const std::lock_guard lock(mutex_);
        keys_[key.id] = key;
        return {};
    }
    Status delete_key(std::string_view id) override {
        const std::lock_guard lock(mutex_);
        return keys_.erase(std::string(id)) == 1 ? Status{} : fail(ErrorCode::kNotFound, "no key");
    }
    std::optional<AccessKey> find_key(std::string_view id) const override {
        const std::lock_guard lock(mutex_);
        const auto found = keys_.find(std::string(id));
        if (found == keys_.end()) return std::nullopt;
        return found->second;
    }
    std::vector<AccessKey> list_keys() const override { return {}; }
    void note_key_used(std::string_view, std::int64_t) override {}

    Status put_document(Document document, std::string_view body) override {
        const std::lock_guard lock(mutex_);
        document.body_bytes = body.size();
        const DocumentKey key = document.key;
        documents_[key] = {std::make_shared<const Document>(std::move(document)),
                           std::string(body)};
        return {};
    }
    Status delete_document(const DocumentKey& key) override {
        const std::lock_guard lock(mutex_);
        return documents_.erase(key) == 1 ? Status{} : fail(ErrorCode::kNotFound, "no document");
    }
    std::shared_ptr<const Document> find_document(const DocumentKey& key) const override {
        const std::lock_guard lock(mutex_);
        const auto found = documents_.find(key);
        return found == documents_.end() ? nullptr : found->second.first;
    }
    Result<std::string> document_body(const DocumentKey& key) const override {
        const std::lock_guard lock(mutex_);
        const auto found = documents_.find(key);
        if (found == documents_.end()) return fail(ErrorCode::kNotFound, "no document");
        return found->second.second;
    }
    std::vector<std::shared_ptr<const Document>> list_documents(const Tenant& tenant,
                                                                std::string_view kind,
                                                                std::string_view prefix,
                                                                std::string_view after,
                                                                std::size_t count) const override {
        const std::lock_guard lock(mutex_);
        std::vector<std::shared_ptr<const Document>> out;
        for (const auto& [key, kept] : documents_)
            if (key.tenant == tenant && key.kind == kind && key.id > after &&
                key.id.starts_with(prefix) && out.size() < count)
                out.push_back(kept.first);
        return out;
    }

    /// What the store knows of a stream's events.
    void saw(GroupId group, StreamId id, const AppendBatch& batch) {
        const std::lock_guard lock(mutex_);
        for (auto& [name, stream] : streams_[group]) {
            if (stream.id != id) continue;
            const std::int64_t first = batch.events.front().timestamp_ms;
            const std::int64_t last = batch.events.back().timestamp_ms;
            stream.first_event_ms = std::min(stream.first_event_ms.value_or(first), first);
            stream.last_event_ms = std::max(stream.last_event_ms.value_or(last), last);
            stream.last_ingestion_ms = batch.ingestion_ms;
        }
    }
    std::string name_of(StreamId id) const {
        const std::lock_guard lock(mutex_);
        const auto found = names_.find(id);
        return found == names_.end() ? "" : found->second;
    }

private:
    mutable std::mutex mutex_;
    std::uint64_t last_id_ = 0;
    std::map<std::pair<Tenant, std::string>, std::shared_ptr<const GroupInfo>> groups_;
    std::map<GroupId, std::map<std::string, StreamInfo>> streams_;
    std::map<StreamId, std::string> names_;
    std::map<std::string, AccessKey> keys_;
    std::map<DocumentKey, std::pair<std::shared_ptr<const Document>, std::string>> documents_;
};

struct MemoryRow {
    std::int64_t timestamp_ms;
    std::uint64_t sequence;
    std::int64_t ingestion_ms;
    StreamId stream;
    std::string message;
};

/// Each batch that was appended is one morsel, so morsels overlap as they do in open chunks.
using MemoryBatches = std::vector<std::shared_ptr<const std::vector<MemoryRow>>>;

class MemorySnapshot final : public Snapshot {
public:
    MemorySnapshot(GroupInfo group, MemoryBatches batches, const MemoryCatalog& catalog)
        : group_(std::move(group)), batches_(std::move(batches)), catalog_(catalog) {}
    const GroupInfo& group() const override { return group_; }
    std::vector<Morsel> morsels(TimeRange range) const override {
        std::vector<Morsel> out;
        for (std::size_t i = 0; i < batches_.size(); ++i) {
            const auto& rows = *batches_[i];
            if (rows.empty() || rows.front().timestamp_ms > range.end_ms ||
                rows.back().timestamp_ms < range.begin_ms)
                continue;
            out.push_back({static_cast<std::uint32_t>(i), rows.front().timestamp_ms,
                           rows.back().timestamp_ms, rows.size(), 0});
        }
        std::sort(out.begin(), out.end(), [](const Morsel& a, const Morsel& b) {
            return std::pair(a.max_ms, a.index) > std::pair(b.max_ms, b.index);
        });
        return out;
    }
    Result<EventBatch> read(const Morsel& morsel, TimeRange range, Columns,
                            std::span<const StreamId> streams) const override {
        EventBatch batch;
        for (const MemoryRow& row : *batches_[morsel.index]) {
            if (row.timestamp_ms < range.begin_ms || row.timestamp_ms > range.end_ms) continue;
            if (!catalog_.find_stream(row.stream)) continue;
            if (!streams.empty() && !std::binary_search(streams.begin(), streams.end(), row.stream))
                continue;
            batch.timestamp_ms.push_back(row.timestamp_ms);
            batch.sequence.push_back(row.sequence);
            batch.ingestion_ms.push_back(row.ingestion_ms);
            batch.stream.push_back(row.stream);
            batch.message.push_back(row.message);
        }
        return batch;
    }
    std::string stream_name(StreamId id) const override { return catalog_.name_of(id); }

private:
    GroupInfo group_;
    MemoryBatches batches_;
    const MemoryCatalog& catalog_;
};

class MemoryStore final : public Store {
public:
    Catalog& catalog() override { return catalog_; }
    void append(const AppendBatch& batch, Done done) override {
        if (!catalog_.find_group(batch.group) || !catalog_.find_stream(batch.stream)) {
            done(fail(ErrorCode::kNotFound, "deleted meanwhile"));
            return;
        }
        if (refuse_next.exchange(false)) {
            done(fail(ErrorCode::kThrottled, "queue full"));
            return;
        }
        std::vector<MemoryRow> rows;
        {
            const std::lock_guard lock(mutex_);
            for (const Event& event : batch.events)
                rows.push_back({event.timestamp_ms, ++sequence_, batch.ingestion_ms, batch.stream,
                                std::string(event.message)});
            groups_[batch.group].push_back(
                std::make_shared<const std::vector<MemoryRow>>(std::move(rows)));
        }
        catalog_.saw(batch.group, batch.stream, batch);
        done({});
        const std::lock_guard lock(mutex_);
        if (follower_ == nullptr || !follower_->follows(batch.group)) return;
        auto told = std::make_shared<EventBatch>();
        for (const MemoryRow& row : *groups_[batch.group].back()) {
            told->timestamp_ms.push_back(row.timestamp_ms);
            told->sequence.push_back(row.sequence);
            told->ingestion_ms.push_back(row.ingestion_ms);
            told->stream.push_back(row.stream);
            told->message.push_back(row.message);
        }
        follower_->published(batch.group, std::move(told));
    }
    void set_follower(Follower* follower) override {
        const std::lock_guard lock(mutex_);
        follower_ = follower;
    }
    std::shared_ptr<const Snapshot> snapshot(GroupId group) const override {
        const auto info = catalog_.find_group(group);
        if (!info) return nullptr;
        const std::lock_guard lock(mutex_);
        const auto found = groups_.find(group);
        return std::make_shared<MemorySnapshot>(
            *info, found == groups_.end() ? MemoryBatches{} : found->second, catalog_);
    }
    std::uint64_t stored_bytes(GroupId group) const override {
        const std::lock_guard lock(mutex_);
        std::uint64_t bytes = 0;
        const auto found = groups_.find(group);
        if (found == groups_.end()) return 0;
        for (const auto& batch : found->second)
            for (const MemoryRow& row : *batch) bytes += row.message.size() + 26;
        return bytes;
    }
    Status flush() override { return {}; }
    Status expire() override { return {}; }
    Result<BackupSummary> backup(const std::string& directory) override {
        return fail(ErrorCode::kInvalidArgument, "nothing here outlives the test: " + directory);
    }
    void step(BackgroundTask) override {}  // append() has done everything.
    Status close() override { return {}; }
    StoreStats stats() const override { return {}; }

    std::atomic<bool> refuse_next = false;  // The next append answers kThrottled.

private:
    MemoryCatalog catalog_;
    mutable std::mutex mutex_;
    std::uint64_t sequence_ = 0;
    std::map<GroupId, MemoryBatches> groups_;
    Follower* follower_ = nullptr;
};

}  // namespace sky::logs::testing
