// SPDX-License-Identifier: Apache-2.0
// The manual page and the reference in docs/command-line.md, written from the definitions.
#include <algorithm>

#include "cli/definitions.h"

namespace sky::cli {
namespace {

// Backslashes and dashes mean something to man(7), and a dot or quote at the start of a line.
std::string roff(std::string_view text) {
    std::string out;
    bool at_start = true;
    for (const char c : text) {
        if (at_start && (c == '.' || c == '\'')) out += "\\&";
        if (c == '\\') {
            out += "\\e";
        } else if (c == '-') {
            out += "\\-";
        } else {
            out.push_back(c);
        }
        at_start = c == '\n';
    }
    return out;
}

std::string heading(const FlagDefinition& flag) {
    std::string out = flag.letter.empty() ? "" : "\\fB\\-" + flag.letter + "\\fR, ";
    out += "\\fB\\-\\-" + roff(flag.name) + "\\fR";
    if (!flag.value.empty()) out += " \\fI" + roff(flag.value) + "\\fR";
    return out;
}

// The rest of what is known of a flag, after its help.
std::string remarks(const FlagDefinition& flag) {
    std::string out;
    const auto add = [&](const std::string& text) { out += (out.empty() ? "" : "; ") + text; };
    if (flag.required) add("required");
    if (!flag.choices.empty()) {
        std::string choices = "one of";
        for (const std::string& choice : flag.choices) choices += " " + choice;
        add(choices);
    }
    if (!flag.default_value.empty()) add("default " + flag.default_value);
    if (!flag.variable.empty()) add("variable " + flag.variable);
    return out;
}

std::string synopsis(const CommandDefinition& command) {
    std::string out = "\\fB" + roff(command.full_name()) + "\\fR";
    for (const FlagDefinition& positional : command.positionals)
        out += " \\fI" + roff(positional.value) + "\\fR";
    if (!command.flags.empty()) out += " [\\fIflags\\fR]";
    return out;
}

std::string cell(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '|') out.push_back('\\');
        out += c == '\n' ? ' ' : c;
    }
    return out;
}

}  // namespace

std::string manual_page(const CommandDefinition& root) {
    std::string out = ".TH SKYWATCH 1\n.SH NAME\nskywatch \\- " +
                      roff(root.help.substr(root.help.find(' ') + 1)) + "\n.SH SYNOPSIS\n";
    const auto commands = flatten(root);
    for (const CommandDefinition* const command : commands) {
        if (!command->commands.empty()) continue;
        out += synopsis(*command) + "\n.br\n";
    }
    out += ".SH COMMANDS\n";
    for (const CommandDefinition* const command : commands) {
        if (command->path.empty()) continue;
        out += ".SS \"" + roff(command->full_name()) + "\"\n" + roff(command->help) + ".\n";
        for (const FlagDefinition& positional : command->positionals) {
            out += ".TP\n\\fI" + roff(positional.value) + "\\fR\n" + roff(positional.help) + ".\n";
        }
        for (const FlagDefinition& flag : command->flags) {
            const std::string more = remarks(flag);
            out += ".TP\n" + heading(flag) + "\n" + roff(flag.help) +
                   (more.empty() ? "." : " (" + roff(more) + ").") + "\n";
        }
        if (!command->footer.empty()) out += ".PP\n.nf\n" + roff(command->footer) + "\n.fi\n";
    }
    return out + ".SH NOTES\n.nf\n" + roff(root.footer) + "\n.fi\n";
}

std::string markdown_reference(const CommandDefinition& root) {
    std::string out;
    for (const CommandDefinition* const command : flatten(root)) {
        if (command->path.empty() || !command->commands.empty()) continue;
        std::string positionals;
        for (const FlagDefinition& positional : command->positionals)
            positionals += " " + positional.value;
        out += "\n### " + command->full_name() + positionals + "\n" + command->help + ".\n";
        if (command->flags.empty()) continue;
        out += "\n| flag | does | more |\n|---|---|---|\n";
        for (const FlagDefinition& flag : command->flags) {
            const std::string letter = flag.letter.empty() ? "" : "-" + flag.letter + ", ";
            const std::string value = flag.value.empty() ? "" : " " + flag.value;
            out += "| `" + letter + "--" + flag.name + value + "` | " + cell(flag.help) + " | " +
                   cell(remarks(flag)) + " |\n";
        }
    }
    return out;
}

}  // namespace sky::cli
