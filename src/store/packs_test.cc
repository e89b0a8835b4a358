// SPDX-License-Identifier: Apache-2.0
#include "store/packs.h"

#include <doctest/doctest.h>

#include <cstdio>
#include <cstdlib>

#include "base/byte_codec.h"
#include "os/sim_fs.h"
#include "store/segment_file.h"
#include "store/segment_format.h"
#include "store/segment_limits.h"
#include "store/test_segment.h"

namespace sky::store {
namespace {

/// Segment `id` of group 3 with `rows` lines.
std::string segment(std::uint64_t id, std::uint64_t rows) {
    std::vector<std::string> texts;
    for (std::uint64_t i = 0; i < rows; ++i)
        texts.push_back("[profiler] GET view-" + std::to_string(i % 3) + " " +
                        std::to_string(100 * id + i) + ".50 200");
    return testing::test_segment(id, texts).file;
}

/// Segments 1 to `count` as pack 9, level 1.
std::string write_pack(os::Fs& fs, std::uint64_t count) {
    PackWriter writer(fs, "d", 9, 1);
    for (std::uint64_t id = 1; id <= count; ++id) {
        const std::uint64_t before = writer.bytes();
        const auto offset = writer.add(id, segment(id, 5 * id));
        REQUIRE(offset);
        CHECK(*offset == before);
    }
    REQUIRE(writer.finish());
    CHECK(writer.bytes() == fs.stat(writer.path())->bytes);
    return writer.path();
}

std::uint64_t rows_in(os::Fs& fs, const PackDirectory& directory, const std::string& path) {
    std::shared_ptr<const os::File> file = *fs.open(path, os::OpenMode::kRead);
    std::uint64_t rows = 0;
    for (const PackEntry& entry : directory.entries) {
        const auto reader = SegmentReader::open(file, {entry.offset, entry.bytes},
                                                path + " (segment)", Checksums::kVerify);
        REQUIRE(reader);
        CHECK((*reader)->footer().row.id == entry.id);
        const SegmentRow& row = (*reader)->footer().row;
        const auto batch = (*reader)->read({.range = {row.min_ms, row.max_ms}}, Columns::kAll);
        REQUIRE(batch);
        CHECK(batch->message[1].starts_with("[profiler] GET view-1 " +
                                            std::to_string(100 * entry.id + 1)));
        rows += batch->rows();
    }
    return rows;
}

}  // namespace

TEST_CASE("pack: its segments are read as if each were alone") {
    os::SimFs fs(1);
    REQUIRE(fs.make_directory("d"));
    const std::string path = write_pack(fs, 20);
    const auto directory = read_pack(fs, path);
    REQUIRE(directory);
    CHECK(directory->id == 9);
    CHECK(directory->level == 1);
    CHECK(directory->entries.size() == 20);
    CHECK(rows_in(fs, *directory, path) == 5 * 210);
    CHECK(fs.list("d")->size() == 1);
}

TEST_CASE("pack: one larger than what is written at a time") {
    os::SimFs fs(1);
    REQUIRE(fs.make_directory("d"));
    PackWriter writer(fs, "d", 9, 0);
    const std::string large = segment(1, 20);
    while (writer.bytes() < 3 * limits::kPackWriteBytes) REQUIRE(writer.add(1, large));
    REQUIRE(writer.finish());
    const auto directory = read_pack(fs, writer.path());
    REQUIRE(directory);
    CHECK(directory->entries.size() == writer.segments());
    CHECK(rows_in(fs, *directory, writer.path()) == 20 * writer.segments());
}

TEST_CASE("pack: what is not finished leaves nothing, whatever call fails") {
    const std::string large = segment(1, 2'000);
    for (std::uint64_t call = 1;; ++call) {
        CAPTURE(call);
        os::SimFs fs(call);
        REQUIRE(fs.make_directory("d"));
        fs.fail_after(os::SimCalls::kChanges, call, ErrorCode::kNoSpace);
        bool finished = false;
        {
            PackWriter writer(fs, "d", 9, 0);
            bool added = true;
            for (int i = 0; i < 100 && added; ++i) added = writer.add(1, large).has_value();
            finished = added && writer.finish().has_value();
        }
        CHECK(fs.list("d")->size() == (finished ? 1 : 0));
        if (finished) {
            CHECK(call > 4);
            break;
        }
    }
}

TEST_CASE("pack: damage of its directory is corruption that names the file") {
    os::SimFs fs(1);
    REQUIRE(fs.make_directory("d"));
    const std::string path = write_pack(fs, 3);
    const auto whole = os::read_file(fs, path, 1U << 20U);
    REQUIRE(whole);
    const auto directory = read_pack(fs, path);
    REQUIRE(directory);
    const PackEntry& last = directory->entries.back();
    const auto put = [&](const std::string& bytes) {
        const auto file = *fs.open(path, os::OpenMode::kCreate);
        REQUIRE(file->truncate(0));
        REQUIRE(file->pwrite(0, bytes));
    };
    for (std::uint64_t at = last.offset + last.bytes; at < whole->size(); ++at) {
        CAPTURE(at);
        std::string bytes = *whole;
        bytes[at] = static_cast<char>(bytes[at] ^ 0x10);
        put(bytes);
        const auto got = read_pack(fs, path);
        REQUIRE_FALSE(got);
        CHECK(got.error().message.find(path) != std::string::npos);
    }
    for (const std::uint64_t bytes : {0UL, 40UL, whole->size() - 1}) {
        put(whole->substr(0, bytes));
        CHECK(read_pack(fs, path).error().code == ErrorCode::kCorruption);
    }
    std::string newer = *whole;
    newer[newer.size() - 16] = kPackFormat + 1;
    put(newer);
    const auto got = read_pack(fs, path);
    REQUIRE_FALSE(got);
    CHECK(got.error().code == ErrorCode::kUnavailable);
    CHECK(got.error().message.find("pack has format 2") != std::string::npos);
}

TEST_CASE("pack: directories that are none") {
    struct Case {
        const char* name;
        std::vector<std::uint64_t> figures;  // id, level, count, then id and bytes of each.
        std::uint64_t offset;                // Where the directory begins.
        bool good;
    };
    const Case cases[] = {
        {"one segment", {9, 0, 1, 4, 100}, 116, true},
        {"no segment", {9, 0, 0}, 16, false},
        {"more than it can hold", {9, 0, 1ULL << 60U, 4, 100}, 116, false},
        {"a level that does not exist", {9, 3, 1, 4, 100}, 116, false},
        {"a segment behind the end", {9, 0, 1, 4, 101}, 116, false},
        {"a gap before the directory", {9, 0, 1, 4, 99}, 116, false},
        {"a size that wraps", {9, 0, 2, 4, ~0ULL, 5, 101}, 116, false},
        {"too short for a segment", {9, 0, 2, 4, 20, 5, 80}, 116, false},
    };
    for (const Case& c : cases) {
        CAPTURE(c.name);
        std::string bytes;
        for (std::size_t i = 0; i < c.figures.size(); ++i) {
            put_varint(bytes, c.figures[i]);
            if (i >= 4 && i % 2 == 0) put_word(bytes, std::uint32_t{7});
        }
        const auto got = parse_pack_directory(bytes, c.offset);
        CHECK(got.has_value() == c.good);
        if (c.good) CHECK(got->entries == std::vector<PackEntry>{{4, 16, 100, 7}});
        CHECK_FALSE(parse_pack_directory(bytes + '\0', c.offset));
    }
}

TEST_CASE("pack: files of every earlier format are read") {
    const std::string kept = std::string(SKY_SOURCE_DIR) + "/tests/formats/pack-1.pack";
    if (std::getenv("SKYWATCH_WRITE_FORMATS") != nullptr) {
        os::SimFs fs(1);
        REQUIRE(fs.make_directory("d"));
        const auto bytes = os::read_file(fs, write_pack(fs, 4), 1U << 20U);
        REQUIRE(os::write_file_durably(os::real_fs(), kept, *bytes));
    }
    const auto directory = read_pack(os::real_fs(), kept);
    REQUIRE(directory);
    CHECK(directory->id == 9);
    CHECK(directory->level == 1);
    CHECK(rows_in(os::real_fs(), *directory, kept) == 50);
}

}  // namespace sky::store
