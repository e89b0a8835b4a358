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
#include "logs/query_sources.h"
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

/// The query with its resolved source in front (logs-api.md 6). A SOURCE that names more groups
/// than a request may stays as it was written.
std::string source_text(const std::vector<GroupPtr>& groups, store::TimeRange range,
                        std::string_view text, const insights::QueryNeeds& needs) {
    const bool own = needs.scans[0].source.has_value();
    if (own && (groups.empty() || groups.size() > limits::kQueryGroupsMax)) {
        return std::string(text);
    }
    std::string out = "SOURCE ";
    for (std::size_t i = 0; i < groups.size(); ++i)
        out.append(i == 0 ? "\"" : ", \"").append(groups[i]->name).append("\"");
    const std::string_view commands =
        own ? text.substr(static_cast<std::size_t>(needs.commands_offset)) : text;
    return out + fmt::format(" START={} END={} | {}", range.begin_ms, range.end_ms, commands);
}

/// Seconds, or milliseconds: AWS's own published sample sends those (logs-api.md 6).
store::TimeRange requested_range(const NewQuery& query) {
    store::TimeRange range{};
    range.begin_ms = query.start >= limits::kQueryMillisMin ? query.start : query.start * 1'000;
    range.end_ms = query.end >= limits::kQueryMillisMin ? query.end : query.end * 1'000 + 999;
    return range;
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
    const LookupTables& tables;
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

    Impl(store::Store& s, const Clock& c, Random& r, const Groups& g, const LookupTables& t,
         const QueryEngine& e, const SessionOptions& o)
        : store(s), clock(c), random(r), groups(g), tables(t), engine(e), options(o) {
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

    Result<std::vector<GroupPtr>> requested_groups(const Tenant& tenant, const NewQuery& query,
                                                   std::string_view request_id) const {
        if (query.groups.empty() || query.groups.size() > limits::kQueryGroupsMax)
            return fail(ErrorCode::kInvalidArgument,
                        fmt::format("A query needs 1 to {} log groups.", limits::kQueryGroupsMax));
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
            return fail(ErrorCode::kInvalidArgument,
                        fmt::format("The command {} is not supported for log groups of class "
                                    "INFREQUENT_ACCESS: {}",
                                    needs.standard_only, group->name));
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
                        fmt::format("The lookup table {} has no column {}.", use.table, name.text));
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
                             const Groups& groups, const LookupTables& tables,
                             const QueryEngine& engine, const SessionOptions& options)
    : impl_(std::make_unique<Impl>(store, clock, random, groups, tables, engine, options)) {}

QuerySessions::~QuerySessions() = default;

Result<std::string> QuerySessions::start(const Tenant& tenant, const NewQuery& query,
                                         std::string_view request_id) {
    Impl& impl = *impl_;
    if (query.start < 0 || query.end < 0 || query.start > query.end)
        return fail(ErrorCode::kInvalidArgument,
                    "startTime must not be negative and not after endTime.");
    auto compiled = impl.engine.compile(query.text);
    if (!compiled) {
        // Whether the request's groups are there comes before what the text says (logs-api.md 1.4).
        if (!query.groups.empty()) (void)SKY_TRY(impl.requested_groups(tenant, query, request_id));
        return std::unexpected(std::move(compiled).error());
    }
    auto session = std::make_shared<Session>();
    session->plan = *std::move(compiled);
    const insights::QueryNeeds needs = session->plan->needs();
    const std::vector<GroupPtr> groups =
        SKY_TRY(impl.chosen_groups(tenant, query, needs, request_id));
    if (needs.unmask && !query.may_unmask)
        return fail(ErrorCode::kAccessDenied,
                    "The query shows masked data, which needs the permission logs:Unmask.");
    session->options.lookup_tables = SKY_TRY(impl.lookup_tables(tenant, needs));
    const store::TimeRange range = requested_range(query);
    session->options.sources = SKY_TRY(impl.snapshots(tenant, groups, request_id));
    for (const GroupPtr& group : groups) session->groups.push_back(group->name);
    for (std::size_t i = 1; i < needs.scans.size(); ++i) {
        std::vector<GroupPtr> inner;
        if (needs.scans[i].source) {
            inner = SKY_TRY(source_groups(impl.groups, tenant, *needs.scans[i].source, request_id));
        }
        session->options.side_sources.push_back(SKY_TRY(impl.snapshots(tenant, inner, request_id)));
    }
    session->options.range = range;
    // 0: the query's own limit decides, up to 100,000; without one it is 10,000.
    session->options.limit = static_cast<std::uint32_t>(query.limit.value_or(0));
    session->options.now_s = impl.clock.now_ms() / 1'000;
    session->options.threads = impl.options.threads_per_query;
    session->options.clock = &impl.clock;
    session->tenant = tenant;
    session->id = random_uuid(impl.random);
    session->source_text =
        source_text(groups, session->plan->range(range, session->options.now_s), query.text, needs);
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
        page.queries.push_back({session->id, session->source_text,
                                session->groups.empty() ? "" : session->groups.front(),
                                session->status, session->creation_ms, session->duration_ms,
                                session->result->statistics.bytes_scanned});
    if (more)
        page.next_token = encode_token(TokenKind::kQueries, hash, impl.clock.now_ms(),
                                       encode_position({0, found.back()->number}));
    return page;
}

Result<GroupNamePage> QuerySessions::groups(const Tenant& tenant, std::string_view id,
                                            std::optional<std::int64_t> count,
                                            const std::optional<std::string>& token) {
    Impl& impl = *impl_;
    std::vector<std::string> names;
    {
        const std::lock_guard lock(impl.mutex);
        impl.make_room();
        const SessionPtr session = impl.find(tenant, id);
        if (!session) return unknown_query(id);
        names = session->groups;
    }
    const std::uint64_t filter = FilterHash().add("groups").add(id).value();
    std::size_t begin = 0;
    if (token) {
        const std::string bytes = SKY_TRY(decode_token(
            TokenKind::kQueries, filter, impl.clock.now_ms(), limits::kTokenLifeMs, *token));
        const auto position = decode_position(bytes);
        if (!position || position->sequence > names.size())
            return fail(ErrorCode::kInvalidArgument, std::string(kTokenInvalid));
        begin = static_cast<std::size_t>(position->sequence);
    }
    const auto most = static_cast<std::size_t>(
        count.value_or(static_cast<std::int64_t>(limits::kQueryGroupsPageMax)));
    const std::size_t end = std::min(names.size(), begin + most);
    GroupNamePage page;
    page.names.assign(names.begin() + static_cast<std::ptrdiff_t>(begin),
                      names.begin() + static_cast<std::ptrdiff_t>(end));
    if (end < names.size())
        page.next_token = encode_token(TokenKind::kQueries, filter, impl.clock.now_ms(),
                                       encode_position({0, end}));
    return page;
}

void QuerySessions::wait_until_idle() {
    std::unique_lock lock(impl_->mutex);
    impl_->idle.wait(lock, [&] { return impl_->unfinished == 0; });
}

}  // namespace sky::logs
