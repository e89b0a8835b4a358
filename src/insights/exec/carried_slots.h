// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/insights/exec/carried_slots.h - what steps do with rows, and the columns that
              // the steps behind a cut need.

#include <cstdint>
#include <vector>

#include "insights/plan/plan.h"
#include "store/store.h"

namespace sky::insights {

/// Whether the step works row by row.
bool is_row_step(const Step& step);
/// Whether it drops none of them.
bool keeps_rows(const Step& step);
/// Slots that the step reads, each once, and those that it writes.
std::vector<std::uint32_t> read_slots(const Step& step);
std::vector<std::uint32_t> written_slots(const Step& step);
/// Slots that the steps from `rest` on, or the output, read and do not write themselves.
std::vector<std::uint32_t> carried_slots(const Plan& plan, std::size_t rest);

/// Columns of events that the plan reads.
store::Columns columns_of(const Plan& plan);

}  // namespace sky::insights
