// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>
#include <exception>
#include <mutex>
#include <new>
#include <ranges>
#include <thread>

#include "insights/exec/carried_slots.h"
#include "insights/exec/compiled.h"
#include "insights/exec/frame.h"
#include "insights/exec/limits.h"
#include "insights/exec/partial_cache.h"
#include "insights/exec/plan_cut.h"
#include "insights/exec/plan_run.h"
#include "insights/exec/required_texts.h"
#include "insights/exec/run_trace.h"
#include "insights/exec/scan_work.h"
#include "insights/exec/sink.h"
#include "insights/exec/table_steps.h"

namespace sky::insights {
namespace {

std::uint64_t effective_rows_max(const Plan& plan, std::uint64_t api_limit) {
    if (api_limit == 0) return plan.limited ? kResultRowsMax : kResultRowsDefault;
    return std::min(api_limit, kResultRowsMax);
}

}  // namespace

struct PlanRun::Impl {
    /// One thread's state; `mutex` is held for each pass, so that progress() sees whole passes.
    struct Worker {
        Worker(const Impl& owner, columnar::MemoryBudget& budget)
            : arena(budget),
              context{arena, 0, owner.options.now_s, std::nullopt},
              frame(owner.query->plan, context, &owner.discovery),
              shaped(owner.sites, &owner.discovery.discovery, owner.fields),
              sink(owner.make_sink(budget, {})),
              trace(owner.query->plan.steps.size()) {}
        std::mutex mutex;
        Arena arena;
        EvalContext context;
        Frame frame;
        ShapedScan shaped;
        std::unique_ptr<Sink> sink;
        Partial* partial = nullptr;  // Takes the rows of the morsel of the moment instead.
        RowCounts rows;
        RunTrace trace;
    };

    Impl(std::shared_ptr<const CompiledQuery> compiled, RunOptions run_options,
         std::uint64_t result_rows_max)
        : query(std::move(compiled)),
          options(std::move(run_options)),
          rows_max(result_rows_max != 0 ? result_rows_max
                                        : effective_rows_max(query->plan, options.limit)),
          cut(cut_plan(query->plan, rows_max)),
          counts_only(cut.groups.stats != nullptr && counts_rows(*cut.groups.stats)),
          passes_all(std::none_of(
              query->plan.steps.begin(),
              query->plan.steps.begin() + static_cast<std::ptrdiff_t>(cut.sink),
              [](const Step& step) { return std::holds_alternative<FilterStep>(step); })),
          sites(symbolic_sites(query->plan, cut.sink)),
          counts_filtered(counts_only && cut.sink == 1 && asks_only(query->plan.steps[0], sites)),
          required(required_texts(query->plan, cut.sink)),
          columns(columns_of(query->plan) | times_of(query->plan, cut) |
                  (options.shaped == ShapedReads::kYes ? store::Columns::kShaped
                                                       : store::Columns::kNone)),
          discovery(query->plan, required),
          kept_query(options.partials != nullptr && cut.second.stats == nullptr &&
                             may_keep_partials(*query, cut.sink)
                         ? options.partials->number_of(query->text)
                         : 0),
          fields(required_fields(query->plan, cut.sink, discovery.slots)),
          budget(options.memory_bytes_max, options.memory_pool) {
        const unsigned threads = std::clamp(options.threads, 1U, kThreadsMax);
        for (unsigned i = 0; i < threads; ++i) {
            workers.push_back(std::make_unique<Worker>(*this, budget));
        }
    }

    std::unique_ptr<Sink> make_sink(columnar::MemoryBudget& payer, const KeyShare& keys) const {
        if (cut.second.stats != nullptr) {
            const ChainSpec chain{cut.groups, cut.second, cut.groups_rest, cut.rest - 1,
                                  options.now_s};
            return make_chain_sink(query->plan, chain, payer);
        }
        if (cut.groups.stats != nullptr) {
            GroupSinkSpec spec = cut.groups;
            spec.share = keys;
            return make_group_sink(query->plan, spec, payer);
        }
        RowSinkSpec spec = cut.rows;
        spec.share = keys;
        if (keys_only) spec.slots.clear();
        spec.bound = bound;
        return make_row_sink(query->plan, spec, payer);
    }

