// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/logs/query_engine.h - what the Logs domain asks of the query language.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "insights/exec/query.h"
#include "logs/tokens.h"
#include "store/store.h"

namespace sky::logs {

/// One run. Threads: run() on one thread; progress() and request_stop() from any.
class QueryRun {
public:
    virtual ~QueryRun() = default;
    virtual Result<insights::QueryResult> run() = 0;
    virtual void request_stop() = 0;
    virtual insights::QueryResult progress() const = 0;
    /// What it has done so far, for people.
    virtual std::string explain() const = 0;
};

/// A compiled query; immutable.
class QueryPlan {
public:
    virtual ~QueryPlan() = default;
    /// Groups and lookup tables to find before start().
    virtual insights::QueryNeeds needs() const = 0;
    /// The time that is read when the request says `range`.
    virtual store::TimeRange range(store::TimeRange range, std::int64_t now_s) const = 0;
    virtual std::unique_ptr<QueryRun> start(insights::RunOptions options) const = 0;
};

/// What an @ptr names.
struct EventPointer {
    store::GroupId group;
    Position position;
};

/// The seam between sessions and the language: tests put a machine of their own here.
/// Threads: any.
class QueryEngine {
public:
    virtual ~QueryEngine() = default;
    /// Errors: kMalformedQuery with offset and length.
    virtual Result<std::shared_ptr<const QueryPlan>> compile(std::string_view text) const = 0;
    /// Errors: kInvalidArgument (no pointer of ours).
    virtual Result<EventPointer> decode_pointer(std::string_view pointer) const = 0;
    /// Every field of one event, as GetLogRecord answers.
    virtual std::vector<insights::Cell> record_fields(const store::EventBatch& one_row,
                                                      std::string_view log,
                                                      std::string_view stream_name,
                                                      std::string_view pointer) const = 0;
    /// Names of the fields that a message holds besides the automatic ones.
    virtual std::vector<std::string> discover_fields(std::string_view log,
                                                     std::string_view message) const = 0;
};

}  // namespace sky::logs
