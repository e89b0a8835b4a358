// SPDX-License-Identifier: Apache-2.0
#include "insights/functions/aggregate.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "base/random.h"
#include "columnar/decimal.h"
#include "insights/functions/exact_sum.h"
#include "insights/functions/test_batch.h"

using namespace sky::insights;
using sky::SeededRandom;
using sky::insights::test::Batch;

namespace {

struct Row {
    std::string text;  // "missing" = no value.
    bool number;       // A computed number instead of text.
    std::uint32_t group;
    std::int64_t timestamp_ms;
    std::uint64_t sequence;
};

void feed(Aggregate& aggregate, std::span<const Row> rows, std::size_t batch_rows) {
    for (std::size_t begin = 0; begin < rows.size(); begin += batch_rows) {
        const auto part = rows.subspan(begin, std::min(batch_rows, rows.size() - begin));
        Batch batch(part.size());
        std::vector<Value> values;
        std::vector<std::uint32_t> groups;
        std::vector<std::int64_t> times;
        std::vector<std::uint64_t> sequences;
        for (const Row& row : part) {
            sky::columnar::ParsedNumber parsed{};
            Value value = Value::missing();
            if (row.number && sky::columnar::parse_number(row.text, parsed)) {
                value = Value::of_number(parsed.value);
            } else if (row.text != "missing") {
                value = Value::of_text(row.text);
            }
            values.push_back(value);
            groups.push_back(row.group);
            times.push_back(row.timestamp_ms);
            sequences.push_back(row.sequence);
        }
        const Vector* const column = Vector::from_values(batch.arena, part.size(), values.data());
        aggregate.update(batch.context, groups.data(), column, {times.data(), sequences.data()});
    }
}

/// The values of all groups with every digit, so that equal means equal.
std::vector<std::string> exact_results(const Aggregate& aggregate) {
    Batch batch(aggregate.groups());
    const Vector* const column = aggregate.finish(batch.context, 0);
    std::vector<std::string> out;
    for (std::size_t i = 0; i < aggregate.groups(); ++i) {
        const Value value = column->at(i);
        if (value.kind == Kind::kNumber) {
            char digits[64];
            std::snprintf(digits, sizeof(digits), "%.17g", value.number);
            out.emplace_back(digits);
        } else {
            out.push_back(value.present() ? render(value) : "missing");
        }
    }
    return out;
}

constexpr std::uint32_t kGroups = 3;

std::string random_text(std::mt19937_64& random) {
    switch (random() % 8) {
        case 0:
            return "missing";
        case 1:
            return "x" + std::to_string(random() % 5);
        case 2:
            return std::to_string(static_cast<std::int64_t>(random()));
        case 3: {
            char text[64];
            std::snprintf(
                text, sizeof(text), "%.17g",
                std::ldexp(static_cast<double>(random()), static_cast<int>(random() % 400) - 200));
            return text;
        }
        case 4:
            return "0.00000000000000000" + std::to_string(random() % 1000);
        default: {
            char text[64];
            std::snprintf(text, sizeof(text), "%d.%02d", static_cast<int>(random() % 2000) - 1000,
                          static_cast<int>(random() % 100));
            return text;
        }
    }
}

constexpr AggregateKind kEveryKind[] = {
    AggregateKind::kAvg,       AggregateKind::kCount,    AggregateKind::kCountDistinct,
    AggregateKind::kEarliest,  AggregateKind::kLatest,   AggregateKind::kMax,
    AggregateKind::kMin,       AggregateKind::kPct,      AggregateKind::kSortsFirst,
    AggregateKind::kSortsLast, AggregateKind::kStddev,   AggregateKind::kSum,
    AggregateKind::kRate,      AggregateKind::kHistogram};

}  // namespace

TEST_CASE("every aggregate's example holds") {
    for (const AggregateDef& def : aggregates()) {
        CAPTURE(def.example);
        const std::size_t colon = def.example.find(" : ");
        const std::size_t equals = def.example.find(" = ");
        REQUIRE(equals != std::string_view::npos);
        std::vector<Row> rows;
        std::string_view list = def.example.substr(0, colon);
        while (!list.empty()) {
            const std::size_t comma = std::min(list.find(", "), list.size());
            const auto n = static_cast<std::int64_t>(rows.size());
            rows.push_back({std::string(list.substr(0, comma)), false, 0, n, 1});
            list.remove_prefix(std::min(comma + 2, list.size()));
        }
        Batch batch(1);
        const double parameter = def.kind == AggregateKind::kRate        ? 1'000
                                 : def.kind == AggregateKind::kHistogram ? 2
                                                                         : 50;
        const auto aggregate = Aggregate::make(def.kind, parameter, batch.budget);
        aggregate->resize(1);
        feed(*aggregate, rows, 2);
        CHECK(test::rendered(aggregate->finish(batch.context, 0))[0] ==
              def.example.substr(equals + 3));
        CHECK(find_aggregate(def.name) == &def);
    }
    CHECK(find_aggregate("SORTSFIRST")->kind == AggregateKind::kSortsFirst);
    CHECK(find_aggregate("median") == nullptr);
}

