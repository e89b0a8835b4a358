// SPDX-License-Identifier: Apache-2.0
#include "cli/terminal/line_editor.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <histedit.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <clocale>
#include <cstdlib>

#include "cli/terminal/limits.h"
#include "cli/terminal/table.h"
#include "cli/terminal/terminal.h"
#include "os/fs.h"

namespace sky::cli {

struct LineEditor::Impl {
    std::string history_file, prompt;
    Complete complete;
    EditLine* editor = nullptr;
    History* history = nullptr;
    bool interrupted = false;
};

namespace {

LineEditor::Impl& impl_of(EditLine* editor) {
    void* data = nullptr;
    el_get(editor, EL_CLIENTDATA, &data);
    return *static_cast<LineEditor::Impl*>(data);
}

// The library's signatures take what it never changes as char*.
char* give_prompt(EditLine* editor) { return impl_of(editor).prompt.data(); }

unsigned char interrupt(EditLine* editor, int) {
    impl_of(editor).interrupted = true;
    return CC_NEWLINE;
}

void list(const std::vector<std::string>& candidates) {
    std::size_t widest = 0;
    for (const std::string& word : candidates) widest = std::max(widest, word.size());
    const std::size_t across =
        std::max<std::size_t>(1, terminal_width(STDOUT_FILENO) / (widest + 2));
    std::string out = "\n";
    const std::size_t shown = std::min(candidates.size(), limits::kCandidatesShownMax);
    for (std::size_t i = 0; i < shown; ++i) {
        out += printable(candidates[i]);
        const bool ends = (i + 1) % across == 0 || i + 1 == shown;
        out += ends ? "\n" : std::string(widest + 2 - candidates[i].size(), ' ');
    }
    if (shown < candidates.size())
        out += fmt::format("... and {} more\n", candidates.size() - shown);
    std::fwrite(out.data(), 1, out.size(), stdout);
    std::fflush(stdout);
}

unsigned char complete_word(EditLine* editor, int) {
    const LineInfo* const info = el_line(editor);
    const std::string line(info->buffer, info->cursor);
    const Completion found = impl_of(editor).complete(line);
    if (found.candidates.empty()) return CC_REFRESH_BEEP;
    const std::string common = common_beginning(found.candidates);
    std::string added = common.substr(std::min(common.size(), line.size() - found.begin));
    const bool is_only = found.candidates.size() == 1;
    if (is_only && !common.ends_with('(')) added.push_back(' ');
    if (!added.empty()) {
        el_insertstr(editor, added.c_str());
        return CC_REFRESH;
    }
    list(found.candidates);
    return CC_REDISPLAY;
}

// An empty file of ours, so that the library never makes one that others can read.
bool prepare_history(const std::string& file) {
    if (file.empty()) return false;
    if (!os::make_directories(os::real_fs(), os::parent_directory(file))) return false;
    const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (descriptor < 0) return false;
    const bool is_private = ::fchmod(descriptor, 0600) == 0;
    ::close(descriptor);
    return is_private;
}

}  // namespace

LineEditor::LineEditor(std::string history_file, Complete complete)
    : impl_(std::make_unique<Impl>()) {
    // The characters alone: numbers and messages stay as they are.
    std::setlocale(LC_CTYPE, "");
    if (MB_CUR_MAX == 1) std::setlocale(LC_CTYPE, "C.UTF-8");
    impl_->complete = std::move(complete);
    impl_->editor = el_init("skywatch", stdin, stdout, stderr);
    EditLine* const editor = impl_->editor;
    el_set(editor, EL_CLIENTDATA, impl_.get());
    el_set(editor, EL_PROMPT, give_prompt);
    el_set(editor, EL_EDITOR, "emacs");
    el_set(editor, EL_ADDFN, "sky-complete", "Complete the word", complete_word);
    el_set(editor, EL_BIND, "^I", "sky-complete", nullptr);
    // While a line is edited Ctrl-C is a key; while a query runs it is a signal.
    el_set(editor, EL_ADDFN, "sky-interrupt", "Leave the line", interrupt);
    el_set(editor, EL_SETTY, "-d", "-isig", nullptr);
    el_set(editor, EL_BIND, "^C", "sky-interrupt", nullptr);
    el_set(editor, EL_BIND, "^R", "em-inc-search-prev", nullptr);

    impl_->history = history_init();
    HistEvent event;
    history(impl_->history, &event, H_SETSIZE, limits::kHistoryLinesMax);
    history(impl_->history, &event, H_SETUNIQUE, 1);
    el_set(editor, EL_HIST, history, impl_->history);
    if (!prepare_history(history_file)) return;
    impl_->history_file = std::move(history_file);
    history(impl_->history, &event, H_LOAD, impl_->history_file.c_str());
}

LineEditor::~LineEditor() {
    history_end(impl_->history);
    el_end(impl_->editor);
}

Line LineEditor::read(const std::string& prompt) {
    impl_->prompt = prompt;
    impl_->interrupted = false;
    el_resize(impl_->editor);  // The window may have changed meanwhile.
    // The library would show the prompt first: who sees it and answers at once with Ctrl-D would be
    // answered by the terminal, whose end of input nobody reads.
    el_set(impl_->editor, EL_PREP_TERM, 1);
    int count = 0;
    const char* const text = el_gets(impl_->editor, &count);
    if (impl_->interrupted) return {Line::End::kInterrupted, {}};
    if (text == nullptr || count <= 0) return {Line::End::kEndOfInput, {}};
    std::string line(text, static_cast<std::size_t>(count));
    while (line.ends_with('\n') || line.ends_with('\r')) line.pop_back();
    return {Line::End::kEntered, std::move(line)};
}

void LineEditor::remember(const std::string& line) {
    HistEvent event;
    history(impl_->history, &event, H_ENTER, line.c_str());
    if (!impl_->history_file.empty())
        history(impl_->history, &event, H_SAVE, impl_->history_file.c_str());
}

std::string default_history_file() {
    if (const char* const state = std::getenv("XDG_STATE_HOME"); state != nullptr && *state != '\0')
        return std::string(state) + "/skywatch/query_history";
    const char* const home = std::getenv("HOME");
    if (home == nullptr || *home == '\0') return {};
    return std::string(home) + "/.local/state/skywatch/query_history";
}

}  // namespace sky::cli
