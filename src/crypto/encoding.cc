// SPDX-License-Identifier: Apache-2.0
#include "crypto/encoding.h"

#include <array>
#include <cstdint>

namespace sky::crypto {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";
constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kBase64Url =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::uint8_t kBad = 0xFF;

constexpr std::array<std::uint8_t, 256> inverse(std::string_view alphabet) {
    std::array<std::uint8_t, 256> table{};
    table.fill(kBad);
    for (std::size_t i = 0; i < alphabet.size(); ++i)
        table[static_cast<std::uint8_t>(alphabet[i])] = static_cast<std::uint8_t>(i);
    return table;
}
constexpr auto kBase64Inverse = inverse(kBase64);
constexpr auto kBase64UrlInverse = inverse(kBase64Url);
constexpr auto kHexInverse = [] {
    auto table = inverse(kHexDigits);
    for (std::size_t i = 0; i < 6; ++i) table['A' + i] = static_cast<std::uint8_t>(10 + i);
    return table;
}();

std::uint32_t byte_at(std::string_view bytes, std::size_t i) {
    return static_cast<std::uint8_t>(bytes[i]);
}

std::string encode(std::string_view bytes, std::string_view alphabet, bool padded) {
    std::string out;
    out.reserve((bytes.size() + 2) / 3 * 4);
    std::size_t i = 0;
    for (; i + 3 <= bytes.size(); i += 3) {
        const std::uint32_t bits =
            byte_at(bytes, i) << 16 | byte_at(bytes, i + 1) << 8 | byte_at(bytes, i + 2);
        out += alphabet[bits >> 18];
        out += alphabet[bits >> 12 & 63];
        out += alphabet[bits >> 6 & 63];
        out += alphabet[bits & 63];
    }
    const std::size_t left = bytes.size() - i;
    if (left == 0) return out;
    const std::uint32_t bits =
        byte_at(bytes, i) << 16 | (left == 2 ? byte_at(bytes, i + 1) << 8 : 0);
    out += alphabet[bits >> 18];
    out += alphabet[bits >> 12 & 63];
    if (left == 2) out += alphabet[bits >> 6 & 63];
    if (padded) out.append(3 - left, '=');
    return out;
}

/// `text` is without padding.
std::optional<std::string> decode(std::string_view text,
                                  const std::array<std::uint8_t, 256>& table) {
    if (text.size() % 4 == 1) return std::nullopt;
    std::string out;
    out.reserve(text.size() / 4 * 3 + 2);
    std::uint32_t bits = 0;
    unsigned held = 0;  // Bits of `bits` that are not yet written.
    for (const char c : text) {
        const std::uint8_t value = table[static_cast<std::uint8_t>(c)];
        if (value == kBad) return std::nullopt;
        bits = (bits << 6 | value) & 0xFFFF;
        held += 6;
        if (held >= 8) {
            held -= 8;
            out += static_cast<char>(bits >> held & 0xFF);
        }
    }
    if ((bits & ((1U << held) - 1)) != 0) return std::nullopt;
    return out;
}

}  // namespace

std::string hex_encode(std::string_view bytes) {
    std::string out;
    out.reserve(bytes.size() * 2);
    for (const char c : bytes) {
        out += kHexDigits[static_cast<std::uint8_t>(c) >> 4];
        out += kHexDigits[static_cast<std::uint8_t>(c) & 15];
    }
    return out;
}

std::optional<std::string> hex_decode(std::string_view text) {
    if (text.size() % 2 != 0) return std::nullopt;
    std::string out;
    out.reserve(text.size() / 2);
    for (std::size_t i = 0; i < text.size(); i += 2) {
        const std::uint8_t high = kHexInverse[static_cast<std::uint8_t>(text[i])];
        const std::uint8_t low = kHexInverse[static_cast<std::uint8_t>(text[i + 1])];
        if (high == kBad || low == kBad) return std::nullopt;
        out += static_cast<char>(high << 4 | low);
    }
    return out;
}

std::string base64_encode(std::string_view bytes) { return encode(bytes, kBase64, true); }

std::optional<std::string> base64_decode(std::string_view text) {
    if (text.size() % 4 != 0) return std::nullopt;
    if (text.ends_with("==")) {
        text.remove_suffix(2);
    } else if (text.ends_with('=')) {
        text.remove_suffix(1);
    }
    return decode(text, kBase64Inverse);
}

std::string base64url_encode(std::string_view bytes) { return encode(bytes, kBase64Url, false); }

std::optional<std::string> base64url_decode(std::string_view text) {
    return decode(text, kBase64UrlInverse);
}

}  // namespace sky::crypto
