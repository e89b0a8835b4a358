// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/store/testing/live_harness.h - the live data without a log, a plain model
              // beside it, and random work on both.

#include <doctest/doctest.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/random.h"
#include "base/time.h"
#include "os/sim_fs.h"
#include "store/live_data.h"
#include "store/segment_limits.h"

namespace sky::store::testing {

inline const Tenant kTenant{"123456789012", "us-east-1"};
inline constexpr std::int64_t kNow = 1'767'225'600'000;  // 2026-01-01T00:00:00Z
inline constexpr std::uint64_t kEverything = std::numeric_limits<std::uint64_t>::max();
inline constexpr std::int64_t kHour = limits::kMillisPerHour;

struct Row {
    std::int64_t timestamp_ms;
    std::uint64_t sequence;
    std::int64_t ingestion_ms;
    StreamId stream;
    std::string message;
    friend auto operator<=>(const Row&, const Row&) = default;
};

struct Record {
    std::uint64_t lsn, first_sequence;
    GroupId group;
    StreamId stream;
    std::int64_t ingestion_ms;
    std::vector<std::pair<std::int64_t, std::string>> events;
};

/// The store without its WAL: records are durable the moment they are added.
class Harness {
public:
    explicit Harness(std::uint64_t seed) : random(seed), fs(std::make_unique<os::SimFs>(seed)) {}

    bool start() {
        auto opened = SqliteCatalog::open(*fs, "catalog.sqlite");
        if (!opened) return false;
        catalog = *opened;
        auto live_opened = LiveData::open({fs.get(), "data", &clock, catalog, merge_fan});
        if (!live_opened) {
            catalog.reset();
            return false;
        }
        live = std::move(*live_opened);
        for (const Record& record : wal) publish(record);
        return true;
    }
    void stop() {
        live.reset();
        catalog.reset();
    }
    Status publish(const Record& record) {
        std::vector<Event> events;
        for (const auto& [at, text] : record.events) events.push_back({at, text});
        return live->publish({record.group, record.stream, record.ingestion_ms, events},
                             record.first_sequence, record.lsn);
    }
    Status append(GroupId group, StreamId stream,
                  std::vector<std::pair<std::int64_t, std::string>> events) {
        Record record{next_lsn++, next_sequence, group, stream, clock.now_ms(), std::move(events)};
        next_sequence += record.events.size();
        const Status done = publish(record);
        wal.push_back(record);
        if (done) all.push_back(std::move(record));
        return done;
    }
    WalExtent release_wal() {
        const std::uint64_t below = std::min(live->oldest_open_lsn(), next_lsn);
        std::erase_if(wal, [&](const Record& r) { return r.lsn < below; });
        return {wal.empty() ? next_lsn : wal.front().lsn, next_lsn};
    }
    GroupId make_group(const std::string& name, std::optional<std::int32_t> days = {}) {
        GroupInfo wanted;
        wanted.tenant = kTenant;
        wanted.name = name;
        wanted.retention_days = days;
        const auto made = catalog->create_group(wanted);
        return made ? (*made)->id : 0;
    }
    StreamId make_stream(GroupId group, const std::string& name) {
        const auto made = catalog->create_stream(group, name, 0);
        return made ? made->id : 0;
    }

