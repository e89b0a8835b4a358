// SPDX-License-Identifier: Apache-2.0
#include "cli/query_shell.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>

#include "cli/commands.h"
#include "cli/terminal/line_editor.h"
#include "cli/terminal/nearest.h"
#include "cli/terminal/query_words.h"
#include "cli/time_args.h"
#include "json/writer.h"

namespace sky::cli {
namespace {

constexpr const char* kHelp =
    "A query runs when its line ends; a line that ends in | or \\ goes on. Tab completes.\n"
    "  \\groups NAME...   the log groups to ask; alone: shows them\n"
    "  \\since DURATION   from this long ago: 30s, 15m, 1h30m, 7d\n"
    "  \\output FORM      table, json or csv\n"
    "  \\quit             or Ctrl-D; Ctrl-C stops a query or leaves a line\n";

std::vector<std::string> split(std::string_view text) {
    std::vector<std::string> out;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(' '), text.size());
        if (end > 0) out.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return out;
}

// A member of every object of an answer's list.
std::vector<std::string> names_of(const Answer& answer, std::string_view list,
                                  std::string_view member) {
    std::vector<std::string> out;
    const auto rows = answer.body.root().find(list);
    if (!rows || rows->kind() != json::Kind::kArray) return out;
    for (const json::Value row : rows->elements()) {
        const auto name = row.find(member);
        if (name && name->kind() == json::Kind::kString) out.emplace_back(name->string());
    }
    return out;
}

std::string body_with(std::string_view member, const std::string& value) {
    std::string body;
    json::Writer writer(body);
    writer.begin_object();
    if (!value.empty()) {
        writer.key(member);
        writer.string(value);
    }
    writer.end_object();
    return body;
}

class Shell {
public:
    Shell(LogsClient& client, ShellSettings settings, const std::string& history_file)
        : client_(client),
          settings_(std::move(settings)),
          language_(language_vocabulary()),
          editor_(history_file, [this](std::string_view line) { return complete(line); }) {}

    int run(const std::function<void(const std::string&, const ShellSettings&)>& run_query) {
        fmt::print("\\help shows what can be done; Ctrl-D ends.\n");
        std::string text;
        for (;;) {
            const Line line = editor_.read(text.empty() ? prompt() : "    | ");
            if (line.end == Line::End::kEndOfInput) {
                fmt::print("\n");
                return kExitOk;
            }
            if (line.end == Line::End::kInterrupted) {
                text.clear();
                fmt::print("\n");
                continue;
            }
            text += (text.empty() ? "" : " ") + line.text;
            const std::size_t last = text.find_last_not_of(" \t");
            if (last == std::string::npos) {
                text.clear();
                continue;
            }
            text.resize(last + 1);
            if (text.ends_with('\\')) {
                text.pop_back();
                continue;
            }
            if (text.ends_with('|')) continue;
            editor_.remember(text);
            if (text == "exit" || text == "quit" || text == "\\quit" || text == "\\q")
                return kExitOk;
            if (text.starts_with('\\')) {
                control(text);
            } else {
                run_query(text, settings_);
            }
            std::fflush(stdout);
            text.clear();
        }
    }

private:
    std::string prompt() const {
        if (settings_.groups.empty()) return "skywatch> ";
        std::string out = settings_.groups.front();
        if (settings_.groups.size() > 1)
            out += fmt::format(" and {} more", settings_.groups.size() - 1);
        return out + "> ";
    }

    void control(const std::string& text) {
        const std::vector<std::string> words = split(text);
        const std::vector<std::string> values(words.begin() + 1, words.end());
        if (words[0] == "\\help" || words[0] == "\\h") {
            fmt::print("{}", kHelp);
        } else if (words[0] == "\\groups") {
            if (!values.empty()) settings_.groups = values;
            if (values.empty())
                for (const std::string& group : settings_.groups) fmt::print("{}\n", group);
        } else if (words[0] == "\\since") {
            if (values.empty()) {
                fmt::print("{}\n", settings_.since);
            } else if (const auto duration = parse_duration_ms(values[0]); !duration) {
                fmt::print(stderr, "{}\n", duration.error().message);
            } else {
                settings_.since = values[0];
            }
        } else if (words[0] == "\\output") {
            const bool is_form = values.size() == 1 && (values[0] == "table" ||
                                                        values[0] == "json" || values[0] == "csv");
            if (is_form) {
                settings_.output = values[0];
            } else {
                fmt::print(stderr, "\\output is table, json or csv.\n");
            }
        } else {
            fmt::print(stderr, "No such command: {}.{} \\help lists them.\n", words[0],
                       did_you_mean(words[0], control_words()));
        }
    }

    Completion complete(std::string_view line) {
        const Wanted wanted = wanted_words(line);
        Vocabulary vocabulary = language_;
        if (wanted.groups) vocabulary.groups = groups_like(std::string(line.substr(wanted.begin)));
        if (wanted.fields) {
            for (const std::string& group : settings_.groups)
                for (const std::string& field : fields_of(group))
                    vocabulary.fields.push_back(field);
        }
        return complete_query(line, vocabulary);
    }

    // While a word is completed there is no place for messages: what cannot be had is not offered.
    std::vector<std::string> groups_like(const std::string& prefix) {
        const auto answer =
            client_.call("DescribeLogGroups", body_with("logGroupNamePrefix", prefix));
        if (!answer || !answer->ok()) return {};
        return names_of(*answer, "logGroups", "logGroupName");
    }

    const std::vector<std::string>& fields_of(const std::string& group) {
        const auto known = fields_.find(group);
        if (known != fields_.end()) return known->second;
        const char* const member =
            group.starts_with("arn:") ? "logGroupIdentifier" : "logGroupName";
        const auto answer = client_.call("GetLogGroupFields", body_with(member, group));
        std::vector<std::string> names;
        if (answer && answer->ok()) names = names_of(*answer, "logGroupFields", "name");
        return fields_[group] = std::move(names);
    }

    LogsClient& client_;
    ShellSettings settings_;
    const Vocabulary language_;
    std::map<std::string, std::vector<std::string>> fields_;
    LineEditor editor_;
};

}  // namespace

int run_query_shell(LogsClient& client, ShellSettings settings, const std::string& history_file,
                    const std::function<void(const std::string&, const ShellSettings&)>& run) {
    return Shell(client, std::move(settings), history_file).run(run);
}

}  // namespace sky::cli
