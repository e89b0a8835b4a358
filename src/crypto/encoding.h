// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/crypto/encoding.h - bytes as text: hex, base64, base64url (RFC 4648).

#include <optional>
#include <string>
#include <string_view>

namespace sky::crypto {

/// Lower case.
std::string hex_encode(std::string_view bytes);
/// Both cases; nullopt for an odd length or another character.
std::optional<std::string> hex_decode(std::string_view text);

/// With padding.
std::string base64_encode(std::string_view bytes);
/// Strict: padding required, no line breaks, the unused bits of the last character are zero.
std::optional<std::string> base64_decode(std::string_view text);

/// '-' and '_' in place of '+' and '/', no padding.
std::string base64url_encode(std::string_view bytes);
/// As base64_decode(), with '-' and '_' and without padding.
std::optional<std::string> base64url_decode(std::string_view text);

}  // namespace sky::crypto
