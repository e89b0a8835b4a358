// SPDX-License-Identifier: Apache-2.0
#include "logs/query_sessions.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "logs/query_sessions_impl.h"
#include "logs/tokens.h"

namespace sky::logs {
namespace {

constexpr std::array<std::string_view, 6> kStatusNames = {"Scheduled", "Running",   "Complete",
                                                          "Failed",    "Cancelled", "Timeout"};

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

QuerySessions::QuerySessions(store::Store& store, const Clock& clock, Random& random,
                             const Groups& groups, const LookupTables& tables,
                             const QueryEngine& engine, const SessionOptions& options)
    : impl_(std::make_unique<Impl>(store, clock, random, groups, tables, engine, options)) {}

QuerySessions::~QuerySessions() = default;

insights::PartialCacheStats QuerySessions::partials() const { return impl_->partials.stats(); }

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
    session->options.memory_pool = &impl.memory;
    session->options.partials = &impl.partials;
    session->tenant = tenant;
    session->id = random_uuid(impl.random);
    session->source_text =
        source_text(groups, session->plan->range(range, session->options.now_s), query.text, needs);
    session->creation_ms = impl.clock.now_ms();
    session->created_ns = impl.clock.monotonic_ns();

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
        impl.finished.set_unfinished(++impl.unfinished);
        impl.by_id.emplace(session->id, session);
        impl.waiting.push_back(session);
        impl.finished.make_room();
    }
    impl.work.notify_one();
    return session->id;
}

namespace {
std::unexpected<Error> unknown_query(std::string_view id) {
    return fail(ErrorCode::kNotFound, fmt::format("The query with id [{}] does not exist.", id));
}

/// About what the row takes in an answer.
std::uint64_t shown_bytes(const insights::ResultRows::RowView& row) {
    constexpr std::uint64_t kAround = 24;  // {"field":"","value":""}
    std::uint64_t bytes = 0;
    for (std::size_t i = 0; i < row.size(); ++i)
        bytes += row[i].field.size() + row[i].value.size() + kAround;
    return bytes;
}
}  // namespace

Result<QueryView> QuerySessions::results(const Tenant& tenant, std::string_view id,
                                         std::optional<std::int64_t> rows_max,
                                         const std::optional<std::string>& token) {
    Impl& impl = *impl_;
    QueryView view{};
    std::shared_ptr<QueryRun> run;
    SessionPtr session;
    {
        std::unique_lock lock(impl.mutex);
        impl.finished.make_room();
        session = impl.find(tenant, id);
        if (!session) return unknown_query(id);
        impl.wait_for_end(session, lock);
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
    if (is_finished(view.status)) {
        auto rows_read = impl.finished.rows_of(session);
        if (!rows_read && rows_read.error().code == ErrorCode::kNotFound) return unknown_query(id);
        view.result = SKY_TRY(std::move(rows_read));
    }

    const insights::ResultRows& rows = view.result->rows;
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
        bytes += shown_bytes(rows[view.end]);
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
    if (!run) return {};  // It has ended by itself, and its result is about to be told.
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
    impl.finished.make_room();
    for (const auto* sessions : {&std::as_const(impl.by_id), &impl.finished.by_id()}) {
        for (const auto& [id, session] : *sessions) {
            if (session->tenant != tenant || session->number >= before) continue;
            if (filter.status && session->status != *filter.status) continue;
            if (filter.group && std::find(session->groups.begin(), session->groups.end(),
                                          *filter.group) == session->groups.end())
                continue;
            found.push_back(session);
        }
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

Result<std::string> QuerySessions::explain(const Tenant& tenant, std::string_view id) {
    std::shared_ptr<QueryRun> run;
    {
        const std::lock_guard lock(impl_->mutex);
        const SessionPtr session = impl_->find(tenant, id);
        if (!session) return unknown_query(id);
        if (is_finished(session->status)) return session->explained;
        run = session->run;
    }
    return run ? run->explain() : std::string();
}

Result<GroupNamePage> QuerySessions::groups(const Tenant& tenant, std::string_view id,
                                            std::optional<std::int64_t> count,
                                            const std::optional<std::string>& token) {
    Impl& impl = *impl_;
    std::vector<std::string> names;
    {
        const std::lock_guard lock(impl.mutex);
        impl.finished.make_room();
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

void QuerySessions::wait_until_kept() { impl_->finished.wait_until_kept(); }

}  // namespace sky::logs
