// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/cli/app.h - the whole command line: every command with its flags.

#include <memory>

namespace CLI {
class App;
}

namespace sky::cli {

/// Parsing it runs the command that was called and sets `exit_code`, which outlives it.
std::shared_ptr<CLI::App> make_app(int& exit_code);

/// Parses and runs. Returns the exit code.
int run_program(int argc, const char* const* argv);

}  // namespace sky::cli