TEST_CASE("groups without input: missing, counts 0") {
    for (const AggregateKind kind : kEveryKind) {
        Batch batch(2);
        const auto aggregate = Aggregate::make(kind, 50, batch.budget);
        aggregate->resize(2);
        const bool counts = kind == AggregateKind::kCount || kind == AggregateKind::kCountDistinct;
        CHECK(test::rendered(aggregate->finish(batch.context, 0)) ==
              std::vector<std::string>(2, counts ? "0" : "missing"));
    }
}

TEST_CASE("count(*) counts rows; a null group array means group 0") {
    Batch batch(5);
    const auto aggregate = Aggregate::make(AggregateKind::kCount, 0, batch.budget);
    aggregate->resize(1);
    aggregate->update(batch.context, nullptr, nullptr, {});
    aggregate->update(batch.context, nullptr, batch.texts({"a", "missing", "b", "", "missing"}),
                      {});
    batch.context.rows = 1;
    CHECK(test::rendered(aggregate->finish(batch.context, 0))[0] == "8");
}

TEST_CASE("no order of rows, batches or merges shows in any answer") {
    std::mt19937_64 random(11);
    for (int round = 0; round < 40; ++round) {
        std::vector<Row> rows;
        const std::size_t count = 1 + random() % 300;
        for (std::size_t i = 0; i < count; ++i) {
            rows.push_back({random_text(random), random() % 4 == 0,
                            static_cast<std::uint32_t>(random() % kGroups),
                            static_cast<std::int64_t>(random() % 20), i});
        }
        for (const AggregateKind kind : kEveryKind) {
            CAPTURE(round);
            CAPTURE(static_cast<int>(kind));
            sky::columnar::MemoryBudget budget(64 << 20);
            const auto whole = Aggregate::make(kind, 95, budget);
            whole->resize(kGroups);
            feed(*whole, rows, 4096);
            const auto expected = exact_results(*whole);

            std::vector<Row> shuffled = rows;
            std::shuffle(shuffled.begin(), shuffled.end(), random);
            // Three workers, each numbering its groups in its own way.
            const auto total = Aggregate::make(kind, 95, budget);
            total->resize(kGroups);
            std::size_t begin = 0;
            for (int worker = 0; worker < 3; ++worker) {
                const std::size_t end =
                    worker == 2 ? count : begin + random() % (count - begin + 1);
                std::vector<Row> part(shuffled.begin() + static_cast<std::ptrdiff_t>(begin),
                                      shuffled.begin() + static_cast<std::ptrdiff_t>(end));
                begin = end;
                std::vector<std::uint32_t> names = {0, 1, 2};
                std::shuffle(names.begin(), names.end(), random);
                for (Row& row : part) {
                    row.group = static_cast<std::uint32_t>(
                        std::find(names.begin(), names.end(), row.group) - names.begin());
                }
                const auto partial = Aggregate::make(kind, 95, budget);
                partial->resize(kGroups);
                feed(*partial, part, 1 + random() % 7);
                total->merge(*partial, names);
            }
            CHECK(exact_results(*total) == expected);
        }
    }
}

