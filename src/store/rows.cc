// SPDX-License-Identifier: Apache-2.0
#include "store/rows.h"

#include <algorithm>

namespace sky::store {

namespace {

struct RowRef {
    std::int64_t timestamp_ms;
    std::uint64_t sequence;
    std::uint32_t piece, row;
};

bool contains(std::span<const StreamId> sorted, StreamId id) {
    return std::binary_search(sorted.begin(), sorted.end(), id);
}

// Kept rows of one piece as maximal runs, so that whole pieces are copied column by column.
struct Run {
    std::uint32_t piece;
    std::size_t begin, end;
};

bool ascends(const EventBatch& a, std::size_t a_row, const EventBatch& b, std::size_t b_row) {
    if (a.timestamp_ms[a_row] != b.timestamp_ms[b_row])
        return a.timestamp_ms[a_row] < b.timestamp_ms[b_row];
    return a.sequence[a_row] < b.sequence[b_row];
}

void append_runs(EventBatch& out, std::span<const EventBatch* const> pieces,
                 std::span<const Run> runs, Columns columns) {
    std::size_t rows = 0, bytes = 0;
    for (const Run& run : runs) {
        const auto offsets = pieces[run.piece]->message.offsets();
        rows += run.end - run.begin;
        bytes += offsets[run.end] - offsets[run.begin];
    }
    out.timestamp_ms.reserve(rows);
    out.sequence.reserve(rows);
    if (has(columns, Columns::kIngestion)) out.ingestion_ms.reserve(rows);
    if (has(columns, Columns::kStream)) out.stream.reserve(rows);
    std::string data;
    std::vector<std::uint32_t> ends;
    if (has(columns, Columns::kMessage)) {
        data.reserve(bytes);
        ends.reserve(rows + 1);
        ends.push_back(0);
    }
    const auto add = [](auto& to, const auto& from, const Run& run) {
        to.insert(to.end(), from.begin() + static_cast<std::ptrdiff_t>(run.begin),
                  from.begin() + static_cast<std::ptrdiff_t>(run.end));
    };
    for (const Run& run : runs) {
        const EventBatch& piece = *pieces[run.piece];
        add(out.timestamp_ms, piece.timestamp_ms, run);
        add(out.sequence, piece.sequence, run);
        if (has(columns, Columns::kIngestion)) add(out.ingestion_ms, piece.ingestion_ms, run);
        if (has(columns, Columns::kStream)) add(out.stream, piece.stream, run);
        if (!has(columns, Columns::kMessage)) continue;
        const auto offsets = piece.message.offsets();
        const std::uint32_t first = offsets[run.begin];
        const auto shift = static_cast<std::uint32_t>(data.size()) - first;
        data.append(piece.message.data().substr(first, offsets[run.end] - first));
        for (std::size_t row = run.begin; row < run.end; ++row)
            ends.push_back(offsets[row + 1] + shift);
    }
    if (has(columns, Columns::kMessage)) out.message.assign(std::move(data), std::move(ends));
}

}  // namespace

bool RowFilter::keeps(StreamId id) const {
    return (streams.empty() || contains(streams, id)) && !contains(deleted, id);
}

RowSpan clip(std::span<const std::int64_t> timestamp_ms, TimeRange range) {
    if (range.end_ms < range.begin_ms) return {0, 0};
    const auto first = std::lower_bound(timestamp_ms.begin(), timestamp_ms.end(), range.begin_ms);
    const auto last = std::upper_bound(first, timestamp_ms.end(), range.end_ms);
    return {static_cast<std::size_t>(first - timestamp_ms.begin()),
            static_cast<std::size_t>(last - timestamp_ms.begin())};
}

EventBatch select_rows(std::span<const EventBatch* const> pieces, const RowFilter& filter,
                       Columns columns) {
    std::vector<Run> runs;
    for (std::uint32_t p = 0; p < pieces.size(); ++p) {
        const EventBatch& piece = *pieces[p];
        const RowSpan span = clip(piece.timestamp_ms, filter.range);
        if (span.begin == span.end) continue;
        if (!filter.by_stream()) {
            runs.push_back({p, span.begin, span.end});
            continue;
        }
        for (std::size_t row = span.begin; row < span.end;) {
            // Neighbours mostly share their stream: one look-up a stretch.
            std::size_t stop = row + 1;
            while (stop < span.end && piece.stream[stop] == piece.stream[row]) ++stop;
            if (filter.keeps(piece.stream[row])) {
                if (!runs.empty() && runs.back().piece == p && runs.back().end == row)
                    runs.back().end = stop;
                else
                    runs.push_back({p, row, stop});
            }
            row = stop;
        }
    }

    EventBatch out;
    std::sort(runs.begin(), runs.end(), [&](const Run& a, const Run& b) {
        return ascends(*pieces[a.piece], a.begin, *pieces[b.piece], b.begin);
    });
    bool disjoint = true;
    for (std::size_t i = 1; i < runs.size() && disjoint; ++i)
        disjoint = ascends(*pieces[runs[i - 1].piece], runs[i - 1].end - 1, *pieces[runs[i].piece],
                           runs[i].begin);
    if (disjoint) {
        append_runs(out, pieces, runs, columns);
        return out;
    }

    // Pieces overlap in time (several writers, late events): order row by row, then join neighbours
    // again so that copying stays by runs.
    std::vector<RowRef> refs;
    for (const Run& run : runs)
        for (std::size_t row = run.begin; row < run.end; ++row)
            refs.push_back({pieces[run.piece]->timestamp_ms[row], pieces[run.piece]->sequence[row],
                            run.piece, static_cast<std::uint32_t>(row)});
    std::sort(refs.begin(), refs.end(), [](const RowRef& a, const RowRef& b) {
        return a.timestamp_ms != b.timestamp_ms ? a.timestamp_ms < b.timestamp_ms
                                                : a.sequence < b.sequence;
    });
    std::vector<Run> ordered;
    for (const RowRef& ref : refs) {
        if (!ordered.empty() && ordered.back().piece == ref.piece && ordered.back().end == ref.row)
            ++ordered.back().end;
        else
            ordered.push_back({ref.piece, ref.row, ref.row + std::size_t{1}});
    }
    append_runs(out, pieces, ordered, columns);
    return out;
}

}  // namespace sky::store
