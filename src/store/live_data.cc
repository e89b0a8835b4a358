// SPDX-License-Identifier: Apache-2.0
#include "store/live_data.h"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <deque>
#include <map>
#include <mutex>
#include <shared_mutex>
#include <unordered_map>

#include "base/log.h"
#include "base/time.h"
#include "os/fs.h"
#include "store/chunk.h"
#include "store/deletion_clock.h"
#include "store/rows.h"
#include "store/segment_file.h"
#include "store/segment_limits.h"
#include "store/snapshot.h"

namespace sky::store {

namespace {

using ChunkPtr = std::shared_ptr<const OpenChunk>;
using SegmentList = std::vector<SegmentFilePtr>;

constexpr std::string_view kHighWaterKey = "deletion_high_water_ms";

/// One group's visible rows. `mutex` makes a publish over several days, and the change from chunk
/// to segment, one step for snapshots.
struct GroupState {
    std::mutex mutex;
    bool dead = false;                       // Dropped: nothing may be added any more.
    std::map<std::int64_t, OpenChunk> open;  // By day.
    std::deque<ChunkPtr> sealing;            // Closed, oldest first; immutable.
    std::shared_ptr<const SegmentList> segments = std::make_shared<const SegmentList>();

    bool holds_records_below(std::uint64_t lsn) const {
        return std::any_of(open.begin(), open.end(),
                           [&](const auto& c) { return c.second.lsn_min() < lsn; }) ||
               std::any_of(sealing.begin(), sealing.end(),
                           [&](const ChunkPtr& c) { return c->lsn_min() < lsn; });
    }
};

/// A chunk on its way into a file.
struct Seal {
    std::shared_ptr<GroupState> state;
    ChunkPtr chunk;
    std::optional<SegmentRow> row;  // Absent: no row of a living stream was left.
    std::vector<SegmentStream> streams;
};

bool contains(const std::vector<StreamId>& sorted, StreamId id) {
    return std::binary_search(sorted.begin(), sorted.end(), id);
}

}  // namespace

struct LiveData::Impl {
    LiveDataOptions options;
    std::string segments_directory, orphans_directory;
    std::shared_ptr<SegmentCache> cache;

    mutable std::shared_mutex groups_mutex;
    std::unordered_map<GroupId, std::shared_ptr<GroupState>> groups;

    std::mutex work_mutex;  // One seal or expire at a time; taken before every other.
    std::optional<DeletionClock> clock;
    std::map<std::pair<Tombstone::Kind, std::uint64_t>, std::optional<std::uint64_t>>
        tombstone_barriers;

    std::atomic<std::uint64_t> segment_bytes_written{0}, shape_mismatches{0}, open_rows{0},
        open_bytes{0};
    std::atomic<std::uint64_t> live_segments{0}, live_segment_bytes{0}, orphans{0};
    std::atomic<std::uint64_t> chunks_due{0};
    std::atomic<bool> deletion_suspended{false};

    SqliteCatalog& catalog() const { return *options.catalog; }
    std::string segment_path(std::uint64_t id) const {
        return segments_directory + "/" + std::to_string(id) + ".seg";
    }

    std::shared_ptr<GroupState> state_of(GroupId id) const {
        const std::shared_lock lock(groups_mutex);
        const auto it = groups.find(id);
        return it == groups.end() ? nullptr : it->second;
    }
    std::shared_ptr<GroupState> make_state(GroupId id) {
        if (auto state = state_of(id)) return state;
        const std::unique_lock lock(groups_mutex);
        auto& state = groups[id];
        if (!state) state = std::make_shared<GroupState>();
        return state;
    }
    std::vector<std::pair<GroupId, std::shared_ptr<GroupState>>> all_states() const {
        const std::shared_lock lock(groups_mutex);
        return {groups.begin(), groups.end()};
    }

    Status adopt_files();
    Status delete_old_orphans();
    void close_chunk(GroupState& state, OpenChunk&& chunk);
    void discard_open(GroupState& state);
    void forget_open(const OpenChunk& chunk);

    std::vector<Seal> collect_seals(std::uint64_t lsn_below);
    Status write_seal(Seal& seal);
    Status commit_seals(std::span<Seal> seals);
    void undo_files(std::span<const Seal> seals);

