// SPDX-License-Identifier: Apache-2.0
// Publishing, sealing and scanning seed lines (set S1) in segments, without the WAL.
// SKYWATCH_BENCH_LINES chooses how many (default 1,000,000; published figures use 10,000,000).
// Budget: 10 M lines, all columns, two threads, about one second; a guess until measured.
#include <benchmark/benchmark.h>
#include <stdlib.h>

#include <atomic>
#include <cstdio>
#include <filesystem>
#include <thread>

#include "base/clock.h"
#include "os/fs.h"
#include "seed_lines.h"
#include "store/live_data.h"

namespace sky::store {
namespace {

constexpr std::int64_t kStart = 1'767'225'600'000;  // 2026-01-01T00:00:00Z
constexpr std::size_t kBatchRows = 10'000;

std::uint64_t line_count() {
    const char* const text = std::getenv("SKYWATCH_BENCH_LINES");
    return text == nullptr ? 1'000'000 : std::strtoull(text, nullptr, 10);
}

/// A directory of sealed lines, made once, removed at exit.
class Data {
public:
    Data() {
        std::string pattern = (std::filesystem::temp_directory_path() / "skywatch-XXXXXX").string();
        if (::mkdtemp(pattern.data()) == nullptr) std::abort();
        directory_ = pattern;
        catalog_ = *SqliteCatalog::open(os::real_fs(), directory_ + "/catalog.sqlite");
        live_ = *LiveData::open({&os::real_fs(), directory_, &system_clock(), catalog_});
        GroupInfo wanted;
        wanted.tenant = {"123456789012", "us-east-1"};
        wanted.name = "seed";
        group = (*catalog_->create_group(wanted))->id;
        const StreamId stream = catalog_->create_stream(group, "s", kStart)->id;
        bench::SeedLines lines(1, kStart);
        std::vector<std::string> texts(kBatchRows);
        std::vector<Event> events(kBatchRows);
        const std::uint64_t total = line_count();
        for (std::uint64_t done = 0; done < total; done += kBatchRows) {
            for (std::size_t i = 0; i < kBatchRows; ++i) {
                const auto& line = lines.next();
                texts[i] = line.text;
                bytes += line.text.size();
                events[i] = {line.timestamp_ms, texts[i]};
            }
            const auto from = std::chrono::steady_clock::now();
            (void)live_->publish({group, stream, events.back().timestamp_ms, events}, done + 1,
                                 done / kBatchRows + 1);
            const auto published = std::chrono::steady_clock::now();
            publish_s += std::chrono::duration<double>(published - from).count();
            if (live_->seal_due()) (void)live_->seal(0);
            seal_s +=
                std::chrono::duration<double>(std::chrono::steady_clock::now() - published).count();
        }
        (void)live_->seal(~std::uint64_t{0});
        rows = total;
        const LiveDataStats stats = live_->stats();
        std::printf(
            "%llu lines, %.1f bytes of text a line, %.3f bytes a line on disk with all "
            "columns, %llu files; publish %.1f M lines/s, seal %.1f M lines/s, one core\n",
            static_cast<unsigned long long>(rows),
            static_cast<double>(bytes) / static_cast<double>(rows),
            static_cast<double>(stats.live_segment_bytes) / static_cast<double>(rows),
            static_cast<unsigned long long>(stats.live_segments),
            static_cast<double>(rows) / publish_s / 1e6, static_cast<double>(rows) / seal_s / 1e6);
    }
    ~Data() {
        live_.reset();
        catalog_.reset();
        std::filesystem::remove_all(directory_);
    }
    std::shared_ptr<const Snapshot> snapshot() const { return live_->snapshot(group, kStart); }

    GroupId group = 0;
    std::uint64_t rows = 0, bytes = 0;

private:
    std::string directory_;
    std::shared_ptr<SqliteCatalog> catalog_;
    std::unique_ptr<LiveData> live_;
    double publish_s = 0, seal_s = 0;
};

const Data& data() {
    static const Data made;
    return made;
}

void scan(benchmark::State& state) {
    const auto columns = static_cast<Columns>(state.range(1));
    (void)data();  // Made before the clock starts.
    const TimeRange everything{0, kStart * 2};
    std::uint64_t bytes = 0;
    for (auto _ : state) {
        const auto snapshot = data().snapshot();
        const std::vector<Morsel> morsels = snapshot->morsels(everything);
        std::atomic<std::size_t> next{0};
        std::atomic<std::uint64_t> rows{0}, text{0};
        const auto work = [&] {
            for (std::size_t i = next++; i < morsels.size(); i = next++) {
                const auto batch = snapshot->read(morsels[i], everything, columns);
                if (!batch) std::abort();
                rows += batch->rows();
                text += batch->message.bytes();
            }
        };
        std::vector<std::thread> threads;
        for (std::int64_t t = 0; t < state.range(0); ++t) threads.emplace_back(work);
        for (std::thread& thread : threads) thread.join();
        if (rows != data().rows) state.SkipWithError("rows are missing");
        bytes += text;
    }
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(data().rows));
    state.SetBytesProcessed(static_cast<std::int64_t>(bytes));
}
BENCHMARK(scan)
    ->ArgNames({"threads", "columns"})
    ->Args({1, static_cast<int>(Columns::kNone)})
    ->Args({1, static_cast<int>(Columns::kMessage)})
    ->Args({1, static_cast<int>(Columns::kAll)})
    ->Args({2, static_cast<int>(Columns::kAll)})
    ->Unit(benchmark::kMillisecond)
    ->MeasureProcessCPUTime()
    ->UseRealTime();

/// A page of 100 events from somewhere in the day on, as GetLogEvents reads it; arguments: 1 = only
/// the rows of the page are asked for, 0 = the rest of the segment too.
void page(benchmark::State& state) {
    (void)data();
    const auto snapshot = data().snapshot();
    const std::vector<Morsel> morsels = snapshot->morsels({0, kStart * 2});
    const Morsel& morsel = morsels[morsels.size() / 2];
    const TimeRange range{morsel.min_ms + (morsel.max_ms - morsel.min_ms) / 3, morsel.max_ms};
    const RowsWanted wanted{state.range(0) == 0 ? 0U : 100U, RowsWanted::From::kOldest};
    for (auto _ : state) {
        const auto batch = snapshot->read_some(morsel, range, Columns::kAll, {}, wanted);
        if (!batch || batch->rows() < 100) return state.SkipWithError("rows are missing");
        benchmark::DoNotOptimize(batch->message.data());
    }
}
BENCHMARK(page)->ArgName("narrow")->Arg(0)->Arg(1)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace sky::store
