// SPDX-License-Identifier: Apache-2.0
#include "insights/exec/value_dictionary.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>
#include <numeric>
#include <optional>

#include "insights/functions/order.h"
#include "insights/functions/render.h"

namespace sky::insights {
namespace {

constexpr std::uint64_t kMixA = 0x9E3779B97F4A7C15ULL;
constexpr std::uint64_t kMixB = 0xD6E8FEB86659FD93ULL;
constexpr std::uint64_t kMixC = 0xA0761D6478BD642FULL;

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
        hash = mix_hash(load<std::uint64_t>(at) ^ kMixB, load<std::uint64_t>(at + 8) ^ hash);
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
    return mix_hash(a ^ kMixC, b ^ hash);
}

/// The one spelling of equal values.
Value canonical(const Value& value) {
    switch (value.kind) {
        case Kind::kJson:
            return Value::of_text(value.text);
        case Kind::kNumber:
            if (!value.text.empty()) return Value::of_text(value.text);
            return Value::of_number(value.number == 0 ? 0.0 : value.number);
        case Kind::kBoolean:
            // A boolean that an event spells shows as its text does: one group, not two alike.
            return value.text.empty() ? value : Value::of_text(value.text);
        default:
            return value;
    }
}

std::uint64_t bits_of(const Value& value) {
    return value.kind == Kind::kNumber ? std::bit_cast<std::uint64_t>(value.number)
                                       : static_cast<std::uint64_t>(value.integer);
}

std::uint64_t hash_canonical(const Value& value) {
    if (value.kind == Kind::kMissing) return kMixB;
    if (value.kind == Kind::kText) return hash_text(value.text);
    return mix_hash(bits_of(value) ^ kMixB, kMixC + static_cast<std::uint64_t>(value.kind));
}

bool equal_canonical(const Value& a, const Value& b) {
    if (a.kind != b.kind) return false;
    if (a.kind == Kind::kMissing) return true;
    if (a.kind == Kind::kText) return a.text == b.text;
    return bits_of(a) == bits_of(b) && a.text == b.text;
}

/// Numbers and booleans that the query made: an event's have their text.
bool is_computed(const Value& canonical) {
    return canonical.kind == Kind::kNumber || canonical.kind == Kind::kBoolean;
}

/// The value that the query may make and that shows as the text does.
std::optional<Value> computed_like(std::string_view text) {
    if (text == "true" || text == "false") return Value::of_boolean(text == "true");
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    const Value value = canonical(Value::of_number(number));
    if (render(value) != text) return std::nullopt;
    return value;
}

bool shows_alike(const Value& a, const Value& b) {
    if (a.kind == Kind::kText) return is_computed(b) && render(b) == a.text;
    return b.kind == Kind::kText && is_computed(a) && render(a) == b.text;
}

}  // namespace

ValueDictionary::ValueDictionary(columnar::MemoryBudget& budget)
    : texts_(budget, kFirstTextBytes), entries_(64, Entry{0, kFree}) {
    account();
}

ValueDictionary::~ValueDictionary() { texts_.budget().release(accounted_bytes_); }

void ValueDictionary::settle() {
    entries_ = {};
    entry_codes_ = {};
    entries_id_ = 0;
    values_.shrink_to_fit();
    texts_.budget().release(accounted_bytes_);
    accounted_bytes_ = 0;
    account();
}

void ValueDictionary::account() {
    const std::uint64_t bytes = values_.capacity() * sizeof(Value) +
                                entries_.capacity() * sizeof(Entry) +
                                entry_codes_.capacity() * sizeof(std::uint32_t);
    if (bytes > accounted_bytes_) {
        texts_.budget().reserve(bytes - accounted_bytes_);
        accounted_bytes_ = bytes;
    }
}

void ValueDictionary::grow() {
    entries_.assign(entries_.size() * 2, Entry{0, kFree});
    others_ = 0;  // They are found again when they come.
    const std::size_t mask = entries_.size() - 1;
    for (std::size_t i = 0; i < values_.size(); ++i) {
        const std::uint64_t hash = hash_canonical(values_[i]);
        std::size_t at = hash & mask;
        while (entries_[at].code != kFree) at = (at + 1) & mask;
        entries_[at] = {static_cast<std::uint32_t>(hash >> 32), static_cast<std::uint32_t>(i)};
    }
    account();
}

