// SPDX-License-Identifier: Apache-2.0
// lookup, join, appendcols: rows beside rows.
#include <bit>
#include <cstring>
#include <span>
#include <string>

#include "insights/exec/limits.h"
#include "insights/exec/rows_steps.h"
#include "insights/exec/side_rows.h"
#include "insights/exec/value_dictionary.h"

namespace sky::insights {
namespace {

/// How two values are one.
enum class Same : std::uint8_t {
    kValue,  // As numbers where both are numbers.
    kText,   // Exactly the same characters.
};

/// The rows of a side by the values of some of its columns: keys as bytes, one behind the other.
class SideIndex {
public:
    static constexpr std::uint32_t kNoRow = 0xFFFFFFFF;

    SideIndex(Same same, columnar::MemoryBudget& budget) : same_(same), budget_(budget) {}
    /// `reads` are the `read_rows` rows that it will be asked for. Errors: those of `poll`,
    /// kLimitExceeded (memory).
    Status add(const SideRows& side, const std::vector<std::uint32_t>& keys,
               std::span<const Vector* const> reads, std::size_t read_rows, const Poll& poll) {
        const auto is_time = [](const Value& value) {
            return !value.present() || value.kind == Kind::kTimestamp;
        };
        for (std::size_t k = 0; k < keys.size(); ++k) {
            // A time shows as a text may; where there are times alone they need not be shown.
            bool times = true;
            for (std::size_t row = 0; row < side.rows() && times; ++row) {
                times = is_time(side.at(row, keys[k]));
            }
            for (std::size_t row = 0; row < read_rows && times; ++row) {
                times = is_time(reads[k]->at(row));
            }
            times_.push_back(times ? 1 : 0);
        }
        next_.assign(side.rows(), kNoRow);
        slots_.assign(std::bit_ceil(2 * side.rows() + 2), kNoRow);
        for (std::size_t row = 0; row < side.rows(); ++row) {
            if (row % kStepRowsMax == 0) {
                SKY_TRY(poll());
                account();
                if (budget_.exhausted()) break;
            }
            key_.clear();
            bool whole = true;
            for (std::size_t k = 0; k < keys.size() && whole; ++k) {
                whole = append(k, side.at(row, keys[k]));
            }
            if (whole) add_row(static_cast<std::uint32_t>(row));
        }
        account();
        if (budget_.exhausted()) return std::unexpected(memory_error(budget_.bytes_max()));
        return {};
    }
    ~SideIndex() { budget_.release(bytes_); }
    SideIndex(const SideIndex&) = delete;
    SideIndex& operator=(const SideIndex&) = delete;

    /// The first row that has the values; kNoRow: there is none, or a value is missing.
    std::uint32_t find(std::span<const Vector* const> reads, std::size_t row) {
        key_.clear();
        for (std::size_t k = 0; k < times_.size(); ++k) {
            if (!append(k, reads[k]->at(row))) return kNoRow;
        }
        const std::uint64_t hash = hash_of_key();
        const std::uint32_t at = slots_[slot_of(hash)];
        return at == kNoRow ? kNoRow : keys_[at].first;
    }
    /// The next row with the same values, or kNoRow.
    std::uint32_t next(std::uint32_t row) const { return next_[row]; }

private:
    struct Key {
        std::uint64_t hash;
        std::size_t begin;  // Of its bytes.
        std::uint32_t bytes;
        std::uint32_t first, last;  // Rows.
    };

