// SPDX-License-Identifier: Apache-2.0
#include "store/live_data.h"

#include <doctest/doctest.h>

#include <set>
#include <thread>

#include "base/random.h"
#include "base/time.h"
#include "os/sim_fs.h"
#include "store/deletion_clock.h"
#include "store/segment_limits.h"
#include "store/testing/live_harness.h"

namespace sky::store {

using namespace testing;

TEST_CASE("live data: reads equal a plain model under any order of seal, expire and restart") {
    std::size_t counts = 0;
    std::uint64_t files = 0, merges = 0;
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        CAPTURE(seed);
        Harness h(seed);
        h.merge_fan = 2 + seed % 3;
        REQUIRE(h.start());
        for (int step = 0; step < 120; ++step) {
            random_step(h);
            if (h.random.below(15) == 0) h.check_reads();
            if (h.random.below(40) == 0) {
                h.stop();
                REQUIRE(h.start());
            }
        }
        h.check_reads();
        files += h.live->stats().live_segments;
        REQUIRE(h.live->seal(kEverything));
        h.check_reads();
        REQUIRE(h.merge());
        h.check_reads();
        merges += h.merges;
        counts += h.known_counts;
        CHECK(h.live->oldest_open_lsn() == kEverything);
        CHECK(h.live->stats().open_rows == 0);
        CHECK(h.live->stats().open_bytes == 0);
        CHECK_FALSE(h.live->seal_due());
    }
    CHECK(files > 100);
    CHECK(merges > 60);
    CHECK(counts > 0);
}

