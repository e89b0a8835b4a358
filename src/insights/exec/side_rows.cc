// SPDX-License-Identifier: Apache-2.0
#include "insights/exec/side_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "columnar/decimal.h"
#include "insights/functions/render.h"

namespace sky::insights {
namespace {

template <class Change>
void change_exprs(BoundExpr& expr, const Change& change) {
    change(expr);
    for (BoundExpr& arg : expr.args) change_exprs(arg, change);
}

template <class Change>
struct StepChanger {
    const Change& change;
    void each(auto& list) const {
        for (auto& entry : list) change_exprs(entry.expr, change);
    }
    void operator()(ComputeStep& step) const { change_exprs(step.expr, change); }
    void operator()(ParseStep& step) const { change_exprs(step.source, change); }
    void operator()(FilterStep& step) const { change_exprs(step.condition, change); }
    void operator()(StatsStep& step) const {
        each(step.keys);
        for (AggregateCall& call : step.aggregates) {
            if (call.argument) change_exprs(*call.argument, change);
        }
    }
    void operator()(SortStep& step) const { each(step.keys); }
    void operator()(LimitStep&) const {}
    void operator()(DedupStep& step) const {
        for (BoundExpr& key : step.keys) change_exprs(key, change);
    }
    void operator()(RowsStep& step) const {
        for (BoundExpr& read : step.reads) change_exprs(read, change);
    }
};

}  // namespace

SideRows::SideRows(const Plan& plan, const Table& table) : columns_(plan.output.size()) {
    values_.reserve(table.rows * columns_);
    for (std::size_t row = 0; row < table.rows; ++row) {
        for (const OutputColumn& column : plan.output) {
            const Vector* values = table.columns[column.slot];
            values_.push_back(values == nullptr ? Value::missing() : values->at(row));
        }
    }
    own_texts();
}

Result<std::shared_ptr<const SideRows>> SideRows::of_table(const LookupTable& table,
                                                           const LookupUse& use) {
    std::shared_ptr<SideRows> made(new SideRows());
    std::vector<std::size_t> columns;
    for (const Name& name : use.columns) {
        const auto at = std::find(table.columns.begin(), table.columns.end(), name.text);
        if (at == table.columns.end()) {
            return fail(ErrorCode::kInvalidArgument,
                        fmt::format("the lookup table {} has no column {}", use.table, name.text));
        }
        columns.push_back(static_cast<std::size_t>(at - table.columns.begin()));
    }
    made->columns_ = columns.size();
    for (std::size_t row = 0; row < table.rows(); ++row) {
        for (const std::size_t column : columns) {
            made->values_.push_back(Value::of_text(table.cell(row, column)));
        }
    }
    made->own_texts();
    return made;
}

void SideRows::own_texts() {
    std::size_t bytes = 0;
    for (const Value& value : values_) bytes += value.text.size();
    text_.resize(bytes);
    std::size_t at = 0;
    for (Value& value : values_) {
        if (value.text.empty()) {
            value.text = {};
            continue;
        }
        std::memcpy(text_.data() + at, value.text.data(), value.text.size());
        value.text = std::string_view(text_).substr(at, value.text.size());
        at += value.text.size();
    }
}

bool append_key(const Value& value, std::string& key) {
    if (!value.present()) return false;
    columnar::ParsedNumber parsed{};
    const bool text = value.kind == Kind::kText || value.kind == Kind::kJson;
    const bool number = value.kind == Kind::kNumber || (text && parse_number(value.text, parsed));
    if (number) {
        const double amount = value.kind == Kind::kNumber ? value.number : parsed.value;
        key += 'n';
        // 0 and -0 are one number.
        const double plain = amount == 0 ? 0 : amount;
        key.append(reinterpret_cast<const char*>(&plain), sizeof(plain));
        return true;
    }
    return append_text_key(value, key);
}

bool append_text_key(const Value& value, std::string& key) {
    if (!value.present()) return false;
    key += 't';
    const std::size_t size_at = key.size();
    key.append(sizeof(std::uint32_t), '\0');
    const std::size_t begin = key.size();
    append_rendered(value, key);
    const auto bytes = static_cast<std::uint32_t>(key.size() - begin);
    std::memcpy(key.data() + size_at, &bytes, sizeof(bytes));
    return true;
}

Result<Plan> with_sides(const Plan& plan, const std::vector<std::shared_ptr<const SideRows>>& sides,
                        const std::vector<std::shared_ptr<const LookupTable>>& tables) {
    Plan made = plan;
    std::vector<std::shared_ptr<const InSet>> sets(sides.size());
    const auto change = [&](BoundExpr& expr) {
        if (expr.kind != BoundExpr::Kind::kIn || expr.side == kNoSide) return;
        if (sets[expr.side] == nullptr) {
            const SideRows& rows = *sides[expr.side];
            std::vector<Value> values;
            for (std::size_t i = 0; i < rows.rows(); ++i) {
                if (rows.at(i, 0).present()) values.push_back(rows.at(i, 0));
            }
            sets[expr.side] = std::make_shared<const InSet>(values);
        }
        expr.set = sets[expr.side];
    };
    const StepChanger<decltype(change)> changer{change};
    for (Step& step : made.steps) {
        std::visit(changer, step);
        auto* rows = std::get_if<RowsStep>(&step);
        if (rows == nullptr) continue;
        if (const auto* join = std::get_if<JoinRows>(&rows->what)) rows->side = sides[join->side];
        if (const auto* pasted = std::get_if<AppendcolsRows>(&rows->what)) {
            rows->side = sides[pasted->side];
        }
        if (const auto* compare = std::get_if<CompareRows>(&rows->what)) {
            rows->side = sides[compare->side];
        }
        if (const auto* lookup = std::get_if<LookupRows>(&rows->what)) {
            if (lookup->table >= tables.size() || tables[lookup->table] == nullptr) {
                return fail(ErrorCode::kInvalidArgument,
                            fmt::format("the lookup table {} does not exist",
                                        plan.lookups[lookup->table].table));
            }
            rows->side =
                SKY_TRY(SideRows::of_table(*tables[lookup->table], plan.lookups[lookup->table]));
        }
    }
    return made;
}

}  // namespace sky::insights
