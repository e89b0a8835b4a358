// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/aws/timestamp.h - the text forms that protocols give to times and special
              // numbers.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "aws/shape.h"

namespace sky::aws {

/// Epoch seconds, rounded to the nearest millisecond; nullopt outside of years 0001 to 9999 or for
/// NaN.
std::optional<Timestamp> timestamp_from_seconds(double seconds);
/// A JSON number: whole seconds, or with up to three decimals.
std::string format_seconds(Timestamp time);

/// Whether ISO 8601 may end in an offset such as -08:00 instead of Z. The published cases of REST
/// refuse one in requests and send one in answers.
enum class Offsets : std::uint8_t { kAccept, kRefuse };

/// `format` is the model's: "iso8601", "rfc822" or "unixTimestamp". ISO 8601 takes fractions of any
/// length, epoch seconds are decimal.
std::optional<Timestamp> parse_timestamp(std::string_view format, std::string_view text,
                                         Offsets offsets = Offsets::kAccept);
std::string format_timestamp(std::string_view format, Timestamp time);

/// "NaN", "Infinity", "-Infinity".
std::optional<double> parse_special_double(std::string_view text);

}  // namespace sky::aws
