// SPDX-License-Identifier: Apache-2.0
#include "cli/terminal/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>

namespace sky::cli {
namespace {

constexpr std::size_t kUsualWidth = 80;  // Of a terminal that does not tell.

}  // namespace

bool is_terminal(int fd) { return ::isatty(fd) == 1; }

bool wants_colours(int fd) {
    const char* const no_color = std::getenv("NO_COLOR");
    return is_terminal(fd) && (no_color == nullptr || *no_color == '\0');
}

std::size_t terminal_width(int fd) {
    if (!is_terminal(fd)) return 0;
    if (const char* const columns = std::getenv("COLUMNS"); columns != nullptr) {
        const auto width = std::strtoul(columns, nullptr, 10);
        if (width >= 20 && width <= 10'000) return width;
    }
    winsize size{};
    if (::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col != 0) return size.ws_col;
    return kUsualWidth;
}

}  // namespace sky::cli
