// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/crypto/digest.h - SHA-256, HMAC-SHA-256, MD5, SHA-1, SHA-512 over OpenSSL.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace sky::crypto {

using Sha256Digest = std::array<std::uint8_t, 32>;

/// Threads: free functions may be called from any thread. None of them fails: the algorithms are
/// part of every OpenSSL 3 build; a build without them aborts at first use and says so.
Sha256Digest sha256(std::string_view bytes);
/// Lower-case hex of sha256(bytes): what SigV4 signs.
std::string sha256_hex(std::string_view bytes);
/// RFC 2104 with SHA-256. Keys of any length.
Sha256Digest hmac_sha256(std::string_view key, std::string_view bytes);

/// For query functions and ETags, never for security.
std::array<std::uint8_t, 16> md5(std::string_view bytes);
std::array<std::uint8_t, 20> sha1(std::string_view bytes);
std::array<std::uint8_t, 64> sha512(std::string_view bytes);

/// SHA-256 of bytes that come in pieces. Threads: one object belongs to one thread at a time.
class Sha256 {
public:
    Sha256();
    Sha256(Sha256&&) noexcept;
    Sha256& operator=(Sha256&&) noexcept;
    ~Sha256();

    void update(std::string_view bytes);
    /// Digest of everything so far; the object then starts afresh.
    Sha256Digest finish();

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// A digest or key as text, for where bytes are passed as string_view.
template <std::size_t N>
std::string_view as_text(const std::array<std::uint8_t, N>& digest) {
    return {reinterpret_cast<const char*>(digest.data()), N};
}

/// Compares in a time that depends on the lengths only (SigV4 signatures, secrets).
bool constant_time_equal(std::string_view a, std::string_view b);

}  // namespace sky::crypto
