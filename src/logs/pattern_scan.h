// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/logs/pattern_scan.h - the events of one morsel that match a filter pattern.

#include <span>

#include "base/result.h"
#include "logs/patterns/filter_pattern.h"
#include "store/store.h"

namespace sky::logs {

struct Matching {
    store::EventBatch rows;  // Every column.
    bool whole = true;       // Nothing matches but these.
};

/// The matching rows in their order: `wanted.rows` of them or more from that end, or all there are.
/// Of lines that are stored as families only those are written out whose constants and slots have
/// the texts that every match has (family_search.h). Errors: the snapshot's.
Result<Matching> read_matching(const store::Snapshot& snapshot, const store::Morsel& morsel,
                               store::TimeRange range, std::span<const store::StreamId> streams,
                               const FilterPattern& pattern, store::RowsWanted wanted);

}  // namespace sky::logs
