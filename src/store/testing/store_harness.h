// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/store/testing/store_harness.h - a whole stepped store on the simulated disk.

#include <doctest/doctest.h>

#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/random.h"
#include "os/sim_fs.h"
#include "store/store.h"

namespace sky::store::testing {

inline const Tenant kStoreTenant{"123456789012", "us-east-1"};
inline constexpr std::int64_t kStoreStartMs = 1'767'225'600'000;  // 2026-01-01T00:00:00Z
inline constexpr TimeRange kAllTimes{0, kStoreStartMs * 2};

struct StoreHarness {
    explicit StoreHarness(std::uint64_t seed) : fs(std::make_unique<os::SimFs>(seed)) {}

    Status open(const std::string& directory = "/data") {
        auto opened = Store::open({.directory = directory,
                                   .fs = fs.get(),
                                   .clock = &clock,
                                   .random = &random,
                                   .memory_bytes = 4U << 20U,
                                   .wal_segment_bytes = 64U << 10U,
                                   .ballast_bytes = 32U << 10U,
                                   .merge_fan = 2,
                                   .background = Background::kStepped});
        if (!opened) return std::unexpected(opened.error());
        store = *std::move(opened);
        return {};
    }

    Result<std::pair<GroupId, StreamId>> make(const std::string& group, const std::string& stream) {
        auto found = store->catalog().find_group(kStoreTenant, group);
        if (!found) {
            GroupInfo wanted;
            wanted.tenant = kStoreTenant;
            wanted.name = group;
            wanted.creation_ms = kStoreStartMs;
            found = SKY_TRY(store->catalog().create_group(std::move(wanted)));
        }
        const auto made =
            SKY_TRY(store->catalog().create_stream(found->id, stream, clock.now_ms()));
        return std::pair(found->id, made.id);
    }

    /// `count` lines of this name, from some time on.
    Status append(std::pair<GroupId, StreamId> to, const std::string& name, int count,
                  std::int64_t from_ms = kStoreStartMs) {
        std::vector<std::string> texts;
        std::vector<Event> events;
        for (int i = 0; i < count; ++i)
            texts.push_back("[profiler] GET " + name + " " + std::to_string(i) + ".50 200");
        for (int i = 0; i < count; ++i)
            events.push_back({from_ms + i, texts[static_cast<std::size_t>(i)]});
        Status answer = fail(ErrorCode::kInternal, "no answer");
        bool answered = false;
        store->append({to.first, to.second, clock.now_ms(), events}, [&](Status status) {
            answer = std::move(status);
            answered = true;
        });
        if (!answered) store->step(BackgroundTask::kCommit);
        return answer;
    }

    /// Message and stream of every event of a group; empty when there is none.
    std::multiset<std::string> lines(const std::string& group) const {
        std::multiset<std::string> out;
        const auto info = store->catalog().find_group(kStoreTenant, group);
        if (!info) return out;
        const auto snapshot = store->snapshot(info->id);
        for (const Morsel& morsel : snapshot->morsels(kAllTimes)) {
            const auto rows = snapshot->read(morsel, kAllTimes, Columns::kAll);
            if (!rows) {
                FAIL_CHECK(rows.error().message);
                continue;
            }
            for (std::size_t i = 0; i < rows->rows(); ++i)
                out.insert(snapshot->stream_name(rows->stream[i]) + ": " +
                           std::string(rows->message[i]));
        }
        return out;
    }

    std::unique_ptr<os::SimFs> fs;
    ManualClock clock{kStoreStartMs};
    SeededRandom random{7};
    std::unique_ptr<Store> store;
};

}  // namespace sky::store::testing
