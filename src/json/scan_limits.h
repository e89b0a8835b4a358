// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/json/scan_limits.h - bounds of the raw-text scanner (json/fields.h).

namespace sky::json::limits {

// Ours: far deeper than any log line is nested; keeps the recursion small.
inline constexpr int kScanDepthMax = 128;

}  // namespace sky::json::limits
