// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/cli/tail_text.h - events as lines of a terminal or a pipe, and which were
              // shown.

#include <cstdint>
#include <limits>
#include <set>
#include <string>
#include <string_view>

#include "cli/terminal/table.h"

namespace sky::cli {

struct ShownEvent {
    std::int64_t timestamp_ms = 0, ingestion_ms = 0;
    std::string stream, message;
};

enum class Severity : std::uint8_t { kNone, kQuiet, kWarning, kError };
/// By the level word near the start of the line, alone or as a JSON or logfmt value: ERROR, FATAL,
/// CRITICAL, SEVERE, PANIC and the like; WARN, WARNING; DEBUG, TRACE. Words inside words do not
/// count.
Severity severity_of(std::string_view message);

enum class Escape : std::uint8_t { kControls, kNothing };
/// "2026-01-31T12:30:05.250Z stream message\n"; the stream is left out when empty. With kControls
/// a log line cannot drive the terminal.
std::string render_event(const ShownEvent& event, Colour colour, Escape escape);

/// Which events of a history a live session, begun before it was read, tells once more. Live events
/// have no id: equal ones are counted.
class Overlap {
public:
    /// `reading_ms`: since before the session began. Older events than that cannot come again and
    /// are forgotten, by the server's own times of ingestion.
    void add_history(const ShownEvent& event, std::int64_t reading_ms);
    /// False: the history had it.
    bool is_new(const ShownEvent& event);
    std::size_t size() const { return history_.size(); }

private:
    std::multiset<std::pair<std::int64_t, std::string>> history_;  // By time of ingestion.
    std::int64_t newest_ms_ = std::numeric_limits<std::int64_t>::min();
};

}  // namespace sky::cli
