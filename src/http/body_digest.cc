// SPDX-License-Identifier: Apache-2.0
#include "http/body_digest.h"

#include <openssl/evp.h>

#include <array>

#include "base/assert.h"

namespace sky::http {
namespace {

// Fetched once: the implicit fetch of EVP_sha256() takes a lock and a lookup on every init.
const EVP_MD* sha256() {
    static EVP_MD* const kAlgorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    SKY_ASSERT(kAlgorithm != nullptr, "libcrypto has SHA-256");
    return kAlgorithm;
}

constexpr std::string_view kEmptySha256 =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

EVP_MD_CTX* as_context(void* context) { return static_cast<EVP_MD_CTX*>(context); }

}  // namespace

BodyDigest::BodyDigest() = default;
BodyDigest::~BodyDigest() = default;
void BodyDigest::Free::operator()(void* context) const { EVP_MD_CTX_free(as_context(context)); }

void BodyDigest::update(std::string_view piece) {
    if (piece.empty()) return;
    if (!context_) {
        EVP_MD_CTX* const made = EVP_MD_CTX_new();
        SKY_ASSERT(made != nullptr && EVP_DigestInit_ex2(made, sha256(), nullptr) == 1,
                   "a digest context is a few hundred bytes");
        context_.reset(made);
    }
    SKY_ASSERT(EVP_DigestUpdate(as_context(context_.get()), piece.data(), piece.size()) == 1,
               "SHA-256 takes any bytes");
}

std::string BodyDigest::finish() {
    if (!context_) return std::string(kEmptySha256);
    std::array<unsigned char, 32> raw{};
    SKY_ASSERT(EVP_DigestFinal_ex(as_context(context_.get()), raw.data(), nullptr) == 1,
               "an initialised digest ends");
    context_.reset();
    constexpr std::string_view kHex = "0123456789abcdef";
    std::string out;
    out.reserve(2 * raw.size());
    for (const unsigned char byte : raw) {
        out.push_back(kHex[byte >> 4U]);
        out.push_back(kHex[byte & 15U]);
    }
    return out;
}

}  // namespace sky::http
