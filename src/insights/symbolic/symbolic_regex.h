// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/insights/symbolic/symbolic_regex.h - regular expressions over a whole family.

#include "insights/symbolic/family.h"
#include "insights/symbolic/regex_program.h"

namespace sky::insights::symbolic {

/// Runs the program once for all lines of the family: a Pike machine over constants byte by byte
/// and over slots by what their values have in common. Captures of groups that were not asked for
/// are absent. Source: store.md 5, "Regex criterion".
Binding bind_regex(const RegexProgram& program, const Family& family);

}  // namespace sky::insights::symbolic
