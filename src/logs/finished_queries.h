// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/logs/finished_queries.h - queries that have finished: their rows in memory
              // while there is room, on disk for days.

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "base/clock.h"
#include "logs/kept_queries.h"
#include "logs/limits.h"
#include "logs/query_session.h"

namespace sky::logs {

/// The oldest are forgotten first when there are too many; with a directory rows leave memory
/// before. Files are written behind, by a thread of its own.
/// Threads: the mutex is the sessions', for a query comes here under it. It is held by whoever
/// calls, unless a member says otherwise.
class FinishedQueries {
public:
    using ById = std::map<std::string, SessionPtr, std::less<>>;

    /// Reads what is on disk. Not held.
    FinishedQueries(std::mutex& mutex, const Clock& clock, const SessionOptions& options);
    /// Writes what has finished. Not held.
    ~FinishedQueries();
    FinishedQueries(const FinishedQueries&) = delete;
    FinishedQueries& operator=(const FinishedQueries&) = delete;

    /// A session with its final result.
    void add(const SessionPtr& session);
    /// Drops what is older than 7 days, then the oldest while there is too much.
    void make_room();
    /// Sessions that have not finished count among those that there may be.
    void set_unfinished(std::size_t count) {
        unfinished_ = count;
        if (may_run_errands()) errand_there_.notify_one();
    }

    const ById& by_id() const { return by_id_; }
    /// The greatest of those that were read from disk.
    std::uint64_t last_number() const { return last_number_; }
    /// The rows of one of these, from its file if need be. Not held. Errors: kNotFound (forgotten
    /// meanwhile), those of reading.
    Result<ResultPtr> rows_of(const SessionPtr& session);
    /// Blocks until every file is written, or could not be. Not held.
    void wait_until_kept();

private:
    /// A null session: the file of `id` goes.
    struct Errand {
        SessionPtr session;
        std::string id;
    };
    void load();
    /// They wait until no query needs the processor, a number of them at most and not for long.
    bool may_run_errands() const {
        return !errands_.empty() && (unfinished_ == 0 || errands_end_ || awaited_ > 0 ||
                                     errands_.size() > limits::kErrandsWaitingMax);
    }
    void run_errands();
    void run_errand(Errand errand);
    void save(const SessionPtr& session, std::unique_lock<std::mutex>& lock);
    void forget(std::list<SessionPtr>::iterator it);
    void let_go(Session& session);
    SessionPtr least_used() const;

    std::mutex& mutex_;
    const Clock& clock_;
    const SessionOptions& options_;
    std::uint64_t last_number_ = 0;
    std::size_t unfinished_ = 0;
    ById by_id_;
    std::list<SessionPtr> oldest_first_;
    std::uint64_t memory_bytes_ = 0, disk_bytes_ = 0;
    std::uint64_t looks_ = 0;

    std::optional<KeptQueries> files_;
    std::deque<Errand> errands_;
    bool is_running_errand_ = false, errands_end_ = false;
    unsigned awaited_ = 0;  // Callers of wait_until_kept().
    std::condition_variable errand_there_, errands_done_;
    std::thread runner_;
};

}  // namespace sky::logs
