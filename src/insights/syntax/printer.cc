// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "insights/syntax/parser.h"

namespace sky::insights {
namespace {

void put_string(std::string& out, std::string_view value) {
    out += '"';
    for (const char c : value) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    out += '"';
}

void put_name(std::string& out, std::string_view name) {
    // Always quoted: one rule, and no keyword can be met by accident.
    out += '`';
    for (const char c : name) {
        if (c == '`') out += '\\';
        out += c;
    }
    out += '`';
}

void put(std::string& out, const Expr& expr);

void put_query(std::string& out, const SubQuery& sub) {
    out += '(';
    out += print(*sub.query);
    out += ')';
}

void put_list(std::string& out, const std::vector<Expr>& list, std::string_view separator) {
    for (std::size_t i = 0; i < list.size(); ++i) {
        if (i > 0) out += separator;
        put(out, list[i]);
    }
}

void put(std::string& out, const Expr& expr) {
    switch (expr.kind) {
        case Expr::Kind::kNumber:
        case Expr::Kind::kPeriod:
            out += expr.text;
            break;
        case Expr::Kind::kString:
            put_string(out, expr.text);
            break;
        case Expr::Kind::kRegex:
            out += '/';
            out += expr.text;
            out += '/';
            break;
        case Expr::Kind::kBoolean:
            out += expr.boolean ? "true" : "false";
            break;
        case Expr::Kind::kStar:
            out += '*';
            break;
        case Expr::Kind::kField:
            put_name(out, expr.text);
            break;
        case Expr::Kind::kUnary:
            out += op_text(expr.op);
            out += ' ';
            put(out, expr.args[0]);
            break;
        case Expr::Kind::kBinary:
            put_list(out, expr.args, fmt::format(" {} ", op_text(expr.op)));
            break;
        case Expr::Kind::kArray:
            out += '[';
            put_list(out, expr.args, ", ");
            out += ']';
            break;
        case Expr::Kind::kCall:
            out += expr.text;
            out += '(';
            put_list(out, expr.args, ", ");
            out += ')';
            break;
        case Expr::Kind::kPath:
            put(out, expr.args[0]);
            out += '.';
            put_name(out, expr.text);
            break;
        case Expr::Kind::kGroup:
            out += '(';
            put(out, expr.args[0]);
            out += ')';
            break;
        case Expr::Kind::kQuery:
            put_query(out, expr.subquery);
            break;
    }
}

void put_items(std::string& out, const std::vector<Item>& items) {
    for (std::size_t i = 0; i < items.size(); ++i) {
        if (i > 0) out += ", ";
        if (items[i].star) {
            out += '*';
            continue;
        }
        put(out, items[i].expr);
        if (!items[i].alias.empty()) {
            out += " as ";
            put_name(out, items[i].alias);
        }
    }
}

void put_names(std::string& out, const std::vector<Name>& names,
               std::string_view separator = ", ") {
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (i > 0) out += separator;
        put_name(out, names[i].text);
    }
}

void put_alias(std::string& out, const Name& alias) {
    if (alias.text.empty()) return;
    out += " as ";
    put_name(out, alias.text);
}

void put_texts(std::string& out, const std::vector<std::string>& texts) {
    out += '[';
    for (std::size_t i = 0; i < texts.size(); ++i) {
        if (i > 0) out += ", ";
        put_string(out, texts[i]);
    }
    out += ']';
}

void put_argument(std::string& out, std::string_view name, const std::vector<std::string>& texts) {
    if (texts.empty()) return;
    if (out.back() != '(') out += ", ";
    out += name;
    out += ": ";
    put_texts(out, texts);
}

void put_groups(std::string& out, const SourceClause::Groups& groups) {
    out += "logGroups(";
    put_argument(out, "logGroupIdentifier", groups.identifiers);
    put_argument(out, "namePrefix", groups.prefixes);
    put_argument(out, "class", groups.classes);
    put_argument(out, "accountIdentifiers", groups.accounts);
    if (!groups.tags.empty()) {
        if (out.back() != '(') out += ", ";
        out += "tags: [";
        for (std::size_t i = 0; i < groups.tags.size(); ++i) {
            out += i == 0 ? "{key: " : ", {key: ";
            put_string(out, groups.tags[i].key);
            out += ", values: ";
            put_texts(out, groups.tags[i].values);
            out += '}';
        }
        out += ']';
    }
    out += ')';
}

void put_time(std::string& out, std::string_view name, const std::optional<SourceTime>& time) {
    if (!time) return;
    out += fmt::format(" {}={}{}", name, time->ms, time->relative ? "ms" : "");
}

void put_source(std::string& out, const SourceClause& source) {
    out += "SOURCE";
    if (source.has_data) {
        out += " dataSource(";
        put_texts(out, source.data);
        out += ')';
    }
    for (const SourceClause::Groups& groups : source.groups) {
        out += ' ';
        put_groups(out, groups);
    }
    put_time(out, "start", source.start);
    put_time(out, "end", source.end);
}

void put_truth(std::string& out, std::string_view name, bool value) {
    out += fmt::format(" {}={}", name, value ? "true" : "false");
}

struct CommandPrinter {
    std::string& out;

