// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "insights/exec/carried_slots.h"
#include "insights/exec/limits.h"
#include "insights/exec/plan_run_impl.h"
#include "insights/exec/table_steps.h"

namespace sky::insights {
namespace {

std::uint64_t effective_rows_max(const Plan& plan, std::uint64_t api_limit) {
    if (api_limit == 0) return plan.limited ? kResultRowsMax : kResultRowsDefault;
    return std::min(api_limit, kResultRowsMax);
}

}  // namespace

PlanRun::Impl::Impl(std::shared_ptr<const CompiledQuery> compiled, RunOptions run_options,
                    std::uint64_t result_rows_max)
    : query(std::move(compiled)),
      options(std::move(run_options)),
      rows_max(result_rows_max != 0 ? result_rows_max
                                    : effective_rows_max(query->plan, options.limit)),
      cut(cut_plan(query->plan, rows_max)),
      counts_only(cut.groups.stats != nullptr && counts_rows(*cut.groups.stats)),
      passes_all(
          std::none_of(query->plan.steps.begin(),
                       query->plan.steps.begin() + static_cast<std::ptrdiff_t>(cut.sink),
                       [](const Step& step) { return std::holds_alternative<FilterStep>(step); })),
      sites(symbolic_sites(query->plan, cut.sink)),
      counts_filtered(counts_only && cut.sink == 1 && asks_only(query->plan.steps[0], sites)),
      required(required_texts(query->plan, cut.sink)),
      share_period(cut.groups.stats != nullptr ? time_key(query->plan, *cut.groups.stats)
                                               : std::nullopt),
      columns(
          columns_of(query->plan) | times_of(query->plan, cut) |
          (options.shaped == ShapedReads::kYes ? store::Columns::kShaped : store::Columns::kNone)),
      discovery(query->plan, required),
      kept_query(options.partials != nullptr && !cut.chained && may_keep_partials(*query, cut.sink)
                     ? options.partials->number_of(query->text)
                     : 0),
      fields(required_fields(query->plan, cut.sink, discovery.slots)),
      budget(options.memory_bytes_max, options.memory_pool),
      range(options.range) {
    const unsigned threads = std::clamp(options.threads, 1U, kThreadsMax);
    for (unsigned i = 0; i < threads; ++i) {
        workers.push_back(std::make_unique<Worker>(*this, budget));
    }
}

std::unique_ptr<Sink> PlanRun::Impl::make_sink(columnar::MemoryBudget& payer,
                                               const KeyShare& keys) const {
    if (cut.groups.stats != nullptr) {
        GroupSinkSpec spec = cut.groups;
        spec.share = keys;
        if (cut.chained || !keys.all()) {
            spec.order = cut.behind->placed ? GroupsIn::kAnyOrderPlaced : GroupsIn::kAnyOrder;
        }
        if (!cut.chained || !keys.all()) return make_group_sink(query->plan, spec, payer);
        return make_chain_sink(query->plan, {spec, *cut.behind, options.now_s}, payer);
    }
    RowSinkSpec spec = cut.rows;
    spec.share = keys;
    if (keys_only) spec.slots.clear();
    spec.bound = bound;
    return make_row_sink(query->plan, spec, payer);
}

Status PlanRun::Impl::poll() const {
    if (stop.load(std::memory_order_relaxed)) {
        return fail(ErrorCode::kCancelled, "the query was stopped");
    }
    if (options.deadline_monotonic_ns != 0 && options.clock != nullptr &&
        options.clock->monotonic_ns() >= options.deadline_monotonic_ns) {
        return fail(ErrorCode::kDeadlineExceeded, "the query ran longer than it may");
    }
    return {};
}

void PlanRun::Impl::list_work() {
    work = work_of(options.sources, range,
                   kept_query != 0 && share.all() ? Stretches::kKept : Stretches::kAny);
    run_length = 1;
    homes = Homes();
    if (!cut.chained || !share.all()) return;
    run_length =
        std::clamp<std::size_t>(work.size() / (workers.size() * kRunsAWorker), 1, kRunLengthMax);
    homes = Homes(work, run_length, *share_period);
    readers.assign((work.size() + run_length - 1) / run_length, nullptr);
    runs_read = 0;
    for (const auto& worker : workers) {
        const std::lock_guard lock(worker->mutex);
        worker->sink->begin_homes(homes.count());
    }
}

Result<std::unique_ptr<Table>> PlanRun::Impl::finish_rows(Kept kept, columnar::MemoryBudget& payer,
                                                          RunTrace* trace) const {
    if (trace != nullptr && cut.rest > cut.sink) {
        trace->steps[cut.sink].rows_out = kept.table->rows;
    }
    return run_table_steps(query->plan, kept.rest, std::move(kept.table), options.now_s, payer,
                           [this] { return poll(); }, rows_max, {options.clock, trace});
}

Result<QueryResult> PlanRun::Impl::finish(Kept kept, columnar::MemoryBudget& payer,
                                          RunTrace* trace) const {
    std::unique_ptr<Table> table = SKY_TRY(finish_rows(std::move(kept), payer, trace));
    QueryResult result = SKY_TRY(render_table(query->plan, *table, rows_max));
    result.statistics = statistics();
    return result;
}

RowCounts PlanRun::Impl::rows_of_workers() const {
    RowCounts rows;
    for (const auto& worker : workers) {
        const std::lock_guard lock(worker->mutex);
        rows.add(worker->rows);
        if (worker->partial != nullptr) rows.add(worker->partial->rows);
    }
    return rows;
}

Statistics PlanRun::Impl::statistics() const {
    RowCounts rows = rows_of_workers();
    Statistics sum;
    {
        // A row that is read once more for other keys is one row.
        const std::lock_guard lock(seen_mutex);
        rows.add(rows_done);
        sum.records_matched = std::max(static_cast<double>(rows.matched), seen.records_matched);
        sum.records_scanned = std::max(static_cast<double>(rows.scanned), seen.records_scanned);
        sum.bytes_scanned = std::max(rows.bytes, seen.bytes_scanned);
    }
    sum.log_groups_scanned = static_cast<double>(options.sources.size());
    return sum;
}

Result<PlanRun::Impl::Kept> PlanRun::Impl::scanned_rows() {
    SKY_TRY(scan_all());
    SKY_TRY(gather());
    const std::lock_guard lock(workers[0]->mutex);
    return Kept{workers[0]->sink->finish(budget), cut.rest};
}

Result<PlanRun::Impl::Kept> PlanRun::Impl::kept_rows() {
    list_work();
    chunks = work.size();
    auto kept = scanned_rows();
    const bool ordered = cut.groups.stats == nullptr && cut.rows.rows_max <= kResultRowsMax;
    if (!budget.exhausted() || (!cut.behind && !ordered)) return kept;
    kept = Kept{};  // What it holds is given back.
    return cut.behind ? rows_by_shares() : rows_by_bound();
}

Result<PlanRun::Impl::Kept> PlanRun::Impl::rows_by_bound() {
    begin_share({}, [this] { keys_only = true; });
    SKY_TRY(scan_all());
    SKY_TRY(gather());
    std::shared_ptr<const SortBound> found = workers[0]->sink->bound();
    begin_share({}, [&] {
        keys_only = false;
        bound = std::move(found);
    });
    return scanned_rows();
}

void PlanRun::Impl::remember_seen() {
    const Statistics until_now = statistics();
    const std::lock_guard lock(seen_mutex);
    seen = until_now;
}

void PlanRun::Impl::empty_sinks() {
    for (const auto& worker : workers) {
        const std::lock_guard lock(worker->mutex);
        worker->sink = nullptr;
        worker->sink = make_sink(budget, share);
        worker->arena.reset();
        worker->context.error.reset();
        worker->rows = {};
    }
}

void PlanRun::Impl::begin_share(const KeyShare& to, const std::function<void()>& change) {
    remember_seen();
    const std::lock_guard moving(moving_mutex);
    share = to;
    range = to.times.value_or(options.range);
    change();
    empty_sinks();
    list_work();
    {
        const std::lock_guard lock(workers[0]->mutex);
        ++scans;
    }
    first_error.reset();
    useful_ms.store(INT64_MIN);
    hidden_ms.store(INT64_MIN);
    next.store(0);
    budget.forget_exhaustion();
}

Result<PlanRun::Impl::Kept> PlanRun::Impl::rows_by_shares() {
    std::vector<KeyShare> waiting =
        first_shares(work, options.range, statistics().records_scanned, share_period);
    {
        const std::lock_guard moving(moving_mutex);
        collected = make_behind(query->plan, *cut.behind, budget);
    }
    while (!waiting.empty()) {
        const KeyShare taken = waiting.back();
        waiting.pop_back();
        begin_share(taken);
        auto kept = scanned_rows();
        if (budget.exhausted() && halve(taken, share_period, waiting)) continue;
        if (!kept) return kept;
        remember_seen();
        const RowCounts read = rows_of_workers();
        const std::lock_guard moving(moving_mutex);
        empty_sinks();
        if (taken.times && taken.part == taken.of - 1) {  // The last part of those times.
            const std::lock_guard lock(seen_mutex);
            rows_done.add(read);
        }
        SKY_TRY(pass_behind(query->plan, *cut.behind, options.now_s, *kept->table, *collected));
        if (budget.exhausted()) return std::unexpected(memory_error(budget.bytes_max()));
    }
    begin_share({});  // Room for the answer.
    {
        const std::lock_guard lock(workers[0]->mutex);
        --scans;
    }
    const std::lock_guard moving(moving_mutex);
    return Kept{collected->finish(budget), cut.behind->rest};
}

Result<std::unique_ptr<Table>> PlanRun::Impl::rows_at_end(RunTrace& behind) {
    auto table = finish_rows(SKY_TRY(kept_rows()), budget, &behind);
    const bool whole = collected == nullptr && !cut.chained;
    if (table || !budget.exhausted() || !whole || !cut.behind || !cut.behind->narrows()) {
        return table;
    }
    behind = RunTrace(query->plan.steps.size());
    return finish_rows(SKY_TRY(rows_by_shares()), budget, &behind);
}

Result<QueryResult> PlanRun::Impl::run() {
    RunTrace behind(query->plan.steps.size());
    const std::unique_ptr<Table> table = SKY_TRY(rows_at_end(behind));
    QueryResult result = SKY_TRY(render_table(query->plan, *table, rows_max));
    result.statistics = statistics();
    ended(behind, result.rows.size());
    return result;
}

Result<std::unique_ptr<Table>> PlanRun::Impl::run_rows() {
    RunTrace behind(query->plan.steps.size());
    std::unique_ptr<Table> table = SKY_TRY(rows_at_end(behind));
    ended(behind, table->rows);
    return table;
}

void PlanRun::Impl::ended(const RunTrace& behind, std::uint64_t rows) {
    const std::lock_guard lock(workers[0]->mutex);
    workers[0]->trace.add(behind);
    result_rows = rows;
    has_ended.store(true);
}

std::string PlanRun::Impl::explain() const {
    RunTrace sum(query->plan.steps.size());
    for (const auto& worker : workers) {
        const std::lock_guard lock(worker->mutex);
        sum.add(worker->trace);
    }
    const std::lock_guard lock(workers[0]->mutex);
    std::string text = explain_run(query->plan, sum, chunks, result_rows);
    if (scans > 1) {
        text +=
            fmt::format("read {} times: its {} for its memory\n", scans,
                        cut.behind ? "keys were too many and came share by share, too many at once"
                                   : "rows were put in order by their keys first, too wide");
    }
    return text;
}

std::uint64_t PlanRun::Impl::look_bytes() const {
    if (has_ended.load()) return options.memory_bytes_max;
    const columnar::MemoryPool* const pool = options.memory_pool;
    const std::uint64_t part = options.memory_bytes_max / kLookPart;
    const bool free = pool == nullptr || pool->used() < pool->bytes_max() / 2;
    return free && budget.used() <= part ? part : 0;
}

QueryResult PlanRun::Impl::progress() const {
    const std::uint64_t bytes = look_bytes();
    if (bytes == 0) {
        QueryResult counters;
        counters.statistics = statistics();
        return counters;
    }
    columnar::MemoryBudget payer(bytes, options.memory_pool);  // Paid apart.
    Kept kept;
    std::unique_ptr<Sink> together;
    {
        const std::lock_guard moving(moving_mutex);
        if (keys_only) {  // Rows without their columns are nothing to show.
            QueryResult bare;
            bare.statistics = statistics();
            return bare;
        }
        if (collected != nullptr) {
            kept = {collected->finish(payer), cut.behind->rest};
        } else {
            together = make_sink(payer, {});
            for (const auto& worker : workers) {
                const std::lock_guard lock(worker->mutex);
                together->merge(*worker->sink);
                if (worker->partial != nullptr) together->merge(*worker->partial->sink);
            }
        }
    }
    // Takes its time, and the workers need not wait for it.
    if (together != nullptr) kept = {together->finish(payer), cut.rest};
    together = nullptr;
    if (auto result = finish(std::move(kept), payer, nullptr)) return *std::move(result);
    QueryResult bare;  // Too large to show half-way, or ending: the counters alone.
    bare.statistics = statistics();
    return bare;
}

PlanRun::PlanRun(std::shared_ptr<const CompiledQuery> query, RunOptions options,
                 std::uint64_t rows_max)
    : impl_(std::make_unique<Impl>(std::move(query), std::move(options), rows_max)) {}
PlanRun::~PlanRun() = default;
Result<QueryResult> PlanRun::run() { return impl_->run(); }
Result<std::unique_ptr<Table>> PlanRun::run_rows() { return impl_->run_rows(); }
void PlanRun::request_stop() { impl_->stop.store(true); }
QueryResult PlanRun::progress() const { return impl_->progress(); }
Statistics PlanRun::statistics() const { return impl_->statistics(); }
std::string PlanRun::explain() const { return impl_->explain(); }

}  // namespace sky::insights
