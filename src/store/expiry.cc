// SPDX-License-Identifier: Apache-2.0
// LiveData: what retention and tombstones let go.
#include <algorithm>

#include "base/log.h"
#include "store/live_data_impl.h"
#include "store/snapshot.h"

namespace sky::store {

namespace {

bool contains(const std::vector<StreamId>& sorted, StreamId id) {
    return std::binary_search(sorted.begin(), sorted.end(), id);
}

}  // namespace

bool LiveData::Impl::all_streams_deleted(const SegmentFile& file,
                                         const std::vector<StreamId>& deleted) {
    const auto reader = file.open();
    if (!reader) return false;
    const auto& streams = (*reader)->footer().streams;
    return std::all_of(streams.begin(), streams.end(),
                       [&](const SegmentStream& s) { return contains(deleted, s.id); });
}

/// Removes files that nobody may see any more: first from the catalog, then from the lists; the
/// last snapshot unlinks them.
Status LiveData::Impl::drop_files(std::optional<std::int64_t> now_ms) {
    struct Drop {
        std::shared_ptr<GroupState> state;
        SegmentList files;
        std::shared_ptr<SegmentList> kept;
    };
    std::vector<Drop> drops;
    FilesChange change;
    for (const auto& [id, state] : all_states()) {
        const auto group = catalog().find_group(id);
        const auto deleted = catalog().deleted_streams(id);
        std::shared_ptr<const SegmentList> segments;
        {
            const std::lock_guard lock(state->mutex);
            segments = state->segments;
            if (!group) {
                state->dead = true;
                discard_open(*state);
            }
        }
        Drop drop{state, {}, std::make_shared<SegmentList>()};
        for (const SegmentFilePtr& file : *segments) {
            const bool expired = group && group->retention_days && now_ms &&
                                 file->row().max_ms < retention_cutoff_ms(*group, *now_ms);
            if (!group || expired || (deleted && all_streams_deleted(*file, *deleted))) {
                drop.files.push_back(file);
                change.remove.push_back(file->row().id);
            } else {
                drop.kept->push_back(file);
            }
        }
        if (!drop.files.empty()) drops.push_back(std::move(drop));
    }
    if (change.remove.empty()) return {};
    SKY_TRY(catalog().apply(change));
    ++files_version;
    for (const Drop& drop : drops) {
        {
            // The list changes only under work_mutex, which is held: `kept` is current.
            const std::lock_guard lock(drop.state->mutex);
            drop.state->segments = drop.kept;
        }
        for (const SegmentFilePtr& file : drop.files) {
            --live_segments;
            live_segment_bytes -= file->row().file_bytes;
            file->doom();
        }
    }
    return {};
}

/// Whether a file or an open chunk may still hold rows of a deleted stream that were logged before
/// `below_lsn`.
bool LiveData::Impl::names_stream(GroupState& state, StreamId stream, std::uint64_t below_lsn) {
    std::shared_ptr<const SegmentList> segments;
    {
        const std::lock_guard lock(state.mutex);
        if (state.holds_records_below(below_lsn)) return true;
        segments = state.segments;
    }
    return std::any_of(segments->begin(), segments->end(), [&](const SegmentFilePtr& file) {
        if (file->row().lsn_min >= below_lsn) return false;
        const auto reader = file->open();
        if (!reader) return true;  // Cannot be known.
        const auto& streams = (*reader)->footer().streams;
        const auto it =
            std::lower_bound(streams.begin(), streams.end(), stream,
                             [](const SegmentStream& s, StreamId id) { return s.id < id; });
        return it != streams.end() && it->id == stream;
    });
}

Status LiveData::Impl::end_tombstones(WalExtent wal) {
    std::vector<Tombstone> ended;
    std::map<std::pair<Tombstone::Kind, std::uint64_t>, std::optional<std::uint64_t>> barriers;
    for (const Tombstone& tombstone : catalog().tombstones()) {
        // Appends that were on their way when the id was deleted are in the WAL by the next call;
        // from then on its records are below the barrier. Forgotten at a restart and then set
        // again, higher: safe.
        const std::pair key(tombstone.kind, tombstone.id);
        const auto met = tombstone_barriers.find(key);
        if (met == tombstone_barriers.end()) {
            barriers[key] = std::nullopt;
            continue;
        }
        const std::uint64_t barrier = met->second.value_or(wal.next_lsn);
        barriers[key] = barrier;
        if (wal.oldest_lsn < barrier) continue;
        const auto state = state_of(tombstone.group);
        if (!state) {
            ended.push_back(tombstone);
        } else if (tombstone.kind == Tombstone::Kind::kGroup) {
            const std::lock_guard lock(state->mutex);
            if (state->segments->empty() && state->open.empty() && state->sealing.empty())
                ended.push_back(tombstone);
        } else if (!names_stream(*state, tombstone.id, barrier)) {
            ended.push_back(tombstone);
        }
    }
    tombstone_barriers = std::move(barriers);
    SKY_TRY(catalog().drop_tombstones(ended));
    const std::unique_lock lock(groups_mutex);
    for (const Tombstone& tombstone : ended)
        if (tombstone.kind == Tombstone::Kind::kGroup) groups.erase(tombstone.group);
    return {};
}

Status LiveData::expire(WalExtent wal) {
    Impl& self = *impl_;
    const std::lock_guard working(self.work_mutex);
    const bool was_suspended = self.clock->suspended();
    const std::optional<std::int64_t> now_ms = self.clock->now_ms();
    self.deletion_suspended = self.clock->suspended();
    if (self.clock->suspended() && !was_suspended)
        log::warn("retention.suspended", {{"why", "the wall clock jumped by more than an hour"},
                                          {"wall_ms", self.options.clock->now_ms()}});
    if (self.catalog().meta(kDeletionHighWaterKey) != self.clock->high_water_ms())
        SKY_TRY(self.catalog().set_meta(kDeletionHighWaterKey, self.clock->high_water_ms()));
    SKY_TRY(self.drop_files(now_ms));
    SKY_TRY(self.end_tombstones(wal));
    SKY_TRY(self.catalog().prune_flushed(wal.oldest_lsn));
    return self.delete_old_orphans();
}

Status LiveData::confirm_clock() {
    Impl& self = *impl_;
    const std::lock_guard working(self.work_mutex);
    self.clock->confirm();
    self.deletion_suspended = false;
    return self.catalog().set_meta(kDeletionHighWaterKey, self.clock->high_water_ms());
}

}  // namespace sky::store
