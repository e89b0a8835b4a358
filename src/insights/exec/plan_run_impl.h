// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/insights/exec/plan_run_impl.h - what the parts of a run share: run.cc (the
              // whole of it), run_scan.cc (one scan by all workers).

#include <atomic>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

#include "insights/exec/compiled.h"
#include "insights/exec/frame.h"
#include "insights/exec/homes.h"
#include "insights/exec/partial_cache.h"
#include "insights/exec/plan_cut.h"
#include "insights/exec/plan_run.h"
#include "insights/exec/required_texts.h"
#include "insights/exec/run_trace.h"
#include "insights/exec/scan_work.h"
#include "insights/exec/sink.h"

namespace sky::insights {

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
         std::uint64_t result_rows_max);

    // run.cc: the scans that a plan takes, and what is made of their rows.

    /// What takes a worker's rows, and those of looks at them.
    std::unique_ptr<Sink> make_sink(columnar::MemoryBudget& payer, const KeyShare& keys) const;
    /// Whether the run may go on. Errors: kCancelled, kDeadlineExceeded.
    Status poll() const;
    /// What the next scan takes; its sinks are in place.
    void list_work();
    /// What the scan left, and the step that it goes to.
    struct Kept {
        std::unique_ptr<Table> table;
        std::size_t rest = 0;
    };

    /// `trace` may be null.
    Result<std::unique_ptr<Table>> finish_rows(Kept kept, columnar::MemoryBudget& payer,
                                               RunTrace* trace) const;
    Result<QueryResult> finish(Kept kept, columnar::MemoryBudget& payer, RunTrace* trace) const;
    RowCounts rows_of_workers() const;
    Statistics statistics() const;
    Result<Kept> scanned_rows();
    Result<Kept> kept_rows();
    /// The rows that stay are too wide to hold more than them: a scan of their order's keys alone
    /// finds the last one that stays, another one those in front of it.
    Result<Kept> rows_by_bound();
    void remember_seen();
    /// Called with moving_mutex held.
    void empty_sinks();
    /// Everything that the scans hold is given back; the next one takes the keys of `to`.
    void begin_share(const KeyShare& to, const std::function<void()>& change = [] {});
    /// The keys are too many: a share of them at a time, and of each that is still too large half
    /// at a time.
    Result<Kept> rows_by_shares();
    /// The final rows. Where all groups fit and what is made of them does not, the groups come
    /// share by share: of each then only those stay that can be in front.
    Result<std::unique_ptr<Table>> rows_at_end(RunTrace& behind);
    Result<QueryResult> run();
    Result<std::unique_ptr<Table>> run_rows();
    void ended(const RunTrace& behind, std::uint64_t rows);
    std::string explain() const;
    /// What a look at the rows so far may take: it must not end the query, nor another one, so it
    /// is a part of the memory, and nothing where much is in use.
    std::uint64_t look_bytes() const;
    QueryResult progress() const;

    // run_scan.cc: one scan, by all workers.

    Status scan_all();
    /// Takes morsels, newest first, until none is left or the others cannot change the answer.
    Status scan(Worker& worker);
    /// Takes what is whole from all workers and passes it on.
    void end_run(Worker& worker, std::size_t run);
    Status scan_morsel(Worker& worker, const Work& item);
    /// Whether the rows may be part of what is shown. Asked of this worker's groups: where those
    /// are enough, all are.
    bool may_show(const Worker& worker, const Work& item);
    /// Rows that are not shown count all the same. False: how many pass is not known.
    bool count_unshown(Worker& worker, const Work& item, const std::optional<PartialKey>& key);
    /// The name under which what the rows come to may be kept.
    std::optional<PartialKey> kept_key(const Work& item) const;
    Status scan_kept(Worker& worker, const Work& item, const PartialKey& key);
    Status read_morsel(Worker& worker, const Work& item);
    /// The morsel was scanned, as the user sees it: its rows count, though none is looked at.
    Status count_only(Worker& worker, const Work& item) const;
    Status scan_batch(Worker& worker, const Work& item, const store::EventBatch& batch);
    /// Rows that need not be read to be counted.
    static void count(Worker& worker, const Work& item, std::uint64_t rows);
    Status check(const Worker& worker) const;
    /// Part by part; sinks do not care in which order rows come.
    Status scan_shaped(Worker& worker, const Work& item, const store::EventBatch& batch);
    Status scan_part(Worker& worker, const Work& item, const store::EventBatch& batch,
                     const ShapedPart& part);
    /// `begin` gives the frame its rows, all of one home.
    template <class Begin>
    void pass(Worker& worker, std::size_t home, std::size_t rows, double bytes, Begin&& begin);
    void scan_and_report(Worker& worker);
    /// Threads are worth their start where something has to be read. Called by the first worker.
    void start_others();
    /// Everything ends in the first worker's sink; progress() then sees the whole there.
    Status gather();

    const std::shared_ptr<const CompiledQuery> query;
    const RunOptions options;
    const std::uint64_t rows_max;
    const Cut cut;
    const bool counts_only;  // Nothing but the number of rows behind [0, cut.sink) is asked for.
    const bool passes_all;   // No row is dropped before the sink.
    const std::vector<SymbolicSite> sites;
    const bool counts_filtered;  // The same, behind one filter that asks nothing but `sites`.
    const std::vector<AnyText> required;       // In every message that can matter.
    const std::optional<Period> share_period;  // Of a key by which keys are shared out.
    const store::Columns columns;
    const DiscoveryPlan discovery;
    const std::uint64_t kept_query;           // PartialCache::number_of(); 0: nothing is kept.
    const std::vector<RequiredField> fields;  // What rows that can matter have in them.
    columnar::MemoryBudget budget;
    std::vector<std::unique_ptr<Worker>> workers;
    std::vector<std::thread> others;  // Of all workers but the first.
    std::vector<Work> work;
    std::size_t run_length = 1;            // Morsels that a worker takes at a time.
    Homes homes;                           // Of the groups that are passed on when whole.
    std::vector<Worker*> readers;          // Of each run, when it was read; under moving_mutex.
    std::size_t runs_read = 0;             // The first so many were; under moving_mutex.
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
    store::TimeRange range;                  // Of the share's times.
    bool keys_only = false;                  // Of a sort.
    std::shared_ptr<const SortBound> bound;  // Rows behind it are not wanted; null: not known.
    std::unique_ptr<Sink> collected;         // Of the shares before; null: there are none.
    mutable std::mutex seen_mutex;
    Statistics seen;      // Of the scans before.
    RowCounts rows_done;  // Of times of which all keys have been taken.
    std::mutex error_mutex;
    std::optional<Error> first_error;
};

}  // namespace sky::insights
