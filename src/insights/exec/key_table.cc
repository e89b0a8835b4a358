// SPDX-License-Identifier: Apache-2.0
#include "insights/exec/key_table.h"

#include <algorithm>
#include <array>
#include <bit>

#include "columnar/kernels.h"

namespace sky::insights {
namespace {
constexpr std::uint64_t kSeed = 0x8EBC6AF09C88C6E3ULL;
constexpr std::uint64_t kStep = 0x589965CC75374CC3ULL;
/// Keys that are looked for together: a large table is not in the processor's cache, and memory
/// answers many questions in the time of one.
constexpr std::size_t kTogether = 64;
}  // namespace

KeyTable::KeyTable(std::size_t width, columnar::MemoryBudget& budget) : budget_(budget) {
    for (std::size_t i = 0; i < width; ++i) {
        columns_.push_back(std::make_unique<ValueDictionary>(budget));
    }
    factors_.assign(width, 0);
    room_.assign(width, 0);
    account();
}

KeyTable::~KeyTable() { budget_.release(accounted_bytes_); }

void KeyTable::settle() {
    for (const auto& column : columns_) column->settle();
    entries_ = {};
    direct_ = {};
    recent_ = {};
    codes_.shrink_to_fit();
    budget_.release(accounted_bytes_);
    accounted_bytes_ = 0;
    account();
}

void KeyTable::account() {
    const std::uint64_t bytes =
        codes_.capacity() * sizeof(std::uint32_t) + entries_.capacity() * sizeof(Entry) +
        recent_.capacity() * sizeof(Recent) + direct_.capacity() * sizeof(std::uint32_t);
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
    std::array<std::uint64_t, kTogether> hashes{};
    for (std::size_t begin = 0; begin < count_; begin += kTogether) {
        const std::size_t keys = std::min(kTogether, count_ - begin);
        for (std::size_t i = 0; i < keys; ++i) {
            hashes[i] = hash_of(codes_.data() + (begin + i) * width());
            __builtin_prefetch(&entries_[hashes[i] & mask]);
        }
        for (std::size_t i = 0; i < keys; ++i) {
            std::size_t at = hashes[i] & mask;
            while (entries_[at].number != kFree) at = (at + 1) & mask;
            entries_[at] = {static_cast<std::uint32_t>(hashes[i] >> 32),
                            static_cast<std::uint32_t>(begin + i)};
        }
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
    number = append(codes);
    entries_[at] = {tag, number};
    return true;
}

std::uint32_t KeyTable::append(const std::uint32_t* codes) {
    codes_.insert(codes_.end(), codes, codes + width());
    return static_cast<std::uint32_t>(count_++);
}

bool KeyTable::number_rows(EvalContext& context, std::span<const Vector* const> columns,
                           std::uint32_t* numbers) {
    if (width() == 1) return columns_[0]->code_rows(context, *columns[0], numbers);
    const std::size_t rows = context.rows;
    auto* const coded = context.arena.array<Coded>(width());
    for (std::size_t c = 0; c < width(); ++c) {
        coded[c] = {};
        if (!code_column(context, c, *columns[c], coded[c])) return false;
    }
    bool fits = true;
    const bool packed = pack_columns();
    if (packed && direct_on_) {
        number_direct(context, {coded, width()}, numbers);
    } else {
        auto* const codes = context.arena.array<std::uint32_t>(rows * width());
        for (std::size_t c = 0; c < width(); ++c) {
            std::uint32_t* const out = codes + c * rows;
            const Coded& from = coded[c];
            for (std::size_t i = 0; i < rows; ++i) {
                out[i] = from.narrow != nullptr  ? from.of_entry[from.narrow[i]]
                         : from.codes != nullptr ? from.codes[i]
                                                 : from.constant;
            }
        }
        fits = packed ? number_recent(context, codes, numbers)
                      : number_tuples(context, codes, numbers);
    }
    account();
    return fits && !budget_.exhausted();
}

bool KeyTable::code_column(EvalContext& context, std::size_t c, const Vector& column, Coded& out) {
    if (column.is_constant()) return columns_[c]->code_of(column.constant_value(), out.constant);
    if (column.narrow_codes() != nullptr && column.present_bytes() == nullptr) {
        out.of_entry = columns_[c]->codes_of(*column.dictionary());
        if (!out.of_entry.empty()) {
            out.narrow = column.narrow_codes();
            return true;
        }
    }
    auto* const codes = context.arena.array<std::uint32_t>(context.rows);
    out.codes = codes;
    return columns_[c]->code_rows(context, column, codes);
}

bool KeyTable::number_tuples(EvalContext& context, const std::uint32_t* codes,
                             std::uint32_t* numbers) {
    const std::size_t rows = context.rows;
    auto* const tuple = context.arena.array<std::uint32_t>(width());
    bool fits = true;
    for (std::size_t i = 0; i < rows && fits; ++i) {
        for (std::size_t c = 0; c < width(); ++c) tuple[c] = codes[c * rows + i];
        fits = find(tuple, numbers[i]);
    }
    return fits;
}

/// Gives each column its factor, the largest one the greatest: times come in runs, so the array is
/// then read in runs too. Chooses array or hash table. False when there is no room in a word.
bool KeyTable::pack_columns() {
    bool changed = false;
    // Twice as large, lest two columns that grow together change places again and again.
    for (std::size_t c = 0; c < width(); ++c) {
        if (columns_[c]->size() > 2 * columns_[top_]->size()) top_ = c;
    }
    std::uint64_t cells = 1;
    bool fits = true;
    const auto place = [&](std::size_t c) {
        const std::uint64_t size = std::max<std::size_t>(columns_[c]->size(), 1);
        // Some more than there are, so that a new value seldom moves all keys.
        if (c == top_) {
            room_[c] = size;
        } else if (room_[c] < size) {
            room_[c] = size + size / 8;
        }
        if (factors_[c] != cells) changed = true;
        factors_[c] = cells;
        fits = fits && !__builtin_mul_overflow(cells, room_[c], &cells);
    };
    for (std::size_t c = 0; c < width(); ++c) {
        if (c != top_) place(c);
    }
    place(top_);
    fits = fits && cells != kNoKey;
    cells_ = cells;
    const bool dense = (count_ + 1) * kDirectWaste >= cells && cells <= kDirectCellsMax;
    const bool affordable = fits && cells <= kDirectCellsMax &&
                            sizeof(std::uint32_t) * cells <= budget_.bytes_max() / kDirectShare;
    if (affordable && (cells <= kDirectCells || dense)) {
        open_direct(changed);
        return true;
    }
    open_hash();
    if (!fits) return false;
    // Words of another packing name other keys.
    if (changed || recent_.empty()) recent_.assign(kRecentKeys, Recent{kNoKey, 0});
    return true;
}

std::uint64_t KeyTable::word_of(const std::uint32_t* codes) const {
    std::uint64_t word = 0;
    for (std::size_t c = 0; c < width(); ++c) word += codes[c] * factors_[c];
    return word;
}

void KeyTable::open_direct(bool repacked) {
    const auto size = static_cast<std::size_t>(cells_);
    if (direct_on_ && !repacked && size <= direct_.size()) return;
    if (direct_on_ && !repacked) {
        direct_.resize(size, kFree);
        return;
    }
    direct_.assign(size, kFree);
    for (std::size_t i = 0; i < count_; ++i) {
        direct_[word_of(codes_.data() + i * width())] = static_cast<std::uint32_t>(i);
    }
    direct_on_ = true;
    entries_ = {};
    recent_ = {};
}

void KeyTable::open_hash() {
    if (!direct_on_ && !entries_.empty()) return;
    direct_on_ = false;
    direct_ = {};
    entries_.assign(std::max<std::size_t>(32, std::bit_ceil(count_ + 1)), Entry{0, kFree});
    grow();
}

/// Words are summed up column by column; there are fewer than 2^32.
void KeyTable::number_direct(EvalContext& context, std::span<const Coded> columns,
                             std::uint32_t* numbers) {
    const std::size_t rows = context.rows;
    auto* const words = context.arena.array<std::uint32_t>(rows);
    std::uint32_t base = 0;
    for (std::size_t c = 0; c < columns.size(); ++c) {
        if (columns[c].narrow != nullptr || columns[c].codes != nullptr) continue;
        base += columns[c].constant * static_cast<std::uint32_t>(factors_[c]);
    }
    std::fill_n(words, rows, base);
    for (std::size_t c = 0; c < columns.size(); ++c) {
        const Coded& from = columns[c];
        const auto factor = static_cast<std::uint32_t>(factors_[c]);
        if (from.narrow != nullptr) {
            const std::size_t entries = from.of_entry.size();
            auto* const table = context.arena.array<std::uint32_t>(entries);
            for (std::size_t i = 0; i < entries; ++i) table[i] = from.of_entry[i] * factor;
            columnar::kernels().add_of_codes(from.narrow, rows, table, entries, words);
        } else if (from.codes != nullptr) {
            for (std::size_t i = 0; i < rows; ++i) words[i] += from.codes[i] * factor;
        }
    }
    auto* const tuple = context.arena.array<std::uint32_t>(width());
    std::uint32_t* const direct = direct_.data();
    for (std::size_t i = 0; i < rows; ++i) {
        std::uint32_t number = direct[words[i]];
        if (number == kFree) [[unlikely]] {
            for (std::size_t c = 0; c < width(); ++c) {
                tuple[c] = static_cast<std::uint32_t>(words[i] / factors_[c] % room_[c]);
            }
            direct[words[i]] = number = append(tuple);
        }
        numbers[i] = number;
    }
}

/// The keys of a batch repeat: most are among the last ones, found by one word. Those that are not
/// are put aside, so that what comes next does not wait for them.
bool KeyTable::number_recent(EvalContext& context, const std::uint32_t* codes,
                             std::uint32_t* numbers) {
    const std::size_t rows = context.rows;
    auto* const tuple = context.arena.array<std::uint32_t>(width());
    constexpr unsigned kIndexShift = 64 - std::bit_width(kRecentKeys - 1);
    const auto recent_of = [&](std::uint64_t word) -> Recent& {
        return recent_[(word * kSeed) >> kIndexShift];
    };
    const auto take = [&](std::size_t row) {
        for (std::size_t c = 0; c < width(); ++c) tuple[c] = codes[c * rows + row];
    };
    bool fits = true;
    std::array<std::uint64_t, kTogether> words{};
    std::array<std::uint32_t, kTogether> missed{};
    for (std::size_t begin = 0; begin < rows && fits; begin += kTogether) {
        const std::size_t count = std::min(rows - begin, kTogether);
        words = {};
        for (std::size_t c = 0; c < width(); ++c) {
            const std::uint32_t* const of_column = codes + c * rows + begin;
            for (std::size_t i = 0; i < count; ++i) words[i] += of_column[i] * factors_[c];
        }
        std::size_t misses = 0;
        for (std::size_t i = 0; i < count; ++i) {
            const Recent& recent = recent_of(words[i]);
            numbers[begin + i] = recent.number;
            missed[misses] = static_cast<std::uint32_t>(i);
            misses += recent.key != words[i] ? 1U : 0U;
        }
        for (std::size_t m = 0; m < misses; ++m) {
            take(begin + missed[m]);
            __builtin_prefetch(&entries_[hash_of(tuple) & (entries_.size() - 1)]);
        }
        for (std::size_t m = 0; m < misses && fits; ++m) {
            const std::size_t row = begin + missed[m];
            Recent& recent = recent_of(words[missed[m]]);
            if (recent.key != words[missed[m]]) {
                take(row);
                fits = find(tuple, recent.number);
                recent.key = words[missed[m]];
            }
            numbers[row] = recent.number;
        }
    }
    return fits;
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
    std::vector<std::uint32_t> codes(kTogether * width());
    pack_columns();
    bool fits = true;
    for (std::size_t begin = 0; begin < other.count_ && fits; begin += kTogether) {
        const std::size_t end = std::min(other.count_, begin + kTogether);
        std::uint32_t* key = codes.data();
        for (std::size_t i = begin; i < end; ++i, key += width()) {
            for (std::size_t c = 0; c < width(); ++c) key[c] = mine[c][other.code(i, c)];
            if (!direct_on_) __builtin_prefetch(&entries_[hash_of(key) & (entries_.size() - 1)]);
        }
        key = codes.data();
        for (std::size_t i = begin; i < end && fits; ++i, key += width()) {
            if (direct_on_) {
                std::uint32_t& number = direct_[word_of(key)];
                if (number == kFree) number = append(key);
                numbers[i] = number;
            } else {
                fits = find(key, numbers[i]);
            }
        }
    }
    account();
    return fits && !budget_.exhausted();
}

}  // namespace sky::insights
