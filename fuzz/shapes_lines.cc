// SPDX-License-Identifier: Apache-2.0
// Lines of any bytes: what is mined and encoded gives every line back, and mining twice gives the
// same; so does what the families of the first half make of the second. The first byte says how
// often the lines repeat, so that families form; lines end at '\n', or at '|' when the second byte
// is odd, so that newlines occur inside them too.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/assert.h"
#include "shapes/miner.h"
#include "shapes/shaped_block.h"

namespace {

void gives_back(const std::string& block, const sky::columnar::TextColumn& lines) {
    const auto opened = sky::shapes::ShapedBlock::open(block, lines.size(), lines.bytes());
    SKY_ASSERT(opened, "what was encoded can be opened");
    std::string back(lines.bytes(), '\0');
    std::vector<std::uint32_t> ends(lines.size());
    SKY_ASSERT((*opened)->render_all(back.data(), ends), "what was encoded can be decoded");
    SKY_ASSERT(back == lines.data(), "byte for byte");
    SKY_ASSERT(std::equal(ends.begin(), ends.end(), lines.offsets().begin() + 1), "line by line");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sky;
    if (size < 3) return 0;
    const std::size_t times = 1U + data[0] % 24U;
    const char end_of_line = data[1] % 2 == 0 ? '\n' : '|';
    std::string_view text(reinterpret_cast<const char*>(data) + 2, size - 2);
    std::vector<std::string_view> parts;
    for (;;) {
        const std::size_t end = text.find(end_of_line);
        parts.push_back(text.substr(0, end));
        if (end == std::string_view::npos) break;
        text.remove_prefix(end + 1);
    }
    columnar::TextColumn lines;
    for (std::size_t i = 0; i < times; ++i)
        for (const std::string_view part : parts) lines.push_back(part);
    if (lines.size() > shapes::limits::kRowsMax) return 0;

    const shapes::Shaping shaping = shapes::mine(lines);
    SKY_ASSERT(shaping.families.size() <= shapes::limits::kFamiliesMax, "families are bounded");
    for (const shapes::Family& family : shaping.families) {
        SKY_ASSERT(family.slots <= shapes::limits::kSlotsMax, "slots are bounded");
        for (std::size_t i = 0; i < family.pieces.size(); ++i)
            SKY_ASSERT(family.pieces[i].is_slot() || (!family.pieces[i].constant.empty() &&
                                                      (i == 0 || family.pieces[i - 1].is_slot())),
                       "constants are not empty and not neighbours");
    }
    const std::string block = shapes::encode_block(shaping);
    SKY_ASSERT(block == shapes::encode_block(shapes::mine(lines)), "mining is deterministic");
    gives_back(block, lines);

    // The families of the first half take the second apart.
    if (lines.size() < 2) return 0;
    columnar::TextColumn first, second;
    for (std::size_t i = 0; i < lines.size(); ++i)
        (i < lines.size() / 2 ? first : second).push_back(lines[i]);
    shapes::KnownFamilies known;
    known.learn(shapes::mine(first));
    if (const auto apart = known.take_apart(second))
        gives_back(shapes::encode_block(*apart), second);
    return 0;
}
