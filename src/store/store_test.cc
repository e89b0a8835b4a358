// SPDX-License-Identifier: Apache-2.0
#include "store/store.h"

#include <doctest/doctest.h>
#include <stdlib.h>

#include <limits>
#include <thread>

#include "base/log.h"
#include "crypto/crc32c.h"
#include "os/sim_fs.h"
#include "store/batch_record.h"
#include "store/limits.h"
#include "store/segment_limits.h"
#include "store/wal.h"

namespace {

using namespace sky;
using namespace sky::store;

constexpr std::int64_t kStartMs = 1'767'225'600'000;  // 2026-01-01, midnight.
const Tenant kTenant{"123456789012", "us-east-1"};
constexpr TimeRange kAlways{std::numeric_limits<std::int64_t>::min(),
                            std::numeric_limits<std::int64_t>::max()};

struct Bench {
    os::SimFs fs{1};
    ManualClock clock{kStartMs};
    SeededRandom random{7};
    std::uint64_t memory_bytes = 64U << 20U;
    std::uint64_t ballast_bytes = 64U << 10U;

    Result<std::unique_ptr<Store>> open() {
        return Store::open({.directory = "/data",
                            .fs = &fs,
                            .clock = &clock,
                            .random = &random,
                            .memory_bytes = memory_bytes,
                            .wal_segment_bytes = 64U << 10U,
                            .ballast_bytes = ballast_bytes});
    }
    std::unique_ptr<Store> must_open() {
        auto store = open();
        if (!store) MESSAGE(store.error().message);
        REQUIRE(store.has_value());
        return *std::move(store);
    }
};

struct Place {
    GroupId group;
    StreamId stream;
};

Place make_place(Store& store, const std::string& name) {
    GroupInfo wanted;
    wanted.tenant = kTenant;
    wanted.name = name;
    wanted.creation_ms = kStartMs;
    const auto group = store.catalog().create_group(std::move(wanted));
    REQUIRE(group.has_value());
    const auto stream = store.catalog().create_stream((*group)->id, "stream", kStartMs);
    REQUIRE(stream.has_value());
    return {(*group)->id, stream->id};
}

Status put(Store& store, Place place, std::vector<std::string> messages,
           std::int64_t at_ms = kStartMs) {
    std::vector<Event> events;
    for (const auto& message : messages) events.push_back({at_ms, message});
    return store.append_wait({place.group, place.stream, at_ms, events});
}

std::vector<std::string> messages(const Store& store, GroupId group) {
    std::vector<std::string> out;
    const auto snapshot = store.snapshot(group);
    if (!snapshot) return out;
    struct Row {
        std::uint64_t sequence;
        std::string message;
    };
    std::vector<Row> rows;
    for (const Morsel& morsel : snapshot->morsels(kAlways)) {
        const auto batch = snapshot->read(morsel, kAlways, Columns::kMessage);
        REQUIRE(batch.has_value());
        for (std::size_t i = 0; i < batch->rows(); ++i)
            rows.push_back({batch->sequence[i], std::string(batch->message[i])});
    }
    std::sort(rows.begin(), rows.end(),
              [](const Row& a, const Row& b) { return a.sequence < b.sequence; });
    for (auto& row : rows) out.push_back(std::move(row.message));
    return out;
}

TEST_CASE("store: what is acknowledged is visible at once, after a flush, a kill and a close") {
    Bench bench;
    std::vector<std::string> expected = {"one", "two", "three"};
    Place place{};
    {
        const auto store = bench.must_open();
        place = make_place(*store, "g");
        REQUIRE(put(*store, place, {"one", "two"}).has_value());
        REQUIRE(put(*store, place, {"three"}).has_value());
        CHECK(messages(*store, place.group) == expected);
        CHECK(store->stats().events_appended == 3);
        CHECK(store->stats().batches_appended == 2);
        CHECK(store->stats().wal_syncs >= 1);
        CHECK(store->stored_bytes(place.group) == 11 + 3 * 26);
    }  // Without close(): as killed.
    {
        const auto store = bench.must_open();
        CHECK(messages(*store, place.group) == expected);
        CHECK(store->stats().open_rows == 3);
        REQUIRE(store->flush().has_value());
        CHECK(store->stats().open_rows == 0);
        CHECK(store->stats().live_segments == 1);
        CHECK(messages(*store, place.group) == expected);
        REQUIRE(put(*store, place, {"four"}).has_value());
        expected.emplace_back("four");
        REQUIRE(store->close().has_value());
        CHECK(store->close().has_value());
        CHECK(put(*store, place, {"five"}).error().code == ErrorCode::kUnavailable);
    }
    const auto store = bench.must_open();
    CHECK(store->stats().open_rows == 0);  // Nothing was replayed.
    CHECK(messages(*store, place.group) == expected);
}

TEST_CASE("store: a follower is told of what became visible, in order, and of nothing else") {
    struct Recorder final : Follower {
        explicit Recorder(GroupId wanted) : group(wanted) {}
        bool follows(GroupId asked) const override { return asked == group; }
        void published(GroupId, std::shared_ptr<const EventBatch> rows) override {
            for (std::size_t i = 0; i < rows->rows(); ++i)
                told.push_back(std::to_string(rows->timestamp_ms[i]) + " " +
                               std::string(rows->message[i]));
        }
        GroupId group;
        std::vector<std::string> told;
    };
    Bench bench;
    const auto store = bench.must_open();
    const Place followed = make_place(*store, "followed"), other = make_place(*store, "other");
    Recorder recorder(followed.group);
    REQUIRE(put(*store, followed, {"before"}));
    store->set_follower(&recorder);
    REQUIRE(put(*store, followed, {"a", "b"}));
    REQUIRE(put(*store, other, {"elsewhere"}));
    const std::vector<Event> midnight = {{kStartMs - 1, "late"}, {kStartMs, "early"}};
    REQUIRE(store->append_wait({followed.group, followed.stream, kStartMs, midnight}));
    REQUIRE(store->catalog().delete_stream(followed.group, "stream"));
    REQUIRE(!put(*store, followed, {"lost against the delete"}));
    // The follower is told after the answer, and before the answer of any later batch.
    REQUIRE(put(*store, other, {"elsewhere again"}));
    store->set_follower(nullptr);
    REQUIRE(put(*store, other, {"after"}));
    const std::string now = std::to_string(kStartMs), before = std::to_string(kStartMs - 1);
    CHECK(recorder.told ==
          std::vector<std::string>{now + " a", now + " b", before + " late", now + " early"});
}

TEST_CASE("store: what append() refuses") {
    Bench bench;
    const auto store = bench.must_open();
    const Place place = make_place(*store, "g");
    const Place other = make_place(*store, "other");
    const auto code = [&](const AppendBatch& batch) {
        const Status status = store->append_wait(batch);
        REQUIRE(!status.has_value());
        return status.error().code;
    };
    const Event one[] = {{kStartMs, "x"}};
    const Event backwards[] = {{kStartMs, "x"}, {kStartMs - 1, "y"}};
    const std::string large(70'000, 'x');
    const Event too_large[] = {{kStartMs, large}};
    CHECK(code({place.group, place.stream, kStartMs, {}}) == ErrorCode::kInvalidArgument);
    CHECK(code({place.group, place.stream, kStartMs, backwards}) == ErrorCode::kInvalidArgument);
    CHECK(code({place.group, place.stream, kStartMs, too_large}) == ErrorCode::kInvalidArgument);
    CHECK(code({99, place.stream, kStartMs, one}) == ErrorCode::kNotFound);
    CHECK(code({place.group, 99, kStartMs, one}) == ErrorCode::kNotFound);
    REQUIRE(store->catalog().delete_stream(place.group, "stream").has_value());
    CHECK(code({place.group, place.stream, kStartMs, one}) == ErrorCode::kNotFound);
    REQUIRE(store->catalog().delete_group(kTenant, "other").has_value());
    CHECK(code({other.group, other.stream, kStartMs, one}) == ErrorCode::kNotFound);
    CHECK(store->snapshot(other.group) == nullptr);
}

TEST_CASE("store: options that no log can be made with are refused") {
    Bench bench;
    for (const std::uint64_t bytes : {0ULL, 4096ULL, 100'000ULL, 2ULL << 30U}) {
        const auto store = Store::open({.directory = "/data",
                                        .fs = &bench.fs,
                                        .clock = &bench.clock,
                                        .random = &bench.random,
                                        .wal_segment_bytes = bytes});
        REQUIRE(!store.has_value());
        CHECK(store.error().code == ErrorCode::kInvalidArgument);
    }
}

TEST_CASE("store: a second opener is refused in clear words, and gets it after the first") {
    Bench bench;
    auto first = bench.must_open();
    const auto second = bench.open();
    REQUIRE(!second.has_value());
    CHECK(second.error().code == ErrorCode::kUnavailable);
    CHECK(second.error().message == "another skywatch process is using this data directory: /data");
    first.reset();
    CHECK(bench.open().has_value());
}

TEST_CASE("store: a full disk answers kNoSpace, reads go on, deletes work, writes recover") {
    Bench bench;
    bench.memory_bytes = 1U << 20U;
    const auto store = bench.must_open();
    const Place place = make_place(*store, "g");
    const Place doomed = make_place(*store, "doomed");
    SeededRandom random(3);
    std::vector<std::string> expected;
    bench.fs.set_capacity(bench.fs.used_bytes() + 300'000);
    const auto used = bench.fs.used_bytes();
    Status last;
    for (int i = 0; i < 2'000 && last; ++i) {
        std::string noise(20'000, '\0');
        for (char& c : noise) c = static_cast<char>('!' + random.below(90));
        last = put(*store, i % 2 == 0 ? doomed : place, {noise});
        while (!last && last.error().code == ErrorCode::kThrottled) {
            // The log waits for the flusher, which has not met the full disk yet.
            static_cast<void>(store->flush());
            last = put(*store, i % 2 == 0 ? doomed : place, {noise});
        }
        if (last && i % 2 == 1) expected.push_back(noise);
    }
    REQUIRE(!last);
    CHECK(last.error().code == ErrorCode::kNoSpace);
    CHECK(bench.fs.used_bytes() > used);
    CHECK(messages(*store, place.group) == expected);
    CHECK(!store->stats().read_only);
    // A delete needs a little space itself: the ballast gives it.
    bench.fs.set_capacity(bench.fs.used_bytes());
    REQUIRE(bench.fs.stat("/data/ballast").has_value());
    CHECK(store->catalog().delete_group(kTenant, "doomed").has_value());
    CHECK(store->expire().has_value());
    CHECK(bench.fs.stat("/data/ballast").error().code == ErrorCode::kNotFound);

    bench.fs.set_capacity(bench.fs.used_bytes() + (64U << 20U));
    REQUIRE(store->flush().has_value());
    CHECK(put(*store, place, {"after"}).has_value());
    expected.emplace_back("after");
    CHECK(messages(*store, place.group) == expected);
    CHECK(store->snapshot(doomed.group) == nullptr);
}

TEST_CASE("store: memory is bounded by flushing first") {
    Bench bench;
    bench.memory_bytes = 2U << 20U;
    const auto store = bench.must_open();
    const Place place = make_place(*store, "g");
    std::size_t stored = 0;
    std::uint64_t most = 0;
    for (int i = 0; i < 400; ++i) {
        const Status status = put(*store, place, {std::string(30'000, 'x')});
        if (status) {
            ++stored;
        } else {
            REQUIRE(status.error().code == ErrorCode::kThrottled);
            REQUIRE(store->flush().has_value());
        }
        most = std::max(most, store->stats().open_bytes);
    }
    CHECK(stored > 300);
    CHECK(most <= bench.memory_bytes);
    CHECK(store->stats().live_segments > 1);
    CHECK(messages(*store, place.group).size() == stored);
}

TEST_CASE("store: recovery keeps within the memory budget") {
    Bench bench;
    bench.memory_bytes = 256U << 20U;
    Place place{};
    constexpr int kBatches = 60;
    {
        const auto store = bench.must_open();
        place = make_place(*store, "g");
        for (int i = 0; i < kBatches; ++i)
            REQUIRE(put(*store, place, {std::string(30'000, 'x')}).has_value());
        REQUIRE(store->stats().live_segments == 0);
    }
    bench.memory_bytes = 1U << 20U;
    const auto store = bench.must_open();
    CHECK(store->stats().open_bytes <= bench.memory_bytes);
    CHECK(store->stats().live_segments > 0);
    CHECK(messages(*store, place.group).size() == kBatches);
}

TEST_CASE("store: after two failed syncs it is read-only and says so; a restart mends it") {
    log::configure(log::Level::kSilent, log::Format::kLogfmt);
    Bench bench;
    Place place{};
    {
        const auto store = bench.must_open();
        place = make_place(*store, "g");
        REQUIRE(put(*store, place, {"one"}).has_value());
        bench.fs.set_fault_rate(os::SimCalls::kSyncs, 1'000'000, ErrorCode::kInternal);
        CHECK(put(*store, place, {"two"}).error().code == ErrorCode::kInternal);
        CHECK(!put(*store, place, {"three"}).has_value());
        bench.fs.set_fault_rate(os::SimCalls::kSyncs, 0, ErrorCode::kInternal);
        CHECK(store->stats().read_only);
        CHECK(put(*store, place, {"four"}).error().code == ErrorCode::kUnavailable);
        CHECK(messages(*store, place.group) == std::vector<std::string>{"one"});
    }
    const auto store = bench.must_open();
    CHECK(!store->stats().read_only);
    CHECK(put(*store, place, {"five"}).has_value());
    const auto all = messages(*store, place.group);
    CHECK(all.front() == "one");
    CHECK(all.back() == "five");
    log::configure(log::Level::kInfo, log::Format::kLogfmt);
}

TEST_CASE("store: a record of an id that the catalog does not know is kept aside") {
    log::configure(log::Level::kSilent, log::Format::kLogfmt);
    Bench bench;
    Place place{};
    {
        const auto store = bench.must_open();
        place = make_place(*store, "g");
        REQUIRE(put(*store, place, {"one"}).has_value());
    }
    const std::string text = "of nobody";
    const Event events[] = {{kStartMs, text}};
    const PreparedBatch batch =
        prepare({.group = 4711, .stream = 4712, .ingestion_ms = kStartMs, .events = events});
    const EncodedBatch encoded = encode_batch(batch);
    std::vector<std::span<const std::byte>> parts;
    payload_parts(encoded, batch, parts);
    {
        const auto wal =
            Wal::open({&bench.fs, "/data/wal", &bench.random, 64U << 10U, 1U << 20U, 0, 0, 0},
                      [](const WalRecord&) -> Status { return {}; });
        REQUIRE(wal.has_value());
        WalEntry entry;
        entry.version = kBatchRecordVersion;
        entry.first_sequence = 100;
        entry.payload_bytes = encoded.payload_bytes;
        entry.payload_crc = encoded.payload_crc;
        entry.parts = parts;
        REQUIRE((*wal)->commit(std::span(&entry, 1), 101).has_value());
    }
    const auto store = bench.must_open();
    CHECK(messages(*store, place.group) == std::vector<std::string>{"one"});
    const auto kept = bench.fs.list("/data/quarantine");
    REQUIRE(kept.has_value());
    REQUIRE(kept->size() == 1);
    const auto payload = os::read_file(bench.fs, "/data/quarantine/" + kept->front(), 1 << 20);
    REQUIRE(payload.has_value());
    const auto decoded = decode_batch(*payload);
    REQUIRE(decoded.has_value());
    CHECK(decoded->group == 4711);
    CHECK(decoded->events[0].message == text);
    log::configure(log::Level::kInfo, log::Format::kLogfmt);
}

TEST_CASE("store: damage to the log is counted, the rest is served") {
    log::configure(log::Level::kSilent, log::Format::kLogfmt);
    Bench bench;
    Place place{};
    {
        const auto store = bench.must_open();
        place = make_place(*store, "g");
        for (const char* text : {"one", "two", "three"})
            REQUIRE(put(*store, place, {text}).has_value());
    }
    REQUIRE(bench.fs.flip_bit("/data/wal/00000001.wal", 2 * 4096 + 100, 1).has_value());
    const auto store = bench.must_open();
    CHECK(messages(*store, place.group) == std::vector<std::string>{"one", "three"});
    CHECK(store->stats().corrupt_wal_records == 1);
    log::configure(log::Level::kInfo, log::Format::kLogfmt);
}

TEST_CASE("store: writers, readers, deletes and flushes at the same time") {
    Bench bench;
    bench.memory_bytes = 4U << 20U;
    const auto store = bench.must_open();
    constexpr int kWriters = 3, kBatches = 150;
    std::vector<Place> places;
    for (int i = 0; i < kWriters; ++i) places.push_back(make_place(*store, std::to_string(i)));
    std::vector<std::size_t> stored(kWriters, 0);
    std::atomic<bool> done = false;
    std::vector<std::thread> threads;
    for (int w = 0; w < kWriters; ++w) {
        threads.emplace_back([&, w] {
            const auto at = static_cast<std::size_t>(w);
            for (int i = 0; i < kBatches; ++i) {
                std::vector<std::string> texts;
                for (int k = 0; k < 20; ++k)
                    texts.push_back(std::to_string(i) + "/" + std::to_string(k));
                if (put(*store, places[at], texts, kStartMs + i)) stored[at] += texts.size();
            }
        });
    }
    threads.emplace_back([&] {
        while (!done) {
            static_cast<void>(store->flush());
            static_cast<void>(store->expire());
            std::this_thread::yield();
        }
    });
    threads.emplace_back([&] {
        std::size_t before = 0;
        while (!done) {
            const std::size_t now = messages(*store, places[0].group).size();
            if (now < before || now % 20 != 0) done = true;  // Seen below as missing rows.
            before = now;
        }
    });
    for (std::size_t t = 0; t < kWriters; ++t) threads[t].join();
    CHECK(!done);
    done = true;
    threads[kWriters].join();
    threads[kWriters + 1].join();
    for (std::size_t w = 0; w < kWriters; ++w) {
        CHECK(stored[w] == kBatches * 20);
        CHECK(messages(*store, places[w].group).size() == stored[w]);
    }
}

TEST_CASE("batch record: what decode refuses") {
    const Event events[] = {{-5, "a"}, {-5, ""}, {kStartMs, "long enough for two"}};
    const PreparedBatch batch =
        prepare({.group = 1, .stream = 2, .ingestion_ms = 3, .events = events});
    const EncodedBatch encoded = encode_batch(batch);
    std::vector<std::span<const std::byte>> parts;
    payload_parts(encoded, batch, parts);
    std::string good;
    for (const auto part : parts)
        good.append(reinterpret_cast<const char*>(part.data()), part.size());
    const auto decoded = decode_batch(good);
    REQUIRE(decoded.has_value());
    REQUIRE(decoded->events.size() == 3);
    for (std::size_t i = 0; i < 3; ++i) {
        CHECK(decoded->events[i].timestamp_ms == events[i].timestamp_ms);
        CHECK(decoded->events[i].message == events[i].message);
    }
    CHECK(good.size() == encoded.payload_bytes);
    CHECK(crypto::crc32c(std::string_view(good)) == encoded.payload_crc);
    for (std::size_t cut = 0; cut < good.size(); ++cut) {
        const auto part = decode_batch(std::string_view(good).substr(0, cut));
        REQUIRE(!part.has_value());
        CHECK(part.error().code == ErrorCode::kCorruption);
    }
    CHECK(!decode_batch(good + "x").has_value());
    std::string later = good;
    later[40] = 1;  // The first difference, to the first time itself.
    CHECK(!decode_batch(later).has_value());
    std::string many = good;
    many[32] = 100;  // Rows.
    CHECK(!decode_batch(many).has_value());
}

}  // namespace
