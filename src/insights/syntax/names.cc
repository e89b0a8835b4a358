// SPDX-License-Identifier: Apache-2.0
#include "insights/syntax/names.h"

namespace sky::insights {
namespace {

struct Walker {
    const NameVisitor& visit;

    void expr(const Expr& e) const { for_each_name(e, visit); }
    void names(const std::vector<Name>& list) const {
        for (const Name& name : list) visit(name.text);
    }
    void items(const std::vector<Item>& list) const {
        for (const Item& item : list) expr(item.expr);
    }

    void operator()(const FieldsCommand& c) const { items(c.items); }
    void operator()(const FilterCommand& c) const { expr(c.condition); }
    void operator()(const StatsCommand& c) const {
        items(c.aggregates);
        items(c.by);
    }
    void operator()(const SortCommand& c) const {
        for (const SortKey& key : c.keys) expr(key.expr);
    }
    void operator()(const LimitCommand&) const {}
    void operator()(const ParseCommand& c) const {
        if (c.has_source) expr(c.source);
    }
    void operator()(const DedupCommand& c) const { names(c.fields); }
    void operator()(const PatternCommand& c) const { expr(c.expr); }
    void operator()(const DiffCommand&) const {}
    void operator()(const AnomalyCommand&) const {}
    void operator()(const UnmaskCommand& c) const { names(c.fields); }
    void operator()(const UnnestCommand& c) const { expr(c.field); }
    void operator()(const LookupCommand& c) const {
        for (const LookupCommand::Key& key : c.keys) visit(key.field.text);
    }
    void operator()(const JoinCommand& c) const {
        for (const JoinCommand::Key& key : c.keys) {
            visit(key.left.text);
            visit(key.right.text);
        }
    }
    void operator()(const AppendcolsCommand&) const {}
    void operator()(const AddtotalsCommand& c) const { names(c.fields); }
    void operator()(const AccumCommand& c) const { visit(c.field.text); }
    void operator()(const AutoregressCommand& c) const { visit(c.field.text); }
    void operator()(const CountFrequentCommand& c) const { names(c.fields); }
    void operator()(const FilldownCommand& c) const { names(c.fields); }
    void operator()(const FillmissingCommand& c) const {
        for (const FillmissingCommand::Fill& fill : c.fills) visit(fill.field.text);
    }
    void operator()(const OutlierCommand& c) const { names(c.fields); }
    void operator()(const SessionizeCommand& c) const { names(c.fields); }
};

}  // namespace

void for_each_name(const Expr& expr, const NameVisitor& visit) {
    if (expr.kind == Expr::Kind::kField) visit(expr.text);
    for (const Expr& arg : expr.args) for_each_name(arg, visit);
}

void for_each_name(const Command& command, const NameVisitor& visit) {
    std::visit(Walker{visit}, command.body);
}

}  // namespace sky::insights
