// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/insights/exec/test_snapshot.h - events in memory as a snapshot, cut into
              // morsels at will; for tests.

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "base/random.h"
#include "store/store.h"

namespace sky::insights::testing {

struct TestEvent {
    std::int64_t timestamp_ms = 0;
    std::uint64_t sequence = 0;
    std::string stream, message;
};

/// How events fall into morsels.
enum class Cut : std::uint8_t {
    kOneMorsel,
    kRowByRow,
    kScattered,  // Every row into a random one of seven: their times overlap.
};

class TestSnapshot final : public store::Snapshot {
public:
    TestSnapshot(store::GroupInfo group, std::vector<TestEvent> events, Cut cut,
                 std::uint64_t seed = 1)
        : group_(std::move(group)) {
        std::stable_sort(events.begin(), events.end(), [](const TestEvent& a, const TestEvent& b) {
            return a.timestamp_ms != b.timestamp_ms ? a.timestamp_ms < b.timestamp_ms
                                                    : a.sequence < b.sequence;
        });
        SeededRandom random(seed);
        parts_.resize(cut == Cut::kOneMorsel ? 1 : (cut == Cut::kScattered ? 7 : events.size()));
        for (std::size_t i = 0; i < events.size(); ++i) {
            const std::size_t part = cut == Cut::kOneMorsel   ? 0
                                     : cut == Cut::kScattered ? random.below(7)
                                                              : i;
            parts_[part].push_back(std::move(events[i]));
        }
        std::erase_if(parts_, [](const auto& part) { return part.empty(); });
    }

    const store::GroupInfo& group() const override { return group_; }

    std::vector<store::Morsel> morsels(store::TimeRange range) const override {
        std::vector<store::Morsel> list;
        for (std::uint32_t i = 0; i < parts_.size(); ++i) {
            const auto& part = parts_[i];
            store::Morsel morsel{i, part.front().timestamp_ms, part.back().timestamp_ms,
                                 part.size(), 0};
            for (const TestEvent& event : part) morsel.message_bytes += event.message.size();
            if (morsel.max_ms >= range.begin_ms && morsel.min_ms <= range.end_ms) {
                list.push_back(morsel);
            }
        }
        std::stable_sort(list.begin(), list.end(),
                         [](const auto& a, const auto& b) { return a.max_ms > b.max_ms; });
        return list;
    }

    Result<store::EventBatch> read(const store::Morsel& morsel, store::TimeRange range,
                                   store::Columns columns,
                                   std::span<const store::StreamId>) const override {
        store::EventBatch batch;
        for (const TestEvent& event : parts_[morsel.index]) {
            if (event.timestamp_ms < range.begin_ms || event.timestamp_ms > range.end_ms) continue;
            batch.timestamp_ms.push_back(event.timestamp_ms);
            batch.sequence.push_back(event.sequence);
            if (has(columns, store::Columns::kIngestion)) {
                batch.ingestion_ms.push_back(event.timestamp_ms + 1'000);
            }
            if (has(columns, store::Columns::kStream)) {
                batch.stream.push_back(stream_id(event.stream));
            }
            if (has(columns, store::Columns::kMessage)) batch.message.push_back(event.message);
        }
        return batch;
    }

    std::string stream_name(store::StreamId id) const override {
        for (const auto& part : parts_) {
            for (const TestEvent& event : part) {
                if (stream_id(event.stream) == id) return event.stream;
            }
        }
        return {};
    }

private:
    static store::StreamId stream_id(const std::string& name) {
        return std::hash<std::string>()(name) | 1U;
    }
    store::GroupInfo group_;
    std::vector<std::vector<TestEvent>> parts_;
};

}  // namespace sky::insights::testing
