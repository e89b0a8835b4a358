// SPDX-License-Identifier: Apache-2.0
#include "aws/timestamp.h"

#include <charconv>
#include <cmath>
#include <limits>

#include "base/time.h"

namespace sky::aws {
namespace {

const std::int64_t kFirstMs = days_from_civil(1, 1, 1) * kMillisPerDay;
const std::int64_t kEndMs = days_from_civil(10'000, 1, 1) * kMillisPerDay;

// Reads exactly `count` digits.
bool digits(std::string_view& text, std::size_t count, unsigned& out) {
    if (text.size() < count) return false;
    out = 0;
    for (std::size_t i = 0; i < count; ++i) {
        if (text[i] < '0' || text[i] > '9') return false;
        out = out * 10 + static_cast<unsigned>(text[i] - '0');
    }
    text.remove_prefix(count);
    return true;
}

bool eat(std::string_view& text, char c) {
    if (text.empty() || text.front() != c) return false;
    text.remove_prefix(1);
    return true;
}

unsigned days_in_month(std::int64_t year, unsigned month) {
    const std::int64_t next =
        month == 12 ? days_from_civil(year + 1, 1, 1) : days_from_civil(year, month + 1, 1);
    return static_cast<unsigned>(next - days_from_civil(year, month, 1));
}

std::optional<Timestamp> parse_iso8601(std::string_view text, Offsets offsets) {
    unsigned year, month, day, hour, minute, second;
    if (!digits(text, 4, year) || !eat(text, '-') || !digits(text, 2, month) || !eat(text, '-') ||
        !digits(text, 2, day) || !(eat(text, 'T') || eat(text, 't')) || !digits(text, 2, hour) ||
        !eat(text, ':') || !digits(text, 2, minute) || !eat(text, ':') ||
        !digits(text, 2, second)) {
        return std::nullopt;
    }
    if (year < 1 || month < 1 || month > 12 || day < 1 || day > days_in_month(year, month) ||
        hour > 23 || minute > 59 || second > 59) {
        return std::nullopt;
    }
    unsigned millis = 0;
    if (eat(text, '.')) {
        unsigned scale = 100;
        std::size_t count = 0;
        for (unsigned digit; digits(text, 1, digit); ++count) {
            millis += digit * scale;
            scale /= 10;
        }
        if (count == 0) return std::nullopt;
    }
    std::int64_t offset_minutes = 0;
    if (!eat(text, 'Z') && !eat(text, 'z')) {
        if (offsets == Offsets::kRefuse) return std::nullopt;
        const bool behind = !text.empty() && text.front() == '-';
        unsigned hours, minutes;
        if (!(eat(text, '+') || eat(text, '-')) || !digits(text, 2, hours) || !eat(text, ':') ||
            !digits(text, 2, minutes) || hours > 23 || minutes > 59) {
            return std::nullopt;
        }
        offset_minutes = (behind ? -1 : 1) * (static_cast<std::int64_t>(hours) * 60 + minutes);
    }
    if (!text.empty()) return std::nullopt;
    const std::int64_t seconds =
        (static_cast<std::int64_t>(hour) * 60 + minute - offset_minutes) * 60 + second;
    return Timestamp{days_from_civil(year, month, day) * kMillisPerDay + seconds * 1000 + millis};
}

}  // namespace

std::optional<Timestamp> timestamp_from_seconds(double seconds) {
    const double millis = std::round(seconds * 1000);
    if (!(millis >= static_cast<double>(kFirstMs) && millis < static_cast<double>(kEndMs))) {
        return std::nullopt;
    }
    return Timestamp{static_cast<std::int64_t>(millis)};
}

std::string format_seconds(Timestamp time) {
    const bool negative = time.unix_ms < 0;
    const std::uint64_t millis = negative
                                     ? std::uint64_t{0} - static_cast<std::uint64_t>(time.unix_ms)
                                     : static_cast<std::uint64_t>(time.unix_ms);
    std::string out = negative ? "-" : "";
    out += std::to_string(millis / 1000);
    if (millis % 1000 != 0) {
        std::string fraction = std::to_string(1000 + millis % 1000).substr(1);
        while (fraction.back() == '0') fraction.pop_back();
        out += "." + fraction;
    }
    return out;
}

std::optional<Timestamp> parse_timestamp(std::string_view format, std::string_view text,
                                         Offsets offsets) {
    if (format == "iso8601") return parse_iso8601(text, offsets);
    if (format == "rfc822") {
        const auto ms = parse_http_date(text);
        return ms ? std::optional(Timestamp{*ms}) : std::nullopt;
    }
    double seconds = 0;
    const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (fault != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return timestamp_from_seconds(seconds);
}

std::string format_timestamp(std::string_view format, Timestamp time) {
    if (format == "unixTimestamp") return format_seconds(time);
    if (format == "rfc822") return format_http_date(time.unix_ms);
    std::string text = format_iso8601_ms(time.unix_ms);
    if (text.ends_with(".000Z")) text.replace(text.size() - 5, 5, "Z");
    return text;
}

std::optional<double> parse_special_double(std::string_view text) {
    if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
    if (text == "Infinity") return std::numeric_limits<double>::infinity();
    if (text == "-Infinity") return -std::numeric_limits<double>::infinity();
    return std::nullopt;
}

}  // namespace sky::aws
