// SPDX-License-Identifier: Apache-2.0
#include "insights/exec/rows_steps.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <unordered_map>

#include "columnar/decimal.h"
#include "insights/exec/limits.h"
#include "insights/exec/side_rows.h"
#include "insights/functions/json_values.h"
#include "insights/functions/kernels.h"
#include "insights/functions/render.h"
#include "json/fields.h"

namespace sky::insights {
namespace {

using columnar::NumericView;

/// Cuts `row` out of a numeric view; nothing when it is no number.
std::optional<double> number_at(const NumericView& view, std::size_t row) {
    if (!view.is_valid(row)) return std::nullopt;
    return view.values[row & view.mask];
}

Value number_value(double number) {
    return std::isfinite(number) ? Value::of_number(number) : Value::missing();
}

}  // namespace

std::string_view RowsCall::keep(std::string_view text) const {
    char* const copy = kernels::grow_text(frame.context(), text.size());
    if (copy == nullptr) return {};
    text.copy(copy, text.size());
    return {copy, text.size()};
}

Status check_made_rows(std::size_t rows) {
    if (rows <= kMadeRowsMax) return {};
    return fail(ErrorCode::kLimitExceeded,
                fmt::format("a command would make more than {} rows", kMadeRowsMax));
}

Status run_rows_step(const RowsStep& step, Frame& frame, const Poll& poll) {
    RowsCall call{step, frame, poll, {}};
    for (const BoundExpr& read : step.reads) call.reads.push_back(evaluate(read, frame));
    return std::visit([&](const auto& rows) { return run(rows, call); }, step.what);
}

Status run(const UnnestRows&, RowsCall& call) {
    std::vector<std::uint32_t> from;
    std::vector<Value> elements;
    std::string scratch;
    for (std::size_t row = 0; row < call.rows(); ++row) {
        if (row % kStepRowsMax == 0) SKY_TRY(call.poll());
        const Value value = call.reads[0]->at(row);
        if (!value.present()) continue;
        const bool text = value.kind == Kind::kJson || value.kind == Kind::kText;
        const json::Token list = text ? json::scan(value.text) : json::Token{};
        if (list.type != json::Type::kArray) {  // A list of one.
            from.push_back(static_cast<std::uint32_t>(row));
            elements.push_back(value);
            continue;
        }
        for (const json::Token& token : json::elements(list)) {
            from.push_back(static_cast<std::uint32_t>(row));
            elements.push_back(value_of_token(call.frame.context(), token, scratch));
        }
        SKY_TRY(check_made_rows(from.size()));
    }
    call.frame.expand(from);
    Value* const column = call.values();
    std::copy(elements.begin(), elements.end(), column);
    call.write(0, column);
    return {};
}

Status run(const AccumRows&, RowsCall& call) {
    const NumericView& in = call.reads[0]->numeric(call.arena());
    Value* const out = call.values();
    double sum = 0;
    double lost = 0;  // Kahan's compensation: a long column of cents stays exact to the cent.
    for (std::size_t row = 0; row < call.rows(); ++row) {
        if (const auto value = number_at(in, row)) {
            const double added = *value - lost;
            const double next = sum + added;
            lost = (next - sum) - added;
            sum = next;
        }
        out[row] = number_value(sum);
    }
    call.write(0, out);
    return {};
}

Status run(const AutoregressRows& rows, RowsCall& call) {
    for (std::size_t i = 0; i < call.step.writes.size(); ++i) {
        const std::size_t distance = rows.first + i;
        Value* const out = call.values();
        for (std::size_t row = 0; row < call.rows(); ++row) {
            out[row] = row >= distance ? call.reads[0]->at(row - distance) : Value::missing();
        }
        call.write(i, out);
    }
    return {};
}

Status run(const AddtotalsRows& rows, RowsCall& call) {
    const std::size_t fields = call.reads.size();
    const std::size_t count = call.rows();
    const std::size_t made = count + (rows.column && count > 0 ? 1 : 0);
    std::vector<Value*> columns(call.step.writes.size());
    for (Value*& column : columns) {
        column = call.arena().array<Value>(made);
        std::fill_n(column, made, Value::missing());
    }
    std::vector<double> sums(columns.size(), 0);
    std::vector<std::uint8_t> any(columns.size(), 0);
    std::vector<const NumericView*> views;
    for (const Vector* read : call.reads) views.push_back(&read->numeric(call.arena()));
    for (std::size_t row = 0; row < count; ++row) {
        double total = 0;
        bool some = false;
        for (std::size_t i = 0; i < fields; ++i) {
            columns[i][row] = call.reads[i]->at(row);
            const auto value = number_at(*views[i], row);
            if (!value) continue;
            total += *value;
            some = true;
            sums[i] += *value;
            any[i] = 1;
        }
        if (!rows.row || !some) continue;
        columns[fields][row] = number_value(total);
        sums[fields] += total;
        any[fields] = 1;
    }
    if (made > count) {
        std::vector<std::uint32_t> order(made);
        std::iota(order.begin(), order.end(), 0U);
        order.back() = kNewRow;
        call.frame.expand(order);
        call.frame.renumber();
        for (std::size_t i = 0; i < columns.size(); ++i) {
            if (any[i] != 0) columns[i][count] = number_value(sums[i]);
        }
    }
    for (std::size_t i = 0; i < columns.size(); ++i) call.write(i, columns[i]);
    return {};
}

Status run(const FilldownRows&, RowsCall& call) {
    for (std::size_t i = 0; i < call.reads.size(); ++i) {
        Value* const out = call.values();
        Value last = Value::missing();
        for (std::size_t row = 0; row < call.rows(); ++row) {
            if (call.reads[i]->present(row)) last = call.reads[i]->at(row);
            out[row] = last;
        }
        call.write(i, out);
    }
    return {};
}

Status run(const FillmissingRows& rows, RowsCall& call) {
    // Combinations of the other keys, as they come.
    std::vector<std::uint32_t> examples;  // A row of each.
    std::map<std::pair<std::int64_t, std::size_t>, std::uint32_t> known;
    std::unordered_map<std::string, std::size_t> combinations;
    std::vector<std::uint32_t> loose;  // Rows without a bin stay at the end.
    std::int64_t first = INT64_MAX;
    std::int64_t last = INT64_MIN;
    bool ascending = false;
    bool any = false;
    for (std::size_t row = 0; row < call.rows(); ++row) {
        const Value bin = call.reads[0]->at(row);
        if (bin.kind != Kind::kTimestamp) {
            loose.push_back(static_cast<std::uint32_t>(row));
            continue;
        }
        std::string key;
        for (std::size_t k = 0; k < rows.keys; ++k) {
            if (!append_key(call.reads[1 + k]->at(row), key)) key += 'm';
        }
        const auto [at, added] = combinations.try_emplace(std::move(key), examples.size());
        if (added) examples.push_back(static_cast<std::uint32_t>(row));
        if (any && bin.integer > last && first == last) ascending = true;
        any = true;
        first = std::min(first, bin.integer);
        last = std::max(last, bin.integer);
        const auto number = static_cast<std::uint32_t>(row);
        // A second row of one bin and combination (unnest makes such) stays too, at the end.
        if (!known.emplace(std::pair(bin.integer, at->second), number).second) {
            loose.push_back(number);
        }
    }
    if (!any) return {};
    std::vector<std::int64_t> bins;
    for (std::int64_t bin = first; bin <= last; bin = next_boundary(rows.period, bin)) {
        bins.push_back(bin);
        SKY_TRY(check_made_rows(bins.size() * examples.size()));
        if (bins.size() % kStepRowsMax == 0) SKY_TRY(call.poll());
    }
    if (!ascending) std::reverse(bins.begin(), bins.end());
    std::vector<std::uint32_t> order;
    std::vector<std::pair<std::int64_t, std::uint32_t>> made;  // Bin and example of a new row.
    for (const std::int64_t bin : bins) {
        for (std::size_t c = 0; c < examples.size(); ++c) {
            const auto at = known.find({bin, c});
            order.push_back(at == known.end() ? kNewRow : at->second);
            made.emplace_back(bin, examples[c]);
        }
    }
    for (const std::uint32_t row : loose) {
        order.push_back(row);
        made.emplace_back(0, row);
    }
    std::vector<Value*> columns;
    for (std::size_t i = 0; i < call.reads.size(); ++i) {
        auto* column = call.arena().array<Value>(order.size());
        for (std::size_t row = 0; row < order.size(); ++row) {
            if (order[row] != kNewRow) {
                column[row] = call.reads[i]->at(order[row]);
            } else if (i == 0) {
                column[row] = Value::of_timestamp(made[row].first);
            } else if (i <= rows.keys) {
                column[row] = call.reads[i]->at(made[row].second);
            } else {
                column[row] = rows.values[i] ? rows.values[i]->value() : Value::missing();
            }
        }
        columns.push_back(column);
    }
    call.frame.expand(order);
    call.frame.renumber();
    for (std::size_t i = 0; i < columns.size(); ++i) call.write(i, columns[i]);
    return {};
}

namespace {

/// Linear between the two ranks around the quantile; `sorted` is not empty.
double quantile(const std::vector<double>& sorted, double share) {
    const double place = share * static_cast<double>(sorted.size() - 1);
    const auto low = static_cast<std::size_t>(place);
    const std::size_t high = std::min(low + 1, sorted.size() - 1);
    return sorted[low] + (sorted[high] - sorted[low]) * (place - static_cast<double>(low));
}

}  // namespace

Status run(const OutlierRows& rows, RowsCall& call) {
    const std::size_t fields = call.reads.size();
    std::vector<std::uint8_t> beyond(call.rows(), 0);
    for (std::size_t i = 0; i < fields; ++i) {
        SKY_TRY(call.poll());
        const NumericView& in = call.reads[i]->numeric(call.arena());
        std::vector<double> sorted;
        for (std::size_t row = 0; row < call.rows(); ++row) {
            if (const auto value = number_at(in, row)) sorted.push_back(*value);
        }
        std::sort(sorted.begin(), sorted.end());
        double low = -std::numeric_limits<double>::infinity();
        double high = std::numeric_limits<double>::infinity();
        if (!sorted.empty()) {
            const double first = quantile(sorted, 0.25);
            const double third = quantile(sorted, 0.75);
            high = third + rows.param * (third - first);
            if (rows.use_lower) low = first - rows.param * (third - first);
        }
        Value* const out = call.values();
        Value* const marks = rows.mark ? call.values() : nullptr;
        for (std::size_t row = 0; row < call.rows(); ++row) {
            out[row] = call.reads[i]->at(row);
            const auto value = number_at(in, row);
            const bool out_of_fence = value && (*value < low || *value > high);
            if (out_of_fence) beyond[row] = 1;
            if (out_of_fence && rows.transform)
                out[row] = Value::of_number(*value < low ? low : high);
            if (marks != nullptr) marks[row] = Value::of_boolean(out_of_fence);
        }
        call.write(i, out);
        if (marks != nullptr) call.write(fields + i, marks);
    }
    if (rows.transform || rows.mark) return {};  // Who marks rows wants to see them.
    std::vector<std::uint32_t> kept;
    for (std::size_t row = 0; row < beyond.size(); ++row) {
        if (beyond[row] == 0) kept.push_back(static_cast<std::uint32_t>(row));
    }
    if (kept.size() != call.rows()) call.frame.select(kept);
    return {};
}

Status run(const SessionizeRows& rows, RowsCall& call) {
    const NumericView& times = call.reads[0]->numeric(call.arena());
    std::vector<std::uint32_t> order;
    for (std::size_t row = 0; row < call.rows(); ++row) {
        if (times.is_valid(row)) order.push_back(static_cast<std::uint32_t>(row));
    }
    std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
        return times.values[a & times.mask] < times.values[b & times.mask];
    });
    struct User {
        double last_ms;
        std::uint64_t session;
    };
    std::unordered_map<std::string, User> users;
    Value* const out = call.values();
    std::fill_n(out, call.rows(), Value::missing());
    for (const std::uint32_t row : order) {
        std::string key;
        std::string name;
        bool whole = true;
        for (std::size_t i = 1; i < call.reads.size(); ++i) {
            const Value value = call.reads[i]->at(row);
            whole = whole && append_key(value, key);
            if (!whole) break;
            if (i > 1) name += '-';
            append_rendered(value, name);
        }
        if (!whole) continue;  // Nobody's event.
        const double now_ms = times.values[row & times.mask];
        const auto [at, added] = users.try_emplace(std::move(key), User{now_ms, 1});
        const bool gap = now_ms - at->second.last_ms > static_cast<double>(rows.maxspan_ms);
        if (!added && gap) ++at->second.session;
        at->second.last_ms = now_ms;
        name += fmt::format("-{}", at->second.session);
        out[row] = Value::of_text(call.keep(name));
    }
    call.write(0, out);
    return {};
}

}  // namespace sky::insights
