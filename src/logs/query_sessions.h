// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/logs/query_sessions.h - StartQuery to GetQueryResults: a bounded executor and
              // the results it keeps.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "insights/exec/query.h"
#include "logs/groups.h"
#include "logs/limits.h"
#include "logs/lookup_tables.h"
#include "logs/query_engine.h"

namespace sky::os {
class Fs;
}

namespace sky::logs {

enum class QueryStatus : std::uint8_t {
    kScheduled,
    kRunning,
    kComplete,
    kFailed,
    kCancelled,
    kTimeout,
};
/// "Scheduled", "Running", … as on the wire.
std::string_view query_status_name(QueryStatus status);
/// nullopt for a name that no query of ours has ("Unknown").
std::optional<QueryStatus> query_status_of(std::string_view name);

struct NewQuery {
    std::vector<std::string> groups;  // Names or ARNs, 1..50; none where the text has a SOURCE.
    std::int64_t start = 0, end = 0;  // Seconds, both included; from 10^11 on milliseconds.
    std::string text;
    std::optional<std::int64_t> limit;
    bool may_unmask = true;  // The caller has the permission logs:Unmask.
};

/// A page of a query's rows. The rows live as long as `result` does.
struct QueryView {
    QueryStatus status;
    std::shared_ptr<const insights::QueryResult> result;
    std::size_t begin = 0, end = 0;  // The page: result->rows[begin, end).
    std::optional<std::string> next_token;
};

/// What DescribeQueries tells.
struct QuerySummary {
    std::string id, source_text, group;  // The first group's name.
    QueryStatus status;
    std::int64_t creation_ms;
    std::optional<std::int64_t> duration_ms;  // Once finished.
    double bytes_scanned;
};

struct QueryFilter {
    std::optional<std::string> group;
    std::optional<QueryStatus> status;
    std::optional<std::int64_t> count;  // 1..1000, 1000 when absent.
    std::optional<std::string> token;
};

struct QueryPage {
    std::vector<QuerySummary> queries;  // Newest first.
    std::optional<std::string> next_token;
};

struct GroupNamePage {
    std::vector<std::string> names;
    std::optional<std::string> next_token;
};

struct SessionOptions {
    unsigned running_max = 4;        // 2 x cores (store.md 3.4); the others are Scheduled.
    unsigned threads_per_query = 2;  // Of one run.
    /// results() may wait for the end of a query that was started less than this ago, so many
    /// callers at a time. 0: none does.
    std::int64_t answer_wait_ms = 0;
    unsigned waiting_max = 1;
    std::size_t concurrent_max = limits::kConcurrentQueriesMax;  // Unfinished, an account.
    std::uint64_t result_bytes_max = limits::kResultBytesMax;
    std::uint64_t results_total_bytes_max = limits::kResultsTotalBytesMax;
    std::size_t sessions_max = limits::kSessionsMax;
    std::uint64_t query_memory_bytes_max = limits::kQueryMemoryBytesMax;  // Of all that run.
    /// Of these: groups that are kept from run to run of a query, given back before a query has to
    /// end for want of memory. 0: none are kept.
    std::uint64_t partials_bytes_max = limits::kQueryPartialsBytesMax;
    /// Where finished queries are kept over restarts; null: nowhere.
    os::Fs* fs = nullptr;
    std::string directory = {};
    std::uint64_t results_disk_bytes_max = limits::kResultsDiskBytesMax;
};

/// The text that StartQuery's RNF carries (logs-api.md 1.2).
std::string unknown_group_message(std::string_view group, std::string_view account,
                                  std::string_view request_id);

/// Fair by account (fewest running, then least time used), first come first served inside one.
/// Finished queries are kept 7 days, the oldest forgotten first when their rows need the room: with
/// a directory that of the disk, rows leave memory before; otherwise that of memory. They are
/// written behind: a crash may lose the queries of the last moments, stopping loses none.
/// Threads: any.
class QuerySessions {
public:
    QuerySessions(store::Store& store, const Clock& clock, Random& random, const Groups& groups,
                  const LookupTables& tables, const QueryEngine& engine,
                  const SessionOptions& options);
    /// Stops what runs, waits for it and writes what has finished.
    ~QuerySessions();

    /// The query's id. Errors: kInvalidArgument, kNotFound, kMalformedQuery, kLimitExceeded.
    Result<std::string> start(const Tenant& tenant, const NewQuery& query,
                              std::string_view request_id);
    /// May block (SessionOptions::answer_wait_ms).
    /// Errors: kNotFound (unknown id), kInvalidArgument (kTokenInvalid), those of reading a file.
    Result<QueryView> results(const Tenant& tenant, std::string_view id,
                              std::optional<std::int64_t> rows_max = {},
                              const std::optional<std::string>& token = {});
    /// Errors: kNotFound, kInvalidArgument (it has finished).
    Status stop(const Tenant& tenant, std::string_view id);
    /// Names of the groups that the query reads, in its order. Errors: kNotFound, kInvalidArgument
    /// (kTokenInvalid).
    Result<GroupNamePage> groups(const Tenant& tenant, std::string_view id,
                                 std::optional<std::int64_t> count = {},
                                 const std::optional<std::string>& token = {});
    Result<QueryPage> describe(const Tenant& tenant, const QueryFilter& filter);
    /// The plan with what has been done so far or was done, a step a line; empty before it runs.
    /// Errors: kNotFound (also once the server has restarted: rows are kept, this is not).
    Result<std::string> explain(const Tenant& tenant, std::string_view id);

    /// What the kept groups have spared.
    insights::PartialCacheStats partials() const;

    /// Blocks until no query is Scheduled or Running. For tests and draining.
    void wait_until_idle();
    /// Blocks until every finished query is on disk, or could not be written.
    void wait_until_kept();

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace sky::logs
