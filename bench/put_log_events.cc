// SPDX-License-Identifier: Apache-2.0
// PutLogEvents from the body's bytes to checked events, on the seed's line. Budget: 1 M events/s a
// core (design section 5), so that one core fills the log of one disk.
#include <benchmark/benchmark.h>

#include <string>

#include "logs/api/testing/codec_reference.h"
#include "logs/ingest.h"

namespace {

constexpr std::int64_t kNow = 1'767'225'600'000;

enum class Escapes { kNone, kQuotes };

std::string body_of(std::int64_t events, Escapes escapes) {
    std::string body = R"({"logGroupName":"app","logStreamName":"s","logEvents":[)";
    for (std::int64_t i = 0; i < events; ++i) {
        if (i != 0) body += ",";
        body += R"({"timestamp": )" + std::to_string(kNow + i) + R"(, "message": ")";
        body += escapes == Escapes::kQuotes
                    ? R"({\"method\":\"GET\",\"view\":\"user-list\",\"ms\":)"
                    : "[profiler] GET user-list ";
        body += std::to_string(i % 900) + ".25 200";
        body += escapes == Escapes::kQuotes ? R"(}"})" : R"("})";
    }
    return body + "]}";
}

void report(benchmark::State& state, const std::string& body) {
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(body.size()));
    state.SetItemsProcessed(state.iterations() * state.range(0));
}

void by_hand(benchmark::State& state, Escapes escapes) {
    const std::string body = body_of(state.range(0), escapes);
    for (auto _ : state) {
        const auto put = sky::logs::api::decode_put_log_events(body);
        const auto admission = sky::logs::admit(put->events, kNow, 30);
        benchmark::DoNotOptimize(admission);
    }
    report(state, body);
}

void by_tables(benchmark::State& state, Escapes escapes) {
    const std::string body = body_of(state.range(0), escapes);
    for (auto _ : state) {
        auto put = sky::logs::api::testing::decode_by_tables(body);
        benchmark::DoNotOptimize(put);
    }
    report(state, body);
}

}  // namespace

BENCHMARK_CAPTURE(by_hand, plain, Escapes::kNone)->Arg(100)->Arg(10'000);
BENCHMARK_CAPTURE(by_hand, escapes, Escapes::kQuotes)->Arg(10'000);
BENCHMARK_CAPTURE(by_tables, plain, Escapes::kNone)->Arg(10'000);
BENCHMARK_CAPTURE(by_tables, escapes, Escapes::kQuotes)->Arg(10'000);
