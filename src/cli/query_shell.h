// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/cli/query_shell.h - `skywatch query` on a terminal without a query: line after
              // line.

#include <functional>
#include <string>
#include <vector>

#include "cli/logs_client.h"

namespace sky::cli {

/// What lines that begin with a backslash change.
struct ShellSettings {
    std::vector<std::string> groups;
    std::string since, output;  // As --since and --output.
};

/// Reads and runs until Ctrl-D, \quit, or the terminal's end. `run` runs one query and prints what
/// comes of it. `client` is asked for groups and fields while a word is completed. Returns the exit
/// code.
int run_query_shell(LogsClient& client, ShellSettings settings, const std::string& history_file,
                    const std::function<void(const std::string&, const ShellSettings&)>& run);

}  // namespace sky::cli
