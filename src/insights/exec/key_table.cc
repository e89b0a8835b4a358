// SPDX-License-Identifier: Apache-2.0
#include "insights/exec/key_table.h"

#include <bit>
#include <cstring>

namespace sky::insights {
namespace {

__extension__ typedef unsigned __int128 Wide;

constexpr std::uint64_t kMixA = 0x9E3779B97F4A7C15ULL;
constexpr std::uint64_t kMixB = 0xD6E8FEB86659FD93ULL;
constexpr std::uint64_t kMixC = 0xA0761D6478BD642FULL;

std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
    const Wide product = static_cast<Wide>(a) * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}
template <class T>
std::uint64_t load(const char* at) {
    T value;
    std::memcpy(&value, at, sizeof value);
    return value;
}
std::uint64_t hash_text(std::string_view text) {
    const char* at = text.data();
    std::size_t left = text.size();
    std::uint64_t hash = kMixA ^ left;
    while (left > 16) {
        hash = mix(load<std::uint64_t>(at) ^ kMixB, load<std::uint64_t>(at + 8) ^ hash);
        at += 16;
        left -= 16;
    }
    std::uint64_t a = 0;
    std::uint64_t b = 0;
    if (left >= 8) {
        a = load<std::uint64_t>(at);
        b = load<std::uint64_t>(at + left - 8);
    } else if (left >= 4) {
        a = load<std::uint32_t>(at);
        b = load<std::uint32_t>(at + left - 4);
    } else if (left > 0) {
        a = static_cast<unsigned char>(at[0]);
        b = static_cast<std::uint64_t>(static_cast<unsigned char>(at[left / 2])) << 8 |
            static_cast<unsigned char>(at[left - 1]);
    }
    return mix(a ^ kMixC, b ^ hash);
}

/// The one spelling of equal values.
Value canonical(const Value& value) {
    switch (value.kind) {
        case Kind::kJson:
            return Value::of_text(value.text);
        case Kind::kNumber:
            if (!value.text.empty()) return Value::of_text(value.text);
            return Value::of_number(value.number == 0 ? 0.0 : value.number);
        default:
            return value;
    }
}

std::uint64_t bits_of(const Value& value) {
    return value.kind == Kind::kNumber ? std::bit_cast<std::uint64_t>(value.number)
                                       : static_cast<std::uint64_t>(value.integer);
}

std::uint64_t hash_canonical(const Value& value) {
    switch (value.kind) {
        case Kind::kMissing:
            return kMixB;
        case Kind::kText:
        case Kind::kJson:
            return hash_text(value.text);
        case Kind::kNumber:
        case Kind::kBoolean:
        case Kind::kTimestamp:
            break;
    }
    return mix(bits_of(value) ^ kMixB, kMixC + static_cast<std::uint64_t>(value.kind));
}

bool equal_canonical(const Value& a, const Value& b) {
    if (a.kind != b.kind) return false;
    if (a.kind == Kind::kMissing) return true;
    if (a.kind == Kind::kText) return a.text == b.text;
    return bits_of(a) == bits_of(b) && a.text == b.text;
}

std::uint64_t combine(std::uint64_t hash, std::uint64_t next) { return mix(hash ^ next, kMixA); }

}  // namespace

KeyTable::KeyTable(std::size_t width, columnar::MemoryBudget& budget)
    : width_(width), texts_(budget), entries_(64, Entry{0, kFree}) {
    account();
}

KeyTable::~KeyTable() { texts_.budget().release(accounted_bytes_); }

void KeyTable::account() {
    const std::uint64_t bytes = keys_.capacity() * sizeof(Value) +
                                hashes_.capacity() * sizeof(std::uint64_t) +
                                entries_.capacity() * sizeof(Entry);
    if (bytes > accounted_bytes_) {
        texts_.budget().reserve(bytes - accounted_bytes_);
        accounted_bytes_ = bytes;
    }
}

void KeyTable::grow() {
    entries_.assign(entries_.size() * 2, Entry{0, kFree});
    const std::size_t mask = entries_.size() - 1;
    for (std::size_t i = 0; i < count_; ++i) {
        std::size_t at = hashes_[i] & mask;
        while (entries_[at].number != kFree) at = (at + 1) & mask;
        entries_[at] = {hashes_[i], static_cast<std::uint32_t>(i)};
    }
    account();
}

