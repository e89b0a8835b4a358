// SPDX-License-Identifier: Apache-2.0
// Lookup tables: what is read, printed and read again is the same; faults are told, never more
// cells than there are bytes.
#include "logs/csv_table.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/assert.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto table = sky::logs::parse_csv(text);
    if (!table) {
        SKY_ASSERT(table.error().code == sky::ErrorCode::kInvalidArgument, "the text is at fault");
        return 0;
    }
    SKY_ASSERT(table->cell_count() <= size, "each value takes a byte");
    const std::string printed = sky::logs::csv_of(*table);
    const auto again = sky::logs::parse_csv(printed);
    SKY_ASSERT(again.has_value(), "what was printed can be read");
    SKY_ASSERT(again->columns == table->columns, "the same columns");
    SKY_ASSERT(again->cell_count() == table->cell_count(), "as many values");
    for (std::size_t row = 0; row < table->rows(); ++row) {
        for (std::size_t i = 0; i < table->columns.size(); ++i) {
            SKY_ASSERT(again->cell(row, i) == table->cell(row, i), "the same values");
        }
    }
    return 0;
}
