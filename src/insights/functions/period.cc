// SPDX-License-Identifier: Apache-2.0
#include "insights/functions/period.h"

#include <algorithm>
#include <array>
#include <string>

#include "base/time.h"
#include "insights/functions/limits.h"

namespace sky::insights {
namespace {

struct Unit {
    std::string_view names[3];  // The plural `s` is allowed on names longer than one letter.
    PeriodUnit unit;
    std::int64_t cap;       // 0 = none.
    std::int64_t fixed_ms;  // 0 = calendar.
};

constexpr std::int64_t kSecondMs = 1000;
constexpr std::int64_t kHourMs = 3'600'000;
constexpr std::int64_t kWeekMs = 7 * kMillisPerDay;
// 1970-01-01 was a Thursday: the first Monday is day 4.
constexpr std::int64_t kFirstMondayMs = 4 * kMillisPerDay;
constexpr std::int64_t kEpochYear = 1970;

// logs-insights-ql.md 8.4.
constexpr auto kUnits = std::to_array<Unit>({
    {{"ms", "msec", "millisecond"}, PeriodUnit::kMillisecond, 1000, 1},
    {{"s", "sec", "second"}, PeriodUnit::kSecond, 60, kSecondMs},
    {{"m", "min", "minute"}, PeriodUnit::kMinute, 60, 60 * kSecondMs},
    {{"h", "hr", "hour"}, PeriodUnit::kHour, 24, kHourMs},
    {{"d", "day", ""}, PeriodUnit::kDay, 0, kMillisPerDay},
    {{"w", "week", ""}, PeriodUnit::kWeek, 0, kWeekMs},
    {{"mo", "mon", "month"}, PeriodUnit::kMonth, 0, 0},
    {{"q", "qtr", "quarter"}, PeriodUnit::kQuarter, 0, 0},
    {{"y", "yr", "year"}, PeriodUnit::kYear, 0, 0},
});

const Unit* find_unit(std::string_view word) {
    for (const Unit& unit : kUnits) {
        for (const std::string_view name : unit.names) {
            if (name.empty()) continue;
            if (word == name) return &unit;
            // "ms" is the millisecond, "ss" is nothing.
            if (name.size() > 1 && word.size() == name.size() + 1 && word.back() == 's' &&
                word.starts_with(name)) {
                return &unit;
            }
        }
    }
    return nullptr;
}

std::int64_t months_of(const Period& period) {
    switch (period.unit) {
        case PeriodUnit::kMonth:
            return period.count;
        case PeriodUnit::kQuarter:
            return 3 * period.count;
        default:
            return 12 * period.count;
    }
}

std::int64_t month_start_ms(std::int64_t months_since_epoch) {
    const std::int64_t year = kEpochYear + floor_div(months_since_epoch, 12);
    const std::int64_t month = months_since_epoch - floor_div(months_since_epoch, 12) * 12;
    return days_from_civil(year, static_cast<unsigned>(month) + 1, 1) * kMillisPerDay;
}

std::int64_t floor_month(const Period& period, std::int64_t unix_ms) {
    const CivilTime civil = civil_from_unix_ms(unix_ms);
    const std::int64_t months = (civil.year - kEpochYear) * 12 + civil.month - 1;
    const std::int64_t step = months_of(period);
    return floor_div(months, step) * step;
}

}  // namespace

std::optional<Period> parse_period(std::string_view text) {
    std::int64_t count = 0;
    std::size_t at = 0;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9') {
        // Counts saturate: what is above a unit's cap is clamped however long it is.
        count = std::min<std::int64_t>(count * 10 + (text[at] - '0'), limits::kPeriodCountMax + 1);
        ++at;
    }
    if (at == 0 || count == 0) return std::nullopt;
    while (at < text.size() && (text[at] == ' ' || text[at] == '\t')) ++at;
    std::string word(text.substr(at));
    for (char& c : word) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    const Unit* const unit = find_unit(word);
    if (unit == nullptr) return std::nullopt;
    if (unit->cap > 0) count = std::min(count, unit->cap);
    if (count > limits::kPeriodCountMax) return std::nullopt;
    return Period{count, unit->unit};
}

std::optional<std::int64_t> fixed_ms(const Period& period) {
    const std::int64_t unit_ms = kUnits[static_cast<std::size_t>(period.unit)].fixed_ms;
    if (unit_ms == 0) return std::nullopt;
    return unit_ms * period.count;
}

std::int64_t floor_to(const Period& period, std::int64_t unix_ms) {
    const auto step = fixed_ms(period);
    if (!step) return month_start_ms(floor_month(period, unix_ms));
    const std::int64_t origin = period.unit == PeriodUnit::kWeek ? kFirstMondayMs : 0;
    return floor_div(unix_ms - origin, *step) * *step + origin;
}

std::int64_t next_boundary(const Period& period, std::int64_t boundary_ms) {
    if (const auto step = fixed_ms(period)) return boundary_ms + *step;
    return month_start_ms(floor_month(period, boundary_ms) + months_of(period));
}

std::int64_t ceil_to(const Period& period, std::int64_t unix_ms) {
    const std::int64_t floor_ms = floor_to(period, unix_ms);
    return floor_ms == unix_ms ? unix_ms : next_boundary(period, floor_ms);
}

}  // namespace sky::insights
