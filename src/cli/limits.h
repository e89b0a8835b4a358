// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/cli/limits.h - bounds of the command line.

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace sky::cli::limits {

/// Of a configuration file. Our choice: every flag of every command fits 100 times.
inline constexpr std::uint64_t kConfigBytesMax = 1 << 20;

/// Between two polls of `tail --follow`. Our choice: as often as the AWS CLI's own `logs tail`
/// asks.
inline constexpr std::chrono::milliseconds kTailPause{1'000};

/// How far `tail --follow` looks back behind the newest event for late ones. Our choice: agents
/// send batches after 5 s at the latest, with some room for retries.
inline constexpr std::int64_t kTailOverlapMs = 30'000;

/// Lines that the history of interactive queries keeps, and candidates that one Tab shows. Our
/// choice.
inline constexpr int kHistoryLinesMax = 2'000;
inline constexpr std::size_t kCandidatesShownMax = 200;

}  // namespace sky::cli::limits
