// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/insights/exec/rows_steps.h - commands that need all rows in their order.

#include "insights/exec/table_steps.h"

namespace sky::insights {

/// Runs the step over a frame of a table. Errors: those of `poll`, kLimitExceeded (kMadeRowsMax).
Status run_rows_step(const RowsStep& step, Frame& frame, const Poll& poll);

// One a command; rows_steps.cc, side_steps.cc, pattern_steps.cc. -----------------------------
struct RowsCall {
    const RowsStep& step;
    Frame& frame;
    const Poll& poll;
    std::vector<const Vector*> reads;  // Evaluated.

    Arena& arena() const { return frame.context().arena; }
    std::size_t rows() const { return frame.rows(); }
    Value* values() const { return arena().array<Value>(rows()); }
    /// writes[i] becomes these values, one a row of the frame.
    void write(std::size_t i, const Value* column) const {
        frame.set(step.writes[i], Vector::from_values(arena(), rows(), column));
    }
    /// A copy in the frame's arena; empty when memory refuses.
    std::string_view keep(std::string_view text) const;
};
Status run(const UnnestRows& rows, RowsCall& call);
Status run(const AccumRows& rows, RowsCall& call);
Status run(const AutoregressRows& rows, RowsCall& call);
Status run(const AddtotalsRows& rows, RowsCall& call);
Status run(const FilldownRows& rows, RowsCall& call);
Status run(const FillmissingRows& rows, RowsCall& call);
Status run(const OutlierRows& rows, RowsCall& call);
Status run(const SessionizeRows& rows, RowsCall& call);
Status run(const LookupRows& rows, RowsCall& call);
Status run(const JoinRows& rows, RowsCall& call);
Status run(const AppendcolsRows& rows, RowsCall& call);
Status run(const PatternRows& rows, RowsCall& call);
Status run(const CompareRows& rows, RowsCall& call);

/// kLimitExceeded when a command would make more rows than it may.
Status check_made_rows(std::size_t rows);

}  // namespace sky::insights
