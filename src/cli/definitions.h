// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/cli/definitions.h - the commands and their flags as data, read from what
              // --help is made of.

#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
}

namespace sky::cli {

struct FlagDefinition {
    std::string name;    // "output", without dashes; of a positional its name.
    std::string letter;  // "o", or empty.
    std::string value;   // "FORM"; empty for a switch.
    std::vector<std::string> choices;
    std::string help, default_value, variable;
    bool required = false;
};

struct CommandDefinition {
    std::vector<std::string> path;  // {"key", "create"}; empty for the program itself.
    std::string help, footer;
    std::vector<FlagDefinition> flags, positionals;
    std::vector<CommandDefinition> commands;

    std::string name() const { return path.empty() ? std::string() : path.back(); }
    /// "skywatch key create"
    std::string full_name() const;
};

CommandDefinition read_definitions(const CLI::App& app);

/// Every command in the order of --help, each before those below it; the program itself first.
std::vector<const CommandDefinition*> flatten(const CommandDefinition& root);

// Written from the definitions
// -------------------------------------------------------------------------------------------------

enum class Shell { kBash, kZsh, kFish };
std::string completion_script(const CommandDefinition& root, Shell shell);

/// skywatch(1) in man(7).
std::string manual_page(const CommandDefinition& root);

/// A table of flags a command, for docs/command-line.md.
std::string markdown_reference(const CommandDefinition& root);

}  // namespace sky::cli
