// SPDX-License-Identifier: Apache-2.0
#include "aws/cbor.h"

#include <bit>
#include <cmath>
#include <limits>

#include "aws/limits.h"
#include "json/document.h"

namespace sky::aws {
namespace {

constexpr unsigned kOpenEnded = 31;
constexpr unsigned kMajorUnsigned = 0, kMajorNegative = 1, kMajorBytes = 2, kMajorText = 3,
                   kMajorArray = 4, kMajorMap = 5, kMajorTag = 6, kMajorSimple = 7;

double half(std::uint64_t bits) {
    const auto mantissa = static_cast<double>(bits & 0x3FF);
    const int exponent = static_cast<int>(bits >> 10 & 0x1F);
    double value = 0;
    if (exponent == 0) {
        value = std::ldexp(mantissa, -24);
    } else if (exponent != 31) {
        value = std::ldexp(mantissa + 1024, exponent - 25);
    } else {
        value = mantissa == 0 ? std::numeric_limits<double>::infinity()
                              : std::numeric_limits<double>::quiet_NaN();
    }
    return (bits & 0x8000) != 0 ? -value : value;
}

void append_big_endian(std::string& out, std::uint64_t value, int bytes) {
    for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8) {
        out.push_back(static_cast<char>(value >> shift & 0xFF));
    }
}

void append_head(std::string& out, unsigned major, std::uint64_t value) {
    const auto initial = [&](unsigned info) {
        out.push_back(static_cast<char>(major << 5 | info));
    };
    if (value < 24) return initial(static_cast<unsigned>(value));
    const int width = value < 0x100 ? 0 : value < 0x10000 ? 1 : value < 0x100000000 ? 2 : 3;
    initial(24 + static_cast<unsigned>(width));
    append_big_endian(out, value, 1 << width);
}

}  // namespace

bool CborReader::take(std::size_t bytes, std::string_view& out) {
    if (bytes > rest_.size()) return false;
    out = rest_.substr(0, bytes);
    rest_.remove_prefix(bytes);
    return true;
}

bool CborReader::argument(unsigned info, std::uint64_t& out) {
    if (info < 24) {
        out = info;
        return true;
    }
    if (info > 27) return false;
    std::string_view bytes;
    if (!take(std::size_t{1} << (info - 24), bytes)) return false;
    out = 0;
    for (const char c : bytes) out = out << 8 | static_cast<unsigned char>(c);
    return true;
}

bool CborReader::text(unsigned info, unsigned major, std::string& out) {
    const auto piece = [&](unsigned piece_info) {
        std::uint64_t size = 0;
        std::string_view bytes;
        if (!argument(piece_info, size) || size > rest_.size() ||
            !take(static_cast<std::size_t>(size), bytes)) {
            return false;
        }
        if (major == kMajorText && !json::is_valid_utf8(bytes)) return false;
        out += bytes;
        return true;
    };
    if (info != kOpenEnded) return piece(info);
    for (;;) {
        std::string_view initial;
        if (!take(1, initial)) return false;
        const auto byte = static_cast<unsigned char>(initial.front());
        if (byte == 0xFF) return true;
        // Pieces are of the same type and of known length (RFC 8949 3.2.3).
        if (byte >> 5 != major || (byte & 31) == kOpenEnded || !piece(byte & 31)) return false;
    }
}

