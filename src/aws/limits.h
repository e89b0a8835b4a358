// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/aws/limits.h - bounds of authentication, decoding and dispatch.

#include <cstddef>
#include <cstdint>

namespace sky::aws::limits {

/// Inflated size of a gzip request. Source: clients.md 5.8 ("cap, e.g. 64 MiB").
inline constexpr std::uint64_t kInflatedBytesMax = 64ULL << 20;

/// A request's clock may differ from ours by this much. Source: clients.md 5.7.
inline constexpr std::int64_t kClockWindowMs = 5 * 60 * 1000;

/// Longest life of a presigned URL. Source: clients.md 5.7 (X-Amz-Expires 1..604800).
inline constexpr std::int64_t kPresignedSecondsMax = 604'800;

/// Cached signing keys. Our choice: a key is 32 bytes, a day of one client is one entry for each
/// service and region that it uses.
inline constexpr std::size_t kSigningKeysMax = 1024;

/// Broken constraints that one answer names. Our choice: a batch of 10,000 bad events must not make
/// an answer larger than the request.
inline constexpr std::size_t kViolationsMax = 20;

/// Characters of an offending value that an answer repeats. Our choice, for the same reason.
inline constexpr std::size_t kViolationValueBytesMax = 1024;

/// Characters of a region or service in a credential scope. Our choice; the longest published one
/// has 34.
inline constexpr std::size_t kScopeWordMax = 64;

/// Longest session token that is looked at. Source: AWS asks clients to leave room for 4,096 bytes;
/// ours have fewer than 4,000.
inline constexpr std::size_t kSessionTokenBytesMax = 4096;

/// Source: STS model, AssumeRole: arnType 20..2048, roleSessionNameType 2..64.
inline constexpr std::size_t kRoleArnBytesMax = 2048;
inline constexpr std::size_t kSessionNameBytesMax = 64;

/// Shortest secret that is good from anywhere. Source: 128 bits at the least; AWS's have 40
/// characters.
inline constexpr std::size_t kSecretBytesMin = 16;

/// Bytes of one value that an audit record repeats, and members of a request that it looks at. Our
/// choice: names of log groups have at most 512.
inline constexpr std::size_t kAuditValueBytesMax = 1024;
inline constexpr std::size_t kAuditMembersMax = 32;

/// Headers named by one signature. Our choice; SDKs sign fewer than 20.
inline constexpr std::size_t kSignedHeadersMax = 64;

/// Parts of a form key ("a.member.1.b" has four). Our choice: the deepest modelled one has 14.
inline constexpr std::size_t kFormKeyPartsMax = 64;

/// Pairs of a form. Our choice: PutMetricData at its limits (1000 values of 30 dimensions) has
/// fewer.
inline constexpr std::size_t kFormPairsMax = 100'000;

/// One message of an event stream, and its headers. Source: clients.md 5.6 (clients' own caps: 24
/// MiB of payload, 128 KiB of headers).
inline constexpr std::size_t kEventMessageBytesMax = 24ULL << 20;
inline constexpr std::size_t kEventHeadersBytesMax = 128ULL << 10;

/// Nesting of CBOR items; as json::limits::kDepthMax.
inline constexpr std::size_t kCborDepthMax = 128;

}  // namespace sky::aws::limits
