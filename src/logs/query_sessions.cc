// SPDX-License-Identifier: Apache-2.0
#include "logs/query_sessions.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <limits>
#include <list>
#include <thread>

#include "base/assert.h"
#include "base/log.h"
#include "logs/identifiers.h"
#include "logs/tokens.h"
#include "os/thread_priority.h"

namespace sky::logs {
namespace {

constexpr std::array<std::string_view, 6> kStatusNames = {"Scheduled", "Running",   "Complete",
                                                          "Failed",    "Cancelled", "Timeout"};

bool is_finished(QueryStatus status) {
    return status != QueryStatus::kScheduled && status != QueryStatus::kRunning;
}

std::uint64_t row_bytes(const insights::Row& row) {
    std::uint64_t bytes = sizeof(insights::Row) + row.capacity() * sizeof(insights::Cell);
    constexpr std::size_t kInside = 15;  // A short string of libstdc++ lives in its object.
    for (const insights::Cell& cell : row) {
        if (cell.field.capacity() > kInside) bytes += cell.field.capacity();
        if (cell.value.capacity() > kInside) bytes += cell.value.capacity();
    }
    return bytes;
}

std::string source_text(const std::vector<GroupPtr>& groups, store::TimeRange range,
                        std::string_view text) {
    std::string out = "SOURCE ";
    for (std::size_t i = 0; i < groups.size(); ++i)
        out.append(i == 0 ? "\"" : ", \"").append(groups[i]->name).append("\"");
    return out + fmt::format(" START={} END={} | {}", range.begin_ms, range.end_ms, text);
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
    std::uint64_t bytes = 0;
};
using SessionPtr = std::shared_ptr<Session>;

struct AccountUse {
    unsigned running = 0;
    std::size_t unfinished = 0;
    std::int64_t used_ns = 0;
};

}  // namespace

std::string_view query_status_name(QueryStatus status) {
    return kStatusNames[static_cast<std::size_t>(status)];
}

std::optional<QueryStatus> query_status_of(std::string_view name) {
    const auto found = std::find(kStatusNames.begin(), kStatusNames.end(), name);
    if (found == kStatusNames.end()) return std::nullopt;
    return static_cast<QueryStatus>(found - kStatusNames.begin());
}

std::string unknown_group_message(std::string_view group, std::string_view account,
                                  std::string_view request_id) {
    return fmt::format(
        "Log group '{}' does not exist for account ID '{}' (Service: AWSLogs; Status Code: 400; "
        "Error Code: ResourceNotFoundException; Request ID: {}; Proxy: null)",
        group, account, request_id);
}

struct QuerySessions::Impl {
    store::Store& store;
    const Clock& clock;
    Random& random;
    const Groups& groups;
    const QueryEngine& engine;
    const SessionOptions options;

    std::mutex mutex;
    std::condition_variable work, idle;
    bool closing = false;
    std::uint64_t last_number = 0;
    std::map<std::string, SessionPtr, std::less<>> by_id;
    std::list<SessionPtr> waiting;   // First come first.
    std::list<SessionPtr> finished;  // Oldest first.
    std::map<std::string, AccountUse> accounts;
    std::uint64_t kept_bytes = 0;
    std::size_t unfinished = 0;
    std::vector<std::thread> workers;

    Impl(store::Store& s, const Clock& c, Random& r, const Groups& g, const QueryEngine& e,
         const SessionOptions& o)
        : store(s), clock(c), random(r), groups(g), engine(e), options(o) {
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
    }

    void forget(std::list<SessionPtr>::iterator it) {
        kept_bytes -= (*it)->bytes;
        by_id.erase((*it)->id);
        finished.erase(it);
    }

