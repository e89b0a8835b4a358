// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/shapes/zstd_frame.h - zstd with one context a thread.

#include <cstddef>
#include <string>
#include <string_view>

namespace sky::shapes {

/// Columns of values; texts of dictionaries, of which there are few and which are kept long.
inline constexpr int kColumnLevel = 3, kTextsLevel = 9;

/// Appends one frame; false when the compressor has no memory.
bool append_zstd(std::string_view raw, std::string& out, int level = kColumnLevel);
/// Exactly `raw_bytes` bytes to `out`.
[[nodiscard]] bool decode_zstd(std::string_view frame, char* out, std::size_t raw_bytes);

}  // namespace sky::shapes
