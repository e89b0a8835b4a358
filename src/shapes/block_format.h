// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/shapes/block_format.h - the parts of a shaped block, shared by its encoder and
              // decoder. docs/formats.md has the bytes.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/byte_codec.h"
#include "shapes/slot_column.h"

namespace sky::shapes {

/// Where bytes of a column lie. Every area but the last is one frame, so that columns of a few rows
/// are compressed together; a column of many rows has bytes of its own.
enum class Area : std::uint8_t { kMeta, kPool, kTexts, kCodes, kNumbers, kOwn };
inline constexpr std::size_t kFrames = 5;

/// A family with fewer rows keeps its columns in the shared frames. Source: measured.
inline constexpr std::size_t kOwnRowsMin = 2'048;

/// A descriptor's first byte: its kind, and above it the JsonRoles that all its texts fit (none in
/// files of format 3 and before).
inline constexpr unsigned kKindBits = 4;

/// A descriptor's kind for SlotKind::kForm with values as repeated_integers.h has them.
inline constexpr std::uint8_t kRepeatedForm = 6;

enum class CodesCoding : std::uint8_t {
    kPacked = 1,  // As many bits a code as the greatest needs, least significant first.
    kBytes = 2,   // One byte a code, two when there are over 256; in shared frames.
    kZstd = 3,    // The same bytes as a zstd frame.
};

/// Codes of `entries` texts: bits that one takes.
unsigned code_bits(std::size_t entries);
inline std::size_t packed_bytes(std::size_t rows, unsigned bits) { return (rows * bits + 7) / 8; }
void pack_codes(std::span<const std::uint16_t> codes, unsigned bits, std::string& out);
[[nodiscard]] bool unpack_codes(std::string_view bytes, unsigned bits,
                                std::span<std::uint16_t> out);

/// Ascending numbers by their differences; and numbers that often count up by one.
void put_ascending(std::string& out, std::span<const std::uint32_t> numbers);
[[nodiscard]] bool read_ascending(ByteReader& in, std::size_t count, std::uint32_t end,
                                  std::vector<std::uint32_t>& out);
void put_references(std::string& out, std::span<const std::uint32_t> references);
[[nodiscard]] bool read_references(ByteReader& in, std::size_t count, std::uint32_t end,
                                   std::vector<std::uint32_t>& out);

}  // namespace sky::shapes
