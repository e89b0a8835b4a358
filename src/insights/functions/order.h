// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/insights/functions/order.h - the sort order of logs-insights-ql.md 6.5.

#include <string_view>

#include "insights/functions/table.h"

namespace sky::insights {

/// Ascending order of two values: negative, 0, positive. Missing first; then what is no number,
/// by runs of digits (length, then value) and of other characters (code points); then numbers.
/// Texts of one number that are spelled differently order by spelling ("01" before "1"), as the
/// documented sample has it. Timestamps compare as instants. A strict weak order over all values.
int compare_order(const Value& a, const Value& b);

/// The order of two texts that are no numbers.
int compare_natural(std::string_view a, std::string_view b);

}  // namespace sky::insights
