// SPDX-License-Identifier: Apache-2.0
#include "insights/functions/table.h"

#include <doctest/doctest.h>

#include <random>

#include "columnar/decimal.h"
#include "insights/functions/test_batch.h"

using namespace sky::insights;
using sky::insights::test::Batch;

namespace {

/// Evaluates the calls of examples: names, numbers, 'texts', periods, nested calls.
class Example {
public:
    Example(Batch& batch, std::string_view text) : batch_(batch), text_(text) {}

    const Vector* value() {
        blanks();
        if (text_[at_] == '\'') {
            const std::size_t end = text_.find('\'', at_ + 1);
            REQUIRE(end != std::string_view::npos);
            const std::string_view inside = text_.substr(at_ + 1, end - at_ - 1);
            at_ = end + 1;
            return batch_.constant(Value::of_text(inside));
        }
        const std::size_t begin = at_;
        while (at_ < text_.size() && text_.find_first_of("(), ", at_) != at_) ++at_;
        const std::string_view word = text_.substr(begin, at_ - begin);
        if (at_ < text_.size() && text_[at_] == '(') return function(word);
        sky::columnar::ParsedNumber number{};
        if (sky::columnar::parse_number(word, number)) {
            return batch_.constant(Value::of_number(number.value));
        }
        return batch_.constant(Value::of_text(word));  // A period.
    }

private:
    void blanks() {
        while (at_ < text_.size() && text_[at_] == ' ') ++at_;
    }
    const Vector* function(std::string_view name) {
        const FunctionDef* const def = find_function(name);
        REQUIRE(def != nullptr);
        std::vector<const Vector*> args;
        if (def->has(FunctionTrait::kTakesTimestamp)) {
            args.push_back(batch_.constant(Value::of_timestamp(test::kTimestampMs)));
        }
        std::size_t written = 0;
        ++at_;
        for (blanks(); text_[at_] != ')'; blanks()) {
            args.push_back(value());
            ++written;
            blanks();
            if (text_[at_] == ',') ++at_;
        }
        ++at_;
        CHECK(written >= def->args_min);
        CHECK(written <= def->args_max);
        return call(*def, batch_.context, args);
    }

    Batch& batch_;
    std::string_view text_;
    std::size_t at_ = 0;
};

const Vector* run(Batch& batch, std::string_view name, std::vector<const Vector*> args) {
    const FunctionDef* const def = find_function(name);
    REQUIRE(def != nullptr);
    return call(*def, batch.context, args);
}

}  // namespace

TEST_CASE("every function's example holds, for one row and for many") {
    for (const FunctionDef& function : functions()) {
        CAPTURE(function.example);
        const std::size_t split = function.example.find(" = ");
        REQUIRE(split != std::string_view::npos);
        for (const std::size_t rows : {1UL, 3UL}) {
            Batch batch(rows);
            const Vector* const got = Example(batch, function.example.substr(0, split)).value();
            REQUIRE(got->size() == rows);
            CHECK(render(got->at(rows - 1)) == function.example.substr(split + 3));
            CHECK_FALSE(batch.context.error);
        }
    }
}

