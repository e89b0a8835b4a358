// SPDX-License-Identifier: Apache-2.0
#include "base/time.h"

#include <fmt/format.h>

#include <array>

namespace sky {
namespace {

constexpr std::array<std::string_view, 7> kWeekdays = {"Sun", "Mon", "Tue", "Wed",
                                                       "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

bool read_digits(std::string_view text, std::size_t at, std::size_t count, unsigned& out) {
    if (at + count > text.size()) return false;
    out = 0;
    for (std::size_t i = at; i < at + count; ++i) {
        if (text[i] < '0' || text[i] > '9') return false;
        out = out * 10 + static_cast<unsigned>(text[i] - '0');
    }
    return true;
}

unsigned days_in_month(unsigned year, unsigned month) {
    static constexpr std::array<unsigned, 12> kDays = {31, 28, 31, 30, 31, 30,
                                                       31, 31, 30, 31, 30, 31};
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : kDays[month - 1];
}

std::optional<std::int64_t> to_unix_ms(unsigned year, unsigned month, unsigned day, unsigned hour,
                                       unsigned minute, unsigned second) {
    if (month < 1 || month > 12 || day < 1 || day > days_in_month(year, month)) return std::nullopt;
    if (hour > 23 || minute > 59 || second > 60) return std::nullopt;
    const std::int64_t seconds =
        days_from_civil(year, month, day) * 86'400 + hour * 3'600 + minute * 60 + second;
    return seconds * 1'000;
}

}  // namespace

// Howard Hinnant's published algorithm for days_from_civil, in era form.
std::int64_t days_from_civil(std::int64_t year, unsigned month, unsigned day) {
    year -= month <= 2;
    const std::int64_t era = floor_div(year, 400);
    const auto year_of_era = static_cast<unsigned>(year - era * 400);
    const unsigned day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    const unsigned day_of_era =
        year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146'097 + static_cast<std::int64_t>(day_of_era) - 719'468;
}

CivilTime civil_from_unix_ms(std::int64_t unix_ms) {
    const std::int64_t days = day_of_ms(unix_ms);
    const auto in_day = static_cast<unsigned>(unix_ms - days * kMillisPerDay);
    const std::int64_t shifted = days + 719'468;
    const std::int64_t era = floor_div(shifted, 146'097);
    const auto day_of_era = static_cast<unsigned>(shifted - era * 146'097);
    const unsigned year_of_era =
        (day_of_era - day_of_era / 1'460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
    const unsigned day_of_year =
        day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const unsigned shifted_month = (5 * day_of_year + 2) / 153;
    CivilTime civil{};
    civil.day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    civil.month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
    civil.year = static_cast<std::int64_t>(year_of_era) + era * 400 + (civil.month <= 2 ? 1 : 0);
    civil.hour = in_day / 3'600'000;
    civil.minute = in_day / 60'000 % 60;
    civil.second = in_day / 1'000 % 60;
    civil.millisecond = in_day % 1'000;
    civil.weekday = static_cast<unsigned>(days - floor_div(days + 4, 7) * 7 + 4);
    return civil;
}

std::string format_iso8601_ms(std::int64_t unix_ms) {
    const CivilTime t = civil_from_unix_ms(unix_ms);
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", t.year, t.month, t.day, t.hour,
                       t.minute, t.second, t.millisecond);
}

std::string format_query_timestamp(std::int64_t unix_ms) {
    const CivilTime t = civil_from_unix_ms(unix_ms);
    if (t.year < 0 || t.year > 9'999) {
        return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}.{:03}", t.year, t.month, t.day,
                           t.hour, t.minute, t.second, t.millisecond);
    }
    // One for each row of an answer: thousands of them.
    std::string out = "0000-00-00 00:00:00.000";
    const auto put = [&](std::size_t at, unsigned two_digits) {
        out[at] = static_cast<char>('0' + two_digits / 10);
        out[at + 1] = static_cast<char>('0' + two_digits % 10);
    };
    const auto year = static_cast<unsigned>(t.year);
    put(0, year / 100);
    put(2, year % 100);
    put(5, t.month);
    put(8, t.day);
    put(11, t.hour);
    put(14, t.minute);
    put(17, t.second);
    put(20, t.millisecond / 10);
    out[22] = static_cast<char>('0' + t.millisecond % 10);
    return out;
}

std::string format_http_date(std::int64_t unix_ms) {
    const CivilTime t = civil_from_unix_ms(unix_ms);
    return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", kWeekdays[t.weekday], t.day,
                       kMonths[t.month - 1], t.year, t.hour, t.minute, t.second);
}

std::string format_amz_date(std::int64_t unix_ms) {
    const CivilTime t = civil_from_unix_ms(unix_ms);
    return fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}Z", t.year, t.month, t.day, t.hour, t.minute,
                       t.second);
}

std::optional<std::int64_t> parse_amz_date(std::string_view text) {
    unsigned year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
    if (text.size() != 16 || text[8] != 'T' || text[15] != 'Z') return std::nullopt;
    if (!read_digits(text, 0, 4, year) || !read_digits(text, 4, 2, month) ||
        !read_digits(text, 6, 2, day) || !read_digits(text, 9, 2, hour) ||
        !read_digits(text, 11, 2, minute) || !read_digits(text, 13, 2, second)) {
        return std::nullopt;
    }
    return to_unix_ms(year, month, day, hour, minute, second);
}

std::optional<std::int64_t> parse_http_date(std::string_view text) {
    // "Thu, 01 Jan 2026 00:00:30 GMT"
    unsigned year = 0, day = 0, hour = 0, minute = 0, second = 0;
    if (text.size() != 29 || text.substr(25) != " GMT" || text[3] != ',' || text[19] != ':' ||
        text[22] != ':') {
        return std::nullopt;
    }
    if (!read_digits(text, 5, 2, day) || !read_digits(text, 12, 4, year) ||
        !read_digits(text, 17, 2, hour) || !read_digits(text, 20, 2, minute) ||
        !read_digits(text, 23, 2, second)) {
        return std::nullopt;
    }
    for (unsigned month = 1; month <= 12; ++month) {
        if (kMonths[month - 1] == text.substr(8, 3))
            return to_unix_ms(year, month, day, hour, minute, second);
    }
    return std::nullopt;
}

}  // namespace sky
