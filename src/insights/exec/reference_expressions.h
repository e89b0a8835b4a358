// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/insights/exec/reference_expressions.h - expressions over one row, slowly and
              // plainly; for tests.

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "insights/exec/reference_values.h"
#include "insights/syntax/parser.h"

// Numbers in brackets are sections of logs-insights-ql.md.
namespace sky::insights::testing::reference {

// Rows -------------------------------------------------------------------------------------------

struct Row {
    std::map<std::string, Value> fields;  // What commands and the service gave.
    std::shared_ptr<const Json> message;  // Null: no JSON object.
    std::int64_t timestamp_ms = 0;
    std::uint64_t sequence = 0;
};

/// A path below a structure: keys and indices with dots between them.
inline Value member(const Json& json, std::string_view path) {
    if (json.kind == Json::Kind::kMap) {
        for (std::size_t i = 0; i < json.keys.size(); ++i) {
            if (json.keys[i] == path) return of_json(json.list[i]);
        }
    }
    const std::size_t dot = path.find('.');
    const std::string_view head = path.substr(0, dot);
    const std::string_view rest = dot == path.npos ? std::string_view() : path.substr(dot + 1);
    const auto below = [&](const Json& found) {
        return dot == path.npos ? of_json(found) : member(found, rest);
    };
    if (json.kind == Json::Kind::kMap) {
        for (std::size_t i = 0; i < json.keys.size(); ++i) {
            if (json.keys[i] == head) return below(json.list[i]);
        }
    } else if (json.kind == Json::Kind::kList) {
        std::size_t index = 0;
        const auto read = std::from_chars(head.data(), head.data() + head.size(), index);
        if (read.ec == std::errc() && read.ptr == head.data() + head.size() &&
            index < json.list.size()) {
            return below(json.list[index]);
        }
    }
    return {};
}

class Expressions {
public:
    virtual ~Expressions() = default;

protected:
    /// What the first output column of a query in parentheses holds.
    virtual std::vector<Value> first_column(const Query& query) = 0;

    Value field(const Row& row, const std::string& name) const {
        if (const auto found = row.fields.find(name); found != row.fields.end()) {
            return found->second;
        }
        // Below a structure that a command made.
        for (std::size_t dot = name.find('.'); dot != name.npos; dot = name.find('.', dot + 1)) {
            const auto found = row.fields.find(name.substr(0, dot));
            if (found == row.fields.end()) continue;
            if (found->second.kind != Value::Kind::kStructure) return {};
            return member(*found->second.json, std::string_view(name).substr(dot + 1));
        }
        return row.message == nullptr ? missing() : member(*row.message, name);
    }

    bool equal(const Value& a, const Value& b) const {
        return a.present() && b.present() && compare_values(a, b) == 0;
    }

    Value evaluate(const Expr& expr, const Row& row) {
        switch (expr.kind) {
            case Expr::Kind::kNumber:
                return number_value(std::strtod(expr.text.c_str(), nullptr));
            case Expr::Kind::kString:
                return text_value(expr.text);
            case Expr::Kind::kBoolean:
                return truth(expr.boolean);
            case Expr::Kind::kField:
                return field(row, expr.text);
            case Expr::Kind::kGroup:
                return evaluate(expr.args[0], row);
            case Expr::Kind::kUnary:
                return unary(expr, row);
            case Expr::Kind::kBinary:
                return binary(expr, row);
            case Expr::Kind::kCall:
                return call(expr, row);
            case Expr::Kind::kPath: {
                const Value value = evaluate(expr.args[0], row);
                if (value.kind != Value::Kind::kStructure) return {};
                return member(*value.json, expr.text);
            }
            default:
                throw Unknown();
        }
    }

    Value unary(const Expr& expr, const Row& row) {
        const Value value = evaluate(expr.args[0], row);
        if (expr.op == Op::kNot) return truth(!is_true(value));
        const auto number = as_number(value);
        if (!number) return {};
        return number_value(expr.op == Op::kNegate ? -*number : *number);
    }

