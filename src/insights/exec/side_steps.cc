// SPDX-License-Identifier: Apache-2.0
// lookup, join, appendcols: rows beside rows.
#include <string>
#include <unordered_map>

#include "insights/exec/limits.h"
#include "insights/exec/rows_steps.h"
#include "insights/exec/side_rows.h"

namespace sky::insights {
namespace {

/// How two values are one.
enum class Same : std::uint8_t {
    kValue,  // As numbers where both are numbers.
    kText,   // Exactly the same characters.
};

/// The rows of a side by the values of some of its columns.
class SideIndex {
public:
    SideIndex(Same same, columnar::MemoryBudget& budget) : same_(same), budget_(budget) {}
    /// Errors: those of `poll`, kLimitExceeded (memory).
    Status add(const SideRows& side, const std::vector<std::uint32_t>& keys, const Poll& poll) {
        std::string key;
        for (std::size_t row = 0; row < side.rows() && !budget_.exhausted(); ++row) {
            if (row % kStepRowsMax == 0) SKY_TRY(poll());
            key.clear();
            bool whole = true;
            for (const std::uint32_t column : keys) {
                whole = whole && append(side.at(row, column), key);
            }
            if (!whole) continue;
            const auto [at, fresh] = rows_.try_emplace(key);
            at->second.push_back(static_cast<std::uint32_t>(row));
            const std::uint64_t bytes = (fresh ? kEntryBytes + key.size() : 0) + kRowBytes;
            budget_.reserve(bytes);
            bytes_ += bytes;
        }
        if (budget_.exhausted()) return std::unexpected(memory_error(budget_.bytes_max()));
        return {};
    }
    ~SideIndex() { budget_.release(bytes_); }
    SideIndex(const SideIndex&) = delete;
    SideIndex& operator=(const SideIndex&) = delete;
    /// Null when there is none, or a value is missing.
    const std::vector<std::uint32_t>* find(const std::vector<const Vector*>& reads,
                                           std::size_t count, std::size_t row) {
        key_.clear();
        for (std::size_t i = 0; i < count; ++i) {
            if (!append(reads[i]->at(row), key_)) return nullptr;
        }
        const auto at = rows_.find(key_);
        return at == rows_.end() ? nullptr : &at->second;
    }

private:
    bool append(const Value& value, std::string& key) const {
        return same_ == Same::kValue ? append_key(value, key) : append_text_key(value, key);
    }

    // A node with key, list and its links; a number in a list that may have grown to twice its
    // size.
    static constexpr std::uint64_t kEntryBytes = 96;
    static constexpr std::uint64_t kRowBytes = 2 * sizeof(std::uint32_t);

    const Same same_;
    columnar::MemoryBudget& budget_;
    std::uint64_t bytes_ = 0;
    std::unordered_map<std::string, std::vector<std::uint32_t>> rows_;
    std::string key_;
};

}  // namespace

Status run(const LookupRows& rows, RowsCall& call) {
    const SideRows& side = *call.step.side;
    std::vector<std::uint32_t> keys(rows.keys);
    for (std::uint32_t i = 0; i < keys.size(); ++i) keys[i] = i;
    // Exact, case-sensitive match of texts (logs-insights-ql.md 6.14), the first row wins.
    SideIndex index(Same::kText, call.arena().budget());
    SKY_TRY(index.add(side, keys, call.poll));
    std::vector<Value*> columns;
    for (std::size_t i = 0; i < call.step.writes.size(); ++i) columns.push_back(call.values());
    for (std::size_t row = 0; row < call.rows(); ++row) {
        if (row % kStepRowsMax == 0) SKY_TRY(call.poll());
        const auto* found = index.find(call.reads, rows.keys, row);
        for (std::size_t i = 0; i < columns.size(); ++i) {
            columns[i][row] = found != nullptr ? side.at(found->front(), rows.keys + i)
                                               : call.reads[rows.keys + i]->at(row);
        }
    }
    for (std::size_t i = 0; i < columns.size(); ++i) call.write(i, columns[i]);
    return {};
}

Status run(const JoinRows& rows, RowsCall& call) {
    const SideRows& side = *call.step.side;
    SideIndex index(Same::kValue, call.arena().budget());
    SKY_TRY(index.add(side, rows.keys, call.poll));
    std::vector<std::uint32_t> left;
    std::vector<std::uint32_t> right;
    for (std::size_t row = 0; row < call.rows(); ++row) {
        if (row % kStepRowsMax == 0) SKY_TRY(call.poll());
        const auto* found = index.find(call.reads, call.reads.size(), row);
        if (found == nullptr) {
            if (!rows.keep_left) continue;
            left.push_back(static_cast<std::uint32_t>(row));
            right.push_back(kNewRow);
            continue;
        }
        for (const std::uint32_t other : *found) {
            left.push_back(static_cast<std::uint32_t>(row));
            right.push_back(other);
        }
        SKY_TRY(check_made_rows(left.size()));
    }
    call.frame.expand(left);
    for (std::size_t i = 0; i < rows.columns.size(); ++i) {
        SKY_TRY(call.poll());
        Value* const column = call.values();
        for (std::size_t row = 0; row < right.size(); ++row) {
            column[row] =
                right[row] == kNewRow ? Value::missing() : side.at(right[row], rows.columns[i]);
        }
        call.write(i, column);
    }
    return {};
}

Status run(const AppendcolsRows& rows, RowsCall& call) {
    const SideRows& side = *call.step.side;
    for (std::size_t i = 0; i < rows.columns.size(); ++i) {
        Value* const column = call.values();
        for (std::size_t row = 0; row < call.rows(); ++row) {
            const Value own = call.reads[i]->at(row);
            const Value other =
                row < side.rows() ? side.at(row, rows.columns[i]) : Value::missing();
            const bool take = other.present() && (rows.override_fields || !own.present());
            column[row] = take ? other : own;
        }
        call.write(i, column);
    }
    return {};
}

}  // namespace sky::insights
