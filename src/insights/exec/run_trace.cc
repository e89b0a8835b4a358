// SPDX-License-Identifier: Apache-2.0
#include "insights/exec/run_trace.h"

#include <fmt/format.h>

namespace sky::insights {
namespace {

std::string milliseconds(std::int64_t ns) {
    return fmt::format("{:.3f} ms", static_cast<double>(ns) / 1e6);
}

}  // namespace

void RunTrace::add(const RunTrace& other) {
    chunks_read += other.chunks_read;
    chunks_counted += other.chunks_counted;
    chunks_lacking += other.chunks_lacking;
    chunks_kept += other.chunks_kept;
    families += other.families;
    family_rows += other.family_rows;
    text_rows += other.text_rows;
    read_ns += other.read_ns;
    for (std::size_t i = 0; i < steps.size() && i < other.steps.size(); ++i) {
        steps[i].add(other.steps[i]);
    }
}

std::string explain_run(const Plan& plan, const RunTrace& trace, std::uint64_t chunks,
                        std::uint64_t result_rows) {
    const std::uint64_t seen =
        trace.chunks_read + trace.chunks_counted + trace.chunks_lacking + trace.chunks_kept;
    std::string out = fmt::format("scan: {} chunks, {} read", chunks, trace.chunks_read);
    if (trace.chunks_lacking > 0) {
        out += fmt::format(", {} skipped for lack of a text", trace.chunks_lacking);
    }
    if (trace.chunks_kept > 0) {
        out += fmt::format(", {} answered from cache", trace.chunks_kept);
    }
    if (trace.chunks_counted > 0) out += fmt::format(", {} counted unread", trace.chunks_counted);
    if (chunks > seen) out += fmt::format(", {} not needed", chunks - seen);
    if (trace.families > 0) {
        out += fmt::format("; {} families with {} rows", trace.families, trace.family_rows);
    }
    if (trace.text_rows > 0) out += fmt::format("; {} rows of text", trace.text_rows);
    out += fmt::format("; {}\n", milliseconds(trace.read_ns));
    for (std::size_t i = 0; i < plan.steps.size(); ++i) {
        const StepTrace& step = trace.steps[i];
        out += fmt::format("{}: {} -> {} rows; {}\n", describe_step(plan, i), step.rows_in,
                           step.rows_out, milliseconds(step.ns));
    }
    out += fmt::format("output: {} rows\n", result_rows);
    return out;
}

}  // namespace sky::insights
