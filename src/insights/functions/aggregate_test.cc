// SPDX-License-Identifier: Apache-2.0
#include "insights/functions/aggregate.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "columnar/decimal.h"
#include "insights/functions/exact_sum.h"
#include "insights/functions/test_batch.h"

using namespace sky::insights;
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
    AggregateKind::kAvg,       AggregateKind::kCount,  AggregateKind::kCountDistinct,
    AggregateKind::kEarliest,  AggregateKind::kLatest, AggregateKind::kMax,
    AggregateKind::kMin,       AggregateKind::kPct,    AggregateKind::kSortsFirst,
    AggregateKind::kSortsLast, AggregateKind::kStddev, AggregateKind::kSum};

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
        const auto aggregate = Aggregate::make(def.kind, 50, batch.budget);
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
