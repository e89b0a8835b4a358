// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <mutex>

#include "base/time.h"
#include "insights/exec/compiled.h"
#include "insights/exec/limits.h"
#include "insights/exec/plan_run.h"
#include "insights/exec/query.h"
#include "insights/exec/side_rows.h"
#include "insights/exec/table_steps.h"

namespace sky::insights {
namespace {

void list_scans(const Plan& plan, std::size_t outer, QueryNeeds& needs) {
    const std::size_t own = needs.scans.size();
    needs.scans.push_back({plan.source, outer});
    needs.lookups.insert(needs.lookups.end(), plan.lookups.begin(), plan.lookups.end());
    for (const SidePlan& side : plan.sides) list_scans(*side.plan, own, needs);
}

std::int64_t instant(const SourceTime& time, std::int64_t now_ms) {
    return time.relative ? now_ms + time.ms : time.ms;
}

store::TimeRange source_range(const Plan& plan, store::TimeRange range, std::int64_t now_ms) {
    if (plan.source && plan.source->start) range.begin_ms = instant(*plan.source->start, now_ms);
    if (plan.source && plan.source->end) range.end_ms = instant(*plan.source->end, now_ms);
    return range;
}

/// The instant one period earlier, by the calendar for months and longer.
std::int64_t earlier(std::int64_t unix_ms, const Period& period) {
    if (const auto ms = fixed_ms(period)) return unix_ms - *ms;
    const std::int64_t months = period.count * (period.unit == PeriodUnit::kYear      ? 12
                                                : period.unit == PeriodUnit::kQuarter ? 3
                                                                                      : 1);
    const std::int64_t day = floor_to({1, PeriodUnit::kDay}, unix_ms);
    const std::int64_t month = floor_to({1, PeriodUnit::kMonth}, unix_ms);
    std::int64_t target = month;
    for (std::int64_t i = 0; i < months; ++i) {
        target = floor_to({1, PeriodUnit::kMonth}, target - 1);
    }
    // The 31st becomes the last day of a shorter month.
    const std::int64_t last = next_boundary({1, PeriodUnit::kMonth}, target) - kMillisPerDay;
    return std::min(target + (day - month), last) + (unix_ms - day);
}

store::TimeRange window_range(const SideWindow& window, store::TimeRange range) {
    switch (window.kind) {
        case SideWindow::Kind::kSame:
            break;
        case SideWindow::Kind::kPreceding: {
            // Saturating: a range may be all of time.
            const std::int64_t length = range.end_ms < INT64_MAX && range.begin_ms > INT64_MIN / 4
                                            ? range.end_ms - range.begin_ms + 1
                                            : 0;
            if (length == 0) return {0, -1};
            return {range.begin_ms - length, range.begin_ms - 1};
        }
        case SideWindow::Kind::kShifted:
            if (range.end_ms > INT64_MAX / 4 || range.begin_ms < INT64_MIN / 4) return {0, -1};
            return {earlier(range.begin_ms, window.shift), earlier(range.end_ms, window.shift)};
    }
    return range;
}

}  // namespace

Result<std::shared_ptr<const CompiledQuery>> compile(std::string_view text) {
    Plan plan = SKY_TRY(plan_query(text));
    return std::make_shared<const CompiledQuery>(std::move(plan), std::string(text));
}

QueryNeeds needs_of(const CompiledQuery& query) {
    QueryNeeds needs;
    list_scans(query.plan, 0, needs);
    needs.unmask = query.plan.unmasks;
    needs.standard_only = query.plan.standard_only;
    needs.commands_offset = query.plan.commands_offset;
    return needs;
}

store::TimeRange range_of(const CompiledQuery& query, store::TimeRange range, std::int64_t now_s) {
    return source_range(query.plan, range, now_s * 1'000);
}

std::string explain(const CompiledQuery& query) { return describe(query.plan); }

struct Execution::Impl {
    const std::shared_ptr<const CompiledQuery> query;
    const RunOptions options;

    mutable std::mutex mutex;
    std::shared_ptr<PlanRun> running;  // The scan of the moment.
    bool is_main = false;              // That is the query's own.
    bool stopped = false;
    columnar::MemoryBudget side_budget;  // Rows of sides and tables, until the end.
    std::string explained;               // Of the sides that have ended.
    std::size_t sides_run = 0;
    Statistics sides;  // Of the scans that have ended, without what they matched.

    Impl(std::shared_ptr<const CompiledQuery> compiled, RunOptions run_options)
        : query(std::move(compiled)),
          options(std::move(run_options)),
          side_budget(options.memory_bytes_max, options.memory_pool) {}

    /// Which groups each scan reads, and which lookup tables each plan has, in the order of
    /// needs_of().
    struct Cursor {
        std::size_t scan = 0;
        std::size_t table = 0;
    };

    std::shared_ptr<PlanRun> begin(Plan plan, RunOptions run_options, std::uint64_t rows_max,
                                   bool main) {
        if (plan.indexed_only) run_options.sources.clear();  // No group has an index.
        run_options.range.begin_ms -= plan.offset_ms;
        run_options.range.end_ms -= plan.offset_ms;
        // With rows of sides and tables in it, a plan is more than its text.
        const bool alone = main && plan.sides.empty() && plan.lookups.empty();
        auto made = std::make_shared<PlanRun>(
            alone ? query : std::make_shared<const CompiledQuery>(std::move(plan)),
            std::move(run_options), rows_max);
        const std::lock_guard lock(mutex);
        running = made;
        is_main = main;
        if (stopped) made->request_stop();
        return made;
    }

    /// Runs the sides of `plan`, deepest first, and puts their rows into it.
    Result<Plan> prepare(const Plan& plan, const std::vector<Source>& sources,
                         store::TimeRange range, Cursor& cursor) {
        if (plan.sides.empty() && plan.lookups.empty()) return plan;
        const std::size_t first_table = cursor.table;
        cursor.table += plan.lookups.size();
        std::vector<std::shared_ptr<const SideRows>> results;
        for (const SidePlan& side : plan.sides) {
            results.push_back(SKY_TRY(run_side(side, sources, range, cursor)));
        }
        std::vector<std::shared_ptr<const LookupTable>> tables;
        for (std::size_t i = 0; i < plan.lookups.size(); ++i) {
            const std::size_t at = first_table + i;
            tables.push_back(at < options.lookup_tables.size() ? options.lookup_tables[at]
                                                               : nullptr);
            if (tables.back() == nullptr) continue;  // with_sides() says so.
            side_budget.reserve(tables.back()->rows() * plan.lookups[i].columns.size() *
                                    sizeof(Value) +
                                tables.back()->bytes());
        }
        SKY_TRY(check_sides());
        return with_sides(plan, results, tables);
    }

    Result<std::shared_ptr<const SideRows>> run_side(const SidePlan& side,
                                                     const std::vector<Source>& outer,
                                                     store::TimeRange range, Cursor& cursor) {
        const std::size_t scan = cursor.scan++;
        const bool own = side.plan->source.has_value();
        const std::vector<Source>& sources =
            own && scan < options.side_sources.size() ? options.side_sources[scan] : outer;
        const store::TimeRange window =
            source_range(*side.plan, window_range(side.window, range), options.now_s * 1'000);
        Plan plan = SKY_TRY(prepare(*side.plan, sources, window, cursor));
        RunOptions run_options = options;
        run_options.sources = sources;
        run_options.range = window;
        run_options.limit = 0;
        bool bounded = false;
        if (side.timed && options.clock != nullptr) {
            const std::int64_t least =
                options.clock->monotonic_ns() + kSubqueryRunMsMax * 1'000'000;
            if (options.deadline_monotonic_ns == 0 || least < options.deadline_monotonic_ns) {
                run_options.deadline_monotonic_ns = least;
                bounded = true;
            }
        }
        const std::shared_ptr<PlanRun> run =
            begin(std::move(plan), std::move(run_options), side.rows_max + 1, false);
        auto table = run->run_rows();
        if (!table && bounded && table.error().code == ErrorCode::kDeadlineExceeded) {
            return fail(ErrorCode::kLimitExceeded,
                        fmt::format("the query in parentheses ran longer than {} s",
                                    kSubqueryRunMsMax / 1'000));
        }
        if (!table) return std::unexpected(std::move(table).error());
        if ((*table)->rows > side.rows_max) {
            if (!side.cut) {
                return fail(ErrorCode::kLimitExceeded,
                            fmt::format("a query in parentheses may have {} rows", side.rows_max));
            }
            (*table)->rows = static_cast<std::size_t>(side.rows_max);
        }
        const Statistics seen = run->statistics();
        std::string told = run->explain();
        const std::lock_guard lock(mutex);
        running.reset();
        explained += fmt::format("query in parentheses {}:\n", ++sides_run);
        for (std::size_t line = 0; line < told.size();) {  // Indented below its number.
            const std::size_t end = std::min(told.find('\n', line), told.size());
            explained.append("  ").append(told, line, end - line).append("\n");
            line = end + 1;
        }
        sides.records_scanned += seen.records_scanned;
        sides.bytes_scanned += seen.bytes_scanned;
        auto rows = std::make_shared<const SideRows>(*side.plan, **table);
        side_budget.reserve(rows->bytes());
        SKY_TRY(check_sides());
        return std::shared_ptr<const SideRows>(std::move(rows));
    }

    Status check_sides() const {
        if (side_budget.exhausted()) {
            return std::unexpected(memory_error(side_budget.bytes_max()));
        }
        return {};
    }

    Result<QueryResult> run() {
        Cursor cursor;
        const store::TimeRange range =
            source_range(query->plan, options.range, options.now_s * 1'000);
        Plan plan = SKY_TRY(prepare(query->plan, options.sources, range, cursor));
        RunOptions run_options = options;
        run_options.range = range;
        const std::shared_ptr<PlanRun> main =
            begin(std::move(plan), std::move(run_options), 0, true);
        auto result = main->run();
        if (result) add_sides(result->statistics);
        return result;
    }

    void add_sides(Statistics& statistics) const {
        const std::lock_guard lock(mutex);
        statistics.records_scanned += sides.records_scanned;
        statistics.bytes_scanned += sides.bytes_scanned;
    }

    std::string explain() const {
        std::shared_ptr<PlanRun> seen;
        std::string out;
        {
            const std::lock_guard lock(mutex);
            out = explained;
            if (is_main) seen = running;
        }
        return seen == nullptr ? out : out + seen->explain();
    }

    QueryResult progress() const {
        std::shared_ptr<PlanRun> seen;
        bool main = false;
        {
            const std::lock_guard lock(mutex);
            seen = running;
            main = is_main;
        }
        QueryResult result;
        if (seen != nullptr && main) {
            result = seen->progress();
        } else if (seen != nullptr) {
            const Statistics so_far = seen->statistics();
            result.statistics.records_scanned = so_far.records_scanned;
            result.statistics.bytes_scanned = so_far.bytes_scanned;
        }
        add_sides(result.statistics);
        return result;
    }
};

Execution::Execution(std::shared_ptr<const CompiledQuery> query, RunOptions options)
    : impl_(std::make_unique<Impl>(std::move(query), std::move(options))) {}
Execution::~Execution() = default;
Result<QueryResult> Execution::run() { return impl_->run(); }
void Execution::request_stop() {
    const std::lock_guard lock(impl_->mutex);
    impl_->stopped = true;
    if (impl_->running != nullptr) impl_->running->request_stop();
}
QueryResult Execution::progress() const { return impl_->progress(); }
std::string Execution::explain() const { return impl_->explain(); }

}  // namespace sky::insights
