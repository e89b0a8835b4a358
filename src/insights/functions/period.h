// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/insights/functions/period.h - `30s`, `5m`, `1mo`: units, caps and truncation
              // (logs-insights-ql.md 8.2 - 8.4).

#include <cstdint>
#include <optional>
#include <string_view>

namespace sky::insights {

enum class PeriodUnit : std::uint8_t {
    kMillisecond,
    kSecond,
    kMinute,
    kHour,
    kDay,
    kWeek,
    kMonth,
    kQuarter,
    kYear
};

struct Period {
    std::int64_t count;  // At least 1, already clamped to the unit's cap.
    PeriodUnit unit;
};

/// Reads `<int><unit>`; nullopt when it is anything else or the number is 0 or beyond
/// limits::kPeriodCountMax. Units are case-insensitive.
std::optional<Period> parse_period(std::string_view text);

/// Length in milliseconds; nullopt for months, quarters and years.
std::optional<std::int64_t> fixed_ms(const Period& period);
/// Start of the period that holds the instant. UTC; weeks begin on Monday.
std::int64_t floor_to(const Period& period, std::int64_t unix_ms);
/// The instant itself when it is a boundary, else the next one.
std::int64_t ceil_to(const Period& period, std::int64_t unix_ms);
/// The boundary after one at `boundary_ms`.
std::int64_t next_boundary(const Period& period, std::int64_t boundary_ms);

}  // namespace sky::insights
