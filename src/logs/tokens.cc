// SPDX-License-Identifier: Apache-2.0
#include "logs/tokens.h"

#include <array>

#include "logs/limits.h"

namespace sky::logs {
namespace {

__extension__ typedef unsigned __int128 Wide;

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr unsigned char kVersion = 1;
constexpr std::size_t kHeaderBytes = 2 + 8 + 8;
constexpr std::size_t kIdDigits = 56, kStreamDigits = 16;
constexpr std::uint64_t kStreamModulus = 10'000'000'000'000'000ULL;  // 10^16

std::string base64url(std::string_view bytes) {
    std::string out;
    out.reserve((bytes.size() * 4 + 2) / 3);
    std::uint32_t bits = 0;
    unsigned count = 0;
    for (const char c : bytes) {
        bits = (bits << 8) | static_cast<unsigned char>(c);
        count += 8;
        while (count >= 6) {
            count -= 6;
            out.push_back(kAlphabet[(bits >> count) & 63U]);
        }
    }
    if (count > 0) out.push_back(kAlphabet[(bits << (6 - count)) & 63U]);
    return out;
}

/// Strict: nullopt for a foreign character or stray bits, so a position has one spelling.
std::optional<std::string> from_base64url(std::string_view text) {
    std::string out;
    out.reserve(text.size() * 3 / 4);
    std::uint32_t bits = 0;
    unsigned count = 0;
    for (const char c : text) {
        const auto value = kAlphabet.find(c);
        if (value == std::string_view::npos) return std::nullopt;
        bits = (bits << 6) | static_cast<std::uint32_t>(value);
        count += 6;
        if (count >= 8) {
            count -= 8;
            out.push_back(static_cast<char>((bits >> count) & 0xFFU));
        }
    }
    if (count >= 6 || (bits & ((1U << count) - 1U)) != 0) return std::nullopt;
    return out;
}

void put_u64(std::string& out, std::uint64_t value) {
    for (int shift = 56; shift >= 0; shift -= 8)
        out.push_back(static_cast<char>((value >> shift) & 0xFFU));
}

std::uint64_t get_u64(std::string_view bytes) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < 8; ++i) value = (value << 8) | static_cast<unsigned char>(bytes[i]);
    return value;
}

Wide wide_of(Position position) {
    return (static_cast<Wide>(static_cast<std::uint64_t>(position.timestamp_ms)) << 64) |
           position.sequence;
}

/// Writes `value` right-aligned into [begin, end), zero-padded.
void put_digits(char* begin, char* end, Wide value) {
    while (end != begin) {
        *--end = static_cast<char>('0' + static_cast<int>(value % 10));
        value /= 10;
    }
}

std::unexpected<Error> invalid() {
    return fail(ErrorCode::kInvalidArgument, std::string(kTokenInvalid));
}

}  // namespace

FilterHash& FilterHash::add(std::string_view text) {
    add(static_cast<std::uint64_t>(text.size()));
    for (const char c : text) {
        state_ ^= static_cast<unsigned char>(c);
        state_ *= 1'099'511'628'211ULL;
    }
    return *this;
}

FilterHash& FilterHash::add(std::uint64_t number) {
    for (int i = 0; i < 8; ++i) {
        state_ ^= (number >> (8 * i)) & 0xFFU;
        state_ *= 1'099'511'628'211ULL;
    }
    return *this;
}

namespace {
/// Seals every part of a token: a changed character is refused, not read as another place.
std::uint64_t seal(TokenKind kind, std::uint64_t filter, std::int64_t issued_ms,
                   std::string_view position) {
    return FilterHash()
        .add(static_cast<std::uint64_t>(kind))
        .add(filter)
        .add(static_cast<std::uint64_t>(issued_ms))
        .add(position)
        .value();
}
}  // namespace

std::string encode_token(TokenKind kind, std::uint64_t filter, std::int64_t issued_ms,
                         std::string_view position) {
    std::string bytes;
    bytes.reserve(kHeaderBytes + position.size());
    bytes.push_back(static_cast<char>(kVersion));
    bytes.push_back(static_cast<char>(kind));
    put_u64(bytes, seal(kind, filter, issued_ms, position));
    put_u64(bytes, static_cast<std::uint64_t>(issued_ms));
    bytes.append(position);
    return base64url(bytes);
}

Result<std::string> decode_token(TokenKind kind, std::uint64_t filter, std::int64_t now_ms,
                                 std::int64_t life_ms, std::string_view token) {
    if (token.size() > limits::kTokenBytesMax) return invalid();
    const auto bytes = from_base64url(token);
    if (!bytes || bytes->size() < kHeaderBytes) return invalid();
    const std::string_view view = *bytes;
    if (view[0] != static_cast<char>(kVersion) || view[1] != static_cast<char>(kind))
        return invalid();
    const auto issued_ms = static_cast<std::int64_t>(get_u64(view.substr(10)));
    const std::string_view position = view.substr(kHeaderBytes);
    if (get_u64(view.substr(2)) != seal(kind, filter, issued_ms, position)) return invalid();
    // A wall clock that was set back must not make fresh tokens old: only age counts.
    if (issued_ms < 0 || (now_ms > issued_ms && now_ms - issued_ms > life_ms)) return invalid();
    return std::string(position);
}

std::string encode_position(Position position) {
    std::string bytes;
    put_u64(bytes, static_cast<std::uint64_t>(position.timestamp_ms));
    put_u64(bytes, position.sequence);
    return bytes;
}

std::optional<Position> decode_position(std::string_view bytes) {
    if (bytes.size() != 16) return std::nullopt;
    return Position{static_cast<std::int64_t>(get_u64(bytes)), get_u64(bytes.substr(8))};
}

std::string event_id(Position position) {
    std::string id(kIdDigits, '0');
    put_digits(id.data(), id.data() + kIdDigits, wide_of(position));
    return id;
}

std::string encode_two_way(TwoWayToken token, std::uint64_t stream_hash) {
    std::string text(2 + kIdDigits + 2, '0');
    text[0] = token.forward ? 'f' : 'b';
    text[1] = '/';
    char* const digits = text.data() + 2;
    put_digits(digits, digits + kStreamDigits, stream_hash % kStreamModulus);
    put_digits(digits + kStreamDigits, digits + kIdDigits, wide_of(token.position));
    text[2 + kIdDigits] = '/';
    text[3 + kIdDigits] = 's';
    return text;
}

Result<TwoWayToken> decode_two_way(std::string_view text, std::uint64_t stream_hash) {
    if (text.size() != 2 + kIdDigits + 2 || (text[0] != 'f' && text[0] != 'b') || text[1] != '/' ||
        !text.ends_with("/s"))
        return invalid();
    const std::string_view digits = text.substr(2, kIdDigits);
    std::uint64_t stream = 0;
    Wide position = 0;
    for (std::size_t i = 0; i < kIdDigits; ++i) {
        if (digits[i] < '0' || digits[i] > '9') return invalid();
        const auto digit = static_cast<unsigned>(digits[i] - '0');
        if (i < kStreamDigits) {
            stream = stream * 10 + digit;
        } else {
            if (position > (~Wide{0} - digit) / 10) return invalid();
            position = position * 10 + digit;
        }
    }
    if (stream != stream_hash % kStreamModulus) return invalid();
    return TwoWayToken{text[0] == 'f',
                       {static_cast<std::int64_t>(static_cast<std::uint64_t>(position >> 64)),
                        static_cast<std::uint64_t>(position)}};
}

}  // namespace sky::logs
