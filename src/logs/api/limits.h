// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/logs/api/limits.h - sizes of what the Logs operations take and give.

#include <cstddef>
#include <cstdint>

namespace sky::logs::api::limits {

/// PutLogEvents: 1 MiB of message bytes, each at worst a six-byte escape, and 10,000 events' frames
/// of at most about 100 bytes. Ours; the service publishes no size of the body.
inline constexpr std::uint64_t kPutBodyBytesMax = 8ULL << 20;

/// CreateLookupTable and UpdateLookupTable: 10 MiB of CSV, whose quotes and line ends are two bytes
/// each in JSON, and half as much again for escaped characters. Ours.
inline constexpr std::uint64_t kLookupBodyBytesMax = 32ULL << 20;

/// Every other request. The largest honest ones are 100 stream names of 512 characters and 50 tags
/// of 384: both below 512 KiB with escapes. Ours.
inline constexpr std::uint64_t kBodyBytesMax = 1ULL << 20;

/// GetLogObject: bytes of one `fields` event. Ours: far below what SDKs take as one message.
inline constexpr std::size_t kObjectPieceBytes = 64U << 10U;

}  // namespace sky::logs::api::limits
