// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "columnar/arena.h"
#include "columnar/decimal.h"
#include "columnar/vector.h"

using namespace sky::columnar;

TEST_CASE("numbers in text: which texts count, their value and exact form") {
    struct Case {
        std::string_view text;
        bool number;
        double value;
        std::int64_t scaled;
        int scale;
    };
    static constexpr Case kCases[] = {
        {"12.34", true, 12.34, 1234, 2},
        {"0", true, 0, 0, 0},
        {"-7.66", true, -7.66, -766, 2},
        {"+200", true, 200, 200, 0},
        {" 10.10\r\n", true, 10.1, 1010, 2},
        {"1e3", true, 1000, 1000, 0},
        {"1.28E8", true, 1.28e8, 128'000'000, 0},
        {"1.5e-3", true, 0.0015, 15, 4},
        {"0e99", true, 0, 0, 0},
        {"0000000000000000000000000000012.5", true, 12.5, 125, 1},
        {"0.000000000000000000000000000012", true, 1.2e-29, 0, -1},
        {"123456789012345678", true, 123456789012345678.0, 123456789012345678, 0},
        {"1234567890123456789", true, 1234567890123456789.0, 0, -1},
        {"9007199254740993", true, 9007199254740992.0, 9007199254740993, 0},
        {"1e300", true, 1e300, 0, -1},
        {"1e-999", true, 0, 0, -1},
        {"0.1e-400", true, 0, 0, -1},
        {"2.2250738585072014e-308", true, 2.2250738585072014e-308, 0, -1},
        {"1e400", false, 0, 0, 0},
        {"9e99999999999999999999", false, 0, 0, 0},
        {"", false, 0, 0, 0},
        {" ", false, 0, 0, 0},
        {"-", false, 0, 0, 0},
        {".5", false, 0, 0, 0},
        {"5.", false, 0, 0, 0},
        {"1e", false, 0, 0, 0},
        {"1e+", false, 0, 0, 0},
        {"1_000", false, 0, 0, 0},
        {"0x10", false, 0, 0, 0},
        {"nan", false, 0, 0, 0},
        {"inf", false, 0, 0, 0},
        {"1 2", false, 0, 0, 0},
        {"- 1", false, 0, 0, 0},
    };
    for (const Case& c : kCases) {
        CAPTURE(c.text);
        ParsedNumber got{};
        REQUIRE(parse_number(c.text, got) == c.number);
        if (!c.number) continue;
        CHECK(got.value == c.value);
        CHECK(got.scale == c.scale);
        if (got.scale >= 0) CHECK(got.scaled == c.scaled);
    }
}

TEST_CASE("numbers in text are rounded as strtod rounds them") {
    std::mt19937_64 random(7);
    for (int i = 0; i < 200'000; ++i) {
        std::string text;
        if (random() % 2 == 0) text += '-';
        const auto whole = 1 + random() % 20;
        for (std::size_t d = 0; d < whole; ++d) text += static_cast<char>('0' + random() % 10);
        if (random() % 2 == 0) {
            text += '.';
            const auto fraction = 1 + random() % 20;
            for (std::size_t d = 0; d < fraction; ++d) {
                text += static_cast<char>('0' + random() % 10);
            }
        }
        if (random() % 3 == 0) text += "e" + std::to_string(static_cast<int>(random() % 640) - 320);
        const double expected = std::strtod(text.c_str(), nullptr);
        ParsedNumber got{};
        CAPTURE(text);
        REQUIRE(parse_number(text, got) == std::isfinite(expected));
        if (std::isfinite(expected)) REQUIRE(got.value == expected);
    }
}

TEST_CASE("plain integers of any length compare exactly") {
    CHECK(is_plain_integer(" -12 "));
    CHECK_FALSE(is_plain_integer("1.0"));
    CHECK_FALSE(is_plain_integer("+"));
    CHECK(compare_plain_integers("9007199254740993", "9007199254740992") > 0);
    CHECK(compare_plain_integers("-9007199254740993", "-9007199254740992") < 0);
    CHECK(compare_plain_integers("0", "-000") == 0);
    CHECK(compare_plain_integers("+007", "7") == 0);
    CHECK(compare_plain_integers("-1", "100000000000000000000000") < 0);
}

