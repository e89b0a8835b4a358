// SPDX-License-Identifier: Apache-2.0
#include "server/access_keys.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

namespace sky::server {
namespace {

constexpr std::size_t kIdCharacters = 16, kSecretCharacters = 40;
constexpr std::size_t kIdBytesMin = 3, kIdBytesMax = 128, kSecretBytesMax = 128;
constexpr std::size_t kAccountDigits = 12;
constexpr std::string_view kBase32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// The alphabet's size is a power of two, so every character is equally likely.
template <std::size_t N>
std::string draw(Random& random, std::string_view alphabet) {
    std::array<std::byte, N> bytes{};
    random.fill(bytes);
    std::string out;
    for (const std::byte byte : bytes) {
        out.push_back(alphabet[std::to_integer<std::size_t>(byte) & (alphabet.size() - 1)]);
    }
    return out;
}

bool is_alphanumeric(char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

}  // namespace

store::AccessKey make_access_key(Random& random, std::string account, std::int64_t now_ms) {
    return {"AKIA" + draw<kIdCharacters>(random, kBase32), draw<kSecretCharacters>(random, kBase64),
            std::move(account), now_ms};
}

Status check_access_key(const store::AccessKey& key) {
    const auto is_id = [](char c) { return is_alphanumeric(c) || c == '_' || c == '-'; };
    if (key.id.size() < kIdBytesMin || key.id.size() > kIdBytesMax ||
        !std::ranges::all_of(key.id, is_id)) {
        return fail(ErrorCode::kInvalidArgument,
                    "An access key id has 3 to 128 letters, digits, '_' or '-'.");
    }
    const auto is_visible = [](char c) { return c > ' ' && c < '\x7f'; };
    if (key.secret.empty() || key.secret.size() > kSecretBytesMax ||
        !std::ranges::all_of(key.secret, is_visible)) {
        return fail(ErrorCode::kInvalidArgument,
                    "A secret access key has 1 to 128 visible ASCII characters.");
    }
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    if (key.account.size() != kAccountDigits || !std::ranges::all_of(key.account, is_digit)) {
        return fail(ErrorCode::kInvalidArgument, "An account id has 12 digits.");
    }
    return {};
}

}  // namespace sky::server
