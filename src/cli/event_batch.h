// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/cli/event_batch.h - lines of text on their way into one PutLogEvents.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sky::cli {

/// PutLogEvents takes 10,000 events or 1,048,576 bytes, 26 of them overhead an event, and an event
/// of the same bytes at most (logs-api.md 4).
constexpr std::size_t kBatchEventsMax = 10'000;
constexpr std::size_t kBatchBytesMax = 1'048'576;
constexpr std::size_t kEventOverheadBytes = 26;

class EventBatch {
public:
    enum class Add : std::uint8_t { kAdded, kFull, kTooLong, kEmptyLine };
    /// Bytes that are no UTF-8 become U+FFFD each, as JSON cannot carry them. `kFull`: send first,
    /// then add again.
    Add add(std::string_view line, std::int64_t timestamp_ms);
    bool empty() const { return events_.empty(); }
    std::size_t size() const { return events_.size(); }
    void clear();
    /// PutLogEvents' JSON.
    std::string body(std::string_view group, std::string_view stream) const;

private:
    struct Event {
        std::int64_t timestamp_ms;
        std::string message;
    };
    std::vector<Event> events_;
    std::size_t bytes_ = 0;
};

/// `text` with each byte that is no part of well-formed UTF-8 replaced by U+FFFD.
std::string to_utf8(std::string_view text);

}  // namespace sky::cli
