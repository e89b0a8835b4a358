// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/cli/query_run.h - StartQuery, then GetQueryResults until the query has ended.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/logs_client.h"
#include "cli/terminal/table.h"

namespace sky::cli {

struct QueryRequest {
    std::string text;
    std::vector<std::string> groups;  // Names or ARNs; empty when the text has a SOURCE.
    std::int64_t start_ms, end_ms;    // Both included; sent as whole seconds.
    std::int64_t limit = 0;           // 0: the service's own.
};

struct QueryProgress {
    std::string status;
    double records_matched = 0, records_scanned = 0, bytes_scanned = 0;
    std::size_t rows = 0;
};

struct QueryOutcome {
    QueryProgress
        progress;  // The last one; status "Complete", "Failed", "Cancelled", "Timeout", ...
    std::vector<Row> rows;
    std::string id;
};

/// Either what the service answered at the end, or the answer that was an error.
struct QueryEnd {
    std::optional<QueryOutcome> outcome;
    std::optional<Answer> refused;
};

/// StartQuery's JSON; public for the tests.
std::string start_query_body(const QueryRequest& request);

/// `on_progress` hears of every poll. When `stop_wanted` turns true the query is stopped with
/// StopQuery and the outcome has status "Cancelled". Errors: as LogsClient::call().
Result<QueryEnd> run_query(LogsClient& client, const QueryRequest& request,
                           const std::function<bool()>& stop_wanted,
                           const std::function<void(const QueryProgress&)>& on_progress);

}  // namespace sky::cli