std::optional<CborItem> CborReader::next() {
    std::string_view initial;
    if (!take(1, initial)) return std::nullopt;
    const auto byte = static_cast<unsigned char>(initial.front());
    const unsigned major = byte >> 5, info = byte & 31;
    CborItem item;
    const auto with_number = [&](CborKind kind) -> std::optional<CborItem> {
        item.kind = kind;
        if (!argument(info, item.number)) return std::nullopt;
        return std::move(item);
    };
    switch (major) {
        case kMajorUnsigned:
            return with_number(CborKind::kUnsigned);
        case kMajorNegative:
            return with_number(CborKind::kNegative);
        case kMajorTag:
            return with_number(CborKind::kTag);
        case kMajorBytes:
        case kMajorText:
            item.kind = major == kMajorText ? CborKind::kText : CborKind::kBytes;
            if (!text(info, major, item.text)) return std::nullopt;
            return item;
        case kMajorArray:
        case kMajorMap: {
            const CborKind kind = major == kMajorMap ? CborKind::kMap : CborKind::kArray;
            if (info == kOpenEnded) {
                item.kind = kind;
                item.open_ended = true;
                return item;
            }
            auto counted = with_number(kind);
            // Each item has a byte at least: a count beyond the rest is a lie.
            if (!counted || counted->number > rest_.size()) return std::nullopt;
            return counted;
        }
        case kMajorSimple:
            break;
        default:
            return std::nullopt;
    }
    switch (info) {
        case 20:
            item.kind = CborKind::kFalse;
            return item;
        case 21:
            item.kind = CborKind::kTrue;
            return item;
        case 22:
        case 23:
            item.kind = CborKind::kNull;
            return item;
        case 25:
        case 26:
        case 27: {
            std::uint64_t bits = 0;
            if (!argument(info, bits)) return std::nullopt;
            item.kind = CborKind::kFloat;
            item.real =
                info == 25 ? half(bits)
                : info == 26
                    ? static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(bits)))
                    : std::bit_cast<double>(bits);
            return item;
        }
        case kOpenEnded:
            item.kind = CborKind::kBreak;
            return item;
        default:
            return std::nullopt;
    }
}

bool CborReader::skip(const CborItem& item, std::size_t depth) {
    if (item.kind == CborKind::kBreak || depth > limits::kCborDepthMax) return false;
    const bool map = item.kind == CborKind::kMap;
    if (item.kind == CborKind::kTag) {
        const auto inner = next();
        return inner && skip(*inner, depth + 1);
    }
    if (!map && item.kind != CborKind::kArray) return true;
    for (std::uint64_t i = 0; item.open_ended || i < item.number; ++i) {
        const auto one = next();
        if (!one) return false;
        if (item.open_ended && one->kind == CborKind::kBreak) return true;
        if (!skip(*one, depth + 1)) return false;
        if (!map) continue;
        const auto value = next();
        if (!value || !skip(*value, depth + 1)) return false;
    }
    return true;
}

void append_cbor_unsigned(std::string& out, std::uint64_t value) {
    append_head(out, kMajorUnsigned, value);
}

void append_cbor_integer(std::string& out, std::int64_t value) {
    if (value >= 0) return append_head(out, kMajorUnsigned, static_cast<std::uint64_t>(value));
    append_head(out, kMajorNegative, static_cast<std::uint64_t>(-(value + 1)));
}

void append_cbor_text(std::string& out, std::string_view text) {
    append_head(out, kMajorText, text.size());
    out += text;
}

void append_cbor_bytes(std::string& out, std::string_view bytes) {
    append_head(out, kMajorBytes, bytes.size());
    out += bytes;
}

void append_cbor_array(std::string& out, std::uint64_t count) {
    append_head(out, kMajorArray, count);
}

void append_cbor_map(std::string& out, std::uint64_t count) { append_head(out, kMajorMap, count); }

void append_cbor_tag(std::string& out, std::uint64_t tag) { append_head(out, kMajorTag, tag); }

void append_cbor_boolean(std::string& out, bool value) {
    out.push_back(static_cast<char>(value ? 0xF5 : 0xF4));
}

// Of all values that are no number one is written (RFC 8949 4.2.2).
void append_cbor_float(std::string& out, float value) {
    if (std::isnan(value)) value = std::numeric_limits<float>::quiet_NaN();
    out.push_back(static_cast<char>(0xFA));
    append_big_endian(out, std::bit_cast<std::uint32_t>(value), 4);
}

void append_cbor_double(std::string& out, double value) {
    if (std::isnan(value)) value = std::numeric_limits<double>::quiet_NaN();
    out.push_back(static_cast<char>(0xFB));
    append_big_endian(out, std::bit_cast<std::uint64_t>(value), 8);
}

}  // namespace sky::aws