    Status poll() const {
        if (stop.load(std::memory_order_relaxed)) {
            return fail(ErrorCode::kCancelled, "the query was stopped");
        }
        if (options.deadline_monotonic_ns != 0 && options.clock != nullptr &&
            options.clock->monotonic_ns() >= options.deadline_monotonic_ns) {
            return fail(ErrorCode::kDeadlineExceeded, "the query ran longer than it may");
        }
        return {};
    }

    void list_work() {
        for (std::size_t i = 0; i < options.sources.size(); ++i) {
            const Source& source = options.sources[i];
            const store::GroupInfo& group = source.snapshot->group();
            const EventSource events{&source,
                                     static_cast<std::uint32_t>(i),
                                     static_cast<std::uint32_t>(options.sources.size()),
                                     group.tenant.account,
                                     group.tenant.region,
                                     group.id};
            for (const store::Morsel& morsel : kept_query != 0
                                                   ? source.snapshot->fine_morsels(options.range)
                                                   : source.snapshot->morsels(options.range)) {
                if (kept_query == 0 || !lasting_name(*source.snapshot, morsel)) {
                    work.push_back({events, morsel, options.range});
                    continue;
                }
                for (const store::TimeRange& stretch : kept_stretches(morsel, options.range))
                    work.push_back({events, morsel, stretch});
            }
        }
        std::stable_sort(work.begin(), work.end(), [](const Work& a, const Work& b) {
            return a.morsel.max_ms > b.morsel.max_ms;
        });
        chunks = work.size();
        if (cut.second.stats != nullptr) find_own_times();
    }

    /// For each run of morsels the times at which no other one has rows.
    void find_own_times() {
        run_length = std::clamp<std::size_t>(work.size() / (workers.size() * kRunsAWorker), 1,
                                             kRunLengthMax);
        struct Run {
            std::size_t first;
            std::int64_t min_ms, max_ms;
        };
        std::vector<Run> runs;
        for (std::size_t i = 0; i < work.size(); i += run_length) {
            Run run{i, INT64_MAX, INT64_MIN};
            for (std::size_t k = i; k < std::min(i + run_length, work.size()); ++k) {
                run.min_ms = std::min(run.min_ms, work[k].morsel.min_ms);
                run.max_ms = std::max(run.max_ms, work[k].morsel.max_ms);
            }
            runs.push_back(run);
        }
        std::stable_sort(runs.begin(), runs.end(),
                         [](const Run& a, const Run& b) { return a.min_ms < b.min_ms; });
        std::int64_t before = INT64_MIN;  // No row of those that began earlier is at or behind it.
        for (std::size_t i = 0; i < runs.size(); ++i) {
            const TimeSpan alone{before, i + 1 == runs.size() ? INT64_MAX : runs[i + 1].min_ms};
            const std::size_t end = std::min(runs[i].first + run_length, work.size());
            for (std::size_t k = runs[i].first; k < end && alone.begin_ms < alone.end_ms; ++k) {
                work[k].own = workers[0]->sink->whole_bins(alone);
            }
            const std::int64_t max_ms = runs[i].max_ms;
            before = std::max(before, max_ms == INT64_MAX ? max_ms : max_ms + 1);
        }
    }

    /// Takes morsels, newest first, until none is left or the others cannot change the answer.
    Status scan(Worker& worker) {
        while (true) {
            const std::size_t at = next.fetch_add(run_length, std::memory_order_relaxed);
            if (at >= work.size()) return {};
            for (std::size_t i = at; i < std::min(at + run_length, work.size()); ++i) {
                if (work[i].morsel.max_ms < useful_ms.load(std::memory_order_relaxed)) return {};
                SKY_TRY(poll());
                SKY_TRY(scan_morsel(worker, work[i]));
            }
            {
                const std::lock_guard lock(worker.mutex);
                worker.sink->end_own();
            }
            SKY_TRY(check(worker));
        }
    }

    Status scan_morsel(Worker& worker, const Work& item) {
        if (counts_only && cut.sink == 0) {
            if (const auto rows =
                    item.source.source->snapshot->known_rows(item.morsel, item.range)) {
                count(worker, item, *rows);
                return {};
            }
        }
        if (lacks_required(item)) return count_only(worker, item);
        const std::optional<PartialKey> key = kept_key(item);
        if (!may_show(worker, item) && count_unshown(worker, item, key)) return {};
        if (key) return scan_kept(worker, item, *key);
        return read_morsel(worker, item);
    }

