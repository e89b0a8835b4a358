// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/assert.h"
#include "insights/syntax/limits.h"
#include "insights/syntax/parser.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(data, data + size);
    const auto first = sky::insights::parse(text);
    if (!first) {
        const auto& error = first.error();
        SKY_ASSERT(error.offset >= 0 && error.length >= 0 &&
                       error.offset + error.length <= static_cast<std::int64_t>(size),
                   "errors point inside the text");
        return 0;
    }
    const std::string printed = sky::insights::print(*first);
    if (printed.size() > sky::insights::kQueryCharactersMax) return 0;  // Backticks made it longer.
    const auto second = sky::insights::parse(printed);
    SKY_ASSERT(second && *second == *first, "print then parse is a fixed point");
    return 0;
}
