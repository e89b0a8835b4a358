// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/insights/exec/key_table.h - distinct combinations of values, numbered as they
              // come.

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "insights/exec/value_dictionary.h"

namespace sky::insights {

/// Keys are tuples of codes of one dictionary a column: 4 bytes a value, texts held once.
/// Threads: one at a time.
class KeyTable {
public:
    /// `width` values a key, at least one where keys are added. `budget` outlives the table.
    KeyTable(std::size_t width, columnar::MemoryBudget& budget);
    ~KeyTable();
    KeyTable(const KeyTable&) = delete;
    KeyTable& operator=(const KeyTable&) = delete;

    std::size_t size() const { return width() == 1 ? columns_[0]->size() : count_; }
    std::size_t width() const { return columns_.size(); }
    /// Numbers of the keys of each row; new ones are added. False when the budget refuses.
    bool number_rows(EvalContext& context, std::span<const Vector* const> columns,
                     std::uint32_t* numbers);
    /// Adds every key of `other`, which has this width: numbers[i] is that of its key i.
    bool number_keys(const KeyTable& other, std::vector<std::uint32_t>& numbers);
    /// Forgets what is needed to add keys: from here on it is only read.
    void settle();

    const ValueDictionary& dictionary(std::size_t column) const { return *columns_[column]; }
    std::uint32_t code(std::size_t number, std::size_t column) const {
        return width() == 1 ? static_cast<std::uint32_t>(number)
                            : codes_[number * width() + column];
    }

private:
    struct Entry {
        std::uint32_t tag;     // High half of the hash.
        std::uint32_t number;  // kFree: none.
    };
    static constexpr std::uint32_t kFree = 0xFFFFFFFF;
    /// A key met lately: its codes in one word.
    struct Recent {
        std::uint64_t key;
        std::uint32_t number;
    };
    static constexpr std::uint64_t kNoKey = ~std::uint64_t{0};
    static constexpr std::size_t kRecentKeys = 8'192;  // A power of two; 128 KiB stay in the L2.
    /// So many different words are looked up in an array: always, and where keys are dense enough.
    static constexpr std::uint64_t kDirectCells = 1 << 18, kDirectCellsMax = 1 << 23;
    static constexpr std::uint64_t kDirectWaste = 32;  // Words of the array a key.
    static constexpr std::uint64_t kDirectShare = 8;   // Part of the query's memory, at most.

    /// How a batch's column gives codes.
    struct Coded {
        const std::uint16_t* narrow = nullptr;  // Entries, whose codes `of_entry` has; or null.
        std::span<const std::uint32_t> of_entry;
        const std::uint32_t* codes = nullptr;  // Else, a code a row; or null:
        std::uint32_t constant = 0;            // the code of all rows.
    };
    bool code_column(EvalContext& context, std::size_t c, const Vector& column, Coded& out);
    bool pack_columns();
    std::uint64_t word_of(const std::uint32_t* codes) const;
    void open_direct(bool repacked);
    void open_hash();
    void number_direct(EvalContext& context, std::span<const Coded> columns,
                       std::uint32_t* numbers);
    bool number_recent(EvalContext& context, const std::uint32_t* codes, std::uint32_t* numbers);
    bool number_tuples(EvalContext& context, const std::uint32_t* codes, std::uint32_t* numbers);
    std::uint32_t append(const std::uint32_t* codes);
    std::uint64_t hash_of(const std::uint32_t* codes) const;
    bool find(const std::uint32_t* codes, std::uint32_t& number);
    void grow();
    void account();

    columnar::MemoryBudget& budget_;
    std::vector<std::unique_ptr<ValueDictionary>> columns_;
    // Unused for a width of one: there the code is the number.
    std::vector<std::uint32_t> codes_;
    std::vector<Entry> entries_;  // A power of two of them, at most half in use; or empty.
    std::size_t count_ = 0;
    // A key's codes in one word: the sum of each code times its column's factor. Columns have room
    // for so many codes; the top one for any number.
    std::vector<std::uint64_t> factors_, room_;
    std::uint64_t cells_ = 0;            // Words that there are.
    std::size_t top_ = 0;                // The column above the others.
    bool direct_on_ = false;             // Else `entries_` knows all keys.
    std::vector<std::uint32_t> direct_;  // Number of each word; kFree: none.
    std::vector<Recent> recent_;
    std::uint64_t accounted_bytes_ = 0;
};

}  // namespace sky::insights