TEST_CASE("vectors: the three forms answer alike") {
    MemoryBudget budget(1 << 20);
    Arena arena(budget);
    const std::string_view texts[] = {"12.34", "x", "7"};
    const std::uint8_t present[] = {1, 1, 0};
    const Vector* const uniform = Vector::texts(arena, 3, texts, present);
    const Value values[] = {Value::of_text("12.34"), Value::of_text("x"), Value::missing()};
    const Vector* const mixed = Vector::mixed(arena, 3, values);
    for (const Vector* vector : {uniform, mixed}) {
        CHECK(vector->present(0));
        CHECK_FALSE(vector->present(2));
        CHECK(vector->at(0).text == "12.34");
        CHECK(vector->at(2).kind == Kind::kMissing);
        const NumericView& numbers = vector->numeric(arena);
        CHECK(numbers.is_valid(0));
        CHECK(numbers.values[0] == 12.34);
        CHECK(numbers.scaled[0] == 1234);
        CHECK(numbers.scale[0] == 2);
        CHECK_FALSE(numbers.is_valid(1));
        CHECK_FALSE(numbers.is_valid(2));
        const std::uint32_t rows[] = {2, 0, 0};
        const Vector* const gathered = vector->gather(arena, rows);
        CHECK(gathered->size() == 3);
        CHECK_FALSE(gathered->present(0));
        CHECK(gathered->at(2).text == "12.34");
        CHECK(gathered->numeric(arena).values[1] == 12.34);
    }
    const Vector* const constant = Vector::constant(arena, 5, Value::of_number(2.5));
    CHECK(constant->numeric(arena).values[4 & constant->numeric(arena).mask] == 2.5);
    CHECK(constant->at(4).number == 2.5);
    const std::int64_t times[] = {5, 6};
    const Vector* const when = Vector::timestamps(arena, 2, times);
    CHECK(when->numeric(arena).values[1] == 6);
    CHECK(Vector::constant(arena, 0, Value::of_number(1))->numeric(arena).mask == 0);
}

