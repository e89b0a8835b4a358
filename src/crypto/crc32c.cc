// SPDX-License-Identifier: Apache-2.0
#include "crypto/crc32c.h"

#include <array>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

#include "base/assert.h"

namespace sky::crypto {
namespace {

constexpr std::uint32_t kPolynomial = 0x82F63B78;  // Castagnoli's, bits reversed.

// kTables[k][b]: the effect of byte b followed by k zero bytes ("slicing by 8").
constexpr auto kTables = [] {
    std::array<std::array<std::uint32_t, 256>, 8> tables{};
    for (std::uint32_t b = 0; b < 256; ++b) {
        std::uint32_t crc = b;
        for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ ((crc & 1) != 0 ? kPolynomial : 0);
        tables[0][b] = crc;
    }
    for (std::size_t k = 1; k < 8; ++k) {
        for (std::size_t b = 0; b < 256; ++b) {
            const std::uint32_t before = tables[k - 1][b];
            tables[k][b] = before >> 8 ^ tables[0][before & 0xFF];
        }
    }
    return tables;
}();

using Function = std::uint32_t (*)(const char*, std::size_t, std::uint32_t);

Function choose() {
    return detail::crc32c_sse42_available() ? detail::crc32c_sse42 : detail::crc32c_table;
}

}  // namespace

namespace detail {

std::uint32_t crc32c_table(const char* data, std::size_t bytes, std::uint32_t seed) {
    std::uint32_t crc = ~seed;
    for (; bytes >= 8; bytes -= 8, data += 8) {
        std::array<std::uint8_t, 8> b{};
        std::memcpy(b.data(), data, 8);
        crc = kTables[7][b[0] ^ (crc & 0xFF)] ^ kTables[6][b[1] ^ (crc >> 8 & 0xFF)] ^
              kTables[5][b[2] ^ (crc >> 16 & 0xFF)] ^ kTables[4][b[3] ^ crc >> 24] ^
              kTables[3][b[4]] ^ kTables[2][b[5]] ^ kTables[1][b[6]] ^ kTables[0][b[7]];
    }
    for (; bytes > 0; --bytes, ++data)
        crc = crc >> 8 ^ kTables[0][(crc ^ static_cast<std::uint8_t>(*data)) & 0xFF];
    return ~crc;
}

#if defined(__x86_64__)

bool crc32c_sse42_available() { return __builtin_cpu_supports("sse4.2") != 0; }

__attribute__((target("sse4.2"))) std::uint32_t crc32c_sse42(const char* data, std::size_t bytes,
                                                             std::uint32_t seed) {
    std::uint64_t crc = ~seed;
    for (; bytes >= 8; bytes -= 8, data += 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, data, 8);
        crc = _mm_crc32_u64(crc, word);
    }
    auto tail = static_cast<std::uint32_t>(crc);
    for (; bytes > 0; --bytes, ++data) tail = _mm_crc32_u8(tail, static_cast<std::uint8_t>(*data));
    return ~tail;
}

#else

bool crc32c_sse42_available() { return false; }

std::uint32_t crc32c_sse42(const char*, std::size_t, std::uint32_t) {
    SKY_ASSERT(false, "callers ask crc32c_sse42_available() first");
}

#endif

}  // namespace detail

std::uint32_t crc32c(std::string_view bytes, std::uint32_t seed) {
    static const Function function = choose();
    return function(bytes.data(), bytes.size(), seed);
}

std::uint32_t crc32c(std::span<const std::byte> bytes, std::uint32_t seed) {
    return crc32c(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()),
                  seed);
}

}  // namespace sky::crypto
