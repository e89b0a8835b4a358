// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/cli/commands.h - the subcommands of `skywatch` and what their exit codes mean.

namespace CLI {
class App;
}

namespace sky::cli {

/// Documented in `skywatch --help`; scripts rely on them.
constexpr int kExitOk = 0;
constexpr int kExitFailed = 1;         // The service answered an error, or the work failed.
constexpr int kExitUsage = 2;          // Wrong flags or arguments.
constexpr int kExitUnreachable = 3;    // No connection to the service.
constexpr int kExitInterrupted = 130;  // Ctrl-C, as shells report it.

/// Each adds its subcommand; when it is the one that was called, parsing runs it and sets
/// `exit_code`.
void add_serve(CLI::App& app, int& exit_code);
void add_key(CLI::App& app, int& exit_code);
void add_query(CLI::App& app, int& exit_code);
void add_tail(CLI::App& app, int& exit_code);
void add_put(CLI::App& app, int& exit_code);
void add_backup(CLI::App& app, int& exit_code);
void add_restore(CLI::App& app, int& exit_code);
void add_doctor(CLI::App& app, int& exit_code);

}  // namespace sky::cli
