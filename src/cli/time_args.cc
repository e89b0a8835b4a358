// SPDX-License-Identifier: Apache-2.0
#include "cli/time_args.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string>

#include "base/time.h"

namespace sky::cli {
namespace {

// "w" to "ms"; 100 years is more than any log and keeps sums far from overflow.
constexpr std::int64_t kDurationMsMax = 100LL * 366 * 24 * 3600 * 1000;

struct Unit {
    std::string_view name;
    std::int64_t ms;
};
constexpr std::array<Unit, 6> kUnits = {{{"ms", 1},
                                         {"s", 1'000},
                                         {"m", 60'000},
                                         {"h", 3'600'000},
                                         {"d", 86'400'000},
                                         {"w", 604'800'000}}};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Takes exactly `digits` digits off the front.
std::optional<unsigned> take(std::string_view& text, std::size_t digits) {
    if (text.size() < digits ||
        !std::all_of(text.begin(), text.begin() + std::ptrdiff_t(digits), is_digit)) {
        return std::nullopt;
    }
    unsigned value = 0;
    std::from_chars(text.data(), text.data() + digits, value);
    text.remove_prefix(digits);
    return value;
}

bool take_char(std::string_view& text, std::string_view any_of) {
    if (text.empty() || any_of.find(text.front()) == std::string_view::npos) return false;
    text.remove_prefix(1);
    return true;
}

std::optional<std::int64_t> parse_civil_ms(std::string_view text) {
    const auto year = take(text, 4);
    if (!year || !take_char(text, "-")) return std::nullopt;
    const auto month = take(text, 2);
    if (!month || !take_char(text, "-")) return std::nullopt;
    const auto day = take(text, 2);
    if (!day || *month < 1 || *month > 12 || *day < 1) return std::nullopt;
    const std::int64_t next_month =
        *month == 12 ? days_from_civil(*year + 1, 1, 1) : days_from_civil(*year, *month + 1, 1);
    const std::int64_t days = days_from_civil(*year, *month, *day);
    if (days >= next_month) return std::nullopt;
    std::int64_t ms = days * kMillisPerDay;
    if (text.empty()) return ms;

    if (!take_char(text, "T ")) return std::nullopt;
    const auto hour = take(text, 2);
    if (!hour || !take_char(text, ":")) return std::nullopt;
    const auto minute = take(text, 2);
    if (!minute || *hour > 23 || *minute > 59) return std::nullopt;
    ms += *hour * 3'600'000LL + *minute * 60'000LL;
    if (take_char(text, ":")) {
        const auto second = take(text, 2);
        if (!second || *second > 59) return std::nullopt;
        ms += *second * 1'000LL;
        if (take_char(text, ".")) {
            const auto fraction = take(text, 3);
            if (!fraction) return std::nullopt;
            ms += *fraction;
        }
    }
    take_char(text, "Z");
    if (!text.empty()) return std::nullopt;
    return ms;
}

}  // namespace

Result<std::int64_t> parse_duration_ms(std::string_view text) {
    const auto bad = [shown = std::string(text)] {
        return fail(ErrorCode::kInvalidArgument,
                    "Not a duration such as 90s, 15m, 1h30m or 2d: " + shown);
    };
    std::int64_t sum = 0;
    while (!text.empty()) {
        std::int64_t count = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
        if (error != std::errc() || !is_digit(text.front())) return bad();
        text.remove_prefix(static_cast<std::size_t>(end - text.data()));
        const auto letters = std::ranges::find_if(text, is_digit) - text.begin();
        const std::string_view name = text.substr(0, static_cast<std::size_t>(letters));
        const auto unit = std::ranges::find(kUnits, name, &Unit::name);
        if (unit == kUnits.end() || count > kDurationMsMax / unit->ms) return bad();
        sum += count * unit->ms;
        if (sum > kDurationMsMax) return bad();
        text.remove_prefix(name.size());
    }
    if (sum == 0) return bad();
    return sum;
}

Result<std::int64_t> parse_time_ms(std::string_view text, std::int64_t now_ms) {
    if (text == "now") return now_ms;
    constexpr std::size_t kSecondDigitsMax = 10, kMillisecondDigitsMax = 13;
    if (!text.empty() && text.size() <= kMillisecondDigitsMax &&
        std::ranges::all_of(text, is_digit)) {
        std::int64_t value = 0;
        std::from_chars(text.data(), text.data() + text.size(), value);
        return text.size() <= kSecondDigitsMax ? value * 1000 : value;
    }
    if (const auto civil = parse_civil_ms(text)) return *civil;
    if (const auto ago = parse_duration_ms(text)) return now_ms - *ago;
    return fail(
        ErrorCode::kInvalidArgument,
        "Not a time such as 2026-01-31T12:30Z, 1769862600, 2h (ago) or now: " + std::string(text));
}

}  // namespace sky::cli