    /// What a read must show.
    std::vector<Row> model(const GroupInfo& group, TimeRange range,
                           const std::vector<StreamId>& wanted) const {
        std::vector<Row> rows;
        for (const Record& record : all) {
            if (record.group != group.id || !catalog->find_stream(record.stream)) continue;
            if (!wanted.empty() && !std::binary_search(wanted.begin(), wanted.end(), record.stream))
                continue;
            std::uint64_t sequence = record.first_sequence;
            for (const auto& [at, text] : record.events) {
                const Row row{at, sequence++, record.ingestion_ms, record.stream, text};
                if (at < range.begin_ms || at > range.end_ms) continue;
                if (group.retention_days &&
                    at < clock.now_ms() - *group.retention_days * kMillisPerDay)
                    continue;
                rows.push_back(row);
            }
        }
        std::sort(rows.begin(), rows.end());
        return rows;
    }
    std::vector<Row> read(const Snapshot& snapshot, TimeRange range,
                          const std::vector<StreamId>& wanted) const {
        std::vector<Row> rows;
        std::int64_t last_max = std::numeric_limits<std::int64_t>::max();
        for (const Morsel& morsel : snapshot.morsels(range)) {
            CHECK(morsel.max_ms <= last_max);
            last_max = morsel.max_ms;
            CHECK(morsel.rows <= limits::kChunkRowsMax);
            const auto batch = snapshot.read(morsel, range, Columns::kAll, wanted);
            if (!batch) {
                FAIL_CHECK(batch.error().message);
                continue;
            }
            CHECK(batch->rows() <= morsel.rows);
            if (const auto count = snapshot.known_rows(morsel, range); count && wanted.empty()) {
                CHECK(*count == batch->rows());
                ++known_counts;
            }
            for (std::size_t i = 0; i < batch->rows(); ++i) {
                CHECK(batch->timestamp_ms[i] <= morsel.max_ms);
                CHECK(batch->timestamp_ms[i] >= morsel.min_ms);
                rows.push_back({batch->timestamp_ms[i], batch->sequence[i], batch->ingestion_ms[i],
                                batch->stream[i], std::string(batch->message[i])});
            }
        }
        std::sort(rows.begin(), rows.end());
        return rows;
    }
    mutable std::size_t known_counts = 0;  // Morsels that were counted without being read.
    void check_reads() {
        for (const auto& group : catalog->list_groups(kTenant, "", "", 100)) {
            CAPTURE(group->name);
            const auto snapshot = live->snapshot(group->id, clock.now_ms());
            REQUIRE(snapshot);
            TimeRange range{kNow - 10 * kMillisPerDay, clock.now_ms() + 10 * kMillisPerDay};
            CHECK(read(*snapshot, range, {}) == model(*group, range, {}));
            range.begin_ms =
                clock.now_ms() - static_cast<std::int64_t>(random.below(4 * 86'400'000));
            range.end_ms = range.begin_ms + static_cast<std::int64_t>(random.below(2 * 86'400'000));
            std::vector<StreamId> wanted;
            for (const StreamInfo& stream : catalog->list_streams(group->id, "", "", 100))
                if (random.below(2) == 0) wanted.push_back(stream.id);
            std::sort(wanted.begin(), wanted.end());
            CHECK(read(*snapshot, range, wanted) == model(*group, range, wanted));
        }
    }

    /// Merges until none is due.
    Status merge() {
        const std::atomic<bool> stop{false};
        for (;;) {
            const auto merged = live->merge(stop);
            if (!merged) return std::unexpected(merged.error());
            if (!*merged) return {};
            ++merges;
        }
    }

    std::size_t merge_fan = limits::kMergeFan;
    std::uint64_t merges = 0;
    SeededRandom random;
    std::unique_ptr<os::SimFs> fs;
    ManualClock clock{kNow};
    std::shared_ptr<SqliteCatalog> catalog;
    std::unique_ptr<LiveData> live;
    std::vector<Record> wal, all;
    std::uint64_t next_lsn = 1, next_sequence = 1;
};

inline std::vector<std::pair<std::int64_t, std::string>> random_events(Harness& h) {
    std::vector<std::pair<std::int64_t, std::string>> events;
    // Mostly now, sometimes late, sometimes over midnight.
    std::int64_t at = h.clock.now_ms();
    if (h.random.below(4) == 0) at -= static_cast<std::int64_t>(h.random.below(3 * 86'400'000));
    const std::uint64_t count = 1 + h.random.below(h.random.below(10) == 0 ? 300 : 6);
    for (std::uint64_t i = 0; i < count; ++i) {
        events.emplace_back(at, "event " + std::to_string(h.random.below(1'000)));
        at += static_cast<std::int64_t>(h.random.below(count < 10 ? 4'000'000 : 3));
    }
    return events;
}

inline void random_step(Harness& h) {
    const auto groups = h.catalog->list_groups(kTenant, "", "", 100);
    const std::uint64_t what = h.random.below(100);
    if (groups.empty() || what < 4) {
        const std::uint64_t days = h.random.below(4);
        h.make_group("g" + std::to_string(h.random.below(5)),
                     days == 0 ? std::nullopt : std::optional<std::int32_t>(days));
        return;
    }
    const auto& group = groups[h.random.below(groups.size())];
    const auto streams = h.catalog->list_streams(group->id, "", "", 100);
    if (streams.empty() || what < 10) {
        h.make_stream(group->id, "s" + std::to_string(h.random.below(6)));
    } else if (what < 12) {
        (void)h.catalog->delete_stream(group->id, streams[h.random.below(streams.size())].name);
    } else if (what < 13) {
        (void)h.catalog->delete_group(kTenant, group->name);
    } else if (what < 20) {
        (void)h.live->seal(h.random.below(2) == 0 ? kEverything
                                                  : h.next_lsn - h.random.below(h.next_lsn));
        h.release_wal();
    } else if (what < 24) {
        (void)h.live->expire(h.release_wal());
    } else if (what < 27) {
        (void)h.merge();
    } else if (what < 34) {
        h.clock.advance_ms(static_cast<std::int64_t>(h.random.below(5 * 3'600'000)));
    } else {
        (void)h.append(group->id, streams[h.random.below(streams.size())].id, random_events(h));
    }
}

}  // namespace sky::store::testing
