// SPDX-License-Identifier: Apache-2.0
// A block of any bytes: an error, or columns that keep what their interface promises and give the
// same lines whichever way they are read. The first two bytes are the number of rows, the next two
// the bytes of text.
#include "shapes/shaped_block.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/assert.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sky;
    using namespace sky::shapes;
    if (size < 4) return 0;
    const std::size_t rows = data[0] + 256U * (data[1] % 16U), bytes = data[2] + 256U * data[3];
    const std::string stored(reinterpret_cast<const char*>(data) + 4, size - 4);
    const auto opened = ShapedBlock::open(stored, rows, bytes);
    if (!opened) {
        SKY_ASSERT(opened.error().code == ErrorCode::kCorruption, "bytes are at fault");
        return 0;
    }
    const ShapedBlock& block = **opened;
    SKY_ASSERT(block.rows() == rows && block.family_of_row().size() == rows, "as many as asked");
    std::size_t all = 0;
    for (std::size_t f = 0; f < block.families().size(); ++f) {
        all += block.rows_of(f).size();
        for (std::size_t s = 0; s < block.families()[f].slots; ++s) {
            const auto early = block.stats(f, s);
            const auto got = block.column(f, s);
            if (!got) continue;
            SKY_ASSERT(early, "a column that is intact has statistics");
            const SlotColumn& column = **got;
            SKY_ASSERT(column.rows() == block.rows_of(f).size(), "a value for each row");
            if (column.kind() == SlotKind::kDictionary)
                for (const std::uint16_t code : column.codes())
                    SKY_ASSERT(code < column.entries().size(), "codes have entries");
            if (column.kind() == SlotKind::kForm)
                SKY_ASSERT(column.values().size() == column.rows(), "numbers for all rows");
            SlotColumn::Scratch scratch;
            for (std::size_t i = 0; i < column.rows(); ++i) (void)column.text(i, scratch);
        }
    }
    SKY_ASSERT(all == rows, "every row has one family");
    std::string text(bytes, '\0'), part;
    std::vector<std::uint32_t> ends(rows), part_ends, odd;
    if (!block.render_all(text.data(), ends)) return 0;
    const auto again = ShapedBlock::open(stored, rows, bytes, block.head());
    SKY_ASSERT(again, "a block opens by its own head");
    std::string text_again(bytes, '\0');
    std::vector<std::uint32_t> ends_again(rows);
    SKY_ASSERT((*again)->render_all(text_again.data(), ends_again) && text_again == text &&
                   ends_again == ends,
               "and has the same lines");
    for (std::size_t i = 1; i < rows; i += 2) odd.push_back(static_cast<std::uint32_t>(i));
    SKY_ASSERT(block.render(odd, part, part_ends), "what can be read whole can be read in part");
    std::size_t begin = 0;
    for (std::size_t i = 0; i < odd.size(); begin = part_ends[i++]) {
        const std::size_t from = ends[odd[i] - 1], to = ends[odd[i]];
        SKY_ASSERT(std::string_view(part).substr(begin, part_ends[i] - begin) ==
                       std::string_view(text).substr(from, to - from),
                   "the same lines");
    }
    return 0;
}
