// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/insights/exec/compiled.h - what compile() makes: the plan, behind query.h's
              // name.

#include <string>

#include "insights/exec/query.h"
#include "insights/plan/plan.h"

namespace sky::insights {

class CompiledQuery {
public:
    explicit CompiledQuery(Plan made, std::string of_text = {})
        : plan(std::move(made)), text(std::move(of_text)) {}
    const Plan plan;
    const std::string text;  // What it was made of, and nothing else; empty where there is more.
};

}  // namespace sky::insights
