// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/cli/terminal/line_editor.h - one line of a terminal, with editing, history and
              // completion (libedit).

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "cli/terminal/query_words.h"

namespace sky::cli {

struct Line {
    enum class End : std::uint8_t { kEntered, kInterrupted, kEndOfInput };
    End end = End::kEntered;
    std::string text;  // Without its line end.
};

/// On standard input and output, which are terminals. One a process; one thread.
class LineEditor {
public:
    using Complete = std::function<Completion(std::string_view line)>;

    /// `history_file` is read now and written after each line (mode 0600, its directories 0700);
    /// empty: nothing is kept. A file that cannot be read or written is not used.
    LineEditor(std::string history_file, Complete complete);
    ~LineEditor();
    LineEditor(const LineEditor&) = delete;
    LineEditor& operator=(const LineEditor&) = delete;

    Line read(const std::string& prompt);
    /// Adds to the history; the newest of equal lines is kept.
    void remember(const std::string& line);

    struct Impl;

private:
    std::unique_ptr<Impl> impl_;
};

/// $XDG_STATE_HOME/skywatch/query_history, or below ~/.local/state; empty without a home.
std::string default_history_file();

}  // namespace sky::cli
