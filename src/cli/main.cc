// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>

#include "cli/commands.h"

int main(int argc, char** argv) {
    using namespace sky::cli;
    // The catch of this thread: the command line library reports by throwing.
    try {
        CLI::App app("skywatch: CloudWatch for your own disks, in one program", "skywatch");
        int exit_code = kExitOk;
        app.require_subcommand(1);
        add_serve(app, exit_code);
        add_key(app, exit_code);
        add_query(app, exit_code);
        add_put(app, exit_code);
        add_backup(app, exit_code);
        add_restore(app, exit_code);
        add_doctor(app, exit_code);
        app.footer(
            "Every flag can also be set as SKYWATCH_<FLAG>, for example SKYWATCH_ENDPOINT.\n"
            "Keys: --access-key and --secret-key, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.\n"
            "Exit codes: 0 done; 1 the service answered an error or the work failed; 2 wrong "
            "usage;\n"
            "3 no connection; 130 stopped with Ctrl-C.\n"
            "`skywatch COMMAND --help` explains one command, with examples.");
        try {
            app.parse(argc, argv);
        } catch (const CLI::ParseError& error) {
            return app.exit(error) == 0 ? kExitOk : kExitUsage;
        }
        return exit_code;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "skywatch: %s\n", error.what());
        return kExitFailed;
    }
}
