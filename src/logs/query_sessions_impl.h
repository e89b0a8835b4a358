// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/logs/query_sessions_impl.h - what the sessions keep and the threads that run
              // them; for query_sessions.cc alone.

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <limits>
#include <list>
#include <map>
#include <mutex>
#include <thread>

#include "base/log.h"
#include "insights/exec/partial_cache.h"
#include "logs/identifiers.h"
#include "logs/kept_queries.h"
#include "logs/query_sessions.h"
#include "logs/query_sources.h"
#include "os/thread_priority.h"

namespace sky::logs {

inline bool is_finished(QueryStatus status) {
    return status != QueryStatus::kScheduled && status != QueryStatus::kRunning;
}

inline std::uint64_t row_bytes(const insights::Row& row) {
    std::uint64_t bytes = sizeof(insights::Row) + row.capacity() * sizeof(insights::Cell);
    constexpr std::size_t kInside = 15;  // A short string of libstdc++ lives in its object.
    for (const insights::Cell& cell : row) {
        if (cell.field.capacity() > kInside) bytes += cell.field.capacity();
        if (cell.value.capacity() > kInside) bytes += cell.value.capacity();
    }
    return bytes;
}

using ResultPtr = std::shared_ptr<const insights::QueryResult>;

struct Session {
    std::uint64_t number;  // Ascends with creation.
    std::string id;
    Tenant tenant;
    std::vector<std::string> groups;
    std::string source_text;
    std::int64_t creation_ms;
    QueryStatus status = QueryStatus::kScheduled;
    std::optional<std::int64_t> started_ns;
    std::int64_t finished_ms = 0;
    std::optional<std::int64_t> duration_ms;
    std::shared_ptr<const QueryPlan> plan;
    insights::RunOptions options;   // Dropped when finished: it pins snapshots.
    std::shared_ptr<QueryRun> run;  // While running.
    ResultPtr partial;              // What pollers got last, while running.
    std::int64_t partial_due_ns = 0;
    ResultPtr result = std::make_shared<const insights::QueryResult>();
    std::string explained;  // Once it has ended.
    bool resident = true;   // `result` has the rows; otherwise the file alone.
    bool saved = false;
    std::uint64_t file_bytes = 0;
    std::uint64_t used = 0;   // Ascends with each look at the rows.
    std::uint64_t bytes = 0;  // In memory.
    std::uint64_t row_bytes = 0;
};
using SessionPtr = std::shared_ptr<Session>;

struct AccountUse {
    unsigned running = 0;
    std::size_t unfinished = 0;
    std::int64_t used_ns = 0;
};

struct QuerySessions::Impl {
    store::Store& store;
    const Clock& clock;
    Random& random;
    const Groups& groups;
    const LookupTables& tables;
    const QueryEngine& engine;
    const SessionOptions options;

    columnar::MemoryPool memory{options.query_memory_bytes_max};
    insights::PartialCache partials{options.partials_bytes_max};  // Paid from it.
    std::mutex mutex;
    std::condition_variable work, idle;
    bool closing = false;
    std::uint64_t last_number = 0;
    std::map<std::string, SessionPtr, std::less<>> by_id;
    std::list<SessionPtr> waiting;   // First come first.
    std::list<SessionPtr> finished;  // Oldest first.
    std::map<std::string, AccountUse> accounts;
    std::uint64_t kept_bytes = 0;
    std::uint64_t disk_bytes = 0;
    std::uint64_t looks = 0;
    std::size_t unfinished = 0;
    std::vector<std::thread> workers;

    // On disk. A null session: the file of `id` goes.
    struct Errand {
        SessionPtr session;
        std::string id;
    };
    std::optional<KeptQueries> files;
    std::deque<Errand> errands;
    bool is_running_errand = false, errands_end = false;
    std::condition_variable errand_there, errands_done;
    std::thread runner;

    Impl(store::Store& s, const Clock& c, Random& r, const Groups& g, const LookupTables& t,
         const QueryEngine& e, const SessionOptions& o)
        : store(s), clock(c), random(r), groups(g), tables(t), engine(e), options(o) {
        memory.fall_back_on(partials);
        if (options.fs != nullptr) {
            files.emplace(*options.fs, options.directory);
            load_kept();
            runner = std::thread([this] { run_errands(); });
        }
        for (unsigned i = 0; i < options.running_max; ++i)
            workers.emplace_back([this] {
                os::step_aside(os::kQueryNiceness);  // Threads that a query starts inherit it.
                work_loop();
            });
    }

