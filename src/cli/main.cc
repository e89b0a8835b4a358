// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <exception>

#include "cli/app.h"
#include "cli/commands.h"

int main(int argc, char** argv) {
    // The catch of this thread: the command line library reports by throwing.
    try {
        return sky::cli::run_program(argc, argv);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "skywatch: %s\n", error.what());
        return sky::cli::kExitFailed;
    }
}
