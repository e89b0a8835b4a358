// SPDX-License-Identifier: Apache-2.0
#include "insights/exec/pointer.h"

#include <array>

#include "insights/exec/limits.h"

namespace sky::insights {
namespace {

// Bytes: version, group, timestamp, sequence (big-endian), a check of three bytes.
constexpr std::size_t kBytes = 28;
constexpr std::uint8_t kVersion = 1;
constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
using Bytes = std::array<std::uint8_t, kBytes>;
static_assert(kPointerBytes == (kBytes * 8 + 5) / 6);
static_assert(kPointerBytes <= kPointerBytesMax);

void put(Bytes& bytes, std::size_t at, std::uint64_t value) {
    for (std::size_t i = 0; i < 8; ++i) {
        bytes[at + i] = static_cast<std::uint8_t>(value >> (56 - 8 * i));
    }
}
std::uint64_t get(const Bytes& bytes, std::size_t at) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < 8; ++i) value = value << 8 | bytes[at + i];
    return value;
}
/// FNV-1a: finds a mistyped or cut pointer; it is no protection, the reader checks access.
std::uint32_t check_of(const Bytes& bytes) {
    std::uint32_t hash = 2'166'136'261U;
    for (std::size_t i = 0; i + 3 < kBytes; ++i) hash = (hash ^ bytes[i]) * 16'777'619U;
    return (hash ^ hash >> 24) & 0xFFFFFFU;
}

}  // namespace

void encode_pointer(const RecordPointer& pointer, char* out) {
    Bytes bytes{};
    bytes[0] = kVersion;
    put(bytes, 1, pointer.group);
    put(bytes, 9, static_cast<std::uint64_t>(pointer.timestamp_ms));
    put(bytes, 17, pointer.sequence);
    const std::uint32_t check = check_of(bytes);
    bytes[25] = static_cast<std::uint8_t>(check >> 16);
    bytes[26] = static_cast<std::uint8_t>(check >> 8);
    bytes[27] = static_cast<std::uint8_t>(check);
    std::uint32_t bits = 0;
    unsigned held = 0;
    std::size_t at = 0;
    for (const std::uint8_t byte : bytes) {
        bits = bits << 8 | byte;
        held += 8;
        while (held >= 6) {
            held -= 6;
            out[at++] = kAlphabet[bits >> held & 63U];
        }
    }
    if (held > 0) out[at] = kAlphabet[bits << (6 - held) & 63U];
}

std::string encode_pointer(const RecordPointer& pointer) {
    std::string out(kPointerBytes, '\0');
    encode_pointer(pointer, out.data());
    return out;
}

Result<RecordPointer> decode_pointer(std::string_view text) {
    const auto wrong = [] {
        return fail(ErrorCode::kInvalidArgument, "the log record pointer is not valid");
    };
    if (text.size() != kPointerBytes) return wrong();
    Bytes bytes{};
    std::uint32_t bits = 0;
    unsigned held = 0;
    std::size_t at = 0;
    const std::string_view alphabet(kAlphabet, 64);
    for (const char c : text) {
        const std::size_t value = alphabet.find(c);
        if (value == std::string_view::npos) return wrong();
        bits = bits << 6 | static_cast<std::uint32_t>(value);
        held += 6;
        if (held >= 8) {
            held -= 8;
            bytes[at++] = static_cast<std::uint8_t>(bits >> held);
        }
    }
    const std::uint32_t check = static_cast<std::uint32_t>(bytes[25]) << 16 |
                                static_cast<std::uint32_t>(bytes[26]) << 8 | bytes[27];
    const RecordPointer pointer{get(bytes, 1), static_cast<std::int64_t>(get(bytes, 9)),
                                get(bytes, 17)};
    // Writing it again must give the same text: no two texts for one event.
    if (bytes[0] != kVersion || check != check_of(bytes) || encode_pointer(pointer) != text) {
        return wrong();
    }
    return pointer;
}

}  // namespace sky::insights