    ~Impl() {
        std::vector<std::shared_ptr<QueryRun>> running;
        {
            const std::lock_guard lock(mutex);
            closing = true;
            for (const auto& [id, session] : by_id)
                if (session->run) running.push_back(session->run);
        }
        for (const auto& run : running) run->request_stop();
        work.notify_all();
        for (std::thread& worker : workers) worker.join();
        if (!files) return;
        {
            const std::lock_guard lock(mutex);
            errands_end = true;
        }
        errand_there.notify_all();
        runner.join();
    }

    void load_kept() {
        auto loaded = files->load();
        if (!loaded) {
            log::warn("kept_queries_not_read", {{"why", loaded.error().message}});
            return;
        }
        std::sort(loaded->begin(), loaded->end(), [](const KeptQuery& a, const KeptQuery& b) {
            return std::pair(a.number, a.creation_ms) < std::pair(b.number, b.creation_ms);
        });
        for (KeptQuery& kept : *loaded) {
            auto session = std::make_shared<Session>();
            session->number = ++last_number;
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
            kept_bytes += session->bytes;
            disk_bytes += session->file_bytes;
            by_id.emplace(session->id, session);
            finished.push_back(session);
        }
        finished.sort([](const SessionPtr& a, const SessionPtr& b) {
            return std::pair(a->finished_ms, a->number) < std::pair(b->finished_ms, b->number);
        });
        make_room();
    }

    void run_errands() {
        os::step_aside(os::kQueryNiceness);
        std::unique_lock lock(mutex);
        for (;;) {
            errand_there.wait(lock, [&] { return errands_end || !errands.empty(); });
            if (errands.empty()) return;
            const Errand errand = std::move(errands.front());
            errands.pop_front();
            is_running_errand = true;
            if (errand.session) {
                save(errand.session, lock);
            } else {
                lock.unlock();
                const Status gone = files->remove(errand.id);
                if (!gone && gone.error().code != ErrorCode::kNotFound)
                    log::warn("kept_query_stays",
                              {{"query_id", errand.id}, {"why", gone.error().message}});
                lock.lock();
            }
            is_running_errand = false;
            if (errands.empty()) errands_done.notify_all();
        }
    }

    /// Called and left with the lock held; not held while the file is written.
    void save(const SessionPtr& session, std::unique_lock<std::mutex>& lock) {
        if (!by_id.contains(session->id)) return;  // Forgotten before it was its turn.
        const KeptQuery kept{session->number,      session->id,
                             session->source_text, session->tenant,
                             session->groups,      session->status,
                             session->creation_ms, session->finished_ms,
                             session->duration_ms, {}};
        const ResultPtr result = session->result;
        lock.unlock();
        KeptQuery written = kept;
        written.statistics = result->statistics;
        const auto bytes = files->write(written, *result);
        lock.lock();
        if (!bytes) {
            log::warn("query_not_kept",
                      {{"query_id", session->id}, {"why", bytes.error().message}});
            return;  // It stays in memory while there is room.
        }
        session->saved = true;
        session->file_bytes = *bytes;
        disk_bytes += *bytes;
        if (!by_id.contains(session->id)) {
            disk_bytes -= *bytes;
            run_errand({nullptr, session->id});
            return;
        }
        make_room();
    }

    void run_errand(Errand errand) {
        errands.push_back(std::move(errand));
        errand_there.notify_one();
    }

    void forget(std::list<SessionPtr>::iterator it) {
        const SessionPtr session = std::move(*it);
        kept_bytes -= session->bytes;
        by_id.erase(session->id);
        finished.erase(it);
        if (!session->saved) return;
        disk_bytes -= session->file_bytes;
        run_errand({nullptr, session->id});
    }

    /// Leaves a session's rows to its file.
    void let_go(Session& session) {
        insights::QueryResult bare;
        bare.statistics = session.result->statistics;
        session.result = std::make_shared<const insights::QueryResult>(std::move(bare));
        session.resident = false;
        session.bytes -= session.row_bytes;
        kept_bytes -= session.row_bytes;
        session.row_bytes = 0;
    }

    /// The finished session whose rows were looked at longest ago and are on disk.
    SessionPtr least_used() {
        SessionPtr found;
        for (const SessionPtr& session : finished) {
            if (!session->resident || !session->saved || session->row_bytes == 0) continue;
            if (!found || session->used < found->used) found = session;
        }
        return found;
    }

    /// Drops what is older than 7 days, then the oldest while there is too much.
    void make_room() {
        const std::int64_t oldest_ms = clock.now_ms() - limits::kResultLifeMs;
        while (!finished.empty() && finished.front()->finished_ms < oldest_ms)
            forget(finished.begin());
        while (finished.size() > 1 &&
               (disk_bytes > options.results_disk_bytes_max || by_id.size() > options.sessions_max))
            forget(finished.begin());
        while (finished.size() > 1 && kept_bytes > options.results_total_bytes_max) {
            if (const SessionPtr session = least_used()) {
                let_go(*session);
            } else {
                forget(finished.begin());
            }
        }
    }

