// SPDX-License-Identifier: Apache-2.0
#include "columnar/vector.h"

#include <array>
#include <cstring>

#include "columnar/decimal.h"

namespace sky::columnar {
namespace {

/// The value as a number; false when it is none.
bool number_of(const Value& value, ParsedNumber& out) {
    switch (value.kind) {
        case Kind::kMissing:
            return false;
        case Kind::kText:
        case Kind::kJson:
            return parse_number(value.text, out);
        case Kind::kNumber:
            out = {value.number, 0, kNoScale};
            // A literal's spelling is the exact decimal that the user meant.
            if (!value.text.empty()) {
                ParsedNumber spelled;
                if (parse_number(value.text, spelled) && spelled.value == value.number) {
                    out = spelled;
                }
            }
            return true;
        case Kind::kBoolean:
        case Kind::kTimestamp:
            out = {static_cast<double>(value.integer), value.integer, 0};
            return true;
    }
    return false;
}

std::string_view copied(std::string_view text, char*& at) {
    if (text.empty()) return text.substr(0, 0);
    std::memcpy(at, text.data(), text.size());
    const std::string_view out(at, text.size());
    at += text.size();
    return out;
}

}  // namespace

const Vector* Vector::constant(Arena& arena, std::size_t size, const Value& value) {
    Vector* const out = ::new (arena.array<Vector>(1)) Vector();
    out->form_ = Form::kConstant;
    out->kind_ = value.kind;
    out->size_ = size;
    out->values_ = arena.make<Value>(value);
    return out;
}

const Vector* Vector::texts(Arena& arena, std::size_t size, const std::string_view* texts,
                            const std::uint8_t* present, Kind kind) {
    SKY_DCHECK(kind == Kind::kText || kind == Kind::kJson, "only these two are kept as text");
    Vector* const out = ::new (arena.array<Vector>(1)) Vector();
    out->form_ = Form::kUniform;
    out->kind_ = kind;
    out->size_ = size;
    out->present_ = present;
    out->texts_ = texts;
    return out;
}

const Vector* Vector::coded_texts(Arena& arena, std::size_t size, const std::uint32_t* codes,
                                  const TextDictionary* dictionary, const std::uint8_t* present) {
    auto* const out = const_cast<Vector*>(texts(arena, size, nullptr, present));
    out->codes_ = codes;
    out->dictionary_ = dictionary;
    out->arena_ = &arena;
    return out;
}

const Vector* Vector::coded_texts(Arena& arena, std::size_t size, const std::uint16_t* codes,
                                  const TextDictionary* dictionary, const std::uint8_t* present) {
    auto* const out = const_cast<Vector*>(texts(arena, size, nullptr, present));
    out->narrow_ = codes;
    out->dictionary_ = dictionary;
    out->arena_ = &arena;
    return out;
}

void Vector::widen() const {
    auto* const wide = arena_->array<std::uint32_t>(size_);
    for (std::size_t row = 0; row < size_; ++row) wide[row] = narrow_[row];
    codes_ = wide;
}

const Vector* Vector::decimal_texts(Arena& arena, std::size_t size, const std::int64_t* scaled,
                                    std::int8_t scale, const std::uint8_t* present) {
    SKY_DCHECK(scale >= 0 && scale <= kScaleMax, "the scales that power_of_ten knows");
    auto* const out = const_cast<Vector*>(texts(arena, size, nullptr, present));
    out->decimals_ = scaled;
    out->decimal_scale_ = scale;
    out->arena_ = &arena;
    return out;
}

void Vector::make_texts() const {
    auto* const made = arena_->array<std::string_view>(size_);
    if (dictionary_ != nullptr) {
        const std::string_view* const entries = dictionary_->entries.data();
        for (std::size_t row = 0; row < size_; ++row) made[row] = entries[code(row)];
    } else {
        char* at = arena_->array<char>(size_ * kDecimalTextMax);
        for (std::size_t row = 0; row < size_; ++row) {
            made[row] = decimal_text(decimals_[row], decimal_scale_, at);
            at += made[row].size();
        }
    }
    texts_ = made;
}

const Vector* Vector::numbers(Arena& arena, std::size_t size, const double* numbers,
                              const std::uint8_t* present) {
    Vector* const out = ::new (arena.array<Vector>(1)) Vector();
    out->form_ = Form::kUniform;
    out->kind_ = Kind::kNumber;
    out->size_ = size;
    out->present_ = present;
    out->numbers_ = numbers;
    return out;
}

const Vector* Vector::booleans(Arena& arena, std::size_t size, const std::uint8_t* booleans,
                               const std::uint8_t* present) {
    Vector* const out = ::new (arena.array<Vector>(1)) Vector();
    out->form_ = Form::kUniform;
    out->kind_ = Kind::kBoolean;
    out->size_ = size;
    out->present_ = present;
    out->booleans_ = booleans;
    return out;
}

const Vector* Vector::timestamps(Arena& arena, std::size_t size, const std::int64_t* unix_ms,
                                 const std::uint8_t* present) {
    Vector* const out = ::new (arena.array<Vector>(1)) Vector();
    out->form_ = Form::kUniform;
    out->kind_ = Kind::kTimestamp;
    out->size_ = size;
    out->present_ = present;
    out->timestamps_ = unix_ms;
    return out;
}

const Vector* Vector::mixed(Arena& arena, std::size_t size, const Value* values) {
    Vector* const out = ::new (arena.array<Vector>(1)) Vector();
    out->form_ = Form::kMixed;
    out->size_ = size;
    out->values_ = values;
    return out;
}

const Vector* Vector::from_values(Arena& arena, std::size_t size, const Value* values) {
    Kind kind = Kind::kMissing;
    bool any_missing = false;
    for (std::size_t row = 0; row < size; ++row) {
        const Value& value = values[row];
        if (!value.present()) {
            any_missing = true;
            continue;
        }
        const bool is_text = value.kind == Kind::kText || value.kind == Kind::kJson;
        const bool spelled = !is_text && !value.text.empty();
        if (spelled || (kind != Kind::kMissing && kind != value.kind)) {
            return mixed(arena, size, values);
        }
        kind = value.kind;
    }
    if (kind == Kind::kMissing) return missing(arena, size);
    std::uint8_t* present = nullptr;
    if (any_missing) {
        present = arena.array<std::uint8_t>(size);
        for (std::size_t row = 0; row < size; ++row) present[row] = values[row].present() ? 1 : 0;
    }
    const auto column = [&]<class T>(T (*of)(const Value&)) {
        T* const out = arena.array<T>(size);
        for (std::size_t row = 0; row < size; ++row) {
            out[row] = values[row].present() ? of(values[row]) : T{};
        }
        return out;
    };
    switch (kind) {
        case Kind::kNumber:
            return numbers(arena, size, column(+[](const Value& v) { return v.number; }), present);
        case Kind::kBoolean:
            return booleans(arena, size, column(+[](const Value& v) {
                                return static_cast<std::uint8_t>(v.integer);
                            }),
                            present);
        case Kind::kTimestamp:
            return timestamps(arena, size, column(+[](const Value& v) { return v.integer; }),
                              present);
        default:
            return texts(arena, size, column(+[](const Value& v) { return v.text; }), present,
                         kind);
    }
}

Value Vector::at(std::size_t row) const {
    SKY_DCHECK(row < size_, "rows are counted from 0");
    if (form_ == Form::kConstant) return values_[0];
    if (form_ == Form::kMixed) return values_[row];
    if (present_ != nullptr && present_[row] == 0) return Value::missing();
    switch (kind_) {
        case Kind::kMissing:
            break;
        case Kind::kText:
            if (dictionary_ != nullptr) return Value::of_text(dictionary_->entries[code(row)]);
            return Value::of_text(text_array()[row]);
        case Kind::kJson:
            return Value::of_json(texts_[row]);
        case Kind::kNumber:
            return Value::of_number(numbers_[row]);
        case Kind::kBoolean:
            return Value::of_boolean(booleans_[row] != 0);
        case Kind::kTimestamp:
            return Value::of_timestamp(timestamps_[row]);
    }
    return Value::missing();
}

const NumericView& Vector::numeric(Arena& arena) const {
    if (numeric_ != nullptr) return *numeric_;
    const bool constant = form_ == Form::kConstant;
    const std::size_t rows = constant ? 1 : size_;
    auto* const view = arena.make<NumericView>();
    view->mask = constant ? 0 : ~std::size_t{0};
    if (is_uniform(Kind::kNumber)) {
        if (present_ == nullptr) {
            *view = {numbers_, nullptr, nullptr, nullptr, view->mask};
        } else {
            auto* const values = arena.array<double>(rows);
            for (std::size_t row = 0; row < rows; ++row) {
                values[row] = present_[row] != 0 ? numbers_[row] : 0;
            }
            *view = {values, present_, nullptr, nullptr, view->mask};
        }
        numeric_ = view;
        return *view;
    }
    if (dictionary_ != nullptr || decimals_ != nullptr) {
        numeric_ = dictionary_ != nullptr ? numeric_of_codes(arena) : numeric_of_decimals(arena);
        if (numeric_ != nullptr) return *numeric_;
    }
    auto* const values = arena.array<double>(rows);
    auto* const valid = arena.array<std::uint8_t>(rows);
    auto* const scaled = arena.array<std::int64_t>(rows);
    auto* const scale = arena.array<std::int8_t>(rows);
    ParsedNumber parsed;
    if (is_text()) {
        text_array();
        for (std::size_t row = 0; row < rows; ++row) {
            const bool is_number =
                (present_ == nullptr || present_[row] != 0) && parse_number(texts_[row], parsed);
            if (!is_number) parsed = {0, 0, kNoScale};
            values[row] = parsed.value;
            valid[row] = is_number ? 1 : 0;
            scaled[row] = parsed.scaled;
            scale[row] = parsed.scale;
        }
    } else {
        for (std::size_t row = 0; row < rows; ++row) {
            const bool is_number = number_of(constant ? values_[0] : at(row), parsed);
            if (!is_number) parsed = {0, 0, kNoScale};
            values[row] = parsed.value;
            valid[row] = is_number ? 1 : 0;
            scaled[row] = parsed.scaled;
            scale[row] = parsed.scale;
        }
    }
    view->values = values;
    view->valid = valid;
    view->scaled = scaled;
    view->scale = scale;
    numeric_ = view;
    return *view;
}

/// Each entry is read once; null where there are more of them than rows.
const NumericView* Vector::numeric_of_codes(Arena& arena) const {
    const std::span<const std::string_view> entries = dictionary_->entries;
    if (entries.size() > size_) return nullptr;
    auto* const parsed = arena.array<ParsedNumber>(entries.size());
    auto* const is_number = arena.array<std::uint8_t>(entries.size());
    for (std::size_t i = 0; i < entries.size(); ++i) {
        is_number[i] = parse_number(entries[i], parsed[i]) ? 1 : 0;
        if (is_number[i] == 0) parsed[i] = {0, 0, kNoScale};
    }
    auto* const values = arena.array<double>(size_);
    auto* const valid = arena.array<std::uint8_t>(size_);
    auto* const scaled = arena.array<std::int64_t>(size_);
    auto* const scale = arena.array<std::int8_t>(size_);
    for (std::size_t row = 0; row < size_; ++row) {
        const ParsedNumber& entry = parsed[code(row)];
        const bool taken = is_number[code(row)] != 0 && (present_ == nullptr || present_[row] != 0);
        values[row] = taken ? entry.value : 0;
        valid[row] = taken ? 1 : 0;
        scaled[row] = taken ? entry.scaled : 0;
        scale[row] = taken ? entry.scale : kNoScale;
    }
    return arena.make<NumericView>(NumericView{values, valid, scaled, scale, ~std::size_t{0}});
}

/// Null where a double cannot hold some scaled integer: then the quotient is not the nearest one.
const NumericView* Vector::numeric_of_decimals(Arena& arena) const {
    constexpr std::int64_t kExactMax = std::int64_t{1} << 53;
    bool exact = true;
    for (std::size_t row = 0; row < size_; ++row) {
        exact = exact && decimals_[row] <= kExactMax && decimals_[row] >= -kExactMax;
    }
    if (!exact) return nullptr;
    // Both are exact doubles (of 10^18 only the 42 bits of 5^18 count), so one division rounds
    // once.
    const auto divisor = static_cast<double>(power_of_ten(decimal_scale_));
    auto* const values = arena.array<double>(size_);
    for (std::size_t row = 0; row < size_; ++row) {
        values[row] = static_cast<double>(decimals_[row]) / divisor;
    }
    for (std::size_t row = 0; present_ != nullptr && row < size_; ++row) {
        if (present_[row] == 0) values[row] = 0;
    }
    auto* const scale = arena.array<std::int8_t>(size_);
    std::memset(scale, decimal_scale_, size_);
    return arena.make<NumericView>(
        NumericView{values, present_, decimals_, scale, ~std::size_t{0}});
}

const Vector* Vector::gather(Arena& arena, std::span<const std::uint32_t> rows) const {
    const std::size_t count = rows.size();
    if (form_ == Form::kConstant) return constant(arena, count, values_[0]);
    const auto pick = [&]<class T>(const T* from) {
        T* const to = arena.array<T>(count);
        for (std::size_t i = 0; i < count; ++i) to[i] = from[rows[i]];
        return to;
    };
    if (form_ == Form::kMixed) return mixed(arena, count, pick(values_));
    const std::uint8_t* const present_out = present_ == nullptr ? nullptr : pick(present_);
    Vector* out = nullptr;
    if (narrow_ != nullptr) {
        return coded_texts(arena, count, pick(narrow_), dictionary_, present_out);
    }
    if (codes_ != nullptr) {
        return coded_texts(arena, count, pick(codes_), dictionary_, present_out);
    }
    if (decimals_ != nullptr) {
        return decimal_texts(arena, count, pick(decimals_), decimal_scale_, present_out);
    }
    if (texts_ != nullptr) {
        out = const_cast<Vector*>(texts(arena, count, pick(texts_), present_out, kind_));
    } else if (numbers_ != nullptr) {
        out = const_cast<Vector*>(numbers(arena, count, pick(numbers_), present_out));
    } else if (booleans_ != nullptr) {
        out = const_cast<Vector*>(booleans(arena, count, pick(booleans_), present_out));
    } else {
        out = const_cast<Vector*>(timestamps(arena, count, pick(timestamps_), present_out));
    }
    // A column already read as numbers is not parsed again.
    if (numeric_ != nullptr && numeric_->scaled != nullptr) {
        auto* const view = arena.make<NumericView>();
        *view = {pick(numeric_->values), pick(numeric_->valid), pick(numeric_->scaled),
                 pick(numeric_->scale), numeric_->mask};
        out->numeric_ = view;
    }
    return out;
}

const Vector* Vector::copy_into(Arena& arena) const {
    const auto clone = [&]<class T>(const T* from) -> const T* {
        if (from == nullptr || size_ == 0) return from;
        T* const to = arena.array<T>(size_);
        std::memcpy(static_cast<void*>(to), from, size_ * sizeof(T));
        return to;
    };
    if (form_ == Form::kConstant || form_ == Form::kMixed) {
        const std::size_t rows = form_ == Form::kConstant ? 1 : size_;
        std::size_t bytes = 0;
        for (std::size_t row = 0; row < rows; ++row) bytes += values_[row].text.size();
        char* at = arena.try_text(bytes);
        if (at == nullptr) return nullptr;
        Value* const values = arena.array<Value>(rows);
        for (std::size_t row = 0; row < rows; ++row) {
            values[row] = values_[row];
            values[row].text = copied(values_[row].text, at);
        }
        return form_ == Form::kConstant ? constant(arena, size_, values[0])
                                        : mixed(arena, size_, values);
    }
    const std::uint8_t* const present_out = clone(present_);
    if (numbers_ != nullptr) return numbers(arena, size_, clone(numbers_), present_out);
    if (booleans_ != nullptr) return booleans(arena, size_, clone(booleans_), present_out);
    if (timestamps_ != nullptr) return timestamps(arena, size_, clone(timestamps_), present_out);
    std::size_t bytes = 0;
    text_array();
    for (std::size_t row = 0; row < size_; ++row) {
        if (present(row)) bytes += texts_[row].size();
    }
    char* at = arena.try_text(bytes);
    if (at == nullptr) return nullptr;
    auto* const texts_out = arena.array<std::string_view>(size_);
    for (std::size_t row = 0; row < size_; ++row) {
        texts_out[row] = present(row) ? copied(texts_[row], at) : std::string_view();
    }
    return texts(arena, size_, texts_out, present_out, kind_);
}

}  // namespace sky::columnar
