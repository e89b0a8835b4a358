// SPDX-License-Identifier: Apache-2.0
// Replay of a WAL segment and of its batches: LSNs ascend without a gap that is not named lost,
// everything handed out lies inside the input, and a batch that decodes encodes to the same bytes
// again whenever its numbers are in their shortest form.
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "base/assert.h"
#include "crypto/crc32c.h"
#include "store/batch_record.h"
#include "store/limits.h"
#include "store/wal_format.h"

using namespace sky;
using namespace sky::store;

namespace {

void check_batch(std::string_view payload) {
    const auto decoded = decode_batch(payload);
    if (!decoded) {
        SKY_ASSERT(decoded.error().code == ErrorCode::kCorruption, "the one error of decode_batch");
        return;
    }
    const PreparedBatch prepared = prepare({.group = decoded->group,
                                            .stream = decoded->stream,
                                            .ingestion_ms = decoded->ingestion_ms,
                                            .events = decoded->events});
    const EncodedBatch encoded = encode_batch(prepared);
    std::vector<std::span<const std::byte>> parts;
    payload_parts(encoded, prepared, parts);
    std::string again;
    for (const auto part : parts)
        again.append(reinterpret_cast<const char*>(part.data()), part.size());
    SKY_ASSERT(again.size() == encoded.payload_bytes, "the announced size is the size");
    SKY_ASSERT(crypto::crc32c(std::string_view(again)) == encoded.payload_crc,
               "the announced checksum is the checksum");
    SKY_ASSERT(again.size() <= payload.size(), "encoding uses the shortest numbers");
    if (again.size() == payload.size())
        SKY_ASSERT(again == payload, "decode then encode is the identity");
    const auto second = decode_batch(again);
    SKY_ASSERT(second && second->events.size() == decoded->events.size(), "encoded bytes decode");
    for (std::size_t i = 0; i < second->events.size(); ++i)
        SKY_ASSERT(second->events[i].timestamp_ms == decoded->events[i].timestamp_ms &&
                       second->events[i].message == decoded->events[i].message,
                   "events survive");
}

void check_segment(std::string_view bytes, const WalSegmentHeader& header, std::uint64_t stop) {
    std::uint64_t expected = header.first_lsn;
    const auto end = replay_wal_segment(
        bytes, header, stop,
        [&](const WalRecord& record) -> Status {
            SKY_ASSERT(record.lsn == expected && record.lsn < stop, "LSNs go up by one");
            ++expected;
            SKY_ASSERT(
                record.payload.data() >= bytes.data() &&
                    record.payload.data() + record.payload.size() <= bytes.data() + bytes.size(),
                "payloads lie inside the segment");
            check_batch(record.payload);
            return {};
        },
        [&](std::uint64_t first, std::uint64_t last) {
            SKY_ASSERT(first == expected && last >= first && last < stop, "gaps are named exactly");
            expected = last + 1;
        });
    SKY_ASSERT(end.has_value(), "replay itself has no errors");
    SKY_ASSERT(end->next_lsn == expected, "the end is behind the last record or gap");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    check_batch(input);

    // The input as a segment; then with its checksums made right, so that they hide nothing.
    std::string segment(input);
    const auto repaired = [&] {
        if (segment.size() < limits::kWalBlockBytes + kWalGroupHeaderBytes) return false;
        const auto set = [&](std::size_t at, std::size_t bytes, std::uint32_t seed) {
            const std::uint32_t crc =
                crypto::crc32c(std::string_view(segment).substr(at, bytes), seed);
            segment.replace(at + bytes, 4, reinterpret_cast<const char*>(&crc), 4);
            return crc;
        };
        set(0, 60, 0);
        std::uint32_t prev = 0;
        segment.copy(reinterpret_cast<char*>(&prev), 4, limits::kWalBlockBytes + 36);
        std::uint32_t chain = set(limits::kWalBlockBytes, 60, prev);
        std::size_t at = limits::kWalBlockBytes + kWalGroupHeaderBytes;
        while (at + kWalRecordHeaderBytes <= segment.size()) {
            std::uint32_t payload = 0;
            segment.copy(reinterpret_cast<char*>(&payload), 4, at);
            if (payload > segment.size() - at - kWalRecordHeaderBytes) break;
            const std::uint32_t crc = crypto::crc32c(
                std::string_view(segment).substr(at + kWalRecordHeaderBytes, payload));
            segment.replace(at + 4, 4, reinterpret_cast<const char*>(&crc), 4);
            chain = set(at, 28, chain);
            at += kWalRecordHeaderBytes + payload;
        }
        return true;
    };
    for (const bool repair : {false, true}) {
        if (repair && !repaired()) break;
        const auto header = decode_segment_header(segment);
        if (header && header->first_lsn < std::numeric_limits<std::int64_t>::max()) {
            check_segment(segment, *header, std::numeric_limits<std::uint64_t>::max());
            check_segment(segment, *header, header->first_lsn + 3);
        }
        const auto salvaged = salvage_wal_segment(segment);
        if (salvaged)
            check_segment(segment, salvaged->header, std::numeric_limits<std::uint64_t>::max());
    }
    return 0;
}
