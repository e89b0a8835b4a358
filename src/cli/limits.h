// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/cli/limits.h - bounds of the command line.

#include <chrono>
#include <cstdint>

namespace sky::cli::limits {

/// Of a configuration file. Our choice: every flag of every command fits 100 times.
inline constexpr std::uint64_t kConfigBytesMax = 1 << 20;

/// From an event's arrival at the server to its being visible, at most. Our choice: a sync on the
/// slowest disk takes less than a second.
inline constexpr std::int64_t kIngestMsMax = 10'000;

}  // namespace sky::cli::limits
