// SPDX-License-Identifier: Apache-2.0
#include "shapes/miner.h"

namespace sky::shapes {

Shaping mine(const columnar::TextColumn& lines) {
    Shaping out;
    out.families.resize(1);
    out.families[0].add_slot();
    out.family_of_row.assign(lines.size(), 0);
    out.rows.resize(1);
    out.rows[0].slots.resize(1);
    for (std::size_t i = 0; i < lines.size(); ++i) out.rows[0].slots[0].push_back(lines[i]);
    return out;
}

}  // namespace sky::shapes
