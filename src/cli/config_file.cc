// SPDX-License-Identifier: Apache-2.0
#include "cli/config_file.h"

#include <fmt/core.h>

#include "cli/limits.h"
#include "os/fs.h"

// Errors as values, and nothing to link.
#define TOML_EXCEPTIONS 0
#define TOML_HEADER_ONLY 1
#include <toml++/toml.h>

namespace sky::cli {
namespace {

Result<std::string> text_of(const toml::node& node, const std::string& where) {
    if (const auto* const text = node.as_string()) return text->get();
    if (const auto* const number = node.as_integer()) return std::to_string(number->get());
    if (const auto* const number = node.as_floating_point())
        return fmt::format("{}", number->get());
    if (const auto* const truth = node.as_boolean())
        return std::string(truth->get() ? "true" : "false");
    return fail(ErrorCode::kInvalidArgument,
                where + ": a setting is text, a number, true, false, or a list of these");
}

Status read_table(const toml::table& table, const std::vector<std::string>& section,
                  const std::string& file, std::vector<Setting>& out) {
    for (const auto& [key, node] : table) {
        const std::string name(key.str());
        if (const auto* const below = node.as_table()) {
            std::vector<std::string> path = section;
            path.push_back(name);
            SKY_TRY(read_table(*below, path, file, out));
            continue;
        }
        Setting setting{section, name, {}, static_cast<int>(node.source().begin.line)};
        const std::string where = fmt::format("{}:{}: {}", file, setting.line, name);
        if (const auto* const list = node.as_array()) {
            for (const toml::node& element : *list)
                setting.values.push_back(SKY_TRY(text_of(element, where)));
        } else {
            setting.values.push_back(SKY_TRY(text_of(node, where)));
        }
        out.push_back(std::move(setting));
    }
    return {};
}

}  // namespace

Result<std::vector<Setting>> parse_config(std::string_view text, const std::string& file) {
    const toml::parse_result parsed = toml::parse(text, file);
    if (!parsed) {
        const toml::parse_error& error = parsed.error();
        return fail(ErrorCode::kInvalidArgument,
                    fmt::format("{}:{}: {}", file, error.source().begin.line, error.description()));
    }
    std::vector<Setting> out;
    SKY_TRY(read_table(parsed.table(), {}, file, out));
    return out;
}

Result<std::vector<Setting>> read_config(const std::string& file) {
    auto text = os::read_file(os::real_fs(), file, limits::kConfigBytesMax);
    if (!text) {
        return fail(ErrorCode::kInvalidArgument,
                    "The configuration file cannot be read: " + text.error().message);
    }
    return parse_config(*text, file);
}

}  // namespace sky::cli
