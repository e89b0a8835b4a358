// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/insights/exec/query.h - compile a query's text and run it over snapshots.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "columnar/arena.h"
#include "insights/exec/result_rows.h"
#include "insights/plan/plan.h"
#include "store/store.h"

namespace sky::insights {

/// A parsed, bound and planned query. Immutable; may run many times, on any thread.
class CompiledQuery;

/// Errors: kMalformedQuery with byte offset and length into `text`, message in logs-insights-ql.md
/// 12's form.
Result<std::shared_ptr<const CompiledQuery>> compile(std::string_view text);

/// A scan that the query makes: its own, or that of a query inside it (in (…), join, appendcols,
/// the other window of diff).
struct ScanNeed {
    std::optional<SourceClause> source;  // None: the groups of the scan around it.
    std::size_t outer = 0;               // That scan's number.
};
/// What has to be found before the query can run.
struct QueryNeeds {
    std::vector<ScanNeed> scans;  // [0] is the query's own.
    std::vector<LookupUse> lookups;
    bool unmask = false;               // The permission logs:Unmask.
    std::string_view standard_only;    // A command that infrequent-access groups lack; or empty.
    std::int64_t commands_offset = 0;  // Of the text behind its SOURCE stages.
};
QueryNeeds needs_of(const CompiledQuery& query);
/// The time that the query reads when the request says `range`: SOURCE's start and end win.
store::TimeRange range_of(const CompiledQuery& query, store::TimeRange range, std::int64_t now_s);
/// The plan for people, a step a line.
std::string explain(const CompiledQuery& query);

/// Immutable once made. Texts as the file has them, side by side: a table of 10 MiB may have
/// millions.
class LookupTable {
public:
    std::vector<std::string> columns;

    /// Row by row, as many as columns each.
    void add_cell(std::string_view text) {
        text_ += text;
        ends_.push_back(static_cast<std::uint32_t>(text_.size()));
    }
    std::size_t cell_count() const { return ends_.size(); }
    std::size_t rows() const { return columns.empty() ? 0 : ends_.size() / columns.size(); }
    std::string_view cell(std::size_t row, std::size_t column) const {
        const std::size_t i = row * columns.size() + column;
        const std::size_t begin = i == 0 ? 0 : ends_[i - 1];
        return std::string_view(text_).substr(begin, ends_[i] - begin);
    }
    std::uint64_t bytes() const {
        return text_.capacity() + ends_.capacity() * sizeof(std::uint32_t);
    }

private:
    std::string text_;  // At most 4 GiB, which the callers' limits are far below.
    std::vector<std::uint32_t> ends_;
};

struct Source {
    std::shared_ptr<const store::Snapshot> snapshot;
    std::string log;  // "<account>:<group>", what @log shows.
};

/// Whether lines that are stored as families and slots are read so. The answer is the same.
enum class ShapedReads : std::uint8_t { kYes, kNo };

class PartialCache;  // insights/exec/partial_cache.h
/// Of what it keeps: groups of chunks, a query each.
struct PartialCacheStats {
    std::uint64_t hits = 0, misses = 0, dropped = 0;  // Dropped: to make room.
    std::uint64_t entries = 0, bytes = 0;             // Gauges.
};

struct RunOptions {
    std::vector<Source> sources;
    /// Of the scans 1, 2, … of needs_of(), where they are not those of the scan around.
    std::vector<std::vector<Source>> side_sources;
    std::vector<std::shared_ptr<const LookupTable>> lookup_tables;  // As needs_of().lookups.
    store::TimeRange range;  // Milliseconds, both ends included; what the request says.
    /// The API's limit; the effective one is the smaller of this and the query's. 0 = the request
    /// has none: the query's own, or 10,000.
    std::uint32_t limit = 0;
    std::int64_t now_s = 0;  // What now() answers.
    unsigned threads = 2;    // Of the shared pool.
    std::uint64_t memory_bytes_max = 256ULL << 20;
    columnar::MemoryPool* memory_pool = nullptr;  // Of all queries; outlives the run.
    std::int64_t deadline_monotonic_ns = 0;       // 0 = none. Then kDeadlineExceeded.
    const Clock* clock = nullptr;
    ShapedReads shaped = ShapedReads::kYes;
    /// Where groups of immutable rows are kept from run to run; null: nowhere. Outlives the run.
    /// The answer is the same.
    PartialCache* partials = nullptr;
};

struct Statistics {
    double records_matched = 0, records_scanned = 0, bytes_scanned = 0, log_groups_scanned = 0;
};

struct QueryResult {
    ResultRows rows;
    Statistics statistics;
};

/// One run. Partial results and growing statistics may be read while it runs.
/// Threads: run() on one thread; progress() and request_stop() from any.
class Execution {
public:
    Execution(std::shared_ptr<const CompiledQuery> query, RunOptions options);
    ~Execution();
    /// Runs to the end. Errors: kCancelled, kDeadlineExceeded, kLimitExceeded (memory),
    /// kCorruption, kInternal.
    Result<QueryResult> run();
    /// Takes effect within a morsel.
    void request_stop();
    /// A consistent partial result: rows so far (what would be shown if the scan ended now) and
    /// statistics.
    QueryResult progress() const;
    /// What has been done so far, for people: chunks read and skipped, families, and each step of
    /// the plan with rows and time. Queries in parentheses come first.
    std::string explain() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// Every field of one event, as GetLogRecord answers: automatic fields and discovered ones, times
/// as epoch milliseconds text (logs-insights-ql.md 9, 10).
std::vector<Cell> record_fields(const store::EventBatch& one_row, std::string_view log,
                                std::string_view stream_name, std::string_view pointer);

/// Names of fields discoverable in a message (JSON paths, Lambda fields), for GetLogGroupFields.
std::vector<std::string> discover_fields(std::string_view log, std::string_view message);

}  // namespace sky::insights
