// SPDX-License-Identifier: Apache-2.0
#include "columnar/decimal.h"

#include <charconv>
#include <cmath>
#include <cstring>

namespace sky::columnar {
namespace {

constexpr std::int64_t kPowers[] = {1,
                                    10,
                                    100,
                                    1'000,
                                    10'000,
                                    100'000,
                                    1'000'000,
                                    10'000'000,
                                    100'000'000,
                                    1'000'000'000,
                                    10'000'000'000,
                                    100'000'000'000,
                                    1'000'000'000'000,
                                    10'000'000'000'000,
                                    100'000'000'000'000,
                                    1'000'000'000'000'000,
                                    10'000'000'000'000'000,
                                    100'000'000'000'000'000,
                                    1'000'000'000'000'000'000};
constexpr double kDoublePowers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                    1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                    1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
constexpr int kExactDigitsMax = 18;                    // Any 18 digits fit an int64.
constexpr std::uint64_t kExactDoubleMax = 1ULL << 53;  // Integers up to here are doubles.
constexpr std::int64_t kExponentMagnitudeMax =
    1'000'000;  // Far beyond the doubles; stops overflow.

constexpr bool is_digit(char c) { return static_cast<unsigned char>(c - '0') < 10; }
constexpr bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
    return text;
}

/// For what the fast path cannot round correctly. `text` is known to have the form of a number,
/// without a sign; `magnitude` is the power of ten of its first significant digit.
bool parse_slowly(std::string_view text, bool negative, bool all_zero, std::int64_t magnitude,
                  double& value) {
    double positive = 0;
    if (!all_zero) {
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), positive);
        if (error == std::errc::result_out_of_range) {
            if (magnitude > 0) return false;  // Beyond the doubles: no number.
            positive = 0;                     // Below the smallest: rounds to 0.
        } else if (error != std::errc() || end != text.data() + text.size()) {
            return false;
        }
        if (!std::isfinite(positive)) return false;
    }
    value = negative ? -positive : positive;
    return true;
}

}  // namespace

std::int64_t power_of_ten(int exponent) { return kPowers[exponent]; }

bool parse_number(std::string_view text, ParsedNumber& out) {
    const char* at = text.data();
    const char* end = at + text.size();
    while (at != end && is_blank(*at)) ++at;
    while (end != at && is_blank(end[-1])) --end;
    if (at == end) return false;
    bool negative = false;
    if (*at == '-' || *at == '+') {
        negative = *at == '-';
        ++at;
    }
    const char* const first = at;
    // At most 18 significant digits fit `mantissa`; leading zeros do not count.
    std::uint64_t mantissa = 0;
    while (at != end && is_digit(*at))
        mantissa = mantissa * 10 + static_cast<unsigned>(*at++ - '0');
    const std::ptrdiff_t whole_digits = at - first;
    if (whole_digits == 0) return false;
    std::ptrdiff_t fraction_digits = 0;
    if (at != end && *at == '.') {
        const char* const point = ++at;
        while (at != end && is_digit(*at)) {
            mantissa = mantissa * 10 + static_cast<unsigned>(*at++ - '0');
        }
        fraction_digits = at - point;
        if (fraction_digits == 0) return false;
    }
    const char* const digits_end = at;
    std::int64_t exponent = 0;
    if (at != end) {
        if (*at != 'e' && *at != 'E') return false;
        ++at;
        bool exponent_negative = false;
        if (at != end && (*at == '-' || *at == '+')) exponent_negative = *at++ == '-';
        if (at == end) return false;
        for (; at != end; ++at) {
            if (!is_digit(*at)) return false;
            if (exponent < kExponentMagnitudeMax) exponent = exponent * 10 + (*at - '0');
        }
        if (exponent_negative) exponent = -exponent;
    }

    std::ptrdiff_t significant = whole_digits + fraction_digits;
    const char* leading = first;
    if (significant > kExactDigitsMax) {
        while (leading != digits_end && (*leading == '0' || *leading == '.')) {
            significant -= *leading == '0' ? 1 : 0;
            ++leading;
        }
    }
    if (significant <= kExactDigitsMax) {
        std::int64_t scale = fraction_digits - exponent;
        if (mantissa == 0 && scale < 0) scale = 0;
        if (scale < 0 && -scale + significant <= kExactDigitsMax) {
            mantissa *= static_cast<std::uint64_t>(kPowers[-scale]);
            scale = 0;
        }
        const auto scaled = static_cast<std::int64_t>(mantissa);
        const bool exact = scale >= 0 && scale <= kScaleMax;
        out.scaled = negative ? -scaled : scaled;
        out.scale = exact ? static_cast<std::int8_t>(scale) : kNoScale;
        // Clinger's fast path: both operands are exact doubles, so one division rounds correctly.
        if (mantissa <= kExactDoubleMax && scale >= 0 && scale <= 22) {
            const double value = static_cast<double>(mantissa) / kDoublePowers[scale];
            out.value = negative ? -value : value;
            return true;
        }
    } else {
        out.scaled = 0;
        out.scale = kNoScale;
    }
    // The first significant digit decides whether a range error is an overflow or an underflow.
    std::int64_t magnitude = exponent;
    bool all_zero = true;
    bool fraction = false;
    for (const char* c = first; c != digits_end; ++c) {
        if (*c == '.') {
            fraction = true;
        } else if (all_zero && *c == '0') {
            magnitude -= fraction ? 1 : 0;
        } else {
            all_zero = false;
            if (fraction) break;
            ++magnitude;
        }
    }
    return parse_slowly({first, static_cast<std::size_t>(end - first)}, negative, all_zero,
                        magnitude, out.value);
}

