// SPDX-License-Identifier: Apache-2.0
#include "cli/definitions.h"

#include <CLI/CLI.hpp>

namespace sky::cli {
namespace {

// "FORM:{table,json,csv}" -> {"FORM", {table, json, csv}}: the library writes a choice so.
void read_type(std::string type, FlagDefinition& out) {
    const std::size_t colon = type.find(":{");
    out.value = type.substr(0, colon);
    if (colon == std::string::npos || type.back() != '}') return;
    type = type.substr(colon + 2, type.size() - colon - 3);
    for (std::size_t begin = 0; begin <= type.size();) {
        const std::size_t end = std::min(type.find(',', begin), type.size());
        out.choices.push_back(type.substr(begin, end - begin));
        begin = end + 1;
    }
}

FlagDefinition read_flag(const CLI::Option& option) {
    FlagDefinition out;
    const bool is_positional = option.get_lnames().empty();
    out.name = is_positional ? option.get_name(true) : option.get_lnames().front();
    if (!option.get_snames().empty()) out.letter = option.get_snames().front();
    if (option.get_items_expected_max() > 0) read_type(option.get_type_name(), out);
    out.help = option.get_description();
    out.default_value = option.get_default_str();
    out.variable = option.get_envname();
    out.required = option.get_required();
    return out;
}

CommandDefinition read_command(const CLI::App& app, std::vector<std::string> path) {
    CommandDefinition out;
    out.path = std::move(path);
    out.help = app.get_description();
    out.footer = app.get_footer();
    for (const CLI::Option* const option : app.get_options()) {
        if (!option->get_lnames().empty() && option->get_lnames().front() == "help") continue;
        (option->get_lnames().empty() ? out.positionals : out.flags).push_back(read_flag(*option));
    }
    for (const CLI::App* const below : app.get_subcommands([](const CLI::App*) { return true; })) {
        std::vector<std::string> below_path = out.path;
        below_path.push_back(below->get_name());
        out.commands.push_back(read_command(*below, std::move(below_path)));
    }
    return out;
}

void flatten_into(const CommandDefinition& command, std::vector<const CommandDefinition*>& out) {
    out.push_back(&command);
    for (const CommandDefinition& below : command.commands) flatten_into(below, out);
}

}  // namespace

std::string CommandDefinition::full_name() const {
    std::string out = "skywatch";
    for (const std::string& part : path) out += " " + part;
    return out;
}

CommandDefinition read_definitions(const CLI::App& app) { return read_command(app, {}); }

std::vector<const CommandDefinition*> flatten(const CommandDefinition& root) {
    std::vector<const CommandDefinition*> out;
    flatten_into(root, out);
    return out;
}

}  // namespace sky::cli
