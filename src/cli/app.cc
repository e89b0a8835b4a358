// SPDX-License-Identifier: Apache-2.0
#include "cli/app.h"

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/definitions.h"

namespace sky::cli {
namespace {

// Every command that does something reads a configuration file.
void add_config(CLI::App& app) {
    const auto below = app.get_subcommands([](CLI::App*) { return true; });
    for (CLI::App* const command : below) add_config(*command);
    if (!below.empty()) return;
    app.add_option("--config",
                   "TOML file with flags: name = value, for all commands or in [command]")
        ->type_name("FILE")
        ->envname("SKYWATCH_CONFIG");
}

// Of a fresh command line: the one that runs knows only its own variables.
CommandDefinition all_definitions() {
    int unused = 0;
    return read_definitions(*make_app(unused));
}

void add_completion(CLI::App& app) {
    CLI::App* const command =
        app.add_subcommand("completion", "Print the completion script of a shell");
    const auto shell = std::make_shared<std::string>();
    command->add_option("shell", *shell, "bash, zsh or fish")
        ->required()
        ->type_name("SHELL")
        ->check(CLI::IsMember({"bash", "zsh", "fish"}));
    command->footer(
        "Examples:\n"
        "  eval \"$(skywatch completion bash)\"                                  # in ~/.bashrc\n"
        "  skywatch completion zsh > \"${fpath[1]}/_skywatch\"\n"
        "  skywatch completion fish > ~/.config/fish/completions/skywatch.fish");
    command->callback([shell] {
        const Shell kind = *shell == "bash"  ? Shell::kBash
                           : *shell == "zsh" ? Shell::kZsh
                                             : Shell::kFish;
        fmt::print("{}", completion_script(all_definitions(), kind));
    });
}

void add_manual(CLI::App& app) {
    CLI::App* const command = app.add_subcommand("man", "Print the manual page");
    const auto format = std::make_shared<std::string>("man");
    command
        ->add_option("--format", *format, "man: for man(1); markdown: a table of flags a command")
        ->capture_default_str()
        ->type_name("FORM")
        ->check(CLI::IsMember({"man", "markdown"}));
    command->footer(
        "Examples:\n"
        "  skywatch man | man -l -\n"
        "  skywatch man > /usr/local/share/man/man1/skywatch.1");
    command->callback([format] {
        const CommandDefinition root = all_definitions();
        fmt::print("{}", *format == "man" ? manual_page(root) : markdown_reference(root));
    });
}

}  // namespace

std::shared_ptr<CLI::App> make_app(int& exit_code) {
    auto app = std::make_shared<CLI::App>("skywatch: CloudWatch for your own disks, in one program",
                                          "skywatch");
    app->set_version_flag("--version", "skywatch " SKY_VERSION, "Print the version and exit");
    app->require_subcommand(1);
    add_serve(*app, exit_code);
    add_key(*app, exit_code);
    add_query(*app, exit_code);
    add_tail(*app, exit_code);
    add_put(*app, exit_code);
    add_backup(*app, exit_code);
    add_restore(*app, exit_code);
    add_doctor(*app, exit_code);
    add_config(*app);
    // These two read no settings: they only print what the others are.
    add_completion(*app);
    add_manual(*app);
    app->footer(
        "Every flag can also be set as SKYWATCH_<FLAG>, for example SKYWATCH_ENDPOINT, or in a\n"
        "file (--config FILE, SKYWATCH_CONFIG).\n"
        "Keys: --access-key and --secret-key, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.\n"
        "Exit codes: 0 done; 1 the service answered an error or the work failed; 2 wrong usage;\n"
        "3 no connection; 130 stopped with Ctrl-C.\n"
        "`skywatch COMMAND --help` explains one command, with examples.");
    return app;
}

int run_program(int argc, const char* const* argv) {
    int exit_code = kExitOk;
    const auto app = make_app(exit_code);
    auto arguments =
        complete_arguments(*app, std::vector<std::string>(argv + std::min(argc, 1), argv + argc));
    if (!arguments) {
        fmt::print(stderr, "skywatch: {}\n", arguments.error().message);
        return kExitUsage;
    }
    forget_other_variables(*app, *arguments);
    // The library takes them from the back.
    std::ranges::reverse(*arguments);
    try {
        app->parse(*arguments);
    } catch (const CLI::ParseError& error) {
        return app->exit(error) == 0 ? kExitOk : kExitUsage;
    }
    return exit_code;
}

}  // namespace sky::cli