bool is_plain_integer(std::string_view text) {
    text = trimmed(text);
    if (!text.empty() && (text.front() == '-' || text.front() == '+')) text.remove_prefix(1);
    if (text.empty()) return false;
    for (const char c : text) {
        if (!is_digit(c)) return false;
    }
    return true;
}

int compare_plain_integers(std::string_view a, std::string_view b) {
    struct Parts {
        std::string_view digits;
        int sign;
    };
    const auto split = [](std::string_view text) {
        text = trimmed(text);
        bool negative = false;
        if (text.front() == '-' || text.front() == '+') {
            negative = text.front() == '-';
            text.remove_prefix(1);
        }
        while (!text.empty() && text.front() == '0') text.remove_prefix(1);
        return Parts{text, text.empty() ? 0 : negative ? -1 : 1};
    };
    const Parts x = split(a);
    const Parts y = split(b);
    if (x.sign != y.sign) return x.sign < y.sign ? -1 : 1;
    int order = 0;
    if (x.digits.size() != y.digits.size()) {
        order = x.digits.size() < y.digits.size() ? -1 : 1;
    } else {
        const int bytes = x.digits.compare(y.digits);
        order = bytes < 0 ? -1 : bytes > 0 ? 1 : 0;
    }
    return x.sign < 0 ? -order : order;
}

std::string_view decimal_text(std::int64_t scaled, std::int8_t scale, char* out) {
    char digits[20];
    const std::uint64_t magnitude =
        scaled < 0 ? ~static_cast<std::uint64_t>(scaled) + 1 : static_cast<std::uint64_t>(scaled);
    const auto written = std::to_chars(digits, digits + sizeof digits, magnitude);
    const auto count = static_cast<std::size_t>(written.ptr - digits);
    const auto behind = std::size_t{static_cast<std::uint8_t>(scale)};
    char* at = out;
    if (scaled < 0) *at++ = '-';
    const std::size_t before = count > behind ? count - behind : 0;
    if (before == 0) *at++ = '0';
    for (std::size_t i = 0; i < before; ++i) *at++ = digits[i];
    if (behind > 0) {
        *at++ = '.';
        for (std::size_t i = count; i < behind; ++i) *at++ = '0';
        for (std::size_t i = before; i < count; ++i) *at++ = digits[i];
    }
    return {out, static_cast<std::size_t>(at - out)};
}

}  // namespace sky::columnar
