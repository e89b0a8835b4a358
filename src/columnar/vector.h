// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/columnar/vector.h - one column of a batch: dynamically typed values, kept
              // uniform where they are.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/assert.h"
#include "columnar/arena.h"

namespace sky::columnar {

/// What a value is (logs-insights-ql.md 2). There is no stored null: missing is absent.
enum class Kind : std::uint8_t {
    kMissing,
    kText,       // Parse captures, JSON scalars, string results. May count as a number (section 5).
    kNumber,     // A finite double.
    kBoolean,    // 0 or 1.
    kTimestamp,  // Unix milliseconds.
    kJson,       // MAP or LIST as compact JSON text.
};

/// One value. Text is not owned.
struct Value {
    Kind kind = Kind::kMissing;
    union {
        double number = 0;     // kNumber.
        std::int64_t integer;  // kBoolean, kTimestamp.
    };
    /// kText, kJson. For kNumber the spelling of a literal in the query, for kBoolean that of JSON
    /// ("true"), which it is shown and compared as; or empty.
    std::string_view text;

    static Value missing() { return {}; }
    static Value of_text(std::string_view text) { return make(Kind::kText, text); }
    static Value of_json(std::string_view text) { return make(Kind::kJson, text); }
    static Value of_number(double number, std::string_view spelling = {}) {
        Value out = make(Kind::kNumber, spelling);
        out.number = number;
        return out;
    }
    static Value of_boolean(bool truth) {
        Value out = make(Kind::kBoolean, {});
        out.integer = truth ? 1 : 0;
        return out;
    }
    static Value of_timestamp(std::int64_t unix_ms) {
        Value out = make(Kind::kTimestamp, {});
        out.integer = unix_ms;
        return out;
    }
    bool present() const { return kind != Kind::kMissing; }

private:
    static Value make(Kind kind, std::string_view text) {
        Value out;
        out.kind = kind;
        out.text = text;
        return out;
    }
};

/// A column read as numbers. Rows that are no number have valid[row] = 0 and value 0.
/// A constant column has one entry; index with `row & mask`.
struct NumericView {
    const double* values;
    const std::uint8_t* valid;  // Null: every row is a number.
    /// The exact decimal of each row (columnar/decimal.h): scaled / 10^scale; kNoScale = only the
    /// double. Null together when no row has one (columns of computed numbers).
    const std::int64_t* scaled;
    const std::int8_t* scale;
    std::size_t mask;  // 0 for a constant, all ones otherwise.
    bool is_valid(std::size_t row) const { return valid == nullptr || valid[row & mask] != 0; }
};

/// Texts that many rows share.
struct TextDictionary {
    std::span<const std::string_view> entries;
    /// Two dictionaries of one id have the same entries: what was found out about them holds for
    /// later batches too. 0 = this one is of one batch.
    std::uint64_t id = 0;
};

/// A column of `size()` rows in one of three forms:
///   constant - one Value for all rows;
///   uniform  - every present row has kind(): one typed array and, where rows are missing, a byte a
///              row (1 = present);
///   mixed    - one Value a row (what coalesce, if, case and JSON paths may give).
/// A uniform column of texts may be encoded: codes of a dictionary, or decimals of one scale. It
/// answers everything that a column of texts does; texts are made when first asked for, and who
/// knows the codes or the decimals need not ask.
/// Lives in the arena of its batch, as do the arrays; texts point there or into the batch's own
/// buffers, which outlive it. Immutable but for the cached numeric view, texts and wide codes.
/// Threads: one at a time.
class Vector {
public:
    enum class Form : std::uint8_t { kConstant, kUniform, kMixed };

    // Makers. Arrays have `size` entries, belong to the arena (or outlive it) and are not copied.
    // `present` may be null: no row is missing. Payloads of missing rows are never read.
    static const Vector* constant(Arena& arena, std::size_t size, const Value& value);
    static const Vector* texts(Arena& arena, std::size_t size, const std::string_view* texts,
                               const std::uint8_t* present = nullptr, Kind kind = Kind::kText);
    /// Row i is dictionary->entries[codes[i]].
    static const Vector* coded_texts(Arena& arena, std::size_t size, const std::uint32_t* codes,
                                     const TextDictionary* dictionary,
                                     const std::uint8_t* present = nullptr);
    /// The same with codes of 16 bits; codes() widens them when asked.
    static const Vector* coded_texts(Arena& arena, std::size_t size, const std::uint16_t* codes,
                                     const TextDictionary* dictionary,
                                     const std::uint8_t* present = nullptr);
    /// Row i is scaled[i] / 10^scale, written with all `scale` digits behind the point and no more
    /// before it than it needs: (5, 2) is 0.05, (-1234, 0) is -1234. Scale 0..kScaleMax.
    static const Vector* decimal_texts(Arena& arena, std::size_t size, const std::int64_t* scaled,
                                       std::int8_t scale, const std::uint8_t* present = nullptr);
    static const Vector* numbers(Arena& arena, std::size_t size, const double* numbers,
                                 const std::uint8_t* present = nullptr);
    static const Vector* booleans(Arena& arena, std::size_t size, const std::uint8_t* booleans,
                                  const std::uint8_t* present = nullptr);
    static const Vector* timestamps(Arena& arena, std::size_t size, const std::int64_t* unix_ms,
                                    const std::uint8_t* present = nullptr);
    static const Vector* mixed(Arena& arena, std::size_t size, const Value* values);
    /// Picks the narrowest form that holds the values: uniform where all present ones have one kind
    /// and no spelling is lost. `values` must live as long as the arena.
    static const Vector* from_values(Arena& arena, std::size_t size, const Value* values);
    static const Vector* missing(Arena& arena, std::size_t size) {
        return constant(arena, size, Value::missing());
    }

