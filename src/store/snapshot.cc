// SPDX-License-Identifier: Apache-2.0
#include "store/snapshot.h"

#include <algorithm>
#include <limits>

#include "base/assert.h"
#include "base/time.h"
#include "store/rows.h"

namespace sky::store {

namespace {

class GroupSnapshot final : public Snapshot {
public:
    explicit GroupSnapshot(SnapshotParts parts) : parts_(std::move(parts)) {
        for (const SegmentFilePtr& segment : *parts_.segments) {
            const SegmentRow& row = segment->row();
            add(row.min_ms, row.max_ms, row.rows, row.message_bytes);
        }
        for (const auto& chunk : parts_.chunks)
            add(chunk->min_ms(), chunk->max_ms(), chunk->rows(), chunk->message_bytes());
        for (const auto& chunk : parts_.chunks) add_pieces(*chunk);
    }

    const GroupInfo& group() const override { return *parts_.group; }

    std::vector<Morsel> morsels(TimeRange range) const override {
        range = clipped(range);
        std::vector<Morsel> out;
        for (const Morsel& morsel : all_)
            if (morsel.max_ms >= range.begin_ms && morsel.min_ms <= range.end_ms)
                out.push_back(morsel);
        sort(out);
        return out;
    }

    std::vector<Morsel> fine_morsels(TimeRange range) const override {
        range = clipped(range);
        std::vector<Morsel> out;
        const auto add_if = [&](const Morsel& morsel) {
            if (morsel.max_ms >= range.begin_ms && morsel.min_ms <= range.end_ms)
                out.push_back(morsel);
        };
        for (std::size_t i = 0; i < parts_.segments->size(); ++i) add_if(all_[i]);
        for (const Pieces& pieces : pieces_) add_if(pieces.morsel);
        sort(out);
        return out;
    }

    std::optional<RowsName> lasting_name(const Morsel& morsel) const override {
        if (morsel.index < parts_.segments->size())
            return RowsName{.segment = (*parts_.segments)[morsel.index]->row().id};
        if (morsel.index < all_.size()) return std::nullopt;
        const Pieces& pieces = pieces_[morsel.index - all_.size()];
        if (pieces.list.size() != 1 || !is_lasting(*pieces.list[0])) return std::nullopt;
        const MiniBatch& piece = *pieces.list[0];
        return RowsName{.segment = 0,
                        .day = pieces.day,
                        .first_sequence = piece.sequence_min,
                        .last_sequence = piece.sequence_max,
                        .rows = piece.rows.rows()};
    }

    Result<EventBatch> read(const Morsel& morsel, TimeRange range, Columns columns,
                            std::span<const StreamId> streams) const override {
        return read_some(morsel, range, columns, streams, {});
    }

    Result<EventBatch> read_some(const Morsel& morsel, TimeRange range, Columns columns,
                                 std::span<const StreamId> streams,
                                 RowsWanted wanted) const override {
        SKY_ASSERT(morsel.index < all_.size() + pieces_.size(), "morsels come from this snapshot");
        RowFilter filter{.range = clipped(range), .streams = streams, .wanted = wanted};
        if (parts_.deleted) filter.deleted = *parts_.deleted;
        if (filter.range.end_ms < filter.range.begin_ms) return EventBatch();
        const std::size_t segments = parts_.segments->size();
        if (morsel.index < segments) return (*parts_.segments)[morsel.index]->read(filter, columns);
        const std::vector<MiniBatchPtr>& list =
            morsel.index < all_.size() ? parts_.chunks[morsel.index - segments]->pieces()
                                       : pieces_[morsel.index - all_.size()].list;
        std::vector<const EventBatch*> pieces;
        for (const MiniBatchPtr& piece : list)
            if (piece->max_ms >= filter.range.begin_ms && piece->min_ms <= filter.range.end_ms)
                pieces.push_back(&piece->rows);
        return select_rows(pieces, filter, columns);
    }

    bool may_contain(const Morsel& morsel, std::string_view literal) const override {
        if (morsel.index >= parts_.segments->size()) return true;
        const auto reader = (*parts_.segments)[morsel.index]->open();
        return !reader || (*reader)->may_contain(literal);  // read() tells what is wrong.
    }

    std::optional<std::uint64_t> known_rows(const Morsel& morsel, TimeRange range) const override {
        range = clipped(range);
        if (parts_.deleted && !parts_.deleted->empty()) return std::nullopt;
        if (morsel.min_ms < range.begin_ms || morsel.max_ms > range.end_ms) return std::nullopt;
        if (morsel.index < parts_.segments->size() &&
            (*parts_.segments)[morsel.index]->has_damage())
            return std::nullopt;
        return morsel.rows;
    }

    std::string stream_name(StreamId id) const override { return parts_.catalog->stream_name(id); }

private:
    /// Pieces of an open chunk that are read together.
    struct Pieces {
        Morsel morsel;
        std::int64_t day;
        std::vector<MiniBatchPtr> list;
    };
    static void sort(std::vector<Morsel>& morsels) {
        std::sort(morsels.begin(), morsels.end(), [](const Morsel& a, const Morsel& b) {
            return a.max_ms != b.max_ms ? a.max_ms > b.max_ms : a.index > b.index;
        });
    }
    /// Those that last each alone, the others together.
    void add_pieces(const OpenChunk& chunk) {
        std::vector<MiniBatchPtr> others;
        for (const MiniBatchPtr& piece : chunk.pieces()) {
            if (is_lasting(*piece))
                add_pieces(chunk.day(), {piece});
            else
                others.push_back(piece);
        }
        if (!others.empty()) add_pieces(chunk.day(), std::move(others));
    }
    void add_pieces(std::int64_t day, std::vector<MiniBatchPtr> list) {
        Morsel morsel{static_cast<std::uint32_t>(all_.size() + pieces_.size()), list[0]->min_ms,
                      list[0]->max_ms, 0, 0};
        for (const MiniBatchPtr& piece : list) {
            morsel.min_ms = std::min(morsel.min_ms, piece->min_ms);
            morsel.max_ms = std::max(morsel.max_ms, piece->max_ms);
            morsel.rows += piece->rows.rows();
            morsel.message_bytes += piece->rows.message.bytes();
        }
        pieces_.push_back({morsel, day, std::move(list)});
    }
    void add(std::int64_t min_ms, std::int64_t max_ms, std::uint64_t rows, std::uint64_t bytes) {
        all_.push_back({static_cast<std::uint32_t>(all_.size()), min_ms, max_ms, rows, bytes});
    }
    TimeRange clipped(TimeRange range) const {
        return {std::max(range.begin_ms, parts_.cutoff_ms), range.end_ms};
    }

    const SnapshotParts parts_;
    std::vector<Morsel> all_;     // By index: segments, then chunks.
    std::vector<Pieces> pieces_;  // By what the index is above that: of chunks.
};

}  // namespace

std::shared_ptr<const Snapshot> make_snapshot(SnapshotParts parts) {
    return std::make_shared<const GroupSnapshot>(std::move(parts));
}

std::int64_t retention_cutoff_ms(const GroupInfo& group, std::int64_t now_ms) {
    return group.retention_days ? now_ms - *group.retention_days * kMillisPerDay
                                : std::numeric_limits<std::int64_t>::min();
}

}  // namespace sky::store
