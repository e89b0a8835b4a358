// SPDX-License-Identifier: Apache-2.0
#include "insights/functions/render.h"

#include <charconv>
#include <cmath>

#include "base/time.h"

namespace sky::insights {
namespace {

constexpr int kDecimalsMax = 4;  // logs-insights-ql.md 10.
constexpr double kPlainIntegerMax = 1e15;

/// Room for the text of any value but texts; timestamps of any int64 fit too.
std::string_view render_into(const Value& value, char* buffer, std::string& scratch) {
    switch (value.kind) {
        case Kind::kMissing:
            return {};
        case Kind::kText:
        case Kind::kJson:
            return value.text;
        case Kind::kNumber:
            return render_number(value.number, buffer);
        case Kind::kBoolean:
            if (!value.text.empty()) return value.text;
            return value.integer != 0 ? "1" : "0";
        case Kind::kTimestamp:
            scratch = format_query_timestamp(value.integer);
            return scratch;
    }
    return {};
}

}  // namespace

std::string_view render_number(double number, char* buffer) {
    if (std::abs(number) < kPlainIntegerMax && number == std::trunc(number)) {
        const auto whole = static_cast<std::int64_t>(number);  // Also turns -0 into 0.
        const auto [end, error] = std::to_chars(buffer, buffer + kNumberTextMax, whole);
        return {buffer, static_cast<std::size_t>(end - buffer)};
    }
    const auto [fixed_end, error] = std::to_chars(buffer, buffer + kNumberTextMax, number,
                                                  std::chars_format::fixed, kDecimalsMax);
    const char* end = fixed_end;
    while (end[-1] == '0') --end;
    if (end[-1] == '.') --end;
    const std::string_view text(buffer, static_cast<std::size_t>(end - buffer));
    return text == "-0" ? std::string_view("0") : text;
}

void append_rendered(const Value& value, std::string& out, TimestampStyle style) {
    if (value.kind == Kind::kTimestamp && style == TimestampStyle::kEpochMillis) {
        out += std::to_string(value.integer);
        return;
    }
    char buffer[kNumberTextMax];
    std::string scratch;
    out += render_into(value, buffer, scratch);
}

std::string render(const Value& value) {
    std::string out;
    append_rendered(value, out);
    return out;
}

TextView as_text(EvalContext& context, const Vector* vector) {
    constexpr std::size_t kEveryRow = ~std::size_t{0};
    if (vector->is_uniform(Kind::kText) || vector->is_uniform(Kind::kJson)) {
        return {vector->text_array(), vector->present_bytes(), kEveryRow};
    }
    Arena& arena = context.arena;
    const std::size_t rows = vector->is_constant() ? 1 : vector->size();
    auto* const texts = arena.array<std::string_view>(rows);
    auto* const present = arena.array<std::uint8_t>(rows);
    char buffer[kNumberTextMax];
    std::string scratch;
    for (std::size_t row = 0; row < rows; ++row) {
        const Value value = vector->is_constant() ? vector->constant_value() : vector->at(row);
        present[row] = value.present() ? 1 : 0;
        texts[row] = value.text;
        if (!value.present() || value.kind == Kind::kText || value.kind == Kind::kJson) continue;
        // Bounded: at most kNumberTextMax bytes a row.
        const std::string_view rendered = render_into(value, buffer, scratch);
        char* const copy = arena.array<char>(rendered.size());
        rendered.copy(copy, rendered.size());
        texts[row] = {copy, rendered.size()};
    }
    return {texts, present, vector->is_constant() ? 0 : kEveryRow};
}

}  // namespace sky::insights
