// SPDX-License-Identifier: Apache-2.0
#include "logs/live_tail.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <limits>

#include "logs/identifiers.h"
#include "logs/limits.h"
#include "logs/patterns/filter_pattern.h"
#include "os/thread_priority.h"

namespace sky::logs {
namespace {

constexpr std::int64_t kNsPerMs = 1'000'000;

std::uint64_t bytes_of(const store::EventBatch& rows) { return rows.message.bytes(); }

std::uint64_t ceil_of(std::uint64_t dividend, std::uint64_t divisor) {
    return (dividend + divisor - 1) / divisor;
}

Status check(const LiveTailRequest& request) {
    if (request.groups.empty() || request.groups.size() > limits::kLiveGroupsMax)
        return fail(ErrorCode::kInvalidArgument,
                    fmt::format("logGroupIdentifiers must name 1 to {} log groups.",
                                limits::kLiveGroupsMax));
    if (!request.streams.empty() && !request.stream_prefixes.empty())
        return fail(ErrorCode::kInvalidArgument,
                    "logStreamNames and logStreamNamePrefixes are mutually exclusive parameters.");
    const bool by_stream = !request.streams.empty() || !request.stream_prefixes.empty();
    if (by_stream && request.groups.size() != 1)
        return fail(
            ErrorCode::kInvalidArgument,
            "logStreamNames and logStreamNamePrefixes can be used with one log group only.");
    for (const std::string& group : request.groups)
        if (!group.starts_with("arn:") || group.ends_with('*'))
            return fail(ErrorCode::kInvalidArgument,
                        "logGroupIdentifiers must be the ARNs of log groups, without :* at the "
                        "end: " +
                            group);
    return {};
}

}  // namespace

struct LiveTail::Session {
    std::string id, account;
    std::vector<std::pair<store::GroupId, std::string>> groups;  // With the ARN as it was given.
    std::vector<std::string> streams, stream_prefixes;
    FilterPattern pattern;
    std::unique_ptr<LiveSink> sink;
    std::int64_t due_ns = 0, end_ns = 0;

    LiveUpdate window;
    std::uint64_t window_bytes = 0;
    // Every stride-th row is looked at. In this window: rows that came, and how many of them had
    // when it was full.
    std::uint64_t stride = 1, pass_over = 0, rows = 0, rows_when_full = 0;

    const std::string* arn_of(store::GroupId group) const {
        for (const auto& [id_of_group, arn] : groups)
            if (id_of_group == group) return &arn;
        return nullptr;
    }
    bool wants_stream(std::string_view name) const {
        if (!streams.empty()) return std::ranges::find(streams, name) != streams.end();
        return stream_prefixes.empty() ||
               std::ranges::any_of(stream_prefixes, [&](const std::string& prefix) {
                   return name.starts_with(prefix);
               });
    }
    bool full() const { return rows_when_full != 0; }

