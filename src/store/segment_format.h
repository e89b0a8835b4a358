// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/store/segment_format.h - bytes of the header, footer and trailer of a segment.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "store/segment.h"
#include "store/segment_limits.h"

namespace sky::store {

// Header: magic, format, CRC of both. Trailer: footer's offset, bytes and CRC, format, CRC of
// these, magic. The last 16 bytes keep their place in every later format, so that a newer file can
// be refused by name.
inline constexpr std::string_view kSegmentMagic = "SKYSEGMT";
inline constexpr std::size_t kSegmentHeaderBytes = 16;
inline constexpr std::size_t kSegmentTrailerBytes = 32;

/// Segments and packs begin and end alike.
struct FileKind {
    const char* name;  // For errors.
    std::string_view magic;
    std::uint32_t format;     // Of what is written; the highest that is read.
    std::uint64_t bytes_max;  // Of a whole file.
};
inline constexpr FileKind kSegmentKind{"segment", kSegmentMagic, kSegmentFormat,
                                       limits::kSegmentBytesMax + limits::kFooterBytesMax};

struct SegmentTrailer {
    std::uint64_t footer_offset = 0;
    std::uint32_t footer_bytes = 0, footer_crc = 0;
};

void append_header(const FileKind& kind, std::string& out);
std::string encode_footer(const SegmentFooter& footer);
void append_trailer(const FileKind& kind, const SegmentTrailer& trailer, std::string& out);

/// Errors: kCorruption, kUnavailable (newer format); without the file's name.
Result<SegmentTrailer> parse_trailer(const FileKind& kind, std::string_view bytes,
                                     std::uint64_t file_bytes);
/// Holds every figure to the others and to the limits, so that readers may rely on them.
Result<SegmentFooter> parse_footer(std::string_view bytes, std::uint64_t footer_offset);

}  // namespace sky::store
