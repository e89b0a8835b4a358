// SPDX-License-Identifier: Apache-2.0
#include "store/memory_budget.h"

#include <doctest/doctest.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/log.h"
#include "base/random.h"
#include "os/free_memory.h"
#include "os/fs.h"
#include "store/limits.h"
#include "store/segment.h"
#include "store/segment_limits.h"
#include "store/testing/store_harness.h"

namespace sky::store {

using namespace testing;

namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kMemoryIsOurs = false;
#else
constexpr bool kMemoryIsOurs = true;
#endif

/// From /proc/self/status, in bytes.
std::uint64_t status_bytes(std::string_view name) {
    std::ifstream file("/proc/self/status");
    for (std::string line; std::getline(file, line);) {
        if (!line.starts_with(name)) continue;
        const std::size_t digits = line.find_first_of("0123456789");
        std::uint64_t kib = 0;
        std::from_chars(line.data() + digits, line.data() + line.size(), kib);
        return kib * 1'024;
    }
    return 0;
}

/// By how much the resident memory of a process grows at most while it does `work`, after
/// `prepare`. A process of its own, so that nothing else's pages count. Absent when it failed.
std::optional<std::uint64_t> peak_growth(const std::function<bool()>& prepare,
                                         const std::function<bool()>& work) {
    int ends[2];
    if (::pipe(ends) != 0) return std::nullopt;
    const pid_t child = ::fork();
    if (child == 0) {
        std::uint64_t grown = 0;
        bool good = prepare();
        os::return_free_memory();
        std::ofstream("/proc/self/clear_refs") << "5";  // VmHWM begins anew.
        const std::uint64_t before = status_bytes("VmRSS:");
        good = good && work();
        grown = status_bytes("VmHWM:") - before;
        if (!good || ::write(ends[1], &grown, sizeof grown) != sizeof grown) ::_exit(1);
        ::_exit(0);
    }
    ::close(ends[1]);
    std::uint64_t grown = 0;
    const bool told = ::read(ends[0], &grown, sizeof grown) == sizeof grown;
    ::close(ends[0]);
    int status = 0;
    if (child < 0 || ::waitpid(child, &status, 0) != child || status != 0 || !told)
        return std::nullopt;
    return grown;
}

enum class Kind : std::uint8_t { kProfiler, kUnique, kTokens, kJson, kDivided, kLong };

std::string line_of(Kind kind, SeededRandom& random, std::size_t number) {
    const auto word = [&](std::size_t bytes) {
        std::string text;
        while (text.size() < bytes) text += static_cast<char>('a' + random.below(26));
        return text;
    };
    std::string text;
    switch (kind) {
        case Kind::kProfiler:
            return "[profiler] GET view-" + std::to_string(random.below(48)) + " " +
                   std::to_string(random.below(90'000)) + ".25 200";
        case Kind::kUnique:  // No two lines have the same structure.
            while (text.size() < 240) {
                text += word(1 + random.below(12));
                text += " =:/,;-[]{}\"'"[random.below(13)];
            }
            return text;
        case Kind::kTokens:  // As many values as bytes allow.
            while (text.size() < 254) {
                text += static_cast<char>('0' + random.below(10));
                text += ' ';
            }
            return text;
        case Kind::kJson:
            text = "{";
            for (int i = 0; i < 100; ++i)
                text += (i == 0 ? "\"k" : ",\"k") + std::to_string(i) +
                        "\":" + std::to_string(random.below(1'000));
            return text + "}";
        case Kind::kDivided:  // Kinds inside kinds inside kinds.
            for (std::size_t at = number, i = 0; i < 6; ++i, at /= 3)
                text += "kind" + std::to_string(at % 3) + " ";
            while (text.size() < 240) text += std::to_string(random.below(10)) + " ";
            return text;
        case Kind::kLong:
            return word(1U << 20U);
    }
    return text;
}

/// A chunk's worth of lines of a kind.
MiniBatchPtr rows_of(Kind kind, ChunkLimits most) {
    SeededRandom random(static_cast<std::uint64_t>(kind) + 1);
    std::vector<std::string> texts;
    std::size_t bytes = 0;
    while (texts.size() < most.rows) {
        std::string text = line_of(kind, random, texts.size());
        if (bytes + text.size() > most.bytes) break;
        bytes += text.size();
        texts.push_back(std::move(text));
    }
    std::vector<Event> events;
    for (std::size_t i = 0; i < texts.size(); ++i)
        events.push_back({kStoreStartMs + static_cast<std::int64_t>(i), texts[i]});
    return split_by_day({1, 1, kStoreStartMs, events}, 1, 1).front().rows;
}

}  // namespace

TEST_CASE("memory: chunks are as large as the budget allows") {
    struct Case {
        std::uint64_t memory_bytes;
        std::size_t sealed_rows, merged_rows;
    };
    static constexpr Case kCases[] = {
        {1ULL << 30U, 131'072, 131'072}, {512ULL << 20U, 131'072, 65'536},
        {256ULL << 20U, 32'768, 32'768}, {64ULL << 20U, 8'192, 8'192},
        {512U << 10U, 1'024, 1'024},
    };
    for (const Case& c : kCases) {
        CAPTURE(c.memory_bytes);
        const ChunkLimits sealed = sealed_chunk_limits(c.memory_bytes);
        const ChunkLimits merged = merged_chunk_limits(c.memory_bytes);
        CHECK(sealed.rows == c.sealed_rows);
        CHECK(sealed.bytes == 256 * c.sealed_rows);
        CHECK(merged.rows == c.merged_rows);
        CHECK(merged.bytes == 256 * c.merged_rows);
    }
}

TEST_CASE("memory: sealing a chunk takes no more than it is charged, whatever its lines are") {
    if (!kMemoryIsOurs) {
        MESSAGE("skipped: a sanitizer's memory is not ours");
        return;
    }
    struct Case {
        const char* name;
        Kind kind;
    };
    static constexpr Case kCases[] = {
        {"profiler", Kind::kProfiler}, {"unique", Kind::kUnique},   {"tokens", Kind::kTokens},
        {"json", Kind::kJson},         {"divided", Kind::kDivided}, {"long", Kind::kLong},
    };
    for (const std::size_t part : {1U, 2U, 4U}) {
        for (const Case& c : kCases) {
            CAPTURE(c.name);
            const ChunkLimits most{limits::kChunkRowsMax / part, limits::kChunkBytesMax / part};
            MiniBatchPtr rows;
            const auto grown = peak_growth(
                [&] {
                    rows = rows_of(c.kind, most);
                    return true;
                },
                [&] {
                    SegmentFooter footer;
                    const auto encoded =
                        encode_segment(*rows, [](StreamId) { return std::string("s"); }, footer);
                    return encoded && encoded->shape_mismatches == 0;
                });
            REQUIRE(grown);
            rows = rows_of(c.kind, most);
            const std::uint64_t charged =
                encode_memory(rows->rows.rows(), rows->rows.message.bytes());
            MESSAGE(std::string(c.name), ": ", rows->rows.rows(), " lines, ",
                    rows->rows.message.bytes() >> 20U, " MiB: ", *grown >> 20U, " MiB of ",
                    charged >> 20U);
            CHECK(*grown <= charged);
        }
    }
}

TEST_CASE("memory: seals and merges are charged while they work") {
    log::configure(log::Level::kSilent, log::Format::kLogfmt);
    StoreHarness h(1);
    REQUIRE(h.open());
    const auto group = h.make("group", "stream");
    REQUIRE(group);
    std::uint64_t sealing = 0, merging = 0;
    h.fs->set_between_calls([&] {
        const StoreStats stats = h.store->stats();
        sealing = std::max(sealing, stats.memory_seal_bytes);
        merging = std::max(merging, stats.memory_merge_bytes);
    });
    for (int i = 0; i < 2; ++i) {
        REQUIRE(h.append(*group, "view", 200));
        const auto other = h.make("other", "s" + std::to_string(i));
        REQUIRE(other);
        REQUIRE(h.append(*other, "view", 200));
        CHECK(h.store->stats().open_bytes > 0);
        REQUIRE(h.store->flush());
    }
    h.store->step(BackgroundTask::kMerge);
    h.fs->set_between_calls(nullptr);
    CHECK(h.store->stats().merges == 1);
    CHECK(sealing >= seal_memory(200, 200 * 20));
    CHECK(merging >= merge_memory(400, 400 * 20));
    const StoreStats after = h.store->stats();
    CHECK(after.memory_limit_bytes == 4U << 20U);
    CHECK(after.open_bytes + after.memory_queue_bytes + after.memory_seal_bytes +
              after.memory_merge_bytes ==
          0);
    CHECK(h.lines("group").size() == 400);
    log::configure(log::Level::kInfo, log::Format::kLogfmt);
}

TEST_CASE("memory: a small budget holds while large days and lines without shape come in") {
    if (!kMemoryIsOurs) {
        MESSAGE("skipped: a sanitizer's memory is not ours");
        return;
    }
    constexpr std::uint64_t kBudget = 48U << 20U;
    // What a store takes beside its budget: the catalog's cache, stacks, the compressor's contexts
    // and what the allocator keeps for each of its threads; and the batch that is being made here.
    constexpr std::uint64_t kBeside = 40U << 20U;
    constexpr std::size_t kBatches = 48, kBatchBytes = 1U << 20U;
    const auto grown = peak_growth(
        [] {
            log::configure(log::Level::kSilent, log::Format::kLogfmt);
            return true;
        },
        [&] {
            std::string directory = "/tmp/sky_memory.XXXXXX";
            if (::mkdtemp(directory.data()) == nullptr) return false;
            const auto work = [&] {
                auto opened = Store::open({.directory = directory,
                                           .fs = &os::real_fs(),
                                           .clock = &system_clock(),
                                           .random = &system_random(),
                                           .memory_bytes = kBudget,
                                           .wal_segment_bytes = 4U << 20U,
                                           .ballast_bytes = 1U << 20U,
                                           .merge_fan = 2});
                if (!opened) return false;
                Store& store = **opened;
                GroupInfo wanted;
                wanted.tenant = kStoreTenant;
                wanted.name = "group";
                const GroupId group = (*store.catalog().create_group(std::move(wanted)))->id;
                const StreamId stream = store.catalog().create_stream(group, "s", 0)->id;
                SeededRandom random(1);
                for (std::size_t b = 0; b < kBatches; ++b) {
                    std::vector<std::string> texts;
                    std::vector<Event> events;
                    const Kind kind = b % 2 == 0 ? Kind::kUnique : Kind::kTokens;
                    for (std::size_t bytes = 0; bytes < kBatchBytes; bytes += texts.back().size())
                        texts.push_back(line_of(kind, random, b));
                    for (std::size_t i = 0; i < texts.size(); ++i)
                        events.push_back({kStoreStartMs + static_cast<std::int64_t>(i), texts[i]});
                    for (;;) {
                        const Status done = store.append_wait({group, stream, 0, events});
                        if (done) break;
                        if (done.error().code != ErrorCode::kThrottled) return false;
                        if (!store.flush()) return false;
                    }
                    if (b % 8 == 7 && !store.flush()) return false;
                }
                const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(2);
                while (store.stats().merges == 0 || store.stats().merge_debt_segments > 0) {
                    if (std::chrono::steady_clock::now() > deadline) return false;
                    std::this_thread::yield();
                }
                return store.close().has_value();
            };
            const bool good = work();
            std::filesystem::remove_all(directory);
            return good;
        });
    REQUIRE(grown);
    MESSAGE("grew by ", *grown >> 20U, " MiB with a budget of ", kBudget >> 20U, " MiB");
    CHECK(*grown <= kBudget + kBeside);
}

}  // namespace sky::store
