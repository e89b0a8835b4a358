// SPDX-License-Identifier: Apache-2.0
// A manifest that is read renders to the same bytes or, where numbers were spelled otherwise, to a
// manifest that reads the same; and it names nothing outside of a backup.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/assert.h"
#include "crypto/crc32c.h"
#include "store/backup.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string text(reinterpret_cast<const char*>(data), size);
    static_cast<void>(sky::store::parse_manifest(text));
    // With the right end, so that the lines are looked at.
    constexpr std::string_view kDigits = "0123456789abcdef";
    const std::uint32_t crc = sky::crypto::crc32c(std::string_view(text));
    text += "end ";
    for (int shift = 28; shift >= 0; shift -= 4) text += kDigits[crc >> shift & 15U];
    text += '\n';
    const auto first = sky::store::parse_manifest(text);
    if (!first) return 0;
    for (const auto& file : first->files) {
        SKY_ASSERT(file.path.find("..") == std::string::npos && file.path.front() != '/',
                   "paths stay inside");
    }
    const std::string rendered = sky::store::render_manifest(*first);
    const auto second = sky::store::parse_manifest(rendered);
    SKY_ASSERT(second && sky::store::render_manifest(*second) == rendered,
               "render then parse is a fixed point");
    return 0;
}
