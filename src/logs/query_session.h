// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/logs/query_session.h - one query, from StartQuery until its rows are forgotten;
              // for query_sessions.cc and finished_queries.cc alone.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "logs/query_sessions.h"

namespace sky::logs {

inline bool is_finished(QueryStatus status) {
    return status != QueryStatus::kScheduled && status != QueryStatus::kRunning;
}

using ResultPtr = std::shared_ptr<const insights::QueryResult>;

struct Session {
    std::uint64_t number;  // Ascends with creation.
    std::string id;
    Tenant tenant;
    std::vector<std::string> groups;
    std::string source_text;
    std::int64_t creation_ms;
    std::int64_t created_ns = 0;
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

}  // namespace sky::logs
