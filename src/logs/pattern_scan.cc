// SPDX-License-Identifier: Apache-2.0
#include "logs/pattern_scan.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "logs/family_search.h"
#include "logs/limits.h"
#include "shapes/shaped_block.h"

namespace sky::logs {
namespace {

/// Marks the lines of a family that hold, of each clause, one of its texts.
Status mark_family(const shapes::ShapedBlock& block, std::size_t index,
                   const FilterPattern& pattern, std::vector<std::uint8_t>& lines) {
    using Lines = FamilySearch::Lines;
    const std::span<const std::uint32_t> rows = block.rows_of(index);
    const FamilySearch search = SKY_TRY(FamilySearch::open(block, index));
    std::vector<std::uint8_t> may, marks;  // Of all clauses so far, unless empty; of one.
    for (const std::span<const std::string> texts : pattern.needed()) {
        bool all = false;
        marks.assign(rows.size(), 0);
        for (std::size_t i = 0; i < texts.size() && !all; ++i)
            all = SKY_TRY(search.find(texts[i], marks)) == Lines::kAll;
        if (all) continue;
        if (may.empty())
            may = marks;
        else
            for (std::size_t i = 0; i < may.size(); ++i) may[i] &= marks[i];
        if (std::find(may.begin(), may.end(), 1) == may.end()) return {};
    }
    for (std::size_t i = 0; i < rows.size(); ++i) lines[rows[i]] = may.empty() ? 1 : may[i];
    return {};
}

/// The batch's rows whose lines may match, ascending.
Result<std::vector<std::uint32_t>> candidates(const store::EventBatch& batch,
                                              const FilterPattern& pattern) {
    const shapes::ShapedBlock& block = *batch.shaped;
    std::vector<std::uint8_t> may(block.rows(), 0);
    for (std::size_t i = 0; i < block.families().size(); ++i)
        SKY_TRY(mark_family(block, i, pattern, may));
    std::vector<std::uint32_t> rows;
    for (std::uint32_t i = 0; i < batch.rows(); ++i)
        if (may[batch.shaped_row.empty() ? i : batch.shaped_row[i]] != 0) rows.push_back(i);
    return rows;
}

/// Texts of some rows, and which of them match.
struct Stretch {
    columnar::TextColumn texts;
    std::vector<std::uint32_t> found;  // Rows of `texts`.
    std::vector<std::uint32_t> rows;   // Of the batch, one a text; empty: they are the same.

    std::uint32_t row(std::uint32_t at) const { return rows.empty() ? at : rows[at]; }
};

Result<Stretch> written(const store::EventBatch& batch, std::span<const std::uint32_t> rows,
                        const FilterPattern& pattern) {
    Stretch out;
    out.rows.assign(rows.begin(), rows.end());
    std::vector<std::uint32_t> lines = out.rows;
    if (!batch.shaped_row.empty())
        for (std::uint32_t& line : lines) line = batch.shaped_row[line];
    std::string text;
    std::vector<std::uint32_t> ends;
    SKY_TRY(batch.shaped->render(lines, text, ends));
    ends.insert(ends.begin(), 0);
    out.texts.assign(std::move(text), std::move(ends));
    pattern.select(out.texts, out.found);
    return out;
}

/// The stretches that hold the wanted matches, ascending; `whole` says whether these are all.
Result<std::vector<Stretch>> search(store::EventBatch& batch, const FilterPattern& pattern,
                                    store::RowsWanted wanted, bool& whole) {
    std::vector<Stretch> out;
    whole = true;
    if (!batch.shaped) {
        Stretch& all = out.emplace_back();
        all.texts = std::move(batch.message);
        pattern.select(all.texts, all.found);
        return out;
    }
    const std::vector<std::uint32_t> rows = SKY_TRY(candidates(batch, pattern));
    const bool oldest = wanted.from == store::RowsWanted::From::kOldest;
    std::size_t done = 0, matches = 0;
    while (done < rows.size() && (wanted.rows == 0 || matches < wanted.rows)) {
        const std::size_t left = rows.size() - done;
        const std::size_t count =
            wanted.rows == 0 ? left
                             : std::min(left, std::max(wanted.rows, limits::kSearchedLinesMin));
        const std::size_t begin = oldest ? done : left - count;
        out.push_back(SKY_TRY(written(batch, std::span(rows).subspan(begin, count), pattern)));
        matches += out.back().found.size();
        done += count;
    }
    whole = done == rows.size();
    if (!oldest) std::reverse(out.begin(), out.end());
    return out;
}

}  // namespace

Result<Matching> read_matching(const store::Snapshot& snapshot, const store::Morsel& morsel,
                               store::TimeRange range, std::span<const store::StreamId> streams,
                               const FilterPattern& pattern, store::RowsWanted wanted) {
    using store::Columns;
    // The other columns are made only where there is something to show.
    store::EventBatch batch =
        SKY_TRY(snapshot.read(morsel, range, Columns::kMessage | Columns::kShaped, streams));
    Matching out;
    std::vector<Stretch> stretches = SKY_TRY(search(batch, pattern, wanted, out.whole));
    std::erase_if(stretches, [](const Stretch& stretch) { return stretch.found.empty(); });
    if (stretches.empty()) return out;

    const auto time_of = [&](const Stretch& stretch, std::uint32_t at) {
        return batch.timestamp_ms[stretch.row(at)];
    };
    const store::TimeRange around{time_of(stretches.front(), stretches.front().found.front()),
                                  time_of(stretches.back(), stretches.back().found.back())};
    const store::EventBatch rest =
        SKY_TRY(snapshot.read(morsel, around, Columns::kIngestion | Columns::kStream, streams));
    std::size_t other = 0;
    for (const Stretch& stretch : stretches) {
        for (const std::uint32_t at : stretch.found) {
            const std::int64_t time = time_of(stretch, at);
            const std::uint64_t sequence = batch.sequence[stretch.row(at)];
            while (other < rest.rows() &&
                   std::pair(rest.timestamp_ms[other], rest.sequence[other]) <
                       std::pair(time, sequence))
                ++other;
            // Of a damaged block only some columns may be there: its rows are left out, as ever.
            if (other == rest.rows() || rest.sequence[other] != sequence) continue;
            out.rows.timestamp_ms.push_back(time);
            out.rows.sequence.push_back(sequence);
            out.rows.ingestion_ms.push_back(rest.ingestion_ms[other]);
            out.rows.stream.push_back(rest.stream[other]);
            out.rows.message.push_back(stretch.texts[at]);
        }
    }
    return out;
}

}  // namespace sky::logs