    /// Whether the rows may be part of what is shown. Asked of this worker's groups: where those
    /// are enough, all are.
    bool may_show(const Worker& worker, const Work& item) {
        const std::int64_t last_ms = std::min(item.morsel.max_ms, item.range.end_ms);
        std::int64_t known = hidden_ms.load(std::memory_order_relaxed);
        if (last_ms <= known) return false;
        if (!share.all() || worker.sink->may_show(last_ms)) return true;
        while (last_ms > known && !hidden_ms.compare_exchange_weak(known, last_ms)) {
        }
        return false;
    }

    /// Rows that are not shown count all the same. False: how many pass is not known.
    bool count_unshown(Worker& worker, const Work& item, const std::optional<PartialKey>& key) {
        const store::Snapshot& snapshot = *item.source.source->snapshot;
        const PartialPtr kept = key ? options.partials->find(*key) : nullptr;
        const auto rows = snapshot.known_rows(item.morsel, item.range);
        if (kept == nullptr && (!rows || !passes_all)) return false;
        const std::lock_guard lock(worker.mutex);
        if (kept != nullptr) {
            worker.rows.add(kept->rows);
            ++worker.trace.chunks_kept;
        } else {
            worker.rows.add({*rows, *rows, static_cast<double>(item.morsel.message_bytes)});
            ++worker.trace.chunks_counted;
        }
        return true;
    }

    /// Of rows that other runs see just so: none is expired or deleted.
    static std::optional<store::RowsName> lasting_name(const store::Snapshot& snapshot,
                                                       const store::Morsel& morsel) {
        const auto name = snapshot.lasting_name(morsel);
        if (!name || !snapshot.known_rows(morsel, {morsel.min_ms, morsel.max_ms}))
            return std::nullopt;
        return name;
    }

    /// The name under which what the rows come to may be kept.
    std::optional<PartialKey> kept_key(const Work& item) const {
        if (kept_query == 0 || !share.all()) return std::nullopt;  // All keys or none.
        const auto name = lasting_name(*item.source.source->snapshot, item.morsel);
        if (!name) return std::nullopt;
        return PartialKey{.query = kept_query,
                          .group = item.source.group,
                          .source = item.source.index,
                          .sources = item.source.count,
                          .rows = *name,
                          .begin_ms = item.range.begin_ms,
                          .end_ms = item.range.end_ms};
    }

    Status scan_kept(Worker& worker, const Work& item, const PartialKey& key) {
        if (const PartialPtr kept = options.partials->find(key)) {
            const std::lock_guard lock(worker.mutex);
            worker.sink->merge(*kept->sink);
            worker.rows.add(kept->rows);
            ++worker.trace.chunks_kept;
            return {};
        }
        auto made = std::make_shared<Partial>();
        made->query = query;
        made->budget = std::make_unique<columnar::MemoryBudget>(
            std::min(kPartialBytesMax, options.memory_bytes_max), options.memory_pool);
        made->sink = make_sink(*made->budget, {});
        RunTrace trace;
        {
            const std::lock_guard lock(worker.mutex);
            trace = worker.trace;
            worker.partial = made.get();
        }
        const Status done = read_morsel(worker, item);
        {
            const std::lock_guard lock(worker.mutex);
            worker.partial = nullptr;
            if (done && made->budget->exhausted()) {
                worker.trace = std::move(trace);
            } else if (done) {
                worker.sink->merge(*made->sink);
                worker.rows.add(made->rows);
            }
        }
        SKY_TRY(done);
        // Too much to keep: as if it had not been tried.
        if (made->budget->exhausted()) return read_morsel(worker, item);
        SKY_TRY(check(worker));
        made->sink->settle();
        // What a read had to leave out is known by now.
        if (kept_key(item)) options.partials->put(key, std::move(made));
        return {};
    }

    Status read_morsel(Worker& worker, const Work& item) {
        if (&worker == workers[0].get()) start_others();
        const std::int64_t begin_ns = trace_ns(options.clock);
        const auto batch = item.source.source->snapshot->read(item.morsel, item.range, columns);
        if (!batch) return std::unexpected(batch.error());
        {
            const std::lock_guard lock(worker.mutex);
            ++worker.trace.chunks_read;
            worker.trace.read_ns += trace_ns(options.clock) - begin_ns;
        }
        const std::uint64_t bytes = batch_bytes(*batch);
        budget.reserve(bytes);
        Status done = batch->shaped != nullptr ? scan_shaped(worker, item, *batch)
                                               : scan_batch(worker, item, *batch);
        budget.release(bytes);
        return done;
    }

