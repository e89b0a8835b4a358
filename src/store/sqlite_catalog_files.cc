// SPDX-License-Identifier: Apache-2.0
#include "store/catalog_schema.h"
#include "store/segment_limits.h"
#include "store/sqlite_catalog_impl.h"

namespace sky::store {

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

}  // namespace sky::store
