// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/insights/syntax/parser.h - text to tree and back.

#include <string>
#include <string_view>

#include "base/result.h"
#include "insights/syntax/ast.h"

namespace sky::insights {

/// Parses a whole query (logs-insights-ql.md 2, 3). Knows no functions and no fields: that is the
/// binder's part. Constructs of the language that are not built are refused by name.
/// Errors: kMalformedQuery with byte offset and length into `text`.
Result<Query> parse(std::string_view text);

/// A text that parses to an equal tree. Column names of unaliased expressions may differ in
/// spelling.
std::string print(const Query& query);
std::string print(const Expr& expr);

}  // namespace sky::insights
