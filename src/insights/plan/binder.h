// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/insights/plan/binder.h - walks the commands; binder.cc has those of events and
              // groups, rows_binder.cc those of rows in order, side_binder.cc those with a second
              // input.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "insights/plan/expression_binder.h"
#include "insights/plan/plan.h"
#include "insights/plan/scope.h"

namespace sky::insights {

/// Binds one query with the scope and the output list of logs-insights-ql.md 4.
/// Threads: one at a time.
class Binder {
public:
    /// `sides` counts the queries inside the whole one.
    Binder(std::string_view text, std::size_t& sides);

    /// `extra`: names that the output holds besides, for whoever reads them from outside.
    Result<Plan> run(const Query& query, const std::vector<std::string>& extra = {});

private:
    // binder.cc
    Status bind(const FieldsCommand& command, Span span);
    Status bind(const FilterCommand& command, Span span);
    Status bind(const StatsCommand& command, Span span);
    Status bind(const SortCommand& command, Span span);
    Status bind(const LimitCommand& command, Span span);
    Status bind(const DedupCommand& command, Span span);
    Status bind(const ParseCommand& command, Span span);
    Status bind(const UnmaskCommand& command, Span span);
    Status bind(const CountFrequentCommand& command, Span span);
    // rows_binder.cc
    Status bind(const UnnestCommand& command, Span span);
    Status bind(const AccumCommand& command, Span span);
    Status bind(const AutoregressCommand& command, Span span);
    Status bind(const AddtotalsCommand& command, Span span);
    Status bind(const FilldownCommand& command, Span span);
    Status bind(const FillmissingCommand& command, Span span);
    Status bind(const OutlierCommand& command, Span span);
    Status bind(const SessionizeCommand& command, Span span);
    // side_binder.cc
    Status bind(const LookupCommand& command, Span span);
    Status bind(const JoinCommand& command, Span span);
    Status bind(const AppendcolsCommand& command, Span span);
    Status bind(const PatternCommand& command, Span span);
    Status bind(const DiffCommand& command, Span span);
    Status bind(const AnomalyCommand& command, Span span);

    struct Mentions {
        std::size_t columns = 0;
        std::size_t others = 0;
        Span other;
    };
    void count_mentions(const Expr& expr, Mentions& mentions) const;
    Status bind_item(const Item& item);
    Result<std::uint32_t> compute(BoundExpr expr, const std::string& name);
    Status check_alias(const Item& item) const;
    Status check_new(const std::string& name, Span span) const;
    std::unexpected<Error> already_defined(const std::string& name, Span span) const;
    void define(const std::string& name, Scope::Named named);
    void append_output(const std::string& name);
    void add_all_columns();
    /// The default output is left behind: @timestamp and @message stay in front of what comes.
    void keep_default_output();
    /// A new column `name`: defined, shown. Redefines what was there.
    Result<std::uint32_t> new_column(const std::string& name);
    Status name_groups(const ParseCommand& command, const Regex& regex, std::vector<Name>& names,
                       std::vector<std::size_t>& captures) const;
    Status parse_derived(const ParseCommand& command, BoundExpr source);
    void remember_bins(const StatsCommand& command, const StatsStep& step);
    Status offset_bins(const StatsCommand& command, StatsStep& step);
    Status add_stats(StatsStep step, std::vector<ComputeStep> results, Scope columns,
                     std::vector<std::string> names);
    Status finish_output(const std::vector<std::string>& extra);

    /// Names that show at this point, besides @ptr.
    std::vector<std::string> shown() const;
    Status add_rows(RowsStep step);
    Result<std::uint32_t> replace_column(const std::string& written);
    /// The step reads these columns as they are before it and writes them anew.
    Status replace_columns(const std::vector<std::string>& names, RowsStep& step);
    /// Adds a side that runs `query`; the answer is its number.
    Result<std::uint32_t> add_side(const Query& query, Span span, SideWindow window,
                                   std::uint64_t rows_max, bool timed,
                                   const std::vector<std::string>& extra);
    Status compare_windows(std::string_view name, SideWindow window, bool anomalies, Span span);
    /// Names behind "prefix." in the commands behind the present one.
    std::vector<std::string> names_below(std::string_view prefix) const;

    std::string_view text_;
    std::size_t& sides_;
    const Query* query_ = nullptr;
    std::size_t command_ = 0;  // That is bound.
    Plan plan_;
    ExpressionBinder expressions_;
    Scope scope_{true};
    std::vector<std::string> defined_;  // Names of scope_ in the order of their definition.
    std::vector<std::string> output_;
    bool default_output_ = true;
    Scope event_scope_{true};  // As it was before the first stats.
    std::size_t stats_index_ = 0;
    std::size_t stats_count_ = 0;
    // Of the last stats, for fillmissing.
    std::vector<std::string> key_names_;
    std::string bin_name_;  // Empty: it has none.
    Period bin_period_{1, PeriodUnit::kSecond};
};

}  // namespace sky::insights
