// SPDX-License-Identifier: Apache-2.0
#include "store/memory_budget.h"

#include <algorithm>

#include "store/limits.h"
#include "store/segment_limits.h"

namespace sky::store {

std::uint64_t rows_memory(std::uint64_t rows, std::uint64_t text_bytes) {
    return rows * limits::kRowMemoryBytes + text_bytes;
}

std::uint64_t encode_memory(std::uint64_t rows, std::uint64_t text_bytes) {
    return limits::kEncodeMemoryFixed + rows * limits::kEncodeMemoryPerRow +
           text_bytes * limits::kEncodeMemoryPerByte +
           std::min(text_bytes * limits::kMineMemoryPerByte, limits::kMineMemoryMax);
}

std::uint64_t seal_memory(std::uint64_t rows, std::uint64_t text_bytes) {
    return rows_memory(rows, text_bytes) + encode_memory(rows, text_bytes);
}

std::uint64_t merge_memory(std::uint64_t rows, std::uint64_t text_bytes) {
    return 3 * rows_memory(rows, text_bytes) + encode_memory(rows, text_bytes);
}

namespace {

ChunkLimits chunk_limits(std::uint64_t memory_bytes,
                         std::uint64_t (*need)(std::uint64_t rows, std::uint64_t text_bytes)) {
    ChunkLimits chunk{limits::kChunkRowsMax, limits::kChunkBytesMax};
    const std::uint64_t share = memory_bytes / 100 * limits::kChunkMemoryPercent;
    while (chunk.rows > limits::kChunkRowsLeast && need(chunk.rows, chunk.bytes) > share) {
        chunk.rows /= 2;
        chunk.bytes /= 2;
    }
    return chunk;
}

}  // namespace

ChunkLimits sealed_chunk_limits(std::uint64_t memory_bytes) {
    return chunk_limits(memory_bytes, seal_memory);
}

ChunkLimits merged_chunk_limits(std::uint64_t memory_bytes) {
    return chunk_limits(memory_bytes, merge_memory);
}

}  // namespace sky::store
