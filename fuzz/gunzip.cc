// SPDX-License-Identifier: Apache-2.0
// Any bytes: never more than the cap; one byte less of cap is refused; two copies of a gzip body
// inflate to the text twice.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/assert.h"
#include "http/server.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr std::uint64_t kCap = 1 << 20;
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    const auto text = sky::http::gunzip(input, kCap);
    if (!text) return 0;
    SKY_ASSERT(text->size() <= kCap, "the cap holds");
    if (!text->empty()) {
        const auto refused = sky::http::gunzip(input, text->size() - 1);
        SKY_ASSERT(!refused && refused.error().code == sky::ErrorCode::kLimitExceeded,
                   "a smaller cap refuses");
    }
    if (input[0] == '\x1f') {
        const auto twice =
            sky::http::gunzip(std::string(input) + std::string(input), 2 * text->size());
        SKY_ASSERT(twice && *twice == *text + *text, "members follow one another");
    }
    return 0;
}
