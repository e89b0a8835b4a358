// SPDX-License-Identifier: Apache-2.0
#include "store/batch_record.h"

#include <cstring>
#include <limits>

#include "base/assert.h"
#include "base/time.h"
#include "crypto/crc32c.h"
#include "store/limits.h"
#include "store/segment_limits.h"

namespace sky::store {
namespace {

// group, stream, ingestion time, first time, rows, bytes of the two varint columns.
constexpr std::size_t kFixedBytes = 40;
constexpr std::size_t kVarint64BytesMax = 10;
constexpr std::size_t kVarint32BytesMax = 5;

template <class T>
char* put(char* out, T value) {
    std::memcpy(out, &value, sizeof value);
    return out + sizeof value;
}

char* put_varint(char* out, std::uint64_t value) {
    while (value >= 0x80) {
        *out++ = static_cast<char>(value | 0x80);
        value >>= 7;
    }
    *out++ = static_cast<char>(value);
    return out;
}

template <class T>
T take(std::string_view& from) {
    T value{};
    std::memcpy(&value, from.data(), sizeof value);
    from.remove_prefix(sizeof value);
    return value;
}

/// False when the bytes end inside the number or it has more than 64 bits.
bool take_varint(std::string_view& from, std::uint64_t& value) {
    value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        if (from.empty()) return false;
        const auto byte = static_cast<std::uint8_t>(from.front());
        from.remove_prefix(1);
        const std::uint64_t bits = byte & 0x7F;
        if (shift == 63 && bits > 1) return false;
        value |= bits << shift;
        if (byte < 0x80) return true;
    }
    return false;
}

std::unexpected<Error> bad(const char* what) {
    return fail(ErrorCode::kCorruption, std::string("WAL batch: ") + what);
}

}  // namespace

EncodedBatch encode_batch(const PreparedBatch& batch) {
    SKY_ASSERT(batch.rows > 0, "append() refuses empty batches");
    EncodedBatch out;
    const std::size_t bytes_max =
        kFixedBytes + batch.rows * (kVarint64BytesMax + kVarint32BytesMax);
    std::uint64_t text_bytes = 0;
    out.head.resize_and_overwrite(bytes_max, [&](char* const start, std::size_t) {
        const std::int64_t first_ms = batch.parts.front().rows->rows.timestamp_ms.front();
        char* const columns = start + kFixedBytes;
        char* at = columns;
        std::int64_t before = first_ms;
        for (const auto& part : batch.parts) {
            for (const std::int64_t ms : part.rows->rows.timestamp_ms) {
                at = put_varint(
                    at, static_cast<std::uint64_t>(ms) - static_cast<std::uint64_t>(before));
                before = ms;
            }
        }
        for (const auto& part : batch.parts) {
            const auto offsets = part.rows->rows.message.offsets();
            for (std::size_t i = 1; i < offsets.size(); ++i)
                at = put_varint(at, offsets[i] - offsets[i - 1]);
            text_bytes += offsets.back();
        }
        char* fixed = put(start, batch.group);
        fixed = put(fixed, batch.stream);
        fixed = put(fixed, batch.ingestion_ms);
        fixed = put(fixed, first_ms);
        fixed = put(fixed, static_cast<std::uint32_t>(batch.rows));
        put(fixed, static_cast<std::uint32_t>(at - columns));
        return static_cast<std::size_t>(at - start);
    });
    out.payload_crc = crypto::crc32c(std::string_view(out.head));
    for (const auto& part : batch.parts)
        out.payload_crc = crypto::crc32c(part.rows->rows.message.data(), out.payload_crc);
    out.payload_bytes = static_cast<std::uint32_t>(out.head.size() + text_bytes);
    return out;
}

void payload_parts(const EncodedBatch& encoded, const PreparedBatch& batch,
                   std::vector<std::span<const std::byte>>& parts) {
    parts.push_back(std::as_bytes(std::span(encoded.head)));
    for (const auto& part : batch.parts)
        parts.push_back(std::as_bytes(std::span(part.rows->rows.message.data())));
}

Result<DecodedBatch> decode_batch(std::string_view payload) {
    if (payload.size() < kFixedBytes) return bad("too short");
    DecodedBatch out;
    out.group = take<std::uint64_t>(payload);
    out.stream = take<std::uint64_t>(payload);
    out.ingestion_ms = take<std::int64_t>(payload);
    auto ms = static_cast<std::uint64_t>(take<std::int64_t>(payload));
    const auto rows = take<std::uint32_t>(payload);
    const auto column_bytes = take<std::uint32_t>(payload);
    if (column_bytes > payload.size()) return bad("columns reach past the end");
    // Two varints a row are two bytes at least, so the count is bounded by the payload.
    if (rows == 0 || rows > limits::kRecordRowsMax || rows > column_bytes / 2)
        return bad("impossible number of rows");
    std::string_view columns = payload.substr(0, column_bytes);
    std::string_view text = payload.substr(column_bytes);
    if (text.size() > limits::kRecordTextBytesMax) return bad("too much text");
    out.events.resize(rows);
    std::int64_t before = std::numeric_limits<std::int64_t>::min();
    for (Event& event : out.events) {
        std::uint64_t delta = 0;
        if (!take_varint(columns, delta)) return bad("time column is cut off");
        if (&event == &out.events.front() && delta != 0) return bad("first time is not the first");
        ms += delta;
        event.timestamp_ms = static_cast<std::int64_t>(ms);
        if (event.timestamp_ms < before) return bad("times do not ascend");
        before = event.timestamp_ms;
    }
    for (Event& event : out.events) {
        std::uint64_t length = 0;
        if (!take_varint(columns, length)) return bad("length column is cut off");
        if (length > text.size()) return bad("lengths reach past the text");
        event.message = text.substr(0, static_cast<std::size_t>(length));
        text.remove_prefix(static_cast<std::size_t>(length));
    }
    if (!columns.empty() || !text.empty()) return bad("bytes are left over");
    return out;
}

}  // namespace sky::store
