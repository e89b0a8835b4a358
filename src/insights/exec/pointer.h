// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/insights/exec/pointer.h - @ptr: one event's place as opaque text.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sky::insights {

/// Names one event for good: it survives merges and restarts (store.md 2.4).
struct RecordPointer {
    std::uint64_t group = 0;  // store::GroupId
    std::int64_t timestamp_ms = 0;
    std::uint64_t sequence = 0;
    friend bool operator==(const RecordPointer&, const RecordPointer&) = default;
};

/// Characters of every pointer: 28 bytes in base64url.
constexpr std::size_t kPointerBytes = 38;

/// Base64url without padding; at most kPointerBytesMax characters (it is kPointerBytes).
std::string encode_pointer(const RecordPointer& pointer);
/// The same into `out`, which has room for kPointerBytes.
void encode_pointer(const RecordPointer& pointer, char* out);
/// Reads what encode_pointer wrote; clients hand it to GetLogRecord.
/// Errors: kInvalidArgument (not such a text).
Result<RecordPointer> decode_pointer(std::string_view text);

}  // namespace sky::insights
