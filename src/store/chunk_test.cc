// SPDX-License-Identifier: Apache-2.0
#include "store/chunk.h"

#include <doctest/doctest.h>

#include <limits>

#include "base/random.h"
#include "base/time.h"
#include "store/rows.h"
#include "store/segment_limits.h"

namespace sky::store {
namespace {

constexpr ChunkLimits kWhole{limits::kChunkRowsMax, limits::kChunkBytesMax};

struct Row {
    std::int64_t timestamp_ms;
    std::uint64_t sequence;
    std::int64_t ingestion_ms;
    StreamId stream;
    std::string message;
    friend auto operator<=>(const Row&, const Row&) = default;
};

std::vector<Row> rows_of(const EventBatch& batch) {
    std::vector<Row> out;
    for (std::size_t i = 0; i < batch.rows(); ++i)
        out.push_back({batch.timestamp_ms[i], batch.sequence[i], batch.ingestion_ms[i],
                       batch.stream[i], std::string(batch.message[i])});
    return out;
}

EventBatch read_all(const OpenChunk& chunk, const RowFilter& filter) {
    std::vector<const EventBatch*> pieces;
    for (const MiniBatchPtr& piece : chunk.pieces()) pieces.push_back(&piece->rows);
    return select_rows(pieces, filter, Columns::kAll);
}

}  // namespace

TEST_CASE("a batch is cut at UTC midnight, also before 1970") {
    constexpr std::int64_t kFirstTime = std::numeric_limits<std::int64_t>::min();
    constexpr std::int64_t kLastTime = std::numeric_limits<std::int64_t>::max();
    struct Case {
        const char* name;
        std::vector<std::int64_t> times;
        std::vector<std::int64_t> days;
        std::vector<std::size_t> rows;
    };
    const Case cases[] = {
        {"one day", {0, 1, kMillisPerDay - 1}, {0}, {3}},
        {"midnight belongs to the new day", {kMillisPerDay - 1, kMillisPerDay}, {0, 1}, {1, 1}},
        {"a day between is left out", {5, 5, 3 * kMillisPerDay}, {0, 3}, {2, 1}},
        {"the ends of time",
         {kFirstTime, kLastTime - 1, kLastTime},
         {day_of_ms(kFirstTime), day_of_ms(kLastTime)},
         {1, 2}},
        {"before 1970", {-kMillisPerDay - 1, -kMillisPerDay, -1, 0}, {-2, -1, 0}, {1, 2, 1}},
    };
    for (const Case& c : cases) {
        CAPTURE(c.name);
        std::vector<Event> events;
        for (const std::int64_t t : c.times) events.push_back({t, "x"});
        const auto parts =
            split_by_day({.group = 1, .stream = 7, .ingestion_ms = 9, .events = events}, 100, 42);
        REQUIRE(parts.size() == c.days.size());
        std::uint64_t sequence = 100;
        for (std::size_t i = 0; i < parts.size(); ++i) {
            CHECK(parts[i].day == c.days[i]);
            CHECK(parts[i].rows->rows.rows() == c.rows[i]);
            CHECK(parts[i].rows->lsn_min == 42);
            CHECK(parts[i].rows->sequence_min == sequence);
            sequence += c.rows[i];
            CHECK(parts[i].rows->sequence_max == sequence - 1);
        }
    }
}

TEST_CASE("100,000 one-event batches: few pieces, every row kept in order") {
    SeededRandom random(1);
    OpenChunk chunk(1, 0);
    std::vector<Row> model;
    std::size_t most = 0;
    std::uint64_t sequence = 0;
    while (chunk.rows() < limits::kChunkRowsMax) {
        const std::string text = std::to_string(random.below(1'000'000));
        const Event event{static_cast<std::int64_t>(random.below(kMillisPerDay)), text};
        const auto parts = split_by_day(
            {.group = 1, .stream = random.below(3), .ingestion_ms = 5, .events = {&event, 1}},
            sequence, sequence + 1);
        REQUIRE(chunk.has_room(*parts[0].rows, kWhole));
        chunk.add(parts[0].rows);
        model.push_back({event.timestamp_ms, sequence++, 5, parts[0].rows->rows.stream[0], text});
        most = std::max(most, chunk.pieces().size());
    }
    CHECK(most <= 2 * limits::kChunkRowsMax / limits::kFoldRowsMax + 12);
    const Event one{0, "one too many"};
    CHECK_FALSE(chunk.has_room(
        *split_by_day({.group = 1, .stream = 1, .ingestion_ms = 5, .events = {&one, 1}}, 0, 0)[0]
             .rows,
        kWhole));
    std::sort(model.begin(), model.end());
    CHECK(rows_of(read_all(chunk, {.range = {0, kMillisPerDay}})) == model);
    const MiniBatchPtr whole = fold(chunk.pieces());
    CHECK(rows_of(whole->rows) == model);
    CHECK(whole->min_ms == model.front().timestamp_ms);
    CHECK(whole->max_ms == model.back().timestamp_ms);
    CHECK(whole->lsn_max == sequence);
}

TEST_CASE("pieces once published never change") {
    OpenChunk chunk(1, 0);
    const auto add = [&](std::int64_t at, std::uint64_t sequence) {
        const Event event{at, "text"};
        chunk.add(split_by_day({.group = 1, .stream = 1, .ingestion_ms = 5, .events = {&event, 1}},
                               sequence, sequence)[0]
                      .rows);
    };
    add(10, 1);
    add(5, 2);
    const std::vector<MiniBatchPtr> snapshot = chunk.pieces();
    add(1, 3);
    add(20, 4);
    std::size_t rows = 0;
    for (const MiniBatchPtr& piece : snapshot) rows += piece->rows.rows();
    CHECK(rows == 2);
    CHECK(chunk.rows() == 4);
}

TEST_CASE("select_rows: random pieces, ranges, streams and columns against a plain model") {
    SeededRandom random(7);
    for (int round = 0; round < 300; ++round) {
        std::vector<MiniBatchPtr> owned;
        std::vector<const EventBatch*> pieces;
        std::vector<Row> model;
        std::uint64_t sequence = 1;
        const std::uint64_t count = random.below(6);
        for (std::uint64_t p = 0; p < count; ++p) {
            std::vector<Event> events;
            std::vector<std::string> texts;
            const std::uint64_t rows = 1 + random.below(20);
            for (std::uint64_t i = 0; i < rows; ++i)
                texts.push_back(std::string(random.below(5), static_cast<char>('a' + i % 26)));
            std::int64_t at = static_cast<std::int64_t>(random.below(50));
            for (const std::string& text : texts) {
                events.push_back({at, text});
                at += static_cast<std::int64_t>(random.below(4));
            }
            const StreamId stream = 1 + random.below(4);
            const auto parts = split_by_day(
                {.group = 1, .stream = stream, .ingestion_ms = 3, .events = events}, sequence, 1);
            for (const Event& event : events)
                model.push_back(
                    {event.timestamp_ms, sequence++, 3, stream, std::string(event.message)});
            owned.push_back(parts[0].rows);
            if (owned.size() >= 2 && random.below(3) == 0) {
                const MiniBatchPtr both = fold(std::span(owned).last(2));
                owned.pop_back();
                owned.back() = both;
            }
        }
        for (const MiniBatchPtr& piece : owned) pieces.push_back(&piece->rows);
        const std::int64_t begin = static_cast<std::int64_t>(random.below(60)) - 2;
        const TimeRange range{begin, begin + static_cast<std::int64_t>(random.below(60)) - 2};
        std::vector<StreamId> wanted, deleted;
        if (random.below(2) == 0)
            for (StreamId id = 1; id <= 5; ++id)
                if (random.below(2) == 0) wanted.push_back(id);
        if (random.below(2) == 0) deleted.push_back(1 + random.below(4));
        std::vector<Row> expected;
        for (const Row& row : model)
            if (row.timestamp_ms >= range.begin_ms && row.timestamp_ms <= range.end_ms &&
                (wanted.empty() ||
                 std::find(wanted.begin(), wanted.end(), row.stream) != wanted.end()) &&
                std::find(deleted.begin(), deleted.end(), row.stream) == deleted.end())
                expected.push_back(row);
        std::sort(expected.begin(), expected.end());
        const RowFilter filter{range, wanted, deleted};
        CHECK(rows_of(select_rows(pieces, filter, Columns::kAll)) == expected);
        const EventBatch bare = select_rows(pieces, filter, Columns::kNone);
        CHECK(bare.rows() == expected.size());
        CHECK(bare.stream.empty());
        CHECK(bare.message.size() == 0);
    }
}

}  // namespace sky::store
