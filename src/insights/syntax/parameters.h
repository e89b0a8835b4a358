// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/insights/syntax/parameters.h - {{name}} in a saved query's text.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sky::insights {

struct ParameterValue {
    std::string name, value;
};

/// The names between {{ and }}, in the order of the text, each once. What is no name
/// ([a-zA-Z_][a-zA-Z0-9_]*) is no parameter, and the lexer refuses it.
std::vector<std::string> parameters_of(std::string_view text);

/// The text with each {{name}} replaced by its value, as text, before anything else reads it
/// (logs-insights-ql.md 2): a value may be a part of a name, a string or a whole command. Values
/// are not searched again. Errors: kMalformedQuery with the place of a parameter without a value,
/// kInvalidArgument (the text becomes longer than a query may be).
Result<std::string> fill_parameters(std::string_view text, std::span<const ParameterValue> values);

}  // namespace sky::insights
