// SPDX-License-Identifier: Apache-2.0
#include "insights/functions/order.h"

#include "columnar/decimal.h"
#include "insights/functions/render.h"

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
    // Run by run, of digits or of anything else (logs-insights-ql.md 6.5): "a" comes before "a!",
    // so "a1" does.
    const auto run_end = [](std::string_view text, std::size_t begin) {
        std::size_t end = begin + 1;
        while (end < text.size() && is_digit(text[end]) == is_digit(text[begin])) ++end;
        return end;
    };
    std::size_t i = 0;
    std::size_t j = 0;
    while (i < a.size() && j < b.size()) {
        const std::string_view x = a.substr(i, run_end(a, i) - i);
        const std::string_view y = b.substr(j, run_end(b, j) - j);
        if (is_digit(x[0]) && is_digit(y[0]) && x.size() != y.size()) {
            return x.size() < y.size() ? -1 : 1;
        }
        // UTF-8 bytes order as their code points do.
        if (const int order = x.compare(y); order != 0) return sign(order);
        i += x.size();
        j += y.size();
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
    if (is_text(a) != is_text(b)) {
        // A computed 2 and the text 2 are a tie; 2 and 2.0 are as 1 and 01 are.
        return is_text(a) ? sign(a.text.compare(render(b))) : -sign(b.text.compare(render(a)));
    }
    if (!is_text(a)) return 0;
    if (columnar::is_plain_integer(a.text) && columnar::is_plain_integer(b.text)) {
        const int order = columnar::compare_plain_integers(a.text, b.text);
        if (order != 0) return order;
    }
    return sign(a.text.compare(b.text));
}

}  // namespace sky::insights