    /// Whether no row of the morsel can pass the filters before the sink.
    bool lacks_required(const Work& item) const {
        const store::Snapshot& snapshot = *item.source.source->snapshot;
        return std::any_of(required.begin(), required.end(), [&](const AnyText& any) {
            return std::none_of(any.begin(), any.end(), [&](const std::string& text) {
                return snapshot.may_contain(item.morsel, text);
            });
        });
    }

    /// The morsel was scanned, as the user sees it: its rows count, though none is looked at.
    Status count_only(Worker& worker, const Work& item) const {
        const store::Snapshot& snapshot = *item.source.source->snapshot;
        std::uint64_t rows = 0;
        if (const auto known = snapshot.known_rows(item.morsel, item.range)) {
            rows = *known;
        } else {
            const auto batch = snapshot.read(item.morsel, item.range, store::Columns::kNone);
            if (!batch) return std::unexpected(batch.error());
            rows = batch->rows();
        }
        const std::lock_guard lock(worker.mutex);
        ++worker.trace.chunks_lacking;
        worker.rows.scanned += rows;
        worker.rows.bytes += static_cast<double>(item.morsel.message_bytes) /
                             static_cast<double>(std::max<std::uint64_t>(item.morsel.rows, 1)) *
                             static_cast<double>(rows);
        return {};
    }

    Status scan_batch(Worker& worker, const Work& item, const store::EventBatch& batch) {
        const bool has_text = store::has(columns, store::Columns::kMessage);
        const double bytes_a_row = item.morsel.rows == 0
                                       ? 0
                                       : static_cast<double>(item.morsel.message_bytes) /
                                             static_cast<double>(item.morsel.rows);
        std::size_t end = batch.rows();
        while (end > 0) {
            SKY_TRY(poll());
            std::size_t begin = end > kPassRowsMax ? end - kPassRowsMax : 0;
            if (has_text) begin = text_begin(batch, begin, end);
            begin = cut_at_own(item.own, begin, end,
                               [&](std::size_t i) { return batch.timestamp_ms[i]; });
            const bool own = item.own.has(batch.timestamp_ms[begin]);
            const std::int64_t useful = useful_ms.load(std::memory_order_relaxed);
            const auto times = batch.timestamp_ms.begin();
            const auto first = std::lower_bound(times + static_cast<std::ptrdiff_t>(begin),
                                                times + static_cast<std::ptrdiff_t>(end), useful);
            const auto useful_begin = static_cast<std::size_t>(first - times);
            if (useful_begin == end) return {};
            const double bytes = has_text
                                     ? static_cast<double>(batch.message.offsets()[end] -
                                                           batch.message.offsets()[useful_begin])
                                     : bytes_a_row * static_cast<double>(end - useful_begin);
            pass(worker, own, end - useful_begin, bytes, [&](Frame& frame) {
                frame.begin_events(item.source, batch, useful_begin, end);
                worker.trace.text_rows += end - useful_begin;
            });
            SKY_TRY(check(worker));
            if (useful_begin != begin) return {};
            end = begin;
        }
        return {};
    }

    /// Rows that need not be read to be counted.
    static void count(Worker& worker, const Work& item, std::uint64_t rows) {
        const std::lock_guard lock(worker.mutex);
        worker.sink->add_rows(worker.context, rows);
        ++worker.trace.chunks_counted;
        worker.rows.add({rows, rows, static_cast<double>(item.morsel.message_bytes)});
    }

    Status check(const Worker& worker) const {
        if (worker.context.error) return std::unexpected(*worker.context.error);
        if (budget.exhausted()) return std::unexpected(memory_error(budget.bytes_max()));
        return {};
    }

    /// Part by part; sinks do not care in which order rows come.
    Status scan_shaped(Worker& worker, const Work& item, const store::EventBatch& batch) {
        SKY_TRY(worker.shaped.open(batch, item.source.source->log));
        // The largest first: where a few rows are wanted the others then end at once.
        std::vector<const ShapedPart*> parts;
        for (const ShapedPart& part : worker.shaped.parts()) parts.push_back(&part);
        std::stable_sort(parts.begin(), parts.end(), [](const ShapedPart* a, const ShapedPart* b) {
            return a->rows > b->rows;
        });
        {
            const std::lock_guard lock(worker.mutex);
            worker.trace.families += worker.shaped.family_count();
        }
        for (const ShapedPart* part : parts) {
            SKY_TRY(scan_part(worker, item, batch, *part));
        }
        return {};
    }

