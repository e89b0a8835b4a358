// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/insights/exec/reference_interpreter.h - the language row by row, slowly and
              // plainly; for tests.

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "insights/exec/random_run.h"
#include "insights/exec/reference_expressions.h"
#include "insights/exec/reference_patterns.h"
#include "insights/exec/test_snapshot.h"
#include "insights/syntax/parser.h"

// Written from logs-insights-ql.md alone: no kernel, no plan and no order of the executor is used
// here, only the parser's tree. What it does not know it refuses (Unknown), and the test that
// compares the two leaves that query out. Numbers in brackets are sections.
namespace sky::insights::testing::reference {

class Interpreter final : public Expressions {
public:
    /// The rows in their order, "field=value" with tabs; @ptr is not shown. Throws Unknown.
    static std::string run(const Query& query, const std::vector<TestEvent>& events) {
        Interpreter interpreter(events);
        interpreter.run_commands(query);
        for (const std::string& column : interpreter.columns()) {
            if (column == "@regexString" || column == "@patternId") throw Unknown();
        }
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
            row.fields["@source.log"] = text_value(kRandomGroup);
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

    std::vector<Value> first_column(const Query& query) override {
        Interpreter inner(events_);
        inner.run_commands(query);
        const std::string column = inner.columns().at(0);
        std::vector<Value> values;
        for (const Row& row : inner.rows_) values.push_back(inner.field(row, column));
        return values;
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

    void run_command(const UnnestCommand& command) {
        if (command.alias.text.empty()) throw Unknown();  // expand: golden queries have it.
        std::vector<Row> out;
        for (const Row& row : rows_) {
            const Value value = evaluate(command.field, row);
            const bool list =
                value.kind == Value::Kind::kStructure && value.json->kind == Json::Kind::kList;
            std::vector<Value> elements;
            if (list) {
                for (const Json& element : value.json->list) elements.push_back(of_json(element));
            } else if (value.present()) {
                elements.push_back(value);
            }
            for (const Value& element : elements) {
                out.push_back(row);
                out.back().fields[command.alias.text] = element;
            }
        }
        rows_ = std::move(out);
        extend(command.alias.text);
    }

    void run_command(const CountFrequentCommand& command) {
        StatsCommand stats;
        for (const Name& name : command.fields) {
            Item by;
            by.expr.kind = Expr::Kind::kField;
            by.expr.text = by.alias = name.text;
            stats.by.push_back(std::move(by));
        }
        Item count;
        count.expr.kind = Expr::Kind::kCall;
        count.expr.text = "count";
        count.alias = "_approxcount";
        stats.aggregates.push_back(std::move(count));
        run_command(stats);
        std::stable_sort(rows_.begin(), rows_.end(), [](const Row& a, const Row& b) {
            return a.fields.at("_approxcount").number > b.fields.at("_approxcount").number;
        });
    }

    void run_command(const AddtotalsCommand& command) {
        std::vector<std::string> names;
        for (const Name& name : command.fields) {  // Named twice, it is one column.
            if (std::find(names.begin(), names.end(), name.text) == names.end()) {
                names.push_back(name.text);
            }
        }
        for (const std::string& name : columns()) {  // Numbers; instants are none.
            const bool instant = name.starts_with('@') || name.starts_with("bin(");
            if (command.fields.empty() && !instant) names.push_back(name);
        }
        const std::string total = command.fieldname.text.empty() ? "Total" : command.fieldname.text;
        std::map<std::string, double> sums;
        const auto add = [&](const std::string& name, double number) { sums[name] += number; };
        for (Row& row : rows_) {
            std::optional<double> sum;
            for (const std::string& name : names) {
                const auto number = as_number(field(row, name));
                if (!number) continue;
                sum = sum.value_or(0) + *number;
                add(name, *number);
            }
            if (!command.row) continue;
            row.fields[total] = sum ? number_value(*sum) : missing();
            if (sum) add(total, *sum);
        }
        if (command.row) extend(total);
        if (!command.column || rows_.empty()) return;
        Row last;
        for (const auto& [name, sum] : sums) last.fields[name] = number_value(sum);
        rows_.push_back(std::move(last));
        place_rows();
    }

    void run_command(const OutlierCommand& command) {
        const double param = command.param.kind == Expr::Kind::kNumber
                                 ? std::strtod(command.param.text.c_str(), nullptr)
                                 : 2.5;
        std::vector<bool> beyond(rows_.size(), false);
        std::set<std::string> seen;
        for (const Name& name : command.fields) {
            if (!seen.insert(name.text).second) continue;
            std::vector<double> numbers;
            for (const Row& row : rows_) {
                if (const auto number = as_number(field(row, name.text)))
                    numbers.push_back(*number);
            }
            std::sort(numbers.begin(), numbers.end());
            const auto quartile = [&](double share) {
                const double place = share * static_cast<double>(numbers.size() - 1);
                const auto low = static_cast<std::size_t>(place);
                const std::size_t high = std::min(low + 1, numbers.size() - 1);
                return numbers[low] + (numbers[high] - numbers[low]) * (place - std::floor(place));
            };
            const double first = numbers.empty() ? 0 : quartile(0.25);
            const double third = numbers.empty() ? 0 : quartile(0.75);
            const double high = third + param * (third - first);
            const double low = first - param * (third - first);
            for (std::size_t i = 0; i < rows_.size(); ++i) {
                const auto number = as_number(field(rows_[i], name.text));
                const bool above = number && *number > high;
                const bool below = number && command.use_lower && *number < low;
                if (above || below) beyond[i] = true;
                if (command.mark) rows_[i].fields[name.text + "_outlier"] = truth(above || below);
                if (command.transform && (above || below)) {
                    rows_[i].fields[name.text] = number_value(above ? high : low);
                }
            }
        }
        for (const Name& name : command.fields) {
            if (command.mark) extend(name.text + "_outlier");
        }
        if (command.transform || command.mark) return;
        std::vector<Row> kept;
        for (std::size_t i = 0; i < rows_.size(); ++i) {
            if (!beyond[i]) kept.push_back(std::move(rows_[i]));
        }
        rows_ = std::move(kept);
    }

    void run_command(const PatternCommand& command) {
        std::vector<std::string> texts;
        for (const Row& row : rows_) {
            const Value value = evaluate(command.expr, row);
            if (value.present()) texts.push_back(shown(value));
        }
        rows_.clear();
        for (const Pattern& pattern : patterns_of(texts)) {
            Row row;
            const auto count = static_cast<double>(pattern.count);
            row.fields["@pattern"] = text_value(pattern.text);
            row.fields["@ratio"] = number_value(count / static_cast<double>(texts.size()));
            row.fields["@sampleCount"] = number_value(count);
            row.fields["@severityLabel"] = text_value(pattern.severity());
            rows_.push_back(std::move(row));
        }
        columns_.clear();
        // The last two are the machine's: whoever shows them is not compared.
        for (const char* name : {"@pattern", "@ratio", "@sampleCount", "@severityLabel",
                                 "@regexString", "@patternId"}) {
            add_column(name);
        }
        grouped_ = true;
        place_rows();
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
        if (!bin) {
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
        place_rows();
    }

    /// Rows that are no events stand where they are now, whatever sorts them later.
    void place_rows() {
        for (std::size_t i = 0; i < rows_.size(); ++i) {
            rows_[i].timestamp_ms = 0;
            rows_[i].sequence = rows_.size() - i;
        }
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