    bool all_streams_deleted(const SegmentFile& file, const std::vector<StreamId>& deleted);
    Status drop_files(std::optional<std::int64_t> now_ms);
    Status end_tombstones(WalExtent wal);
    bool names_stream(GroupState& state, StreamId stream, std::uint64_t below_lsn);
};

LiveData::LiveData(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
LiveData::~LiveData() = default;

// Start
// -------------------------------------------------------------------------------------------------

Result<std::unique_ptr<LiveData>> LiveData::open(const LiveDataOptions& options) {
    auto impl = std::make_unique<Impl>();
    impl->options = options;
    impl->segments_directory = options.directory + "/segments";
    impl->orphans_directory = options.directory + "/orphans";
    impl->cache = std::make_shared<SegmentCache>(*options.fs, limits::kOpenSegmentsMax,
                                                 limits::kFooterCacheBytesMax);
    SKY_TRY(os::make_directories(*options.fs, impl->segments_directory));
    SKY_TRY(os::make_directories(*options.fs, impl->orphans_directory));
    impl->clock.emplace(*options.clock, options.catalog->meta(kHighWaterKey));
    impl->deletion_suspended = impl->clock->suspended();
    SKY_TRY(impl->adopt_files());
    SKY_TRY(impl->delete_old_orphans());
    return std::unique_ptr<LiveData>(new LiveData(std::move(impl)));
}

/// Takes over what the catalog lists and sets the rest aside.
Status LiveData::Impl::adopt_files() {
    const std::vector<std::string> names = SKY_TRY(options.fs->list(segments_directory));
    std::unordered_map<GroupId, SegmentList> lists;
    std::vector<std::string> listed;
    for (const SegmentRow& row : catalog().segments()) {
        std::string name = std::to_string(row.id) + ".seg";
        if (!std::binary_search(names.begin(), names.end(), name))
            // Reads of this file will say so as well; the other files are still good.
            log::error("segment.missing", {{"file", segment_path(row.id)}});
        lists[row.group].push_back(
            std::make_shared<const SegmentFile>(row, segment_path(row.id), cache));
        listed.push_back(std::move(name));
        ++live_segments;
        live_segment_bytes += row.file_bytes;
    }
    for (auto& [group, list] : lists)
        make_state(group)->segments = std::make_shared<const SegmentList>(std::move(list));

    std::sort(listed.begin(), listed.end());
    bool moved = false;
    const std::string stamp = std::to_string(options.clock->now_ms());
    for (const std::string& name : names) {
        if (std::binary_search(listed.begin(), listed.end(), name)) continue;
        log::warn("segment.orphaned", {{"file", segments_directory + "/" + name}});
        SKY_TRY(options.fs->rename(segments_directory + "/" + name,
                                   orphans_directory + "/" + stamp + "-" + name));
        moved = true;
    }
    if (!moved) return {};
    SKY_TRY(options.fs->fsync_directory(orphans_directory));
    return options.fs->fsync_directory(segments_directory);
}

Status LiveData::Impl::delete_old_orphans() {
    const std::int64_t now_ms = options.clock->now_ms();
    std::uint64_t left = 0;
    for (const std::string& name : SKY_TRY(options.fs->list(orphans_directory))) {
        // "<Unix milliseconds>-<old name>"; a name of another form is not ours to delete.
        std::int64_t since_ms = 0;
        const char* const end = name.data() + name.size();
        const auto read = std::from_chars(name.data(), end, since_ms);
        if (read.ec == std::errc() && read.ptr != end && *read.ptr == '-' && !clock->suspended() &&
            now_ms - since_ms > limits::kOrphanKeepMs) {
            SKY_TRY(options.fs->unlink(orphans_directory + "/" + name));
        } else {
            ++left;
        }
    }
    orphans = left;
    return {};
}

// Publish
// -------------------------------------------------------------------------------------------------

void LiveData::Impl::close_chunk(GroupState& state, OpenChunk&& chunk) {
    state.sealing.push_back(std::make_shared<const OpenChunk>(std::move(chunk)));
    ++chunks_due;
}

void LiveData::Impl::forget_open(const OpenChunk& chunk) {
    open_rows -= chunk.rows();
    open_bytes -= chunk.memory_bytes();
}

void LiveData::Impl::discard_open(GroupState& state) {
    for (const auto& [day, chunk] : state.open) forget_open(chunk);
    for (const ChunkPtr& chunk : state.sealing) {
        forget_open(*chunk);
        --chunks_due;
    }
    state.open.clear();
    state.sealing.clear();
}

Status LiveData::publish(const AppendBatch& batch, std::uint64_t first_sequence,
                         std::uint64_t lsn) {
    if (batch.events.empty()) return {};
    PreparedBatch prepared = prepare(batch);
    number(prepared, first_sequence, lsn);
    return publish(std::move(prepared));
}

Status LiveData::publish(PreparedBatch batch) {
    Impl& self = *impl_;
    if (batch.parts.empty()) return {};
    if (self.catalog().group_state(batch.group) != IdState::kLive)
        return fail(ErrorCode::kNotFound,
                    "log group was deleted meanwhile: " + std::to_string(batch.group));
    if (self.catalog().stream_state(batch.stream) != IdState::kLive)
        return fail(ErrorCode::kNotFound,
                    "log stream was deleted meanwhile: " + std::to_string(batch.stream));
    const StreamTimes times{batch.stream, batch.parts.front().rows->min_ms,
                            batch.parts.back().rows->max_ms, batch.ingestion_ms};
    std::erase_if(batch.parts, [&](const PreparedBatch::Part& part) {
        return part.rows->lsn_max <= self.catalog().flushed_lsn(batch.group, part.day);
    });
    if (batch.parts.empty()) return {};
    for (const PreparedBatch::Part& part : batch.parts)
        if (part.rows->rows.rows() > limits::kChunkRowsMax ||
            part.rows->rows.message.bytes() > limits::kChunkBytesMax)
            return fail(ErrorCode::kInvalidArgument, "batch is larger than a chunk");
    const std::shared_ptr<GroupState> state = self.make_state(batch.group);
    {
        const std::lock_guard lock(state->mutex);
        if (state->dead)
            return fail(ErrorCode::kNotFound,
                        "log group was deleted meanwhile: " + std::to_string(batch.group));
        for (PreparedBatch::Part& part : batch.parts) {
            auto it = state->open.try_emplace(part.day, batch.group, part.day).first;
            if (!it->second.has_room(*part.rows)) {
                self.close_chunk(*state, std::move(it->second));
                it->second = OpenChunk(batch.group, part.day);
            }
            const std::uint64_t before = it->second.memory_bytes();
            self.open_rows += part.rows->rows.rows();
            it->second.add(std::move(part.rows));
            self.open_bytes += it->second.memory_bytes() - before;
        }
    }
    self.catalog().note_events(times);
    return {};
}

// Seal
// -------------------------------------------------------------------------------------------------

bool LiveData::seal_due() const { return impl_->chunks_due.load() > 0; }

/// Closes what is due and lists it, oldest first within each group and day.
std::vector<Seal> LiveData::Impl::collect_seals(std::uint64_t lsn_below) {
    std::vector<Seal> seals;
    for (const auto& [id, state] : all_states()) {
        const bool alive = catalog().group_state(id) == IdState::kLive;
        const std::lock_guard lock(state->mutex);
        if (!alive) {
            discard_open(*state);
            continue;
        }
        for (auto it = state->open.begin(); it != state->open.end();) {
            if (it->second.lsn_min() < lsn_below) {
                close_chunk(*state, std::move(it->second));
                it = state->open.erase(it);
            } else {
                ++it;
            }
        }
        for (const ChunkPtr& chunk : state->sealing)
            seals.push_back({state, chunk, std::nullopt, {}});
    }
    return seals;
}

/// Writes and syncs the file under its final name; the directory is synced by commit_seals().
Status LiveData::Impl::write_seal(Seal& seal) {
    const auto group = catalog().find_group(seal.chunk->group());
    if (!group) return {};  // Deleted meanwhile; the rows go with it.
    MiniBatchPtr rows = fold(seal.chunk->pieces());
    if (const auto deleted = catalog().deleted_streams(group->id)) {
        const EventBatch* const piece = &rows->rows;
        const RowFilter filter{.range = {rows->min_ms, rows->max_ms}, .deleted = *deleted};
        auto kept = std::make_shared<MiniBatch>(*rows);
        kept->rows = select_rows({&piece, 1}, filter, Columns::kAll);
        if (kept->rows.rows() == 0) return {};
        kept->min_ms = kept->rows.timestamp_ms.front();
        kept->max_ms = kept->rows.timestamp_ms.back();
        rows = std::move(kept);
    }
    SegmentFooter footer;
    footer.row.id = SKY_TRY(catalog().allocate_segment_id());
    footer.row.group = group->id;
    footer.row.day = seal.chunk->day();
    footer.tenant = group->tenant;
    footer.group_name = group->name;
    footer.group_creation_ms = group->creation_ms;
    const EncodedSegment encoded = SKY_TRY(
        encode_segment(*rows, [&](StreamId id) { return catalog().stream_name(id); }, footer));
    const std::string path = segment_path(footer.row.id), temporary = path + ".tmp";
    const auto written = [&]() -> Status {
        {
            const auto file = SKY_TRY(options.fs->open(temporary, os::OpenMode::kCreateNew));
            SKY_TRY(file->pwrite(0, encoded.file));
            SKY_TRY(file->fdatasync());
        }
        return options.fs->rename(temporary, path);
    }();
    if (!written) {
        // Gives the space back now; what cannot be removed is an orphan at the next start.
        (void)options.fs->unlink(temporary);
        return written;
    }
    seal.row = footer.row;
    seal.streams = std::move(footer.streams);
    segment_bytes_written += encoded.file.size();
    shape_mismatches += encoded.shape_mismatches;
    return {};
}

void LiveData::Impl::undo_files(std::span<const Seal> seals) {
    for (const Seal& seal : seals)
        if (seal.row) (void)options.fs->unlink(segment_path(seal.row->id));
}

Status LiveData::Impl::commit_seals(std::span<Seal> seals) {
    if (Status synced = options.fs->fsync_directory(segments_directory); !synced) {
        undo_files(seals);
        return synced;
    }
    FilesChange change;
    for (const Seal& seal : seals) {
        change.flushed.push_back({seal.chunk->group(), seal.chunk->day(), seal.chunk->lsn_max()});
        if (!seal.row) continue;
        change.insert.push_back(*seal.row);
        for (const SegmentStream& s : seal.streams)
            change.stream_times.push_back({s.id, s.first_ms, s.last_ms, s.ingestion_ms});
    }
    if (Status applied = catalog().apply(change); !applied) {
        // kUnavailable: the commit may have happened, so the files must stay for the next start.
        if (applied.error().code != ErrorCode::kUnavailable) undo_files(seals);
        return applied;
    }
    for (const Seal& seal : seals) {
        SegmentFilePtr file;
        if (seal.row) {
            file =
                std::make_shared<const SegmentFile>(*seal.row, segment_path(seal.row->id), cache);
            ++live_segments;
            live_segment_bytes += seal.row->file_bytes;
        }
        const std::lock_guard lock(seal.state->mutex);
        std::erase(seal.state->sealing, seal.chunk);
        forget_open(*seal.chunk);
        --chunks_due;
        if (!file) continue;
        auto list = std::make_shared<SegmentList>();
        list->reserve(seal.state->segments->size() + 1);
        *list = *seal.state->segments;
        list->push_back(std::move(file));
        seal.state->segments = std::move(list);
    }
    return {};
}

Status LiveData::seal(std::uint64_t lsn_below) {
    Impl& self = *impl_;
    const std::lock_guard working(self.work_mutex);
    std::vector<Seal> seals = self.collect_seals(lsn_below);
    for (std::size_t i = 0; i < seals.size(); i += limits::kSealBatchMax) {
        const auto batch =
            std::span(seals).subspan(i, std::min(limits::kSealBatchMax, seals.size() - i));
        for (std::size_t s = 0; s < batch.size(); ++s) {
            if (Status written = self.write_seal(batch[s]); !written) {
                self.undo_files(batch.first(s));
                return written;
            }
        }
        SKY_TRY(self.commit_seals(batch));
    }
    return {};
}

std::uint64_t LiveData::oldest_open_lsn() const {
    std::uint64_t oldest = std::numeric_limits<std::uint64_t>::max();
    for (const auto& [id, state] : impl_->all_states()) {
        const std::lock_guard lock(state->mutex);
        for (const auto& [day, chunk] : state->open)
            if (!chunk.empty()) oldest = std::min(oldest, chunk.lsn_min());
        for (const ChunkPtr& chunk : state->sealing) oldest = std::min(oldest, chunk->lsn_min());
    }
    return oldest;
}

std::uint64_t LiveData::flushed_lsn_max() const { return impl_->catalog().flushed_lsn_max(); }

std::uint64_t LiveData::sequence_max(GroupId group) const {
    std::uint64_t most = impl_->catalog().sequence_max();
    if (const auto state = impl_->state_of(group)) {
        const std::lock_guard lock(state->mutex);
        for (const auto& [day, chunk] : state->open) most = std::max(most, chunk.sequence_max());
        for (const ChunkPtr& chunk : state->sealing) most = std::max(most, chunk->sequence_max());
    }
    return most;
}

// Read
// -------------------------------------------------------------------------------------------------

std::shared_ptr<const Snapshot> LiveData::snapshot(GroupId group_id, std::int64_t now_ms) const {
    const Impl& self = *impl_;
    SnapshotParts parts;
    parts.group = self.catalog().find_group(group_id);
    if (!parts.group) return nullptr;
    parts.cutoff_ms = retention_cutoff_ms(*parts.group, now_ms);
    parts.deleted = self.catalog().deleted_streams(group_id);
    parts.catalog = self.options.catalog;
    const auto state = self.state_of(group_id);
    if (!state) {
        parts.segments = std::make_shared<const SegmentList>();
        return make_snapshot(std::move(parts));
    }
    {
        const std::lock_guard lock(state->mutex);
        parts.segments = state->segments;
        parts.chunks.assign(state->sealing.begin(), state->sealing.end());
        for (const auto& [day, chunk] : state->open)
            if (!chunk.empty()) parts.chunks.push_back(std::make_shared<const OpenChunk>(chunk));
    }
    return make_snapshot(std::move(parts));
}

std::uint64_t LiveData::stored_bytes(GroupId group_id, std::int64_t now_ms) const {
    const Impl& self = *impl_;
    const auto group = self.catalog().find_group(group_id);
    const auto state = self.state_of(group_id);
    if (!group || !state) return 0;
    const std::int64_t cutoff_ms = retention_cutoff_ms(*group, now_ms);
    const auto deleted = self.catalog().deleted_streams(group_id);
    std::shared_ptr<const SegmentList> segments;
    std::vector<MiniBatchPtr> pieces;
    {
        const std::lock_guard lock(state->mutex);
        segments = state->segments;
        const auto add = [&](const OpenChunk& chunk) {
            pieces.insert(pieces.end(), chunk.pieces().begin(), chunk.pieces().end());
        };
        for (const ChunkPtr& chunk : state->sealing) add(*chunk);
        for (const auto& [day, chunk] : state->open) add(chunk);
    }
    std::uint64_t rows = 0, bytes = 0;
    for (const SegmentFilePtr& file : *segments) {
        if (file->row().max_ms < cutoff_ms) continue;
        rows += file->row().rows;
        bytes += file->row().message_bytes;
        if (!deleted) continue;
        const auto reader = file->open();
        if (!reader) continue;  // A damaged file counts whole until it is mended.
        for (const SegmentStream& stream : (*reader)->footer().streams) {
            if (!contains(*deleted, stream.id)) continue;
            rows -= stream.rows;
            bytes -= stream.message_bytes;
        }
    }
    for (const MiniBatchPtr& piece : pieces) {
        if (piece->max_ms < cutoff_ms) continue;
        if (!deleted) {
            rows += piece->rows.rows();
            bytes += piece->rows.message.bytes();
            continue;
        }
        for (std::size_t i = 0; i < piece->rows.rows(); ++i) {
            if (contains(*deleted, piece->rows.stream[i])) continue;
            ++rows;
            bytes += piece->rows.message[i].size();
        }
    }
    return bytes + rows * limits::kEventOverheadBytes;
}

LiveDataStats LiveData::stats() const {
    const Impl& self = *impl_;
    return {self.segment_bytes_written,
            self.shape_mismatches,
            self.open_rows,
            self.open_bytes,
            self.live_segments,
            self.live_segment_bytes,
            self.orphans,
            self.deletion_suspended,
            self.cache->bytes()};
}

// Expire
// -------------------------------------------------------------------------------------------------

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
    for (const Drop& drop : drops) {
        {
            // Only seal() and expire() change the list, and work_mutex is held: `kept` is current.
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
    if (self.catalog().meta(kHighWaterKey) != self.clock->high_water_ms())
        SKY_TRY(self.catalog().set_meta(kHighWaterKey, self.clock->high_water_ms()));
    SKY_TRY(self.drop_files(now_ms));
    SKY_TRY(self.end_tombstones(wal));
    SKY_TRY(self.catalog().prune_flushed(wal.oldest_lsn));
    return self.delete_old_orphans();
}

Result<std::vector<SegmentFilePtr>> LiveData::pin(const std::function<Status()>& copy) const {
    const Impl& self = *impl_;
    const std::lock_guard working(impl_->work_mutex);
    SKY_TRY(copy());
    std::vector<SegmentFilePtr> files;
    for (const auto& [id, state] : self.all_states()) {
        const std::lock_guard lock(state->mutex);
        files.insert(files.end(), state->segments->begin(), state->segments->end());
    }
    return files;
}

Status LiveData::confirm_clock() {
    Impl& self = *impl_;
    const std::lock_guard working(self.work_mutex);
    self.clock->confirm();
    self.deletion_suspended = false;
    return self.catalog().set_meta(kHighWaterKey, self.clock->high_water_ms());
}

}  // namespace sky::store