    /// Drops what is older than 7 days, then the oldest while there is too much.
    void make_room() {
        const std::int64_t oldest_ms = clock.now_ms() - limits::kResultLifeMs;
        while (!finished.empty() && finished.front()->finished_ms < oldest_ms)
            forget(finished.begin());
        while (finished.size() > 1 && (kept_bytes > options.results_total_bytes_max ||
                                       by_id.size() > options.sessions_max))
            forget(finished.begin());
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
        session->bytes = sizeof(Session) + session->source_text.size();
        for (const insights::Row& row : session->result->rows) session->bytes += row_bytes(row);
        session->plan.reset();
        session->options = {};
        kept_bytes += session->bytes;
        finished.push_back(session);
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
        session->run.reset();
        if (!is_finished(session->status)) {
            finish(session, status, std::move(kept));
        } else if (use.unfinished == 0 && use.running == 0) {  // StopQuery finished it before.
            accounts.erase(account);
        }
    }
};

QuerySessions::QuerySessions(store::Store& store, const Clock& clock, Random& random,
                             const Groups& groups, const QueryEngine& engine,
                             const SessionOptions& options)
    : impl_(std::make_unique<Impl>(store, clock, random, groups, engine, options)) {}

QuerySessions::~QuerySessions() = default;

Result<std::string> QuerySessions::start(const Tenant& tenant, const NewQuery& query,
                                         std::string_view request_id) {
    Impl& impl = *impl_;
    // A SOURCE in the text would name the groups; the language says whether it knows it.
    if (query.groups.empty()) (void)SKY_TRY(impl.engine.compile(query.text));
    if (query.groups.empty() || query.groups.size() > limits::kQueryGroupsMax)
        return fail(ErrorCode::kInvalidArgument,
                    fmt::format("A query needs 1 to {} log groups.", limits::kQueryGroupsMax));
    if (query.start < 0 || query.end < 0 || query.start > query.end)
        return fail(ErrorCode::kInvalidArgument,
                    "startTime must not be negative and not after endTime.");
    // AWS's own published sample sends milliseconds (logs-api.md 6).
    store::TimeRange range{};
    range.begin_ms = query.start >= limits::kQueryMillisMin ? query.start : query.start * 1'000;
    range.end_ms = query.end >= limits::kQueryMillisMin ? query.end : query.end * 1'000 + 999;

    auto session = std::make_shared<Session>();
    std::vector<GroupPtr> groups;
    for (const std::string& identifier : query.groups) {
        auto group = impl.groups.resolve(tenant, identifier);
        if (!group && group.error().code == ErrorCode::kNotFound) {
            const auto name = group_name_of(tenant, identifier);
            return fail(ErrorCode::kNotFound, unknown_group_message(name ? *name : identifier,
                                                                    tenant.account, request_id));
        }
        if (!group) return std::unexpected(std::move(group).error());
        if ((*group)->log_class == kClassDelivery)
            return fail(ErrorCode::kInvalidArgument,
                        "Log groups of class DELIVERY cannot be queried: " + (*group)->name);
        const bool known = std::any_of(groups.begin(), groups.end(), [&](const GroupPtr& other) {
            return other->id == (*group)->id;
        });
        if (!known) groups.push_back(*std::move(group));
    }
    session->plan = SKY_TRY(impl.engine.compile(query.text));
    for (const GroupPtr& group : groups) {
        auto snapshot = impl.store.snapshot(group->id);
        if (!snapshot)  // Deleted since.
            return fail(ErrorCode::kNotFound,
                        unknown_group_message(group->name, tenant.account, request_id));
        session->options.sources.push_back(
            {std::move(snapshot), tenant.account + ":" + group->name});
        session->groups.push_back(group->name);
    }
    session->options.range = range;
    // 0: the query's own limit decides, up to 100,000; without one it is 10,000.
    session->options.limit = static_cast<std::uint32_t>(query.limit.value_or(0));
    session->options.now_s = impl.clock.now_ms() / 1'000;
    session->options.threads = impl.options.threads_per_query;
    session->options.clock = &impl.clock;
    session->tenant = tenant;
    session->id = random_uuid(impl.random);
    session->source_text = source_text(groups, range, query.text);
    session->creation_ms = impl.clock.now_ms();

    {
        const std::lock_guard lock(impl.mutex);
        if (impl.closing) return fail(ErrorCode::kUnavailable, "The server is shutting down.");
        const auto use = impl.accounts.find(tenant.account);
        if (use != impl.accounts.end() && use->second.unfinished >= impl.options.concurrent_max)
            return fail(ErrorCode::kLimitExceeded,
                        fmt::format("Account maximum query concurrency limit of [{}] reached.",
                                    impl.options.concurrent_max));
        session->number = ++impl.last_number;
        ++impl.accounts[tenant.account].unfinished;
        ++impl.unfinished;
        impl.by_id.emplace(session->id, session);
        impl.waiting.push_back(session);
        impl.make_room();
    }
    impl.work.notify_one();
    return session->id;
}

namespace {
std::unexpected<Error> unknown_query(std::string_view id) {
    return fail(ErrorCode::kNotFound, fmt::format("The query with id [{}] does not exist.", id));
}
}  // namespace

Result<QueryView> QuerySessions::results(const Tenant& tenant, std::string_view id,
                                         std::optional<std::int64_t> rows_max,
                                         const std::optional<std::string>& token) {
    Impl& impl = *impl_;
    QueryView view{};
    std::shared_ptr<QueryRun> run;
    {
        const std::lock_guard lock(impl.mutex);
        impl.make_room();
        const SessionPtr session = impl.find(tenant, id);
        if (!session) return unknown_query(id);
        view.status = session->status;
        view.result = session->result;
        if (!is_finished(session->status)) {
            if (session->partial) view.result = session->partial;
            // One poller renders, the others get what it rendered last.
            if (session->run && impl.clock.monotonic_ns() >= session->partial_due_ns) {
                run = session->run;
                session->partial_due_ns = std::numeric_limits<std::int64_t>::max();
            }
        }
    }
    if (run) view.result = impl.render_partial(tenant, id, *run);

    const std::vector<insights::Row>& rows = view.result->rows;
    const std::uint64_t filter = FilterHash().add(id).value();
    if (token) {
        const std::string bytes =
            SKY_TRY(decode_token(TokenKind::kQueryResults, filter, impl.clock.now_ms(),
                                 limits::kResultTokenLifeMs, *token));
        const auto position = decode_position(bytes);
        if (!position || position->sequence > rows.size())
            return fail(ErrorCode::kInvalidArgument, std::string(kTokenInvalid));
        view.begin = static_cast<std::size_t>(position->sequence);
    }
    const auto wanted = static_cast<std::size_t>(rows_max.value_or(0));
    const std::size_t count =
        std::min(wanted == 0 ? limits::kResultPageRowsMax : wanted, limits::kResultPageRowsMax);
    std::uint64_t bytes = 0;
    view.end = view.begin;
    while (view.end < rows.size() && view.end - view.begin < count) {
        bytes += row_bytes(rows[view.end]);
        if (view.end > view.begin && bytes > limits::kResultPageBytesMax) break;
        ++view.end;
    }
    // A partial result changes under a token, so only final ones have pages.
    if (is_finished(view.status) && view.end < rows.size())
        view.next_token = encode_token(TokenKind::kQueryResults, filter, impl.clock.now_ms(),
                                       encode_position({0, view.end}));
    return view;
}

Status QuerySessions::stop(const Tenant& tenant, std::string_view id) {
    Impl& impl = *impl_;
    std::shared_ptr<QueryRun> run;
    {
        const std::lock_guard lock(impl.mutex);
        const SessionPtr session = impl.find(tenant, id);
        if (!session) return unknown_query(id);
        if (is_finished(session->status))
            return fail(ErrorCode::kInvalidArgument,
                        fmt::format("The query with id [{}] is not running: its status is {}.", id,
                                    query_status_name(session->status)));
        if (session->status == QueryStatus::kScheduled) {
            impl.waiting.remove(session);
            impl.finish(session, QueryStatus::kCancelled, session->result);
            return {};
        }
        run = session->run;
    }
    run->request_stop();
    // Rendering what was found so far may take a moment: not under the lock.
    ResultPtr partial = std::make_shared<const insights::QueryResult>(run->progress());
    const std::lock_guard lock(impl.mutex);
    const SessionPtr session = impl.find(tenant, id);
    if (session && !is_finished(session->status))
        impl.finish(session, QueryStatus::kCancelled, std::move(partial));
    return {};
}

Result<QueryPage> QuerySessions::describe(const Tenant& tenant, const QueryFilter& filter) {
    Impl& impl = *impl_;
    const std::uint64_t hash = FilterHash()
                                   .add(tenant.account)
                                   .add(tenant.region)
                                   .add(filter.group.value_or(""))
                                   .add(filter.status ? query_status_name(*filter.status) : "")
                                   .value();
    std::uint64_t before = std::numeric_limits<std::uint64_t>::max();
    if (filter.token) {
        const std::string bytes = SKY_TRY(decode_token(
            TokenKind::kQueries, hash, impl.clock.now_ms(), limits::kTokenLifeMs, *filter.token));
        const auto position = decode_position(bytes);
        if (!position) return fail(ErrorCode::kInvalidArgument, std::string(kTokenInvalid));
        before = position->sequence;
    }
    std::vector<SessionPtr> found;
    QueryPage page;
    const std::lock_guard lock(impl.mutex);
    impl.make_room();
    for (const auto& [id, session] : impl.by_id) {
        if (session->tenant != tenant || session->number >= before) continue;
        if (filter.status && session->status != *filter.status) continue;
        if (filter.group && std::find(session->groups.begin(), session->groups.end(),
                                      *filter.group) == session->groups.end())
            continue;
        found.push_back(session);
    }
    std::sort(found.begin(), found.end(),
              [](const SessionPtr& a, const SessionPtr& b) { return a->number > b->number; });
    const auto count = static_cast<std::size_t>(
        filter.count.value_or(static_cast<std::int64_t>(limits::kDescribeQueriesMax)));
    const bool more = found.size() > count;
    if (more) found.resize(count);
    for (const SessionPtr& session : found)
        page.queries.push_back({session->id, session->source_text, session->groups.front(),
                                session->status, session->creation_ms, session->duration_ms,
                                session->result->statistics.bytes_scanned});
    if (more)
        page.next_token = encode_token(TokenKind::kQueries, hash, impl.clock.now_ms(),
                                       encode_position({0, found.back()->number}));
    return page;
}

void QuerySessions::wait_until_idle() {
    std::unique_lock lock(impl_->mutex);
    impl_->idle.wait(lock, [&] { return impl_->unfinished == 0; });
}

}  // namespace sky::logs
