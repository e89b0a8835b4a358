// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/insights/syntax/names.h - every field name that a command mentions.

#include <functional>
#include <string>

#include "insights/syntax/ast.h"

namespace sky::insights {

using NameVisitor = std::function<void(const std::string&)>;

/// Names that are read, not those that are defined; queries in parentheses are left out, because
/// they see other rows.
void for_each_name(const Expr& expr, const NameVisitor& visit);
void for_each_name(const Command& command, const NameVisitor& visit);

}  // namespace sky::insights
