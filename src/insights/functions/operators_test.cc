// SPDX-License-Identifier: Apache-2.0
#include "insights/functions/operators.h"

#include <doctest/doctest.h>

#include "insights/functions/regex.h"
#include "insights/functions/test_batch.h"

using namespace sky::insights;
using sky::insights::test::Batch;

namespace {

Value json_true() {
    Value value = Value::of_boolean(true);
    value.text = "true";
    return value;
}

const Value kMissing = Value::missing();
Value text(std::string_view t) { return Value::of_text(t); }
Value number(double n) { return Value::of_number(n); }

}  // namespace

TEST_CASE("comparison: numbers where both sides are, else code points; missing") {
    struct Case {
        Value left, right;
        bool equal, less;
    };
    const Case kCases[] = {
        {text("200"), number(200), true, false},
        {text("200"), text("200.0"), true, false},
        {text("10.1"), text("10.10"), true, false},
        {text("9"), text("10"), false, true},
        {text("9"), text("1x"), false, false},
        {text("GET"), text("POST"), false, true},
        {text("é"), text("z"), false, false},
        {text("9007199254740993"), text("9007199254740992"), false, false},
        {text("9007199254740992"), Value::of_number(9007199254740992.0, "9007199254740993"), false,
         true},
        {text("-18446744073709551617"), text("-18446744073709551616"), false, true},
        {Value::of_timestamp(5000), number(5000), true, false},
        {Value::of_timestamp(5000), text("1970-01-01 00:00:05.000"), true, false},
        {json_true(), text("true"), true, false},
        {json_true(), number(1), true, false},
        {json_true(), Value::of_boolean(true), true, false},
        {Value::of_json("{\"a\":1}"), text("{\"a\":1}"), true, false},
    };
    for (const Case& c : kCases) {
        CAPTURE(render(c.left));
        CAPTURE(render(c.right));
        // Constant with constant, column with constant, column with column.
        for (int form = 0; form < 3; ++form) {
            CAPTURE(form);
            Batch batch(2);
            const Value left[] = {c.left, c.left};
            const Value right[] = {c.right, c.right};
            const Vector* const l =
                form > 0 ? Vector::from_values(batch.arena, 2, left) : batch.constant(c.left);
            const Vector* const r =
                form > 1 ? Vector::from_values(batch.arena, 2, right) : batch.constant(c.right);
            const auto holds = [&](Comparison op) {
                return compare(batch.context, op, l, r)->at(1).integer != 0;
            };
            CHECK(holds(Comparison::kEqual) == c.equal);
            CHECK(holds(Comparison::kNotEqual) == !c.equal);
            CHECK(holds(Comparison::kLess) == c.less);
            CHECK(holds(Comparison::kLessEqual) == (c.less || c.equal));
            CHECK(holds(Comparison::kGreater) == (!c.less && !c.equal));
            CHECK(holds(Comparison::kGreaterEqual) == !c.less);
        }
    }
    for (const Value& other : {text("x"), number(1), kMissing}) {
        Batch batch;
        const Vector* const l = batch.constant(other);
        const Vector* const r = batch.constant(kMissing);
        CHECK(compare(batch.context, Comparison::kNotEqual, l, r)->at(0).integer == 1);
        for (const Comparison op : {Comparison::kEqual, Comparison::kLess, Comparison::kLessEqual,
                                    Comparison::kGreater, Comparison::kGreaterEqual}) {
            CHECK(compare(batch.context, op, r, l)->at(0).integer == 0);
        }
    }
}

TEST_CASE("arithmetic: coercion, missing operands, results that are not finite") {
    struct Case {
        Arithmetic op;
        std::string_view left, right, expected;
    };
    static constexpr Case kCases[] = {
        {Arithmetic::kAdd, "1.5", "2", "3.5"},
        {Arithmetic::kSubtract, "1", "2", "-1"},
        {Arithmetic::kMultiply, "12.34", "2", "24.68"},
        {Arithmetic::kDivide, "7", "2", "3.5"},
        {Arithmetic::kDivide, "7", "0", "missing"},
        {Arithmetic::kDivide, "0", "0", "missing"},
        {Arithmetic::kModulo, "10", "3", "1"},
        {Arithmetic::kModulo, "-10", "3", "-1"},
        {Arithmetic::kModulo, "10", "0", "missing"},
        {Arithmetic::kPower, "2", "3", "8"},
        {Arithmetic::kPower, "10", "400", "missing"},
        {Arithmetic::kPower, "-8", "0.5", "missing"},
        {Arithmetic::kAdd, "x", "2", "missing"},
        {Arithmetic::kAdd, "1", "missing", "missing"},
    };
    for (const Case& c : kCases) {
        CAPTURE(c.left);
        CAPTURE(c.right);
        Batch batch(1);
        const Vector* const column =
            arithmetic(batch.context, c.op, batch.texts({c.left}), batch.texts({c.right}));
        CHECK(test::rendered(column)[0] == c.expected);
        const auto constant = [&](std::string_view t) {
            return batch.constant(t == "missing" ? kMissing : text(t));
        };
        CHECK(test::rendered(arithmetic(batch.context, c.op, constant(c.left),
                                        constant(c.right)))[0] == c.expected);
    }
    Batch batch(3);
    CHECK(test::rendered(negate(batch.context, batch.texts({"2", "x", "-1.5"}))) ==
          std::vector<std::string>{"-2", "missing", "1.5"});
}

