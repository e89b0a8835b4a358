// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "insights/plan/expression_binder.h"
#include "insights/plan/plan.h"
#include "insights/plan/rewrite.h"
#include "insights/plan/scope.h"
#include "insights/syntax/parser.h"

namespace sky::insights {
namespace {

/// Walks the commands in order with the scope and the output list of logs-insights-ql.md 4.
class Binder {
public:
    explicit Binder(std::string_view text) : expressions_(text, plan_) {}

    Result<Plan> run(const Query& query) {
        for (const Command& command : query.commands) {
            SKY_TRY(std::visit([&](const auto& body) { return bind(body, command.span); },
                               command.body));
        }
        SKY_TRY(finish_output());
        rewrite(plan_);
        return std::move(plan_);
    }

private:
    // fields, display ------------------------------------------------------------------------
    Status bind(const FieldsCommand& command, Span) {
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

    Status bind_item(const Item& item) {
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
            if (item.alias.empty()) scope_.define_expression(expression_key(item.expr), named);
        }
        append_output(name);
        return {};
    }

    Result<std::uint32_t> compute(BoundExpr expr, const std::string& name) {
        const std::uint32_t slot = SKY_TRY(expressions_.new_slot(name));
        plan_.steps.push_back(ComputeStep{std::move(expr), slot});
        return slot;
    }

    Status check_alias(const Item& item) const {
        return item.alias.empty() ? Status{} : check_new(item.alias, item.alias_span);
    }
    Status check_new(const std::string& name, Span span) const {
        const Scope::Named* known = scope_.column(name);
        if (known == nullptr || !known->ephemeral) return {};
        return already_defined(name, span);
    }
    std::unexpected<Error> already_defined(const std::string& name, Span span) const {
        return expressions_.error_at(span,
                                     fmt::format("Ephemeral field is already defined: {}", name));
    }

    void define(const std::string& name, Scope::Named named) {
        if (scope_.column(name) == nullptr) defined_.push_back(name);
        scope_.define(name, named);
    }
    void append_output(const std::string& name) {
        if (std::find(output_.begin(), output_.end(), name) == output_.end()) {
            output_.push_back(name);
        }
    }
    void add_all_columns() {
        if (scope_.events()) {
            for (const char* name : {"@timestamp", "@message", "@logStream", "@log"}) {
                append_output(name);
            }
        }
        for (const std::string& name : defined_) append_output(name);
    }

    // filter ---------------------------------------------------------------------------------
    struct Mentions {
        std::size_t columns = 0;
        std::size_t others = 0;
        Span other;
    };
    void count_mentions(const Expr& expr, Mentions& mentions) const {
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

    Status bind(const FilterCommand& command, Span) {
        if (stats_count_ == 1) {
            // logs-insights-ql.md 6.4: published queries filter events behind the first stats.
            Mentions mentions;
            count_mentions(command.condition, mentions);
            if (mentions.others > 0 && mentions.columns > 0) {
                return expressions_.error_at(
                    mentions.other,
                    "a filter behind stats names columns of stats or fields of events, not both");
            }
            if (mentions.others > 0) {
                FilterStep step{SKY_TRY(expressions_.bind(command.condition, event_scope_))};
                plan_.steps.insert(
                    plan_.steps.begin() + static_cast<std::ptrdiff_t>(stats_index_++),
                    std::move(step));
                return {};
            }
        }
        FilterStep step{SKY_TRY(expressions_.bind(command.condition, scope_))};
        plan_.steps.push_back(std::move(step));
        return {};
    }

    // stats ----------------------------------------------------------------------------------
    Status bind(const StatsCommand& command, Span) {
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
                columns.define_expression(expression_key(item.expr), named);
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
                return expressions_.error_at(item.expr.span,
                                             "an item of stats needs an aggregate function");
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

    // sort, limit, dedup ---------------------------------------------------------------------
    Status bind(const SortCommand& command, Span) {
        SortStep step;
        for (const SortKey& key : command.keys) {
            BoundExpr bound = SKY_TRY(expressions_.bind(key.expr, scope_));
            step.keys.push_back({std::move(bound), key.descending});
        }
        plan_.steps.push_back(std::move(step));
        return {};
    }
    Status bind(const LimitCommand& command, Span) {
        plan_.steps.push_back(LimitStep{static_cast<std::uint64_t>(command.count), command.tail});
        plan_.limited = true;
        return {};
    }
    Status bind(const DedupCommand& command, Span) {
        DedupStep step;
        for (const Name& name : command.fields) {
            step.keys.push_back(SKY_TRY(expressions_.field(name.text, scope_)));
        }
        plan_.steps.push_back(std::move(step));
        return {};
    }

    // parse ----------------------------------------------------------------------------------
    Status bind(const ParseCommand& command, Span span) {
        ParseStep step;
        step.source = command.has_source ? SKY_TRY(expressions_.bind(command.source, scope_))
                                         : SKY_TRY(expressions_.field("@message", scope_));
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
                return expressions_.error_at(
                    span,
                    fmt::format("parse has {} wildcards and {} aliases", stars, names.size()));
            }
            if (!glob) return expressions_.error_at(command.pattern.span, glob.error().message);
            step.glob = std::make_shared<const Glob>(*std::move(glob));
            for (std::size_t i = 0; i < names.size(); ++i) captures.push_back(i);
        }
        if (default_output_) {
            default_output_ = false;
            append_output("@timestamp");
            append_output("@message");
        }
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
    Status name_groups(const ParseCommand& command, const Regex& regex, std::vector<Name>& names,
                       std::vector<std::size_t>& captures) const {
        const std::vector<std::string>& groups = regex.group_names();
        if (!names.empty()) {
            if (names.size() != groups.size()) {
                return expressions_.error_at(
                    command.pattern.span,
                    fmt::format("parse has {} groups and {} aliases", groups.size(), names.size()));
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
        return expressions_.error_at(command.pattern.span,
                                     "parse needs a named group such as (?<name>...) or 'as'");
    }

    // Output ---------------------------------------------------------------------------------
    Status finish_output() {
        if (default_output_) output_ = {"@timestamp", "@message"};
        if (!plan_.aggregated) {  // Each event carries its pointer, last wherever it was named.
            std::erase(output_, "@ptr");
            output_.push_back("@ptr");
        }
        for (const std::string& name : output_) {
            const BoundExpr bound = SKY_TRY(expressions_.field(name, scope_));
            plan_.output.push_back({name, bound.slot});
        }
        return {};
    }

    Plan plan_;
    ExpressionBinder expressions_;
    Scope scope_{true};
    std::vector<std::string> defined_;  // Names of scope_ in the order of their definition.
    std::vector<std::string> output_;
    bool default_output_ = true;
    Scope event_scope_{true};  // As it was before the first stats.
    std::size_t stats_index_ = 0;
    std::size_t stats_count_ = 0;
};

}  // namespace

Result<Plan> bind(std::string_view text, const Query& query) { return Binder(text).run(query); }

Result<Plan> plan_query(std::string_view text) {
    const Query query = SKY_TRY(parse(text));
    return bind(text, query);
}

}  // namespace sky::insights