// Expected values: Python's fractions.Fraction over the same numbers, rounded once by float().
TEST_CASE("sums, means and deviations are exact before they are rounded") {
    struct Case {
        std::vector<std::string> values;
        bool numbers;  // Doubles instead of decimals.
        double sum, avg, stddev;
    };
    static const Case kCases[] = {
        {{"0.1", "0.2"}, false, 0.3, 0.15, 0.07071067811865475},
        {{"0.1", "0.2"}, true, 0.30000000000000004, 0.15000000000000002, 0.07071067811865477},
        {{"1e16", "1", "-1e16"}, false, 1, 0.3333333333333333, 1e16},
        {{"1e300", "1", "-1e300"}, true, 1, 0.3333333333333333, 1e300},
        {{"999999999999999999", "999999999999999999", "0.000000000000000001"},
         false,
         2e18,
         6.666666666666666e17,
         5.773502691896257e17},
        {{"5e-324", "5e-324"}, true, 1e-323, 5e-324, 0},
        {{"123456789.125", "123456789.125", "123456789.125"},
         false,
         370370367.375,
         123456789.125,
         0},
    };
    for (const Case& c : kCases) {
        CAPTURE(c.values[0]);
        CAPTURE(c.numbers);
        std::vector<Row> rows;
        for (const std::string& value : c.values) rows.push_back({value, c.numbers, 0, 0, 0});
        const auto result = [&](AggregateKind kind) {
            Batch batch(1);
            const auto aggregate = Aggregate::make(kind, 0, batch.budget);
            aggregate->resize(1);
            feed(*aggregate, rows, 1);
            return aggregate->finish(batch.context, 0)->at(0).number;
        };
        CHECK(result(AggregateKind::kSum) == c.sum);
        CHECK(result(AggregateKind::kAvg) == c.avg);
        CHECK(result(AggregateKind::kStddev) == c.stddev);
    }
}

// The same, random: decimals and doubles of all sizes in one group.
TEST_CASE("mixed decimals and doubles: exact before they are rounded") {
    struct Number {
        std::string text;
        bool number;  // A double instead of a decimal.
    };
    struct Case {
        std::vector<Number> values;
        double sum, avg, stddev;
    };
    static const Case kCases[] = {
        {{{"-987.31", false}, {"698187003800633834", false}},
         6.981870038006328e+17,
         3.490935019003164e+17,
         4.936927649237467e+17},
        {{{"-8.261223347411676e-35", true}, {"-9023.11", false}},
         -9023.11,
         -4511.555,
         6380.302268392149},
        {{{"388160679510210258", false}, {"8391.25", false}, {"-1.6096035807668251e-22", true}},
         3.881606795102186e+17,
         1.2938689317007288e+17,
         2.2410467280404554e+17},
        {{{"0.026542351161559407", false},
          {"-7.503476742935813e-58", true},
          {"8090.37", false},
          {"7.709034958736136e-66", true},
          {"-6.154228194866803e-216", true},
          {"-2532.98", false}},
         5557.416542351161,
         926.2360903918602,
         3653.0150464277617},
        {{{"-2371.12", false},
          {"-931246.2045809282", true},
          {"0.255341928327648350", false},
          {"-925981887300786260", false}},
         -9.259818873017199e+17,
         -2.3149547182542998e+17,
         4.629909436502375e+17},
        {{{"-5.407704134106107e-11", true},
          {"7.527352529453378e-90", true},
          {"151148914289333270", false},
          {"3226956.1821592236", true}},
         1.5114891429256022e+17,
         3.7787228573140056e+16,
         7.55744571441288e+16},
        {{{"-678034394062311457", false},
          {"294426794580482330", false},
          {"-4.7451678295412946e+48", true},
          {"0.0015539956390721757", true},
          {"0.328710122691669784", false}},
         -4.7451678295412946e+48,
         -9.490335659082589e+47,
         2.1221035662998938e+48},
        {{{"-6246.87", false},
          {"5.017555991832194e+142", true},
          {"0.146270482814893252", false},
          {"9.069994953070055e+20", true},
          {"9627.41", false},
          {"-2.7700279858355488e+17", true}},
         5.017555991832194e+142,
         8.362593319720324e+141,
         2.048408655972206e+142},
        {{{"0.303911718227824896", false},
          {"243532120107599455", false},
          {"-281231159753452825", false},
          {"8307227.708960868", true}},
         -3.769903963754614e+16,
         -9424759909386536.0,
         2.145099487537241e+17},
        {{{"0.09990352116073636", true},
          {"-1876.28", false},
          {"1079.02", false},
          {"1.0784304484895957e+50", true}},
         1.0784304484895957e+50,
         2.696076121223989e+49,
         5.392152242447978e+49},
        {{{"-7673.90", false}, {"-2498.08", false}, {"828.09", false}},
         -9343.89,
         -3114.63,
         4284.397147429262},
        {{{"542557726260480316", false},
          {"-3.248751370728785e-14", true},
          {"1.5242329944179977e-127", true},
          {"8.949340488955012e-12", true},
          {"-6823.84", false},
          {"-0.001138300261019111", true}},
         5.425577262604735e+17,
         9.042628771007891e+16,
         2.214982642238022e+17},
        {{{"-6775.07", false},
          {"2007387952860.5352", true},
          {"-1852.24", false},
          {"34432425889498597", false},
          {"-576905389789122718", false}},
         -5.424709565116799e+17,
         -1.0849419130233598e+17,
         2.6227393741690464e+17},
        {{{"-1.4422676327535014e+17", true},
          {"4521.70", false},
          {"-8342.83", false},
          {"6.720551701599039e-204", true}},
         -1.4422676327535395e+17,
         -3.605669081883849e+16,
         7.211338163767443e+16},
    };
    for (const Case& c : kCases) {
        CAPTURE(c.values[0].text);
        std::vector<Row> rows;
        for (const Number& value : c.values) rows.push_back({value.text, value.number, 0, 0, 0});
        const auto result = [&](AggregateKind kind) {
            Batch batch(1);
            const auto aggregate = Aggregate::make(kind, 0, batch.budget);
            aggregate->resize(1);
            feed(*aggregate, rows, 2);
            return aggregate->finish(batch.context, 0)->at(0).number;
        };
        CHECK(result(AggregateKind::kSum) == c.sum);
        CHECK(result(AggregateKind::kAvg) == c.avg);
        CHECK(result(AggregateKind::kStddev) == c.stddev);
    }
}