    Status scan_part(Worker& worker, const Work& item, const store::EventBatch& batch,
                     const ShapedPart& part) {
        const double bytes_a_row = worker.shaped.bytes_a_row();
        if (part.passes_none) {
            const std::lock_guard lock(worker.mutex);
            RowCounts& counts = worker.partial != nullptr ? worker.partial->rows : worker.rows;
            counts.add({0, part.rows, bytes_a_row * static_cast<double>(part.rows)});
            worker.trace.family_rows += part.rows;
            return {};
        }
        // Lines may have to be made: then they count as text does.
        const auto rows_of_text = static_cast<std::size_t>(static_cast<double>(kPassTextBytesMax) /
                                                           std::max(bytes_a_row, 1.0));
        const std::size_t rows_a_pass =
            counts_filtered && worker.shaped.tells(part)
                ? part.rows
                : std::clamp<std::size_t>(rows_of_text, 1, kPassRowsMax);
        const auto time_of = [&](std::size_t i) {
            if (batch.timestamp_ms.empty()) return item.morsel.max_ms;  // Of no importance.
            return batch.timestamp_ms[part.batch_rows != nullptr ? part.batch_rows[i] : i];
        };
        std::size_t end = part.rows;
        while (end > 0) {
            SKY_TRY(poll());
            std::size_t begin = end > rows_a_pass ? end - rows_a_pass : 0;
            begin = cut_at_own(item.own, begin, end, time_of);
            const bool own = item.own.has(time_of(begin));
            const std::int64_t useful = useful_ms.load(std::memory_order_relaxed);
            std::size_t useful_begin = begin;
            if (time_of(begin) < useful) {
                const auto places = std::views::iota(begin, end);
                const auto first = std::ranges::lower_bound(places, useful, {}, time_of);
                useful_begin = begin + static_cast<std::size_t>(first - places.begin());
                if (useful_begin == end) return {};
            }
            const std::size_t rows = end - useful_begin;
            pass(worker, own, rows, bytes_a_row * static_cast<double>(rows), [&](Frame& frame) {
                frame.begin_shaped(item.source, batch, worker.shaped, part, useful_begin, end);
                worker.trace.family_rows += rows;
            });
            SKY_TRY(check(worker));
            if (useful_begin != begin) return {};
            end = begin;
        }
        return {};
    }

    /// `begin` gives the frame its rows; `own` are those of Work::own.
    template <class Begin>
    void pass(Worker& worker, bool own, std::size_t rows, double bytes, Begin&& begin) {
        const std::lock_guard lock(worker.mutex);
        worker.arena.reset();
        Frame& frame = worker.frame;
        begin(frame);
        std::int64_t begin_ns = trace_ns(options.clock);
        const auto traced = [&](std::size_t i, std::uint64_t rows_in, std::uint64_t rows_out) {
            const std::int64_t end_ns = trace_ns(options.clock);
            worker.trace.steps[i].add({rows_in, rows_out, end_ns - begin_ns});
            begin_ns = end_ns;
        };
        Partial* const partial = worker.partial;
        RowCounts& counts = partial != nullptr ? partial->rows : worker.rows;
        for (std::size_t i = 0; i < cut.sink && frame.rows() > 0; ++i) {
            const std::size_t rows_in = frame.rows();
            const Step& step = query->plan.steps[i];
            const auto* const last =
                counts_only && i + 1 == cut.sink ? std::get_if<FilterStep>(&step) : nullptr;
            if (last != nullptr) {  // Which rows pass is of no importance.
                const std::uint64_t passed = count_rows(*last, frame);
                traced(i, rows_in, passed);
                counts.add({passed, rows, bytes});
                (partial != nullptr ? partial->sink : worker.sink)
                    ->add_rows(worker.context, passed);
                if (passed != 0) traced(cut.sink, passed, 0);
                return;
            }
            apply_row_step(step, frame);
            traced(i, rows_in, frame.rows());
        }
        counts.add({frame.rows(), rows, bytes});
        if (frame.rows() == 0) return;
        const std::size_t sunk = frame.rows();
        if (partial != nullptr) {
            partial->sink->add(frame);
        } else if (own) {
            worker.sink->add_own(frame);
        } else {
            worker.sink->add(frame);
        }
        if (cut.rest > cut.sink) traced(cut.sink, sunk, 0);  // What it keeps is seen at the end.
        if (const auto useful = worker.sink->earliest_useful_ms()) {
            std::int64_t known = useful_ms.load(std::memory_order_relaxed);
            while (*useful > known && !useful_ms.compare_exchange_weak(known, *useful)) {
            }
        }
    }

