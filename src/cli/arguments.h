// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/cli/arguments.h - the command line before it is parsed: mistyped names are
              // told, settings of the configuration file are put in.

#include <string>
#include <vector>

#include "base/result.h"

namespace CLI {
class App;
}

namespace sky::cli {

/// `arguments` (without the program's name) with what --config FILE or SKYWATCH_CONFIG adds to
/// them: settings at the file's top for every command that has such a flag, those of [query] or
/// [key.create] for that command alone. What arguments or SKYWATCH_* variables say wins, the nearer
/// section over the farther. Only flags that have a variable can be set.
/// Errors: kInvalidArgument (a command or flag that does not exist, in the arguments or in the
/// file, with the nearest one that does; an unreadable file).
Result<std::vector<std::string>> complete_arguments(const CLI::App& app,
                                                    std::vector<std::string> arguments);

/// Takes the variables away from every command but the one that the arguments call: the library
/// reads them for all, and SKYWATCH_OUTPUT=csv is good for one and wrong for another. `arguments`
/// are as complete_arguments() gave them.
void forget_other_variables(CLI::App& app, const std::vector<std::string>& arguments);

}  // namespace sky::cli
