// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/insights/plan/limits.h - bounds of a plan, with sources.

#include <cstddef>

namespace sky::insights {

/// Columns that one query may name or define. Ours: 10,000 characters cannot need more.
constexpr std::size_t kPlanSlotsMax = 5'000;

}  // namespace sky::insights