TEST_CASE("encoded texts answer as plain ones do") {
    std::mt19937_64 random(11);
    const std::string_view entries[] = {"12.34", "x", "", "-0", "1e3", "9007199254740993"};
    for (int round = 0; round < 300; ++round) {
        MemoryBudget budget(8 << 20);
        Arena arena(budget);
        const std::size_t size = random() % 40;
        auto* const present = random() % 2 == 0 ? nullptr : arena.array<std::uint8_t>(size + 1);
        for (std::size_t i = 0; present != nullptr && i < size; ++i) present[i] = random() % 3 != 0;
        const TextDictionary dictionary{entries, 0};
        auto* const codes = arena.array<std::uint32_t>(size + 1);
        auto* const scaled = arena.array<std::int64_t>(size + 1);
        const auto scale = static_cast<std::int8_t>(random() % (kScaleMax + 1));
        const auto shift = random() % 64;
        auto* const coded_plain = arena.array<std::string_view>(size + 1);
        auto* const decimal_plain = arena.array<std::string_view>(size + 1);
        for (std::size_t i = 0; i < size; ++i) {
            codes[i] = static_cast<std::uint32_t>(random() % std::size(entries));
            coded_plain[i] = entries[codes[i]];
            scaled[i] = static_cast<std::int64_t>(random()) >> shift;
            if (i == 0 && round == 0) scaled[i] = INT64_MIN;
            // Written by hand: all digits, then the point where it belongs.
            std::string digits = std::to_string(scaled[i]);
            const bool negative = digits[0] == '-';
            if (negative) digits.erase(0, 1);
            const auto behind = static_cast<std::size_t>(scale);
            if (digits.size() <= behind) digits.insert(0, behind + 1 - digits.size(), '0');
            if (behind > 0) digits.insert(digits.size() - behind, ".");
            if (negative) digits.insert(0, "-");
            char* const at = arena.try_text(digits.size());
            digits.copy(at, digits.size());
            decimal_plain[i] = {at, digits.size()};
        }
        auto* const narrow = arena.array<std::uint16_t>(size);
        for (std::size_t i = 0; i < size; ++i) narrow[i] = static_cast<std::uint16_t>(codes[i]);
        const Vector* const pairs[][2] = {
            {Vector::coded_texts(arena, size, codes, &dictionary, present),
             Vector::texts(arena, size, coded_plain, present)},
            {Vector::coded_texts(arena, size, narrow, &dictionary, present),
             Vector::texts(arena, size, coded_plain, present)},
            {Vector::decimal_texts(arena, size, scaled, scale, present),
             Vector::texts(arena, size, decimal_plain, present)}};
        std::vector<std::uint32_t> rows;
        for (std::size_t i = 0; i < size; ++i) {
            if (random() % 2 == 0) rows.push_back(static_cast<std::uint32_t>(i));
        }
        for (const auto& [encoded, plain] : pairs) {
            const Vector* const copy = encoded->copy_into(arena);
            const Vector* const fewer = encoded->gather(arena, rows);
            const Vector* const expected_fewer = plain->gather(arena, rows);
            const auto same = [&](const Vector* got, const Vector* expected) {
                REQUIRE(got->size() == expected->size());
                const NumericView& numbers = got->numeric(arena);
                const NumericView& expected_numbers = expected->numeric(arena);
                for (std::size_t i = 0; i < got->size(); ++i) {
                    REQUIRE(got->present(i) == expected->present(i));
                    REQUIRE(numbers.is_valid(i) == expected_numbers.is_valid(i));
                    if (!got->present(i)) continue;
                    REQUIRE(got->at(i).kind == Kind::kText);
                    REQUIRE(got->at(i).text == expected->at(i).text);
                    REQUIRE(got->text_array()[i] == expected->at(i).text);
                    if (!numbers.is_valid(i)) continue;
                    REQUIRE(numbers.values[i] == expected_numbers.values[i]);
                    REQUIRE(numbers.scale[i] == expected_numbers.scale[i]);
                    if (numbers.scale[i] != kNoScale) {
                        REQUIRE(numbers.scaled[i] == expected_numbers.scaled[i]);
                    }
                }
            };
            same(encoded, plain);
            same(copy, plain);
            same(fewer, expected_fewer);
        }
    }
}

TEST_CASE("a copy outlives its batch") {
    MemoryBudget budget(4 << 20);
    Arena kept(budget);
    const Vector* copy = nullptr;
    {
        Arena batch(budget);
        const std::string text = "a text that is not in the binary's constants";
        const std::string_view texts[] = {text, {}};
        copy = Vector::texts(batch, 2, texts)->copy_into(kept);
    }
    REQUIRE(copy != nullptr);
    CHECK(copy->at(0).text == "a text that is not in the binary's constants");
    CHECK(copy->at(1).text.empty());
    CHECK(copy->present(1));
}

TEST_CASE("an arena counts, refuses what may grow, and keeps one block") {
    MemoryBudget budget(1 << 20);
    {
        Arena arena(budget);
        CHECK(arena.try_text(2 << 20) == nullptr);
        CHECK(budget.exhausted());
        CHECK(budget.used() == 0);
        char* const text = arena.try_text(10);
        REQUIRE(text != nullptr);
        text[9] = 'x';
        CHECK(budget.used() >= 10);
        arena.array<double>(100'000);
        const std::uint64_t peak = budget.used();
        arena.reset();
        CHECK(budget.used() < peak);
        CHECK(budget.used() == arena.held_bytes());
    }
    CHECK(budget.used() == 0);
}
