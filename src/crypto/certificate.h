// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/crypto/certificate.h - self-signed certificates, and what is written in one.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sky::crypto {

struct CertifiedKey {
    std::string certificate_pem, key_pem;
};

/// A new P-256 key and a certificate for it, signed by itself, good for servers only (it can sign
/// no other). `names` are DNS names and IP addresses as text; they become the subject alternative
/// names. Valid from an hour before `now_ms` (Unix milliseconds) for `days`. Errors:
/// kInvalidArgument (no name, or one that is neither), kInternal. Any thread.
Result<CertifiedKey> make_self_signed(std::span<const std::string> names, std::int64_t now_ms,
                                      int days);

struct CertificateFacts {
    std::vector<std::string> names;  // DNS names and addresses of the first certificate, in order.
    std::int64_t not_after_ms;       // Unix milliseconds.
    std::string sha256_fingerprint;  // Lower-case hex, as browsers show it without colons.
};
/// Of the first certificate in the text. Errors: kInvalidArgument (none there).
Result<CertificateFacts> read_certificate(std::string_view pem);

/// Whether the first certificate is for that private key.
bool belongs_to(std::string_view certificate_pem, std::string_view key_pem);

}  // namespace sky::crypto
