// SPDX-License-Identifier: Apache-2.0
#include "store/snapshot.h"

#include <doctest/doctest.h>

#include <limits>
#include <map>
#include <set>

#include "store/segment_limits.h"

namespace sky::store {
namespace {

constexpr TimeRange kAlways{std::numeric_limits<std::int64_t>::min(),
                            std::numeric_limits<std::int64_t>::max()};

/// Batches of one stream, each piece with sequences of its own.
class Writer {
public:
    void append(std::size_t rows) {
        std::vector<std::string> texts;
        std::vector<Event> events;
        for (std::size_t i = 0; i < rows; ++i)
            texts.push_back("line " + std::to_string(sequence_ + i));
        for (std::size_t i = 0; i < rows; ++i)
            events.push_back({static_cast<std::int64_t>(sequence_ + i), texts[i]});
        chunk_.add(split_by_day({.group = 1, .stream = 2, .ingestion_ms = 3, .events = events},
                                sequence_, ++lsn_)[0]
                       .rows);
        sequence_ += rows;
    }
    std::shared_ptr<const Snapshot> snapshot(std::int64_t cutoff_ms = kAlways.begin_ms) const {
        return make_snapshot({.group = std::make_shared<const GroupInfo>(),
                              .cutoff_ms = cutoff_ms,
                              .deleted = nullptr,
                              .segments = std::make_shared<const std::vector<SegmentFilePtr>>(),
                              .chunks = {std::make_shared<const OpenChunk>(chunk_)},
                              .catalog = nullptr});
    }
    std::uint64_t rows() const { return sequence_; }

private:
    OpenChunk chunk_{1, 0};
    std::uint64_t sequence_ = 0, lsn_ = 0;
};

std::set<std::string> lines_of(const Snapshot& snapshot, const std::vector<Morsel>& morsels) {
    std::set<std::string> out;
    for (const Morsel& morsel : morsels) {
        const auto rows = snapshot.read(morsel, kAlways, Columns::kMessage);
        REQUIRE(rows);
        CHECK(rows->rows() == morsel.rows);
        for (std::size_t i = 0; i < rows->rows(); ++i)
            CHECK(out.insert(std::string(rows->message[i])).second);
    }
    return out;
}

}  // namespace

TEST_CASE("snapshot: large pieces of an open chunk keep their names and rows") {
    Writer writer;
    std::map<RowsName, std::string> first_lines;
    constexpr std::size_t kLarge = limits::kFoldRowsMax;
    for (const std::size_t rows :
         {std::size_t{3}, kLarge, std::size_t{1}, std::size_t{7}, kLarge + 5, std::size_t{2}}) {
        writer.append(rows);
        const auto snapshot = writer.snapshot();
        CHECK(lines_of(*snapshot, snapshot->morsels(kAlways)).size() == writer.rows());
        CHECK(snapshot->morsels(kAlways).size() == 1);
        const std::vector<Morsel> fine = snapshot->fine_morsels(kAlways);
        CHECK(lines_of(*snapshot, fine).size() == writer.rows());
        std::map<RowsName, std::string> named;
        for (const Morsel& morsel : fine) {
            const auto name = snapshot->lasting_name(morsel);
            if (!name) continue;
            const auto read = snapshot->read(morsel, kAlways, Columns::kMessage);
            REQUIRE(read);
            CHECK(name->rows == read->rows());
            CHECK(named.emplace(*name, std::string(read->message[0])).second);
            // Wholly inside, or nothing is known.
            CHECK(snapshot->known_rows(morsel, kAlways) == name->rows);
            CHECK_FALSE(snapshot->known_rows(morsel, {morsel.min_ms + 1, morsel.max_ms}));
            CHECK_FALSE(
                writer.snapshot(morsel.min_ms + 1)->known_rows(morsel, kAlways).has_value());
        }
        // What had a name still has it, for the same rows.
        for (const auto& [name, line] : first_lines) {
            REQUIRE(named.contains(name));
            CHECK(named.at(name) == line);
        }
        first_lines = named;
    }
    CHECK(first_lines.size() == 2);
}

}  // namespace sky::store
