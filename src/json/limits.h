// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/json/limits.h - bounds on JSON from outside.

#include <cstddef>

namespace sky::json::limits {

/// Nesting of objects and arrays. Our choice: the deepest modelled request nests 8 deep, the rest
/// is room for unknown members; a parser's work is bounded by bytes in any case.
inline constexpr std::size_t kDepthMax = 128;

/// simdjson addresses a document with 32 bits.
inline constexpr std::size_t kBytesMax = 1ULL << 30;

}  // namespace sky::json::limits
