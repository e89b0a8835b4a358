// SPDX-License-Identifier: Apache-2.0
#include "insights/functions/render.h"

#include <charconv>
#include <cmath>
#include <optional>

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

namespace {

/// The four decimals of `number` as an integer, rounded half to even on the double's exact value;
/// nullopt where that is not certain.
std::optional<std::int64_t> ten_thousandths(double number) {
    constexpr double kLeast = 1e-6, kMost = 1e11;  // The product neither underflows nor has a step
                                                   // above 1/2.
    const double size = std::abs(number);
    if (!(size >= kLeast && size < kMost)) return std::nullopt;
    const double product = number * 1e4;
    const double error = std::fma(number, 1e4, -product);  // Exact.
    const double nearest = std::nearbyint(product);
    const double rest = (product - nearest) + error;  // Of the exact product.
    constexpr double kCertain = 0.5 - 1e-6;
    if (std::abs(rest) > kCertain) return std::nullopt;
    return static_cast<std::int64_t>(nearest);
}

}  // namespace

std::string_view render_number(double number, char* buffer) {
    if (std::abs(number) < kPlainIntegerMax && number == std::trunc(number)) {
        const auto whole = static_cast<std::int64_t>(number);  // Also turns -0 into 0.
        const auto [end, error] = std::to_chars(buffer, buffer + kNumberTextMax, whole);
        return {buffer, static_cast<std::size_t>(end - buffer)};
    }
    if (const auto scaled = ten_thousandths(number)) {
        char* at = buffer;
        if (*scaled < 0) *at++ = '-';
        const auto size = static_cast<std::uint64_t>(*scaled < 0 ? -*scaled : *scaled);
        at = std::to_chars(at, buffer + kNumberTextMax, size / 10'000).ptr;
        auto decimals = static_cast<unsigned>(size % 10'000);
        if (decimals != 0) {
            *at++ = '.';
            for (unsigned unit = 1'000; decimals != 0; unit /= 10) {
                *at++ = static_cast<char>('0' + decimals / unit);
                decimals %= unit;
            }
        }
        return {buffer, static_cast<std::size_t>(at - buffer)};
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