    /// Rows of one stream: an append has one.
    void offer(const std::string& arn, const std::string& stream, const store::EventBatch& batch) {
        const std::uint64_t before = rows, count = batch.rows();
        rows += count;
        if (full() && window.sampled) return;  // Nothing that comes can change the update.
        std::uint64_t row = pass_over;
        if (stride > 1) window.sampled = true;
        for (; row < count; row += stride) {
            const std::string_view message = batch.message[row];
            if (!pattern.matches(message)) continue;
            if (full()) {
                window.sampled = true;
                break;
            }
            window.events.push_back({.group = arn,
                                     .stream = stream,
                                     .message = std::string(message),
                                     .timestamp_ms = batch.timestamp_ms[row],
                                     .ingestion_ms = batch.ingestion_ms[row]});
            window_bytes += message.size();
            if (window.events.size() == limits::kLiveUpdateEventsMax ||
                window_bytes >= limits::kLiveUpdateBytesMax)
                rows_when_full = before + row + 1;
        }
        pass_over = row < count ? 0 : row - count;
    }
    LiveUpdate take_window() {
        if (full()) {
            stride = ceil_of(stride * rows, rows_when_full);
        } else {
            stride = std::max<std::uint64_t>(
                1, ceil_of(stride * window.events.size(), limits::kLiveUpdateEventsMax));
        }
        pass_over = rows = rows_when_full = window_bytes = 0;
        return std::exchange(window, {});
    }
};

LiveTail::LiveTail(store::Store& store, const Clock& clock, Random& random, const Groups& groups,
                   store::Background background)
    : store_(store), clock_(clock), random_(random), groups_(groups) {
    look_at_due();
    store_.set_follower(this);
    if (background == store::Background::kThreads) thread_ = std::thread([this] { run(); });
}

LiveTail::~LiveTail() {
    store_.set_follower(nullptr);
    {
        const std::lock_guard lock(queue_mutex_);
        stopping_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
    for (const auto& session : sessions_) session->sink->ended(LiveEnd::kStopping);
}

Status LiveTail::start(const Tenant& tenant, const LiveTailRequest& request,
                       const std::function<std::unique_ptr<LiveSink>()>& accept) {
    SKY_TRY(check(request));
    auto session = std::make_unique<Session>();
    for (const std::string& arn : request.groups) {
        const GroupPtr group = SKY_TRY(groups_.resolve(tenant, arn));
        if (group->log_class != kClassStandard)
            return fail(ErrorCode::kInvalidState,
                        fmt::format("Live Tail is not available for log groups of class {}: {}",
                                    group->log_class, group->name));
        if (session->arn_of(group->id) == nullptr) session->groups.emplace_back(group->id, arn);
    }
    if (request.pattern) session->pattern = SKY_TRY(FilterPattern::compile(*request.pattern));
    session->streams = request.streams;
    session->stream_prefixes = request.stream_prefixes;
    session->account = tenant.account;
    session->id = random_uuid(random_);

    const std::lock_guard lock(mutex_);
    const auto of_account =
        std::ranges::count(sessions_, tenant.account, [](const auto& s) { return s->account; });
    if (sessions_.size() >= limits::kLiveSessionsMax ||
        static_cast<std::size_t>(of_account) >= limits::kLiveAccountSessionsMax)
        return fail(ErrorCode::kLimitExceeded, "There are too many Live Tail sessions.");
    const std::int64_t now_ns = clock_.monotonic_ns();
    session->due_ns = now_ns + limits::kLiveUpdateEveryMs * kNsPerMs;
    session->end_ns = now_ns + limits::kLiveSessionMsMax * kNsPerMs;
    {
        // Followed before the client can know that it is: nothing that it then writes is missed.
        const std::lock_guard queue_lock(queue_mutex_);
        for (const auto& [group, arn] : session->groups) ++followed_[group];
        due_ns_ = std::min(due_ns_, session->due_ns);
    }
    session->sink = accept();
    session->sink->started(session->id);
    sessions_.push_back(std::move(session));
    changed_.notify_all();
    return {};
}

bool LiveTail::follows(store::GroupId group) const {
    const std::lock_guard lock(queue_mutex_);
    return followed_.contains(group);
}

void LiveTail::published(store::GroupId group, std::shared_ptr<const store::EventBatch> rows) {
    const std::uint64_t bytes = bytes_of(*rows);
    bool wake = false;
    {
        const std::lock_guard lock(queue_mutex_);
        if (queue_bytes_ + bytes > limits::kLiveQueueBytesMax) {
            ++passed_over_;
            overflowed_.insert(group);
            return;
        }
        // Updates go once a second: only much waiting is worth a wake-up.
        wake = queue_bytes_ < limits::kLiveQueueWakeBytes &&
               queue_bytes_ + bytes >= limits::kLiveQueueWakeBytes;
        queue_bytes_ += bytes;
        queue_peak_bytes_ = std::max(queue_peak_bytes_, queue_bytes_);
        queue_.push_back({group, std::move(rows)});
    }
    if (wake) changed_.notify_all();
}

void LiveTail::run() {
    // An update may be late; an acknowledgement that waits for this thread's work may not.
    os::step_aside(os::kQueryNiceness);
    std::unique_lock lock(queue_mutex_);
    while (!stopping_) {
        const std::int64_t wait_ns = due_ns_ - clock_.monotonic_ns();
        if (wait_ns > 0 && queue_bytes_ < limits::kLiveQueueWakeBytes) {
            // Never longer than an update's time: a clock that is set by hand wakes nobody.
            changed_.wait_for(lock, std::chrono::nanoseconds(
                                        std::min(wait_ns, limits::kLiveUpdateEveryMs * kNsPerMs)));
            continue;
        }
        lock.unlock();
        step();
        lock.lock();
    }
}

void LiveTail::step() {
    const std::lock_guard lock(mutex_);
    std::vector<Arrived> arrived;
    std::unordered_set<store::GroupId> overflowed;
    {
        const std::lock_guard queue_lock(queue_mutex_);
        arrived.swap(queue_);
        overflowed.swap(overflowed_);
        queue_bytes_ = 0;
    }
    names_.clear();
    for (const Arrived& one : arrived) hand_out(one);
    for (const store::GroupId group : overflowed)
        for (const auto& session : sessions_)
            if (session->arn_of(group) != nullptr) session->window.sampled = true;
    const std::int64_t now_ns = clock_.monotonic_ns();
    std::erase_if(sessions_, [&](const std::unique_ptr<Session>& session) {
        if (now_ns < session->due_ns || send_due(*session, now_ns)) return false;
        forget(*session);
        return true;
    });
    look_at_due();
}

void LiveTail::hand_out(const Arrived& arrived) {
    const store::StreamId stream = arrived.rows->stream.front();
    auto name = names_.find(stream);
    if (name == names_.end()) {
        const auto found = store_.catalog().find_stream(stream);
        name = names_.emplace(stream, found ? found->name : std::string()).first;
    }
    if (name->second.empty()) return;  // Deleted meanwhile: its events are no longer visible.
    for (const auto& session : sessions_) {
        const std::string* const arn = session->arn_of(arrived.group);
        if (arn != nullptr && session->wants_stream(name->second))
            session->offer(*arn, name->second, *arrived.rows);
    }
}

/// False: the session is over.
bool LiveTail::send_due(Session& session, std::int64_t now_ns) {
    LiveUpdate update = session.take_window();
    const std::uint64_t events = update.events.size();
    switch (session.sink->update(std::move(update))) {
        case LiveSink::Took::kTaken:
            events_sent_ += events;
            break;
        case LiveSink::Took::kFull:
            ++updates_lost_;
            session.window.sampled = events > 0;
            break;
        case LiveSink::Took::kGone:
            return false;
    }
    if (now_ns >= session.end_ns) {
        session.sink->ended(LiveEnd::kTimeLimit);
        return false;
    }
    // In step with its start, without making up for what was late.
    const std::int64_t every_ns = limits::kLiveUpdateEveryMs * kNsPerMs;
    session.due_ns += ((now_ns - session.due_ns) / every_ns + 1) * every_ns;
    return true;
}

void LiveTail::forget(const Session& session) {
    const std::lock_guard lock(queue_mutex_);
    for (const auto& [group, arn] : session.groups) {
        const auto at = followed_.find(group);
        if (--at->second == 0) followed_.erase(at);
    }
}

void LiveTail::look_at_due() {
    std::int64_t due_ns = std::numeric_limits<std::int64_t>::max();
    for (const auto& session : sessions_) due_ns = std::min(due_ns, session->due_ns);
    const std::lock_guard lock(queue_mutex_);
    due_ns_ = due_ns;
}

LiveTailStats LiveTail::stats() const {
    const std::lock_guard lock(mutex_);
    const std::lock_guard queue_lock(queue_mutex_);
    return {.sessions = sessions_.size(),
            .events_sent = events_sent_,
            .updates_lost = updates_lost_,
            .batches_passed_over = passed_over_,
            .peak_bytes = queue_peak_bytes_};
}

}  // namespace sky::logs
