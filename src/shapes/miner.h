// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/shapes/miner.h - finds the families of a chunk's lines and takes the lines
              // apart.

#include "columnar/text_column.h"
#include "shapes/shaping.h"

namespace sky::shapes {

/// Deterministic: the same lines give the same families. Time is linear in the bytes; memory is a
/// few words a token, for the duration of the call.
/// Expects: 1..kRowsMax lines, at most kTextBytesMax bytes. `lines` outlives the result.
Shaping mine(const columnar::TextColumn& lines);

}  // namespace sky::shapes
