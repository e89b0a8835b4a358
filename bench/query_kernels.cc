// SPDX-License-Identifier: Apache-2.0
// The kernels under the article's query, in nanoseconds a row: glob, decimals, average, regex.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "bench/seed_lines.h"
#include "columnar/decimal.h"
#include "insights/functions/aggregate.h"
#include "insights/functions/discover.h"
#include "insights/functions/glob.h"
#include "insights/functions/operators.h"
#include "insights/functions/regex.h"

namespace {

using namespace sky::insights;
using sky::columnar::MemoryBudget;

constexpr std::size_t kBatchRows = 4096;  // What the executor hands over at once.

/// One batch of [profiler] lines as a column.
struct Lines {
    Lines() : budget(1ULL << 30), kept(budget) {
        sky::bench::SeedLines source(1, 1'767'225'600'000);
        for (std::size_t i = 0; i < kBatchRows; ++i) {
            texts.push_back(source.next().text);
            bytes += texts.back().size();
        }
        for (const std::string& text : texts) views.emplace_back(text);
        column = Vector::texts(kept, kBatchRows, views.data());
    }
    MemoryBudget budget;
    Arena kept;
    std::vector<std::string> texts;
    std::vector<std::string_view> views;
    std::size_t bytes = 0;
    const Vector* column = nullptr;
};

void count(benchmark::State& state, const Lines& lines) {
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kBatchRows));
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(lines.bytes));
    state.counters["ns/row"] =
        benchmark::Counter(static_cast<double>(state.iterations()) * kBatchRows,
                           benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void parse_glob(benchmark::State& state) {
    Lines lines;
    const Glob glob = *Glob::compile("[*] * * * *");
    const bool needed[] = {false, true, true, true, true};
    Arena arena(lines.budget);
    for (auto _ : state) {
        arena.reset();
        EvalContext context{arena, kBatchRows, 0, {}};
        benchmark::DoNotOptimize(glob.parse(context, lines.column, needed));
    }
    count(state, lines);
}
BENCHMARK(parse_glob);

void parse_regex(benchmark::State& state) {
    Lines lines;
    const Regex regex =
        *Regex::compile(R"(\[profiler\] (?<m>\w+) (?<v>\S+) (?<d>[\d.]+) (?<s>\d+))");
    const bool needed[] = {true, true, true, true};
    Arena arena(lines.budget);
    for (auto _ : state) {
        arena.reset();
        EvalContext context{arena, kBatchRows, 0, {}};
        benchmark::DoNotOptimize(regex.parse(context, lines.column, needed));
    }
    count(state, lines);
}
BENCHMARK(parse_regex);

/// Durations as the glob gives them.
const Vector* durations(EvalContext& context, const Lines& lines) {
    const bool needed[] = {false, false, false, true, false};
    return Glob::compile("[*] * * * *")->parse(context, lines.column, needed)[3];
}

void parse_decimal(benchmark::State& state) {
    Lines lines;
    EvalContext setup{lines.kept, kBatchRows, 0, {}};
    const Vector* const texts = durations(setup, lines);
    for (auto _ : state) {
        sky::columnar::ParsedNumber number{};
        for (std::size_t row = 0; row < kBatchRows; ++row) {
            benchmark::DoNotOptimize(sky::columnar::parse_number(texts->text_array()[row], number));
            benchmark::DoNotOptimize(number);
        }
    }
    count(state, lines);
}
BENCHMARK(parse_decimal);

// Aim: 20 ns a row, the decimal parse included.
void average_by_group(benchmark::State& state) {
    Lines lines;
    EvalContext setup{lines.kept, kBatchRows, 0, {}};
    const Vector* const texts = durations(setup, lines);
    const auto groups = static_cast<std::uint32_t>(state.range(0));
    std::vector<std::uint32_t> group(kBatchRows);
    for (std::size_t row = 0; row < kBatchRows; ++row) {
        group[row] = static_cast<std::uint32_t>(row * 2654435761U >> 8) % groups;
    }
    const auto average = Aggregate::make(AggregateKind::kAvg, 0, lines.budget);
    average->resize(groups);
    Arena arena(lines.budget);
    for (auto _ : state) {
        arena.reset();
        EvalContext context{arena, kBatchRows, 0, {}};
        const Vector* const fresh =
            Vector::texts(arena, kBatchRows, texts->text_array());  // Not parsed yet.
        average->update(context, group.data(), fresh, {});
    }
    count(state, lines);
}
BENCHMARK(average_by_group)->Arg(1)->Arg(1'000);

void percentile(benchmark::State& state) {
    Lines lines;
    EvalContext setup{lines.kept, kBatchRows, 0, {}};
    const Vector* const texts = durations(setup, lines);
    const auto aggregate = Aggregate::make(AggregateKind::kPct, 95, lines.budget);
    aggregate->resize(1);
    Arena arena(lines.budget);
    for (auto _ : state) {
        arena.reset();
        EvalContext context{arena, kBatchRows, 0, {}};
        aggregate->update(context, nullptr, Vector::texts(arena, kBatchRows, texts->text_array()),
                          {});
    }
    count(state, lines);
}
BENCHMARK(percentile);

void like_literal(benchmark::State& state) {
    Lines lines;
    Arena arena(lines.budget);
    for (auto _ : state) {
        arena.reset();
        EvalContext context{arena, kBatchRows, 0, {}};
        const Vector* const part = Vector::constant(arena, kBatchRows, Value::of_text("-report"));
        benchmark::DoNotOptimize(like(context, lines.column, part));
    }
    count(state, lines);
}
BENCHMARK(like_literal);

void json_fields(benchmark::State& state) {
    Lines lines;
    lines.bytes = 0;
    for (std::size_t i = 0; i < kBatchRows; ++i) {
        lines.texts[i] = R"({"level":"INFO","method":"GET","view":"user-list","duration_ms":12.34,)"
                         R"("status":200,"user":{"id":)" +
                         std::to_string(i) + "}}";
        lines.views[i] = lines.texts[i];
        lines.bytes += lines.texts[i].size();
    }
    const std::vector<std::string> names = {"view", "duration_ms", "user.id"};
    const Discovery discovery(names);
    Arena arena(lines.budget);
    for (auto _ : state) {
        arena.reset();
        EvalContext context{arena, kBatchRows, 0, {}};
        benchmark::DoNotOptimize(discovery.resolve(context, "app", lines.column));
    }
    count(state, lines);
}
BENCHMARK(json_fields);

}  // namespace
