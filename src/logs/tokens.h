// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/logs/tokens.h - opaque page tokens: a position, the filter it belongs to, its
              // age.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sky::logs {

/// What listed it. A token of one operation is refused by every other.
enum class TokenKind : std::uint8_t {
    kGroups = 1,
    kListGroups,
    kStreamsByName,
    kStreamsByTime,
    kFilterEvents,
    kQueries,
    kQueryResults,
    kLookupTables,
    kQueryDefinitions,
};

inline constexpr std::string_view kTokenInvalid = "The specified nextToken is invalid.";

/// Mixes the request members that a token binds; feed each in a fixed order.
class FilterHash {
public:
    FilterHash& add(std::string_view text);
    FilterHash& add(std::uint64_t number);
    std::uint64_t value() const { return state_; }

private:
    std::uint64_t state_ = 14'695'981'039'346'656'037ULL;  // FNV-1a, 64 bits.
};

std::string encode_token(TokenKind kind, std::uint64_t filter, std::int64_t issued_ms,
                         std::string_view position);
/// The position. Errors: kInvalidArgument (kTokenInvalid: not ours, another kind or filter, older
/// than `life_ms`).
Result<std::string> decode_token(TokenKind kind, std::uint64_t filter, std::int64_t now_ms,
                                 std::int64_t life_ms, std::string_view token);

/// A place in a group's events; every tie is broken by the ingest sequence (store.md 2.4).
struct Position {
    std::int64_t timestamp_ms = 0;
    std::uint64_t sequence = 0;
    friend auto operator<=>(const Position&, const Position&) = default;
};

/// 16 bytes, big-endian.
std::string encode_position(Position position);
std::optional<Position> decode_position(std::string_view bytes);

/// 56 decimal digits, unique in a group and ascending with (timestamp, sequence); logs-api.md 4.
std::string event_id(Position position);

/// GetLogEvents' two-way tokens, "f/<56 digits>/s" and "b/<56 digits>/s" (logs-api.md 5.1).
struct TwoWayToken {
    bool forward;
    Position position;
};
/// The first 16 digits bind the stream, the other 40 are the position.
std::string encode_two_way(TwoWayToken token, std::uint64_t stream_hash);
/// Errors: kInvalidArgument (kTokenInvalid: not ours or of another stream).
Result<TwoWayToken> decode_two_way(std::string_view text, std::uint64_t stream_hash);

}  // namespace sky::logs
