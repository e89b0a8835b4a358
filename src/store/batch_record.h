// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/store/batch_record.h - one append() as the payload of a WAL record, version 1.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/chunk.h"
#include "store/store.h"

namespace sky::store {

inline constexpr std::uint16_t kBatchRecordVersion = 1;

/// The payload is `head` and then the texts of the batch's pieces, which are not copied again.
struct EncodedBatch {
    std::string head;
    std::uint32_t payload_bytes = 0;
    std::uint32_t payload_crc = 0;
};

/// `batch` keeps its texts as they are until the record is written.
EncodedBatch encode_batch(const PreparedBatch& batch);
/// Appends what the record consists of to `parts`.
void payload_parts(const EncodedBatch& encoded, const PreparedBatch& batch,
                   std::vector<std::span<const std::byte>>& parts);

/// A batch as replay finds it. Lifetime: messages point into the payload.
struct DecodedBatch {
    GroupId group = 0;
    StreamId stream = 0;
    std::int64_t ingestion_ms = 0;
    std::vector<Event> events;
};

/// Errors: kCorruption (the payload is not what encode made; no allocation beyond its own size).
Result<DecodedBatch> decode_batch(std::string_view payload);

}  // namespace sky::store
