// SPDX-License-Identifier: Apache-2.0
#include "insights/exec/key_table.h"

namespace sky::insights {
namespace {
constexpr std::uint64_t kSeed = 0x8EBC6AF09C88C6E3ULL;
constexpr std::uint64_t kStep = 0x589965CC75374CC3ULL;
}  // namespace

KeyTable::KeyTable(std::size_t width, columnar::MemoryBudget& budget) : budget_(budget) {
    for (std::size_t i = 0; i < width; ++i) {
        columns_.push_back(std::make_unique<ValueDictionary>(budget));
    }
    if (width > 1) entries_.assign(64, Entry{0, kFree});
    account();
}

KeyTable::~KeyTable() { budget_.release(accounted_bytes_); }

void KeyTable::account() {
    const std::uint64_t bytes =
        codes_.capacity() * sizeof(std::uint32_t) + entries_.capacity() * sizeof(Entry);
    if (bytes > accounted_bytes_) {
        budget_.reserve(bytes - accounted_bytes_);
        accounted_bytes_ = bytes;
    }
}

std::uint64_t KeyTable::hash_of(const std::uint32_t* codes) const {
    std::uint64_t hash = kSeed;
    for (std::size_t i = 0; i < width(); ++i) hash = mix_hash(hash ^ codes[i], kStep);
    return hash;
}

void KeyTable::grow() {
    entries_.assign(entries_.size() * 2, Entry{0, kFree});
    const std::size_t mask = entries_.size() - 1;
    for (std::size_t i = 0; i < count_; ++i) {
        const std::uint64_t hash = hash_of(codes_.data() + i * width());
        std::size_t at = hash & mask;
        while (entries_[at].number != kFree) at = (at + 1) & mask;
        entries_[at] = {static_cast<std::uint32_t>(hash >> 32), static_cast<std::uint32_t>(i)};
    }
    account();
}

bool KeyTable::find(const std::uint32_t* codes, std::uint32_t& number) {
    const std::uint64_t hash = hash_of(codes);
    const auto tag = static_cast<std::uint32_t>(hash >> 32);
    std::size_t mask = entries_.size() - 1;
    std::size_t at = hash & mask;
    for (; entries_[at].number != kFree; at = (at + 1) & mask) {
        if (entries_[at].tag != tag) continue;
        // A loop: for a few words a call of memcmp costs more than it compares.
        const std::uint32_t* held = codes_.data() + entries_[at].number * width();
        std::size_t same = 0;
        while (same < width() && codes[same] == held[same]) ++same;
        if (same == width()) {
            number = entries_[at].number;
            return true;
        }
    }
    if ((count_ + 1) * 2 > entries_.size()) {
        grow();
        if (budget_.exhausted()) return false;
        mask = entries_.size() - 1;
        at = hash & mask;
        while (entries_[at].number != kFree) at = (at + 1) & mask;
    }
    number = static_cast<std::uint32_t>(count_++);
    codes_.insert(codes_.end(), codes, codes + width());
    entries_[at] = {tag, number};
    return true;
}

bool KeyTable::number_rows(EvalContext& context, std::span<const Vector* const> columns,
                           std::uint32_t* numbers) {
    if (width() == 1) return columns_[0]->code_rows(context, *columns[0], numbers);
    const std::size_t rows = context.rows;
    auto* codes = context.arena.array<std::uint32_t>(rows * (width() + 1));
    std::uint32_t* const column_codes = codes + rows * width();
    for (std::size_t c = 0; c < width(); ++c) {
        if (!columns_[c]->code_rows(context, *columns[c], column_codes)) return false;
        for (std::size_t i = 0; i < rows; ++i) codes[i * width() + c] = column_codes[i];
    }
    bool fits = true;
    for (std::size_t i = 0; i < rows && fits; ++i) fits = find(codes + i * width(), numbers[i]);
    account();
    return fits && !budget_.exhausted();
}

bool KeyTable::number_keys(const KeyTable& other, std::vector<std::uint32_t>& numbers) {
    std::vector<std::vector<std::uint32_t>> mine(width());
    for (std::size_t c = 0; c < width(); ++c) {
        const ValueDictionary& theirs = *other.columns_[c];
        mine[c].resize(theirs.size());
        for (std::uint32_t code = 0; code < theirs.size(); ++code) {
            if (!columns_[c]->code_of(theirs.value(code), mine[c][code])) return false;
        }
    }
    if (width() == 1) {
        numbers = std::move(mine[0]);
        return !budget_.exhausted();
    }
    numbers.resize(other.count_);
    std::vector<std::uint32_t> codes(width());
    bool fits = true;
    for (std::size_t i = 0; i < other.count_ && fits; ++i) {
        for (std::size_t c = 0; c < width(); ++c) codes[c] = mine[c][other.code(i, c)];
        fits = find(codes.data(), numbers[i]);
    }
    account();
    return fits && !budget_.exhausted();
}

}  // namespace sky::insights
