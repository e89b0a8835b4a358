// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/http/limits.h - every bound of the HTTP server and client that is no option.

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace sky::http::limits {

/// First read buffer of a connection: holds the head and small body of every SDK call seen
/// (clients.md 3: heads of 0.6 to 2 KiB). 12,000 idle connections keep 48 MiB.
constexpr std::size_t kReadBufferBytes = 4 * 1024;
/// Read buffer while a chunked body arrives.
constexpr std::size_t kChunkBufferBytes = 64 * 1024;
/// Extensions of all chunks of one body. No client seen sends any (clients.md); a bound keeps them
/// from being a body that no limit counts.
constexpr std::size_t kChunkExtensionBytesMax = 4 * 1024;
/// Fields after a chunked body, which are dropped. Our choice; no client seen sends any.
constexpr std::size_t kTrailerBytesMax = 8 * 1024;
/// What waits for a slow reader of a streamed answer. Our choice: two full updates of a live tail
/// (500 events of 256 KiB would be more, and are cut by its own limit).
constexpr std::size_t kStreamBufferBytes = 4 << 20;
/// One TLS connection may decrypt this much before others on its loop get their turn.
constexpr std::size_t kTlsTurnBytes = 256 * 1024;
/// Up to here a head and its body are copied together, so that they travel in one TLS record (at
/// most 16 KiB, RFC 8446 5.1).
constexpr std::size_t kTlsJoinedBytesMax = 16 * 1024;
/// A full server closes this share of its connections at once, the longest idle first, so that a
/// flood of them costs few looks at all of them.
constexpr std::size_t kShedShare = 64;
/// Fair shares count bytes: a tenant's turn is worth this much, a request at least the other.
constexpr std::uint64_t kTurnBytes = 64 * 1024, kRequestBytesMin = 16 * 1024;
/// Header fields of one request. SDKs send 8 to 15; Apache httpd's default is 100.
constexpr std::size_t kHeaderFieldsMax = 128;
/// First body permit of a chunked body, doubled as it grows.
constexpr std::uint64_t kChunkPermitBytes = 64 * 1024;
/// After a response that ends the connection with request bytes unread: how long arriving bytes are
/// thrown away, so that the client reads the answer instead of a reset. nginx: lingering_timeout 5
/// s.
constexpr std::chrono::milliseconds kLinger{5'000};
/// Pause after accept failed (no file descriptors left).
constexpr std::chrono::milliseconds kAcceptPause{100};
/// Deadlines are looked at this often; less often when the smallest timeout allows.
constexpr std::chrono::milliseconds kTickMin{5}, kTickMax{250};
/// Grace of a server that is destroyed without drain().
constexpr std::chrono::milliseconds kDefaultDrainGrace{10'000};
/// Event loops and pool threads a server may be told to start.
constexpr unsigned kThreadsMax = 256;

/// Client: bytes of an answer's head, and of its body. The largest answer the API gives is below
/// 32 MiB (10,000 query rows).
constexpr std::size_t kAnswerHeadBytesMax = 64 * 1024;
constexpr std::uint64_t kAnswerBodyBytesMax = 256ULL << 20;
/// Client: interim (1xx) answers tolerated before the real one.
constexpr int kInterimAnswersMax = 16;

}  // namespace sky::http::limits