TEST_CASE("live data: power loss and I/O errors lose no published row and double none") {
    std::uint64_t starts = 0, refused = 0;
    for (std::uint64_t seed = 1; seed <= 120; ++seed) {
        CAPTURE(seed);
        Harness h(seed);
        h.merge_fan = 2;
        for (int start = 0; start < 4; ++start) {
            CAPTURE(start);
            if (!h.start()) {
                ++refused;
                CHECK_FALSE(h.fs->powered());
            } else {
                ++starts;
                h.check_reads();
                if (h.random.below(3) == 0)
                    h.fs->set_fault_rate(os::SimCalls::kChanges, 30'000, ErrorCode::kInternal);
                else if (h.random.below(3) == 0)
                    h.fs->set_fault_rate(os::SimCalls::kWrites, 60'000, ErrorCode::kNoSpace);
                h.fs->cut_power_after(1 + h.random.below(400));
                for (int step = 0; step < 60 && h.fs->powered(); ++step) random_step(h);
                // What the disk kept of a delete that failed is read at the next start: the model
                // asks the catalog which streams and groups there are.
            }
            h.stop();
            h.fs = h.fs->after_power_loss(h.random.next_u64());
        }
        REQUIRE(h.start());
        h.check_reads();
        REQUIRE(h.live->seal(kEverything));
        h.release_wal();
        h.stop();
        REQUIRE(h.start());
        h.check_reads();
    }
    CHECK(starts > 200);
}

TEST_CASE("live data: a snapshot keeps its files, rows and streams through deletion") {
    Harness h(1);
    REQUIRE(h.start());
    const GroupId group = h.make_group("g");
    const StreamId a = h.make_stream(group, "a"), b = h.make_stream(group, "b");
    REQUIRE(h.append(group, a, {{kNow, "one"}}));
    REQUIRE(h.live->seal(kEverything));
    REQUIRE(h.append(group, b, {{kNow, "two"}, {kNow + 1, "three"}}));
    const TimeRange range{kNow, kNow + 10};
    const auto before = h.live->snapshot(group, kNow);
    CHECK(h.read(*before, range, {}).size() == 3);
    CHECK(h.live->stored_bytes(group, kNow) == 3 + 3 + 5 + 3 * 26);

    REQUIRE(h.catalog->delete_stream(group, "a"));
    CHECK(h.read(*before, range, {}).size() == 3);
    CHECK(before->stream_name(a) == "a");
    const auto between = h.live->snapshot(group, kNow);
    CHECK(h.read(*between, range, {}).size() == 2);
    CHECK(h.live->stored_bytes(group, kNow) == 3 + 5 + 2 * 26);
    CHECK(h.append(group, a, {{kNow, "late"}}).error().code == ErrorCode::kNotFound);

    REQUIRE(h.catalog->delete_group(kTenant, "g"));
    CHECK(h.live->snapshot(group, kNow) == nullptr);
    CHECK(h.append(group, b, {{kNow, "late"}}).error().code == ErrorCode::kNotFound);
    REQUIRE(h.live->expire(h.release_wal()));
    CHECK(h.live->stats().live_segments == 0);
    CHECK(h.live->stats().open_rows == 0);
    CHECK(h.fs->list("data/segments")->size() == 1);  // The snapshots still read it.
    CHECK(h.read(*before, range, {}).size() == 3);
}

TEST_CASE("live data: files of deleted groups go with the last snapshot, tombstones with the WAL") {
    Harness h(1);
    REQUIRE(h.start());
    const GroupId group = h.make_group("g"), other = h.make_group("h");
    const StreamId a = h.make_stream(group, "a"), b = h.make_stream(group, "b");
    const StreamId c = h.make_stream(other, "c");
    REQUIRE(h.append(group, a, {{kNow, "one"}}));
    REQUIRE(h.live->seal(kEverything));
    REQUIRE(h.append(group, b, {{kNow + kMillisPerDay, "two"}}));
    REQUIRE(h.live->seal(kEverything));
    REQUIRE(h.append(other, c, {{kNow, "three"}}));
    REQUIRE(h.live->seal(kEverything));
    CHECK(h.fs->list("data/segments")->size() == 3);

    // A deleted stream's own file goes at once; its tombstone only when the WAL is past it.
    REQUIRE(h.catalog->delete_stream(group, "a"));
    REQUIRE(h.live->expire({1, h.next_lsn}));
    REQUIRE(h.live->expire({1, h.next_lsn}));
    CHECK(h.fs->list("data/segments")->size() == 2);
    CHECK(h.catalog->tombstones().size() == 1);
    REQUIRE(h.live->expire({h.next_lsn, h.next_lsn}));
    CHECK(h.catalog->tombstones().empty());

    REQUIRE(h.catalog->delete_group(kTenant, "g"));
    auto snapshot = h.live->snapshot(other, kNow);
    REQUIRE(h.live->expire(h.release_wal()));
    CHECK(h.fs->list("data/segments")->size() == 1);
    REQUIRE(h.live->expire(h.release_wal()));
    CHECK(h.catalog->tombstones().empty());
    h.stop();
    REQUIRE(h.start());
    CHECK(h.live->stats().live_segments == 1);
    CHECK(h.live->stats().orphans == 0);
}

TEST_CASE("live data: retention hides rows at once and files follow the trusted clock") {
    Harness h(1);
    REQUIRE(h.start());
    const GroupId group = h.make_group("g", 1);
    const StreamId a = h.make_stream(group, "a");
    REQUIRE(h.append(group, a, {{kNow, "old"}, {kNow + kHour, "young"}}));
    REQUIRE(h.live->seal(kEverything));
    REQUIRE(h.live->expire(h.release_wal()));
    const TimeRange range{0, kNow + 100 * kMillisPerDay};
    h.clock.advance_ms(kMillisPerDay);
    CHECK(h.read(*h.live->snapshot(group, h.clock.now_ms()), range, {}).size() == 2);
    h.clock.advance_ms(1);
    CHECK(h.read(*h.live->snapshot(group, h.clock.now_ms()), range, {}).size() == 1);
    CHECK(h.live->stored_bytes(group, h.clock.now_ms()) > 0);

    // The wall clock jumps ahead: rows are hidden, files stay until the clock is trusted again.
    h.clock.jump_wall_ms(30 * kMillisPerDay);
    CHECK(h.read(*h.live->snapshot(group, h.clock.now_ms()), range, {}).empty());
    REQUIRE(h.live->expire(h.release_wal()));
    CHECK(h.live->stats().deletion_suspended);
    CHECK(h.live->stats().live_segments == 1);
    h.stop();
    REQUIRE(h.start());  // A restart does not launder the jump.
    REQUIRE(h.live->expire(h.release_wal()));
    CHECK(h.live->stats().deletion_suspended);
    CHECK(h.live->stats().live_segments == 1);
    REQUIRE(h.live->confirm_clock());
    REQUIRE(h.live->expire(h.release_wal()));
    CHECK_FALSE(h.live->stats().deletion_suspended);
    CHECK(h.live->stats().live_segments == 0);
    CHECK(h.fs->list("data/segments")->empty());
}

TEST_CASE("deletion clock: what a wall clock may delete") {
    struct Step {
        const char* name;
        std::int64_t jump_ms, advance_ms;
        std::optional<std::int64_t> now_ms;  // From kNow.
    };
    const Step steps[] = {
        {"start", 0, 0, 0},
        {"both clocks move", 0, 5 * kHour, 5 * kHour},
        {"a small step", kHour, 0, 6 * kHour},
        {"a large step", 2 * kHour, 0, std::nullopt},
        {"not yet agreed", 0, 23 * kHour, std::nullopt},
        {"another step starts again", -3 * kHour, 0, std::nullopt},
        {"not yet agreed again", 0, 23 * kHour, std::nullopt},
        {"a day of agreement", 0, kHour, 52 * kHour},
        {"back by a large step", -20 * kHour, 0, std::nullopt},
    };
    ManualClock clock(kNow);
    DeletionClock deletion(clock, std::nullopt);
    for (const Step& step : steps) {
        CAPTURE(step.name);
        clock.jump_wall_ms(step.jump_ms);
        clock.advance_ms(step.advance_ms);
        const auto now = deletion.now_ms();
        REQUIRE(now.has_value() == step.now_ms.has_value());
        CHECK(deletion.suspended() == !now.has_value());
        if (now) CHECK(*now == kNow + *step.now_ms);
    }
    CHECK(deletion.high_water_ms() == kNow + 52 * kHour);

    struct Start {
        const char* name;
        std::int64_t mark_ms;  // From now.
        bool suspended;
    };
    static constexpr Start kStarts[] = {
        {"down for a day", -24 * kHour, false},
        {"down for longer", -26 * kHour, true},
        {"a little before the mark", kHour, false},
        {"long before the mark", 2 * kHour, true},
    };
    for (const Start& start : kStarts) {
        CAPTURE(start.name);
        DeletionClock again(clock, clock.now_ms() + start.mark_ms);
        CHECK(again.now_ms().has_value() == !start.suspended);
        again.confirm();
        CHECK(again.now_ms() == clock.now_ms());
    }
    // Many small steps gain no more than the slack in one life.
    DeletionClock crept(clock, clock.now_ms());
    const std::int64_t from = clock.now_ms();
    for (int i = 0; i < 100; ++i) {
        clock.jump_wall_ms(kHour);
        (void)crept.now_ms();
    }
    CHECK(crept.now_ms() == from + limits::kClockSlackMs);
}

TEST_CASE("live data: unlisted files wait in orphans for a week") {
    Harness h(1);
    REQUIRE(h.start());
    const GroupId group = h.make_group("g");
    REQUIRE(h.append(group, h.make_stream(group, "a"), {{kNow, "one"}}));
    REQUIRE(h.live->seal(kEverything));
    h.stop();
    for (const char* name : {"data/segments/999.seg", "data/segments/1000.seg.tmp"})
        REQUIRE((*h.fs->open(name, os::OpenMode::kCreate))->pwrite(0, "x"));
    REQUIRE((*h.fs->open("data/orphans/kept by hand", os::OpenMode::kCreate))->pwrite(0, "x"));
    REQUIRE(h.start());
    CHECK(h.live->stats().orphans == 3);
    CHECK(h.live->stats().live_segments == 1);
    CHECK(h.fs->list("data/segments")->size() == 1);
    h.check_reads();
    for (int day = 0; day < 7; ++day) {
        h.clock.advance_ms(kMillisPerDay);
        REQUIRE(h.live->expire(h.release_wal()));
        CHECK(h.live->stats().orphans == 3);
    }
    h.clock.advance_ms(1);
    REQUIRE(h.live->expire(h.release_wal()));
    CHECK(*h.fs->list("data/orphans") == std::vector<std::string>{"kept by hand"});
    CHECK(h.live->stats().orphans == 1);
}

TEST_CASE("live data: damaged and missing files are named, the others stay readable") {
    Harness h(1);
    REQUIRE(h.start());
    const GroupId group = h.make_group("g");
    const StreamId a = h.make_stream(group, "a");
    for (int day = 0; day < 3; ++day) {
        REQUIRE(h.append(group, a, {{kNow + day * kMillisPerDay, "one"}}));
        REQUIRE(h.live->seal(kEverything));
    }
    h.stop();
    const auto names = *h.fs->list("data/segments");
    REQUIRE(names.size() == 3);
    REQUIRE(h.fs->flip_bit("data/segments/" + names[0], 20, 3));
    REQUIRE(h.fs->unlink("data/segments/" + names[1]));
    REQUIRE(h.start());
    const auto snapshot = h.live->snapshot(group, kNow);
    const TimeRange range{kNow, kNow + 5 * kMillisPerDay};
    std::set<std::string> errors;
    int good = 0;
    std::uint64_t rows_read = 0;
    for (const Morsel& morsel : snapshot->morsels(range)) {
        const auto rows = snapshot->read(morsel, range, Columns::kAll);
        if (rows) {
            ++good;
            rows_read += rows->rows();
            // What its header says is no longer what a read gives.
            CHECK(snapshot->known_rows(morsel, range).value_or(rows->rows()) == rows->rows());
            continue;
        }
        CHECK(rows.error().code == ErrorCode::kCorruption);
        errors.insert(rows.error().message.substr(rows.error().message.rfind('/') + 1));
    }
    // The first has one damaged block, which is its only one; the second is missing.
    CHECK(good == 2);
    CHECK(rows_read == 1);
    CHECK(errors == std::set<std::string>{names[1]});
    for (int again = 0; again < 2; ++again)
        for (const Morsel& morsel : snapshot->morsels(range))
            (void)snapshot->read(morsel, range, Columns::kMessage);
    CHECK(h.live->stats().damaged_blocks == 1);
    CHECK(h.live->stats().damaged_rows == 1);
}

TEST_CASE("live data: a chunk closes at its limits and a batch is seen whole or not at all") {
    Harness h(1);
    REQUIRE(h.start());
    const GroupId group = h.make_group("g");
    const StreamId a = h.make_stream(group, "a");
    std::vector<std::pair<std::int64_t, std::string>> events;
    for (int i = 0; i < 10'000; ++i) events.emplace_back(kNow - 5'000 + i, "x");  // Over midnight.
    std::atomic<bool> done{false};
    std::thread reader([&] {
        while (!done) {
            const auto snapshot = h.live->snapshot(group, kNow);
            std::uint64_t rows = 0;
            for (const Morsel& morsel : snapshot->morsels({0, kNow * 2})) rows += morsel.rows;
            if (rows % 10'000 != 0) {
                FAIL_CHECK(rows);
                break;
            }
        }
    });
    for (int i = 0; i < 30; ++i) {
        REQUIRE(h.append(group, a, events));
        if (h.live->seal_due()) CHECK(h.live->seal(0));
    }
    done = true;
    reader.join();
    CHECK(h.live->stats().live_segments == 2);
    CHECK(h.live->oldest_open_lsn() == 27);
    h.check_reads();
}

}  // namespace sky::store