/// A text and a computed value that show alike are one: who came first stays.
bool ValueDictionary::find_alike(const Value& value, std::uint32_t& code) const {
    std::optional<Value> other;
    std::string text;
    if (value.kind == Kind::kText && has_computed_) {
        other = computed_like(value.text);
    } else if (is_computed(value) && has_texts_) {
        text = render(value);
        other = Value::of_text(text);
    }
    if (!other) return false;
    const std::uint64_t hash = hash_canonical(*other);
    const std::size_t mask = entries_.size() - 1;
    for (std::size_t at = hash & mask; entries_[at].code != kFree; at = (at + 1) & mask) {
        if (entries_[at].tag != static_cast<std::uint32_t>(hash >> 32) ||
            !equal_canonical(values_[entries_[at].code], *other))
            continue;
        code = entries_[at].code;
        return true;
    }
    return false;
}

bool ValueDictionary::add(Value value, std::uint64_t hash, std::size_t at, std::uint32_t& code) {
    if ((values_.size() + others_ + 1) * 2 > entries_.size()) {
        grow();
        if (texts_.budget().exhausted()) return false;
        const std::size_t mask = entries_.size() - 1;
        at = hash & mask;
        while (entries_[at].code != kFree) at = (at + 1) & mask;
    }
    if (find_alike(value, code)) {
        entries_[at] = {static_cast<std::uint32_t>(hash >> 32), code};
        ++others_;
        return true;
    }
    has_texts_ |= value.kind == Kind::kText;
    has_computed_ |= is_computed(value);
    if (value.text.empty()) {
        value.text = {};
    } else {
        char* text = texts_.try_text(value.text.size());
        if (text == nullptr) return false;
        std::memcpy(text, value.text.data(), value.text.size());
        value.text = {text, value.text.size()};
    }
    code = static_cast<std::uint32_t>(values_.size());
    values_.push_back(value);
    entries_[at] = {static_cast<std::uint32_t>(hash >> 32), code};
    return true;
}

bool ValueDictionary::find_text(std::string_view text, std::uint32_t& code) {
    const std::uint64_t hash = hash_text(text);
    const auto tag = static_cast<std::uint32_t>(hash >> 32);
    const std::size_t mask = entries_.size() - 1;
    std::size_t at = hash & mask;
    for (; entries_[at].code != kFree; at = (at + 1) & mask) {
        if (entries_[at].tag != tag) continue;
        const Value& held = values_[entries_[at].code];
        if (held.kind == Kind::kText ? held.text == text
                                     : shows_alike(held, Value::of_text(text))) {
            code = entries_[at].code;
            return true;
        }
    }
    return add(Value::of_text(text), hash, at, code);
}

bool ValueDictionary::find(const Value& value, std::uint64_t hash, std::uint32_t& code) {
    const auto tag = static_cast<std::uint32_t>(hash >> 32);
    const std::size_t mask = entries_.size() - 1;
    std::size_t at = hash & mask;
    for (; entries_[at].code != kFree; at = (at + 1) & mask) {
        if (entries_[at].tag != tag) continue;
        const Value& held = values_[entries_[at].code];
        if (equal_canonical(held, value) || shows_alike(held, value)) {
            code = entries_[at].code;
            return true;
        }
    }
    return add(value, hash, at, code);
}

bool ValueDictionary::code_of(const Value& value, std::uint32_t& code) {
    const Value one = canonical(value);
    const bool found = find(one, hash_canonical(one), code);
    account();
    return found;
}

