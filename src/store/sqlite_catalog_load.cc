// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite_catalog_impl.h"

namespace sky::store {

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
    SKY_TRY(load_documents());
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
        CatalogKey& entry = keys[key.text(0)];
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
            row.text(2), CatalogStream{row.id(0), row.id(1), nullptr, row.integer(3),
                                       row.maybe_integer(4).value_or(kNever),
                                       row.maybe_integer(5).value_or(kNever),
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
                    "lsn_min,lsn_max,sequence_max,pack,pack_offset,level FROM segments"));
    while (SKY_TRY(row.step()))
        segments[row.id(0)] = {row.id(0),      row.id(1),
                               row.integer(2), row.integer(3),
                               row.integer(4), row.id(5),
                               row.id(6),      row.id(7),
                               row.id(8),      row.id(9),
                               row.id(10),     row.id(11),
                               row.id(12),     static_cast<std::uint32_t>(row.id(13))};
    SqliteStatement to = SKY_TRY(db->prepare("SELECT group_id,day,lsn FROM flushed"));
    while (SKY_TRY(to.step())) flushed[{to.id(0), to.integer(1)}] = to.id(2);
    return {};
}

}  // namespace sky::store