    /// The rows of a finished session, from its file if need be. Errors: kNotFound (forgotten
    /// meanwhile), those of reading.
    Result<ResultPtr> rows_of(const SessionPtr& session) {
        {
            const std::lock_guard lock(mutex);
            session->used = ++looks;
            if (session->resident) return session->result;
        }
        auto read = files->read(session->id);
        if (!read) return std::unexpected(std::move(read).error());
        auto result = std::make_shared<const insights::QueryResult>(*std::move(read));
        const std::lock_guard lock(mutex);
        if (session->resident || !by_id.contains(session->id)) return ResultPtr(result);
        session->result = result;
        session->resident = true;
        for (const insights::Row& row : result->rows) session->row_bytes += row_bytes(row);
        session->bytes += session->row_bytes;
        kept_bytes += session->row_bytes;
        make_room();
        return ResultPtr(result);
    }

    Result<std::vector<GroupPtr>> requested_groups(const Tenant& tenant, const NewQuery& query,
                                                   std::string_view request_id) const {
        if (query.groups.empty() || query.groups.size() > limits::kQueryGroupsMax)
            return fail(
                ErrorCode::kInvalidArgument,
                "A query needs 1 to " + std::to_string(limits::kQueryGroupsMax) + " log groups.");
        insights::SourceClause named;
        named.groups.emplace_back().identifiers = query.groups;
        return source_groups(groups, tenant, named, request_id);
    }

    /// The groups of the query's own scan: the request's, or those of its SOURCE.
    Result<std::vector<GroupPtr>> chosen_groups(const Tenant& tenant, const NewQuery& query,
                                                const insights::QueryNeeds& needs,
                                                std::string_view request_id) const {
        const auto& source = needs.scans[0].source;
        std::vector<GroupPtr> chosen;
        if (source && !source->groups.empty()) {
            if (!query.groups.empty())
                return fail(ErrorCode::kInvalidArgument,
                            "Log groups are named by the query's SOURCE or by the request, not "
                            "both.");
            chosen = SKY_TRY(source_groups(groups, tenant, *source, request_id));
        } else {
            if (!query.groups.empty() || !source)
                chosen = SKY_TRY(requested_groups(tenant, query, request_id));
            if (source) chosen.clear();  // A dataSource() alone: no group carries one.
        }
        for (const GroupPtr& group : chosen) {
            if (needs.standard_only.empty() || group->log_class != kClassInfrequent) continue;
            return fail(
                ErrorCode::kInvalidArgument,
                "The command " + std::string(needs.standard_only) +
                    " is not supported for log groups of class INFREQUENT_ACCESS: " + group->name);
        }
        return chosen;
    }

    Result<std::vector<insights::Source>> snapshots(const Tenant& tenant,
                                                    const std::vector<GroupPtr>& wanted,
                                                    std::string_view request_id) const {
        std::vector<insights::Source> sources;
        for (const GroupPtr& group : wanted) {
            auto snapshot = store.snapshot(group->id);
            if (!snapshot)  // Deleted since.
                return fail(ErrorCode::kNotFound,
                            unknown_group_message(group->name, tenant.account, request_id));
            sources.push_back({std::move(snapshot), tenant.account + ":" + group->name});
        }
        return sources;
    }

    /// A table or column that is not there refuses the query at once: whoever wrote it is waiting.
    Result<std::vector<std::shared_ptr<const insights::LookupTable>>> lookup_tables(
        const Tenant& tenant, const insights::QueryNeeds& needs) const {
        std::vector<std::shared_ptr<const insights::LookupTable>> found;
        for (const insights::LookupUse& use : needs.lookups) {
            auto table = tables.table(tenant, use.table);
            // StartQuery's ResourceNotFoundException speaks of log groups.
            if (!table && table.error().code == ErrorCode::kNotFound)
                return fail(ErrorCode::kInvalidArgument, table.error().message);
            if (!table) return std::unexpected(std::move(table).error());
            for (const insights::Name& name : use.columns) {
                const std::vector<std::string>& known = (*table)->columns;
                if (std::find(known.begin(), known.end(), name.text) == known.end())
                    return fail(
                        ErrorCode::kInvalidArgument,
                        "The lookup table " + use.table + " has no column " + name.text + ".");
            }
            found.push_back(*std::move(table));
        }
        return found;
    }

    SessionPtr find(const Tenant& tenant, std::string_view id) {
        const auto found = by_id.find(id);
        if (found == by_id.end() || found->second->tenant != tenant) return nullptr;
        return found->second;
    }

