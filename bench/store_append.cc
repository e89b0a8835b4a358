// SPDX-License-Identifier: Apache-2.0
// Appends to a store on the real disk: seed lines (S1), batches of 10,000 events as PutLogEvents
// sends them. Budget: the floor of 400 k events/s a core counts HTTP, SigV4 and JSON too, so the
// store alone must stay far above it. SKYWATCH_BENCH_DIR chooses the disk (default /tmp).
#include <benchmark/benchmark.h>
#include <stdlib.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <string>
#include <vector>

#include "base/log.h"
#include "os/fs.h"
#include "seed_lines.h"
#include "store/store.h"

namespace {

using namespace sky;
using namespace sky::store;

struct Lines {
    std::vector<std::string> texts;
    std::vector<Event> events;
    std::uint64_t bytes = 0;

    explicit Lines(std::size_t count) {
        bench::SeedLines source(1, 1'767'225'600'000);
        texts.reserve(count);
        std::vector<std::int64_t> times;
        for (std::size_t i = 0; i < count; ++i) {
            const auto& line = source.next();
            texts.push_back(line.text);
            times.push_back(line.timestamp_ms);
            bytes += line.text.size();
        }
        for (std::size_t i = 0; i < count; ++i) events.push_back({times[i], texts[i]});
    }
};

/// Arguments: events a batch, batches on their way at the same time.
void store_append(benchmark::State& state) {
    log::configure(log::Level::kWarn, log::Format::kLogfmt);
    const char* base = std::getenv("SKYWATCH_BENCH_DIR");
    std::string directory = std::string(base != nullptr ? base : "/tmp") + "/sky_bench.XXXXXX";
    if (mkdtemp(directory.data()) == nullptr) return state.SkipWithError("no directory");
    auto opened = Store::open({.directory = directory,
                               .fs = &os::real_fs(),
                               .clock = &system_clock(),
                               .random = &system_random()});
    if (!opened) return state.SkipWithError(opened.error().message.c_str());
    Store& store = **opened;
    GroupInfo wanted;
    wanted.tenant = {"123456789012", "us-east-1"};
    wanted.name = "bench";
    const auto group = store.catalog().create_group(wanted);
    const auto stream = store.catalog().create_stream((*group)->id, "stream", 0);

    const auto batch_events = static_cast<std::size_t>(state.range(0));
    const auto in_flight_max = static_cast<std::size_t>(state.range(1));
    const Lines lines(batch_events);
    std::mutex mutex;
    std::condition_variable changed;
    std::size_t in_flight = 0, failed = 0;
    std::vector<std::int64_t> latency_ns;
    for (auto _ : state) {
        {
            std::unique_lock lock(mutex);
            changed.wait(lock, [&] { return in_flight < in_flight_max; });
            ++in_flight;
        }
        const std::int64_t start = system_clock().monotonic_ns();
        store.append({(*group)->id, stream->id, lines.events.back().timestamp_ms, lines.events},
                     [&, start](const Status& status) {
                         const std::lock_guard lock(mutex);
                         latency_ns.push_back(system_clock().monotonic_ns() - start);
                         if (!status) ++failed;
                         --in_flight;
                         changed.notify_all();
                     });
    }
    {
        std::unique_lock lock(mutex);
        changed.wait(lock, [&] { return in_flight == 0; });
    }
    if (failed > 0) state.counters["failed"] = static_cast<double>(failed);
    std::sort(latency_ns.begin(), latency_ns.end());
    const auto at = [&](std::size_t percent) {
        return static_cast<double>(latency_ns[(latency_ns.size() - 1) * percent / 100]) / 1e6;
    };
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(batch_events));
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(lines.bytes));
    state.counters["ack_p50_ms"] = at(50);
    state.counters["ack_p99_ms"] = at(99);
    const StoreStats stats = store.stats();
    state.counters["batches_per_sync"] =
        static_cast<double>(stats.batches_appended) / static_cast<double>(stats.wal_syncs);
    static_cast<void>(store.close());
    opened->reset();
    std::filesystem::remove_all(directory);
}
BENCHMARK(store_append)
    ->Args({10'000, 1})
    ->Args({10'000, 4})
    ->Args({100, 1})
    ->Args({100, 64})
    ->Args({1, 256})
    ->Unit(benchmark::kMillisecond)
    ->MeasureProcessCPUTime()
    ->UseRealTime();

/// Argument: MiB of text in the log that no segment holds. Budget: 512 MiB in a second (design 5).
void store_recovery(benchmark::State& state) {
    log::configure(log::Level::kWarn, log::Format::kLogfmt);
    const char* base = std::getenv("SKYWATCH_BENCH_DIR");
    std::string directory = std::string(base != nullptr ? base : "/tmp") + "/sky_bench.XXXXXX";
    if (mkdtemp(directory.data()) == nullptr) return state.SkipWithError("no directory");
    const StoreOptions options{.directory = directory,
                               .fs = &os::real_fs(),
                               .clock = &system_clock(),
                               .random = &system_random(),
                               .memory_bytes = 4ULL << 30U};
    std::uint64_t stored = 0, events = 0;
    {
        auto opened = Store::open(options);
        if (!opened) return state.SkipWithError(opened.error().message.c_str());
        Store& store = **opened;
        const Lines lines(1'000);
        // Many groups, none of which fills a chunk: nothing is sealed while this runs.
        std::vector<std::pair<GroupId, StreamId>> places;
        for (int i = 0; i < 300; ++i) {
            GroupInfo wanted;
            wanted.tenant = {"123456789012", "us-east-1"};
            wanted.name = "bench-" + std::to_string(i);
            const auto group = store.catalog().create_group(wanted);
            places.emplace_back((*group)->id,
                                store.catalog().create_stream((*group)->id, "s", 0)->id);
        }
        const auto bytes_max = static_cast<std::uint64_t>(state.range(0)) << 20U;
        for (std::size_t i = 0; stored < bytes_max; ++i) {
            const auto [group, stream] = places[i % places.size()];
            const Status status =
                store.append_wait({group, stream, lines.events.back().timestamp_ms, lines.events});
            if (!status) return state.SkipWithError(status.error().message.c_str());
            stored += lines.bytes;
            events += lines.events.size();
        }
    }
    for (auto _ : state) {
        auto opened = Store::open(options);
        if (!opened || (*opened)->stats().open_rows != events)
            return state.SkipWithError("not everything came back");
        state.PauseTiming();
        opened->reset();
        state.ResumeTiming();
    }
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(events));
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(stored));
    std::filesystem::remove_all(directory);
}
BENCHMARK(store_recovery)->Arg(64)->Arg(128)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
