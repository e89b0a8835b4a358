// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/base/time.h - civil time in UTC without locale, tables or time zones.

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace sky {

struct CivilTime {
    std::int64_t year;
    unsigned month, day;  // 1-based.
    unsigned hour, minute, second, millisecond;
    unsigned weekday;  // 0 = Sunday.
};

/// Days since 1970-01-01 of a proleptic Gregorian date.
std::int64_t days_from_civil(std::int64_t year, unsigned month, unsigned day);
CivilTime civil_from_unix_ms(std::int64_t unix_ms);
/// UTC day number of a Unix time; rounds towards minus infinity.
constexpr std::int64_t kMillisPerDay = 86'400'000;
constexpr std::int64_t floor_div(std::int64_t value, std::int64_t by) {
    return value / by - (value % by != 0 && (value % by < 0) != (by < 0) ? 1 : 0);
}
constexpr std::int64_t day_of_ms(std::int64_t unix_ms) { return floor_div(unix_ms, kMillisPerDay); }

/// The last millisecond of a day of day_of_ms(); of the very last day, which is cut short, the
/// last time there is.
constexpr std::int64_t last_ms_of_day(std::int64_t day) {
    std::int64_t next_midnight = 0;
    if (__builtin_mul_overflow(day + 1, kMillisPerDay, &next_midnight))
        return std::numeric_limits<std::int64_t>::max();
    return next_midnight - 1;
}

/// "2026-01-01T00:00:30.000Z"
std::string format_iso8601_ms(std::int64_t unix_ms);
/// "2026-01-01 00:00:30.000", as query results show timestamps (logs-insights-ql.md 10).
std::string format_query_timestamp(std::int64_t unix_ms);
/// "Thu, 01 Jan 2026 00:00:30 GMT", the HTTP Date header (RFC 9110 5.6.7).
std::string format_http_date(std::int64_t unix_ms);
/// "20260101T000030Z", the SigV4 date.
std::string format_amz_date(std::int64_t unix_ms);
/// Reads a SigV4 date; nullopt unless it is exactly that form and a real time. Unix milliseconds.
std::optional<std::int64_t> parse_amz_date(std::string_view text);
/// Reads an HTTP date of the preferred form; Unix milliseconds.
std::optional<std::int64_t> parse_http_date(std::string_view text);

}  // namespace sky