TEST_CASE("logic and filters over values that are no booleans") {
    Batch batch(8);
    const Vector* const values =
        batch.texts({"", "0", "false", "1", "x", "missing", "0.0", "FALSE"});
    CHECK(test::rendered(logical_not(batch.context, values)) ==
          std::vector<std::string>{"1", "1", "1", "0", "0", "1", "0", "0"});
    const Vector* const yes = batch.constant(number(-3));
    const Vector* const no = batch.constant(kMissing);
    CHECK(test::rendered(logical_and(batch.context, values, yes)) ==
          std::vector<std::string>{"0", "0", "0", "1", "1", "0", "1", "1"});
    CHECK(test::rendered(logical_or(batch.context, no, values)) ==
          std::vector<std::string>{"0", "0", "0", "1", "1", "0", "1", "1"});
    CHECK(logical_or(batch.context, no, yes)->is_constant());
    std::vector<std::uint32_t> rows;
    select_true(batch.context, values, rows);
    CHECK(rows == std::vector<std::uint32_t>{3, 4, 6, 7});
    CHECK(count_true(batch.context, values) == 4);
}

TEST_CASE("rows that are true are counted, however many there are") {
    for (const std::size_t rows : {0U, 1U, 7U, 8U, 9U, 2'039U, 2'040U, 2'041U, 2'048U, 6'131U}) {
        CAPTURE(rows);
        Batch batch(rows);
        auto* const all = batch.arena.array<std::uint8_t>(rows + 1);
        auto* const some = batch.arena.array<std::uint8_t>(rows + 1);
        std::size_t expected = 0;
        for (std::size_t i = 0; i < rows; ++i) {
            all[i] = 1;
            some[i] = i % 3 == 0 || i + 1 == rows ? 1 : 0;
            expected += some[i];
        }
        CHECK(count_true(batch.context, Vector::booleans(batch.arena, rows, all)) == rows);
        CHECK(count_true(batch.context, Vector::booleans(batch.arena, rows, some)) == expected);
    }
}

TEST_CASE("like is a case-sensitive substring, =~ a search") {
    Batch batch(4);
    const Vector* const values = batch.texts({"GET user-list", "get", "missing", ""});
    CHECK(test::rendered(like(batch.context, values, batch.constant(text("GET")))) ==
          std::vector<std::string>{"1", "0", "0", "0"});
    CHECK(test::rendered(like(batch.context, values, batch.constant(text("")))) ==
          std::vector<std::string>{"1", "1", "0", "1"});
    CHECK(test::rendered(like(batch.context, values, values)) ==
          std::vector<std::string>{"1", "1", "0", "1"});
    const auto regex = Regex::compile("(?i)^get");
    REQUIRE(regex);
    CHECK(test::rendered(matches(batch.context, *regex, values)) ==
          std::vector<std::string>{"1", "1", "0", "0"});
}

TEST_CASE("in: whole values, numbers and texts mixed") {
    const Value elements[] = {
        number(400), text("401"), text("GET"), json_true(), text("9007199254740993"), kMissing};
    const InSet set(elements);
    Batch batch(9);
    CHECK(test::rendered(set.contains(
              batch.context, batch.texts({"400", "400.0", "401", "GET", "get", "true", "missing",
                                          "9007199254740993", "9007199254740992"}))) ==
          std::vector<std::string>{"1", "1", "1", "1", "0", "1", "0", "1", "0"});
    CHECK(set.contains(batch.context, batch.constant(number(401)))->at(0).integer == 1);
    CHECK(set.bytes() > 0);
}
