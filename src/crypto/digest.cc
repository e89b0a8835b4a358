// SPDX-License-Identifier: Apache-2.0
#include "crypto/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "base/assert.h"
#include "crypto/encoding.h"

namespace sky::crypto {
namespace {

struct FreeMd {
    void operator()(EVP_MD* md) const { EVP_MD_free(md); }
};
struct FreeContext {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using MdPtr = std::unique_ptr<EVP_MD, FreeMd>;
using ContextPtr = std::unique_ptr<EVP_MD_CTX, FreeContext>;

// A fetch by name costs more than hashing a short text, so each algorithm is fetched once.
MdPtr fetch(const char* name) {
    MdPtr md(EVP_MD_fetch(nullptr, name, nullptr));
    SKY_ASSERT(md != nullptr, "the default OpenSSL provider has every digest that we name");
    return md;
}

ContextPtr new_context() {
    ContextPtr context(EVP_MD_CTX_new());
    SKY_ASSERT(context != nullptr, "a digest context could be allocated");
    return context;
}

EVP_MD_CTX* thread_context() {
    thread_local const ContextPtr context = new_context();
    return context.get();
}

const EVP_MD* sha256_md() {
    static const MdPtr md = fetch("SHA256");
    return md.get();
}

void must(int ok) { SKY_ASSERT(ok == 1, "an initialised digest takes any bytes"); }

template <std::size_t N>
std::array<std::uint8_t, N> digest(const EVP_MD* md, std::string_view bytes) {
    std::array<std::uint8_t, N> out{};
    EVP_MD_CTX* const context = thread_context();
    must(EVP_DigestInit_ex2(context, md, nullptr));
    must(EVP_DigestUpdate(context, bytes.data(), bytes.size()));
    must(EVP_DigestFinal_ex(context, out.data(), nullptr));
    return out;
}

}  // namespace

Sha256Digest sha256(std::string_view bytes) { return digest<32>(sha256_md(), bytes); }

std::string sha256_hex(std::string_view bytes) { return hex_encode(as_text(sha256(bytes))); }

std::array<std::uint8_t, 16> md5(std::string_view bytes) {
    static const MdPtr md = fetch("MD5");
    return digest<16>(md.get(), bytes);
}

std::array<std::uint8_t, 20> sha1(std::string_view bytes) {
    static const MdPtr md = fetch("SHA1");
    return digest<20>(md.get(), bytes);
}

std::array<std::uint8_t, 64> sha512(std::string_view bytes) {
    static const MdPtr md = fetch("SHA512");
    return digest<64>(md.get(), bytes);
}

Sha256Digest hmac_sha256(std::string_view key, std::string_view bytes) {
    // Two plain digests: OpenSSL's EVP_MAC allocates and fetches for every message.
    constexpr std::size_t kBlockBytes = 64;
    std::array<std::uint8_t, kBlockBytes> block{};
    Sha256Digest short_key{};
    if (key.size() > kBlockBytes) {
        short_key = sha256(key);
        key = as_text(short_key);
    }
    std::copy(key.begin(), key.end(), block.begin());
    for (auto& b : block) b ^= 0x36;
    EVP_MD_CTX* const context = thread_context();
    Sha256Digest out{};
    must(EVP_DigestInit_ex2(context, sha256_md(), nullptr));
    must(EVP_DigestUpdate(context, block.data(), block.size()));
    must(EVP_DigestUpdate(context, bytes.data(), bytes.size()));
    must(EVP_DigestFinal_ex(context, out.data(), nullptr));
    for (auto& b : block) b ^= 0x36 ^ 0x5C;
    must(EVP_DigestInit_ex2(context, sha256_md(), nullptr));
    must(EVP_DigestUpdate(context, block.data(), block.size()));
    must(EVP_DigestUpdate(context, out.data(), out.size()));
    must(EVP_DigestFinal_ex(context, out.data(), nullptr));
    OPENSSL_cleanse(block.data(), block.size());
    OPENSSL_cleanse(short_key.data(), short_key.size());
    return out;
}

struct Sha256::Impl {
    ContextPtr context = new_context();
};

Sha256::Sha256() : impl_(std::make_unique<Impl>()) {
    must(EVP_DigestInit_ex2(impl_->context.get(), sha256_md(), nullptr));
}
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;
Sha256::~Sha256() = default;

void Sha256::update(std::string_view bytes) {
    must(EVP_DigestUpdate(impl_->context.get(), bytes.data(), bytes.size()));
}

Sha256Digest Sha256::finish() {
    Sha256Digest out{};
    must(EVP_DigestFinal_ex(impl_->context.get(), out.data(), nullptr));
    must(EVP_DigestInit_ex2(impl_->context.get(), sha256_md(), nullptr));
    return out;
}

bool constant_time_equal(std::string_view a, std::string_view b) {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace sky::crypto
