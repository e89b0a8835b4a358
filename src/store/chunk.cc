// SPDX-License-Identifier: Apache-2.0
#include "store/chunk.h"

#include <algorithm>
#include <cstring>

#include "base/assert.h"
#include "base/time.h"
#include "store/rows.h"
#include "store/segment_limits.h"

namespace sky::store {

namespace {

std::uint64_t held_bytes(const EventBatch& rows) {
    const auto of = [](const auto& column) {
        return column.capacity() * sizeof(typename std::decay_t<decltype(column)>::value_type);
    };
    return sizeof(MiniBatch) + of(rows.timestamp_ms) + of(rows.sequence) + of(rows.ingestion_ms) +
           of(rows.stream) + rows.message.bytes() + rows.message.offsets().size_bytes();
}

}  // namespace

bool is_lasting(const MiniBatch& piece) {
    return piece.rows.rows() >= limits::kFoldRowsMax ||
           piece.rows.message.bytes() >= limits::kFoldBytesMax;
}

PreparedBatch prepare(const AppendBatch& batch) {
    PreparedBatch out;
    out.group = batch.group;
    out.stream = batch.stream;
    out.ingestion_ms = batch.ingestion_ms;
    const auto events = batch.events;
    out.rows = events.size();
    for (std::size_t begin = 0; begin < events.size();) {
        const std::int64_t day = day_of_ms(events[begin].timestamp_ms);
        const std::int64_t last_of_day = last_ms_of_day(day);
        std::size_t end = begin, bytes = 0;
        while (end < events.size() && events[end].timestamp_ms <= last_of_day) {
            SKY_ASSERT(end == begin || events[end - 1].timestamp_ms <= events[end].timestamp_ms,
                       "append() refuses batches whose times do not ascend");
            bytes += events[end++].message.size();
        }
        auto piece = std::make_shared<MiniBatch>();
        EventBatch& rows = piece->rows;
        const std::size_t count = end - begin;
        rows.timestamp_ms.resize(count);
        rows.sequence.resize(count);
        rows.ingestion_ms.assign(count, batch.ingestion_ms);
        rows.stream.assign(count, batch.stream);
        std::string text;
        std::vector<std::uint32_t> ends(count + 1);
        text.resize_and_overwrite(bytes, [&](char* const start, std::size_t) {
            char* at = start;
            for (std::size_t i = 0; i < count; ++i) {
                const Event& event = events[begin + i];
                rows.timestamp_ms[i] = event.timestamp_ms;
                if (!event.message.empty())
                    std::memcpy(at, event.message.data(), event.message.size());
                at += event.message.size();
                ends[i + 1] = static_cast<std::uint32_t>(at - start);
            }
            return bytes;
        });
        rows.message.assign(std::move(text), std::move(ends));
        piece->min_ms = rows.timestamp_ms.front();
        piece->max_ms = rows.timestamp_ms.back();
        piece->memory_bytes = held_bytes(rows);
        out.parts.push_back({day, std::move(piece)});
        begin = end;
    }
    return out;
}

void number(PreparedBatch& batch, std::uint64_t first_sequence, std::uint64_t lsn) {
    for (const PreparedBatch::Part& part : batch.parts) {
        MiniBatch& piece = *part.rows;
        piece.lsn_min = piece.lsn_max = lsn;
        piece.sequence_min = first_sequence;
        for (std::uint64_t& sequence : piece.rows.sequence) sequence = first_sequence++;
        piece.sequence_max = first_sequence - 1;
    }
}

std::vector<DayRows> split_by_day(const AppendBatch& batch, std::uint64_t first_sequence,
                                  std::uint64_t lsn) {
    PreparedBatch prepared = prepare(batch);
    number(prepared, first_sequence, lsn);
    std::vector<DayRows> out;
    for (PreparedBatch::Part& part : prepared.parts)
        out.push_back({part.day, std::move(part.rows)});
    return out;
}

MiniBatchPtr fold(std::span<const MiniBatchPtr> pieces) {
    SKY_ASSERT(!pieces.empty(), "there is nothing to fold in an empty chunk");
    if (pieces.size() == 1) return pieces.front();
    auto out = std::make_shared<MiniBatch>();
    const MiniBatch& first = *pieces.front();
    out->min_ms = first.min_ms;
    out->max_ms = first.max_ms;
    out->lsn_min = first.lsn_min;
    out->lsn_max = first.lsn_max;
    out->sequence_min = first.sequence_min;
    out->sequence_max = first.sequence_max;
    std::vector<const EventBatch*> batches;
    batches.reserve(pieces.size());
    for (const MiniBatchPtr& piece : pieces) {
        out->min_ms = std::min(out->min_ms, piece->min_ms);
        out->max_ms = std::max(out->max_ms, piece->max_ms);
        out->lsn_min = std::min(out->lsn_min, piece->lsn_min);
        out->lsn_max = std::max(out->lsn_max, piece->lsn_max);
        out->sequence_min = std::min(out->sequence_min, piece->sequence_min);
        out->sequence_max = std::max(out->sequence_max, piece->sequence_max);
        batches.push_back(&piece->rows);
    }
    out->rows = select_rows(batches, {.range = {out->min_ms, out->max_ms}}, Columns::kAll);
    out->memory_bytes = held_bytes(out->rows);
    return out;
}

bool OpenChunk::has_room(const MiniBatch& piece, ChunkLimits most) const {
    return pieces_.empty() || (rows_ + piece.rows.rows() <= most.rows &&
                               message_bytes_ + piece.rows.message.bytes() <= most.bytes);
}

void OpenChunk::add(MiniBatchPtr piece) {
    SKY_ASSERT(has_room(*piece, {limits::kChunkRowsMax, limits::kChunkBytesMax}),
               "the owner seals a chunk that has no room");
    if (pieces_.empty()) {
        min_ms_ = piece->min_ms;
        max_ms_ = piece->max_ms;
        lsn_min_ = piece->lsn_min;
        memory_bytes_ = limits::kOpenChunkOverheadBytes;
    }
    min_ms_ = std::min(min_ms_, piece->min_ms);
    max_ms_ = std::max(max_ms_, piece->max_ms);
    lsn_min_ = std::min(lsn_min_, piece->lsn_min);
    lsn_max_ = std::max(lsn_max_, piece->lsn_max);
    sequence_max_ = std::max(sequence_max_, piece->sequence_max);
    rows_ += piece->rows.rows();
    message_bytes_ += piece->rows.message.bytes();
    memory_bytes_ += piece->memory_bytes;
    pieces_.push_back(std::move(piece));
    // Like a binary counter: a piece that is not twice as large as its successor joins it, so every
    // row is copied at most log2(kFoldRowsMax) times.
    while (pieces_.size() >= 2) {
        const MiniBatch& last = *pieces_.back();
        const MiniBatch& before = *pieces_[pieces_.size() - 2];
        if (is_lasting(last) || is_lasting(before) || before.rows.rows() >= 2 * last.rows.rows())
            break;
        MiniBatchPtr joined = fold(std::span(pieces_).last(2));
        memory_bytes_ += joined->memory_bytes - before.memory_bytes - last.memory_bytes;
        pieces_.pop_back();
        pieces_.back() = std::move(joined);
    }
}

}  // namespace sky::store
