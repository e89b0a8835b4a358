// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/insights/plan/rewrite.h - the same answer with less work.

#include "insights/plan/plan.h"

namespace sky::insights {

/// Splits filters at "and" and moves each in front of the parse and compute steps that it does not
/// read; drops captures, steps and aggregates that nobody reads; fills Plan::needed.
void rewrite(Plan& plan);

}  // namespace sky::insights
