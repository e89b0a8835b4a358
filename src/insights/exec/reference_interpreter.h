// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/insights/exec/reference_interpreter.h - the language row by row, slowly and
              // plainly; for tests.

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "insights/exec/reference_values.h"
#include "insights/exec/test_snapshot.h"
#include "insights/syntax/parser.h"

// Written from logs-insights-ql.md alone: no kernel, no plan and no order of the executor is used
// here, only the parser's tree. What it does not know it refuses (Unknown), and the test that
// compares the two leaves that query out. Numbers in brackets are sections.
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

class Interpreter {
public:
    /// The rows in their order, "field=value" with tabs; @ptr is not shown. Throws Unknown.
    static std::string run(const Query& query, const std::vector<TestEvent>& events) {
        Interpreter interpreter(events);
        interpreter.run_commands(query);
        std::string out;
        // The request's default limit [1.7].
        for (std::size_t i = 0; i < std::min<std::size_t>(interpreter.rows_.size(), 10'000); ++i) {
            for (const std::string& column : interpreter.columns()) {
                const Value value = interpreter.field(interpreter.rows_[i], column);
                if (value.present()) out += column + "=" + shown(value) + "\t";
            }
            out += "\n";
        }
        return out;
    }

private:
    explicit Interpreter(const std::vector<TestEvent>& events) : events_(events) {
        for (const TestEvent& event : events) {
            Row row;
            row.timestamp_ms = event.timestamp_ms;
            row.sequence = event.sequence;
            row.fields["@timestamp"] = time_value(event.timestamp_ms);
            row.fields["@message"] = text_value(event.message);
            row.fields["@logStream"] = text_value(event.stream);
            auto json = JsonReader(event.message).whole();
            if (json && json->kind == Json::Kind::kMap) {
                row.message = std::make_shared<const Json>(*std::move(json));
            }
            rows_.push_back(std::move(row));
        }
        // Newest first [1.6].
        std::stable_sort(rows_.begin(), rows_.end(), [](const Row& a, const Row& b) {
            return a.timestamp_ms != b.timestamp_ms ? a.timestamp_ms > b.timestamp_ms
                                                    : a.sequence > b.sequence;
        });
    }

    // Columns [4] --------------------------------------------------------------------------------
    std::vector<std::string> columns() const {
        if (!chosen_) return {"@timestamp", "@message"};
        return columns_;
    }
    void add_column(const std::string& name) {
        chosen_ = true;
        if (std::find(columns_.begin(), columns_.end(), name) == columns_.end()) {
            columns_.push_back(name);
        }
    }
    /// Of a command that extends the default list.
    void extend(const std::string& name) {
        if (!chosen_) columns_ = {"@timestamp", "@message"};
        add_column(name);
    }

    // Expressions --------------------------------------------------------------------------------
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
        if (fresh) {
            Interpreter inner(events_);
            inner.run_commands(*list.subquery.query);
            const std::string column = inner.columns().at(0);
            for (const Row& other : inner.rows_) kept->second.push_back(inner.field(other, column));
        }
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

    // Commands [6] -------------------------------------------------------------------------------
    void run_commands(const Query& query) {
        if (query.source) throw Unknown();
        for (const Command& command : query.commands) {
            std::visit([&](const auto& body) { run_command(body); }, command.body);
        }
    }

    template <class Other>
    void run_command(const Other&) {
        throw Unknown();
    }

    void run_command(const FieldsCommand& command) {
        if (command.display) {
            chosen_ = true;
            columns_.clear();
        }
        for (const Item& item : command.items) {
            if (item.star) throw Unknown();
            if (item.expr.kind != Expr::Kind::kField || !item.alias.empty()) {
                set(item.column(), [&](const Row& row) { return evaluate(item.expr, row); });
            }
            add_column(item.column());
        }
    }

    template <class Make>
    void set(const std::string& name, Make&& make) {
        for (Row& row : rows_) row.fields[name] = make(row);
    }

    void run_command(const FilterCommand& command) {
        if (command.index) throw Unknown();
        if (grouped_) check_columns(command.condition);
        std::erase_if(rows_,
                      [&](const Row& row) { return !is_true(evaluate(command.condition, row)); });
    }
    /// A filter behind stats on fields of events belongs in front of it [6.4]: left to golden
    /// queries.
    void check_columns(const Expr& expr) {
        if (expr.kind == Expr::Kind::kField && !rows_.empty() &&
            !rows_.front().fields.contains(expr.text)) {
            throw Unknown();
        }
        for (const Expr& arg : expr.args) check_columns(arg);
    }

    void run_command(const SortCommand& command) {
        std::vector<std::pair<std::vector<Value>, Row>> keyed;
        for (Row& row : rows_) {
            std::vector<Value> keys;
            for (const SortKey& key : command.keys) {
                // A column's name may be that of an aggregate [6.5].
                const auto column = row.fields.find(key.label.text);
                keys.push_back(column != row.fields.end() ? column->second
                                                          : evaluate(key.expr, row));
            }
            keyed.emplace_back(std::move(keys), std::move(row));
        }
        std::stable_sort(keyed.begin(), keyed.end(), [&](const auto& a, const auto& b) {
            for (std::size_t i = 0; i < command.keys.size(); ++i) {
                const int order = compare_sorted(a.first[i], b.first[i]);
                if (order != 0) return command.keys[i].descending ? order > 0 : order < 0;
            }
            return false;
        });
        for (std::size_t i = 0; i < keyed.size(); ++i) rows_[i] = std::move(keyed[i].second);
    }

    void run_command(const LimitCommand& command) {
        if (command.any) throw Unknown();
        const auto count = static_cast<std::size_t>(command.count);
        if (rows_.size() <= count) return;
        if (command.tail) {
            rows_.erase(rows_.begin(), rows_.end() - static_cast<std::ptrdiff_t>(count));
        } else {
            rows_.resize(count);
        }
    }

    void run_command(const DedupCommand& command) {
        std::set<std::vector<std::string>> seen;
        std::erase_if(rows_, [&](const Row& row) {
            std::vector<std::string> key;
            for (const Name& name : command.fields) {
                const Value value = field(row, name.text);
                if (!value.present()) return false;  // All kept [6.8].
                key.push_back(shown(value));
            }
            return !seen.insert(key).second;
        });
    }

    void run_command(const ParseCommand& command) {
        if (command.mode != ParseMode::kPattern || command.pattern.kind != Expr::Kind::kString) {
            throw Unknown();
        }
        std::vector<std::string> literals(1);
        for (const char c : command.pattern.text) {
            if (c == '*') {
                literals.emplace_back();
            } else {
                literals.back() += c;
            }
        }
        for (Row& row : rows_) {
            const Value source =
                command.has_source ? evaluate(command.source, row) : field(row, "@message");
            const auto captures = glob(literals, shown(source));
            for (std::size_t i = 0; i < command.aliases.size(); ++i) {
                const bool matched = source.present() && captures.has_value();
                row.fields[command.aliases[i].text] =
                    matched ? text_value((*captures)[i]) : missing();
            }
        }
        for (const Name& alias : command.aliases) extend(alias.text);
    }

    /// Each literal at its first place behind the one before; the last * runs to the end [6.7].
    static std::optional<std::vector<std::string>> glob(const std::vector<std::string>& literals,
                                                        std::string text) {
        if (literals.back().empty()) {
            if (text.ends_with('\n')) text.pop_back();
            if (text.ends_with('\r')) text.pop_back();
        }
        std::vector<std::string> captures;
        std::size_t at = text.find(literals[0]);
        if (at == std::string::npos) return std::nullopt;
        at += literals[0].size();
        for (std::size_t i = 1; i < literals.size(); ++i) {
            if (i + 1 == literals.size() && literals[i].empty()) {
                captures.push_back(text.substr(at));
                break;
            }
            const std::size_t found = text.find(literals[i], at);
            if (found == std::string::npos) return std::nullopt;
            captures.push_back(text.substr(at, found - at));
            at = found + literals[i].size();
        }
        return captures;
    }

    void run_command(const AccumCommand& command) {
        const std::string name =
            command.alias.text.empty() ? "accum(" + command.field.text + ")" : command.alias.text;
        long double sum = 0;
        for (Row& row : rows_) {
            if (const auto number = as_number(field(row, command.field.text)))
                sum += static_cast<long double>(*number);
            row.fields[name] = number_value(static_cast<double>(sum));
        }
        extend(name);
    }

    void run_command(const AutoregressCommand& command) {
        const std::string base =
            command.alias.text.empty() ? command.field.text : command.alias.text;
        std::vector<Value> values;
        for (const Row& row : rows_) values.push_back(field(row, command.field.text));
        for (std::int64_t p = command.first; p <= command.last; ++p) {
            const bool plain = !command.alias.text.empty() && command.first == command.last;
            const std::string name = plain ? base : base + "_p" + std::to_string(p);
            for (std::size_t i = 0; i < rows_.size(); ++i) {
                const auto back = static_cast<std::size_t>(p);
                rows_[i].fields[name] = i >= back ? values[i - back] : missing();
            }
            extend(name);
        }
    }

    void run_command(const FilldownCommand& command) {
        if (command.fields.empty()) throw Unknown();  // "All fields": which ones is not said.
        for (const Name& name : command.fields) {
            if (name.text.ends_with('*')) throw Unknown();
            Value last;
            for (Row& row : rows_) {
                const Value value = field(row, name.text);
                if (value.present()) last = value;
                row.fields[name.text] = last;
            }
        }
    }

    // stats [6.4, 8] -----------------------------------------------------------------------------
    struct Group {
        std::vector<Value> keys;
        std::vector<Row> rows;
    };

    static std::string call_name(const Expr& expr) {
        std::string name = expr.text;
        for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        return name;
    }

    void run_command(const StatsCommand& command) {
        if (!command.offset.empty()) throw Unknown();
        std::vector<Group> groups;
        std::map<std::vector<std::string>, std::size_t> known;
        for (const Row& row : rows_) {
            std::vector<Value> keys;
            std::vector<std::string> key;
            for (const Item& by : command.by) {
                // "by bin(1m)" behind a stats by bin(1m) means its column.
                const auto column = row.fields.find(by.label.text);
                const bool is_known = grouped_ && column != row.fields.end();
                keys.push_back(is_known ? column->second : evaluate(by.expr, row));
                // One group for what shows alike: true of JSON and the text "true" are the text.
                if (keys.back().kind == Value::Kind::kJsonTruth) {
                    keys.back() = text_value(shown(keys.back()));
                }
                key.push_back((keys.back().present() ? "p" : "m") + shown(keys.back()));
            }
            const auto [at, fresh] = known.try_emplace(key, groups.size());
            if (fresh) groups.push_back({keys, {}});
            groups[at->second].rows.push_back(row);
        }
        std::optional<std::size_t> bin;
        for (std::size_t i = 0; i < command.by.size() && !bin; ++i) {
            const Expr& expr = command.by[i].expr;
            if (expr.kind == Expr::Kind::kCall && call_name(expr) == "bin") bin = i;
        }
        if (!bin && !grouped_) {
            // By first appearance scanning newest to oldest, whatever order the rows are in.
            const auto newest = [](const Group& group) {
                std::pair<std::int64_t, std::uint64_t> found{INT64_MIN, 0};
                for (const Row& row : group.rows) {
                    found = std::max(found, {row.timestamp_ms, row.sequence});
                }
                return found;
            };
            std::stable_sort(groups.begin(), groups.end(),
                             [&](const Group& a, const Group& b) { return newest(a) > newest(b); });
        }
        if (bin) {
            std::stable_sort(groups.begin(), groups.end(), [&](const Group& a, const Group& b) {
                if (const int order = compare_sorted(a.keys[*bin], b.keys[*bin]); order != 0) {
                    return order > 0;
                }
                for (std::size_t i = 0; i < a.keys.size(); ++i) {
                    if (i == *bin) continue;
                    const int order = compare_sorted(a.keys[i], b.keys[i]);
                    if (order != 0) return order < 0;
                }
                return false;
            });
        }
        std::vector<Row> out;
        for (const Group& group : groups) {
            Row row;
            for (std::size_t i = 0; i < command.by.size(); ++i) {
                row.fields[command.by[i].column()] = group.keys[i];
            }
            for (const Item& item : command.aggregates) {
                row.fields[item.column()] = aggregate(item.expr, group.rows);
            }
            out.push_back(std::move(row));
        }
        rows_ = std::move(out);
        columns_.clear();
        for (const Item& by : command.by) add_column(by.column());
        for (const Item& item : command.aggregates) add_column(item.column());
        chosen_ = true;
        grouped_ = true;
    }

    Value aggregate(const Expr& expr, const std::vector<Row>& rows) {
        if (expr.kind != Expr::Kind::kCall) throw Unknown();
        const std::string name = call_name(expr);
        if (name == "count" && (expr.args.empty() || expr.args[0].kind == Expr::Kind::kStar)) {
            return number_value(static_cast<double>(rows.size()));
        }
        struct Seen {
            Value value;
            const Row* row;
        };
        std::vector<Seen> seen;
        std::vector<double> numbers;
        for (const Row& row : rows) {
            const Value value = evaluate(expr.args.at(0), row);
            if (!value.present()) continue;
            seen.push_back({value, &row});
            if (const auto number = as_number(value)) numbers.push_back(*number);
        }
        if (name == "count") return number_value(static_cast<double>(seen.size()));
        if (name == "sum" || name == "avg") {
            if (numbers.empty()) return {};
            long double sum = 0;
            for (const double number : numbers) sum += static_cast<long double>(number);
            if (name == "avg") sum /= static_cast<long double>(numbers.size());
            return number_value(static_cast<double>(sum));
        }
        if (name == "stddev") {
            if (numbers.empty()) return {};
            if (numbers.size() == 1) return number_value(0);
            long double mean = 0;
            for (const double number : numbers) mean += static_cast<long double>(number);
            mean /= static_cast<long double>(numbers.size());
            long double squares = 0;
            for (const double number : numbers) {
                const long double off = static_cast<long double>(number) - mean;
                squares += off * off;
            }
            return number_value(static_cast<double>(
                std::sqrt(squares / static_cast<long double>(numbers.size() - 1))));
        }
        if (name == "pct") {
            if (numbers.empty()) return {};
            std::sort(numbers.begin(), numbers.end());
            const double percent = std::strtod(expr.args.at(1).text.c_str(), nullptr);
            const double place = percent / 100 * static_cast<double>(numbers.size() - 1);
            const auto low = static_cast<std::size_t>(place);
            const std::size_t high = std::min(low + 1, numbers.size() - 1);
            const double part = place - static_cast<double>(low);
            return number_value(numbers[low] + (numbers[high] - numbers[low]) * part);
        }
        if (name == "count_distinct") {  // Of nothing: none, as count(f).
            std::set<std::string> distinct;
            for (const Seen& one : seen) distinct.insert(shown(one.value));
            return number_value(static_cast<double>(distinct.size()));
        }
        if (seen.empty()) return {};
        if (name == "min" || name == "max") {
            if (!numbers.empty()) {
                const auto [low, high] = std::minmax_element(numbers.begin(), numbers.end());
                const double found = name == "min" ? *low : *high;
                // An instant stays one.
                const bool time = std::any_of(seen.begin(), seen.end(), [&](const Seen& one) {
                    return one.value.kind == Value::Kind::kTime && one.value.number == found;
                });
                return time ? time_value(static_cast<std::int64_t>(found)) : number_value(found);
            }
            return extreme(seen, name == "max");
        }
        if (name == "sortsfirst" || name == "sortslast") return extreme(seen, name == "sortslast");
        if (name == "earliest" || name == "latest") {
            if (grouped_) throw Unknown();  // Rows have no instant of their own any more.
            const auto older = [](const Seen& a, const Seen& b) {
                return a.row->timestamp_ms != b.row->timestamp_ms
                           ? a.row->timestamp_ms < b.row->timestamp_ms
                           : a.row->sequence < b.row->sequence;
            };
            return name == "earliest" ? std::min_element(seen.begin(), seen.end(), older)->value
                                      : std::max_element(seen.begin(), seen.end(), older)->value;
        }
        throw Unknown();
    }

    template <class List>
    static Value extreme(const List& seen, bool last) {
        Value best = seen.front().value;
        for (const auto& one : seen) {
            const int order = compare_sorted(one.value, best);
            if (last ? order > 0 : order < 0) best = one.value;
        }
        return best;
    }

    const std::vector<TestEvent>& events_;
    std::vector<Row> rows_;
    std::vector<std::string> columns_;
    bool chosen_ = false;   // Some command named columns.
    bool grouped_ = false;  // There was a stats.
    std::map<const Query*, std::vector<Value>> sets_;
};

/// nullopt: the query has a construct that is not interpreted.
inline std::optional<std::string> answer(std::string_view text,
                                         const std::vector<TestEvent>& events) {
    const auto query = parse(text);
    if (!query) return std::nullopt;
    try {
        return Interpreter::run(*query, events);
    } catch (const Unknown&) {
        return std::nullopt;
    }
}

}  // namespace sky::insights::testing::reference
