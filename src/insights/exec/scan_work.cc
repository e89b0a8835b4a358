// SPDX-License-Identifier: Apache-2.0
#include "insights/exec/scan_work.h"

#include <algorithm>
#include <bit>
#include <span>

#include "base/time.h"
#include "insights/exec/limits.h"

namespace sky::insights {

std::optional<store::RowsName> lasting_name(const store::Snapshot& snapshot,
                                            const store::Morsel& morsel) {
    const auto name = snapshot.lasting_name(morsel);
    if (!name || !snapshot.known_rows(morsel, {morsel.min_ms, morsel.max_ms})) return std::nullopt;
    return name;
}

std::vector<store::TimeRange> kept_stretches(const store::Morsel& morsel, store::TimeRange range) {
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

std::vector<Work> work_of(const std::vector<Source>& sources, const store::TimeRange& range,
                          Stretches stretches) {
    std::vector<Work> work;
    for (std::size_t i = 0; i < sources.size(); ++i) {
        const Source& source = sources[i];
        const store::GroupInfo& group = source.snapshot->group();
        const EventSource events{&source,
                                 static_cast<std::uint32_t>(i),
                                 static_cast<std::uint32_t>(sources.size()),
                                 group.tenant.account,
                                 group.tenant.region,
                                 group.id};
        const bool kept = stretches == Stretches::kKept;
        for (const store::Morsel& morsel :
             kept ? source.snapshot->fine_morsels(range) : source.snapshot->morsels(range)) {
            if (!kept || !lasting_name(*source.snapshot, morsel)) {
                work.push_back({events, morsel, range});
                continue;
            }
            for (const store::TimeRange& stretch : kept_stretches(morsel, range)) {
                work.push_back({events, morsel, stretch});
            }
        }
    }
    std::stable_sort(work.begin(), work.end(), [](const Work& a, const Work& b) {
        return a.morsel.max_ms > b.morsel.max_ms;
    });
    return work;
}

bool lacks_required(const Work& item, const std::vector<AnyText>& required) {
    const store::Snapshot& snapshot = *item.source.source->snapshot;
    return std::any_of(required.begin(), required.end(), [&](const AnyText& any) {
        return std::none_of(any.begin(), any.end(), [&](const std::string& text) {
            return snapshot.may_contain(item.morsel, text);
        });
    });
}

std::vector<KeyShare> first_shares(const std::vector<Work>& work, const store::TimeRange& range,
                                   double rows_read, const std::optional<Period>& period) {
    std::uint64_t rows = 0;
    store::TimeRange times{INT64_MAX, INT64_MIN};
    for (const Work& item : work) {
        rows += item.morsel.rows;
        times.begin_ms = std::min(times.begin_ms, std::max(item.morsel.min_ms, range.begin_ms));
        times.end_ms = std::max(times.end_ms, std::min(item.morsel.max_ms, range.end_ms));
    }
    const double parts = std::clamp(static_cast<double>(rows) / std::max(rows_read, 1.0), 2.0,
                                    static_cast<double>(kKeySharesMax));
    std::vector<KeyShare> shares = {KeyShare{}};
    if (period) shares[0].times = times;
    while (static_cast<double>(shares.size()) < parts) {
        std::vector<KeyShare> halves;
        for (const KeyShare& whole : shares) {
            if (!halve(whole, period, halves)) halves.push_back(whole);
        }
        shares = std::move(halves);
    }
    return shares;
}

std::size_t text_begin(const store::EventBatch& batch, std::size_t begin, std::size_t end) {
    const std::span<const std::uint32_t> offsets = batch.message.offsets();
    if (offsets[end] - offsets[begin] <= kPassTextBytesMax) return begin;
    const auto least = static_cast<std::uint32_t>(offsets[end] - kPassTextBytesMax);
    const auto at = std::lower_bound(offsets.begin() + static_cast<std::ptrdiff_t>(begin),
                                     offsets.begin() + static_cast<std::ptrdiff_t>(end), least);
    return std::min(static_cast<std::size_t>(at - offsets.begin()), end - 1);
}

}  // namespace sky::insights
