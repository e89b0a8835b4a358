// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/insights/exec/required_texts.h - what a message must contain to pass a plan's
              // filters: chunks without it need not be read.

#include <cstddef>
#include <string>
#include <vector>

#include "insights/plan/plan.h"

namespace sky::insights {

/// A message has at least one of them. Never empty.
using AnyText = std::vector<std::string>;

/// Each of these holds for every message that passes the filters of steps [0, count): from `like`,
/// `=~`, `=` and `in` of @message, of what a parse took out of it, and of fields found in it.
std::vector<AnyText> required_texts(const Plan& plan, std::size_t count);

}  // namespace sky::insights
