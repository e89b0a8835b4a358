// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/shapes/column_encoder.h - chooses how one column is stored and appends it to a
              // block's areas.

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "shapes/block_format.h"
#include "shapes/json_roles.h"
#include "shapes/string_pool.h"

namespace sky::shapes {

/// What becomes a block.
struct BlockParts {
    std::array<std::string, kFrames + 1> areas;  // By Area, not yet compressed.
    StringPool pool;
    std::vector<std::uint8_t> pool_roles;  // By number: kRolesKnown and JsonRoles; else not asked.

    std::string& operator[](Area area) { return areas[static_cast<std::size_t>(area)]; }
};

/// Appends a column's descriptor to the meta area and its bytes to where they belong.
/// Expects: 1..kRowsMax texts, which outlive `parts`. `asked`: roles of which the descriptor tells
/// whether all texts surely fit them.
void encode_column(std::span<const std::string_view> texts, JsonRoles asked, BlockParts& parts);
/// Appends codes below `entries`: descriptor and bytes.
void encode_codes(std::span<const std::uint16_t> codes, std::size_t entries, BlockParts& parts);

}  // namespace sky::shapes
