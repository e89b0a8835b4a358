// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/logs/testing/fixture.h - the domain over a store in memory and a clock by hand.

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "logs/groups.h"
#include "logs/ingest.h"
#include "logs/reading.h"
#include "logs/streams.h"
#include "logs/testing/memory_store.h"

namespace sky::logs::testing {

inline constexpr std::int64_t kNow = 1'767'225'600'000;  // 2026-01-01T00:00:00Z
inline constexpr std::int64_t kHour = 3'600'000, kDay = 24 * kHour;

using Line = std::pair<std::int64_t, std::string>;

struct Fixture {
    ManualClock clock{kNow};
    MemoryStore store;
    Groups groups{store, clock};
    Streams streams{store, clock, groups};
    Ingest ingest{store, clock, groups, streams};
    Reading reading{store, clock, streams};
    const Tenant me{"123456789012", "us-east-1"};

    Result<PutOutcome> put(std::string_view group, std::string_view stream,
                           const std::vector<Line>& lines) {
        std::vector<store::Event> events;
        for (const Line& line : lines) events.push_back({line.first, line.second});
        std::optional<Result<PutOutcome>> answer;
        ingest.put(me, group, stream, events,
                   [&](Result<PutOutcome> outcome) { answer = std::move(outcome); });
        return *answer;
    }
    GroupPtr group(std::string_view name) { return *groups.find(me, name); }
    void make(std::string name, const std::vector<std::string>& with_streams = {}) {
        (void)groups.create(me, {.name = name, .kms_key_id = {}, .tags = {}});
        for (const std::string& stream : with_streams) (void)streams.create(me, name, stream);
    }
};

/// "" for success, else the message.
template <class T>
std::string message_of(const Result<T>& result) {
    return result ? std::string() : result.error().message;
}

}  // namespace sky::logs::testing
