// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/shapes/text_hash.h - a fast hash for tables in memory; never stored.

#include <cstdint>
#include <cstring>
#include <string_view>

#include "base/byte_codec.h"

namespace sky::shapes {

/// Folds the 128-bit product: every bit of both reaches every bit of the result.
inline std::uint64_t hash_mix(std::uint64_t a, std::uint64_t b) {
    __extension__ using Wide = unsigned __int128;
    const Wide product = static_cast<Wide>(a) * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U);
}

inline constexpr std::uint64_t kHashA = 0x9E3779B97F4A7C15ULL, kHashB = 0xD6E8FEB86659FD93ULL;

/// Fewer than eight bytes as a number; texts of one size have the same only when they are equal.
inline std::uint64_t short_word(const char* at, std::size_t size) {
    if (size >= 4)
        return load_word<std::uint32_t>(at) |
               static_cast<std::uint64_t>(load_word<std::uint32_t>(at + size - 4)) << 32U;
    if (size == 0) return 0;
    const auto byte = [&](std::size_t i) {
        return std::uint64_t{static_cast<unsigned char>(at[i])};
    };
    return byte(0) | byte(size / 2) << 8U | byte(size - 1) << 16U;
}

/// Not for hostile input without a bound on the length of probes: it has no secret.
inline std::uint64_t hash_text(std::string_view text) {
    std::uint64_t hash = text.size() * kHashA + 1;
    const char* at = text.data();
    std::size_t left = text.size();
    if (left < 8) return hash_mix(hash_mix(hash ^ short_word(at, left), kHashB), kHashA);
    for (; left > 8; at += 8, left -= 8)
        hash = hash_mix(hash ^ load_word<std::uint64_t>(at), kHashB);
    // The last eight bytes, whatever was taken before.
    hash = hash_mix(hash ^ load_word<std::uint64_t>(at + left - 8), kHashB);
    return hash_mix(hash, kHashA);
}

/// As ==, without a call for texts that are short, as most are.
inline bool same_text(std::string_view a, std::string_view b) {
    const std::size_t size = a.size();
    if (size != b.size()) return false;
    if (size < 8) return short_word(a.data(), size) == short_word(b.data(), size);
    if (size > 16) return std::memcmp(a.data(), b.data(), size) == 0;
    return load_word<std::uint64_t>(a.data()) == load_word<std::uint64_t>(b.data()) &&
           load_word<std::uint64_t>(a.data() + size - 8) ==
               load_word<std::uint64_t>(b.data() + size - 8);
}

}  // namespace sky::shapes
