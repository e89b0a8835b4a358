// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "insights/functions/derived.h"
#include "insights/plan/binder.h"
#include "insights/plan/limits.h"
#include "insights/syntax/names.h"
#include "insights/syntax/texts.h"

namespace sky::insights {
namespace {

/// What is left of "prefix.name", or nothing when the name has another prefix.
std::optional<std::string> below(std::string_view prefix, std::string_view name) {
    if (prefix.empty() || name.size() < prefix.size() + 2 || !name.starts_with(prefix) ||
        name[prefix.size()] != '.') {
        return std::nullopt;
    }
    return std::string(name.substr(prefix.size() + 1));
}

std::uint32_t column_of(const Plan& plan, std::string_view name) {
    std::uint32_t at = 0;
    while (at < plan.output.size() && plan.output[at].name != name) ++at;
    return at;
}

/// Whether the query chooses its columns: otherwise the events' own are not worth showing.
bool chooses_columns(const Query& query) {
    return std::any_of(query.commands.begin(), query.commands.end(), [](const Command& command) {
        return !std::holds_alternative<FilterCommand>(command.body) &&
               !std::holds_alternative<SortCommand>(command.body) &&
               !std::holds_alternative<LimitCommand>(command.body) &&
               !std::holds_alternative<DedupCommand>(command.body);
    });
}

}  // namespace

Result<std::uint32_t> Binder::add_side(const Query& query, Span span, SideWindow window,
                                       std::uint64_t rows_max, bool timed,
                                       const std::vector<std::string>& extra) {
    if (++sides_ > kSidesMax) {
        return expressions_.error_at(span, fmt::format(texts::kSubqueriesMax, kSidesMax));
    }
    auto plan = std::make_shared<Plan>(SKY_TRY(Binder(text_, sides_).run(query, extra)));
    if (plan->unmasks) plan_.unmasks = true;
    if (plan_.standard_only.empty()) plan_.standard_only = plan->standard_only;
    plan_.sides.push_back({std::move(plan), window, rows_max, rows_max < kSideRowsMax, timed});
    return static_cast<std::uint32_t>(plan_.sides.size() - 1);
}

std::vector<std::string> Binder::names_below(std::string_view prefix) const {
    std::vector<std::string> names;
    for (std::size_t i = command_ + 1; i < query_->commands.size(); ++i) {
        for_each_name(query_->commands[i], [&](const std::string& name) {
            if (auto rest = below(prefix, name)) names.push_back(*std::move(rest));
        });
    }
    return names;
}

Status Binder::bind(const LookupCommand& command, Span) {
    LookupUse use;
    use.table = command.table.text;
    use.span = command.table.span;
    RowsStep step;
    LookupRows rows;
    rows.table = static_cast<std::uint32_t>(plan_.lookups.size());
    rows.keys = command.keys.size();
    for (const LookupCommand::Key& key : command.keys) {
        step.reads.push_back(SKY_TRY(expressions_.field(key.field.text, scope_)));
        use.columns.push_back(key.column);
    }
    for (const Name& output : command.outputs) {
        step.reads.push_back(SKY_TRY(expressions_.field(output.text, scope_)));
        use.columns.push_back(output);
    }
    for (const Name& output : command.outputs) {
        step.writes.push_back(SKY_TRY(new_column(output.text)));
    }
    step.what = rows;
    plan_.lookups.push_back(std::move(use));
    return add_rows(std::move(step));
}

Status Binder::bind(const JoinCommand& command, Span span) {
    const std::string& right = command.right.text;
    std::vector<std::string> left_keys;
    std::vector<std::string> extra;
    for (const JoinCommand::Key& key : command.keys) {
        const Name* ours = &key.left;
        const Name* theirs = &key.right;
        if (below(right, ours->text)) std::swap(ours, theirs);
        const auto named = below(right, theirs->text);
        if (below(right, ours->text) || (!right.empty() && !named)) {
            return expressions_.error_at(
                key.left.span,
                fmt::format(texts::kJoinKey, command.left.text.empty() ? "left" : command.left.text,
                            right.empty() ? "right" : right));
        }
        left_keys.push_back(below(command.left.text, ours->text).value_or(ours->text));
        extra.push_back(named.value_or(theirs->text));
    }
    JoinRows rows;
    rows.keep_left = command.keep_left;
    for (std::string& name : names_below(right)) extra.push_back(std::move(name));
    const Query& query = *command.query.query;
    rows.side = SKY_TRY(add_side(query, span, {}, kSideRowsMax, true, extra));
    const Plan& side = *plan_.sides[rows.side].plan;
    RowsStep step;
    for (const std::string& name : left_keys) {
        step.reads.push_back(SKY_TRY(expressions_.field(name, scope_)));
    }
    for (std::size_t i = 0; i < left_keys.size(); ++i) {
        rows.keys.push_back(column_of(side, extra[i]));
    }
    const bool chooses = chooses_columns(query);
    const std::vector<std::string> left_columns = shown();
    for (std::uint32_t i = 0; i < side.output.size(); ++i) {
        const std::string& name = side.output[i].name;
        if (name == "@ptr") continue;
        const bool wanted = std::find(extra.begin(), extra.end(), name) != extra.end();
        const bool own = name == "@timestamp" || name == "@message";
        if (!wanted && own && !chooses) continue;
        const std::string full = right.empty() ? name : right + "." + name;
        if (right.empty() &&
            std::find(left_columns.begin(), left_columns.end(), name) != left_columns.end()) {
            continue;  // The left row's stays.
        }
        rows.columns.push_back(i);
        if (chooses && !(wanted && own)) {
            step.writes.push_back(SKY_TRY(new_column(full)));
        } else {
            const std::uint32_t slot = SKY_TRY(expressions_.new_slot(full));
            define(full, {slot, true, false});
            step.writes.push_back(slot);
        }
    }
    step.what = std::move(rows);
    scope_.set_alias(command.left.text);
    plan_.limited = false;
    return add_rows(std::move(step));
}

Status Binder::bind(const AppendcolsCommand& command, Span span) {
    AppendcolsRows rows;
    rows.override_fields = command.override_fields;
    rows.side = SKY_TRY(add_side(*command.query.query, span, {},
                                 static_cast<std::uint64_t>(command.rows_max), true, {}));
    const Plan& side = *plan_.sides[rows.side].plan;
    RowsStep step;
    for (std::uint32_t i = 0; i < side.output.size(); ++i) {
        const std::string& name = side.output[i].name;
        if (name == "@ptr") continue;
        rows.columns.push_back(i);
        const std::vector<std::string> present = shown();
        const bool ours = std::find(present.begin(), present.end(), name) != present.end();
        step.reads.push_back(ours ? SKY_TRY(expressions_.field(name, scope_))
                                  : slot_expr(expressions_.missing_slot()));
        step.writes.push_back(ours ? SKY_TRY(replace_column(name)) : SKY_TRY(new_column(name)));
    }
    step.what = std::move(rows);
    return add_rows(std::move(step));
}

// pattern and what compares patterns ---------------------------------------------------------
Status Binder::bind(const PatternCommand& command, Span) {
    plan_.standard_only = "pattern";
    std::vector<BoundExpr> args;
    args.push_back(SKY_TRY(expressions_.bind(command.expr, scope_)));
    BoundExpr masked = call_expr(derived_function(Derived::kPatternTemplate), std::move(args));
    const std::uint32_t masked_slot = SKY_TRY(compute(std::move(masked), "template"));
    StatsStep stats;
    GroupKey key;
    key.expr = slot_expr(masked_slot);
    key.slot = SKY_TRY(expressions_.new_slot("template"));
    AggregateCall count;
    count.kind = AggregateKind::kCount;
    count.slot = SKY_TRY(expressions_.new_slot("count"));
    RowsStep step{PatternRows{}, {slot_expr(key.slot), slot_expr(count.slot)}, {}, nullptr};
    stats.keys.push_back(std::move(key));
    stats.aggregates.push_back(std::move(count));
    bin_name_.clear();
    SKY_TRY(add_stats(std::move(stats), {}, Scope(false), {}));
    for (const char* name :
         {"@pattern", "@ratio", "@sampleCount", "@severityLabel", "@regexString"}) {
        step.writes.push_back(SKY_TRY(new_column(name)));
    }
    std::vector<BoundExpr> pattern = {slot_expr(step.writes[0])};
    SKY_TRY(add_rows(std::move(step)));
    const std::uint32_t id = SKY_TRY(new_column("@patternId"));
    plan_.steps.push_back(ComputeStep{call_expr(*find_function("md5"), std::move(pattern)), id});
    return {};
}

Status Binder::bind(const DiffCommand& command, Span span) {
    SideWindow window;
    window.kind = SideWindow::Kind::kShifted;
    using enum DiffCommand::Window;
    switch (command.window) {
        case kPreceding:
            window.kind = SideWindow::Kind::kPreceding;
            break;
        case kDay:
            window.shift = {1, PeriodUnit::kDay};
            break;
        case kWeek:
            window.shift = {7, PeriodUnit::kDay};
            break;
        case kMonth:
            window.shift = {1, PeriodUnit::kMonth};
            break;
        case kPeriod: {
            const auto period = parse_period(command.period);
            if (!period) {
                return expressions_.error_at(command.period_span,
                                             fmt::format(texts::kBadPeriod, command.period));
            }
            window.shift = *period;
            break;
        }
    }
    return compare_windows(command.window == kPeriod ? "logcompare" : "diff", window, false, span);
}

Status Binder::bind(const AnomalyCommand&, Span span) {
    return compare_windows("anomaly", {SideWindow::Kind::kPreceding, {1, PeriodUnit::kDay}}, true,
                           span);
}

/// The commands in front of this one run over the other window too, without their limits: a pattern
/// is found there wherever it stands.
Status Binder::compare_windows(std::string_view name, SideWindow window, bool anomalies,
                               Span span) {
    if (scope_.column("@pattern") == nullptr || scope_.column("@sampleCount") == nullptr) {
        return expressions_.error_at(span, fmt::format(texts::kBehind, name, "pattern"));
    }
    Query prefix;
    for (std::size_t i = 0; i < command_; ++i) {
        const Command& command = query_->commands[i];
        const bool skipped = std::holds_alternative<LimitCommand>(command.body) ||
                             std::holds_alternative<DiffCommand>(command.body) ||
                             std::holds_alternative<AnomalyCommand>(command.body);
        if (!skipped) prefix.commands.push_back(command);
    }
    CompareRows rows;
    rows.anomalies = anomalies;
    const std::vector<std::string> names = {"@pattern", "@sampleCount"};
    rows.side = SKY_TRY(add_side(prefix, span, window, kSideRowsMax, false, names));
    const Plan& side = *plan_.sides[rows.side].plan;
    rows.pattern = column_of(side, "@pattern");
    rows.count = column_of(side, "@sampleCount");
    RowsStep step{rows, {}, {}, nullptr};
    for (const std::string& read : names) {
        step.reads.push_back(SKY_TRY(expressions_.field(read, scope_)));
    }
    step.reads.push_back(SKY_TRY(expressions_.field("@severityLabel", scope_)));
    if (anomalies) {
        for (const char* column : {"@anomalyType", "@anomalyScore", "@anomalyDescription"}) {
            step.writes.push_back(SKY_TRY(new_column(column)));
        }
        return add_rows(std::move(step));
    }
    for (const char* column : {"@pattern", "@sampleCount", "@severityLabel"}) {
        step.writes.push_back(SKY_TRY(replace_column(column)));
    }
    for (const char* column :
         {"@previousSampleCount", "@differencePercentage", "@differenceType"}) {
        step.writes.push_back(SKY_TRY(new_column(column)));
    }
    plan_.limited = false;
    return add_rows(std::move(step));
}

}  // namespace sky::insights
