// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/insights/functions/json_values.h - JSON tokens as values of the language.

#include <string>

#include "insights/functions/table.h"
#include "json/fields.h"

namespace sky::insights {

/// Strings and numbers are text (a number as it is written), booleans carry their spelling, objects
/// and arrays are compact JSON, null and kNone are missing. Texts are views into the document where
/// they can be, else copies in the arena.
Value value_of_token(EvalContext& context, const json::Token& token, std::string& scratch);

}  // namespace sky::insights
