// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/insights/plan/expression_binder.h - expressions: names to slots, calls to table
              // rows.

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "insights/plan/plan.h"
#include "insights/plan/scope.h"

namespace sky::insights {

/// Owns the plan's slots while it is made. Threads: one at a time.
class ExpressionBinder {
public:
    ExpressionBinder(std::string_view text, Plan& plan) : text_(text), plan_(plan) {}

    /// Binds where rows are given: fields, filter, sort, by, arguments of aggregates.
    Result<BoundExpr> bind(const Expr& expr, const Scope& scope);

    /// Binds a query in parentheses; the answer is its number in Plan::sides. Set by the binder.
    std::function<Result<std::uint32_t>(const Query&, Span)> bind_side;

    /// Before the items of each stats: equal aggregate calls of one list share a state.
    void begin_stats() { aggregate_slots_.clear(); }
    /// Binds an item of stats: aggregates become calls of `step` over `input`, names are those of
    /// earlier items in `items`.
    Result<BoundExpr> bind_aggregate(const Expr& expr, const Scope& input, const Scope& items,
                                     StatsStep& step);

    /// The slot of an automatic or discovered field of events.
    Result<std::uint32_t> event_slot(std::string_view name);
    Result<std::uint32_t> new_slot(std::string name);
    std::uint32_t missing_slot();

    Result<BoundExpr> field(std::string_view name, const Scope& scope);
    Result<std::shared_ptr<const Regex>> regex(const Expr& pattern) const;
    std::unexpected<Error> error_at(Span span, std::string_view what) const;

private:
    struct Context {
        const Scope& rows;             // Where names and @timestamp are looked up.
        const Scope* items = nullptr;  // Only in the list of stats: the earlier items.
        StatsStep* step = nullptr;     // Likewise.
    };
    Result<BoundExpr> expression(const Expr& expr, const Context& context);
    Result<BoundExpr> number(const Expr& expr, bool negative) const;
    Result<BoundExpr> unary(const Expr& expr, const Context& context);
    Result<BoundExpr> binary(const Expr& expr, const Context& context);
    Result<BoundExpr> in(const Expr& expr, const Context& context);
    Result<BoundExpr> call(const Expr& expr, const Context& context);
    Result<BoundExpr> scalar(const Expr& expr, const FunctionDef& function, const Context& context);
    Result<BoundExpr> aggregate(const Expr& expr, const AggregateDef& def, const Context& context);
    Result<double> aggregate_parameter(const AggregateDef& def, const Expr& expr) const;
    Result<BoundExpr> period(const Expr& expr) const;

    std::string_view text_;
    Plan& plan_;
    std::map<std::string, std::uint32_t, std::less<>> event_slots_;
    std::map<std::string, std::uint32_t, std::less<>> aggregate_slots_;
    std::uint32_t missing_slot_ = kNoSlot;
};

/// The value of a field's slot.
BoundExpr slot_expr(std::uint32_t slot);
BoundExpr text_constant(std::string text);
BoundExpr number_constant(double number);
BoundExpr call_expr(const FunctionDef& function, std::vector<BoundExpr> args);

/// The spelling under which equal expressions meet: printed, function names in lower case, without
/// parentheses around the whole.
std::string expression_key(const Expr& expr);
/// Whether the expression's values are starts of time bins.
bool is_time_bin(const Expr& expr, const Scope& scope);

}  // namespace sky::insights
