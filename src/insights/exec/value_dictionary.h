// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/insights/exec/value_dictionary.h - the distinct values of one key column,
              // numbered as they come.

#include <cstdint>
#include <span>
#include <vector>

#include "insights/functions/table.h"

namespace sky::insights {

/// Two values are one when they show alike: 10.1 and 10.10 are two (store.md 2.6), a computed 10.1
/// and the text 10.1 are one. MAP and LIST count as their texts; missing is a value.
/// Threads: one at a time.
class ValueDictionary {
public:
    /// `budget` outlives the dictionary.
    explicit ValueDictionary(columnar::MemoryBudget& budget);
    ~ValueDictionary();
    ValueDictionary(const ValueDictionary&) = delete;
    ValueDictionary& operator=(const ValueDictionary&) = delete;

    std::size_t size() const { return values_.size(); }
    /// Texts belong to the dictionary.
    const Value& value(std::uint32_t code) const { return values_[code]; }
    /// Codes of a column's rows; new values are added. False when the budget refuses.
    bool code_rows(EvalContext& context, const Vector& column, std::uint32_t* codes);
    /// Codes of all entries of the dictionary; empty unless it is that of the column coded last and
    /// rows had each of them.
    std::span<const std::uint32_t> codes_of(const columnar::TextDictionary& dictionary) const {
        const bool known = dictionary.id != 0 && dictionary.id == entries_id_ && entries_left_ == 0;
        return known ? std::span<const std::uint32_t>(entry_codes_)
                     : std::span<const std::uint32_t>();
    }
    /// Code of one value. False when the budget refuses.
    bool code_of(const Value& value, std::uint32_t& code);
    /// Equal for values that are one here.
    static std::uint64_t hash_of(const Value& value);
    /// Below, at or above 0: the order that ranks() gives.
    static int compare_ranks(const Value& a, const Value& b);
    /// Place of each code in the ascending order of logs-insights-ql.md 6.5; no two are equal.
    std::vector<std::uint32_t> ranks() const;
    /// Forgets what is needed to add values: from here on it is only read.
    void settle();

private:
    struct Entry {
        std::uint32_t tag;   // High half of the hash.
        std::uint32_t code;  // kFree: none.
    };
    static constexpr std::uint32_t kFree = 0xFFFFFFFF;
    static constexpr std::size_t kFirstTextBytes = 2'048;  // Most columns have few, short texts.
    bool find_text(std::string_view text, std::uint32_t& code);
    template <class Code>
    bool code_entries(EvalContext& context, const Vector& column, const Code* from,
                      std::uint32_t* codes);
    bool find(const Value& canonical, std::uint64_t hash, std::uint32_t& code);
    bool add(Value canonical, std::uint64_t hash, std::size_t at, std::uint32_t& code);
    bool find_alike(const Value& canonical, std::uint32_t& code) const;
    void grow();
    void account();

    Arena texts_;
    std::vector<Value> values_;
    std::vector<Entry> entries_;  // A power of two of them, at most half in use.
    std::size_t others_ = 0;      // Entries beyond the first of a value.
    bool has_texts_ = false, has_computed_ = false;
    std::uint64_t accounted_bytes_ = 0;
    // Codes of the entries of the text dictionary seen last; kFree: not met yet.
    std::vector<std::uint32_t> entry_codes_;
    std::uint64_t entries_id_ = 0;
    std::size_t entries_left_ = 0;  // Of them, not met yet.
};

__extension__ typedef unsigned __int128 WideProduct;

/// Mixes two words well; for hash tables.
inline std::uint64_t mix_hash(std::uint64_t a, std::uint64_t b) {
    const WideProduct product = static_cast<WideProduct>(a) * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

}  // namespace sky::insights
