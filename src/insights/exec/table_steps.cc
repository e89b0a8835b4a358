// SPDX-License-Identifier: Apache-2.0
#include "insights/exec/table_steps.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "insights/exec/carried_slots.h"
#include "insights/exec/key_table.h"
#include "insights/exec/limits.h"
#include "insights/exec/rows_steps.h"
#include "insights/exec/sink.h"
#include "insights/functions/order.h"
#include "insights/functions/render.h"

namespace sky::insights {
namespace {

const Vector* slice(Arena& arena, const Vector* column, std::size_t begin, std::size_t count) {
    auto* rows = arena.array<std::uint32_t>(count);
    std::iota(rows, rows + count, static_cast<std::uint32_t>(begin));
    return column->gather(arena, {rows, count});
}

/// Calls `visit(begin, count)` for runs of the frame's rows, in which the columns of `slots` are
/// those rows alone. Columns that it sets for them are of no use behind it.
template <class Visit>
Status each_run(Frame& frame, const std::vector<std::uint32_t>& slots, const Poll& poll,
                Visit&& visit) {
    EvalContext& context = frame.context();
    const std::size_t rows = context.rows;
    std::vector<const Vector*> whole;
    for (const std::uint32_t slot : slots) whole.push_back(frame.column(slot));
    for (std::size_t begin = 0; begin < rows; begin += kStepRowsMax) {
        SKY_TRY(poll());
        const std::size_t count = std::min(kStepRowsMax, rows - begin);
        for (std::size_t i = 0; i < slots.size(); ++i) {
            frame.set(slots[i], slice(context.arena, whole[i], begin, count));
        }
        context.rows = count;
        visit(begin, count);
        context.rows = rows;
        for (std::size_t i = 0; i < slots.size(); ++i) frame.set(slots[i], whole[i]);
    }
    return {};
}

/// As evaluate(); an expression over millions of rows takes seconds.
Result<const Vector*> evaluate_in_runs(const BoundExpr& expr, Frame& frame, const Poll& poll) {
    const bool cheap =
        expr.kind == BoundExpr::Kind::kConstant || expr.kind == BoundExpr::Kind::kSlot;
    if (cheap || frame.rows() <= kStepRowsMax) return evaluate(expr, frame);
    std::vector<std::uint32_t> slots;
    for_each_slot(expr, [&](std::uint32_t slot) {
        if (std::find(slots.begin(), slots.end(), slot) == slots.end()) slots.push_back(slot);
    });
    Arena& arena = frame.context().arena;
    auto* const values = arena.array<Value>(frame.rows());
    SKY_TRY(each_run(frame, slots, poll, [&](std::size_t begin, std::size_t count) {
        const Vector* const part = evaluate(expr, frame);
        for (std::size_t i = 0; i < count; ++i) values[begin + i] = part->at(i);
    }));
    return Vector::from_values(arena, frame.rows(), values);
}

/// As apply_row_step(), for a step that is one.
Status row_step_in_runs(const Step& step, Frame& frame, const Poll& poll) {
    if (frame.rows() <= kStepRowsMax) {
        apply_row_step(step, frame);
        return {};
    }
    if (const auto* filter = std::get_if<FilterStep>(&step)) {
        const Vector* const wanted = SKY_TRY(evaluate_in_runs(filter->condition, frame, poll));
        std::vector<std::uint32_t> rows;
        select_true(frame.context(), wanted, rows);
        if (rows.size() != frame.rows()) frame.select(rows);
        return {};
    }
    Arena& arena = frame.context().arena;
    const std::vector<std::uint32_t> written = written_slots(step);
    std::vector<Value*> columns(written.size());
    for (Value*& column : columns) column = arena.array<Value>(frame.rows());
    SKY_TRY(each_run(frame, read_slots(step), poll, [&](std::size_t begin, std::size_t count) {
        apply_row_step(step, frame);
        for (std::size_t k = 0; k < written.size(); ++k) {
            const Vector* const part = frame.column(written[k]);
            for (std::size_t i = 0; i < count; ++i) columns[k][begin + i] = part->at(i);
        }
    }));
    for (std::size_t k = 0; k < written.size(); ++k) {
        frame.set(written[k], Vector::from_values(arena, frame.rows(), columns[k]));
    }
    return {};
}

/// Groups all rows of the frame.
Result<std::unique_ptr<Table>> group_rows(const GroupSinkSpec& spec, const Step& step, Frame& frame,
                                          columnar::MemoryBudget& budget, const Poll& poll) {
    const auto sink = make_group_sink(frame.plan(), spec, budget);
    const std::vector<std::uint32_t> slots = read_slots(step);
    const RowOrder order = frame.order();
    for (std::size_t begin = 0; begin < frame.rows(); begin += kStepRowsMax) {
        SKY_TRY(poll());
        Table run(budget);  // Its arena holds what the run's rows need, and no longer.
        run.rows = std::min(kStepRowsMax, frame.rows() - begin);
        run.columns.assign(frame.plan().slots.size(), nullptr);
        for (const std::uint32_t slot : slots) {
            run.columns[slot] = slice(run.arena, frame.column(slot), begin, run.rows);
        }
        run.order = {order.timestamp_ms + begin, order.sequence + begin};
        EvalContext context{run.arena, run.rows, frame.context().now_s, std::nullopt};
        Frame rows(frame.plan(), context, nullptr);
        rows.begin_table(run);
        sink->add(rows);
        if (context.error) return std::unexpected(*context.error);
        if (budget.exhausted()) return std::unexpected(memory_error(budget.bytes_max()));
    }
    SKY_TRY(poll());
    return sink->finish(budget);
}

/// A stable merge sort in runs, so that stopping a query need not wait for millions of rows.
Status sort_rows(const SortStep& step, Frame& frame, const Poll& poll) {
    std::vector<const Vector*> keys;
    for (const BoundSortKey& key : step.keys) {
        keys.push_back(SKY_TRY(evaluate_in_runs(key.expr, frame, poll)));
    }
    const std::size_t rows = frame.rows();
    // The values side by side: a comparison reads them many times.
    auto* values = frame.context().arena.array<Value>(rows * keys.size());
    for (std::size_t i = 0; i < rows; ++i) {
        for (std::size_t k = 0; k < keys.size(); ++k) values[i * keys.size() + k] = keys[k]->at(i);
    }
    const auto before = [&](std::uint32_t a, std::uint32_t b) {
        for (std::size_t k = 0; k < keys.size(); ++k) {
            const int compared =
                compare_order(values[a * keys.size() + k], values[b * keys.size() + k]);
            if (compared != 0) return (compared < 0) != step.keys[k].descending;
        }
        return false;
    };
    std::vector<std::uint32_t> order(rows);
    std::iota(order.begin(), order.end(), 0U);
    const auto at = [&](std::size_t i) {
        return order.begin() + static_cast<std::ptrdiff_t>(std::min(i, rows));
    };
    for (std::size_t begin = 0; begin < rows; begin += kStepRowsMax) {
        SKY_TRY(poll());
        std::stable_sort(at(begin), at(begin + kStepRowsMax), before);
    }
    std::vector<std::uint32_t> merged(rows > kStepRowsMax ? rows : 0);
    for (std::size_t width = kStepRowsMax; width < rows; width *= 2) {
        for (std::size_t begin = 0; begin < rows; begin += 2 * width) {
            SKY_TRY(poll());
            std::merge(at(begin), at(begin + width), at(begin + width), at(begin + 2 * width),
                       merged.begin() + static_cast<std::ptrdiff_t>(begin), before);
        }
        order.swap(merged);
    }
    frame.select(order);
    return {};
}

void limit_rows(const LimitStep& step, Frame& frame) {
    if (frame.rows() <= step.count) return;
    const auto count = static_cast<std::size_t>(step.count);
    frame.slice(step.tail ? frame.rows() - count : 0, count);
}

Status dedup_rows(const DedupStep& step, Frame& frame, const Poll& poll) {
    EvalContext& context = frame.context();
    std::vector<const Vector*> keys;
    for (const BoundExpr& key : step.keys) {
        keys.push_back(SKY_TRY(evaluate_in_runs(key, frame, poll)));
    }
    KeyTable table(keys.size(), context.arena.budget());
    std::vector<std::uint32_t> numbers(frame.rows());
    bool fits = true;
    SKY_TRY(each_run(frame, {}, poll, [&](std::size_t begin, std::size_t count) {
        std::vector<const Vector*> run;
        for (const Vector* key : keys) run.push_back(slice(context.arena, key, begin, count));
        fits = fits && table.number_rows(context, run, numbers.data() + begin);
    }));
    if (!fits) return {};  // The budget is exhausted.
    std::vector<std::uint8_t> seen(table.size(), 0);
    std::vector<std::uint32_t> kept;
    for (std::size_t i = 0; i < frame.rows(); ++i) {
        const bool whole = std::all_of(keys.begin(), keys.end(),
                                       [&](const Vector* key) { return key->present(i); });
        if (whole && seen[numbers[i]]++ != 0) {
            seen[numbers[i]] = 1;
            continue;
        }
        kept.push_back(static_cast<std::uint32_t>(i));
    }
    if (kept.size() != frame.rows()) frame.select(kept);
    return {};
}

}  // namespace

Error memory_error(std::uint64_t bytes_max) {
    return {ErrorCode::kLimitExceeded,
            fmt::format("the query needs more memory than it may have: narrow the time range, "
                        "filter earlier, group by fewer values or add a limit ({} MiB)",
                        bytes_max >> 20)};
}

Result<std::unique_ptr<Table>> run_table_steps(const Plan& plan, std::size_t first,
                                               std::unique_ptr<Table> table, std::int64_t now_s,
                                               columnar::MemoryBudget& budget, const Poll& poll,
                                               const TraceTo& to) {
    const auto check = [&](const EvalContext& context) -> Status {
        if (context.error) return std::unexpected(*context.error);
        if (budget.exhausted()) return std::unexpected(memory_error(budget.bytes_max()));
        return poll();
    };
    while (true) {
        EvalContext context{table->arena, table->rows, now_s, std::nullopt};
        SKY_TRY(check(context));
        Frame frame(plan, context, nullptr);
        frame.begin_table(*table);
        std::unique_ptr<Table> groups;
        std::size_t at = first;
        for (; at < plan.steps.size() && groups == nullptr; ++at) {
            const Step& step = plan.steps[at];
            const std::size_t rows_in = frame.rows();
            const std::int64_t begin_ns = trace_ns(to.clock);
            if (const auto* sort = std::get_if<SortStep>(&step)) {
                SKY_TRY(sort_rows(*sort, frame, poll));
            } else if (const auto* limit = std::get_if<LimitStep>(&step)) {
                limit_rows(*limit, frame);
            } else if (const auto* dedup = std::get_if<DedupStep>(&step)) {
                SKY_TRY(dedup_rows(*dedup, frame, poll));
            } else if (const auto* rows = std::get_if<RowsStep>(&step)) {
                SKY_TRY(run_rows_step(*rows, frame, poll));
            } else if (const auto* stats = std::get_if<StatsStep>(&step)) {
                const GroupSinkSpec spec{stats, ~0ULL, order_matters(plan, at + 1)};
                groups = SKY_TRY(group_rows(spec, step, frame, budget, poll));
            } else {
                SKY_TRY(row_step_in_runs(step, frame, poll));
            }
            if (to.trace != nullptr) {
                const std::size_t rows_out = groups != nullptr ? groups->rows : frame.rows();
                to.trace->steps[at].add({rows_in, rows_out, trace_ns(to.clock) - begin_ns});
            }
            SKY_TRY(check(context));
        }
        if (groups == nullptr) {
            table->rows = frame.rows();
            table->columns = frame.take_columns();
            return table;
        }
        table = std::move(groups);
        first = at;
    }
}

Result<QueryResult> render_table(const Plan& plan, const Table& table, std::uint64_t rows_max) {
    QueryResult result;
    const auto rows = static_cast<std::size_t>(std::min<std::uint64_t>(table.rows, rows_max));
    std::vector<std::string> names;
    for (const OutputColumn& column : plan.output) names.push_back(column.name);
    result.rows = ResultRows(std::move(names));
    result.rows.reserve(rows);
    std::uint64_t name_bytes = 0;
    for (std::size_t i = 0; i < rows; ++i) {
        for (std::size_t c = 0; c < plan.output.size(); ++c) {
            const Vector* values = table.columns[plan.output[c].slot];
            if (values == nullptr || !values->present(i)) continue;
            append_rendered(values->at(i), result.rows.text());
            result.rows.end_cell(c);
            name_bytes += plan.output[c].name.size();
        }
        result.rows.end_row();
        if (name_bytes + result.rows.text().size() > kResultBytesMax) {
            return fail(ErrorCode::kLimitExceeded,
                        fmt::format("the result is larger than {} MiB: ask for fewer rows or "
                                    "columns",
                                    kResultBytesMax >> 20));
        }
    }
    result.rows.settle();
    return result;
}

}  // namespace sky::insights
