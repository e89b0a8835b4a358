// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/insights/exec/plan_run.h - one plan over one set of groups: scan, sink, the
              // steps behind it.

#include <cstdint>
#include <memory>

#include "insights/exec/frame.h"
#include "insights/exec/query.h"

namespace sky::insights {

/// A plan whose sides are in place (side_rows.h). execution.cc runs one for each scan of a query.
/// Threads: run() or run_rows() on one thread, once; the others from any.
class PlanRun {
public:
    /// `rows_max` bounds the result; 0: the API's rule for options.limit does.
    PlanRun(std::shared_ptr<const CompiledQuery> query, RunOptions options, std::uint64_t rows_max);
    ~PlanRun();
    /// Errors: as Execution::run().
    Result<QueryResult> run();
    /// The final rows as values. The table belongs to this run and must not outlive it.
    Result<std::unique_ptr<Table>> run_rows();
    void request_stop();
    QueryResult progress() const;
    Statistics statistics() const;
    /// As Execution::explain(), of this plan alone.
    std::string explain() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace sky::insights