/// Finds the key for which `equal(number)` holds, or adds the values that `get(column)` gives.
template <class Equal, class Get>
bool KeyTable::place(std::uint64_t hash, Equal equal, Get get, std::uint32_t& number) {
    std::size_t mask = entries_.size() - 1;
    std::size_t at = hash & mask;
    while (entries_[at].number != kFree) {
        if (entries_[at].hash == hash && equal(entries_[at].number)) {
            number = entries_[at].number;
            return true;
        }
        at = (at + 1) & mask;
    }
    if ((count_ + 1) * 2 > entries_.size()) {
        grow();
        if (texts_.budget().exhausted()) return false;
        mask = entries_.size() - 1;
        at = hash & mask;
        while (entries_[at].number != kFree) at = (at + 1) & mask;
    }
    const std::size_t first = keys_.size();
    for (std::size_t column = 0; column < width_; ++column) {
        Value value = canonical(get(column));
        if (!value.text.empty()) {
            char* text = texts_.try_text(value.text.size());
            if (text == nullptr) {
                keys_.resize(first);
                return false;
            }
            std::memcpy(text, value.text.data(), value.text.size());
            value.text = {text, value.text.size()};
        }
        keys_.push_back(value);
    }
    hashes_.push_back(hash);
    number = static_cast<std::uint32_t>(count_++);
    entries_[at] = {hash, number};
    return true;
}

bool KeyTable::number_rows(EvalContext& context, std::span<const Vector* const> columns,
                           std::uint32_t* numbers) {
    const std::size_t rows = context.rows;
    auto* hashes = context.arena.array<std::uint64_t>(rows);
    std::fill(hashes, hashes + rows, kMixC);
    for (const Vector* column : columns) {
        const std::string_view* texts =
            column->is_uniform(Kind::kText) ? column->text_array() : nullptr;
        if (texts != nullptr && column->present_bytes() == nullptr) {
            for (std::size_t i = 0; i < rows; ++i)
                hashes[i] = combine(hashes[i], hash_text(texts[i]));
        } else if (texts != nullptr) {
            const std::uint8_t* present = column->present_bytes();
            for (std::size_t i = 0; i < rows; ++i) {
                hashes[i] = combine(hashes[i], present[i] != 0 ? hash_text(texts[i]) : kMixB);
            }
        } else if (column->is_constant()) {
            const std::uint64_t hash = hash_canonical(canonical(column->constant_value()));
            for (std::size_t i = 0; i < rows; ++i) hashes[i] = combine(hashes[i], hash);
        } else {
            for (std::size_t i = 0; i < rows; ++i) {
                hashes[i] = combine(hashes[i], hash_canonical(canonical(column->at(i))));
            }
        }
    }
    bool fits = true;
    for (std::size_t i = 0; i < rows && fits; ++i) {
        const auto get = [&](std::size_t column) { return columns[column]->at(i); };
        const auto equal = [&](std::uint32_t number) {
            const Value* key = keys_.data() + number * width_;
            for (std::size_t c = 0; c < width_; ++c) {
                const Vector* column = columns[c];
                if (column->is_uniform(Kind::kText) && column->present(i)) {
                    if (key[c].kind != Kind::kText || key[c].text != column->text_array()[i]) {
                        return false;
                    }
                } else if (!equal_canonical(key[c], canonical(column->at(i)))) {
                    return false;
                }
            }
            return true;
        };
        fits = place(hashes[i], equal, get, numbers[i]);
    }
    account();
    return fits && !texts_.budget().exhausted();
}

bool KeyTable::number_keys(const KeyTable& other, std::vector<std::uint32_t>& numbers) {
    numbers.resize(other.count_);
    bool fits = true;
    for (std::size_t i = 0; i < other.count_ && fits; ++i) {
        const auto get = [&](std::size_t column) { return other.at(i, column); };
        const auto equal = [&](std::uint32_t number) {
            for (std::size_t c = 0; c < width_; ++c) {
                if (!equal_canonical(at(number, c), other.at(i, c))) return false;
            }
            return true;
        };
        fits = place(other.hashes_[i], equal, get, numbers[i]);
    }
    account();
    return fits && !texts_.budget().exhausted();
}

}  // namespace sky::insights
