// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/insights/functions/render.h - values as text, by logs-insights-ql.md 10.

#include <cstdint>
#include <string>
#include <string_view>

#include "insights/functions/table.h"

namespace sky::insights {

/// Enough for any finite double: 309 digits, sign, point, 4 decimals.
constexpr std::size_t kNumberTextMax = 320;

/// At most 4 decimals (half-even on the double's exact value), no trailing zeros, no exponent, "0"
/// for what rounds to zero. `buffer` has kNumberTextMax bytes; the answer points into it.
std::string_view render_number(double number, char* buffer);

enum class TimestampStyle : std::uint8_t {
    kQuery,       // "2021-10-30 19:10:00.000", GetQueryResults.
    kEpochMillis  // "1635621000000", GetLogRecord.
};
/// Appends the text of a present value. A boolean is 1 or 0 unless it carries a spelling (JSON's
/// true and false).
void append_rendered(const Value& value, std::string& out,
                     TimestampStyle style = TimestampStyle::kQuery);
std::string render(const Value& value);

/// The whole column as text, row by row (texts as they are, the rest rendered as above). `texts`
/// has an entry a row, one for a constant (index with row & mask).
struct TextView {
    const std::string_view* texts;
    const std::uint8_t* present;  // Null: none is missing.
    std::size_t mask;
    bool is_present(std::size_t row) const {
        return present == nullptr || present[row & mask] != 0;
    }
    std::string_view operator[](std::size_t row) const { return texts[row & mask]; }
};
TextView as_text(EvalContext& context, const Vector* vector);

}  // namespace sky::insights
