// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/aws/text_value.h - scalars as plain text: forms, paths, query strings, headers,
              // XML.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "aws/shape.h"
#include "aws/timestamp.h"

namespace sky::aws {

/// Whether an integer fits 8, 16 or 32 bits.
constexpr bool fits_bits(std::int64_t value, std::uint8_t bits) {
    const std::int64_t half = std::int64_t{1} << (bits - 1);
    return value >= -half && value < half;
}

/// Reads a scalar: decimal integers and reals, "NaN" and the infinities, "true" and "false",
/// base64, times in `timestamp_format`. Nothing is trimmed. False: `text` is no such value, or a
/// string that is not UTF-8. `shape` is no structure, list or map.
bool parse_scalar(const Shape& shape, std::string_view text, void* out,
                  std::string_view timestamp_format, Offsets offsets);

/// Appends the same form.
void append_scalar(std::string& out, const Shape& shape, const void* value,
                   std::string_view timestamp_format);

/// %XX undone; '+' is a blank where forms and query strings have it. nullopt for a broken escape or
/// bytes that are not UTF-8.
enum class Plus : std::uint8_t { kBlank, kPlus };
std::optional<std::string> percent_decode(std::string_view text, Plus plus);

}  // namespace sky::aws