TEST_CASE("functions over columns: each row's answer, missing arguments, coercion") {
    struct Case {
        std::string_view name;
        std::vector<std::vector<std::string_view>> columns;
        std::vector<std::string> expected;
    };
    static const Case kCases[] = {
        {"abs", {{"-2.5", "x", "missing", "3"}}, {"2.5", "missing", "missing", "3"}},
        {"ceil", {{"-1.2", "7"}}, {"-1", "7"}},
        {"sqrt", {{"-1", "2"}}, {"missing", "1.4142"}},
        {"log", {{"0", "1", "-3"}}, {"missing", "0", "missing"}},
        {"greatest", {{"1", "2", "x"}, {"3", "missing", "1"}}, {"3", "missing", "missing"}},
        {"concat", {{"a", "missing", ""}, {"b", "c", "missing"}}, {"ab", "c", ""}},
        {"isempty", {{"", "missing", " ", "x"}}, {"1", "1", "0", "0"}},
        {"isblank", {{"", "missing", " \t", "x"}}, {"1", "1", "1", "0"}},
        {"ispresent", {{"", "missing"}}, {"1", "0"}},
        {"coalesce", {{"missing", "a", "missing"}, {"b", "c", "missing"}}, {"b", "a", "missing"}},
        {"trim", {{"  a b\n", "missing"}}, {"a b", "missing"}},
        {"ltrim", {{"xyZxyfooxyZ", "äöxä"}, {"xyZ", "öä"}}, {"fooxyZ", "xä"}},
        {"rtrim", {{"fooäö", "aaa"}, {"öä", "a"}}, {"foo", ""}},
        {"strlen", {{"", "año", "日本", "missing"}}, {"0", "3", "2", "missing"}},
        {"toupper", {{"straße é", "Ж"}}, {"STRAßE É", "Ж"}},
        {"replace", {{"aaa", "aaa", "x"}, {"aa", "", "x"}, {"b", "b", ""}}, {"ba", "aaa", ""}},
        {"substr",
         {{"日本語", "abc", "abc", "abc"}, {"1", "5", "-1", "x"}, {"1", "1", "2", "1"}},
         {"本", "", "ab", "missing"}},
        {"strcontains", {{"abc", "abc", "missing"}, {"bc", "x", "a"}}, {"1", "0", "missing"}},
        {"if",
         {{"1", "0", "missing"}, {"a", "a", "a"}, {"b", "missing", "c"}},
         {"a", "missing", "c"}},
        {"case", {{"0", "false"}, {"a", "a"}, {"yes", "1"}, {"b", "b"}}, {"b", "b"}},
        {"isValidIp",
         {{"10.0.0.1", "::", "10.0.0", "1.2.3.4 ", "01.2.3.4", "missing"}},
         {"1", "1", "0", "0", "0", "missing"}},
        {"isIpInSubnet",
         {{"10.255.0.1", "11.0.0.1", "::1", "x", "10.0.0.1", "2001:db8:8000::"},
          {"10.0.0.0/8", "10.0.0.0/8", "10.0.0.0/8", "10.0.0.0/8", "10.0.0.0/33", "2001:db8::/33"}},
         {"1", "0", "0", "0", "0", "0"}},
        {"isIpv6InSubnet",
         {{"::1", "1.2.3.4", "ffff::"}, {"::/0", "0.0.0.0/0", "8000::/1"}},
         {"1", "0", "1"}},
        {"jsonParse",
         {{"{\"a\": 1}", "[1, \" x\"]", "7.50", "\"a\\nb\"", "true", "null", "{", ""}},
         {"{\"a\":1}", "[1,\" x\"]", "7.50", "a\nb", "true", "missing", "missing", "missing"}},
        {"jsonStringify", {{"a\"b", "5"}}, {"\"a\\\"b\"", "\"5\""}},
        {"fromMillis",
         {{"0", "-1", "x", "1e17"}},
         {"1970-01-01 00:00:00.000", "1969-12-31 23:59:59.999", "missing", "missing"}},
        {"md5", {{"a", "missing"}}, {"0cc175b9c0f1b6a831c399e269772661", "missing"}},
    };
    for (const Case& c : kCases) {
        CAPTURE(c.name);
        Batch batch(c.expected.size());
        std::vector<const Vector*> args;
        for (const auto& column : c.columns) args.push_back(batch.texts(column));
        CHECK(test::rendered(run(batch, c.name, args)) == c.expected);
    }
}

TEST_CASE("periods: units, caps, alignment") {
    struct Case {
        std::string_view period;
        std::string_view floor, ceil;  // Of 2026-08-19 13:47:21.654, a Wednesday.
    };
    static constexpr Case kCases[] = {
        {"100ms", "2026-08-19 13:47:21.600", "2026-08-19 13:47:21.700"},
        {"30s", "2026-08-19 13:47:00.000", "2026-08-19 13:47:30.000"},
        {"300s", "2026-08-19 13:47:00.000", "2026-08-19 13:48:00.000"},
        {"99999999999999999999s", "2026-08-19 13:47:00.000", "2026-08-19 13:48:00.000"},
        {"5m", "2026-08-19 13:45:00.000", "2026-08-19 13:50:00.000"},
        {"90minutes", "2026-08-19 13:00:00.000", "2026-08-19 14:00:00.000"},
        {"6hours", "2026-08-19 12:00:00.000", "2026-08-19 18:00:00.000"},
        {"48h", "2026-08-19 00:00:00.000", "2026-08-20 00:00:00.000"},
        {"1d", "2026-08-19 00:00:00.000", "2026-08-20 00:00:00.000"},
        {"1w", "2026-08-17 00:00:00.000", "2026-08-24 00:00:00.000"},
        {"1mo", "2026-08-01 00:00:00.000", "2026-09-01 00:00:00.000"},
        {"2mon", "2026-07-01 00:00:00.000", "2026-09-01 00:00:00.000"},
        {"1q", "2026-07-01 00:00:00.000", "2026-10-01 00:00:00.000"},
        {"1Year", "2026-01-01 00:00:00.000", "2027-01-01 00:00:00.000"},
        {"0s", "missing", "missing"},
        {"5", "missing", "missing"},
        {"s", "missing", "missing"},
        {"5 parsecs", "missing", "missing"},
    };
    for (const Case& c : kCases) {
        CAPTURE(c.period);
        Batch batch(2);
        const std::int64_t times[] = {1'787'147'241'654, 1'787'147'241'654};
        const Vector* const when = Vector::timestamps(batch.arena, 2, times);
        const Vector* const period = batch.constant(Value::of_text(c.period));
        const Vector* const floor = run(batch, "datefloor", {when, period});
        CHECK(test::rendered(floor)[1] == c.floor);
        const Vector* const ceil = run(batch, "dateceil", {when, period});
        CHECK(test::rendered(ceil)[0] == c.ceil);
        // A boundary is its own ceiling.
        if (c.floor != "missing") {
            CHECK(test::rendered(run(batch, "dateceil", {floor, period}))[0] == c.floor);
        }
    }
}

