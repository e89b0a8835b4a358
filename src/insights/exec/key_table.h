// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/insights/exec/key_table.h - distinct combinations of values, numbered as they
              // come.

#include <cstdint>
#include <span>
#include <vector>

#include "insights/functions/table.h"

namespace sky::insights {

/// Two values are one key when kind and text are: 10.1 and 10.10 are two (store.md 2.6). A number
/// written in the query counts as its text; MAP and LIST count as theirs; missing is a value.
/// Threads: one at a time.
class KeyTable {
public:
    /// `width` values a key. `budget` outlives the table.
    KeyTable(std::size_t width, columnar::MemoryBudget& budget);
    ~KeyTable();
    KeyTable(const KeyTable&) = delete;
    KeyTable& operator=(const KeyTable&) = delete;

    std::size_t size() const { return count_; }
    /// Numbers of the keys of each row; new ones are added. False when the budget refuses.
    bool number_rows(EvalContext& context, std::span<const Vector* const> columns,
                     std::uint32_t* numbers);
    /// Adds every key of `other`, which has this width: numbers[i] is that of its key i.
    bool number_keys(const KeyTable& other, std::vector<std::uint32_t>& numbers);
    /// Value `column` of key `number`; its text belongs to the table.
    const Value& at(std::size_t number, std::size_t column) const {
        return keys_[number * width_ + column];
    }

private:
    struct Entry {
        std::uint64_t hash;
        std::uint32_t number;  // kFree: none.
    };
    static constexpr std::uint32_t kFree = 0xFFFFFFFF;
    template <class Equal, class Get>
    bool place(std::uint64_t hash, Equal equal, Get get, std::uint32_t& number);
    void grow();
    void account();

    const std::size_t width_;
    Arena texts_;
    std::vector<Value> keys_;
    std::vector<std::uint64_t> hashes_;  // A key's own.
    std::vector<Entry> entries_;         // A power of two of them, at most half in use.
    std::size_t count_ = 0;
    std::uint64_t accounted_bytes_ = 0;
};

}  // namespace sky::insights