TEST_CASE("a million cents, added in any way, are ten thousand") {
    ExactSum decimals;
    for (int i = 0; i < 1'000'000; ++i) decimals.add_decimal(1, 2);
    CHECK(decimals.divided_by(1) == 10'000);
    ExactSum large;
    for (int i = 0; i < 1000; ++i) large.add_decimal(999'999'999'999'999'999, 0);
    large.add_decimal(1, 18);
    CHECK(large.divided_by(1000) == 1e18);
    large.add_decimal(-Int128{999'999'999'999'999'999} * 1000, 0);
    CHECK(large.divided_by(1) == 1e-18);
}

TEST_CASE("distinct values: exact, then within two percent, the same however they are split") {
    for (const std::uint64_t count : {0ULL, 1ULL, 1000ULL, 100'000ULL, 250'000ULL}) {
        CAPTURE(count);
        sky::columnar::MemoryBudget budget(64 << 20);
        const auto whole = Aggregate::make(AggregateKind::kCountDistinct, 0, budget);
        const auto left = Aggregate::make(AggregateKind::kCountDistinct, 0, budget);
        const auto right = Aggregate::make(AggregateKind::kCountDistinct, 0, budget);
        for (const auto* aggregate : {&whole, &left, &right}) (*aggregate)->resize(1);
        std::vector<Row> rows;
        for (std::uint64_t i = 0; i < count; ++i) {
            rows.push_back({"user-" + std::to_string(i), false, 0, 0, 0});
        }
        const std::span<const Row> all(rows);
        feed(*whole, all, 4096);
        feed(*left, all.first(count * 2 / 3), 4096);
        feed(*right, all.subspan(count / 3), 1000);
        const std::uint32_t map[] = {0};
        left->merge(*right, map);
        Batch batch(1);
        const double got = whole->finish(batch.context, 0)->at(0).number;
        CHECK(left->finish(batch.context, 0)->at(0).number == got);
        if (count <= 100'000) {
            CHECK(got == static_cast<double>(count));
        } else {
            CHECK(std::abs(got / static_cast<double>(count) - 1) < 0.02);
        }
        CHECK_FALSE(budget.exhausted());
    }
}

TEST_CASE("columns of decimals aggregate as their texts do, whatever they are merged with") {
    struct Case {
        const char* name;
        std::uint64_t values;  // Different ones, about.
        std::int64_t factor;
        std::size_t rows, batches;
    };
    static constexpr Case kCases[] = {
        {"dense", 500, 1, 1'000, 6},
        {"many and dense", 20'000, 1, 8'000, 8},
        {"sparse", 3'000, 1'000'003, 2'000, 6},
        {"sums beyond 64 bits", 40, 200'000'000'000'000'000, 500, 4},
        {"beyond exact counts", 400'000, 3, 30'000, 8},
    };
    for (const Case& c : kCases) {
        CAPTURE(c.name);
        for (const AggregateKind kind :
             {AggregateKind::kSum, AggregateKind::kAvg, AggregateKind::kCountDistinct}) {
            SeededRandom random(7);
            sky::columnar::MemoryBudget budget(1ULL << 30);
            const auto expected = Aggregate::make(kind, 0, budget);
            std::vector<std::unique_ptr<Aggregate>> parts;
            for (int i = 0; i < 3; ++i) parts.push_back(Aggregate::make(kind, 0, budget));
            expected->resize(2);
            for (std::size_t b = 0; b < c.batches; ++b) {
                Batch batch(c.rows);
                auto* const scaled = batch.arena.array<std::int64_t>(c.rows);
                auto* const groups = batch.arena.array<std::uint32_t>(c.rows);
                for (std::size_t i = 0; i < c.rows; ++i) {
                    scaled[i] = (static_cast<std::int64_t>(random.below(c.values)) - 20) * c.factor;
                    groups[i] = static_cast<std::uint32_t>(random.below(2));
                }
                // A column of another scale, or of texts, now and then.
                const std::int8_t scale = b % 3 == 2 ? 3 : 2;
                const Vector* const decimals =
                    Vector::decimal_texts(batch.arena, c.rows, scaled, scale);
                const Vector* const texts = Vector::texts(
                    batch.arena, c.rows,
                    Vector::decimal_texts(batch.arena, c.rows, scaled, scale)->text_array());
                expected->update(batch.context, groups, texts, {});
                Aggregate& part = *parts[b % parts.size()];
                part.resize(2);
                part.update(batch.context, groups, b % 4 == 3 ? texts : decimals, {});
            }
            static constexpr std::uint32_t kSame[] = {0, 1};
            const auto all = Aggregate::make(kind, 0, budget);
            all->resize(2);
            for (const auto& part : parts) all->merge(*part, kSame);
            Batch out(2);
            CHECK(test::rendered(all->finish(out.context, 0)) ==
                  test::rendered(expected->finish(out.context, 0)));
        }
    }
}

TEST_CASE("percentiles: interpolated, weighted, at the ends") {
    struct Case {
        std::vector<std::string> values;
        double percentile;
        std::string expected;
    };
    static const Case kCases[] = {
        {{"10"}, 99, "10"},
        {{"1", "2", "3", "4"}, 0, "1"},
        {{"1", "2", "3", "4"}, 100, "4"},
        {{"4", "1", "3", "2"}, 25, "1.75"},
        {{"1", "1", "1", "5"}, 50, "1"},
        {{"1", "1", "1", "5"}, 90, "3.8"},
        {{"-1", "x", "missing", "1"}, 50, "0"},
        {{"0", "-0", "0.0"}, 50, "0"},
    };
    for (const Case& c : kCases) {
        CAPTURE(c.percentile);
        std::vector<Row> rows;
        for (const std::string& value : c.values) rows.push_back({value, false, 0, 0, 0});
        Batch batch(1);
        const auto aggregate = Aggregate::make(AggregateKind::kPct, c.percentile, batch.budget);
        aggregate->resize(1);
        feed(*aggregate, rows, 3);
        CHECK(test::rendered(aggregate->finish(batch.context, 0))[0] == c.expected);
    }
}

TEST_CASE("percentiles of very many different values stay within 0.1 percent, in any order") {
    constexpr std::size_t kValues = 2'200'000;  // Beyond the exact table.
    sky::columnar::MemoryBudget budget(256 << 20);
    const auto forward = Aggregate::make(AggregateKind::kPct, 95, budget);
    const auto backward = Aggregate::make(AggregateKind::kPct, 95, budget);
    const auto rest = Aggregate::make(AggregateKind::kPct, 95, budget);
    for (const auto* aggregate : {&forward, &backward, &rest}) (*aggregate)->resize(1);
    const auto add = [&](Aggregate& aggregate, std::size_t begin, std::size_t end, bool reverse) {
        for (std::size_t at = begin; at < end; at += 4000) {
            Batch batch(std::min<std::size_t>(4000, end - at));
            auto* const values = batch.arena.array<double>(batch.context.rows);
            for (std::size_t i = 0; i < batch.context.rows; ++i) {
                const std::size_t n = at + i;
                values[i] = static_cast<double>(reverse ? kValues - n : n + 1);
            }
            aggregate.update(batch.context, nullptr,
                             Vector::numbers(batch.arena, batch.context.rows, values), {});
        }
    };
    add(*forward, 0, kValues, false);
    add(*backward, 0, kValues / 2, true);
    add(*rest, kValues / 2, kValues, true);
    const std::uint32_t map[] = {0};
    backward->merge(*rest, map);
    Batch batch(1);
    const double got = forward->finish(batch.context, 0)->at(0).number;
    CHECK(std::abs(got / (0.95 * kValues) - 1) < 0.001);
    CHECK(backward->finish(batch.context, 0)->at(0).number == got);
}

TEST_CASE("percentiles of decimals are those of the same numbers, in whatever form they come") {
    sky::SeededRandom random(3);
    for (int round = 0; round < 8; ++round) {
        CAPTURE(round);
        constexpr std::size_t kGroups = 3;
        std::vector<double> all[kGroups];
        sky::columnar::MemoryBudget budget(256 << 20);
        std::vector<std::unique_ptr<Aggregate>> parts;
        for (int part = 0; part < 3; ++part) {
            parts.push_back(Aggregate::make(AggregateKind::kPct, 50, budget));
            parts.back()->resize(kGroups);
        }
        for (int b = 0; b < 12; ++b) {
            constexpr std::size_t kRows = 1'500;
            Batch batch(kRows);
            auto* const scaled = batch.arena.array<std::int64_t>(kRows);
            auto* const group = batch.arena.array<std::uint32_t>(kRows);
            const auto scale = static_cast<std::int8_t>(random.below(5) == 0 ? 3 : 2);
            const double divisor = scale == 3 ? 1'000 : 100;
            const std::uint64_t range = b % 3 == 0 ? 40 : round % 2 == 0 ? 3'000 : 9'000'000;
            for (std::size_t i = 0; i < kRows; ++i) {
                scaled[i] = static_cast<std::int64_t>(random.below(range));
                if (random.below(50) == 0) scaled[i] = -scaled[i];
                if (random.below(500) == 0) scaled[i] = std::int64_t{1} << 50;
                group[i] = static_cast<std::uint32_t>(random.below(kGroups));
                all[group[i]].push_back(static_cast<double>(scaled[i]) / divisor);
            }
            const Vector* const decimals = Vector::decimal_texts(batch.arena, kRows, scaled, scale);
            const Vector* const column =
                random.below(4) == 0 ? Vector::texts(batch.arena, kRows, decimals->text_array())
                                     : decimals;
            parts[random.below(parts.size())]->update(batch.context, group, column, {});
        }
        const std::uint32_t map[] = {0, 1, 2};
        parts[0]->merge(*parts[1], map);
        parts[2]->merge(*parts[0], map);
        for (const double percentile : {0.0, 1.0, 33.3, 50.0, 95.0, 99.9, 100.0}) {
            CAPTURE(percentile);
            Batch batch(kGroups);
            const Vector* const got = parts[2]->finish_percentile(batch.context, 0, percentile);
            for (std::size_t g = 0; g < kGroups; ++g) {
                std::vector<double>& values = all[g];
                std::sort(values.begin(), values.end());
                const double position = percentile * static_cast<double>(values.size() - 1) / 100;
                const auto rank = static_cast<std::size_t>(position);
                const double low = values[rank];
                const double high = values[std::min(rank + 1, values.size() - 1)];
                CHECK(got->at(g).number ==
                      low + (high - low) * (position - static_cast<double>(rank)));
            }
        }
    }
}

TEST_CASE("timestamps stay timestamps under min and max; numbers beat texts") {
    Batch batch(3);
    const std::int64_t times[] = {5000, 1000, 9000};
    const auto latest = Aggregate::make(AggregateKind::kMax, 0, batch.budget);
    latest->resize(1);
    latest->update(batch.context, nullptr, Vector::timestamps(batch.arena, 3, times), {});
    batch.context.rows = 1;
    CHECK(test::rendered(latest->finish(batch.context, 0))[0] == "1970-01-01 00:00:09.000");
}

TEST_CASE("an aggregate gives its memory back and refuses beyond the budget") {
    sky::columnar::MemoryBudget budget(1 << 20);
    {
        const auto aggregate = Aggregate::make(AggregateKind::kCountDistinct, 0, budget);
        aggregate->resize(1);
        std::vector<Row> rows;
        for (int i = 0; i < 90'000; ++i) rows.push_back({std::to_string(i), false, 0, 0, 0});
        feed(*aggregate, rows, 4096);
        CHECK(budget.exhausted());
        CHECK(budget.used() > 0);
        CHECK(budget.used() <= budget.bytes_max());
    }
    CHECK(budget.used() == 0);
}
