// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite_catalog_impl.h"

namespace sky::store {

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
    const auto it = self.groups.at(group)
                        .streams.emplace(name, CatalogStream{id, group, nullptr, creation_ms})
                        .first;
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
    CatalogGroup& group = self.groups.at(group_id);
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
    std::vector<const CatalogStream*> ordered;
    ordered.reserve(group->second.streams.size());
    for (const auto& [name, stream] : group->second.streams) ordered.push_back(&stream);
    std::sort(ordered.begin(), ordered.end(), [](const CatalogStream* a, const CatalogStream* b) {
        return a->last_ms != b->last_ms ? a->last_ms < b->last_ms : *a->name < *b->name;
    });
    out.reserve(ordered.size());
    for (const CatalogStream* stream : ordered) out.push_back(stream->info());
    return out;
}

}  // namespace sky::store
