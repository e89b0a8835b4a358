// SPDX-License-Identifier: Apache-2.0
// LiveData: open chunks become segments, small ones together in packs.
#include <algorithm>

#include "os/fs.h"
#include "store/live_data_impl.h"
#include "store/packs.h"
#include "store/rows.h"

namespace sky::store {

namespace {

bool small(const OpenChunk& chunk) {
    return chunk.message_bytes() < limits::kSmallChunkBytes &&
           chunk.rows() < limits::kSmallChunkRows;
}

/// Its families are not worth finding before a merge has put more rows beside them.
bool tiny(const MiniBatch& rows) {
    return rows.rows.rows() < limits::kSealMinedRowsMin &&
           rows.rows.message.bytes() < limits::kSealMinedBytesMin;
}

/// Writes and syncs a file under its final name, which is durable after fsync_directory().
Status write_file(os::Fs& fs, const std::string& path, std::string_view bytes) {
    const std::string temporary = path + ".tmp";
    const auto written = [&]() -> Status {
        {
            const auto file = SKY_TRY(fs.open(temporary, os::OpenMode::kCreateNew));
            SKY_TRY(file->pwrite(0, bytes));
            SKY_TRY(file->fdatasync());
        }
        return fs.rename(temporary, path);
    }();
    // Gives the space back now; what cannot be removed is an orphan at the next start.
    if (!written) (void)fs.unlink(temporary);
    return written;
}

}  // namespace

/// Files that one transaction will list.
struct LiveData::Impl::SealBatch {
    os::Fs& fs;
    const bool packing;  // Small chunks share a file.
    std::unique_ptr<PackWriter> pack;
    std::vector<std::string> paths;  // Of the files that have their final names.

    bool full() const {
        return paths.size() >= limits::kSealBatchMax ||
               (pack && pack->bytes() >= limits::kPackBytesMax);
    }
    void undo() {
        pack.reset();
        for (const std::string& path : paths) (void)fs.unlink(path);
    }
};

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

Status LiveData::Impl::write_seal(Seal& seal, SealBatch& batch) {
    const auto group = catalog().find_group(seal.chunk->group());
    if (!group) return {};  // Deleted meanwhile; the rows go with it.
    const MemoryCharge charge(memory(), MemoryUse::kSeals,
                              seal_memory(seal.chunk->rows(), seal.chunk->message_bytes()));
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
    const EncodedSegment encoded = SKY_TRY(encode_segment(
        *rows, [&](StreamId id) { return catalog().stream_name(id); }, footer,
        tiny(*rows) ? Mining::kLater : Mining::kNow,
        small(*seal.chunk) ? nullptr : &known_shapes.of(group->id)));
    shape_mismatches += encoded.shape_mismatches;
    SegmentRow row = footer.row;
    if (batch.packing && small(*seal.chunk)) {
        if (!batch.pack)
            batch.pack = std::make_unique<PackWriter>(batch.fs, segments_directory,
                                                      SKY_TRY(catalog().allocate_segment_id()), 0);
        row.pack = batch.pack->id();
        row.offset = SKY_TRY(batch.pack->add(row.id, encoded.file));
    } else {
        const std::string path = stored_path(segments_directory, row);
        SKY_TRY(write_file(batch.fs, path, encoded.file));
        batch.paths.push_back(path);
        segment_bytes_written += encoded.file.size();
    }
    seal.row = row;
    seal.streams = std::move(footer.streams);
    return {};
}

Status LiveData::Impl::commit_seals(std::span<Seal> seals, SealBatch& batch) {
    StoredFilePtr pack;
    if (batch.pack) {
        SKY_TRY(batch.pack->finish());
        batch.paths.push_back(batch.pack->path());
        segment_bytes_written += batch.pack->bytes();
        pack =
            std::make_shared<const StoredFile>(batch.fs, batch.pack->path(), batch.pack->bytes());
    }
    SKY_TRY(batch.fs.fsync_directory(segments_directory));
    FilesChange change;
    for (const Seal& seal : seals) {
        change.flushed.push_back({seal.chunk->group(), seal.chunk->day(), seal.chunk->lsn_max()});
        if (!seal.row) continue;
        change.insert.push_back(*seal.row);
        for (const SegmentStream& s : seal.streams)
            change.stream_times.push_back({s.id, s.first_ms, s.last_ms, s.ingestion_ms});
    }
    SKY_TRY(catalog().apply(change));
    ++files_version;
    for (const Seal& seal : seals) {
        SegmentFilePtr file;
        if (seal.row) {
            file = adopt_segment(*seal.row,
                                 seal.row->pack != 0
                                     ? pack
                                     : std::make_shared<const StoredFile>(
                                           batch.fs, stored_path(segments_directory, *seal.row),
                                           seal.row->file_bytes));
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
    // One alone needs no pack.
    const bool packing =
        std::ranges::count_if(seals, [](const Seal& seal) { return small(*seal.chunk); }) > 1;
    // In this order: a later transaction may raise the day's flushed LSN over earlier chunks.
    for (std::size_t begin = 0, end = 0; begin < seals.size(); begin = end) {
        Impl::SealBatch batch{*self.options.fs, packing, nullptr, {}};
        Status done;
        while (done && end < seals.size() && !batch.full())
            done = self.write_seal(seals[end++], batch);
        std::uint64_t largest = 0;
        for (std::size_t i = begin; i < end; ++i)
            largest = std::max(
                largest, seal_memory(seals[i].chunk->rows(), seals[i].chunk->message_bytes()));
        self.give_back(largest);
        if (done) done = self.commit_seals(std::span(seals).subspan(begin, end - begin), batch);
        if (!done) {
            // kUnavailable: the commit may have happened, so the files must stay for the next
            // start.
            if (done.error().code != ErrorCode::kUnavailable) batch.undo();
            return done;
        }
    }
    return {};
}

}  // namespace sky::store
