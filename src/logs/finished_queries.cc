// SPDX-License-Identifier: Apache-2.0
#include "logs/finished_queries.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/log.h"
#include "logs/limits.h"
#include "os/thread_priority.h"

namespace sky::logs {
namespace {
/// Ours: how long a file may wait for the processor to be free.
constexpr std::int64_t kErrandWaitMs = 1'000;
}  // namespace

FinishedQueries::FinishedQueries(std::mutex& mutex, const Clock& clock,
                                 const SessionOptions& options)
    : mutex_(mutex), clock_(clock), options_(options) {
    if (options.fs == nullptr) return;
    files_.emplace(*options.fs, options.directory);
    load();
    runner_ = std::thread([this] { run_errands(); });
}

FinishedQueries::~FinishedQueries() {
    if (!files_) return;
    {
        const std::lock_guard lock(mutex_);
        errands_end_ = true;
    }
    errand_there_.notify_all();
    runner_.join();
}

void FinishedQueries::add(const SessionPtr& session) {
    session->bytes = sizeof(Session) + session->source_text.size() + session->explained.size();
    session->row_bytes = session->result->rows.bytes();
    session->bytes += session->row_bytes;
    session->used = ++looks_;
    memory_bytes_ += session->bytes;
    by_id_.emplace(session->id, session);
    oldest_first_.push_back(session);
    if (files_) run_errand({session, session->id});
    make_room();
}

void FinishedQueries::wait_until_kept() {
    std::unique_lock lock(mutex_);
    ++awaited_;
    errand_there_.notify_all();
    errands_done_.wait(lock, [&] { return errands_.empty() && !is_running_errand_; });
    --awaited_;
}

void FinishedQueries::load() {
    auto loaded = files_->load();
    if (!loaded) {
        log::warn("kept_queries_not_read", {{"why", loaded.error().message}});
        return;
    }
    std::sort(loaded->begin(), loaded->end(), [](const KeptQuery& a, const KeptQuery& b) {
        return std::pair(a.number, a.creation_ms) < std::pair(b.number, b.creation_ms);
    });
    for (KeptQuery& kept : *loaded) {
        auto session = std::make_shared<Session>();
        session->number = ++last_number_;
        session->id = std::move(kept.id);
        session->tenant = std::move(kept.tenant);
        session->groups = std::move(kept.groups);
        session->source_text = std::move(kept.source_text);
        session->creation_ms = kept.creation_ms;
        session->status = kept.status;
        session->finished_ms = kept.finished_ms;
        session->duration_ms = kept.duration_ms;
        session->resident = false;
        session->saved = true;
        session->file_bytes = kept.file_bytes;
        insights::QueryResult bare;
        bare.statistics = kept.statistics;
        session->result = std::make_shared<const insights::QueryResult>(std::move(bare));
        session->bytes = sizeof(Session) + session->source_text.size();
        memory_bytes_ += session->bytes;
        disk_bytes_ += session->file_bytes;
        by_id_.emplace(session->id, session);
        oldest_first_.push_back(session);
    }
    oldest_first_.sort([](const SessionPtr& a, const SessionPtr& b) {
        return std::pair(a->finished_ms, a->number) < std::pair(b->finished_ms, b->number);
    });
    make_room();
}

void FinishedQueries::run_errands() {
    os::step_aside(os::kQueryNiceness);
    std::unique_lock lock(mutex_);
    bool late = false;  // What waits has waited long enough.
    for (;;) {
        errand_there_.wait(lock, [&] { return errands_end_ || !errands_.empty(); });
        if (errands_.empty()) return;
        if (!late) {
            late = !errand_there_.wait_for(lock, std::chrono::milliseconds(kErrandWaitMs),
                                           [&] { return may_run_errands(); });
        }
        const Errand errand = std::move(errands_.front());
        errands_.pop_front();
        is_running_errand_ = true;
        if (errand.session) {
            save(errand.session, lock);
        } else {
            lock.unlock();
            const Status gone = files_->remove(errand.id);
            if (!gone && gone.error().code != ErrorCode::kNotFound)
                log::warn("kept_query_stays",
                          {{"query_id", errand.id}, {"why", gone.error().message}});
            lock.lock();
        }
        is_running_errand_ = false;
        if (!errands_.empty()) continue;
        late = false;
        errands_done_.notify_all();
    }
}

/// Called and left with the lock held; not held while the file is written.
void FinishedQueries::save(const SessionPtr& session, std::unique_lock<std::mutex>& lock) {
    if (!by_id_.contains(session->id)) return;  // Forgotten before it was its turn.
    const KeptQuery kept{session->number,      session->id,
                         session->source_text, session->tenant,
                         session->groups,      session->status,
                         session->creation_ms, session->finished_ms,
                         session->duration_ms, {}};
    const ResultPtr result = session->result;
    lock.unlock();
    KeptQuery written = kept;
    written.statistics = result->statistics;
    const auto bytes = files_->write(written, *result);
    lock.lock();
    if (!bytes) {
        log::warn("query_not_kept", {{"query_id", session->id}, {"why", bytes.error().message}});
        return;  // It stays in memory while there is room.
    }
    session->saved = true;
    session->file_bytes = *bytes;
    disk_bytes_ += *bytes;
    if (!by_id_.contains(session->id)) {
        disk_bytes_ -= *bytes;
        run_errand({nullptr, session->id});
        return;
    }
    make_room();
}

void FinishedQueries::run_errand(Errand errand) {
    errands_.push_back(std::move(errand));
    errand_there_.notify_one();
}

void FinishedQueries::forget(std::list<SessionPtr>::iterator it) {
    const SessionPtr session = std::move(*it);
    memory_bytes_ -= session->bytes;
    by_id_.erase(session->id);
    oldest_first_.erase(it);
    if (!session->saved) return;
    disk_bytes_ -= session->file_bytes;
    run_errand({nullptr, session->id});
}

/// Leaves a session's rows to its file.
void FinishedQueries::let_go(Session& session) {
    insights::QueryResult bare;
    bare.statistics = session.result->statistics;
    session.result = std::make_shared<const insights::QueryResult>(std::move(bare));
    session.resident = false;
    session.bytes -= session.row_bytes;
    memory_bytes_ -= session.row_bytes;
    session.row_bytes = 0;
}

/// The session whose rows were looked at longest ago and are on disk.
SessionPtr FinishedQueries::least_used() const {
    SessionPtr found;
    for (const SessionPtr& session : oldest_first_) {
        if (!session->resident || !session->saved || session->row_bytes == 0) continue;
        if (!found || session->used < found->used) found = session;
    }
    return found;
}

void FinishedQueries::make_room() {
    const std::int64_t oldest_ms = clock_.now_ms() - limits::kResultLifeMs;
    while (!oldest_first_.empty() && oldest_first_.front()->finished_ms < oldest_ms)
        forget(oldest_first_.begin());
    while (oldest_first_.size() > 1 && (disk_bytes_ > options_.results_disk_bytes_max ||
                                        by_id_.size() + unfinished_ > options_.sessions_max))
        forget(oldest_first_.begin());
    while (oldest_first_.size() > 1 && memory_bytes_ > options_.results_total_bytes_max) {
        if (const SessionPtr session = least_used()) {
            let_go(*session);
        } else {
            forget(oldest_first_.begin());
        }
    }
}

Result<ResultPtr> FinishedQueries::rows_of(const SessionPtr& session) {
    {
        const std::lock_guard lock(mutex_);
        session->used = ++looks_;
        if (session->resident) return session->result;
    }
    auto read = files_->read(session->id);
    if (!read) return std::unexpected(std::move(read).error());
    auto result = std::make_shared<const insights::QueryResult>(*std::move(read));
    const std::lock_guard lock(mutex_);
    if (session->resident || !by_id_.contains(session->id)) return ResultPtr(result);
    session->result = result;
    session->resident = true;
    session->row_bytes = result->rows.bytes();
    session->bytes += session->row_bytes;
    memory_bytes_ += session->row_bytes;
    make_room();
    return ResultPtr(result);
}

}  // namespace sky::logs
