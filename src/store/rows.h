// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/store/rows.h - which rows of a batch a read keeps, and putting sorted pieces
              // together.

#include <cstdint>
#include <span>
#include <vector>

#include "store/store.h"

namespace sky::store {

/// The rows that one read may see: a clipped range, wanted streams, deleted streams.
/// Lifetime: the spans are borrowed for the duration of a call.
struct RowFilter {
    TimeRange range;                      // Retention is already applied to begin_ms.
    std::span<const StreamId> streams{};  // Empty: all; else only these, sorted.
    std::span<const StreamId> deleted{};  // Never these, sorted.
    RowsWanted wanted{};                  // Files may give more; pieces in memory give all.
    bool by_stream() const { return !streams.empty() || !deleted.empty(); }
    bool keeps(StreamId id) const;
};

/// Rows [begin, end) of a time column, ascending, that lie inside a range.
struct RowSpan {
    std::size_t begin, end;
};
RowSpan clip(std::span<const std::int64_t> timestamp_ms, TimeRange range);

/// The kept rows of several pieces, ascending by (timestamp, sequence), with the wanted columns
/// only. Every piece is ascending itself and has all columns.
EventBatch select_rows(std::span<const EventBatch* const> pieces, const RowFilter& filter,
                       Columns columns);

}  // namespace sky::store
