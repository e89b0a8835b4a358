// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/logs/event_page.h - one page of a snapshot's events in time order, either way.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "logs/patterns/filter_pattern.h"
#include "logs/tokens.h"
#include "store/store.h"

namespace sky::logs {

struct ReadEvent {
    Position position;
    std::int64_t ingestion_ms;
    store::StreamId stream;
    std::string message;
};

enum class Direction : std::uint8_t { kForward, kBackward };

struct PageSpec {
    store::TimeRange range;
    Direction direction = Direction::kForward;
    std::optional<Position> from;  // Exclusive: strictly after it, or strictly before.
    std::span<const store::StreamId> streams = {};  // Sorted; empty means all.
    const FilterPattern* pattern = nullptr;         // Null: every event.
    std::size_t events_max;
    std::uint64_t bytes_max;  // Messages and kEventOverheadBytes an event; the first always fits.
    std::size_t morsels_max;  // Read at most; a page then ends early.
};

struct EventPage {
    std::vector<ReadEvent> events;  // In the order of the direction.
    /// Where to go on; absent when nothing follows in the range.
    std::optional<Position> resume;
};

/// Merges the morsels of the range by (timestamp, sequence). Keeps only overlapping morsels in
/// memory. Errors: the snapshot's.
Result<EventPage> read_page(const store::Snapshot& snapshot, const PageSpec& spec);

}  // namespace sky::logs
