// SPDX-License-Identifier: Apache-2.0
// Many small groups: an orderly end, which seals all of them, and the start after it.
// Budget: store.md 2.2 and bench.md: 10,000 groups end in well under a second, start in five.
// SKYWATCH_BENCH_DIR chooses the disk (default /tmp).
#include <benchmark/benchmark.h>
#include <stdlib.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "os/fs.h"
#include "seed_lines.h"
#include "store/store.h"

namespace {

using namespace sky;
using namespace sky::store;

constexpr std::int64_t kStart = 1'767'225'600'000;  // 2026-01-01T00:00:00Z

double seconds_since(std::chrono::steady_clock::time_point from) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - from).count();
}

/// Arguments: groups, lines in each.
void store_groups(benchmark::State& state) {
    log::configure(log::Level::kWarn, log::Format::kLogfmt);
    const char* base = std::getenv("SKYWATCH_BENCH_DIR");
    std::string directory = std::string(base != nullptr ? base : "/tmp") + "/sky_bench.XXXXXX";
    if (mkdtemp(directory.data()) == nullptr) return state.SkipWithError("no directory");
    const auto open = [&] {
        return Store::open({.directory = directory,
                            .fs = &os::real_fs(),
                            .clock = &system_clock(),
                            .random = &system_random()});
    };
    const auto count = static_cast<std::size_t>(state.range(0));
    const auto rows = static_cast<std::size_t>(state.range(1));
    auto store = open();
    if (!store) return state.SkipWithError(store.error().message.c_str());
    std::vector<std::pair<GroupId, StreamId>> groups;
    for (std::size_t i = 0; i < count; ++i) {
        GroupInfo wanted;
        wanted.tenant = {"123456789012", "us-east-1"};
        wanted.name = "/aws/lambda/function-" + std::to_string(i);
        const GroupId id = (*(*store)->catalog().create_group(std::move(wanted)))->id;
        groups.emplace_back(id, (*store)->catalog().create_stream(id, "stream", kStart)->id);
    }
    bench::SeedLines source(1, kStart);
    double stop = 0, start = 0;
    StoreStats stats{};
    for (auto _ : state) {
        std::atomic<std::uint64_t> left{groups.size()}, failed{0};
        for (const auto& [group, stream] : groups) {
            std::vector<std::string> texts;
            std::vector<Event> events;
            std::vector<std::int64_t> times;
            for (std::size_t i = 0; i < rows; ++i) {
                const auto& line = source.next();
                texts.push_back(line.text);
                times.push_back(line.timestamp_ms);
            }
            for (std::size_t i = 0; i < rows; ++i) events.push_back({times[i], texts[i]});
            (*store)->append({group, stream, kStart, events}, [&](const Status& status) {
                failed += status ? 0 : 1;
                --left;
            });
        }
        while (left != 0) std::this_thread::yield();
        if (failed != 0) return state.SkipWithError("appends were refused");
        const auto stopping = std::chrono::steady_clock::now();
        if (!(*store)->close()) return state.SkipWithError("close");
        stop += seconds_since(stopping);
        stats = (*store)->stats();
        store->reset();
        const auto starting = std::chrono::steady_clock::now();
        store = open();
        if (!store) return state.SkipWithError(store.error().message.c_str());
        start += seconds_since(starting);
    }
    const auto rounds = static_cast<double>(state.iterations());
    state.counters["stop_ms"] = 1'000 * stop / rounds;
    state.counters["start_ms"] = 1'000 * start / rounds;
    state.counters["segments"] = static_cast<double>(stats.live_segments);
    state.counters["bytes_a_line"] = static_cast<double>(stats.segment_bytes_written) /
                                     static_cast<double>(groups.size() * rows);
    store->reset();
    std::filesystem::remove_all(directory);
}
BENCHMARK(store_groups)
    ->ArgNames({"groups", "lines"})
    ->Args({10'000, 1})
    ->Args({10'000, 20})
    ->Args({10'000, 200})
    ->Iterations(3)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

}  // namespace
