// SPDX-License-Identifier: Apache-2.0
#include "insights/exec/row_store.h"

#include <algorithm>
#include <cstring>

namespace sky::insights {
namespace {

/// Copies the value's text into the arena; the value is missing when the budget refuses.
Value kept_in(Arena& arena, Value value) {
    if (value.text.empty()) {
        value.text = {};
        return value;
    }
    char* text = arena.try_text(value.text.size());
    if (text == nullptr) return Value::missing();
    std::memcpy(text, value.text.data(), value.text.size());
    value.text = {text, value.text.size()};
    return value;
}

}  // namespace

RowStore::RowStore(std::size_t width, columnar::MemoryBudget& budget)
    : stride_(std::max<std::size_t>(width, 1)),
      budget_(budget),
      texts_(std::make_unique<Arena>(budget)) {}

RowStore::~RowStore() { budget_.release(accounted_bytes_); }

void RowStore::push(Value value) { values_.push_back(kept_in(*texts_, value)); }

std::uint32_t RowStore::append(std::span<const Vector* const> columns, std::size_t i) {
    const auto number = static_cast<std::uint32_t>(values_.size() / stride_);
    for (const Vector* column : columns) push(column->at(i));
    if (columns.empty()) push(Value::missing());
    return number;
}

std::uint32_t RowStore::append(const Value* values) {
    const auto number = static_cast<std::uint32_t>(values_.size() / stride_);
    for (std::size_t i = 0; i < stride_; ++i) push(values[i]);
    return number;
}

void RowStore::compact(std::vector<KeptRow>& rows) {
    auto texts = std::make_unique<Arena>(budget_);
    std::vector<Value> values;
    values.reserve(rows.size() * stride_);
    for (KeptRow& kept : rows) {
        const Value* from = row(kept.row);
        kept.row = static_cast<std::uint32_t>(values.size() / stride_);
        for (std::size_t i = 0; i < stride_; ++i) values.push_back(kept_in(*texts, from[i]));
    }
    values_ = std::move(values);
    texts_ = std::move(texts);
}

void RowStore::account() {
    const std::uint64_t bytes =
        values_.capacity() * sizeof(Value) + values_.size() / stride_ * sizeof(KeptRow);
    if (bytes > accounted_bytes_) {
        budget_.reserve(bytes - accounted_bytes_);
    } else {
        budget_.release(accounted_bytes_ - bytes);
    }
    accounted_bytes_ = bytes;
}

std::unique_ptr<Table> RowStore::table(const Plan& plan, std::span<const KeptRow> rows,
                                       std::span<const std::uint32_t> slots, std::size_t first,
                                       columnar::MemoryBudget& budget) const {
    auto made = std::make_unique<Table>(budget);
    made->rows = rows.size();
    made->columns.assign(plan.slots.size(), nullptr);
    for (std::size_t c = 0; c < slots.size(); ++c) {
        auto* values = made->arena.array<Value>(rows.size());
        for (std::size_t i = 0; i < rows.size(); ++i) {
            values[i] = kept_in(made->arena, row(rows[i].row)[first + c]);
        }
        made->columns[slots[c]] = Vector::mixed(made->arena, rows.size(), values);
    }
    auto* timestamps = made->arena.array<std::int64_t>(rows.size());
    auto* sequences = made->arena.array<std::uint64_t>(rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
        timestamps[i] = rows[i].timestamp_ms;
        sequences[i] = rows[i].sequence;
    }
    made->order = {timestamps, sequences};
    return made;
}

}  // namespace sky::insights
