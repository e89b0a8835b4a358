// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/cli/time_args.h - durations and points in time as people write them.

#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace sky::cli {

/// "90s", "15m", "1h30m", "2d", "1w", "500ms"; whole numbers with a unit, added up. Milliseconds,
/// above 0. Errors: kInvalidArgument.
Result<std::int64_t> parse_duration_ms(std::string_view text);

/// "now", "2026-01-31", "2026-01-31T12:30", "2026-01-31 12:30:05.250Z" (a blank or T between, UTC),
/// Unix seconds (up to 10 digits), Unix milliseconds (11 to 13), or a duration ago ("2h"). Unix
/// milliseconds. Errors: kInvalidArgument.
Result<std::int64_t> parse_time_ms(std::string_view text, std::int64_t now_ms);

}  // namespace sky::cli