    Value binary(const Expr& expr, const Row& row) {
        if (expr.op == Op::kAnd || expr.op == Op::kOr) {
            bool all = true;
            bool any = false;
            for (const Expr& arg : expr.args) {
                const bool value = is_true(evaluate(arg, row));
                all = all && value;
                any = any || value;
            }
            return truth(expr.op == Op::kAnd ? all : any);
        }
        const Value left = evaluate(expr.args[0], row);
        switch (expr.op) {
            case Op::kIn:
                return truth(in(left, expr.args[1], row));
            case Op::kNotIn:
                return truth(!in(left, expr.args[1], row));
            case Op::kLike:
            case Op::kNotLike: {
                if (expr.args[1].kind == Expr::Kind::kRegex) {
                    return truth(matches(left, expr.args[1].text) == (expr.op == Op::kLike));
                }
                const Value right = evaluate(expr.args[1], row);
                const bool found = left.present() && right.present() &&
                                   shown(left).find(shown(right)) != std::string::npos;
                return truth(found == (expr.op == Op::kLike));
            }
            default:
                break;
        }
        const Value right = evaluate(expr.args[1], row);
        const bool both = left.present() && right.present();
        const int order = both ? compare_values(left, right) : 0;
        switch (expr.op) {
            case Op::kEqual:
                return truth(both && order == 0);
            case Op::kNotEqual:
                return truth(!(both && order == 0));
            case Op::kLess:
                return truth(both && order < 0);
            case Op::kLessEqual:
                return truth(both && order <= 0);
            case Op::kGreater:
                return truth(both && order > 0);
            case Op::kGreaterEqual:
                return truth(both && order >= 0);
            default:
                break;
        }
        const auto x = as_number(left);
        const auto y = as_number(right);
        if (!x || !y) return {};
        switch (expr.op) {
            case Op::kAdd:
                return number_value(*x + *y);
            case Op::kSubtract:
                return number_value(*x - *y);
            case Op::kMultiply:
                return number_value(*x * *y);
            case Op::kDivide:
                return *y == 0 ? missing() : number_value(*x / *y);
            case Op::kModulo:
                return *y == 0 ? missing() : number_value(std::fmod(*x, *y));
            case Op::kPower:
                return number_value(std::pow(*x, *y));
            default:
                throw Unknown();
        }
    }

    bool in(const Value& left, const Expr& list, const Row& row) {
        if (list.kind == Expr::Kind::kArray) {
            return std::any_of(list.args.begin(), list.args.end(), [&](const Expr& element) {
                return equal(left, evaluate(element, row));
            });
        }
        if (list.kind != Expr::Kind::kQuery) throw Unknown();
        // The first output column of the query is the set [6.15].
        auto [kept, fresh] = sets_.try_emplace(list.subquery.query.get());
        if (fresh) kept->second = first_column(*list.subquery.query);
        return std::any_of(kept->second.begin(), kept->second.end(),
                           [&](const Value& element) { return equal(left, element); });
    }

    /// The few patterns that the generator writes.
    static bool matches(const Value& value, const std::string& pattern) {
        if (!value.present()) return false;
        const std::string text = shown(value);
        if (pattern == "[0-9]+") return text.find_first_of("0123456789") != std::string::npos;
        if (pattern == "^$") return text.empty();
        throw Unknown();
    }

    Value call(const Expr& expr, const Row& row) {
        std::string name = expr.text;
        for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        if (name == "bin") {
            // The only period that the generator writes.
            if (expr.args.size() != 1 || expr.args[0].text != "1m") throw Unknown();
            const Value time = field(row, "@timestamp");
            if (time.kind != Value::Kind::kTime) return {};
            return time_value(floor_div(static_cast<std::int64_t>(time.number), 60'000) * 60'000);
        }
        std::vector<Value> args;
        for (const Expr& arg : expr.args) args.push_back(evaluate(arg, row));
        if (name == "ispresent") return truth(args.at(0).present());
        if (name == "isempty") return truth(!args.at(0).present() || shown(args[0]).empty());
        if (name == "isblank") {
            return truth(shown(args.at(0)).find_first_not_of(" \t\r\n") == std::string::npos);
        }
        if (name == "coalesce") {
            for (const Value& arg : args) {
                if (arg.present()) return arg;
            }
            return {};
        }
        if (name == "concat") {
            std::string out;
            for (const Value& arg : args) out += shown(arg);
            return text_value(out);
        }
        // A missing argument makes the result missing [7].
        for (const Value& arg : args) {
            if (!arg.present()) return {};
        }
        const std::string text = args.empty() ? "" : shown(args[0]);
        if (name == "strlen") {
            return number_value(static_cast<double>(std::count_if(
                text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; })));
        }
        if (name == "tolower" || name == "toupper") {
            std::string out = text;
            for (char& c : out) {
                if ((c & 0x80) != 0) throw Unknown();  // Case of other letters is the kernel's.
                if (name == "tolower" && c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
                if (name == "toupper" && c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
            }
            return text_value(out);
        }
        if (name == "trim") {
            const std::size_t begin = text.find_first_not_of(" \t\r\n");
            if (begin == std::string::npos) return text_value("");
            return text_value(text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1));
        }
        if (name == "strcontains") return truth(text.find(shown(args.at(1))) != std::string::npos);
        if (name == "jsonparse") {
            if (args[0].kind == Value::Kind::kStructure) return args[0];
            const auto json = JsonReader(text).whole();
            // MAP or LIST [7]; scalars are not said to be either.
            if (!json) return {};
            if (json->kind != Json::Kind::kList && json->kind != Json::Kind::kMap) throw Unknown();
            return of_json(*json);
        }
        const auto number = as_number(args.at(0));
        if (name == "abs") return number ? number_value(std::fabs(*number)) : missing();
        if (name == "floor") return number ? number_value(std::floor(*number)) : missing();
        if (name == "ceil") return number ? number_value(std::ceil(*number)) : missing();
        if (name == "sqrt") {
            return number && *number >= 0 ? number_value(std::sqrt(*number)) : missing();
        }
        throw Unknown();
    }

private:
    std::map<const Query*, std::vector<Value>> sets_;
};

}  // namespace sky::insights::testing::reference
