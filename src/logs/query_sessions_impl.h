// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/logs/query_sessions_impl.h - the queries that wait or run, and the threads that
              // run them; for query_sessions.cc alone.

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <limits>
#include <list>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include "base/log.h"
#include "insights/exec/partial_cache.h"
#include "logs/finished_queries.h"
#include "logs/identifiers.h"
#include "logs/query_sessions.h"
#include "logs/query_sources.h"
#include "os/thread_priority.h"

namespace sky::logs {

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
    std::condition_variable work, idle, ended;
    unsigned waiting_for_end = 0;
    bool closing = false;
    std::uint64_t last_number = 0;
    std::map<std::string, SessionPtr, std::less<>> by_id;  // Of those that have not finished.
    std::list<SessionPtr> waiting;                         // First come first.
    FinishedQueries finished{mutex, clock, options};
    std::map<std::string, AccountUse> accounts;
    std::size_t unfinished = 0;
    std::vector<std::thread> workers;

    Impl(store::Store& s, const Clock& c, Random& r, const Groups& g, const LookupTables& t,
         const QueryEngine& e, const SessionOptions& o)
        : store(s), clock(c), random(r), groups(g), tables(t), engine(e), options(o) {
        memory.fall_back_on(partials);
        last_number = finished.last_number();
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
            ended.notify_all();
            for (const auto& [id, session] : by_id)
                if (session->run) running.push_back(session->run);
        }
        for (const auto& run : running) run->request_stop();
        work.notify_all();
        for (std::thread& worker : workers) worker.join();
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
        for (const auto* sessions : {&std::as_const(by_id), &finished.by_id()}) {
            const auto found = sessions->find(id);
            if (found != sessions->end() && found->second->tenant == tenant) return found->second;
        }
        return nullptr;
    }

    /// Called and left with the lock held; not held meanwhile. A partial result that nobody needs
    /// is not made then, and the answer is not fetched twice.
    void wait_for_end(const SessionPtr& session, std::unique_lock<std::mutex>& lock) {
        const std::int64_t left_ns =
            session->created_ns + options.answer_wait_ms * 1'000'000 - clock.monotonic_ns();
        if (is_finished(session->status) || left_ns <= 0 || waiting_for_end >= options.waiting_max)
            return;
        ++waiting_for_end;
        ended.wait_for(lock, std::chrono::nanoseconds(left_ns),
                       [&] { return closing || is_finished(session->status); });
        --waiting_for_end;
    }

    void finish(const SessionPtr& session, QueryStatus status, ResultPtr result) {
        session->status = status;
        session->finished_ms = clock.now_ms();
        if (session->started_ns)
            session->duration_ms = (clock.monotonic_ns() - *session->started_ns) / 1'000'000;
        session->result = std::move(result);
        session->partial.reset();
        if (session->run) session->explained = session->run->explain();
        session->plan.reset();
        session->options = {};
        by_id.erase(session->id);
        finished.set_unfinished(--unfinished);
        if (waiting_for_end > 0) ended.notify_all();
        finished.add(session);
        AccountUse& use = accounts[session->tenant.account];
        --use.unfinished;
        if (use.unfinished == 0 && use.running == 0) accounts.erase(session->tenant.account);
        if (unfinished == 0) idle.notify_all();
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
        std::shared_ptr<QueryRun> run = session->run;
        ++accounts[account].running;
        lock.unlock();

        Result<insights::QueryResult> outcome = run->run();
        QueryStatus status = QueryStatus::kComplete;
        insights::QueryResult result;
        if (outcome) {
            result = std::move(*outcome);
            if (result.rows.bytes() > options.result_bytes_max) {
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
        std::string explained = run->explain();

        // Who reads Complete may ask again at once and needs the memory; and freeing what many
        // groups held takes long, which is no work for under the lock.
        lock.lock();
        session->run.reset();
        lock.unlock();
        run.reset();

        lock.lock();
        session->explained = std::move(explained);
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
    }
};

}  // namespace sky::logs
