// SPDX-License-Identifier: Apache-2.0
#include "store/segment_file.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "os/sim_fs.h"
#include "shapes/shaped_block.h"
#include "store/test_segment.h"

namespace sky::store {
namespace {

constexpr std::size_t kRows = 400, kViews = 100;

/// A live segment of JSON lines with `views` different texts, in a file of its own.
SegmentFilePtr segment(os::Fs& fs, std::uint64_t id, std::size_t views,
                       const std::shared_ptr<SegmentCache>& cache) {
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < kRows; ++i)
        texts.push_back(R"({"view":")" + std::string(20 + i % views, 'v') + R"(","ms":)" +
                        std::to_string(100 * id + i) + "}");
    const auto [bytes, footer] = testing::test_segment(id, texts);
    REQUIRE(is_shaped(footer.message_coding));
    const std::string path = stored_path("segments", footer.row);
    const auto file = fs.open(path, os::OpenMode::kCreate);
    REQUIRE(file);
    REQUIRE((*file)->pwrite(0, bytes));
    return std::make_shared<const SegmentFile>(
        footer.row, std::make_shared<const StoredFile>(fs, path, footer.row.file_bytes), cache);
}

std::shared_ptr<const shapes::ShapedBlock> read(const SegmentFile& file) {
    const auto rows = file.read({.range = {0, 1'000'000}}, Columns::kMessage | Columns::kShaped);
    REQUIRE(rows);
    REQUIRE(rows->shaped != nullptr);
    REQUIRE(rows->shaped->rows() == kRows);
    return rows->shaped;
}

std::string text_of(const shapes::ShapedBlock& block) {
    std::string text(block.text_bytes(), '\0');
    std::vector<std::uint32_t> ends(block.rows());
    REQUIRE(block.render_all(text.data(), ends));
    return text;
}

TEST_CASE("what a block says of itself is kept with the open segment, and paid for") {
    os::SimFs fs(1);
    REQUIRE(fs.make_directory("segments"));
    const auto cache = std::make_shared<SegmentCache>(fs, 100, 1 << 20);
    SegmentFilePtr file = segment(fs, 1, kViews, cache);
    REQUIRE(file->open());
    const std::uint64_t footer = cache->bytes();
    const auto first = read(*file);
    const std::uint64_t with_head = cache->bytes();
    CHECK(with_head > footer + kViews * 20);  // Its pool, at least.
    const auto second = read(*file);
    CHECK(first->head() == second->head());
    CHECK(cache->bytes() == with_head);
    CHECK(text_of(*first) == text_of(*second));
    // Rendered rows are read by it, too.
    const auto plain = file->read({.range = {0, 1'000'000}}, Columns::kMessage);
    REQUIRE(plain);
    CHECK(plain->message.data() == text_of(*first));
    file->doom();
    file.reset();
    CHECK(cache->bytes() == 0);
    CHECK(text_of(*second) == text_of(*first));
}

TEST_CASE("heads have a part of the cache, those in use stay, and footers do") {
    os::SimFs fs(1);
    REQUIRE(fs.make_directory("segments"));
    const auto wide = std::make_shared<SegmentCache>(fs, 100, 1 << 20);
    const SegmentFilePtr one = segment(fs, 100, kViews, wide);
    REQUIRE(one->open());
    const std::uint64_t footer = wide->bytes();
    static_cast<void>(read(*one));
    const std::uint64_t head = wide->bytes() - footer;
    // Room for the footers of twenty, and for the heads of nine.
    const std::uint64_t bytes_max = SegmentCache::kHeadsShare * 10 * head;
    REQUIRE(20 * footer < bytes_max / 2);
    const auto cache = std::make_shared<SegmentCache>(fs, 100, bytes_max);
    std::vector<SegmentFilePtr> files;
    for (std::uint64_t id = 1; id <= 20; ++id) files.push_back(segment(fs, id, kViews, cache));
    std::vector<std::shared_ptr<const shapes::ShapedBlock>> blocks;
    for (const SegmentFilePtr& file : files) {
        blocks.push_back(read(*file));
        CHECK(cache->bytes() <= bytes_max);
    }
    const std::string last = text_of(*blocks[19]), first = text_of(*blocks[0]);
    // Again and again all of them: as many as there is room for are found each time.
    std::size_t known = 0;
    for (std::size_t i = 0; i < files.size(); ++i) {
        if (read(*files[i])->head() == blocks[i]->head()) ++known;
    }
    CHECK(known >= 8);
    CHECK(known <= 10);
    CHECK(read(*files[0])->head() == blocks[0]->head());
    CHECK(read(*files[19])->head() != blocks[19]->head());
    // Only some of them: the others make room.
    for (std::size_t round = 0; round <= 20 * SegmentCache::kHeadRest; ++round) {
        CHECK(text_of(*read(*files[18])) == text_of(*blocks[18]));
        CHECK(text_of(*read(*files[19])) == last);
    }
    CHECK(read(*files[18])->head() == read(*files[18])->head());
    CHECK(read(*files[19])->head() == read(*files[19])->head());
    CHECK(text_of(*read(*files[0])) == first);
    for (const SegmentFilePtr& file : files) CHECK((*file->open())->footer().row.id != 0);
    CHECK(cache->bytes() >= 20 * footer);
    // One that would take the place of all others is not kept.
    const auto narrow = std::make_shared<SegmentCache>(fs, 100, bytes_max);
    const SegmentFilePtr large = segment(fs, 50, kViews * 5 / 2, narrow);
    REQUIRE(large->open());
    const std::uint64_t large_footer = narrow->bytes();
    const auto block = read(*large);
    CHECK(narrow->bytes() == large_footer);
    CHECK(read(*large)->head() != block->head());
}

}  // namespace
}  // namespace sky::store
