// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/insights/syntax/commands.h - the commands of the language, one row each.

#include <span>
#include <string_view>

namespace sky::insights {

struct CommandDef {
    std::string_view name;    // As documentation spells it; looked up case-insensitively.
    std::string_view syntax;  // [ ] may be left out, … may be repeated.
    std::string_view help;
    std::string_view example;  // A query over the sample events of docs/query-language.md, which a
                               // test runs. Empty for a second spelling of a row in front of it.
};

/// All rows, sorted by lower-case name.
std::span<const CommandDef> commands();
/// Null when there is no such command. `lower_name` is in lower case.
const CommandDef* find_command(std::string_view lower_name);

}  // namespace sky::insights
