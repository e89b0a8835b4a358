// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/shapes/text_hash.h - a fast hash for tables in memory; never stored.

#include <cstdint>
#include <cstring>
#include <string_view>

namespace sky::shapes {

/// Folds the 128-bit product: every bit of both reaches every bit of the result.
inline std::uint64_t hash_mix(std::uint64_t a, std::uint64_t b) {
    __extension__ using Wide = unsigned __int128;
    const Wide product = static_cast<Wide>(a) * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U);
}

inline constexpr std::uint64_t kHashA = 0x9E3779B97F4A7C15ULL, kHashB = 0xD6E8FEB86659FD93ULL;

/// Not for hostile input without a bound on the length of probes: it has no secret.
inline std::uint64_t hash_text(std::string_view text) {
    std::uint64_t hash = text.size() * kHashA + 1;
    const char* at = text.data();
    std::size_t left = text.size();
    for (; left >= 8; at += 8, left -= 8) {
        std::uint64_t word;
        std::memcpy(&word, at, sizeof word);
        hash = hash_mix(hash ^ word, kHashB);
    }
    if (left != 0) {
        std::uint64_t word = 0;
        std::memcpy(&word, at, left);
        hash = hash_mix(hash ^ word, kHashB);
    }
    return hash_mix(hash, kHashA);
}

}  // namespace sky::shapes
