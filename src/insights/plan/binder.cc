// SPDX-License-Identifier: Apache-2.0
#include "insights/plan/binder.h"

#include <fmt/format.h>

#include <algorithm>

#include "insights/functions/derived.h"
#include "insights/plan/limits.h"
#include "insights/plan/rewrite.h"
#include "insights/syntax/parser.h"
#include "insights/syntax/texts.h"

namespace sky::insights {

Binder::Binder(std::string_view text, std::size_t& sides)
    : text_(text), sides_(sides), expressions_(text, plan_) {
    expressions_.bind_side = [this](const Query& query, Span span) {
        return add_side(query, span, {}, kSideRowsMax, true, {});
    };
}

Result<Plan> Binder::run(const Query& query, const std::vector<std::string>& extra) {
    query_ = &query;
    for (command_ = 0; command_ < query.commands.size(); ++command_) {
        const Command& command = query.commands[command_];
        SKY_TRY(
            std::visit([&](const auto& body) { return bind(body, command.span); }, command.body));
    }
    SKY_TRY(finish_output(extra));
    plan_.source = query.source;
    plan_.commands_offset = query.commands_offset;
    rewrite(plan_);
    return std::move(plan_);
}

// fields, display ------------------------------------------------------------------------
Status Binder::bind(const FieldsCommand& command, Span) {
    if (command.display) output_.clear();
    default_output_ = false;
    for (const Item& item : command.items) {
        if (item.star) {
            add_all_columns();
        } else {
            SKY_TRY(bind_item(item));
        }
    }
    return {};
}

Status Binder::bind_item(const Item& item) {
    SKY_TRY(check_alias(item));
    BoundExpr bound = SKY_TRY(expressions_.bind(item.expr, scope_));
    const std::string& name = item.column();
    const bool plain = bound.kind == BoundExpr::Kind::kSlot;
    const bool same_name =
        item.alias.empty() && item.expr.kind == Expr::Kind::kField && item.expr.text == name;
    if (!plain || !same_name) {
        Scope::Named named;
        named.ephemeral = !item.alias.empty();
        named.time_bin = is_time_bin(item.expr, scope_);
        named.slot = plain ? bound.slot : SKY_TRY(compute(std::move(bound), name));
        define(name, named);
        if (item.alias.empty()) scope_.define_expression(expression_key(item.expr), name);
    }
    append_output(name);
    return {};
}

Result<std::uint32_t> Binder::compute(BoundExpr expr, const std::string& name) {
    const std::uint32_t slot = SKY_TRY(expressions_.new_slot(name));
    plan_.steps.push_back(ComputeStep{std::move(expr), slot});
    return slot;
}

Status Binder::check_alias(const Item& item) const {
    return item.alias.empty() ? Status{} : check_new(item.alias, item.alias_span);
}
Status Binder::check_new(const std::string& name, Span span) const {
    const Scope::Named* known = scope_.column(name);
    if (known == nullptr || !known->ephemeral) return {};
    return already_defined(name, span);
}
std::unexpected<Error> Binder::already_defined(const std::string& name, Span span) const {
    return expressions_.error_at(span, fmt::format(texts::kDefined, name));
}

void Binder::define(const std::string& name, Scope::Named named) {
    if (scope_.column(name) == nullptr) defined_.push_back(name);
    scope_.define(name, named);
}
void Binder::append_output(const std::string& name) {
    if (std::find(output_.begin(), output_.end(), name) == output_.end()) {
        output_.push_back(name);
    }
}
void Binder::add_all_columns() {
    if (scope_.events()) {
        for (const char* name : {"@timestamp", "@message", "@logStream", "@log"}) {
            append_output(name);
        }
    }
    for (const std::string& name : defined_) append_output(name);
}

// filter ---------------------------------------------------------------------------------
void Binder::count_mentions(const Expr& expr, Mentions& mentions) const {
    if (scope_.expression(expression_key(expr)) != nullptr) {
        ++mentions.columns;
        return;
    }
    if (expr.kind == Expr::Kind::kField) {
        if (scope_.find(expr.text)) {
            ++mentions.columns;
        } else {
            if (mentions.others++ == 0) mentions.other = expr.span;
        }
    }
    for (const Expr& arg : expr.args) count_mentions(arg, mentions);
}

Status Binder::bind(const FilterCommand& command, Span) {
    if (command.index) {
        plan_.indexed_only = true;
        plan_.standard_only = "filterIndex";
    }
    if (stats_count_ == 1) {
        // logs-insights-ql.md 6.4: published queries filter events behind the first stats.
        Mentions mentions;
        count_mentions(command.condition, mentions);
        if (mentions.others > 0 && mentions.columns > 0) {
            return expressions_.error_at(mentions.other, texts::kMixedFilter);
        }
        if (mentions.others > 0) {
            FilterStep step{SKY_TRY(expressions_.bind(command.condition, event_scope_))};
            plan_.steps.insert(plan_.steps.begin() + static_cast<std::ptrdiff_t>(stats_index_++),
                               std::move(step));
            return {};
        }
    }
    FilterStep step{SKY_TRY(expressions_.bind(command.condition, scope_))};
    plan_.steps.push_back(std::move(step));
    return {};
}

// stats ----------------------------------------------------------------------------------
Status Binder::bind(const StatsCommand& command, Span) {
    StatsStep step;
    Scope columns(false);
    std::vector<std::string> names;
    if (!scope_.events()) {
        if (const Scope::Named* time = scope_.column("@timestamp")) {
            step.timestamp_slot = time->slot;
        }
    }
    const auto add = [&](const Item& item, Scope::Named named) {
        names.push_back(item.column());
        columns.define(item.column(), named);
        const bool field = item.expr.kind == Expr::Kind::kField;
        if (item.alias.empty() && !field) {
            columns.define_expression(expression_key(item.expr), item.column());
        }
    };
    for (const Item& item : command.by) {
        if (columns.column(item.column()) != nullptr) {
            if (item.alias.empty()) continue;
            return already_defined(item.alias, item.alias_span);
        }
        GroupKey key;
        key.expr = SKY_TRY(expressions_.bind(item.expr, scope_));
        key.time_bin = is_time_bin(item.expr, scope_);
        key.slot = SKY_TRY(expressions_.new_slot(item.column()));
        add(item, {key.slot, !item.alias.empty(), key.time_bin});
        step.keys.push_back(std::move(key));
    }
    // Aggregates see the names of earlier items, not those behind by.
    Scope items(false);
    expressions_.begin_stats();
    std::vector<ComputeStep> results;
    for (const Item& item : command.aggregates) {
        if (columns.column(item.column()) != nullptr) {
            if (item.alias.empty()) continue;
            return already_defined(item.alias, item.alias_span);
        }
        BoundExpr bound = SKY_TRY(expressions_.bind_aggregate(item.expr, scope_, items, step));
        bool reads = false;
        for_each_slot(bound, [&](std::uint32_t) { reads = true; });
        if (!reads) {
            return expressions_.error_at(item.expr.span, texts::kStatsNeedsAggregate);
        }
        Scope::Named named;
        named.ephemeral = !item.alias.empty();
        if (bound.kind == BoundExpr::Kind::kSlot) {
            named.slot = bound.slot;
        } else {
            named.slot = SKY_TRY(expressions_.new_slot(item.column()));
            results.push_back({std::move(bound), named.slot});
        }
        add(item, named);
        items.define(item.column(), named);
    }
    if (!command.offset.empty()) SKY_TRY(offset_bins(command, step));
    remember_bins(command, step);
    return add_stats(std::move(step), std::move(results), std::move(columns), std::move(names));
}

/// Groups replace the rows, `columns` what can be seen.
Status Binder::add_stats(StatsStep step, std::vector<ComputeStep> results, Scope columns,
                         std::vector<std::string> names) {
    if (stats_count_++ == 0) {
        event_scope_ = scope_;
        stats_index_ = plan_.steps.size();
    }
    plan_.steps.push_back(std::move(step));
    for (ComputeStep& result : results) plan_.steps.push_back(std::move(result));
    plan_.aggregated = true;
    plan_.limited = false;
    scope_ = std::move(columns);
    defined_ = names;
    output_ = std::move(names);
    default_output_ = false;
    return {};
}

/// What fillmissing has to know of the last stats.
void Binder::remember_bins(const StatsCommand& command, const StatsStep& step) {
    key_names_.clear();
    bin_name_.clear();
    for (std::size_t i = 0; i < step.keys.size(); ++i) {
        const std::string& name = plan_.slots[step.keys[i].slot].name;
        const BoundExpr& key = step.keys[i].expr;
        const bool bin = step.keys[i].time_bin && key.kind == BoundExpr::Kind::kCall &&
                         key.function->has(FunctionTrait::kTakesPeriod) && bin_name_.empty();
        const auto period = bin ? parse_period(key.args.back().text) : std::nullopt;
        if (period) {
            bin_name_ = name;
            bin_period_ = *period;
        } else {
            key_names_.push_back(name);
        }
    }
    if (command.by.empty()) bin_name_.clear();
}

/// "offset 1d": earlier events are read, and their bins shown where the asked time has them.
Status Binder::offset_bins(const StatsCommand& command, StatsStep& step) {
    const auto period = parse_period(command.offset);
    const auto ms = period ? fixed_ms(*period) : std::nullopt;
    bool any = false;
    for (GroupKey& key : step.keys) {
        BoundExpr& bin = key.expr;
        if (!key.time_bin || bin.kind != BoundExpr::Kind::kCall || !ms) continue;
        any = true;
        BoundExpr moved;
        moved.kind = BoundExpr::Kind::kArithmetic;
        moved.op = Arithmetic::kAdd;
        moved.args.push_back(std::move(bin.args[0]));
        moved.args.push_back(number_constant(static_cast<double>(*ms)));
        std::vector<BoundExpr> args;
        args.push_back(std::move(moved));
        bin.args[0] = call_expr(*find_function("fromMillis"), std::move(args));
    }
    if (!any || stats_count_ > 0) {
        return expressions_.error_at(command.offset_span, texts::kOffset);
    }
    plan_.offset_ms = *ms;
    return {};
}

// sort, limit, dedup ---------------------------------------------------------------------
Status Binder::bind(const SortCommand& command, Span) {
    SortStep step;
    for (const SortKey& key : command.keys) {
        BoundExpr bound = SKY_TRY(expressions_.bind(key.expr, scope_));
        step.keys.push_back({std::move(bound), key.descending});
    }
    plan_.steps.push_back(std::move(step));
    return {};
}
Status Binder::bind(const LimitCommand& command, Span) {
    plan_.steps.push_back(LimitStep{static_cast<std::uint64_t>(command.count), command.tail});
    plan_.limited = true;
    return {};
}
Status Binder::bind(const DedupCommand& command, Span) {
    DedupStep step;
    for (const Name& name : command.fields) {
        step.keys.push_back(SKY_TRY(expressions_.field(name.text, scope_)));
    }
    plan_.steps.push_back(std::move(step));
    return {};
}

// parse ----------------------------------------------------------------------------------
Status Binder::bind(const ParseCommand& command, Span span) {
    ParseStep step;
    step.source = command.has_source ? SKY_TRY(expressions_.bind(command.source, scope_))
                                     : SKY_TRY(expressions_.field("@message", scope_));
    if (command.mode != ParseMode::kPattern) return parse_derived(command, std::move(step.source));
    std::vector<Name> names = command.aliases;
    std::vector<std::size_t> captures;
    if (command.pattern.kind == Expr::Kind::kRegex) {
        step.regex = SKY_TRY(expressions_.regex(command.pattern));
        SKY_TRY(name_groups(command, *step.regex, names, captures));
    } else {
        auto glob = Glob::compile(command.pattern.text);
        const auto stars = static_cast<std::size_t>(
            std::count(command.pattern.text.begin(), command.pattern.text.end(), '*'));
        if (stars != names.size()) {
            return expressions_.error_at(span, fmt::format(texts::kWildcards, stars, names.size()));
        }
        if (!glob) return expressions_.error_at(command.pattern.span, glob.error().message);
        step.glob = std::make_shared<const Glob>(*std::move(glob));
        for (std::size_t i = 0; i < names.size(); ++i) captures.push_back(i);
    }
    keep_default_output();
    const std::size_t count =
        captures.empty() ? 0 : *std::max_element(captures.begin(), captures.end()) + 1;
    step.slots.assign(count, kNoSlot);
    for (std::size_t i = 0; i < names.size(); ++i) {
        SKY_TRY(check_new(names[i].text, names[i].span));
        const std::uint32_t slot = SKY_TRY(expressions_.new_slot(names[i].text));
        step.slots[captures[i]] = slot;
        define(names[i].text, {slot, true, false});
        append_output(names[i].text);
    }
    plan_.steps.push_back(std::move(step));
    return {};
}

/// Which group gives which name: the named ones, or with "as" all of them in order.
Status Binder::name_groups(const ParseCommand& command, const Regex& regex,
                           std::vector<Name>& names, std::vector<std::size_t>& captures) const {
    const std::vector<std::string>& groups = regex.group_names();
    if (!names.empty()) {
        if (names.size() != groups.size()) {
            return expressions_.error_at(command.pattern.span,
                                         fmt::format(texts::kGroups, groups.size(), names.size()));
        }
        for (std::size_t i = 0; i < groups.size(); ++i) captures.push_back(i);
        return {};
    }
    for (std::size_t i = 0; i < groups.size(); ++i) {
        if (groups[i].empty()) continue;
        names.push_back({groups[i], command.pattern.span});
        captures.push_back(i);
    }
    if (!names.empty()) return {};
    return expressions_.error_at(command.pattern.span, texts::kNamedGroup);
}

// Output ---------------------------------------------------------------------------------
Status Binder::finish_output(const std::vector<std::string>& extra) {
    output_ = shown();
    if (!plan_.aggregated) {  // Each event carries its pointer, last wherever it was named.
        std::erase(output_, "@ptr");
        output_.push_back("@ptr");
    }
    for (const std::string& name : extra) append_output(name);
    for (const std::string& name : output_) {
        BoundExpr bound = SKY_TRY(expressions_.field(name, scope_));
        std::uint32_t slot = bound.slot;
        if (bound.kind != BoundExpr::Kind::kSlot) slot = SKY_TRY(compute(std::move(bound), name));
        plan_.output.push_back({name, slot});
    }
    return {};
}

std::vector<std::string> Binder::shown() const {
    return default_output_ ? std::vector<std::string>{"@timestamp", "@message"} : output_;
}

void Binder::keep_default_output() {
    output_ = shown();
    default_output_ = false;
}

Result<std::uint32_t> Binder::new_column(const std::string& name) {
    keep_default_output();
    const std::uint32_t slot = SKY_TRY(expressions_.new_slot(name));
    define(name, {slot, true, false});
    append_output(name);
    return slot;
}

// parse logfmt, parse csv ------------------------------------------------------------------
Status Binder::parse_derived(const ParseCommand& command, BoundExpr source) {
    for (std::size_t i = 0; i < command.aliases.size(); ++i) {
        const Name& alias = command.aliases[i];
        SKY_TRY(check_new(alias.text, alias.span));
        std::vector<BoundExpr> args = {source};
        Derived function = Derived::kLogfmt;
        if (command.mode == ParseMode::kCsv) {
            function = Derived::kCsvColumn;
            args.push_back(number_constant(static_cast<double>(i)));
        }
        const std::uint32_t slot = SKY_TRY(new_column(alias.text));
        plan_.steps.push_back(
            ComputeStep{call_expr(derived_function(function), std::move(args)), slot});
    }
    return {};
}

// unmask, countFrequent --------------------------------------------------------------------
Status Binder::bind(const UnmaskCommand& command, Span) {
    plan_.unmasks = true;
    plan_.standard_only = "unmask";
    const FunctionDef& unmask = *find_function("unmask");
    for (const Name& name : command.fields) {
        std::vector<BoundExpr> args;
        args.push_back(SKY_TRY(expressions_.field(name.text, scope_)));
        const std::uint32_t slot = SKY_TRY(new_column(name.text));
        plan_.steps.push_back(ComputeStep{call_expr(unmask, std::move(args)), slot});
    }
    return {};
}

Status Binder::bind(const CountFrequentCommand& command, Span) {
    StatsStep step;
    Scope columns(false);
    std::vector<std::string> names;
    for (const Name& name : command.fields) {
        if (columns.column(name.text) != nullptr) continue;
        GroupKey key;
        key.expr = SKY_TRY(expressions_.field(name.text, scope_));
        key.slot = SKY_TRY(expressions_.new_slot(name.text));
        columns.define(name.text, {key.slot, false, false});
        names.push_back(name.text);
        step.keys.push_back(std::move(key));
    }
    const std::string counted = "_approxcount";
    AggregateCall call;
    call.kind = AggregateKind::kCount;
    call.slot = SKY_TRY(expressions_.new_slot(counted));
    SortStep sort;
    sort.keys.push_back({slot_expr(call.slot), true});
    columns.define(counted, {call.slot, true, false});
    names.push_back(counted);
    step.aggregates.push_back(std::move(call));
    bin_name_.clear();
    SKY_TRY(add_stats(std::move(step), {}, std::move(columns), std::move(names)));
    plan_.steps.push_back(std::move(sort));
    return {};
}

Result<Plan> bind(std::string_view text, const Query& query) {
    std::size_t sides = 0;
    return Binder(text, sides).run(query);
}

Result<Plan> plan_query(std::string_view text) {
    const Query query = SKY_TRY(parse(text));
    return bind(text, query);
}

}  // namespace sky::insights