/// Each text of the column's dictionary is looked up once, when a row has it.
template <class Code>
bool ValueDictionary::code_entries(EvalContext& context, const Vector& column, const Code* from,
                                   std::uint32_t* codes) {
    const columnar::TextDictionary& dictionary = *column.dictionary();
    if (dictionary.id == 0 || dictionary.id != entries_id_) {
        entry_codes_.assign(dictionary.entries.size(), kFree);
        entries_id_ = dictionary.id;
        entries_left_ = dictionary.entries.size();
    }
    const std::uint8_t* const present = column.present_bytes();
    if (present == nullptr) {
        // Mostly all texts have been met; without branches that is soon seen.
        const std::uint32_t* const known = entry_codes_.data();
        std::uint32_t greatest = 0;
        for (std::size_t i = 0; i < context.rows; ++i) {
            codes[i] = known[from[i]];
            greatest = std::max(greatest, codes[i]);
        }
        if (greatest != kFree) return true;
    }
    bool fits = true;
    for (std::size_t i = 0; i < context.rows && fits; ++i) {
        if (present != nullptr && present[i] == 0) {
            fits = find(Value::missing(), kMixB, codes[i]);
            continue;
        }
        std::uint32_t& code = entry_codes_[from[i]];
        if (code == kFree) {
            fits = find_text(dictionary.entries[from[i]], code);
            --entries_left_;
        }
        codes[i] = code;
    }
    return fits;
}

bool ValueDictionary::code_rows(EvalContext& context, const Vector& column, std::uint32_t* codes) {
    const std::size_t rows = context.rows;
    bool fits = true;
    if (column.is_constant()) {
        std::uint32_t code = 0;
        fits = code_of(column.constant_value(), code);
        std::fill(codes, codes + rows, code);
    } else if (column.dictionary() != nullptr &&
               (column.dictionary()->id != 0 || column.dictionary()->entries.size() <= rows)) {
        fits = column.narrow_codes() != nullptr
                   ? code_entries(context, column, column.narrow_codes(), codes)
                   : code_entries(context, column, column.codes(), codes);
    } else if (column.is_uniform(Kind::kTimestamp) && column.present_bytes() == nullptr) {
        // Times come in runs.
        const std::int64_t* const times = column.timestamp_array();
        for (std::size_t begin = 0; begin < rows && fits;) {
            const Value value = Value::of_timestamp(times[begin]);
            std::uint32_t code = 0;
            fits = find(value, hash_canonical(value), code);
            std::size_t end = begin + 1;
            while (end < rows && times[end] == times[begin]) ++end;
            std::fill(codes + begin, codes + end, code);
            begin = end;
        }
    } else if (column.is_uniform(Kind::kText)) {
        const std::string_view* texts = column.text_array();
        for (std::size_t i = 0; i < rows && fits; ++i) {
            if (column.present(i)) {
                fits = find_text(texts[i], codes[i]);
            } else {
                fits = find(Value::missing(), kMixB, codes[i]);
            }
        }
    } else {
        Value last;
        for (std::size_t i = 0; i < rows && fits; ++i) {
            const Value value = canonical(column.at(i));
            if (i > 0 && equal_canonical(value, last)) {
                codes[i] = codes[i - 1];
            } else {
                fits = find(value, hash_canonical(value), codes[i]);
                last = value;
            }
        }
    }
    account();
    return fits && !texts_.budget().exhausted();
}

std::uint64_t ValueDictionary::hash_of(const Value& value) {
    const Value one = canonical(value);
    return is_computed(one) ? hash_text(render(one)) : hash_canonical(one);
}

int ValueDictionary::compare_ranks(const Value& a, const Value& b) {
    if (const int compared = compare_order(a, b); compared != 0) return compared;
    // Different values that sort alike: any fixed rule.
    if (a.kind != b.kind) return a.kind < b.kind ? -1 : 1;
    if (a.text != b.text) return a.text < b.text ? -1 : 1;
    if (a.kind == Kind::kText || bits_of(a) == bits_of(b)) return 0;
    return bits_of(a) < bits_of(b) ? -1 : 1;
}

std::vector<std::uint32_t> ValueDictionary::ranks() const {
    std::vector<std::uint32_t> order(values_.size());
    std::iota(order.begin(), order.end(), 0U);
    std::sort(order.begin(), order.end(), [&](std::uint32_t left, std::uint32_t right) {
        return compare_ranks(values_[left], values_[right]) < 0;
    });
    std::vector<std::uint32_t> ranks(values_.size());
    for (std::uint32_t i = 0; i < order.size(); ++i) ranks[order[i]] = i;
    return ranks;
}

}  // namespace sky::insights
