// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/shapes/form.h - texts that a number stands for, byte for byte: decimals, times,
              // addresses, hex digits.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/byte_codec.h"
#include "shapes/family.h"
#include "shapes/limits.h"

namespace sky::shapes {

enum class FormKind : std::uint8_t {
    kDecimal = 1,  // -12.30: no plus, no leading zeros, no -0, exactly `scale` decimals.
    kTime = 2,     // A time of day or a date with one; the value counts its least unit.
    kIp4 = 3,      // 10.0.255.1
    kPadded = 4,   // Digits, `scale` of them: 0042.
};

/// Dates and times, before a fraction and a suffix that all values of a column share.
enum class TimeForm : std::uint8_t {
    kClock = 1,     // 16:42:22
    kIsoT = 2,      // 2023-01-29T16:42:22
    kIsoBlank = 3,  // 2023-01-29 16:42:22
    kSlashes = 4,   // 2023/01/29 16:42:22
    kAccess = 5,    // 17/May/2015:10:05:03
    kDate = 6,      // 2023-01-29
};

/// How every regular value of a column is written. parse() accepts exactly the texts that write()
/// makes, so a value stands for its text byte for byte.
struct Form {
    FormKind kind = FormKind::kDecimal;
    std::uint8_t scale = 0;  // kDecimal: decimals. kTime: digits of the fraction. kPadded: digits.
    TimeForm time = TimeForm::kClock;
    char point = '.';    // kTime: before the fraction.
    std::string suffix;  // kTime: behind it, as "Z" or "+0000".

    bool parse(std::string_view text, std::int64_t& value) const;
    /// Writes at most kFormBytesMax bytes and returns the end. Any value gives some text, of
    /// bytes() and at least one byte; those that parse() gave give theirs.
    char* write(std::int64_t value, char* out) const;
    /// Every byte that write() may use.
    ByteSet bytes() const;
    /// Whether write() may give a single byte.
    bool one_byte() const {
        return (kind == FormKind::kDecimal && scale == 0) ||
               (kind == FormKind::kPadded && scale == 1);
    }
    /// The form that a text has, the narrowest first.
    static std::optional<Form> of(std::string_view text);

    void encode(std::string& out) const;
    /// False when the bytes are no form.
    [[nodiscard]] bool decode(ByteReader& in);
    friend bool operator==(const Form&, const Form&) = default;
};

/// Texts of one length with hex digits of one case at the same places, the rest alike: trace ids,
/// UUIDs, {GUIDs}.
struct HexForm {
    std::string pattern;  // 'x' stands for a digit; other bytes for themselves ('x' never does).
    bool upper = false;
    std::uint8_t digits = 0;

    std::size_t bytes() const { return (digits + 1U) / 2U; }
    bool parse(std::string_view text, char* packed) const;
    void write(const char* packed, char* out) const;  // pattern.size() bytes.
    static std::optional<HexForm> of(std::string_view text);
};

}  // namespace sky::shapes
