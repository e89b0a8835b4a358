// SPDX-License-Identifier: Apache-2.0
// Mining, encoding and decoding whole chunks: seed lines (S1) and, where SKYWATCH_SHARED names
// their folder, the real logs R1 to R3. Counters: bytes a row and against zstd-9 of the same text.
// Budget: sealing 2 M lines/s a core of S1 leaves durable ingest its 2 M events/s on two cores.
#include <benchmark/benchmark.h>
#include <stdlib.h>
#include <zstd.h>

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "columnar/text_column.h"
#include "seed_lines.h"
#include "shapes/gram_filter.h"
#include "shapes/miner.h"
#include "shapes/shaped_block.h"
#include "shapes/term_filter.h"

namespace sky::shapes {
namespace {

struct Chunks {
    std::vector<columnar::TextColumn> chunks;
    std::size_t rows = 0, bytes = 0, zstd_bytes = 0;
};

constexpr std::size_t kChunkBytes = 32U << 20U;  // As the store closes them.
constexpr std::size_t kChunksMax = 4;

void add(Chunks& out, std::string_view line) {
    if (out.chunks.empty() || out.chunks.back().size() == limits::kRowsMax ||
        out.chunks.back().bytes() + line.size() > kChunkBytes)
        out.chunks.emplace_back();
    out.chunks.back().push_back(line);
    ++out.rows;
    out.bytes += line.size();
}

void compress(Chunks& out, std::string_view text) {
    std::string packed(ZSTD_compressBound(text.size()), '\0');
    out.zstd_bytes = ZSTD_compress(packed.data(), packed.size(), text.data(), text.size(), 9);
}

const Chunks& seed() {
    static const Chunks made = [] {
        Chunks out;
        std::string text;
        bench::SeedLines lines(1, 0);
        for (std::size_t i = 0; i < kChunksMax * limits::kRowsMax; ++i) {
            const std::string& line = lines.next().text;
            add(out, line);
            text += line + "\n";
        }
        compress(out, text);
        return out;
    }();
    return made;
}

/// The first chunks of a file of /data; none when it is absent.
Chunks read(const std::string& name) {
    Chunks out;
    const char* const shared = std::getenv("SKYWATCH_SHARED");
    if (shared == nullptr) return out;
    std::ifstream in(std::string(shared) + "/data/" + name, std::ios::binary);
    const std::string packed((std::istreambuf_iterator<char>(in)), {});
    std::string text(kChunksMax * kChunkBytes, '\0');
    ZSTD_DCtx* const context = ZSTD_createDCtx();
    ZSTD_inBuffer from{packed.data(), packed.size(), 0};
    ZSTD_outBuffer to{text.data(), text.size(), 0};
    while (to.pos < to.size && from.pos < from.size)
        if (ZSTD_isError(ZSTD_decompressStream(context, &to, &from)) != 0) break;
    ZSTD_freeDCtx(context);
    text.resize(to.pos);
    compress(out, text);
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        add(out, std::string_view(text).substr(at, end - at));
        at = end + 1;
    }
    return out;
}

const Chunks& data(std::int64_t which) {
    static const Chunks real[] = {read("trainticket.log.zst"), read("windows-events.ndjson.zst"),
                                  read("apache-access.log.zst")};
    return which == 0 ? seed() : real[which - 1];
}

void report(benchmark::State& state, const Chunks& chunks) {
    const auto runs = static_cast<std::int64_t>(state.iterations());
    state.SetItemsProcessed(runs * static_cast<std::int64_t>(chunks.rows));
    state.SetBytesProcessed(runs * static_cast<std::int64_t>(chunks.bytes));
}

void mine_chunks(benchmark::State& state) {
    const Chunks& chunks = data(state.range(0));
    if (chunks.rows == 0) return state.SkipWithError("SKYWATCH_SHARED does not name the data");
    for (auto _ : state)
        for (const auto& chunk : chunks.chunks) benchmark::DoNotOptimize(mine(chunk));
    report(state, chunks);
}

/// As a group's next chunks are: by the families of the first.
void mine_known_chunks(benchmark::State& state) {
    const Chunks& chunks = data(state.range(0));
    if (chunks.rows == 0) return state.SkipWithError("SKYWATCH_SHARED does not name the data");
    KnownFamilies known;
    benchmark::DoNotOptimize(mine(chunks.chunks[0], known));
    for (auto _ : state)
        for (const auto& chunk : chunks.chunks) benchmark::DoNotOptimize(mine(chunk, known));
    report(state, chunks);
}

void encode_chunks(benchmark::State& state) {
    const Chunks& chunks = data(state.range(0));
    if (chunks.rows == 0) return state.SkipWithError("SKYWATCH_SHARED does not name the data");
    std::vector<Shaping> mined;
    for (const auto& chunk : chunks.chunks) mined.push_back(mine(chunk));
    std::size_t bytes = 0;
    for (auto _ : state) {
        bytes = 0;
        for (const Shaping& shaping : mined) bytes += encode_block(shaping).size();
    }
    report(state, chunks);
    state.counters["bytes_a_row"] = static_cast<double>(bytes) / static_cast<double>(chunks.rows);
    state.counters["of_zstd_9"] =
        static_cast<double>(bytes) / static_cast<double>(chunks.zstd_bytes);
}

void render_chunks(benchmark::State& state) {
    const Chunks& chunks = data(state.range(0));
    if (chunks.rows == 0) return state.SkipWithError("SKYWATCH_SHARED does not name the data");
    std::vector<std::string> blocks;
    for (const auto& chunk : chunks.chunks) blocks.push_back(encode_block(mine(chunk)));
    std::string text(kChunkBytes, '\0');
    std::vector<std::uint32_t> ends;
    for (auto _ : state) {
        for (std::size_t i = 0; i < blocks.size(); ++i) {
            const auto& chunk = chunks.chunks[i];
            ends.resize(chunk.size());
            const auto block = ShapedBlock::open(blocks[i], chunk.size(), chunk.bytes());
            if (!block || !(*block)->render_all(text.data(), ends))
                return state.SkipWithError("a block does not give its lines back");
        }
    }
    report(state, chunks);
}

/// Every slot of every family, no text: what a query over all rows pays before its own work.
void decode_columns(benchmark::State& state) {
    const Chunks& chunks = data(state.range(0));
    if (chunks.rows == 0) return state.SkipWithError("SKYWATCH_SHARED does not name the data");
    std::vector<std::string> blocks;
    for (const auto& chunk : chunks.chunks) blocks.push_back(encode_block(mine(chunk)));
    for (auto _ : state) {
        for (std::size_t i = 0; i < blocks.size(); ++i) {
            const auto& chunk = chunks.chunks[i];
            const auto block = ShapedBlock::open(blocks[i], chunk.size(), chunk.bytes());
            if (!block) return state.SkipWithError("a block does not open");
            for (std::size_t f = 0; f < (*block)->families().size(); ++f)
                for (std::size_t s = 0; s < (*block)->families()[f].slots; ++s)
                    benchmark::DoNotOptimize((*block)->column(f, s));
        }
    }
    report(state, chunks);
}

/// The filters of a chunk's header. Counters: their bytes a row, and of 1,000 ids that are nowhere
/// how many pass.
void make_filters(benchmark::State& state) {
    const Chunks& chunks = data(state.range(0));
    if (chunks.rows == 0) return state.SkipWithError("SKYWATCH_SHARED does not name the data");
    std::string bytes;
    std::vector<TermFilter> terms;
    for (auto _ : state) {
        bytes.clear();
        terms.clear();
        for (const auto& chunk : chunks.chunks) {
            bytes += GramFilter::of(chunk.data()).encode();
            terms.push_back(TermFilter::of(chunk.data()));
            terms.back().encode(bytes);
        }
    }
    report(state, chunks);
    std::size_t pass = 0, asked = 0;
    std::uint64_t seed = 1;
    for (const TermFilter& filter : terms) {
        for (int i = 0; i < 1'000; ++i, ++asked) {
            std::string id(32, '0');
            for (char& c : id) {
                seed = seed * 6'364'136'223'846'793'005ULL + 1'442'695'040'888'963'407ULL;
                c = "0123456789abcdef"[seed >> 60U];
            }
            pass += filter.may_contain(id) ? 1U : 0U;
        }
    }
    state.counters["bytes_a_row"] =
        static_cast<double>(bytes.size()) / static_cast<double>(chunks.rows);
    state.counters["absent_ids_that_pass"] =
        static_cast<double>(pass) * 1'000 / static_cast<double>(asked);
}

// 0: S1, 1: R1, 2: R2, 3: R3.
BENCHMARK(make_filters)->DenseRange(0, 3);
BENCHMARK(mine_chunks)->DenseRange(0, 3);
BENCHMARK(mine_known_chunks)->DenseRange(0, 3);
BENCHMARK(encode_chunks)->DenseRange(0, 3);
BENCHMARK(decode_columns)->DenseRange(0, 3);
BENCHMARK(render_chunks)->DenseRange(0, 3);

}  // namespace
}  // namespace sky::shapes
