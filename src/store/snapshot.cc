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
    }

    const GroupInfo& group() const override { return *parts_.group; }

    std::vector<Morsel> morsels(TimeRange range) const override {
        range = clipped(range);
        std::vector<Morsel> out;
        for (const Morsel& morsel : all_)
            if (morsel.max_ms >= range.begin_ms && morsel.min_ms <= range.end_ms)
                out.push_back(morsel);
        std::sort(out.begin(), out.end(), [](const Morsel& a, const Morsel& b) {
            return a.max_ms != b.max_ms ? a.max_ms > b.max_ms : a.index > b.index;
        });
        return out;
    }

    Result<EventBatch> read(const Morsel& morsel, TimeRange range, Columns columns,
                            std::span<const StreamId> streams) const override {
        return read_some(morsel, range, columns, streams, {});
    }

    Result<EventBatch> read_some(const Morsel& morsel, TimeRange range, Columns columns,
                                 std::span<const StreamId> streams,
                                 RowsWanted wanted) const override {
        SKY_ASSERT(morsel.index < all_.size(), "morsels come from this snapshot");
        RowFilter filter{.range = clipped(range), .streams = streams, .wanted = wanted};
        if (parts_.deleted) filter.deleted = *parts_.deleted;
        if (filter.range.end_ms < filter.range.begin_ms) return EventBatch();
        const std::size_t segments = parts_.segments->size();
        if (morsel.index < segments) return (*parts_.segments)[morsel.index]->read(filter, columns);
        std::vector<const EventBatch*> pieces;
        for (const MiniBatchPtr& piece : parts_.chunks[morsel.index - segments]->pieces())
            if (piece->max_ms >= filter.range.begin_ms && piece->min_ms <= filter.range.end_ms)
                pieces.push_back(&piece->rows);
        return select_rows(pieces, filter, columns);
    }

    bool may_contain(const Morsel& morsel, std::string_view literal) const override {
        SKY_ASSERT(morsel.index < all_.size(), "morsels come from this snapshot");
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
    void add(std::int64_t min_ms, std::int64_t max_ms, std::uint64_t rows, std::uint64_t bytes) {
        all_.push_back({static_cast<std::uint32_t>(all_.size()), min_ms, max_ms, rows, bytes});
    }
    TimeRange clipped(TimeRange range) const {
        return {std::max(range.begin_ms, parts_.cutoff_ms), range.end_ms};
    }

    const SnapshotParts parts_;
    std::vector<Morsel> all_;  // By index: segments, then chunks.
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
