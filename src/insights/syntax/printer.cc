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

void put_names(std::string& out, const std::vector<Name>& names) {
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (i > 0) out += ", ";
        put_name(out, names[i].text);
    }
}

struct CommandPrinter {
    std::string& out;

    void operator()(const FieldsCommand& c) const {
        out += c.display ? "display " : "fields ";
        put_items(out, c.items);
    }
    void operator()(const FilterCommand& c) const {
        out += "filter ";
        put(out, c.condition);
    }
    void operator()(const StatsCommand& c) const {
        out += "stats ";
        put_items(out, c.aggregates);
        if (c.by.empty()) return;
        out += " by ";
        put_items(out, c.by);
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
        put(out, c.pattern);
        if (c.aliases.empty()) return;
        out += " as ";
        put_names(out, c.aliases);
    }
    void operator()(const DedupCommand& c) const {
        out += "dedup ";
        put_names(out, c.fields);
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
    for (std::size_t i = 0; i < query.commands.size(); ++i) {
        if (i > 0) out += " | ";
        std::visit(CommandPrinter{out}, query.commands[i].body);
    }
    return out;
}

}  // namespace sky::insights