    void scan_and_report(Worker& worker) {
        Status done;
        try {
            done = scan(worker);
        } catch (const std::bad_alloc&) {
            done = std::unexpected(memory_error(budget.bytes_max()));
        } catch (const std::exception& error) {
            done = fail(ErrorCode::kInternal, fmt::format("the query failed: {}", error.what()));
        }
        if (done) return;
        const std::lock_guard lock(error_mutex);
        if (!first_error) first_error = std::move(done).error();
        next.store(work.size(), std::memory_order_relaxed);  // The others find nothing more.
    }

    /// Threads are worth their start where something has to be read. Called by the first worker.
    void start_others() {
        const std::size_t threads = std::min(workers.size(), work.size());
        if (!others.empty() || next.load() >= work.size()) return;
        for (std::size_t i = 1; i < threads; ++i) {
            others.emplace_back([this, i] { scan_and_report(*workers[i]); });
        }
    }

    Status scan_all() {
        scan_and_report(*workers[0]);
        for (std::thread& other : others) other.join();
        others.clear();
        if (first_error) return std::unexpected(*first_error);
        return {};
    }

    /// Everything ends in the first worker's sink; progress() then sees the whole there.
    Status gather() {
        for (std::size_t i = 1; i < workers.size(); ++i) {
            SKY_TRY(poll());
            const std::lock_guard moving(moving_mutex);
            const std::scoped_lock lock(workers[0]->mutex, workers[i]->mutex);
            workers[0]->sink->merge(*workers[i]->sink);
            workers[i]->sink = make_sink(budget, share);
        }
        if (budget.exhausted()) return std::unexpected(memory_error(budget.bytes_max()));
        return {};
    }

    /// What the scan left, and the step that it goes to.
    struct Kept {
        std::unique_ptr<Table> table;
        std::size_t rest = 0;
    };

    /// `trace` may be null.
    Result<std::unique_ptr<Table>> finish_rows(Kept kept, columnar::MemoryBudget& payer,
                                               RunTrace* trace) const {
        if (trace != nullptr && cut.rest > cut.sink) {
            trace->steps[cut.sink].rows_out = kept.table->rows;
        }
        return run_table_steps(query->plan, kept.rest, std::move(kept.table), options.now_s, payer,
                               [this] { return poll(); }, {options.clock, trace});
    }

    Result<QueryResult> finish(Kept kept, columnar::MemoryBudget& payer, RunTrace* trace) const {
        std::unique_ptr<Table> table = SKY_TRY(finish_rows(std::move(kept), payer, trace));
        QueryResult result = SKY_TRY(render_table(query->plan, *table, rows_max));
        result.statistics = statistics();
        return result;
    }

    Statistics statistics() const {
        Statistics sum;
        for (const auto& worker : workers) {
            const std::lock_guard lock(worker->mutex);
            RowCounts rows = worker->rows;
            if (worker->partial != nullptr) rows.add(worker->partial->rows);
            sum.records_matched += static_cast<double>(rows.matched);
            sum.records_scanned += static_cast<double>(rows.scanned);
            sum.bytes_scanned += rows.bytes;
        }
        {
            // A row that is read once more for other keys is one row.
            const std::lock_guard lock(seen_mutex);
            sum.records_matched = std::max(sum.records_matched, seen.records_matched);
            sum.records_scanned = std::max(sum.records_scanned, seen.records_scanned);
            sum.bytes_scanned = std::max(sum.bytes_scanned, seen.bytes_scanned);
        }
        sum.log_groups_scanned = static_cast<double>(options.sources.size());
        return sum;
    }

    Result<Kept> scanned_rows() {
        SKY_TRY(scan_all());
        SKY_TRY(gather());
        const std::lock_guard lock(workers[0]->mutex);
        return Kept{workers[0]->sink->finish(budget), cut.rest};
    }

    Result<Kept> kept_rows() {
        list_work();
        auto kept = scanned_rows();
        const bool ordered = cut.groups.stats == nullptr && cut.rows.rows_max <= kResultRowsMax;
        if (!budget.exhausted() || (!cut.shares && !ordered)) return kept;
        kept = Kept{};  // What it holds is given back.
        return cut.shares ? rows_by_shares() : rows_by_bound();
    }

