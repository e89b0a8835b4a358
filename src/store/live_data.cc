// SPDX-License-Identifier: Apache-2.0
#include "store/live_data.h"

#include <algorithm>
#include <charconv>

#include "base/log.h"
#include "base/time.h"
#include "os/free_memory.h"
#include "os/fs.h"
#include "store/limits.h"
#include "store/live_data_impl.h"
#include "store/snapshot.h"

namespace sky::store {

namespace {

bool contains(const std::vector<StreamId>& sorted, StreamId id) {
    return std::binary_search(sorted.begin(), sorted.end(), id);
}

}  // namespace

bool GroupState::holds_records_below(std::uint64_t lsn) const {
    return std::any_of(open.begin(), open.end(),
                       [&](const auto& c) { return c.second.lsn_min() < lsn; }) ||
           std::any_of(sealing.begin(), sealing.end(),
                       [&](const ChunkPtr& c) { return c->lsn_min() < lsn; });
}

void LiveData::Impl::give_back(std::uint64_t charged) const {
    if (charged > memory().percent(limits::kGiveBackPercent)) os::return_free_memory();
}

GroupStatePtr LiveData::Impl::state_of(GroupId id) const {
    const std::shared_lock lock(groups_mutex);
    const auto it = groups.find(id);
    return it == groups.end() ? nullptr : it->second;
}

GroupStatePtr LiveData::Impl::make_state(GroupId id) {
    if (auto state = state_of(id)) return state;
    const std::unique_lock lock(groups_mutex);
    auto& state = groups[id];
    if (!state) state = std::make_shared<GroupState>();
    return state;
}

LiveData::LiveData(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
LiveData::~LiveData() = default;

// Start
// -------------------------------------------------------------------------------------------------

Result<std::unique_ptr<LiveData>> LiveData::open(const LiveDataOptions& options) {
    auto impl = std::make_unique<Impl>();
    impl->options = options;
    impl->segments_directory = options.directory + "/segments";
    impl->orphans_directory = options.directory + "/orphans";
    impl->cache = std::make_shared<SegmentCache>(
        *options.fs, limits::kOpenSegmentsMax,
        std::min<std::uint64_t>(limits::kFooterCacheBytesMax,
                                options.memory->percent(limits::kFooterMemoryPercent)));
    impl->sealed_chunk = sealed_chunk_limits(options.memory->limit());
    impl->merged_chunk = merged_chunk_limits(options.memory->limit());
    SKY_TRY(os::make_directories(*options.fs, impl->segments_directory));
    SKY_TRY(os::make_directories(*options.fs, impl->orphans_directory));
    impl->clock.emplace(*options.clock, options.catalog->meta(kDeletionHighWaterKey));
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
    std::unordered_map<std::string, StoredFilePtr> files;
    for (const SegmentRow& row : catalog().segments()) {
        const std::string path = stored_path(segments_directory, row);
        StoredFilePtr& file = files[path];
        if (!file) {
            std::string name = path.substr(segments_directory.size() + 1);
            std::uint64_t bytes = row.file_bytes;
            if (!std::binary_search(names.begin(), names.end(), name)) {
                // Reads of this file will say so as well; the other files are still good.
                log::error("segment.missing", {{"file", path}});
            } else if (row.pack != 0) {
                bytes = SKY_TRY(options.fs->stat(path)).bytes;
            }
            file = std::make_shared<const StoredFile>(*options.fs, path, bytes);
            listed.push_back(std::move(name));
        }
        lists[row.group].push_back(adopt_segment(row, file));
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
    memory().remove(MemoryUse::kOpenChunks, chunk.memory_bytes());
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
            if (!it->second.has_room(*part.rows, self.sealed_chunk)) {
                self.close_chunk(*state, std::move(it->second));
                it->second = OpenChunk(batch.group, part.day);
            }
            const std::uint64_t before = it->second.memory_bytes();
            self.open_rows += part.rows->rows.rows();
            it->second.add(std::move(part.rows));
            // Joining pieces may also give memory back: modulo 2^64 both are one sum.
            self.memory().add(MemoryUse::kOpenChunks, it->second.memory_bytes() - before);
        }
    }
    self.catalog().note_events(times);
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
    self.memory().set(MemoryUse::kFooters, self.cache->bytes());
    return {.segment_bytes_written = self.segment_bytes_written,
            .merged_bytes_written = self.merged_bytes_written,
            .merges = self.merges,
            .shape_mismatches = self.shape_mismatches,
            .open_rows = self.open_rows,
            .open_bytes = self.memory().used(MemoryUse::kOpenChunks),
            .live_segments = self.live_segments,
            .live_segment_bytes = self.live_segment_bytes,
            .packs = self.packs,
            .pack_dead_bytes = self.pack_dead_bytes,
            .merge_debt_segments = self.debt_segments,
            .merge_debt_bytes = self.debt_bytes,
            .orphans = self.orphans,
            .deletion_suspended = self.deletion_suspended,
            .footer_cache_bytes = self.cache->bytes(),
            .damaged_blocks = self.cache->damaged_blocks(),
            .damaged_rows = self.cache->damaged_rows()};
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

}  // namespace sky::store
