// SPDX-License-Identifier: Apache-2.0
// The filter of a chunk's terms: whatever stands in the text may be in it, before and after it was
// stored; any bytes are a filter that answers, or none. The first byte cuts the input in two: a
// literal's place, and the text.
#include "shapes/term_filter.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/assert.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sky;
    using namespace sky::shapes;
    if (size < 3) return 0;
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    const std::string_view text = input.substr(2);
    const std::size_t begin = data[0] % (text.size() + 1);
    const std::string_view literal = text.substr(begin, data[1]);
    const TermFilter made = TermFilter::of(text);
    SKY_ASSERT(made.may_contain(literal), "the text has it");
    std::string bytes;
    made.encode(bytes);
    ByteReader stored(bytes);
    TermFilter read;
    SKY_ASSERT(TermFilter::decode(stored, read) && stored.left() == 0, "what was stored is read");
    SKY_ASSERT(read.may_contain(literal), "and holds the same");
    ByteReader any(text);
    TermFilter odd;
    if (TermFilter::decode(any, odd)) {
        (void)odd.may_contain(literal);
        std::string again;
        odd.encode(again);
        SKY_ASSERT(again.size() <= text.size() + 2, "no larger than it was read from");
    }
    return 0;
}
