// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <map>

#include "base/log.h"
#include "store/merge_plan.h"
#include "store/testing/live_harness.h"

namespace sky::store {

using namespace testing;

namespace {

const TimeRange kAlways{0, kNow * 2};

std::vector<std::pair<std::int64_t, std::string>> lines(SeededRandom& random, std::size_t count,
                                                        std::int64_t from_ms) {
    static constexpr const char* kViews[] = {"user-list", "user-detail", "order-list", "login"};
    std::vector<std::pair<std::int64_t, std::string>> out;
    for (std::size_t i = 0; i < count; ++i) {
        from_ms += static_cast<std::int64_t>(random.below(10));
        const std::string cents = std::to_string(100 + random.below(100));
        out.emplace_back(from_ms, "[profiler] GET " + std::string(kViews[random.below(4)]) + " " +
                                      std::to_string(random.below(random.below(900) + 1)) + "." +
                                      cents.substr(1) + " 200");
    }
    return out;
}

struct Groups {
    std::vector<GroupId> groups;
    std::vector<StreamId> streams;
    Groups(Harness& h, std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) {
            groups.push_back(h.make_group("group-" + std::to_string(i)));
            streams.push_back(h.make_stream(groups.back(), "a stream"));
        }
    }
};

std::vector<Row> all_rows(Harness& h, GroupId group) {
    return h.read(*h.live->snapshot(group, h.clock.now_ms()), kAlways, {});
}

double amplification(const LiveDataStats& stats) {
    return static_cast<double>(stats.segment_bytes_written) /
           static_cast<double>(stats.live_segment_bytes);
}

}  // namespace

