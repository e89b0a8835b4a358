// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/insights/exec/row_store.h - rows of values that outlive their batch.

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "insights/exec/frame.h"

namespace sky::insights {

/// A kept row and its place among the events.
struct KeptRow {
    std::int64_t timestamp_ms;
    std::uint64_t sequence;
    std::uint32_t row;  // Of the store.
    bool newer_than(const KeptRow& other) const {
        return timestamp_ms != other.timestamp_ms ? timestamp_ms > other.timestamp_ms
                                                  : sequence > other.sequence;
    }
};

/// Rows of `width` values, texts included, paid by the budget. Once that is exhausted() rows may
/// lack values: the query must end. Threads: one at a time.
class RowStore {
public:
    RowStore(std::size_t width, columnar::MemoryBudget& budget);
    ~RowStore();
    RowStore(const RowStore&) = delete;
    RowStore& operator=(const RowStore&) = delete;

    /// Number of the new row, which is row i of the columns.
    std::uint32_t append(std::span<const Vector* const> columns, std::size_t i);
    std::uint32_t append(const Value* values);
    const Value* row(std::uint32_t number) const { return values_.data() + number * stride_; }
    /// Keeps these rows alone and renumbers them.
    void compact(std::vector<KeptRow>& rows);
    /// Tells the budget what the rows take by now.
    void account();
    /// A table of these rows in their order; column i of it is value `first` + i of each row.
    std::unique_ptr<Table> table(const Plan& plan, std::span<const KeptRow> rows,
                                 std::span<const std::uint32_t> slots, std::size_t first,
                                 columnar::MemoryBudget& budget) const;

private:
    void push(Value value);

    const std::size_t stride_;  // At least 1.
    columnar::MemoryBudget& budget_;
    std::unique_ptr<Arena> texts_;
    std::vector<Value> values_;
    std::uint64_t accounted_bytes_ = 0;
};

}  // namespace sky::insights
