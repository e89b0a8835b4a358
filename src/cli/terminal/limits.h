// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/cli/terminal/limits.h - bounds of what people type and see.

#include <cstddef>

namespace sky::cli::limits {

/// Lines that the history of interactive queries keeps, and candidates that one Tab shows. Our
/// choice.
inline constexpr int kHistoryLinesMax = 2'000;
inline constexpr std::size_t kCandidatesShownMax = 200;

}  // namespace sky::cli::limits
