// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/insights/exec/compiled.h - what compile() makes: the plan, behind query.h's
              // name.

#include "insights/exec/query.h"
#include "insights/plan/plan.h"

namespace sky::insights {

class CompiledQuery {
public:
    explicit CompiledQuery(Plan made) : plan(std::move(made)) {}
    const Plan plan;
};

}  // namespace sky::insights
