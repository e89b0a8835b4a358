// SPDX-License-Identifier: Apache-2.0
// The seed's query over seed lines in memory: parse, group by four keys, average. Measures the
// executor without the store. Budget: 100 ns a row and thread, so that 10 M rows take half a second
// on two threads (ours; DuckDB's regexp_extract takes 2.5-4.5 s, bench.md).
#include <benchmark/benchmark.h>

#include "insights/exec/query.h"
#include "seed_lines.h"
#include "shapes/miner.h"
#include "shapes/shaped_block.h"

namespace {

using namespace sky;

constexpr std::size_t kMorselRows = 65'536;

/// Morsels that are made once and handed out as copies, or opened from shaped blocks, as a decoding
/// store would.
class SeedSnapshot final : public store::Snapshot {
public:
    explicit SeedSnapshot(std::size_t rows) {
        bench::SeedLines lines(1, 1'767'225'600'000);
        std::uint64_t sequence = 0;
        for (std::size_t done = 0; done < rows; done += kMorselRows) {
            store::EventBatch batch;
            for (std::size_t i = done; i < std::min(rows, done + kMorselRows); ++i) {
                const bench::SeedLine& line = lines.next();
                batch.message.push_back(line.text);
                batch.timestamp_ms.push_back(line.timestamp_ms);
                batch.sequence.push_back(++sequence);
            }
            bytes_ += batch.message.bytes();
            blocks_.push_back(shapes::encode_block(shapes::mine(batch.message)));
            batches_.push_back(std::move(batch));
        }
    }
    const store::GroupInfo& group() const override { return group_; }
    std::vector<store::Morsel> morsels(store::TimeRange) const override {
        std::vector<store::Morsel> list;
        for (std::size_t i = batches_.size(); i-- > 0;) {
            const auto& batch = batches_[i];
            list.push_back({static_cast<std::uint32_t>(i), batch.timestamp_ms.front(),
                            batch.timestamp_ms.back(), batch.rows(), batch.message.bytes()});
        }
        return list;
    }
    Result<store::EventBatch> read(const store::Morsel& morsel, store::TimeRange,
                                   store::Columns columns,
                                   std::span<const store::StreamId>) const override {
        const store::EventBatch& from = batches_[morsel.index];
        if (!has(columns, store::Columns::kShaped)) return from;
        store::EventBatch out;
        out.timestamp_ms = from.timestamp_ms;
        out.sequence = from.sequence;
        if (!has(columns, store::Columns::kMessage)) return out;
        out.shaped = SKY_TRY(
            shapes::ShapedBlock::open(blocks_[morsel.index], from.rows(), from.message.bytes()));
        return out;
    }
    std::string stream_name(store::StreamId) const override { return "s"; }
    std::size_t bytes() const { return bytes_; }

private:
    store::GroupInfo group_;
    std::vector<store::EventBatch> batches_;
    std::vector<std::string> blocks_;
    std::size_t bytes_ = 0;
};

constexpr const char* kQueries[] = {
    "parse @message \"[*] * * * *\" as logger, method, view, duration, status_code | stats "
    "avg(duration) as avg_duration by method, view, status_code, bin(30s) | stats count(*), "
    "sum(avg_duration)",
    "parse @message \"[*] * * * *\" as logger, method, view, duration, status_code | stats "
    "pct(duration, 50), pct(duration, 95), pct(duration, 99) by view",
    "filter @message like \" POST \" | stats count(*)",
    "filter @message like /user.*list/ | stats count(*)",
    "fields @timestamp, @message | sort @timestamp desc | limit 10000",
    "filter @message like \"no such word\" | limit 20",
    "pattern @message",
    "stats count(*) as n by @timestamp, @message | sort n desc, @timestamp | limit 10",
    "parse @message \"[*] * * * *\" as logger, method, view, duration, status_code | sort duration "
    "desc, @timestamp desc | limit 10000 | stats count(*), min(duration)",
    "parse @message \"[*] * * * *\" as logger, method, view, duration, status_code | dedup view, "
    "duration | stats count(*)",
};

void seed_query(benchmark::State& state) {
    static const auto snapshot = std::make_shared<const SeedSnapshot>(2'000'000);
    const auto query = insights::compile(kQueries[state.range(0)]);
    for (auto _ : state) {
        insights::RunOptions options;
        options.sources.push_back({snapshot, "123456789012:/seed"});
        options.range = {INT64_MIN, INT64_MAX};
        options.threads = static_cast<unsigned>(state.range(1));
        options.shaped =
            state.range(2) != 0 ? insights::ShapedReads::kYes : insights::ShapedReads::kNo;
        insights::Execution execution(*query, options);
        const auto result = execution.run();
        if (!result) state.SkipWithError(result.error().message.c_str());
        benchmark::DoNotOptimize(result);
    }
    state.SetItemsProcessed(state.iterations() * 2'000'000);
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(snapshot->bytes()));
}
BENCHMARK(seed_query)
    ->ArgNames({"query", "threads", "shaped"})
    ->ArgsProduct({{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, {1, 2}, {0, 1}})
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

}  // namespace
