// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/shapes/block_filters.h - the filters of a block's lines, from its families
              // instead of its text.

#include <optional>

#include "base/result.h"
#include "shapes/gram_filter.h"
#include "shapes/shaped_block.h"
#include "shapes/term_filter.h"

namespace sky::shapes {

struct BlockFilters {
    GramFilter grams;
    TermFilter terms;
};

/// What every line of the block passes: the filters of its text, and at most a few grams more, of
/// values that are neighbours in no line. Costs the distinct texts and the decimals, not the bytes
/// of the lines. Nothing where a slot has other values, too many, or may share a word with what is
/// beside it: the text itself must be read then.
/// Errors: kCorruption.
Result<std::optional<BlockFilters>> filters_of(const ShapedBlock& block);

}  // namespace sky::shapes
