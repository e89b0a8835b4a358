// SPDX-License-Identifier: Apache-2.0
// The hand-written PutLogEvents decoder never reads out of bounds and never gives another answer
// than the codec of the shape tables.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/assert.h"
#include "logs/api/testing/codec_reference.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sky::logs::api::testing;
    const std::string_view body(reinterpret_cast<const char*>(data), size);
    SKY_ASSERT(compare_decoders(body) != Agreement::kDiffer, "both decoders agree");
    return 0;
}
