// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/cli/terminal/terminal.h - what the terminal behind a file descriptor can show.

#include <cstddef>

namespace sky::cli {

bool is_terminal(int fd);

/// A terminal, and NO_COLOR (https://no-color.org) is absent or empty.
bool wants_colours(int fd);

/// Columns, from COLUMNS or the terminal itself; 0 when there is no terminal.
std::size_t terminal_width(int fd);

}  // namespace sky::cli