TEST_CASE("merge: what is written, against what is there in the end") {
    struct Case {
        const char* name;
        std::size_t groups, checkpoints, rows, batches;  // Rows a batch, batches a checkpoint.
        double amplification_max;
        std::size_t files_max;
    };
    // Source of the bounds: store.md 2.2. Batches of the last vary from 1 to `batches`.
    static constexpr Case kCases[] = {
        {"lines now and then", 12, 80, 60, 1, 3.0, 5 + 15},
        {"small groups", 6, 32, 500, 1, 3.0, 2 + 15},
        {"large groups", 2, 12, 10'000, 8, 2.0, 24},
    };
    for (const Case& c : kCases) {
        CAPTURE(c.name);
        Harness h(1);
        REQUIRE(h.start());
        const Groups made(h, c.groups);
        std::size_t files = 0;
        for (std::size_t checkpoint = 0; checkpoint < c.checkpoints; ++checkpoint) {
            const std::size_t batches = 1 + checkpoint * 3 % c.batches;
            for (std::size_t g = 0; g < made.groups.size(); ++g)
                for (std::size_t b = 0; b < batches; ++b)
                    REQUIRE(h.append(made.groups[g], made.streams[g],
                                     lines(h.random, c.rows,
                                           kNow + static_cast<std::int64_t>(checkpoint) * 60'000)));
            REQUIRE(h.live->seal(kEverything));
            h.release_wal();
            REQUIRE(h.merge());
            CHECK(h.live->stats().merge_debt_segments == 0);
            files = std::max(files, h.fs->list("data/segments")->size());
        }
        const LiveDataStats stats = h.live->stats();
        MESSAGE(std::string(c.name), ": written ", amplification(stats), " times, ", stats.merges,
                " merges, ", stats.live_segments, " segments, at most ", files, " files");
        CHECK(amplification(stats) <= c.amplification_max);
        CHECK(stats.merged_bytes_written > 0);
        CHECK(stats.merged_bytes_written < stats.segment_bytes_written);
        CHECK(files <= c.files_max);
        for (const GroupId group : made.groups)
            for (const Morsel& morsel : h.live->snapshot(group, kNow)->morsels(kAlways))
                CHECK(morsel.rows <= limits::kChunkRowsMax);
        h.check_reads();
        h.stop();
        REQUIRE(h.start());
        CHECK(h.live->stats().orphans == 0);
        h.check_reads();
    }
}

TEST_CASE("merge: answers are the same before, during and after, whatever happens meanwhile") {
    log::configure(log::Level::kSilent, log::Format::kLogfmt);
    std::uint64_t merges = 0, interrupted = 0;
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        CAPTURE(seed);
        Harness h(seed);
        h.merge_fan = 3;
        REQUIRE(h.start());
        const Groups made(h, 4);
        const auto append_some = [&] {
            for (std::size_t g = 0; g < made.groups.size(); ++g)
                if (h.random.below(3) != 0)
                    (void)h.append(made.groups[g], made.streams[g],
                                   lines(h.random, 1 + h.random.below(30), kNow));
        };
        for (int checkpoint = 0; checkpoint < 3; ++checkpoint) {
            append_some();
            REQUIRE(h.live->seal(kEverything));
        }
        const auto before = h.live->snapshot(made.groups[0], kNow);
        const std::vector<Row> rows = h.read(*before, kAlways, {});
        // The merge reads and writes some twenty times; between any two of these calls, before it
        // takes the lock of the last step, something else happens.
        std::uint64_t calls = 0;
        const std::uint64_t when = 1 + h.random.below(12), what = h.random.below(5);
        bool inside = false;
        h.fs->set_between_calls([&] {
            if (inside || ++calls != when) return;
            inside = true;
            ++interrupted;
            CHECK(h.read(*before, kAlways, {}) == rows);
            switch (what) {
                case 0:
                    append_some();
                    (void)h.live->seal(kEverything);
                    break;
                case 1:
                    (void)h.catalog->delete_group(kTenant, "group-1");
                    (void)h.live->expire(h.release_wal());
                    break;
                case 2:
                    (void)h.catalog->delete_stream(made.groups[2], "a stream");
                    (void)h.live->expire(h.release_wal());
                    break;
                case 3: {
                    const auto changed = h.catalog->find_group(made.groups[3]);
                    GroupInfo wanted = *changed;
                    wanted.retention_days = 1;
                    (void)h.catalog->update_group(wanted);
                    h.clock.advance_ms(kHour);
                    break;
                }
                default:
                    (void)h.catalog->delete_stream(made.groups[0], "a stream");
            }
            inside = false;
        });
        REQUIRE(h.merge());
        h.fs->set_between_calls(nullptr);
        h.check_reads();
        CHECK(h.read(*before, kAlways, {}) == rows);
        merges += h.merges;
        REQUIRE(h.live->seal(kEverything));
        (void)h.release_wal();
        h.stop();
        REQUIRE(h.start());
        h.check_reads();
    }
    CHECK(merges >= 40);
    CHECK(interrupted >= 40);
    log::configure(log::Level::kInfo, log::Format::kLogfmt);
}

TEST_CASE("merge: a pack with holes is written anew, a dead one is unlinked") {
    Harness h(1);
    REQUIRE(h.start());
    const Groups made(h, 10);
    for (std::size_t g = 0; g < 10; ++g)
        REQUIRE(h.append(made.groups[g], made.streams[g], lines(h.random, 20, kNow)));
    REQUIRE(h.live->seal(kEverything));
    const auto names = *h.fs->list("data/segments");
    REQUIRE(names.size() == 1);
    const auto delete_group = [&](std::size_t g) {
        REQUIRE(h.catalog->delete_group(kTenant, "group-" + std::to_string(g)));
        REQUIRE(h.live->expire(h.release_wal()));
        REQUIRE(h.merge());
    };
    delete_group(0);
    delete_group(1);
    CHECK(*h.fs->list("data/segments") == names);
    CHECK(h.live->stats().pack_dead_bytes > 0);
    const auto reading = h.live->snapshot(made.groups[9], kNow);
    delete_group(2);
    delete_group(3);
    CHECK(h.live->stats().live_segments == 6);
    auto now = *h.fs->list("data/segments");
    CHECK(now.size() == 2);  // A snapshot still reads the old one.
    CHECK(all_rows(h, made.groups[9]) == h.read(*reading, kAlways, {}));
    CHECK(h.live->stats().packs == 1);
    h.check_reads();
    for (std::size_t g = 4; g < 10; ++g) delete_group(g);
    CHECK(h.live->stats().live_segments == 0);
}

TEST_CASE("merge: rows of deleted streams are not written again") {
    Harness h(1);
    h.merge_fan = 2;
    REQUIRE(h.start());
    const Groups made(h, 2);
    const StreamId other = h.make_stream(made.groups[0], "other");
    for (int checkpoint = 0; checkpoint < 2; ++checkpoint) {
        REQUIRE(h.append(made.groups[0], made.streams[0], lines(h.random, 20, kNow)));
        REQUIRE(h.append(made.groups[0], other, lines(h.random, 30, kNow)));
        REQUIRE(h.append(made.groups[1], made.streams[1], lines(h.random, 20, kNow)));
        REQUIRE(h.live->seal(kEverything));
    }
    REQUIRE(h.catalog->delete_stream(made.groups[0], "other"));
    REQUIRE(h.merge());
    CHECK(h.merges == 1);
    std::uint64_t rows = 0;
    for (const SegmentRow& row : h.catalog->segments()) rows += row.rows;
    CHECK(rows == 80);
    h.check_reads();
    // Nothing names the stream any more: its tombstone ends.
    for (int i = 0; i < 3; ++i) REQUIRE(h.live->expire(h.release_wal()));
    CHECK(h.catalog->tombstones().empty());
}

TEST_CASE("merge: a segment that cannot be read stays, the others are merged") {
    log::configure(log::Level::kSilent, log::Format::kLogfmt);
    Harness h(1);
    h.merge_fan = 2;
    REQUIRE(h.start());
    const Groups made(h, 3);
    for (int checkpoint = 0; checkpoint < 2; ++checkpoint) {
        for (std::size_t g = 0; g < 3; ++g)
            REQUIRE(h.append(made.groups[g], made.streams[g], lines(h.random, 20, kNow)));
        REQUIRE(h.live->seal(kEverything));
    }
    const SegmentRow bad = h.catalog->segments().front();
    // Its footer's first bytes lie in front of the trailer.
    REQUIRE(h.fs->flip_bit("data/segments/" + std::to_string(bad.pack) + ".pack",
                           bad.offset + bad.file_bytes - 40, 1));
    REQUIRE(h.merge());
    CHECK(h.merges == 1);
    CHECK(h.live->stats().live_segments == 4);
    CHECK(h.live->stats().merge_debt_segments == 0);
    for (const GroupId group : made.groups)
        if (group != bad.group) CHECK(all_rows(h, group).size() == 40);
    log::configure(log::Level::kInfo, log::Format::kLogfmt);
}

TEST_CASE("merge: a full or failing disk changes nothing and hinders nothing later") {
    log::configure(log::Level::kSilent, log::Format::kLogfmt);
    bool merged = false;
    for (std::uint64_t call = 1; !merged; ++call) {
        CAPTURE(call);
        Harness h(call);
        h.merge_fan = 2;
        REQUIRE(h.start());
        const Groups made(h, 3);
        for (int checkpoint = 0; checkpoint < 2; ++checkpoint) {
            for (std::size_t g = 0; g < 3; ++g)
                REQUIRE(h.append(made.groups[g], made.streams[g], lines(h.random, 20, kNow)));
            REQUIRE(h.live->seal(kEverything));
        }
        h.fs->fail_after(os::SimCalls::kAll, call,
                         call % 2 == 0 ? ErrorCode::kNoSpace : ErrorCode::kInternal);
        merged = h.merge().has_value();
        h.check_reads();
        if (merged) break;
        REQUIRE(h.merge());  // The next look finds the same work.
        h.check_reads();
        h.stop();
        REQUIRE(h.start());
        h.check_reads();
    }
    log::configure(log::Level::kInfo, log::Format::kLogfmt);
}

TEST_CASE("merge: what is due") {
    struct File {
        std::uint64_t id, pack;
        std::uint32_t level;
        std::int64_t day;
        std::uint64_t rows, file_bytes;  // Of the whole file, for packs.
    };
    struct Case {
        const char* name;
        std::vector<File> files;
        std::int64_t days_later;
        std::size_t inputs;
        std::uint32_t level;
    };
    const auto packs = [](std::size_t count, std::uint32_t level, std::int64_t day) {
        std::vector<File> out;
        for (std::size_t i = 0; i < count; ++i)
            out.push_back({100 + i, 10 + i, level, day, 10, 100});
        return out;
    };
    const auto singles = [](std::size_t count, std::uint64_t rows) {
        std::vector<File> out;
        for (std::size_t i = 0; i < count; ++i) out.push_back({100 + i, 0, 0, 0, rows, 100});
        return out;
    };
    const Case cases[] = {
        {"nothing", {}, 0, 0, 0},
        {"few packs", packs(3, 0, 0), 0, 0, 0},
        {"enough packs", packs(5, 0, 0), 0, 4, 1},
        {"young packs wait, however old their days", packs(3, 0, 0), 90, 0, 0},
        {"few packs of a day", packs(3, 1, 0), 0, 0, 0},
        {"enough packs of a day", packs(4, 1, 0), 0, 4, 2},
        {"few packs of a settled day", packs(3, 1, 0), 3, 0, 0},
        {"packs that are final", packs(9, 2, 0), 3, 0, 0},
        {"few chunks", singles(2, 20'000), 0, 0, 0},
        {"enough chunks", singles(4, 100), 0, 4, 2},
        {"chunks that fill one", singles(3, 30'000), 0, 2, 2},
        {"chunks that are full", singles(9, 40'000), 3, 0, 0},
        {"chunks of a settled day", singles(2, 100), 3, 2, 2},
        {"a pack with few holes", {{100, 10, 2, 0, 10, 140}}, 0, 0, 0},
        {"a pack with holes", {{100, 10, 2, 0, 10, 150}}, 0, 1, 2},
        {"a young pack with holes", {{100, 10, 0, 0, 10, 150}}, 0, 1, 1},
    };
    os::SimFs fs(1);
    const auto cache = std::make_shared<SegmentCache>(fs, 10, 1'000);
    const auto group = std::make_shared<GroupInfo>();
    group->id = 3;
    for (const Case& c : cases) {
        CAPTURE(c.name);
        std::vector<MergeCandidate> candidates;
        for (const File& file : c.files) {
            SegmentRow row;
            row.id = file.id;
            row.group = 3;
            row.day = file.day;
            row.rows = file.rows;
            row.file_bytes = 100;
            row.pack = file.pack;
            row.level = file.level;
            candidates.push_back(
                {std::make_shared<const SegmentFile>(
                     row, std::make_shared<const StoredFile>(fs, "x", file.file_bytes), cache),
                 group});
        }
        const MergeOptions options{.fan = 4,
                                   .now_ms = c.days_later * kMillisPerDay,
                                   .unmergeable = {},
                                   .chunk = {65'536, 16U << 20U}};
        const MergePlan plan = plan_merges(candidates, options);
        REQUIRE((plan.job ? plan.job->inputs.size() : 0) == c.inputs);
        CHECK((plan.debt_segments > 0) == (c.inputs > 0));
        if (plan.job) CHECK(plan.job->level == c.level);
        // Whatever cannot be read is nobody's work.
        std::vector<std::uint64_t> all;
        for (const File& file : c.files) all.push_back(file.id);
        CHECK_FALSE(
            plan_merges(candidates, {.fan = 4, .now_ms = options.now_ms, .unmergeable = all}).job);
    }
}

}  // namespace sky::store
