// SPDX-License-Identifier: Apache-2.0
// Completion scripts of the three shells, written from the definitions.
#include <algorithm>

#include "cli/definitions.h"

namespace sky::cli {
namespace {

// For single quotes of bash, zsh and fish alike.
std::string quoted(std::string_view text, bool is_fish = false) {
    std::string out = "'";
    for (const char c : text) {
        if (c == '\'') {
            out += is_fish ? "\\'" : "'\\''";
        } else if (c == '\\' && is_fish) {
            out += "\\\\";
        } else {
            out.push_back(c);
        }
    }
    return out + "'";
}

std::string joined(const std::vector<std::string>& words) {
    std::string out;
    for (const std::string& word : words) out += (out.empty() ? "" : " ") + word;
    return out;
}

std::string path_text(const CommandDefinition& command) {
    std::string out;
    for (const std::string& part : command.path) out += "/" + part;
    return out;
}

std::vector<std::string> words_of(const CommandDefinition& command) {
    std::vector<std::string> out;
    for (const CommandDefinition& below : command.commands) out.push_back(below.name());
    for (const FlagDefinition& flag : command.flags) out.push_back("--" + flag.name);
    out.emplace_back("--help");
    return out;
}

bool names_directory(const FlagDefinition& flag) { return flag.value == "DIR"; }
bool names_file(const FlagDefinition& flag) { return flag.value == "FILE"; }

// `case "$path/$word"`: which words lead down.
std::string descent(const CommandDefinition& root) {
    std::string out;
    for (const CommandDefinition* const command : flatten(root)) {
        if (command->path.empty()) continue;
        out += (out.empty() ? "" : " | ") + path_text(*command);
    }
    return out;
}

std::string patterns(const CommandDefinition& command, const FlagDefinition& flag) {
    std::string out = quoted(path_text(command) + " --" + flag.name);
    if (!flag.letter.empty()) out += " | " + quoted(path_text(command) + " -" + flag.letter);
    return out;
}

std::string bash_script(const CommandDefinition& root) {
    std::string out =
        "# bash completion of skywatch: eval \"$(skywatch completion bash)\" in ~/.bashrc\n"
        "_skywatch() {\n"
        "    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}\n"
        "    local path='' index\n"
        "    for ((index = 1; index < COMP_CWORD; ++index)); do\n"
        "        case \"$path/${COMP_WORDS[index]}\" in\n"
        "        " +
        descent(root) +
        ") path=\"$path/${COMP_WORDS[index]}\" ;;\n"
        "        esac\n"
        "    done\n"
        "    COMPREPLY=()\n"
        "    case \"$path $previous\" in\n";
    for (const CommandDefinition* const command : flatten(root)) {
        for (const FlagDefinition& flag : command->flags) {
            if (flag.value.empty()) continue;
            std::string reply = "";  // A value that only the user knows.
            if (!flag.choices.empty()) {
                reply = "mapfile -t COMPREPLY < <(compgen -W " + quoted(joined(flag.choices)) +
                        " -- \"$current\"); ";
            } else if (names_directory(flag)) {
                reply =
                    "compopt -o filenames; "
                    "mapfile -t COMPREPLY < <(compgen -d -- \"$current\"); ";
            } else if (names_file(flag)) {
                reply =
                    "compopt -o filenames; "
                    "mapfile -t COMPREPLY < <(compgen -f -- \"$current\"); ";
            }
            out += "    " + patterns(*command, flag) + ") " + reply + "return ;;\n";
        }
    }
    out += "    esac\n    case \"$path\" in\n";
    for (const CommandDefinition* const command : flatten(root)) {
        out += "    " + quoted(path_text(*command)) + ") mapfile -t COMPREPLY < <(compgen -W " +
               quoted(joined(words_of(*command))) + " -- \"$current\") ;;\n";
    }
    return out + "    esac\n}\ncomplete -F _skywatch skywatch\n";
}

// "name:description", where a colon in either has a backslash.
std::string described(std::string_view name, std::string_view help) {
    std::string out;
    for (const char c : name) out += c == ':' ? "\\:" : std::string(1, c);
    out.push_back(':');
    for (const char c : help) out += c == ':' ? "\\:" : std::string(1, c);
    return quoted(out);
}

std::string zsh_script(const CommandDefinition& root) {
    std::string out =
        "#compdef skywatch\n"
        "# zsh completion of skywatch: skywatch completion zsh > \"${fpath[1]}/_skywatch\"\n"
        "_skywatch() {\n"
        "    local place='' index\n"
        "    local -a items\n"
        "    for ((index = 2; index < CURRENT; ++index)); do\n"
        "        case \"$place/${words[index]}\" in\n"
        "        " +
        descent(root) +
        ") place=\"$place/${words[index]}\" ;;\n"
        "        esac\n"
        "    done\n"
        "    case \"$place ${words[CURRENT - 1]}\" in\n";
    for (const CommandDefinition* const command : flatten(root)) {
        for (const FlagDefinition& flag : command->flags) {
            if (flag.value.empty()) continue;
            std::string reply = "_message " + quoted(flag.value) + "; ";
            if (!flag.choices.empty()) {
                reply = "compadd -- " + joined(flag.choices) + "; ";
            } else if (names_directory(flag)) {
                reply = "_directories; ";
            } else if (names_file(flag)) {
                reply = "_files; ";
            }
            out += "    " + patterns(*command, flag) + ") " + reply + "return ;;\n";
        }
    }
    out += "    esac\n    case \"$place\" in\n";
    for (const CommandDefinition* const command : flatten(root)) {
        out += "    " + quoted(path_text(*command)) + ") items=(";
        for (const CommandDefinition& below : command->commands)
            out += "\n        " + described(below.name(), below.help);
        for (const FlagDefinition& flag : command->flags)
            out += "\n        " + described("--" + flag.name, flag.help);
        out +=
            "\n        '--help:Print this help message and exit')\n"
            "        _describe -t commands skywatch items ;;\n";
    }
    return out +
           "    esac\n}\n"
           "if [[ \"${funcstack[1]}\" == _skywatch ]]; then _skywatch \"$@\"; "
           "else compdef _skywatch skywatch; fi\n";
}

std::string fish_script(const CommandDefinition& root) {
    std::string out =
        "# fish completion of skywatch: skywatch completion fish > "
        "~/.config/fish/completions/skywatch.fish\n"
        "complete -c skywatch -f\n";
    for (const CommandDefinition* const command : flatten(root)) {
        std::string seen;
        for (const std::string& part : command->path)
            seen += (seen.empty() ? "" : "; and ") + ("__fish_seen_subcommand_from " + part);
        std::string names;
        for (const CommandDefinition& below : command->commands)
            names += (names.empty() ? "" : " ") + below.name();
        for (const CommandDefinition& below : command->commands) {
            const std::string condition =
                command->path.empty() ? "__fish_use_subcommand"
                                      : seen + "; and not __fish_seen_subcommand_from " + names;
            out += "complete -c skywatch -n " + quoted(condition, true) + " -a " + below.name() +
                   " -d " + quoted(below.help, true) + "\n";
        }
        if (command->path.empty()) continue;
        for (const FlagDefinition& flag : command->flags) {
            out += "complete -c skywatch -n " + quoted(seen, true) + " -l " + flag.name;
            if (!flag.letter.empty()) out += " -s " + flag.letter;
            if (!flag.choices.empty()) {
                out += " -x -a " + quoted(joined(flag.choices), true);
            } else if (names_directory(flag)) {
                out += " -x -a '(__fish_complete_directories)'";
            } else if (names_file(flag)) {
                out += " -r -F";
            } else if (!flag.value.empty()) {
                out += " -x";
            }
            out += " -d " + quoted(flag.help, true) + "\n";
        }
    }
    return out;
}

}  // namespace

std::string completion_script(const CommandDefinition& root, Shell shell) {
    switch (shell) {
        case Shell::kBash:
            return bash_script(root);
        case Shell::kZsh:
            return zsh_script(root);
        case Shell::kFish:
            return fish_script(root);
    }
    return {};
}

}  // namespace sky::cli
