// SPDX-License-Identifier: Apache-2.0
#include "insights/functions/render.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>

#include "insights/functions/order.h"

using namespace sky::insights;

TEST_CASE("computed numbers: four decimals, half-even, never an exponent") {
    struct Case {
        double number;
        std::string_view text;
    };
    static const Case kCases[] = {
        {12.34, "12.34"},
        {128000000.0 / 1024 / 1024, "122.0703"},
        {229.0, "229"},
        {1.0 / 3, "0.3333"},
        {2.0 / 3, "0.6667"},
        {-1.5, "-1.5"},
        {0.03125, "0.0312"},
        {0.09375, "0.0938"},
        {0.00001, "0"},
        {-0.00001, "0"},
        {-0.0, "0"},
        {0.00005, "0.0001"},
        {9.99999, "10"},
        {100, "100"},
        {0.1 + 0.2, "0.3"},
        {1642195111000, "1642195111000"},
        {1e15, "1000000000000000"},
        {1e21, "1000000000000000000000"},
        {-1e22, "-10000000000000000000000"},
        {123456789.87654321, "123456789.8765"},
    };
    for (const Case& c : kCases) {
        char buffer[kNumberTextMax];
        CHECK(render_number(c.number, buffer) == c.text);
    }
    char buffer[kNumberTextMax];
    CHECK(render_number(std::numeric_limits<double>::max(), buffer).size() == 309);
    CHECK(render_number(-std::numeric_limits<double>::max(), buffer).size() == 310);
}

TEST_CASE("computed numbers: the short way and the long one print the same") {
    const auto expected = [](double number) {
        char text[kNumberTextMax];
        const char* end =
            std::to_chars(text, text + kNumberTextMax, number, std::chars_format::fixed, 4).ptr;
        while (end[-1] == '0') --end;
        if (end[-1] == '.') --end;
        const std::string out(text, static_cast<std::size_t>(end - text));
        return out == "-0" ? "0" : out;
    };
    std::uint64_t state = 1;
    const auto random = [&] {
        state = state * 6'364'136'223'846'793'005ULL + 1'442'695'040'888'963'407ULL;
        return state >> 11;
    };
    char buffer[kNumberTextMax];
    for (int i = 0; i < 100'000; ++i) {
        // All sizes; halves of the last decimal and what is beside them; averages of decimals.
        const double size = std::ldexp(static_cast<double>(random()), -static_cast<int>(i % 90));
        const double half = (static_cast<double>(random() % 2'000'001) - 1e6 + 0.5) / 1e4;
        const double average =
            static_cast<double>(random() % 10'000'000) / 100 / static_cast<double>(1 + i % 999);
        for (const double number : {size, -size, half, std::nextafter(half, 0.0), -average,
                                    std::nextafter(half, 1e9), average}) {
            if (std::abs(number) >= 1e15 || number == std::trunc(number)) continue;
            CAPTURE(number);
            CHECK(render_number(number, buffer) == expected(number));
        }
    }
}

TEST_CASE("every kind of value as text") {
    CHECK(render(Value::of_text("12.3400")) == "12.3400");
    CHECK(render(Value::of_timestamp(1'635'621'000'000)) == "2021-10-30 19:10:00.000");
    CHECK(render(Value::of_boolean(true)) == "1");
    CHECK(render(Value::of_json("{\"a\":1}")) == "{\"a\":1}");
    Value spelled = Value::of_boolean(false);
    spelled.text = "false";
    CHECK(render(spelled) == "false");
    std::string out;
    append_rendered(Value::of_timestamp(1'635'621'000'000), out, TimestampStyle::kEpochMillis);
    CHECK(out == "1635621000000");
}

TEST_CASE("sort order: the documented sample, ascending") {
    static constexpr std::string_view kSample[] = {
        "!:", "#",         "*%04",      "0#", "5A", "111A", "2345_", "@", "@_",
        "A",  "A9876fghj", "a12345hfh", "0",  "01", "1",    "2",     "3"};
    std::vector<Value> values;
    for (const std::string_view text : kSample) values.push_back(Value::of_text(text));
    for (std::size_t i = 0; i < values.size(); ++i) {
        for (std::size_t j = 0; j < values.size(); ++j) {
            CAPTURE(kSample[i]);
            CAPTURE(kSample[j]);
            const int order = compare_order(values[i], values[j]);
            CHECK((order < 0) == (i < j));
            CHECK((order > 0) == (i > j));
        }
    }
}

TEST_CASE("sort order: missing first, numbers last, kinds mixed") {
    const Value ascending[] = {Value::missing(),
                               Value::of_text(""),
                               Value::of_text("10 apples"),
                               Value::of_text("a2"),
                               Value::of_text("a10"),
                               Value::of_text("a10b"),
                               Value::of_text("-1e3"),
                               Value::of_number(-2.5),
                               Value::of_boolean(false),
                               Value::of_text("9.5"),
                               Value::of_text("10"),
                               Value::of_text("10.0"),
                               Value::of_number(1e12),
                               Value::of_timestamp(1'635'621'000'000),
                               Value::of_text("9007199254740992"),
                               Value::of_text("9007199254740993")};
    const std::size_t count = std::size(ascending);
    for (std::size_t i = 0; i < count; ++i) {
        for (std::size_t j = 0; j < count; ++j) {
            CAPTURE(i);
            CAPTURE(j);
            const int order = compare_order(ascending[i], ascending[j]);
            CHECK((order < 0) == (i < j));
            CHECK((order > 0) == (i > j));
        }
    }
    CHECK(compare_order(Value::of_number(1), Value::of_number(1)) == 0);
}