    void operator()(const FieldsCommand& c) const {
        out += c.display ? "display " : "fields ";
        put_items(out, c.items);
    }
    void operator()(const FilterCommand& c) const {
        out += c.index ? "filterIndex " : "filter ";
        put(out, c.condition);
    }
    void operator()(const StatsCommand& c) const {
        out += "stats ";
        put_items(out, c.aggregates);
        if (!c.by.empty()) out += " by ";
        put_items(out, c.by);
        if (!c.offset.empty()) out += " offset " + c.offset;
    }
    void operator()(const SortCommand& c) const {
        out += "sort ";
        for (std::size_t i = 0; i < c.keys.size(); ++i) {
            if (i > 0) out += ", ";
            put(out, c.keys[i].expr);
            out += c.keys[i].descending ? " desc" : " asc";
        }
    }
    void operator()(const LimitCommand& c) const {
        out += fmt::format("{} {}{}", c.tail ? "tail" : "limit", c.any ? "any " : "", c.count);
    }
    void operator()(const ParseCommand& c) const {
        out += "parse ";
        if (c.has_source) {
            put(out, c.source);
            out += ' ';
        }
        if (c.mode == ParseMode::kLogfmt) {
            out += "logfmt";
        } else if (c.mode == ParseMode::kCsv) {
            out += "csv";
        } else {
            put(out, c.pattern);
        }
        if (c.aliases.empty()) return;
        out += " as ";
        put_names(out, c.aliases);
    }
    void operator()(const DedupCommand& c) const {
        out += "dedup ";
        put_names(out, c.fields);
    }
    void operator()(const PatternCommand& c) const {
        out += "pattern ";
        put(out, c.expr);
    }
    void operator()(const DiffCommand& c) const {
        static constexpr std::string_view kText[] = {"diff", "diff previousDay",
                                                     "diff previousWeek", "diff previousMonth",
                                                     "logcompare timeshift "};
        out += kText[static_cast<std::size_t>(c.window)];
        out += c.period;
    }
    void operator()(const AnomalyCommand&) const { out += "anomaly"; }
    void operator()(const UnmaskCommand& c) const {
        out += "unmask ";
        put_names(out, c.fields);
    }
    void operator()(const UnnestCommand& c) const {
        out += c.alias.text.empty() ? "expand " : "unnest ";
        put(out, c.field);
        if (c.alias.text.empty()) return;
        out += " into ";
        put_name(out, c.alias.text);
    }
    void operator()(const LookupCommand& c) const {
        out += "lookup ";
        put_name(out, c.table.text);
        for (std::size_t i = 0; i < c.keys.size(); ++i) {
            out += i == 0 ? " " : ", ";
            put_name(out, c.keys[i].column.text);
            put_alias(out, c.keys[i].field);
        }
        out += " OUTPUT ";
        put_names(out, c.outputs);
    }
    void operator()(const JoinCommand& c) const {
        out += c.keep_left ? "join type=left" : "join type=inner";
        for (const bool left : {true, false}) {
            const Name& alias = left ? c.left : c.right;
            if (alias.text.empty()) continue;
            out += left ? " left=" : " right=";
            put_name(out, alias.text);
        }
        for (std::size_t i = 0; i < c.keys.size(); ++i) {
            out += i == 0 ? " where " : " and ";
            put_name(out, c.keys[i].left.text);
            out += " = ";
            put_name(out, c.keys[i].right.text);
        }
        out += ' ';
        put_query(out, c.query);
    }
    void operator()(const AppendcolsCommand& c) const {
        out += "appendcols";
        put_truth(out, "override", c.override_fields);
        out += fmt::format(" max={} ", c.rows_max);
        put_query(out, c.query);
    }
    void operator()(const AddtotalsCommand& c) const {
        out += "addtotals";
        if (!c.fieldname.text.empty()) {
            out += " fieldname=";
            put_name(out, c.fieldname.text);
        }
        put_truth(out, "row", c.row);
        put_truth(out, "col", c.column);
        if (!c.fields.empty()) out += ' ';
        put_names(out, c.fields);
    }
    void operator()(const AccumCommand& c) const {
        out += "accum ";
        put_name(out, c.field.text);
        put_alias(out, c.alias);
    }
    void operator()(const AutoregressCommand& c) const {
        out += "autoregress ";
        put_name(out, c.field.text);
        put_alias(out, c.alias);
        out += fmt::format(" p={}-{}", c.first, c.last);
    }
    void operator()(const CountFrequentCommand& c) const {
        out += "countFrequent ";
        put_names(out, c.fields);
    }
    void operator()(const FilldownCommand& c) const {
        out += "filldown";
        for (const Name& field : c.fields) {
            out += ' ';
            const bool star = field.text.ends_with('*');
            const std::string_view stem(field.text.data(), field.text.size() - (star ? 1 : 0));
            if (!stem.empty()) put_name(out, stem);
            if (star) out += '*';
        }
    }
    void operator()(const FillmissingCommand& c) const {
        out += "fillmissing";
        for (std::size_t i = 0; i < c.fills.size(); ++i) {
            out += i == 0 ? " with " : ", ";
            put(out, c.fills[i].value);
            out += " for ";
            put_name(out, c.fills[i].field.text);
        }
    }
    void operator()(const OutlierCommand& c) const {
        out += c.transform ? "outlier action=transform" : "outlier action=remove";
        if (c.param.kind == Expr::Kind::kNumber) out += " param=" + c.param.text;
        put_truth(out, "uselower", c.use_lower);
        put_truth(out, "mark", c.mark);
        out += ' ';
        put_names(out, c.fields, " ");
    }
    void operator()(const SessionizeCommand& c) const {
        out += "sessionize ";
        put_names(out, c.fields);
        if (!c.maxspan.empty()) out += " maxspan " + c.maxspan;
        put_alias(out, c.alias);
    }
};

}  // namespace