    bool append(std::size_t k, const Value& value) {
        if (times_[k] != 0) {
            if (!value.present()) return false;
            key_.append(reinterpret_cast<const char*>(&value.integer), sizeof(value.integer));
            return true;
        }
        return same_ == Same::kValue ? append_key(value, key_) : append_text_key(value, key_);
    }
    std::uint64_t hash_of_key() const { return ValueDictionary::hash_of(Value::of_text(key_)); }
    /// Where the key of the moment is, or would be.
    std::size_t slot_of(std::uint64_t hash) const {
        const std::size_t mask = slots_.size() - 1;
        std::size_t at = hash & mask;
        for (; slots_[at] != kNoRow; at = (at + 1) & mask) {
            const Key& held = keys_[slots_[at]];
            if (held.hash != hash || held.bytes != key_.size()) continue;
            if (std::memcmp(text_.data() + held.begin, key_.data(), held.bytes) == 0) break;
        }
        return at;
    }
    void add_row(std::uint32_t row) {
        const std::uint64_t hash = hash_of_key();
        std::uint32_t& slot = slots_[slot_of(hash)];
        if (slot == kNoRow) {
            slot = static_cast<std::uint32_t>(keys_.size());
            keys_.push_back(
                {hash, text_.size(), static_cast<std::uint32_t>(key_.size()), row, row});
            text_ += key_;
            return;
        }
        Key& held = keys_[slot];
        next_[held.last] = row;
        held.last = row;
    }
    void account() {
        const std::uint64_t bytes = keys_.capacity() * sizeof(Key) + text_.capacity() +
                                    (next_.capacity() + slots_.capacity()) * sizeof(std::uint32_t);
        budget_.reserve(bytes - bytes_);
        bytes_ = bytes;
    }

    const Same same_;
    columnar::MemoryBudget& budget_;
    std::uint64_t bytes_ = 0;
    std::vector<std::uint8_t> times_;   // A key's column: there are times alone, here and there.
    std::vector<Key> keys_;             // Each once.
    std::string text_;                  // Their bytes.
    std::vector<std::uint32_t> slots_;  // A power of two of them: keys by hash; kNoRow: free.
    std::vector<std::uint32_t> next_;   // By row.
    std::string key_;                   // Of the moment.
};

}  // namespace

Status run(const LookupRows& rows, RowsCall& call) {
    const SideRows& side = *call.step.side;
    std::vector<std::uint32_t> keys(rows.keys);
    for (std::uint32_t i = 0; i < keys.size(); ++i) keys[i] = i;
    // Exact, case-sensitive match of texts (logs-insights-ql.md 6.14), the first row wins.
    SideIndex index(Same::kText, call.arena().budget());
    const std::span<const Vector* const> reads(call.reads.data(), rows.keys);
    SKY_TRY(index.add(side, keys, reads, call.rows(), call.poll));
    std::vector<Value*> columns;
    for (std::size_t i = 0; i < call.step.writes.size(); ++i) columns.push_back(call.values());
    for (std::size_t row = 0; row < call.rows(); ++row) {
        if (row % kStepRowsMax == 0) SKY_TRY(call.poll());
        const std::uint32_t found = index.find(reads, row);
        for (std::size_t i = 0; i < columns.size(); ++i) {
            columns[i][row] = found != SideIndex::kNoRow ? side.at(found, rows.keys + i)
                                                         : call.reads[rows.keys + i]->at(row);
        }
    }
    for (std::size_t i = 0; i < columns.size(); ++i) call.write(i, columns[i]);
    return {};
}

Status run(const JoinRows& rows, RowsCall& call) {
    const SideRows& side = *call.step.side;
    SideIndex index(Same::kValue, call.arena().budget());
    SKY_TRY(index.add(side, rows.keys, call.reads, call.rows(), call.poll));
    std::vector<std::uint32_t> left;
    std::vector<std::uint32_t> right;
    for (std::size_t row = 0; row < call.rows(); ++row) {
        if (row % kStepRowsMax == 0) SKY_TRY(call.poll());
        std::uint32_t found = index.find(call.reads, row);
        if (found == SideIndex::kNoRow && !rows.keep_left) continue;
        do {
            left.push_back(static_cast<std::uint32_t>(row));
            right.push_back(found == SideIndex::kNoRow ? kNewRow : found);
            found = found == SideIndex::kNoRow ? found : index.next(found);
        } while (found != SideIndex::kNoRow);
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
