// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/shapes/shaping.h - lines taken apart: what the miner gives and the encoder
              // takes.

#include <cstdint>
#include <string_view>
#include <vector>

#include "shapes/family.h"

namespace sky::shapes {

/// The texts of one family's rows, slot by slot.
struct FamilyRows {
    std::vector<std::vector<std::string_view>> slots;  // [slot][row of the family]
};

/// Lifetime: texts are borrowed from the lines.
/// Shape:    rows[f].slots has families[f].slots columns of as many texts as family_of_row has f.
struct Shaping {
    std::vector<Family> families;
    std::vector<FamilyRows> rows;              // By family.
    std::vector<std::uint16_t> family_of_row;  // An index into families a line.
};

}  // namespace sky::shapes
