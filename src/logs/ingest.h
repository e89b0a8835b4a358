// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/logs/ingest.h - PutLogEvents: the rules, then the store.

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "logs/groups.h"
#include "logs/streams.h"
#include "store/store.h"

namespace sky::logs {

/// Indices into the request's events (logs-api.md 4). Absent when nothing was rejected for that
/// reason.
struct RejectedEvents {
    std::optional<std::int32_t> too_old_end;    // Exclusive end of the too-old prefix.
    std::optional<std::int32_t> expired_end;    // Exclusive end of the expired prefix.
    std::optional<std::int32_t> too_new_start;  // Inclusive start of the too-new suffix.
    bool any() const { return too_old_end || expired_end || too_new_start; }
};

struct PutOutcome {
    RejectedEvents rejected;
    std::string next_sequence_token;  // Never checked, always there (clients.md trap 4).
};

/// What the rules say about one batch: which events are stored. Public for the tests.
struct Admission {
    std::size_t begin = 0, end = 0;  // Kept: events[begin, end).
    RejectedEvents rejected;
};
/// Errors: kInvalidArgument (sizes, order, span; exact texts of logs-api.md 1.2). Order of checks:
/// sizes, chronological order, time windows, span of what is left.
Result<Admission> admit(std::span<const store::Event> events, std::int64_t now_ms,
                        std::optional<std::int32_t> retention_days);

/// Threads: any.
class Ingest {
public:
    Ingest(store::Store& store, const Clock& clock, const Groups& groups, const Streams& streams)
        : store_(store), clock_(clock), groups_(groups), streams_(streams) {}

    using Done = std::function<void(Result<PutOutcome>)>;
    /// Stores one batch. `events` and what they view are read during the call only. `done` runs
    /// once, on the caller's thread for a refusal, else on the committer's: it must not block.
    /// Errors: kNotFound, kInvalidArgument, kThrottled, kNoSpace, kInternal, kUnavailable.
    void put(const Tenant& tenant, std::string_view group, std::string_view stream,
             std::span<const store::Event> events, Done done);

private:
    Result<PutOutcome> prepare(const Tenant& tenant, std::string_view group,
                               std::string_view stream, std::span<const store::Event> events,
                               store::AppendBatch& batch);

    store::Store& store_;
    const Clock& clock_;
    const Groups& groups_;
    const Streams& streams_;
    std::atomic<std::uint64_t> batches_{0};
};

}  // namespace sky::logs
