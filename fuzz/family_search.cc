// SPDX-License-Identifier: Apache-2.0
// Any text in any lines: what the slots of mined families tell is what a look at each line tells.
// The first byte says how often the lines repeat, so that families form, each time with another
// number in the place of '#'; then comes the text up to the first newline, then lines.
#include "logs/family_search.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/assert.h"
#include "columnar/text_column.h"
#include "shapes/miner.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sky;
    using Lines = logs::FamilySearch::Lines;
    if (size < 2) return 0;
    const std::size_t times = 1U + data[0] % 24U;
    std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
    const std::string_view text = rest.substr(0, rest.find('\n'));
    if (text.empty() || text.size() == rest.size()) return 0;
    rest.remove_prefix(text.size() + 1);
    columnar::TextColumn lines;
    std::string line;
    for (std::size_t turn = 0; turn < times; ++turn) {
        for (std::size_t at = 0; at <= rest.size();) {
            const std::string_view part = rest.substr(at, rest.find('\n', at) - at);
            at += part.size() + 1;
            line.clear();
            for (const char c : part)
                line += c == '#' ? std::to_string(turn * 7) : std::string(1, c);
            lines.push_back(line);
        }
    }
    if (lines.size() > shapes::limits::kRowsMax) return 0;

    const shapes::Shaping shaping = shapes::mine(lines);
    const auto block =
        shapes::ShapedBlock::open(shapes::encode_block(shaping), lines.size(), lines.bytes());
    SKY_ASSERT(block, "what was encoded opens");
    for (std::size_t f = 0; f < (*block)->families().size(); ++f) {
        const auto search = logs::FamilySearch::open(**block, f);
        SKY_ASSERT(search, "a good block tells about its slots");
        const auto rows = (*block)->rows_of(f);
        std::vector<std::uint8_t> marks(rows.size(), 0);
        const auto found = search->find(text, marks);
        SKY_ASSERT(found, "a good block has its columns");
        const bool open =
            *found == Lines::kSome && std::find(marks.begin(), marks.end(), 0) == marks.end();
        for (std::size_t i = 0; i < rows.size(); ++i) {
            const bool has = lines[rows[i]].find(text) != std::string_view::npos;
            const bool told = *found == Lines::kAll || (*found == Lines::kSome && marks[i] != 0);
            SKY_ASSERT(told || !has, "no line that has the text is passed over");
            SKY_ASSERT(has || !told || open, "no other line is found, unless it was not told");
        }
    }
    return 0;
}
