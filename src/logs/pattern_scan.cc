// SPDX-License-Identifier: Apache-2.0
#include "logs/pattern_scan.h"

#include <vector>

#include "insights/symbolic/symbolic_glob.h"
#include "shapes/shaped_block.h"

namespace sky::logs {
namespace {

namespace symbolic = insights::symbolic;

/// Whether a line of the family may match, as far as its pieces tell (store.md 5).
Result<bool> family_may_match(const shapes::ShapedBlock& block, std::size_t index,
                              const FilterPattern& pattern) {
    const shapes::Family& family = block.families()[index];
    std::vector<symbolic::SlotFacts> facts(family.slots);
    for (std::size_t slot = 0; slot < facts.size(); ++slot) {
        const shapes::SlotStats stats = SKY_TRY(block.stats(index, slot));
        facts[slot].bytes.words = stats.bytes.words();
        facts[slot].has_empty = stats.has_empty;
        facts[slot].has_one = stats.has_one;
        facts[slot].has_more = stats.has_more;
    }
    std::vector<symbolic::Piece> pieces;
    for (const shapes::Piece& piece : family.pieces)
        pieces.push_back(piece.is_slot()
                             ? symbolic::Piece{{}, static_cast<std::uint32_t>(piece.slot)}
                             : symbolic::Piece{piece.constant, symbolic::kConstantPiece});
    return pattern.may_match([&](std::string_view text) {
        return symbolic::decide_contains(text, {pieces, facts}) != symbolic::Verdict::kMiss;
    });
}

/// Writes out the lines that may match; `rows` gets the batch's row of each.
Result<columnar::TextColumn> candidates(const store::EventBatch& batch,
                                        const FilterPattern& pattern,
                                        std::vector<std::uint32_t>& rows) {
    const shapes::ShapedBlock& block = *batch.shaped;
    std::vector<std::uint8_t> may(block.families().size(), 0);
    for (std::size_t i = 0; i < may.size(); ++i)
        may[i] = SKY_TRY(family_may_match(block, i, pattern)) ? 1 : 0;
    std::vector<std::uint32_t> lines;
    for (std::uint32_t i = 0; i < batch.rows(); ++i) {
        const std::uint32_t line = batch.shaped_row.empty() ? i : batch.shaped_row[i];
        if (may[block.family_of_row()[line]] == 0) continue;
        rows.push_back(i);
        lines.push_back(line);
    }
    std::string text;
    std::vector<std::uint32_t> ends;
    SKY_TRY(block.render(lines, text, ends));
    ends.insert(ends.begin(), 0);
    columnar::TextColumn out;
    out.assign(std::move(text), std::move(ends));
    return out;
}

}  // namespace

Result<store::EventBatch> read_matching(const store::Snapshot& snapshot,
                                        const store::Morsel& morsel, store::TimeRange range,
                                        std::span<const store::StreamId> streams,
                                        const FilterPattern& pattern) {
    store::EventBatch batch = SKY_TRY(
        snapshot.read(morsel, range, store::Columns::kAll | store::Columns::kShaped, streams));
    std::vector<std::uint32_t> rows;  // Of the batch; empty: the texts are the batch's own.
    columnar::TextColumn written;
    if (batch.shaped) written = SKY_TRY(candidates(batch, pattern, rows));
    const columnar::TextColumn& texts = batch.shaped ? written : batch.message;
    std::vector<std::uint32_t> found;
    pattern.select(texts, found);
    store::EventBatch out;
    for (const std::uint32_t at : found) {
        const std::uint32_t row = batch.shaped ? rows[at] : at;
        out.timestamp_ms.push_back(batch.timestamp_ms[row]);
        out.sequence.push_back(batch.sequence[row]);
        out.ingestion_ms.push_back(batch.ingestion_ms[row]);
        out.stream.push_back(batch.stream[row]);
        out.message.push_back(texts[at]);
    }
    return out;
}

}  // namespace sky::logs
