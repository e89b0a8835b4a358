// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/shapes/repeated_integers.h - integer columns whose stretches come again: planes
              // of bytes in a zstd frame, which sees that where bit-packed ones hide it.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace sky::shapes {

/// Whether stretches of the values come again often enough to try. An even sample by what stands
/// there, so that it costs little and sees any distance.
bool looks_repeated(std::span<const std::uint64_t> values);

/// Appends the column: u8 1 = differences of neighbours or 2 = the values, u8 bytes a value, the
/// first value and the least as signed varints, then one frame of as many planes. False when there
/// is no room for a compressor.
[[nodiscard]] bool encode_repeated(std::span<const std::uint64_t> values, std::string& out);
/// Exactly out.size() values; false when the bytes are no such column.
[[nodiscard]] bool decode_repeated(std::string_view bytes, std::span<std::uint64_t> out);

}  // namespace sky::shapes
