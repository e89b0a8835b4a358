// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/shapes/string_pool.h - numbers for distinct texts, while a block is encoded.

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "shapes/text_hash.h"

namespace sky::shapes {

/// Open addressing over borrowed texts, in the order of their first appearance.
class StringTable {
public:
    static constexpr std::uint32_t kNone = ~std::uint32_t{0};

    /// Forgets everything; room for `texts_max` texts without growing.
    void reset(std::size_t texts_max) {
        std::size_t slots = 16;
        while (slots < texts_max * 2) slots *= 2;
        table_.assign(slots, kNone);
        texts_.clear();
    }
    /// The number of a text, new or known. kNone: texts collide beyond all chance, so that somebody
    /// chose them; the caller does without.
    std::uint32_t add(std::string_view text) {
        if (texts_.size() * 2 >= table_.size()) grow();
        const std::uint64_t hash = hash_text(text);
        const std::size_t mask = table_.size() - 1;
        for (std::size_t probe = 0; probe < kProbesMax; ++probe) {
            std::uint32_t& entry = table_[(hash + probe) & mask];
            if (entry == kNone) {
                entry = static_cast<std::uint32_t>(texts_.size());
                texts_.push_back(text);
                return entry;
            }
            if (same_text(texts_[entry], text)) return entry;
        }
        return kNone;
    }
    std::size_t size() const { return texts_.size(); }
    std::span<const std::string_view> texts() const { return texts_; }

private:
    // At half load a run of this length is a collision by intent.
    static constexpr std::size_t kProbesMax = 256;

    void grow() {
        std::vector<std::string_view> texts = std::move(texts_);
        table_.assign(table_.empty() ? 16 : table_.size() * 2, kNone);
        texts_ = std::move(texts);
        const std::size_t mask = table_.size() - 1;
        for (std::size_t i = 0; i < texts_.size(); ++i) {
            std::size_t at = hash_text(texts_[i]) & mask;
            while (table_[at] != kNone) at = (at + 1) & mask;
            table_[at] = static_cast<std::uint32_t>(i);
        }
    }

    std::vector<std::uint32_t> table_;
    std::vector<std::string_view> texts_;
};

/// The texts that dictionaries, constants and exceptions of a block share. A text that the table
/// refuses gets a number of its own.
class StringPool {
public:
    StringPool() { table_.reset(1'024); }
    std::uint32_t add(std::string_view text) {
        const std::uint32_t known = table_.add(text);
        if (known != StringTable::kNone) {
            if (known == number_of_.size()) {
                number_of_.push_back(static_cast<std::uint32_t>(texts_.size()));
                texts_.push_back(text);
            }
            return number_of_[known];
        }
        texts_.push_back(text);
        return static_cast<std::uint32_t>(texts_.size() - 1);
    }
    std::span<const std::string_view> texts() const { return texts_; }

private:
    StringTable table_;
    std::vector<std::uint32_t> number_of_;  // By the table's number.
    std::vector<std::string_view> texts_;
};

}  // namespace sky::shapes
