// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/insights/exec/scan_work.h - what a scan's workers take one by one, and where
              // its passes are cut.

#include <cstdint>
#include <optional>
#include <vector>

#include "insights/exec/frame.h"
#include "insights/exec/required_texts.h"
#include "insights/exec/sink.h"

namespace sky::insights {

struct Work {
    EventSource source;
    store::Morsel morsel;
    store::TimeRange range;  // Of its rows those that are taken.
};

/// Whether what the rows of each morsel come to is kept for the next run.
enum class Stretches : std::uint8_t { kAny, kKept };
/// The morsels of all sources, those with the newest rows first.
std::vector<Work> work_of(const std::vector<Source>& sources, const store::TimeRange& range,
                          Stretches stretches);
/// A name of rows that other runs see just so: none is expired or deleted.
std::optional<store::RowsName> lasting_name(const store::Snapshot& snapshot,
                                            const store::Morsel& morsel);
/// The stretches of a morsel that a range has rows of, where what each comes to is kept: a morsel
/// that the range cuts is cut at times that another range cuts it at, too, so that of a window that
/// moves on only the stretch at its edge is new.
std::vector<store::TimeRange> kept_stretches(const store::Morsel& morsel, store::TimeRange range);

/// Whether no row of the morsel can have the texts that all that matter have.
bool lacks_required(const Work& item, const std::vector<AnyText>& required);
/// Shares of the keys, as many as the part of the rows tells whose keys filled the memory; by time
/// within `range` where `period` tells how long a key lasts.
std::vector<KeyShare> first_shares(const std::vector<Work>& work, const store::TimeRange& range,
                                   double rows_read, const std::optional<Period>& period);

/// The lowest begin of [begin, end) whose rows hold at most kPassTextBytesMax; one row at
/// least.
std::size_t text_begin(const store::EventBatch& batch, std::size_t begin, std::size_t end);

/// What a batch holds in memory, and will when all columns of its lines are read.
inline std::uint64_t batch_bytes(const store::EventBatch& batch) {
    return batch.message.bytes() + batch.message.offsets().size() * sizeof(std::uint32_t) +
           (batch.shaped != nullptr ? batch.shaped->memory_bytes() : 0) +
           (batch.timestamp_ms.size() + batch.sequence.size() + batch.ingestion_ms.size() +
            batch.stream.size()) *
               sizeof(std::uint64_t);
}

}  // namespace sky::insights
