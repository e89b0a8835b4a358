// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/logs/reading.h - GetLogEvents and FilterLogEvents (logs-api.md 5.1, 5.2).

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "logs/event_page.h"
#include "logs/groups.h"
#include "logs/streams.h"

namespace sky::logs {

struct GetEvents {
    std::string stream;
    std::optional<std::int64_t> start_ms, end_ms;  // End excluded.
    std::optional<std::string> token;
    std::optional<std::int64_t> limit;  // 1..10000.
    bool from_head = false;
};

struct StreamEvents {
    std::vector<ReadEvent> events;  // Always ascending.
    std::string forward_token, backward_token;
};

struct FilterEvents {
    std::vector<std::string> streams;
    std::optional<std::string> stream_prefix;      // Not together with `streams`.
    std::optional<std::int64_t> start_ms, end_ms;  // Both included.
    std::optional<std::string> pattern;
    std::optional<std::string> token;
    std::optional<std::int64_t> limit;  // 1..10000.
    bool from_head = true;
};

struct FilteredEvent {
    ReadEvent event;
    std::string stream_name;
    std::string id;
};

struct FilteredEvents {
    std::vector<FilteredEvent> events;
    std::optional<std::string> next_token;
};

/// Errors: kNotFound (kGroupMissing, kStreamMissing), kInvalidArgument (kTokenInvalid and others),
/// kCorruption, kInternal. Threads: any.
class Reading {
public:
    Reading(store::Store& store, const Clock& clock, const Streams& streams)
        : store_(store), clock_(clock), streams_(streams) {}

    Result<StreamEvents> get(const GroupInfo& group, const GetEvents& request) const;
    Result<FilteredEvents> filter(const GroupInfo& group, const FilterEvents& request) const;

private:
    Result<std::shared_ptr<const store::Snapshot>> snapshot_of(const GroupInfo& group) const;

    store::Store& store_;
    const Clock& clock_;
    const Streams& streams_;
};

}  // namespace sky::logs
