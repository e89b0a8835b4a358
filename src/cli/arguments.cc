// SPDX-License-Identifier: Apache-2.0
#include "cli/arguments.h"

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <set>

#include "cli/config_file.h"
#include "cli/terminal/nearest.h"

namespace sky::cli {
namespace {

const auto kEvery = [](const CLI::App*) { return true; };

bool takes_value(const CLI::Option& option) { return option.get_items_expected_max() > 0; }

std::string long_name(const CLI::Option& option) {
    return option.get_lnames().empty() ? std::string() : option.get_lnames().front();
}

std::vector<std::string> flags_of(const CLI::App& app) {
    std::vector<std::string> out;
    for (const CLI::Option* const option : app.get_options())
        if (const std::string name = long_name(*option); !name.empty()) out.push_back("--" + name);
    return out;
}

std::vector<std::string> commands_of(const CLI::App& app) {
    std::vector<std::string> out;
    for (const CLI::App* const below : app.get_subcommands(kEvery))
        out.push_back(below->get_name());
    return out;
}

const CLI::App* find_command(const CLI::App& app, std::string_view name) {
    for (const CLI::App* const below : app.get_subcommands(kEvery))
        if (below->get_name() == name) return below;
    return nullptr;
}

// What the arguments name, as far as one can tell without parsing values.
struct Walk {
    const CLI::App* command;
    std::vector<std::string> path;
    std::size_t command_end = 0;  // One past the last command's place.
    std::set<const CLI::Option*> given;
    std::string config;
};

std::string shown(const Walk& walk) {
    std::string out = "skywatch";
    for (const std::string& part : walk.path) out += " " + part;
    return out;
}

Result<Walk> walk_arguments(const CLI::App& app, const std::vector<std::string>& arguments) {
    Walk walk{&app, {}, 0, {}, {}};
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const std::string& argument = arguments[i];
        if (argument == "--") break;
        if (!argument.starts_with("-") || argument == "-") {
            if (walk.command->get_subcommands(kEvery).empty()) continue;  // A positional value.
            const CLI::App* const below = find_command(*walk.command, argument);
            if (below == nullptr) {
                return fail(
                    ErrorCode::kInvalidArgument,
                    fmt::format("{} has no command {}.{} `{} --help` lists them.", shown(walk),
                                argument, did_you_mean(argument, commands_of(*walk.command)),
                                shown(walk)));
            }
            walk.command = below;
            walk.path.push_back(argument);
            walk.command_end = i + 1;
            continue;
        }
        const bool is_long = argument.starts_with("--");
        const std::size_t equals = is_long ? argument.find('=') : std::string::npos;
        const std::string name = is_long ? argument.substr(0, equals) : argument.substr(0, 2);
        const CLI::Option* const option = walk.command->get_option_no_throw(name);
        if (option == nullptr) {
            return fail(
                ErrorCode::kInvalidArgument,
                fmt::format("{} has no flag {}.{} `{} --help` lists them.", shown(walk), name,
                            did_you_mean(name, flags_of(*walk.command)), shown(walk)));
        }
        walk.given.insert(option);
        if (!takes_value(*option)) continue;
        const bool is_attached = is_long ? equals != std::string::npos : argument.size() > 2;
        if (long_name(*option) == "config") {
            if (is_attached) {
                walk.config = argument.substr(is_long ? equals + 1 : 2);
            } else if (i + 1 < arguments.size()) {
                walk.config = arguments[i + 1];
            }
        }
        if (!is_attached) ++i;
    }
    return walk;
}

// The flag of that name that files may set, in the command or below it.
const CLI::Option* find_setting(const CLI::App& app, const std::string& name, bool below) {
    for (const CLI::Option* const option : app.get_options()) {
        if (long_name(*option) == name && name != "config" && !option->get_envname().empty())
            return option;
    }
    if (!below) return nullptr;
    for (const CLI::App* const command : app.get_subcommands(kEvery))
        if (const CLI::Option* const option = find_setting(*command, name, true)) return option;
    return nullptr;
}

void collect_settings(const CLI::App& app, std::vector<std::string>& out) {
    for (const CLI::Option* const option : app.get_options()) {
        const std::string name = long_name(*option);
        if (find_setting(app, name, false) == option) out.push_back(name);
    }
    for (const CLI::App* const command : app.get_subcommands(kEvery))
        collect_settings(*command, out);
}

Status check_setting(const CLI::App& app, const Setting& setting, const std::string& file) {
    const CLI::App* place = &app;
    const std::string where = fmt::format("{}:{}: ", file, setting.line);
    for (const std::string& part : setting.section) {
        const CLI::App* const below = find_command(*place, part);
        if (below == nullptr) {
            return fail(ErrorCode::kInvalidArgument,
                        where + fmt::format("no such command: [{}].{}", part,
                                            did_you_mean(part, commands_of(*place))));
        }
        place = below;
    }
    if (find_setting(*place, setting.name, true) != nullptr) return {};
    std::vector<std::string> known;
    collect_settings(*place, known);
    return fail(ErrorCode::kInvalidArgument,
                where + fmt::format("no such setting: {}.{}", setting.name,
                                    did_you_mean(setting.name, known)));
}

bool is_given(const Walk& walk, const CLI::Option& option) {
    if (walk.given.contains(&option) || std::getenv(option.get_envname().c_str()) != nullptr)
        return true;
    // --start on the command line leaves no room for the file's since.
    return std::ranges::any_of(walk.given, [&](const CLI::Option* other) {
        const auto excluded = other->get_excludes();
        return excluded.contains(const_cast<CLI::Option*>(&option));
    });
}

void forget_variables(CLI::App& app, const CLI::App* kept) {
    if (&app != kept)
        for (CLI::Option* const option : app.get_options()) option->envname("");
    for (CLI::App* const below : app.get_subcommands([](CLI::App*) { return true; }))
        forget_variables(*below, kept);
}

Result<std::vector<std::string>> settings_of(const CLI::App& app, const Walk& walk,
                                             const std::string& file) {
    const std::vector<Setting> settings = SKY_TRY(read_config(file));
    std::vector<std::string> out;
    std::set<const CLI::Option*> done;
    // From the nearest section to the top of the file.
    for (std::size_t depth = walk.path.size() + 1; depth-- > 0;) {
        const std::vector<std::string> section(walk.path.begin(),
                                               walk.path.begin() + std::ptrdiff_t(depth));
        for (const Setting& setting : settings) {
            if (setting.section != section) continue;
            const CLI::Option* const option = find_setting(*walk.command, setting.name, false);
            if (option == nullptr || is_given(walk, *option) || !done.insert(option).second)
                continue;
            for (const std::string& value : setting.values) {
                if (takes_value(*option)) {
                    out.push_back("--" + setting.name + "=" + value);
                } else if (value == "true") {
                    out.push_back("--" + setting.name);
                } else if (value != "false") {
                    return fail(ErrorCode::kInvalidArgument,
                                fmt::format("{}:{}: {} is true or false", file, setting.line,
                                            setting.name));
                }
            }
        }
    }
    for (const Setting& setting : settings) SKY_TRY(check_setting(app, setting, file));
    return out;
}

}  // namespace

Result<std::vector<std::string>> complete_arguments(const CLI::App& app,
                                                    std::vector<std::string> arguments) {
    const Walk walk = SKY_TRY(walk_arguments(app, arguments));
    if (walk.command->get_option_no_throw("--config") == nullptr) return arguments;
    std::string file = walk.config;
    if (file.empty()) {
        const char* const variable = std::getenv("SKYWATCH_CONFIG");
        if (variable == nullptr || *variable == '\0') return arguments;
        file = variable;
    }
    const std::vector<std::string> added = SKY_TRY(settings_of(app, walk, file));
    arguments.insert(arguments.begin() + std::ptrdiff_t(walk.command_end), added.begin(),
                     added.end());
    return arguments;
}

void forget_other_variables(CLI::App& app, const std::vector<std::string>& arguments) {
    const auto walk = walk_arguments(app, arguments);
    if (walk) forget_variables(app, walk->command);
}

}  // namespace sky::cli
