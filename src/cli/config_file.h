// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/cli/config_file.h - the settings that a TOML file holds.

#include <string>
#include <vector>

#include "base/result.h"

namespace sky::cli {

struct Setting {
    std::vector<std::string> section;  // {"key", "create"} for [key.create]; empty at the top.
    std::string name;
    std::vector<std::string> values;  // An array's elements; one else. Truth: "true", "false".
    int line = 0;
};

/// At most 1 MiB. Errors: kInvalidArgument (unreadable, not TOML; names file and line; a value that
/// is no text, number, truth value or list of these).
Result<std::vector<Setting>> read_config(const std::string& file);

/// The same of a text; `file` is for messages.
Result<std::vector<Setting>> parse_config(std::string_view text, const std::string& file);

}  // namespace sky::cli
