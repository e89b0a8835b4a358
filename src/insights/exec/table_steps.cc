// SPDX-License-Identifier: Apache-2.0
#include "insights/exec/table_steps.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "insights/exec/key_table.h"
#include "insights/exec/limits.h"
#include "insights/exec/rows_steps.h"
#include "insights/exec/sink.h"
#include "insights/functions/order.h"
#include "insights/functions/render.h"

namespace sky::insights {
namespace {

/// Rows that are sorted between two looks at the stop token. Ours: some tens of milliseconds.
constexpr std::size_t kSortRunRows = 65'536;

/// A stable merge sort in runs, so that stopping a query need not wait for millions of rows.
Status sort_rows(const SortStep& step, Frame& frame, const Poll& poll) {
    std::vector<const Vector*> keys;
    for (const BoundSortKey& key : step.keys) keys.push_back(evaluate(key.expr, frame));
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
    for (std::size_t begin = 0; begin < rows; begin += kSortRunRows) {
        SKY_TRY(poll());
        std::stable_sort(at(begin), at(begin + kSortRunRows), before);
    }
    std::vector<std::uint32_t> merged(rows > kSortRunRows ? rows : 0);
    for (std::size_t width = kSortRunRows; width < rows; width *= 2) {
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

void dedup_rows(const DedupStep& step, Frame& frame) {
    EvalContext& context = frame.context();
    std::vector<const Vector*> keys;
    for (const BoundExpr& key : step.keys) keys.push_back(evaluate(key, frame));
    KeyTable table(keys.size(), context.arena.budget());
    std::vector<std::uint32_t> numbers(frame.rows());
    if (!table.number_rows(context, keys, numbers.data())) return;
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
                dedup_rows(*dedup, frame);
            } else if (const auto* rows = std::get_if<RowsStep>(&step)) {
                SKY_TRY(run_rows_step(*rows, frame, poll));
            } else if (const auto* stats = std::get_if<StatsStep>(&step)) {
                const GroupSinkSpec spec{stats, ~0ULL, order_matters(plan, at + 1)};
                const auto sink = make_group_sink(plan, spec, budget);
                sink->add(frame);
                groups = sink->finish(budget);
            } else {
                apply_row_step(step, frame);
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
    for (const OutputColumn& column : plan.output) result.columns.push_back(column.name);
    result.rows.resize(rows);
    std::uint64_t bytes = 0;
    for (std::size_t i = 0; i < rows; ++i) {
        Row& row = result.rows[i];
        row.reserve(plan.output.size());
        for (const OutputColumn& column : plan.output) {
            const Vector* values = table.columns[column.slot];
            if (values == nullptr || !values->present(i)) continue;
            Cell cell{column.name, {}};
            append_rendered(values->at(i), cell.value);
            bytes += cell.field.size() + cell.value.size();
            row.push_back(std::move(cell));
        }
        if (bytes > kResultBytesMax) {
            return fail(ErrorCode::kLimitExceeded,
                        fmt::format("the result is larger than {} MiB: ask for fewer rows or "
                                    "columns",
                                    kResultBytesMax >> 20));
        }
    }
    return result;
}

}  // namespace sky::insights