std::string_view op_text(Op op) {
    switch (op) {
        case Op::kNone:
            return "";
        case Op::kNegate:
        case Op::kSubtract:
            return "-";
        case Op::kPlus:
        case Op::kAdd:
            return "+";
        case Op::kNot:
            return "not";
        case Op::kMultiply:
            return "*";
        case Op::kDivide:
            return "/";
        case Op::kModulo:
            return "%";
        case Op::kPower:
            return "^";
        case Op::kEqual:
            return "=";
        case Op::kNotEqual:
            return "!=";
        case Op::kLess:
            return "<";
        case Op::kLessEqual:
            return "<=";
        case Op::kGreater:
            return ">";
        case Op::kGreaterEqual:
            return ">=";
        case Op::kLike:
            return "like";
        case Op::kNotLike:
            return "not like";
        case Op::kMatch:
            return "=~";
        case Op::kNotMatch:
            return "!~";
        case Op::kIn:
            return "in";
        case Op::kNotIn:
            return "not in";
        case Op::kAnd:
            return "and";
        case Op::kOr:
            return "or";
    }
    return "";
}

std::string print(const Expr& expr) {
    std::string out;
    put(out, expr);
    return out;
}

std::string print(const Query& query) {
    std::string out;
    if (query.source) put_source(out, *query.source);
    for (std::size_t i = 0; i < query.commands.size(); ++i) {
        if (!out.empty()) out += " | ";
        std::visit(CommandPrinter{out}, query.commands[i].body);
    }
    return out;
}

}  // namespace sky::insights