    /// The rows that stay are too wide to hold more than them: a scan of their order's keys alone
    /// finds the last one that stays, another one those in front of it.
    Result<Kept> rows_by_bound() {
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

    void remember_seen() {
        const Statistics until_now = statistics();
        const std::lock_guard lock(seen_mutex);
        seen = until_now;
    }

    /// Called with moving_mutex held.
    void empty_sinks() {
        for (const auto& worker : workers) {
            const std::lock_guard lock(worker->mutex);
            worker->sink = nullptr;
            worker->sink = make_sink(budget, share);
            worker->arena.reset();
            worker->context.error.reset();
            worker->rows = {};
        }
    }

    /// Everything that the scans hold is given back; the next one takes the keys of `to`.
    void begin_share(const KeyShare& to, const std::function<void()>& change = [] {}) {
        remember_seen();
        const std::lock_guard moving(moving_mutex);
        share = to;
        change();
        empty_sinks();
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

    /// As many as the part of the rows tells whose keys filled the memory.
    std::uint32_t shares_at_first() const {
        std::uint64_t rows = 0;
        for (const Work& item : work) rows += item.morsel.rows;
        const double read = std::max(statistics().records_scanned, 1.0);
        const double parts =
            std::clamp(static_cast<double>(rows) / read, 2.0, static_cast<double>(kKeySharesMax));
        return std::bit_ceil(static_cast<std::uint32_t>(std::ceil(parts)));
    }

    /// The keys are too many: a share of them at a time, and of each that is still too large half
    /// at a time, until kKeySharesMax.
    Result<Kept> rows_by_shares() {
        {
            const std::lock_guard moving(moving_mutex);
            collected =
                std::make_unique<ShareCollector>(query->plan, *cut.shares, options.now_s, budget);
        }
        std::vector<KeyShare> waiting;
        const std::uint32_t of = shares_at_first();
        for (std::uint32_t part = of; part-- > 0;) waiting.push_back({part, of});
        while (!waiting.empty()) {
            const KeyShare taken = waiting.back();
            waiting.pop_back();
            begin_share(taken);
            auto kept = scanned_rows();
            if (budget.exhausted() && 2 * taken.of <= kKeySharesMax) {
                waiting.push_back({taken.part + taken.of, 2 * taken.of});
                waiting.push_back({taken.part, 2 * taken.of});
                continue;
            }
            if (!kept) return kept;
            remember_seen();
            const std::lock_guard moving(moving_mutex);
            empty_sinks();
            SKY_TRY(collected->add(*kept->table));
            if (budget.exhausted()) return std::unexpected(memory_error(budget.bytes_max()));
        }
        begin_share({});  // Room for the answer.
        {
            const std::lock_guard lock(workers[0]->mutex);
            --scans;
        }
        const std::lock_guard moving(moving_mutex);
        return Kept{collected->finish(budget), cut.shares->rest};
    }

    /// The final rows. Where all groups fit and what is made of them does not, the groups come
    /// share by share: of each then only those stay that can be in front.
    Result<std::unique_ptr<Table>> rows_at_end(RunTrace& behind) {
        auto table = finish_rows(SKY_TRY(kept_rows()), budget, &behind);
        const bool whole = collected == nullptr && cut.shares && cut.shares->rows_max != ~0ULL;
        if (table || !budget.exhausted() || !whole) return table;
        behind = RunTrace(query->plan.steps.size());
        return finish_rows(SKY_TRY(rows_by_shares()), budget, &behind);
    }

    Result<QueryResult> run() {
        RunTrace behind(query->plan.steps.size());
        const std::unique_ptr<Table> table = SKY_TRY(rows_at_end(behind));
        QueryResult result = SKY_TRY(render_table(query->plan, *table, rows_max));
        result.statistics = statistics();
        ended(behind, result.rows.size());
        return result;
    }

    Result<std::unique_ptr<Table>> run_rows() {
        RunTrace behind(query->plan.steps.size());
        std::unique_ptr<Table> table = SKY_TRY(rows_at_end(behind));
        ended(behind, table->rows);
        return table;
    }

    void ended(const RunTrace& behind, std::uint64_t rows) {
        const std::lock_guard lock(workers[0]->mutex);
        workers[0]->trace.add(behind);
        result_rows = rows;
        has_ended.store(true);
    }

    std::string explain() const {
        RunTrace sum(query->plan.steps.size());
        for (const auto& worker : workers) {
            const std::lock_guard lock(worker->mutex);
            sum.add(worker->trace);
        }
        const std::lock_guard lock(workers[0]->mutex);
        std::string text = explain_run(query->plan, sum, chunks, result_rows);
        if (scans > 1) {
            text += fmt::format("read {} times: its {} for its memory\n", scans,
                                cut.shares
                                    ? "keys were too many and came share by share, too many at once"
                                    : "rows were put in order by their keys first, too wide");
        }
        return text;
    }

    /// What a look at the rows so far may take: it must not end the query, nor another one, so it
    /// is a part of the memory, and nothing where much is in use.
    std::uint64_t look_bytes() const {
        if (has_ended.load()) return options.memory_bytes_max;
        const columnar::MemoryPool* const pool = options.memory_pool;
        const std::uint64_t part = options.memory_bytes_max / kLookPart;
        const bool free = pool == nullptr || pool->used() < pool->bytes_max() / 2;
        return free && budget.used() <= part ? part : 0;
    }

    QueryResult progress() const {
        const std::uint64_t bytes = look_bytes();
        if (bytes == 0) {
            QueryResult counters;
            counters.statistics = statistics();
            return counters;
        }
        columnar::MemoryBudget payer(bytes, options.memory_pool);  // Paid apart.
        Kept kept;
        {
            const std::lock_guard moving(moving_mutex);
            if (keys_only) {  // Rows without their columns are nothing to show.
                QueryResult bare;
                bare.statistics = statistics();
                return bare;
            }
            if (collected != nullptr) {
                kept = {collected->finish(payer), cut.shares->rest};
            } else {
                const std::unique_ptr<Sink> together = make_sink(payer, {});
                for (const auto& worker : workers) {
                    const std::lock_guard lock(worker->mutex);
                    together->merge(*worker->sink);
                    if (worker->partial != nullptr) together->merge(*worker->partial->sink);
                }
                kept = {together->finish(payer), cut.rest};
            }
        }
        if (auto result = finish(std::move(kept), payer, nullptr)) return *std::move(result);
        QueryResult bare;  // Too large to show half-way, or ending: the counters alone.
        bare.statistics = statistics();
        return bare;
    }

    const std::shared_ptr<const CompiledQuery> query;
    const RunOptions options;
    const std::uint64_t rows_max;
    const Cut cut;
    const bool counts_only;  // Nothing but the number of rows behind [0, cut.sink) is asked for.
    const bool passes_all;   // No row is dropped before the sink.
    const std::vector<SymbolicSite> sites;
    const bool counts_filtered;  // The same, behind one filter that asks nothing but `sites`.
    const std::vector<AnyText> required;  // In every message that can matter.
    const store::Columns columns;
    const DiscoveryPlan discovery;
    const std::uint64_t kept_query;           // PartialCache::number_of(); 0: nothing is kept.
    const std::vector<RequiredField> fields;  // What rows that can matter have in them.
    columnar::MemoryBudget budget;
    std::vector<std::unique_ptr<Worker>> workers;
    std::vector<std::thread> others;  // Of all workers but the first.
    std::vector<Work> work;
    std::size_t run_length = 1;            // Morsels that a worker takes at a time.
    std::atomic<std::uint64_t> chunks{0};  // Those of `work`.
    std::uint64_t result_rows = 0;         // Under the first worker's mutex.
    std::atomic<std::size_t> next{0};
    std::atomic<std::int64_t> useful_ms{INT64_MIN};  // Rows before it cannot change the answer.
    std::atomic<std::int64_t> hidden_ms{INT64_MIN};  // Rows until then are of groups not shown.
    std::atomic<bool> stop{false}, has_ended{false};
    mutable std::mutex moving_mutex;  // Rows move from sink to sink; taken before a worker's.
    std::uint64_t scans = 1;          // Under the first worker's mutex.
    // What the sinks take; changed between scans, under moving_mutex.
    KeyShare share;
    bool keys_only = false;                     // Of a sort.
    std::shared_ptr<const SortBound> bound;     // Rows behind it are not wanted; null: not known.
    std::unique_ptr<ShareCollector> collected;  // Of the shares before; null: there are none.
    mutable std::mutex seen_mutex;
    Statistics seen;  // Of the scans before.
    std::mutex error_mutex;
    std::optional<Error> first_error;
};

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
