// SPDX-License-Identifier: Apache-2.0
#include "insights/functions/order.h"

#include "columnar/decimal.h"

namespace sky::insights {
namespace {

using columnar::ParsedNumber;

constexpr bool is_digit(char c) { return static_cast<unsigned char>(c - '0') < 10; }

int sign(int order) { return order < 0 ? -1 : order > 0 ? 1 : 0; }

enum class Rank : std::uint8_t { kMissing, kText, kNumber };

Rank rank_of(const Value& value, ParsedNumber& number) {
    switch (value.kind) {
        case Kind::kMissing:
            return Rank::kMissing;
        case Kind::kText:
        case Kind::kJson:
            return columnar::parse_number(value.text, number) ? Rank::kNumber : Rank::kText;
        case Kind::kNumber:
            number.value = value.number;
            return Rank::kNumber;
        case Kind::kBoolean:
        case Kind::kTimestamp:
            number.value = static_cast<double>(value.integer);
            return Rank::kNumber;
    }
    return Rank::kMissing;
}

bool is_text(const Value& value) { return value.kind == Kind::kText || value.kind == Kind::kJson; }

/// A spelled boolean sorts as the text that it is shown as.
Value as_shown(const Value& value) {
    if (value.kind == Kind::kBoolean && !value.text.empty()) return Value::of_text(value.text);
    return value;
}

}  // namespace

int compare_natural(std::string_view a, std::string_view b) {
    std::size_t i = 0;
    std::size_t j = 0;
    while (i < a.size() && j < b.size()) {
        if (is_digit(a[i]) && is_digit(b[j])) {
            const std::size_t a_begin = i;
            const std::size_t b_begin = j;
            while (i < a.size() && is_digit(a[i])) ++i;
            while (j < b.size() && is_digit(b[j])) ++j;
            if (i - a_begin != j - b_begin) return i - a_begin < j - b_begin ? -1 : 1;
            const int order =
                a.substr(a_begin, i - a_begin).compare(b.substr(b_begin, j - b_begin));
            if (order != 0) return sign(order);
            continue;
        }
        // UTF-8 bytes order as their code points do.
        if (a[i] != b[j]) {
            return static_cast<unsigned char>(a[i]) < static_cast<unsigned char>(b[j]) ? -1 : 1;
        }
        ++i;
        ++j;
    }
    if (i < a.size()) return 1;
    return j < b.size() ? -1 : 0;
}

int compare_order(const Value& left, const Value& right) {
    const Value a = as_shown(left);
    const Value b = as_shown(right);
    ParsedNumber x{};
    ParsedNumber y{};
    const Rank a_rank = rank_of(a, x);
    const Rank b_rank = rank_of(b, y);
    if (a_rank != b_rank) return a_rank < b_rank ? -1 : 1;
    if (a_rank == Rank::kMissing) return 0;
    if (a_rank == Rank::kText) return compare_natural(a.text, b.text);
    if (x.value != y.value) return x.value < y.value ? -1 : 1;
    if (is_text(a) != is_text(b)) return is_text(a) ? 1 : -1;
    if (!is_text(a)) return 0;
    if (columnar::is_plain_integer(a.text) && columnar::is_plain_integer(b.text)) {
        const int order = columnar::compare_plain_integers(a.text, b.text);
        if (order != 0) return order;
    }
    return sign(a.text.compare(b.text));
}

}  // namespace sky::insights
