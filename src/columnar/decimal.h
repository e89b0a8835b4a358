// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/columnar/decimal.h - when a text counts as a number, and which one.

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sky::columnar {

/// A number as the query language reads it from text (logs-insights-ql.md 5).
struct ParsedNumber {
    double value;         // Nearest double, ties to even; always finite.
    std::int64_t scaled;  // value = scaled / 10^scale exactly, where scale >= 0.
    std::int8_t scale;    // 0..kScaleMax, or kNoScale when the text has no such form.
};
constexpr std::int8_t kScaleMax = 18;
constexpr std::int8_t kNoScale = -1;

/// Reads `[+-]?digits[.digits][e[+-]digits]`, blanks around it trimmed. False when the text is
/// anything else or the number is beyond the doubles; `out` is then unspecified. The scale is the
/// number of digits after the point as written: "10.10" is (1010, 2).
bool parse_number(std::string_view text, ParsedNumber& out);

/// Whether the text is `[+-]?digits` (blanks around it trimmed).
bool is_plain_integer(std::string_view text);
/// Orders two plain integers of any length: -1, 0, 1.
int compare_plain_integers(std::string_view a, std::string_view b);

/// Bytes of a decimal as text: a sign, 19 digits, a point and a zero before it.
constexpr std::size_t kDecimalTextMax = 22 + kScaleMax;
/// scaled / 10^scale with all `scale` digits behind the point and no more before it than it needs:
/// (5, 2) is 0.05. Written to `out`, which has room for kDecimalTextMax.
std::string_view decimal_text(std::int64_t scaled, std::int8_t scale, char* out);

/// 10^exponent for exponent in 0..18.
std::int64_t power_of_ten(int exponent);

}  // namespace sky::columnar
