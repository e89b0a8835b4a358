// SPDX-License-Identifier: Apache-2.0
// A finished query's file: what can be read, written again is read the same; checksums are made
// good first, so that the parser behind them is met.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

#include "base/assert.h"
#include "crypto/crc32c.h"
#include "logs/kept_queries.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string file(reinterpret_cast<const char*>(data), size);
    constexpr std::size_t kPrefix = 32;  // docs/formats.md
    if (size > kPrefix) {
        std::uint64_t head = 0;
        std::memcpy(&head, file.data() + 8, sizeof(head));
        head = head % (size - kPrefix + 1);
        const std::uint64_t rows = size - kPrefix - head;
        const std::string_view body = std::string_view(file).substr(kPrefix);
        const std::uint32_t head_crc =
            sky::crypto::crc32c(body.substr(0, static_cast<std::size_t>(head)));
        const std::uint32_t rows_crc =
            sky::crypto::crc32c(body.substr(static_cast<std::size_t>(head)));
        std::memcpy(file.data() + 8, &head, sizeof(head));
        std::memcpy(file.data() + 16, &head_crc, sizeof(head_crc));
        std::memcpy(file.data() + 20, &rows, sizeof(rows));
        std::memcpy(file.data() + 28, &rows_crc, sizeof(rows_crc));
    }
    const auto head = sky::logs::decode_kept_head(file);
    const auto result = sky::logs::decode_kept_result(file);
    if (!head || !result) return 0;
    const std::string again = sky::logs::encode_kept_query(*head, *result);
    const auto read = sky::logs::decode_kept_result(again);
    SKY_ASSERT(read.has_value(), "what was written can be read");
    SKY_ASSERT(read->rows.size() == result->rows.size(), "the same rows");
    const auto second = sky::logs::decode_kept_head(again);
    SKY_ASSERT(second && second->id == head->id, "the same query");
    return 0;
}