    void finish(const SessionPtr& session, QueryStatus status, ResultPtr result) {
        session->status = status;
        session->finished_ms = clock.now_ms();
        if (session->started_ns)
            session->duration_ms = (clock.monotonic_ns() - *session->started_ns) / 1'000'000;
        session->result = std::move(result);
        session->partial.reset();
        if (session->run) session->explained = session->run->explain();
        session->bytes = sizeof(Session) + session->source_text.size() + session->explained.size();
        for (const insights::Row& row : session->result->rows) session->row_bytes += row_bytes(row);
        session->bytes += session->row_bytes;
        session->used = ++looks;
        session->plan.reset();
        session->options = {};
        kept_bytes += session->bytes;
        finished.push_back(session);
        if (files) run_errand({session, session->id});
        AccountUse& use = accounts[session->tenant.account];
        --use.unfinished;
        if (use.unfinished == 0 && use.running == 0) accounts.erase(session->tenant.account);
        make_room();
        if (--unfinished == 0) idle.notify_all();
    }

    std::list<SessionPtr>::iterator pick() {
        const auto rank = [&](const SessionPtr& session) {
            const AccountUse& use = accounts[session->tenant.account];
            return std::pair(use.running, use.used_ns);
        };
        return std::min_element(
            waiting.begin(), waiting.end(),
            [&](const SessionPtr& a, const SessionPtr& b) { return rank(a) < rank(b); });
    }

    void work_loop() {
        std::unique_lock lock(mutex);
        for (;;) {
            work.wait(lock, [&] { return closing || !waiting.empty(); });
            if (closing) return;
            const auto picked = pick();
            const SessionPtr session = *picked;  // NOLINT: erase() below ends what it points at.
            waiting.erase(picked);
            run_one(session, lock);
        }
    }

    /// A partial result of many groups takes long to render, and while it does the query waits:
    /// the next one is due only after a multiple of that time. Called without the lock.
    ResultPtr render_partial(const Tenant& tenant, std::string_view id, const QueryRun& run) {
        const std::int64_t begin_ns = clock.monotonic_ns();
        ResultPtr partial = std::make_shared<const insights::QueryResult>(run.progress());
        const std::int64_t end_ns = clock.monotonic_ns();
        const std::lock_guard lock(mutex);
        if (const SessionPtr session = find(tenant, id); session && session->run) {
            session->partial = partial;
            session->partial_due_ns =
                end_ns + std::max(limits::kPartialEveryMs * 1'000'000,
                                  limits::kPartialCostFactor * (end_ns - begin_ns));
        }
        return partial;
    }

    /// Called and left with the lock held; not held while the query runs.
    void run_one(const SessionPtr& session, std::unique_lock<std::mutex>& lock) {
        const std::string account = session->tenant.account;
        session->status = QueryStatus::kRunning;
        session->started_ns = clock.monotonic_ns();
        session->options.deadline_monotonic_ns =
            *session->started_ns + limits::kQueryRunMsMax * 1'000'000;
        session->run = session->plan->start(std::move(session->options));
        session->options = {};
        const std::shared_ptr<QueryRun> run = session->run;
        ++accounts[account].running;
        lock.unlock();

        Result<insights::QueryResult> outcome = run->run();
        QueryStatus status = QueryStatus::kComplete;
        insights::QueryResult result;
        if (outcome) {
            result = std::move(*outcome);
            std::uint64_t bytes = 0;
            for (const insights::Row& row : result.rows) bytes += row_bytes(row);
            if (bytes > options.result_bytes_max) {
                outcome =
                    fail(ErrorCode::kLimitExceeded, "the result is larger than a query may keep");
                result.rows.clear();
            }
        } else {
            result = run->progress();  // What was found until then.
        }
        if (!outcome) {
            const Error& error = outcome.error();
            status = error.code == ErrorCode::kDeadlineExceeded ? QueryStatus::kTimeout
                     : error.code == ErrorCode::kCancelled      ? QueryStatus::kCancelled
                                                                : QueryStatus::kFailed;
            if (status == QueryStatus::kFailed) {
                result.rows.clear();
                log::warn("query_failed", {{"query_id", session->id},
                                           {"error", error_code_name(error.code)},
                                           {"message", error.message}});
            }
        }
        ResultPtr kept = std::make_shared<const insights::QueryResult>(std::move(result));

        lock.lock();
        AccountUse& use = accounts[account];
        --use.running;
        use.used_ns += clock.monotonic_ns() - *session->started_ns;
        // What was used long ago counts less and less: a newcomer is not served alone for hours.
        if (use.used_ns > limits::kUseHalvedNs)
            for (auto& [name, other] : accounts) other.used_ns /= 2;
        if (!is_finished(session->status)) {
            finish(session, status, std::move(kept));
        } else if (use.unfinished == 0 && use.running == 0) {  // StopQuery finished it before.
            accounts.erase(account);
        }
        session->run.reset();
    }
};

}  // namespace sky::logs
