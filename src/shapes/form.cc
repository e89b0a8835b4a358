// SPDX-License-Identifier: Apache-2.0
#include "shapes/form.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "base/time.h"
#include "columnar/decimal.h"

namespace sky::shapes {

namespace {

using columnar::power_of_ten;

constexpr std::size_t kSuffixBytesMax = 16;
// Years 0 to 9999 in units of 10^-7 s fit 64 bits, a day in units of 10^-9 s does.
constexpr int kDateFractionMax = 7, kClockFractionMax = 9;
constexpr std::int64_t kSecondsPerDay = 86'400;
constexpr std::int64_t kDaysMin = -719'528, kDaysMax = 2'932'896;  // 0000-01-01, 9999-12-31.
constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";

constexpr bool is_digit(char byte) { return byte >= '0' && byte <= '9'; }

/// `count` digits at `at`, or -1.
std::int64_t digits(std::string_view text, std::size_t at, std::size_t count) {
    if (text.size() < at + count) return -1;
    std::int64_t value = 0;
    for (std::size_t i = at; i < at + count; ++i) {
        if (!is_digit(text[i])) return -1;
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

char* put_digits(char* out, std::uint64_t value, std::size_t count) {
    for (std::size_t i = count; i-- > 0; value /= 10) out[i] = static_cast<char>('0' + value % 10);
    return out + count;
}

CivilTime date_of(std::int64_t days) { return civil_from_unix_ms(days * kMillisPerDay); }

bool has_date(TimeForm form) { return form != TimeForm::kClock; }
bool has_clock(TimeForm form) { return form != TimeForm::kDate; }

std::size_t time_bytes(TimeForm form) {
    switch (form) {
        case TimeForm::kClock:
            return 8;
        case TimeForm::kDate:
            return 10;
        case TimeForm::kAccess:
            return 20;
        case TimeForm::kIsoT:
        case TimeForm::kIsoBlank:
        case TimeForm::kSlashes:
            return 19;
    }
    return 0;
}

/// Seconds, or days for kDate; false when the head of the text has not the form.
bool parse_time(std::string_view text, TimeForm form, std::int64_t& value) {
    if (text.size() < time_bytes(form)) return false;
    std::int64_t days = 0;
    std::size_t clock = 0;
    if (form == TimeForm::kAccess) {
        const std::size_t month = kMonths.find(text.substr(3, 3));
        if (month == std::string_view::npos || month % 3 != 0) return false;
        const std::int64_t day = digits(text, 0, 2), year = digits(text, 7, 4);
        if (day < 1 || year < 0 || text[2] != '/' || text[6] != '/' || text[11] != ':')
            return false;
        days =
            days_from_civil(year, static_cast<unsigned>(month / 3 + 1), static_cast<unsigned>(day));
        if (date_of(days).day != static_cast<unsigned>(day)) return false;
        clock = 12;
    } else if (has_date(form)) {
        const char joint = form == TimeForm::kSlashes ? '/' : '-';
        const std::int64_t year = digits(text, 0, 4), month = digits(text, 5, 2),
                           day = digits(text, 8, 2);
        if (year < 0 || month < 1 || month > 12 || day < 1 || text[4] != joint || text[7] != joint)
            return false;
        days = days_from_civil(year, static_cast<unsigned>(month), static_cast<unsigned>(day));
        if (date_of(days).day != static_cast<unsigned>(day)) return false;
        clock = 11;
        if (has_clock(form) && text[10] != (form == TimeForm::kIsoT ? 'T' : ' ')) return false;
    }
    if (!has_clock(form)) {
        value = days;
        return true;
    }
    const std::int64_t hour = digits(text, clock, 2), minute = digits(text, clock + 3, 2),
                       second = digits(text, clock + 6, 2);
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59 ||
        text[clock + 2] != ':' || text[clock + 5] != ':')
        return false;
    value = days * kSecondsPerDay + hour * 3'600 + minute * 60 + second;
    return true;
}

char* write_time(std::int64_t value, TimeForm form, char* out) {
    std::int64_t days = has_clock(form) ? value / kSecondsPerDay : value;
    std::int64_t seconds = has_clock(form) ? value % kSecondsPerDay : 0;
    if (seconds < 0) {
        seconds += kSecondsPerDay;
        --days;
    }
    const CivilTime date = date_of(std::clamp(days, kDaysMin, kDaysMax));
    const auto number = [&](auto part, std::size_t count) {
        out = put_digits(out, static_cast<std::uint64_t>(part), count);
    };
    if (form == TimeForm::kAccess) {
        number(date.day, 2);
        *out++ = '/';
        std::memcpy(out, kMonths.data() + 3 * (date.month - 1), 3);
        out += 3;
        *out++ = '/';
        number(date.year, 4);
        *out++ = ':';
    } else if (has_date(form)) {
        const char joint = form == TimeForm::kSlashes ? '/' : '-';
        number(date.year, 4);
        *out++ = joint;
        number(date.month, 2);
        *out++ = joint;
        number(date.day, 2);
        if (has_clock(form)) *out++ = form == TimeForm::kIsoT ? 'T' : ' ';
    }
    if (has_clock(form)) {
        number(seconds / 3'600, 2);
        *out++ = ':';
        number(seconds / 60 % 60, 2);
        *out++ = ':';
        number(seconds % 60, 2);
    }
    return out;
}

std::optional<Form> time_form(std::string_view text) {
    for (const TimeForm candidate : {TimeForm::kIsoT, TimeForm::kIsoBlank, TimeForm::kSlashes,
                                     TimeForm::kAccess, TimeForm::kClock, TimeForm::kDate}) {
        std::int64_t value = 0;
        if (!parse_time(text, candidate, value)) continue;
        Form form;
        form.kind = FormKind::kTime;
        form.time = candidate;
        std::string_view rest = text.substr(time_bytes(candidate));
        if (has_clock(candidate) && rest.size() > 1 && (rest[0] == '.' || rest[0] == ',')) {
            std::size_t count = 0;
            while (count + 1 < rest.size() && is_digit(rest[count + 1])) ++count;
            const int most = has_date(candidate) ? kDateFractionMax : kClockFractionMax;
            if (count > static_cast<std::size_t>(most)) return std::nullopt;
            if (count > 0) {
                form.point = rest[0];
                form.scale = static_cast<std::uint8_t>(count);
                rest.remove_prefix(count + 1);
            }
        }
        if (rest.size() > kSuffixBytesMax) return std::nullopt;
        form.suffix = rest;
        return form;
    }
    return std::nullopt;
}

bool parse_decimal(std::string_view text, int scale, std::int64_t& value) {
    const bool negative = !text.empty() && text[0] == '-';
    if (negative) text.remove_prefix(1);
    const auto decimals = static_cast<std::size_t>(scale);
    const std::size_t fraction = decimals == 0 ? 0 : decimals + 1;
    if (text.size() <= fraction) return false;
    const std::size_t whole = text.size() - fraction;
    if (whole + decimals > limits::kDecimalDigitsMax) return false;
    if (!is_digit(text[0]) || (text[0] == '0' && whole > 1)) return false;
    std::int64_t number = 0;
    for (std::size_t i = 0; i < whole; ++i) {
        if (!is_digit(text[i])) return false;
        number = number * 10 + (text[i] - '0');
    }
    if (fraction != 0) {
        if (text[whole] != '.') return false;
        for (std::size_t i = whole + 1; i < text.size(); ++i) {
            if (!is_digit(text[i])) return false;
            number = number * 10 + (text[i] - '0');
        }
    }
    if (negative && number == 0) return false;  // -0 and -0.0 are texts of their own.
    value = negative ? -number : number;
    return true;
}

char* write_decimal(std::int64_t value, int scale, char* out) {
    std::uint64_t magnitude = static_cast<std::uint64_t>(value);
    if (value < 0) {
        *out++ = '-';
        magnitude = ~magnitude + 1;
    }
    const auto unit = static_cast<std::uint64_t>(power_of_ten(scale));
    out = std::to_chars(out, out + 20, magnitude / unit).ptr;
    if (scale != 0) {
        *out++ = '.';
        out = put_digits(out, magnitude % unit, static_cast<std::size_t>(scale));
    }
    return out;
}

bool parse_ip4(std::string_view text, std::int64_t& value) {
    std::int64_t address = 0;
    std::size_t at = 0;
    for (int part = 0; part < 4; ++part) {
        if (part > 0 && (at >= text.size() || text[at++] != '.')) return false;
        std::int64_t number = 0;
        const std::size_t start = at;
        while (at < text.size() && at - start < 3 && is_digit(text[at]))
            number = number * 10 + (text[at++] - '0');
        if (at == start || number > 255 || (text[start] == '0' && at - start > 1)) return false;
        address = address << 8 | number;
    }
    if (at != text.size()) return false;
    value = address;
    return true;
}

constexpr char kLowerHex[] = "0123456789abcdef";
constexpr char kUpperHex[] = "0123456789ABCDEF";

int hex_value(char byte, bool upper) {
    if (is_digit(byte)) return byte - '0';
    const char a = upper ? 'A' : 'a';
    return byte >= a && byte <= a + 5 ? byte - a + 10 : -1;
}

}  // namespace

bool Form::parse(std::string_view text, std::int64_t& value) const {
    switch (kind) {
        case FormKind::kDecimal:
            return parse_decimal(text, scale, value);
        case FormKind::kIp4:
            return parse_ip4(text, value);
        case FormKind::kPadded:
            if (text.size() != scale) return false;
            value = digits(text, 0, scale);
            return value >= 0;
        case FormKind::kTime: {
            const std::size_t head = time_bytes(time), fraction = scale == 0 ? 0U : scale + 1U;
            if (text.size() != head + fraction + suffix.size() || !text.ends_with(suffix) ||
                !parse_time(text, time, value))
                return false;
            if (fraction == 0) return true;
            const std::int64_t part = digits(text, head + 1, scale);
            if (part < 0 || text[head] != point) return false;
            value = value * power_of_ten(scale) + part;
            return true;
        }
    }
    return false;
}

char* Form::write(std::int64_t value, char* out) const {
    switch (kind) {
        case FormKind::kDecimal:
            return write_decimal(value, scale, out);
        case FormKind::kPadded:
            return put_digits(out, static_cast<std::uint64_t>(value), scale);
        case FormKind::kIp4:
            for (int shift = 24; shift >= 0; shift -= 8) {
                out = std::to_chars(out, out + 3, static_cast<std::uint64_t>(value) >> shift & 255U)
                          .ptr;
                if (shift > 0) *out++ = '.';
            }
            return out;
        case FormKind::kTime: {
            const std::int64_t unit = power_of_ten(scale);
            std::int64_t whole = value / unit, part = value % unit;
            if (part < 0) {
                part += unit;
                --whole;
            }
            out = write_time(whole, time, out);
            if (scale != 0) {
                *out++ = point;
                out = put_digits(out, static_cast<std::uint64_t>(part), scale);
            }
            if (!suffix.empty()) std::memcpy(out, suffix.data(), suffix.size());
            return out + suffix.size();
        }
    }
    return out;
}

ByteSet Form::bytes() const {
    ByteSet set;
    set.add(std::string_view("0123456789"));
    switch (kind) {
        case FormKind::kDecimal:
            set.add(static_cast<unsigned char>('-'));
            if (scale != 0) set.add(static_cast<unsigned char>('.'));
            break;
        case FormKind::kPadded:
            break;
        case FormKind::kIp4:
            set.add(static_cast<unsigned char>('.'));
            break;
        case FormKind::kTime:
            if (has_clock(time)) set.add(static_cast<unsigned char>(':'));
            if (time == TimeForm::kAccess) set.add(kMonths);
            if (time == TimeForm::kAccess || time == TimeForm::kSlashes)
                set.add(static_cast<unsigned char>('/'));
            else if (has_date(time))
                set.add(static_cast<unsigned char>('-'));
            if (time == TimeForm::kIsoT) set.add(static_cast<unsigned char>('T'));
            if (time == TimeForm::kIsoBlank || time == TimeForm::kSlashes)
                set.add(static_cast<unsigned char>(' '));
            if (scale != 0) set.add(static_cast<unsigned char>(point));
            set.add(suffix);
            break;
    }
    return set;
}

std::optional<Form> Form::of(std::string_view text) {
    if (text.empty() || text.size() > limits::kFormBytesMax) return std::nullopt;
    if (!is_digit(text[0]) && text[0] != '-') return std::nullopt;
    Form form;
    std::int64_t value = 0;
    const std::size_t point = text.find('.');
    if (point == std::string_view::npos || text.size() - point - 1 <= limits::kDecimalDigitsMax) {
        form.scale = point == std::string_view::npos
                         ? std::uint8_t{0}
                         : static_cast<std::uint8_t>(text.size() - point - 1);
        if (form.parse(text, value) && !(point != std::string_view::npos && form.scale == 0))
            return form;
    }
    form.kind = FormKind::kPadded;
    if (text.size() <= limits::kDecimalDigitsMax) {
        form.scale = static_cast<std::uint8_t>(text.size());
        if (form.parse(text, value)) return form;
    }
    form = {};
    form.kind = FormKind::kIp4;
    if (form.parse(text, value)) return form;
    return time_form(text);
}

void Form::encode(std::string& out) const {
    out.push_back(static_cast<char>(kind));
    out.push_back(static_cast<char>(scale));
    if (kind != FormKind::kTime) return;
    out.push_back(static_cast<char>(time));
    out.push_back(point);
    put_text(out, suffix);
}

bool Form::decode(ByteReader& in) {
    *this = {};
    kind = static_cast<FormKind>(in.word<std::uint8_t>());
    scale = in.word<std::uint8_t>();
    if (!in.ok()) return false;
    switch (kind) {
        case FormKind::kDecimal:
            return scale <= limits::kDecimalDigitsMax;
        case FormKind::kPadded:
            return scale >= 1 && scale <= limits::kDecimalDigitsMax;
        case FormKind::kIp4:
            return scale == 0;
        case FormKind::kTime:
            time = static_cast<TimeForm>(in.word<std::uint8_t>());
            point = in.word<char>();
            suffix = in.text(kSuffixBytesMax);
            if (!in.ok() || time_bytes(time) == 0) return false;
            return scale <= (!has_clock(time) ? 0
                             : has_date(time) ? kDateFractionMax
                                              : kClockFractionMax);
    }
    return false;
}

std::optional<HexForm> HexForm::of(std::string_view text) {
    constexpr std::size_t kDigitsMin = 8;  // Shorter ones repeat and are dictionaries.
    if (text.size() < kDigitsMin || text.size() > limits::kFormBytesMax) return std::nullopt;
    HexForm form;
    for (const char byte : text)
        if (byte >= 'A' && byte <= 'F') form.upper = true;
    for (const char byte : text) {
        const bool digit = hex_value(byte, form.upper) >= 0;
        if (byte == 'x' || (!digit && hex_value(byte, !form.upper) >= 0)) return std::nullopt;
        form.pattern.push_back(digit ? 'x' : byte);
        form.digits = static_cast<std::uint8_t>(form.digits + (digit ? 1 : 0));
    }
    if (form.digits < kDigitsMin || form.digits * 2U < text.size()) return std::nullopt;
    return form;
}

bool HexForm::parse(std::string_view text, char* packed) const {
    if (text.size() != pattern.size()) return false;
    std::size_t count = 0;
    unsigned byte = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (pattern[i] != 'x') {
            if (text[i] != pattern[i]) return false;
            continue;
        }
        const int digit = hex_value(text[i], upper);
        if (digit < 0) return false;
        byte = byte << 4U | static_cast<unsigned>(digit);
        if (++count % 2 == 0) {
            *packed++ = static_cast<char>(byte);
            byte = 0;
        }
    }
    if (count % 2 != 0) *packed = static_cast<char>(byte << 4U);
    return true;
}

void HexForm::write(const char* packed, char* out) const {
    const char* const alphabet = upper ? kUpperHex : kLowerHex;
    std::size_t count = 0;
    for (const char byte : pattern) {
        if (byte != 'x') {
            *out++ = byte;
            continue;
        }
        const unsigned pair = static_cast<unsigned char>(packed[count / 2]);
        *out++ = alphabet[count++ % 2 == 0 ? pair >> 4U : pair & 15U];
    }
}

}  // namespace sky::shapes
