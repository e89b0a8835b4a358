// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/crypto/crc32c.h - CRC-32C (Castagnoli), the checksum of every file of the
              // store.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace sky::crypto {

/// CRC of `bytes` going on from `seed`: crc32c(b, crc32c(a)) == crc32c(ab); 0 starts afresh.
/// Uses SSE4.2 where the processor has it, else tables; both give the same value. Any thread.
std::uint32_t crc32c(std::string_view bytes, std::uint32_t seed = 0);
std::uint32_t crc32c(std::span<const std::byte> bytes, std::uint32_t seed = 0);

namespace detail {  // Public for the tests, which hold the two equal.
std::uint32_t crc32c_table(const char* data, std::size_t bytes, std::uint32_t seed);
/// Call only where crc32c_sse42_available().
std::uint32_t crc32c_sse42(const char* data, std::size_t bytes, std::uint32_t seed);
bool crc32c_sse42_available();
}  // namespace detail

}  // namespace sky::crypto
