// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/cli/tail_text.h - events as lines of a terminal or a pipe, and which were
              // shown.

#include <cstdint>
#include <limits>
#include <set>
#include <string>
#include <string_view>

#include "cli/table.h"

namespace sky::cli {

struct ShownEvent {
    std::int64_t timestamp_ms = 0;
    std::string id, stream, message;
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

/// Which events were shown already, over polls whose time ranges overlap.
class SeenEvents {
public:
    /// Late events are looked for this far behind the newest one.
    explicit SeenEvents(std::int64_t overlap_ms) : overlap_ms_(overlap_ms) {}
    /// False: it was there before.
    bool add(std::int64_t timestamp_ms, const std::string& id);
    /// Where the next poll begins, at `start_ms` or later. Forgets what no later poll can show.
    std::int64_t next_start_ms(std::int64_t start_ms);

private:
    const std::int64_t overlap_ms_;
    std::int64_t newest_ms_ = std::numeric_limits<std::int64_t>::min();
    std::set<std::pair<std::int64_t, std::string>> seen_;
};

}  // namespace sky::cli
