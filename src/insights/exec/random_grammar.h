// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/insights/exec/random_grammar.h - queries and events made of choices; for tests
              // and the fuzzer.

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "insights/exec/test_snapshot.h"

namespace sky::insights::testing {

inline std::string text_of(std::string text) { return text; }
inline std::string text_of(std::uint64_t number) { return std::to_string(number); }

/// The form with each {} replaced by the next part.
template <class... Parts>
std::string fill(std::string_view form, const Parts&... parts) {
    std::string out;
    const auto put = [&](const std::string& part) {
        const std::size_t at = form.find("{}");
        out.append(form.substr(0, at)).append(part);
        form.remove_prefix(at + 2);
    };
    (put(text_of(parts)), ...);
    return out.append(form);
}

/// `Source` has below(bound): where choices come from.
template <class Source>
class Grammar {
public:
    explicit Grammar(Source source) : random_(std::move(source)) {}

    std::string query() {
        std::string text;
        const std::size_t commands = 1 + random_.below(4);
        for (std::size_t i = 0; i < commands; ++i) text += (i == 0 ? "" : " | ") + command();
        return text;
    }
    /// Commands that look at one row at a time.
    std::string row_query() {
        std::string text = "fields a as first";
        const std::size_t commands = random_.below(4);
        for (std::size_t i = 0; i < commands; ++i) {
            const std::size_t number = ++names_;
            switch (random_.below(3)) {
                case 0:
                    text += fill(" | fields {} as f{}", expr(), number);
                    break;
                case 1:
                    text += " | filter " + condition();
                    break;
                default:
                    text += fill(" | parse '[*] * ' as p{}, q{}", number, number);
            }
        }
        return text;
    }
    std::string sort_key() { return expr(1) + one({" asc", " desc"}); }
    std::vector<TestEvent> events() {
        std::vector<TestEvent> list;
        const std::size_t count = random_.below(30);
        std::int64_t time = 1'767'225'600'000;
        for (std::size_t i = 0; i < count; ++i) {
            time += static_cast<std::int64_t>(random_.below(3) * 20'000);  // Equal times too.
            list.push_back({time, i + 1, one({"s1", "s2"}), message()});
        }
        return list;
    }

private:
    std::string one(std::initializer_list<const char*> list) {
        return *(list.begin() + random_.below(list.size()));
    }
    std::string message() {
        switch (random_.below(4)) {
            case 0:
                return fill("[profiler] {} {} {}.{} {}", one({"GET", "POST"}),
                            one({"list", "item"}), random_.below(50), random_.below(100),
                            one({"200", "404", "500"}));
            case 1:
                return one({"", "no fields", "ERROR at 10.0.0.1", "level=warn n=3"});
            default: {
                std::string text = "{\"a\":" + scalar();
                if (random_.below(2) == 0) text += ",\"b\":" + scalar();
                if (random_.below(3) == 0) text += ",\"n\":{\"x\":" + scalar() + "}";
                if (random_.below(3) == 0) text += ",\"l\":[" + scalar() + "," + scalar() + "]";
                return text + "}";
            }
        }
    }
    std::string scalar() {
        return one({"1",
                    "2",
                    "-3",
                    "10.10",
                    "10.1",
                    "\"x\"",
                    "\"año\"",
                    "\"01\"",
                    "true",
                    "null",
                    "\"\"",
                    "1e3",
                    "\"2\"",
                    "0.1",
                    "-0.25",
                    "123456789012345",
                    "\"1x\"",
                    "\"a b\"",
                    "\"\xF0\x9F\x98\x80\"",
                    "false",
                    "\"true\"",
                    "\" 7 \""});
    }
    std::string field() {
        return one({"a", "b", "n.x", "l", "@logStream", "@timestamp", "@source.log", "none"});
    }
    std::string literal() {
        return one({"1", "2", "0", "-3", "10.1", "'x'", "''", "\"2\"", "true"});
    }
    std::string expr(int depth = 0) {
        if (depth > 2) return random_.below(2) == 0 ? field() : literal();
        switch (random_.below(8)) {
            case 0:
                return literal();
            case 1:
                return fill("({} {} {})", expr(depth + 1), one({"+", "-", "*", "/", "%"}),
                            expr(depth + 1));
            case 2:
                return fill("{}({})",
                            one({"strlen", "abs", "tolower", "isempty", "floor", "jsonParse",
                                 "trim", "ispresent"}),
                            expr(depth + 1));
            case 3:
                return fill("{}({}, {})", one({"coalesce", "concat", "strcontains"}),
                            expr(depth + 1), expr(depth + 1));
            default:
                return field();
        }
    }
    std::string condition(int depth = 0) {
        switch (random_.below(depth > 2 ? 4 : 7)) {
            case 0:
                return fill("{} {} {}", expr(1), one({"=", "!=", "<", "<=", ">", ">="}), expr(1));
            case 1:
                return fill("{} {} {}", field(), one({"like", "not like"}),
                            one({"'x'", "/[0-9]+/", "'1'", "/^$/"}));
            case 2:
                return fill("{} {} [{}, {}]", field(), one({"in", "not in"}), literal(), literal());
            case 3:
                return fill("ispresent({})", field());
            case 4:
                return fill("not ({})", condition(depth + 1));
            default:
                return fill("({}) {} ({})", condition(depth + 1), one({"and", "or"}),
                            condition(depth + 1));
        }
    }
    std::string aggregate() {
        if (random_.below(4) == 0) return "count(*)";
        if (random_.below(8) == 0) return fill("pct({}, 50)", expr(1));
        return fill("{}({})",
                    one({"count", "sum", "avg", "min", "max", "stddev", "earliest", "latest",
                         "sortsFirst", "sortsLast", "count_distinct"}),
                    expr(1));
    }
    std::string command() {
        const std::size_t number = ++names_;
        switch (random_.below(18)) {
            case 0:
            case 1:
                return fill("fields {} as f{}", expr(), number);
            case 2:
            case 3:
                return "filter " + condition();
            case 4:
            case 5:
                return fill("stats {} as s{} by {}", aggregate(), number,
                            random_.below(2) == 0 ? field() : "bin(1m)");
            case 6:
                // Of groups, too.
                return fill("stats {}, {}{}", aggregate(), aggregate(),
                            number % 3 == 0 ? fill(", sum(s{}), max(s{})", number - 1, number - 1)
                                            : std::string());
            case 7:
                return fill("sort {} {}", expr(1), one({"asc", "desc"}));
            case 8:
                return fill("{} {}", one({"limit", "tail"}), 1 + random_.below(10));
            case 9:
                return "dedup " + field();
            case 10:
                return fill("parse '[*] * ' as p{}, q{}", number, number);
            case 11:
                return fill("accum {} as t{}", field(), number);
            case 12:
                return fill("autoregress {} as r{} p=1-2", field(), number);
            case 13:
                return fill("filldown {}", one({"a", "b", ""}));
            case 14:
                return fill("unnest {} into u{}", one({"l", "a", "n"}), number);
            case 15:
                return fill("countFrequent {}", field());
            case 16:
                return one({"pattern @message",
                            "pattern @message | display @pattern, @ratio, @sampleCount",
                            "pattern concat(b, ' of ', a) | display @pattern, @severityLabel",
                            "addtotals", "addtotals col=true a, b",
                            "fields a, b | addtotals fieldname=all col=true", "outlier a",
                            "outlier param=0.5 uselower=true a b", "outlier mark=true param=1 a",
                            "outlier action=transform param=1 uselower=true b",
                            "display a, b, @message"});
            default:
                return fill("filter {} in (filter {} | fields {})", field(), condition(1), field());
        }
    }

    Source random_;
    std::size_t names_ = 0;
};

}  // namespace sky::insights::testing