// A value has one answer, whether it comes as a constant, in a uniform column or in a mixed one.
TEST_CASE("the form of a column never shows, whatever the kinds of the arguments") {
    Value spelled = Value::of_boolean(true);
    spelled.text = "true";
    const Value pool[] = {Value::missing(),
                          Value::of_text(""),
                          Value::of_text("12.50"),
                          Value::of_text("  año X "),
                          Value::of_text("10.0.0.0/8"),
                          Value::of_text("10.1.2.3"),
                          Value::of_text("{\"a\": [1, \"x\\n\"]}"),
                          Value::of_json("{\"a\":1}"),
                          Value::of_number(-2.5),
                          Value::of_number(1e18),
                          Value::of_boolean(false),
                          spelled,
                          Value::of_timestamp(test::kTimestampMs),
                          Value::of_text("5m")};
    std::mt19937_64 random(3);
    constexpr std::size_t kRows = 3;
    for (const FunctionDef& function : functions()) {
        for (int round = 0; round < 60; ++round) {
            Batch batch(kRows);
            const std::size_t most = std::min<std::size_t>(function.args_max, 5);
            const std::size_t extra = function.has(FunctionTrait::kTakesTimestamp) ? 1 : 0;
            const std::size_t count =
                extra + function.args_min + random() % (most - function.args_min + 1);
            std::vector<const Vector*> constants;
            std::vector<const Vector*> narrow;
            std::vector<const Vector*> mixed;
            for (std::size_t i = 0; i < count; ++i) {
                const Value value = pool[random() % std::size(pool)];
                auto* const rows = batch.arena.array<Value>(kRows);
                std::fill_n(rows, kRows, value);
                const Vector* const constant = batch.constant(value);
                const bool is_period = function.has(FunctionTrait::kTakesPeriod) && i + 1 == count;
                constants.push_back(constant);
                // A period is a literal in the query, never a column.
                narrow.push_back(is_period ? constant
                                           : Vector::from_values(batch.arena, kRows, rows));
                mixed.push_back(is_period ? constant : Vector::mixed(batch.arena, kRows, rows));
            }
            CAPTURE(function.name);
            const auto expected = test::rendered(call(function, batch.context, constants));
            CHECK(expected.size() == kRows);
            CHECK(test::rendered(call(function, batch.context, narrow)) == expected);
            CHECK(test::rendered(call(function, batch.context, mixed)) == expected);

            Batch empty(0);
            std::vector<const Vector*> none(count, Vector::mixed(empty.arena, 0, nullptr));
            if (function.has(FunctionTrait::kTakesPeriod)) none.back() = constants.back();
            if (count > 0) CHECK(call(function, empty.context, none)->size() == 0);
        }
    }
}

TEST_CASE("names: case does not matter, misspelt ones get a suggestion") {
    CHECK(find_function("ISPRESENT") == find_function("isPresent"));
    CHECK(find_function("strlen")->name == "strlen");
    CHECK(find_function("strle") == nullptr);
    CHECK(find_function("") == nullptr);
    CHECK(nearest_function_name("strlength") == "");
    CHECK(nearest_function_name("strlne") == "strlen");
    CHECK(nearest_function_name("averag") == "");
    CHECK(nearest_function_name("countdistinct") == "count_distinct");
    CHECK(nearest_function_name("zzzzzzzz") == "");
}

TEST_CASE("texts that a query blows up end in a limit, not in the machine's memory") {
    Batch batch(4, 2 << 20);
    const std::string large(300'000, 'x');
    const Vector* text = batch.constant(Value::of_text(large));
    const Vector* const other = batch.texts({large, large, large, large});
    for (int i = 0; i < 20 && !batch.context.error; ++i) {
        text = run(batch, "concat", {text, other, text});
    }
    REQUIRE(batch.context.error);
    CHECK(batch.context.error->code == sky::ErrorCode::kLimitExceeded);
    CHECK(batch.budget.used() <= batch.budget.bytes_max());
}
