// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/shapes/miner.h - finds the families of a chunk's lines and takes the lines
              // apart.

#include <cstdint>
#include <span>

#include "columnar/text_column.h"
#include "shapes/known_families.h"
#include "shapes/shaping.h"

namespace sky::shapes {

/// Deterministic: the same lines give the same families. Time is linear in the bytes; memory is a
/// few words a token, for the duration of the call.
/// Expects: 1..kRowsMax lines, at most kTextBytesMax bytes. `lines` outlives the result.
Shaping mine(const columnar::TextColumn& lines);
/// Chosen rows alone, at least one; family_of_row counts them.
Shaping mine_rows(const columnar::TextColumn& lines, std::span<const std::uint32_t> rows);
/// With what is known of lines before these, which is brought up to date: most lines are taken
/// apart at a third of the cost. Depends on `known`; gives the same lines back.
Shaping mine(const columnar::TextColumn& lines, KnownFamilies& known);

}  // namespace sky::shapes