    std::size_t size() const { return size_; }
    Form form() const { return form_; }
    bool is_constant() const { return form_ == Form::kConstant; }
    /// Kind of every present row of a constant or uniform vector. A mixed one has none.
    Kind kind() const {
        SKY_DCHECK(form_ != Form::kMixed, "mixed vectors have a kind per row");
        return kind_;
    }
    bool is_uniform(Kind kind) const { return form_ == Form::kUniform && kind_ == kind; }

    bool present(std::size_t row) const {
        switch (form_) {
            case Form::kConstant:
                return kind_ != Kind::kMissing;
            case Form::kUniform:
                return present_ == nullptr || present_[row] != 0;
            case Form::kMixed:
                return values_[row].present();
        }
        return false;
    }
    Value at(std::size_t row) const;
    const Value& constant_value() const {
        SKY_DCHECK(is_constant(), "only a constant has one value");
        return values_[0];
    }

    // Raw arrays of the uniform form; null otherwise or for another kind.
    const std::uint8_t* present_bytes() const { return present_; }
    const std::string_view* text_array() const {
        if (texts_ == nullptr && (dictionary_ != nullptr || decimals_ != nullptr)) make_texts();
        return texts_;
    }
    /// Of encoded texts; null otherwise. Codes of missing rows are codes, too.
    const std::uint32_t* codes() const {
        if (codes_ == nullptr && narrow_ != nullptr) widen();
        return codes_;
    }
    /// The same codes where the column was made of such.
    const std::uint16_t* narrow_codes() const { return narrow_; }
    const TextDictionary* dictionary() const { return dictionary_; }
    const std::int64_t* decimals() const { return decimals_; }
    std::int8_t decimal_scale() const { return decimal_scale_; }
    const double* number_array() const { return numbers_; }
    const std::uint8_t* boolean_array() const { return booleans_; }
    const std::int64_t* timestamp_array() const { return timestamps_; }
    const Value* value_array() const { return form_ == Form::kMixed ? values_ : nullptr; }

    /// The column as numbers by the rules of logs-insights-ql.md 5: texts are parsed once per
    /// vector and cached, booleans are 0 and 1, timestamps epoch milliseconds. `arena` is the
    /// batch's.
    const NumericView& numeric(Arena& arena) const;

    /// The rows that `rows` names, in that order. A constant stays one.
    const Vector* gather(Arena& arena, std::span<const std::uint32_t> rows) const;
    /// The same column under another arena, texts included, so that it outlives its batch. Null
    /// when the budget refuses the texts.
    const Vector* copy_into(Arena& arena) const;

private:
    Vector() = default;
    bool is_text() const {
        return form_ == Form::kUniform && (kind_ == Kind::kText || kind_ == Kind::kJson);
    }
    void make_texts() const;
    void widen() const;
    std::size_t code(std::size_t row) const {
        return narrow_ != nullptr ? narrow_[row] : codes_[row];
    }
    const NumericView* numeric_of_codes(Arena& arena) const;
    const NumericView* numeric_of_decimals(Arena& arena) const;
    Form form_ = Form::kConstant;
    Kind kind_ = Kind::kMissing;
    std::size_t size_ = 0;
    const std::uint8_t* present_ = nullptr;
    mutable const std::string_view* texts_ = nullptr;
    mutable const std::uint32_t* codes_ = nullptr;
    const std::uint16_t* narrow_ = nullptr;
    const TextDictionary* dictionary_ = nullptr;
    const std::int64_t* decimals_ = nullptr;
    std::int8_t decimal_scale_ = 0;
    Arena* arena_ = nullptr;  // Of encoded texts: where they will be made.
    const double* numbers_ = nullptr;
    const std::uint8_t* booleans_ = nullptr;
    const std::int64_t* timestamps_ = nullptr;
    const Value* values_ = nullptr;
    mutable const NumericView* numeric_ = nullptr;
};

}  // namespace sky::columnar
