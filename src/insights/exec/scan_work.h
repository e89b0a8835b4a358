// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/insights/exec/scan_work.h - what a scan's workers take one by one, and where
              // its passes are cut.

#include <algorithm>
#include <bit>
#include <cstdint>
#include <ranges>
#include <span>
#include <vector>

#include "base/time.h"
#include "insights/exec/frame.h"
#include "insights/exec/limits.h"
#include "insights/exec/sink.h"

namespace sky::insights {

struct Work {
    EventSource source;
    store::Morsel morsel;
    store::TimeRange range;  // Of its rows those that are taken.
    TimeSpan own = {};       // Times whose rows go to the sink's add_own().
};

/// The stretches of a morsel that a range has rows of, where what each comes to is kept: a morsel
/// that the range cuts is cut at times that another range cuts it at, too, so that of a window that
/// moves on only the stretch at its edge is new.
inline std::vector<store::TimeRange> kept_stretches(const store::Morsel& morsel,
                                                    store::TimeRange range) {
    range.begin_ms = std::max(range.begin_ms, morsel.min_ms);
    range.end_ms = std::min(range.end_ms, morsel.max_ms);
    std::vector<store::TimeRange> out;
    if (range.begin_ms != morsel.min_ms || range.end_ms != morsel.max_ms) {
        const auto length = static_cast<std::uint64_t>(morsel.max_ms - morsel.min_ms);
        const auto step = static_cast<std::int64_t>(std::bit_ceil(length / kStretchesMax + 1));
        for (std::int64_t at = range.begin_ms; range.end_ms - at >= step;) {
            const std::int64_t next = (floor_div(at, step) + 1) * step;
            if (next > range.end_ms) break;
            out.push_back({at, next - 1});
            at = next;
        }
        if (!out.empty()) range.begin_ms = out.back().end_ms + 1;
    }
    out.push_back(range);
    return out;
}

/// The lowest begin of [begin, end), at least one row in ascending time, so that all of them are
/// before `own`, or in it, or behind it.
template <class TimeOf>
std::size_t cut_at_own(const TimeSpan& own, std::size_t begin, std::size_t end,
                       const TimeOf& time_of) {
    const std::int64_t last = time_of(end - 1);
    if (own.begin_ms >= own.end_ms || last < own.begin_ms) return begin;
    const std::int64_t first = last >= own.end_ms ? own.end_ms : own.begin_ms;
    if (time_of(begin) >= first) return begin;
    const auto places = std::views::iota(begin, end);
    const auto at = std::ranges::lower_bound(places, first, {}, time_of);
    return begin + static_cast<std::size_t>(at - places.begin());
}

/// The lowest begin of [begin, end) whose rows hold at most kPassTextBytesMax; one row at
/// least.
inline std::size_t text_begin(const store::EventBatch& batch, std::size_t begin, std::size_t end) {
    const std::span<const std::uint32_t> offsets = batch.message.offsets();
    if (offsets[end] - offsets[begin] <= kPassTextBytesMax) return begin;
    const auto least = static_cast<std::uint32_t>(offsets[end] - kPassTextBytesMax);
    const auto at = std::lower_bound(offsets.begin() + static_cast<std::ptrdiff_t>(begin),
                                     offsets.begin() + static_cast<std::ptrdiff_t>(end), least);
    return std::min(static_cast<std::size_t>(at - offsets.begin()), end - 1);
}

/// What a batch holds in memory, and will when its lines are made.
inline std::uint64_t batch_bytes(const store::EventBatch& batch) {
    return batch.message.bytes() + batch.message.offsets().size() * sizeof(std::uint32_t) +
           (batch.shaped != nullptr ? batch.shaped->text_bytes() : 0) +
           (batch.timestamp_ms.size() + batch.sequence.size() + batch.ingestion_ms.size() +
            batch.stream.size()) *
               sizeof(std::uint64_t);
}

}  // namespace sky::insights
