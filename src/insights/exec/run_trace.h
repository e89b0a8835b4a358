// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/insights/exec/run_trace.h - what a run did with each step of its plan, counted
              // once a pass.

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "insights/plan/plan.h"

namespace sky::insights {

struct StepTrace {
    std::uint64_t rows_in = 0, rows_out = 0;
    std::int64_t ns = 0;  // Summed over threads; 0 without a clock.
    void add(const StepTrace& other) {
        rows_in += other.rows_in;
        rows_out += other.rows_out;
        ns += other.ns;
    }
};

/// Threads: one at a time; each worker of a scan has its own.
struct RunTrace {
    std::uint64_t chunks_read = 0;
    std::uint64_t chunks_counted = 0;  // Their number of rows was the answer.
    std::uint64_t chunks_lacking = 0;  // Without a text that every wanted row has.
    std::uint64_t chunks_kept = 0;     // Their groups were known from an earlier run.
    std::uint64_t families = 0;        // Of the chunks read, each counted in each.
    std::uint64_t family_rows = 0;     // Looked at by family.
    std::uint64_t text_rows = 0;       // Looked at as text.
    std::int64_t read_ns = 0;          // Reading chunks.
    std::vector<StepTrace> steps;      // As Plan::steps.

    explicit RunTrace(std::size_t step_count = 0) : steps(step_count) {}
    void add(const RunTrace& other);
};

/// Now, or 0 without a clock.
inline std::int64_t trace_ns(const Clock* clock) {
    return clock == nullptr ? 0 : clock->monotonic_ns();
}

/// The plan, a step a line, each with its rows and time; the scan's line first.
/// `chunks` is how many the time range touches, `result_rows` what came out.
std::string explain_run(const Plan& plan, const RunTrace& trace, std::uint64_t chunks,
                        std::uint64_t result_rows);

}  // namespace sky::insights
