// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <new>
#include <ranges>

#include "insights/exec/limits.h"
#include "insights/exec/plan_run_impl.h"
#include "insights/exec/table_steps.h"

namespace sky::insights {

Status PlanRun::Impl::scan(Worker& worker) {
    while (true) {
        const std::size_t at = next.fetch_add(run_length, std::memory_order_relaxed);
        if (at >= work.size()) return {};
        for (std::size_t i = at; i < std::min(at + run_length, work.size()); ++i) {
            if (work[i].morsel.max_ms < useful_ms.load(std::memory_order_relaxed)) return {};
            SKY_TRY(poll());
            SKY_TRY(scan_morsel(worker, work[i]));
        }
        if (homes.count() > 1) end_run(worker, at / run_length);
        SKY_TRY(check(worker));
    }
}

void PlanRun::Impl::end_run(Worker& worker, std::size_t run) {
    {
        const std::lock_guard moving(moving_mutex);
        readers[run] = &worker;
        const std::size_t whole = homes.whole_after(runs_read);
        while (runs_read < readers.size() && readers[runs_read] != nullptr) ++runs_read;
        for (std::size_t home = homes.whole_after(runs_read); home-- > whole;) {
            // What is taken last is what the others are merged into: that worker's who read
            // most of it.
            Worker* const reader = readers[homes.last_run(home)];
            for (const auto& from : workers) {
                if (from.get() != reader) worker.sink->take_whole(home, *from->sink);
            }
            worker.sink->take_whole(home, *reader->sink);
        }
    }
    const std::lock_guard lock(worker.mutex);
    worker.sink->pass_on_whole();
}

Status PlanRun::Impl::scan_morsel(Worker& worker, const Work& item) {
    if (counts_only && cut.sink == 0) {
        if (const auto rows = item.source.source->snapshot->known_rows(item.morsel, item.range)) {
            count(worker, item, *rows);
            return {};
        }
    }
    if (lacks_required(item, required)) return count_only(worker, item);
    const std::optional<PartialKey> key = kept_key(item);
    if (!may_show(worker, item) && count_unshown(worker, item, key)) return {};
    if (key) return scan_kept(worker, item, *key);
    return read_morsel(worker, item);
}

bool PlanRun::Impl::may_show(const Worker& worker, const Work& item) {
    const std::int64_t last_ms = std::min(item.morsel.max_ms, item.range.end_ms);
    std::int64_t known = hidden_ms.load(std::memory_order_relaxed);
    if (last_ms <= known) return false;
    if (!share.all() || worker.sink->may_show(last_ms)) return true;
    while (last_ms > known && !hidden_ms.compare_exchange_weak(known, last_ms)) {
    }
    return false;
}

bool PlanRun::Impl::count_unshown(Worker& worker, const Work& item,
                                  const std::optional<PartialKey>& key) {
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

std::optional<PartialKey> PlanRun::Impl::kept_key(const Work& item) const {
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

Status PlanRun::Impl::scan_kept(Worker& worker, const Work& item, const PartialKey& key) {
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

Status PlanRun::Impl::read_morsel(Worker& worker, const Work& item) {
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

Status PlanRun::Impl::count_only(Worker& worker, const Work& item) const {
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

Status PlanRun::Impl::scan_batch(Worker& worker, const Work& item, const store::EventBatch& batch) {
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
        const auto time_of = [&](std::size_t i) { return batch.timestamp_ms[i]; };
        const Homes::Cut part = homes.cut(begin, end, time_of);
        begin = part.begin;
        const std::int64_t useful = useful_ms.load(std::memory_order_relaxed);
        const auto times = batch.timestamp_ms.begin();
        const auto first = std::lower_bound(times + static_cast<std::ptrdiff_t>(begin),
                                            times + static_cast<std::ptrdiff_t>(end), useful);
        const auto useful_begin = static_cast<std::size_t>(first - times);
        if (useful_begin == end) return {};
        const double bytes = has_text ? static_cast<double>(batch.message.offsets()[end] -
                                                            batch.message.offsets()[useful_begin])
                                      : bytes_a_row * static_cast<double>(end - useful_begin);
        pass(worker, part.home, end - useful_begin, bytes, [&](Frame& frame) {
            frame.begin_events(item.source, batch, useful_begin, end);
            worker.trace.text_rows += end - useful_begin;
        });
        SKY_TRY(check(worker));
        if (useful_begin != begin) return {};
        end = begin;
    }
    return {};
}

void PlanRun::Impl::count(Worker& worker, const Work& item, std::uint64_t rows) {
    const std::lock_guard lock(worker.mutex);
    worker.sink->add_rows(worker.context, rows);
    ++worker.trace.chunks_counted;
    worker.rows.add({rows, rows, static_cast<double>(item.morsel.message_bytes)});
}

Status PlanRun::Impl::check(const Worker& worker) const {
    if (worker.context.error) return std::unexpected(*worker.context.error);
    if (budget.exhausted()) return std::unexpected(memory_error(budget.bytes_max()));
    return {};
}

Status PlanRun::Impl::scan_shaped(Worker& worker, const Work& item,
                                  const store::EventBatch& batch) {
    SKY_TRY(worker.shaped.open(batch, item.source.source->log));
    // The largest first: where a few rows are wanted the others then end at once.
    std::vector<const ShapedPart*> parts;
    for (const ShapedPart& part : worker.shaped.parts()) parts.push_back(&part);
    std::stable_sort(parts.begin(), parts.end(),
                     [](const ShapedPart* a, const ShapedPart* b) { return a->rows > b->rows; });
    {
        const std::lock_guard lock(worker.mutex);
        worker.trace.families += worker.shaped.family_count();
    }
    for (const ShapedPart* part : parts) {
        SKY_TRY(scan_part(worker, item, batch, *part));
    }
    return {};
}

Status PlanRun::Impl::scan_part(Worker& worker, const Work& item, const store::EventBatch& batch,
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
    const std::size_t rows_a_pass = counts_filtered && worker.shaped.tells(part)
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
        const Homes::Cut at_home = homes.cut(begin, end, time_of);
        begin = at_home.begin;
        const std::int64_t useful = useful_ms.load(std::memory_order_relaxed);
        std::size_t useful_begin = begin;
        if (time_of(begin) < useful) {
            const auto places = std::views::iota(begin, end);
            const auto first = std::ranges::lower_bound(places, useful, {}, time_of);
            useful_begin = begin + static_cast<std::size_t>(first - places.begin());
            if (useful_begin == end) return {};
        }
        const std::size_t rows = end - useful_begin;
        const double bytes = bytes_a_row * static_cast<double>(rows);
        pass(worker, at_home.home, rows, bytes, [&](Frame& frame) {
            frame.begin_shaped(item.source, batch, worker.shaped, part, useful_begin, end);
            worker.trace.family_rows += rows;
        });
        SKY_TRY(check(worker));
        if (useful_begin != begin) return {};
        end = begin;
    }
    return {};
}

template <class Begin>
void PlanRun::Impl::pass(Worker& worker, std::size_t home, std::size_t rows, double bytes,
                         Begin&& begin) {
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
            (partial != nullptr ? partial->sink : worker.sink)->add_rows(worker.context, passed);
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
    } else {
        worker.sink->add_at(home, frame);
    }
    if (cut.rest > cut.sink) traced(cut.sink, sunk, 0);  // What it keeps is seen at the end.
    if (const auto useful = worker.sink->earliest_useful_ms()) {
        std::int64_t known = useful_ms.load(std::memory_order_relaxed);
        while (*useful > known && !useful_ms.compare_exchange_weak(known, *useful)) {
        }
    }
}

void PlanRun::Impl::scan_and_report(Worker& worker) {
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

void PlanRun::Impl::start_others() {
    const std::size_t threads = std::min(workers.size(), work.size());
    if (!others.empty() || next.load() >= work.size()) return;
    for (std::size_t i = 1; i < threads; ++i) {
        others.emplace_back([this, i] { scan_and_report(*workers[i]); });
    }
}

Status PlanRun::Impl::scan_all() {
    scan_and_report(*workers[0]);
    for (std::thread& other : others) other.join();
    others.clear();
    if (first_error) return std::unexpected(*first_error);
    return {};
}

Status PlanRun::Impl::gather() {
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

}  // namespace sky::insights
