// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/logs/live_tail.h - StartLiveTail: sessions that are told what arrives
              // (logs-api.md 8).

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "logs/groups.h"
#include "store/background.h"
#include "store/store.h"

namespace sky::logs {

struct LiveTailRequest {
    std::vector<std::string> groups;                    // ARNs without ":*", 1..10.
    std::vector<std::string> streams, stream_prefixes;  // Of one group alone, not both.
    std::optional<std::string> pattern;
};

struct LiveEvent {
    std::string group, stream, message;  // `group` is the ARN as the request has it.
    std::int64_t timestamp_ms = 0, ingestion_ms = 0;
};

/// What arrived since the last one, in the order of its becoming visible.
struct LiveUpdate {
    std::vector<LiveEvent> events;  // At most kLiveUpdateEventsMax.
    bool sampled = false;           // There was more than this.
};

enum class LiveEnd : std::uint8_t {
    kTimeLimit,  // kLiveSessionMsMax.
    kStopping,   // The server stops.
};

/// A session's reader. Its calls come one at a time, from different threads; none may block.
class LiveSink {
public:
    virtual ~LiveSink() = default;
    /// Comes first.
    virtual void started(const std::string& session_id) = 0;
    enum class Took : std::uint8_t {
        kTaken,
        kFull,  // The reader is too slow: the update is lost, the next one says "sampled".
        kGone,  // Nobody reads any more: no call comes after this one.
    };
    virtual Took update(LiveUpdate update) = 0;
    /// Comes last.
    virtual void ended(LiveEnd why) = 0;
};

struct LiveTailStats {
    std::uint64_t sessions;                         // Gauge.
    std::uint64_t events_sent, updates_lost;        // Since the start.
    std::uint64_t batches_passed_over, peak_bytes;  // For want of room in the queue; its peak.
};

/// Follows the store and gives every session an update a second. What the committer does for it is
/// to put a pointer into a bounded queue; everything else is done on a thread of its own. A session
/// for which more comes than an update holds gets a sample, spread over the second.
/// Threads: any.
class LiveTail final : public store::Follower {
public:
    /// Everything given outlives it. kStepped: no thread, the caller steps.
    LiveTail(store::Store& store, const Clock& clock, Random& random, const Groups& groups,
             store::Background background);
    /// Ends the sessions.
    ~LiveTail() override;
    LiveTail(const LiveTail&) = delete;
    LiveTail& operator=(const LiveTail&) = delete;

    /// Begins a session. `accept` is called once everything is in order, and gives its reader; what
    /// becomes visible after started() is told. Errors: kInvalidArgument, kNotFound
    /// (kGroupMissing), kInvalidState (a class without live tail), kLimitExceeded (sessions).
    Status start(const Tenant& tenant, const LiveTailRequest& request,
                 const std::function<std::unique_ptr<LiveSink>()>& accept);

    /// One round: hands out what came, sends the updates that are due.
    void step();
    LiveTailStats stats() const;

    bool follows(store::GroupId group) const override;
    void published(store::GroupId group, std::shared_ptr<const store::EventBatch> rows) override;

private:
    struct Session;
    struct Arrived {
        store::GroupId group;
        std::shared_ptr<const store::EventBatch> rows;
    };
    void run();
    void hand_out(const Arrived& arrived);
    bool send_due(Session& session, std::int64_t now_ns);
    void forget(const Session& session);
    void look_at_due();

    store::Store& store_;
    const Clock& clock_;
    Random& random_;
    const Groups& groups_;

    mutable std::mutex queue_mutex_;  // Held for moments: the committer waits for it.
    std::condition_variable changed_;
    std::vector<Arrived> queue_;
    std::uint64_t queue_bytes_ = 0, queue_peak_bytes_ = 0, passed_over_ = 0;
    std::unordered_set<store::GroupId> overflowed_;
    std::unordered_map<store::GroupId, std::size_t> followed_;  // Sessions a group.
    std::int64_t due_ns_ = 0;                                   // Of the next update.
    bool stopping_ = false;

    mutable std::mutex mutex_;  // Before queue_mutex_.
    std::vector<std::unique_ptr<Session>> sessions_;
    std::unordered_map<store::StreamId, std::string> names_;  // Of this step.
    std::uint64_t events_sent_ = 0, updates_lost_ = 0;

    std::thread thread_;
};

}  // namespace sky::logs
