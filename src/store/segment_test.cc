// SPDX-License-Identifier: Apache-2.0
#include "store/segment.h"

#include <doctest/doctest.h>
#include <stdlib.h>

#include <fstream>
#include <iterator>

#include "base/byte_codec.h"
#include "base/random.h"
#include "columnar/int_codec.h"
#include "crypto/crc32c.h"
#include "os/sim_fs.h"
#include "shapes/known_families.h"
#include "shapes/shaped_block.h"
#include "store/segment_format.h"
#include "store/segment_limits.h"

namespace sky::store {
namespace {

constexpr const char* kPath = "7.seg";

/// Random rows of one group and day from several batches; `streams` writers.
MiniBatchPtr random_rows(SeededRandom& random, std::size_t batches, std::size_t rows_max,
                         std::uint64_t streams, std::size_t text_max) {
    std::vector<MiniBatchPtr> pieces;
    const bool shaped = random.below(2) == 0;  // Lines of one family, or letters.
    std::uint64_t sequence = random.below(1'000);
    for (std::size_t b = 0; b < batches; ++b) {
        std::vector<std::string> texts(1 + random.below(rows_max));
        std::vector<Event> events;
        std::int64_t at = static_cast<std::int64_t>(random.below(1'000'000));
        for (std::string& text : texts) {
            if (shaped) {
                text = "[profiler] GET view-" + std::to_string(random.below(9)) + " " +
                       std::to_string(random.below(1'000)) + ".50 200";
            } else {
                text.resize(random.below(text_max + 1));
                for (char& c : text) c = static_cast<char>('a' + random.below(4));
            }
            events.push_back({at, text});
            at += static_cast<std::int64_t>(random.below(20));
        }
        pieces.push_back(split_by_day({.group = 3,
                                       .stream = 10 + random.below(streams),
                                       .ingestion_ms = 5'000 + static_cast<std::int64_t>(b),
                                       .events = events},
                                      sequence, 100 + b)[0]
                             .rows);
        sequence += events.size() + random.below(2);
    }
    return fold(pieces);
}

std::string encode(const MiniBatch& rows, SegmentFooter& footer) {
    footer.row.id = 7;
    footer.row.group = 3;
    footer.tenant = {"123456789012", "us-east-1"};
    footer.group_name = "/aws/group";
    footer.group_creation_ms = 42;
    footer.replaced = {1, 2};
    auto file =
        encode_segment(rows, [](StreamId id) { return "stream-" + std::to_string(id); }, footer);
    REQUIRE(file);
    CHECK(file->shape_mismatches == 0);
    return file->file;
}

void put_file(os::Fs& fs, const std::string& bytes) {
    const auto file = *fs.open(kPath, os::OpenMode::kCreate);
    REQUIRE(file->truncate(0));
    REQUIRE(file->pwrite(0, bytes));
}

bool same(const EventBatch& a, const EventBatch& b) {
    return a.timestamp_ms == b.timestamp_ms && a.sequence == b.sequence &&
           a.ingestion_ms == b.ingestion_ms && a.stream == b.stream &&
           a.message.data() == b.message.data() &&
           std::ranges::equal(a.message.offsets(), b.message.offsets());
}

/// The rows of tests/formats/segment-1.seg to -4.seg: 20 a batch, `json` of them such lines.
MiniBatchPtr kept_rows(std::uint64_t batches, std::uint64_t json) {
    std::vector<MiniBatchPtr> pieces;
    for (std::uint64_t b = 0; b < batches; ++b) {
        std::vector<std::string> texts;
        std::vector<Event> events;
        for (std::uint64_t i = 0; i < 20; ++i)
            texts.push_back("[profiler] GET view-" + std::to_string(i % 3) + " " +
                            std::to_string(b * 20 + i) + ".50 200");
        for (std::uint64_t i = 20 - json; i < 20; ++i)
            texts[i] = R"({"view":"view-)" + std::to_string(i % 3) + R"(","path":"C:\\v\\)" +
                       std::to_string(b) + R"(","ms":)" + std::to_string(b * 20 + i) +
                       R"(.5,"tags":["a",)" + std::to_string(i % 5) + "]}";
        texts[7] = "";
        texts[9] = "naïve text\nof two lines";
        for (std::uint64_t i = 0; i < 20; ++i)
            events.push_back({static_cast<std::int64_t>(1'000 * i + b), texts[i]});
        pieces.push_back(split_by_day({.group = 3,
                                       .stream = 10 + b % 2,
                                       .ingestion_ms = 50'000 + static_cast<std::int64_t>(b),
                                       .events = events},
                                      100 * b, 100 + b)[0]
                             .rows);
    }
    return fold(pieces);
}

/// Those of segment-5.seg: more than a segment of format 4 may have.
MiniBatchPtr many_kept_rows() {
    constexpr std::size_t kRows = 33'000;
    std::vector<MiniBatchPtr> pieces;
    for (std::size_t b = 0; b < 2; ++b) {
        std::vector<std::string> texts;
        std::vector<Event> events;
        for (std::size_t i = b * kRows; i < (b + 1) * kRows; ++i)
            texts.push_back("[profiler] GET view-" + std::to_string(i % 3) + " " +
                            std::to_string(i % 1'000) + ".50 200");
        texts[7] = "";
        for (std::size_t i = 0; i < kRows; ++i)
            events.push_back({static_cast<std::int64_t>(10 * (b * kRows + i)), texts[i]});
        pieces.push_back(split_by_day({.group = 3,
                                       .stream = 10 + b,
                                       .ingestion_ms = 50'000 + static_cast<std::int64_t>(b),
                                       .events = events},
                                      b * kRows, 100 + b)[0]
                             .rows);
    }
    return fold(pieces);
}

}  // namespace

TEST_CASE("integer columns: any values come back") {
    SeededRandom random(3);
    int bounded = 0;
    std::array<int, 4> forms{};
    for (int round = 0; round < 400; ++round) {
        std::vector<std::uint64_t> values(random.below(400));
        const std::uint64_t shape = random.below(6), shift = random.below(64);
        std::uint64_t run_step = 0;
        std::uint64_t at = random.next_u64();
        for (std::uint64_t& value : values) {
            const std::uint64_t noise = random.next_u64() >> shift;
            value = shape == 0   ? noise
                    : shape == 1 ? (at += noise)
                    : shape == 2 ? at
                    : shape == 3 ? (random.below(100) == 0 ? random.next_u64() : 7)
                    : shape == 4 ? (at += random.below(50) == 0 ? (run_step = noise) : run_step)
                                 : std::uint64_t{0} - noise;
        }
        std::string bytes;
        columnar::encode_integers(values, bytes);
        if (!bytes.empty()) ++forms[static_cast<unsigned char>(bytes[0]) % forms.size()];
        std::vector<std::uint64_t> back(values.size());
        REQUIRE(columnar::decode_integers(bytes, back));
        CHECK(back == values);
        if (const auto bounds = columnar::bounds_of_integers(bytes, values.size())) {
            ++bounded;
            for (const std::uint64_t value : values) {
                const auto number = static_cast<std::int64_t>(value);
                CHECK((bounds->least <= number && number <= bounds->most));
            }
        }
        // Any other length is refused, not read beyond.
        if (values.empty()) continue;
        CHECK_FALSE(
            columnar::decode_integers(std::string_view(bytes).substr(0, bytes.size() - 1), back));
        CHECK_FALSE(columnar::decode_integers(bytes + "x", back));
        std::vector<std::uint64_t> more(values.size() + 200);
        CHECK_FALSE(columnar::decode_integers(bytes, more));
    }
    CHECK(bounded > 50);
    for (const int form : {1, 2, 3}) CHECK(forms[static_cast<std::size_t>(form)] > 20);
}

TEST_CASE("integer columns: sizes of the usual ones") {
    struct Case {
        const char* name;
        std::uint64_t first, step;
        std::size_t bytes_max;
    };
    static constexpr Case kCases[] = {
        {"one ingestion time", 1'700'000'000'000, 0, 12},
        {"consecutive sequences", 1ULL << 40U, 1, 12},
    };
    for (const Case& c : kCases) {
        CAPTURE(c.name);
        std::vector<std::uint64_t> values(4'096);
        for (std::size_t i = 0; i < values.size(); ++i) values[i] = c.first + i * c.step;
        std::string bytes;
        columnar::encode_integers(values, bytes);
        CHECK(bytes.size() <= c.bytes_max);
    }
}

TEST_CASE("segment: every read equals the same read of the rows in memory") {
    SeededRandom random(11);
    int shaped_reads = 0, fewer = 0, timeless = 0;
    for (int round = 0; round < 60; ++round) {
        CAPTURE(round);
        os::SimFs fs(1);
        const bool many = round % 10 == 0;
        const MiniBatchPtr rows = random_rows(random, 1 + random.below(8), many ? 4'000 : 60,
                                              1 + random.below(30), many ? 60 : 200);
        SegmentFooter footer;
        put_file(fs, encode(*rows, footer));
        const auto reader = SegmentReader::open(fs, kPath, Checksums::kVerify);
        REQUIRE(reader);
        CHECK((*reader)->footer().row == footer.row);
        const EventBatch* const piece = &rows->rows;
        for (int read = 0; read < 20; ++read) {
            TimeRange range{rows->min_ms, rows->max_ms};
            if (random.below(3) != 0) {
                const auto width = static_cast<std::uint64_t>(rows->max_ms - rows->min_ms + 3);
                range.begin_ms = rows->min_ms - 1 + static_cast<std::int64_t>(random.below(width));
                range.end_ms = range.begin_ms + static_cast<std::int64_t>(random.below(width)) - 1;
            }
            std::vector<StreamId> wanted, deleted;
            if (random.below(3) == 0)
                for (StreamId id = 9; id < 42; ++id)
                    if (random.below(4) == 0) wanted.push_back(id);
            if (random.below(3) == 0) deleted = {10 + random.below(3), 15};
            const RowFilter filter{range, wanted, deleted};
            const auto columns = static_cast<Columns>(random.below(8));
            auto got = (*reader)->read(filter, columns);
            REQUIRE(got);
            const EventBatch want = select_rows({&piece, 1}, filter, columns);
            CHECK(same(*got, want));
            RowFilter some = filter;
            some.wanted = {
                1 + random.below(random.below(2) == 0 ? 20 : 20'000),
                random.below(2) == 0 ? RowsWanted::From::kOldest : RowsWanted::From::kNewest};
            const auto part = (*reader)->read(some, columns);
            REQUIRE(part);
            REQUIRE(part->rows() <= want.rows());
            CHECK(part->rows() >= std::min(some.wanted.rows, want.rows()));
            fewer += part->rows() < want.rows() ? 1 : 0;
            const std::size_t from =
                some.wanted.from == RowsWanted::From::kOldest ? 0 : want.rows() - part->rows();
            for (std::size_t i = 0; i < part->rows(); ++i)
                if (part->sequence[i] != want.sequence[from + i] ||
                    (has(columns, Columns::kMessage) &&
                     part->message[i] != want.message[from + i]) ||
                    (has(columns, Columns::kStream) && part->stream[i] != want.stream[from + i]))
                    FAIL("row ", i);
            got = (*reader)->read(filter, columns | Columns::kShaped);
            REQUIRE(got);
            if (!got->shaped) {
                CHECK(same(*got, want));
                continue;
            }
            ++shaped_reads;
            CHECK(has(columns, Columns::kMessage));
            CHECK(got->message.size() == 0);
            std::vector<std::uint32_t> kept = got->shaped_row, ends;
            if (kept.empty())
                for (std::uint32_t i = 0; i < got->shaped->rows(); ++i) kept.push_back(i);
            std::string text;
            REQUIRE(got->shaped->render(kept, text, ends));
            ends.insert(ends.begin(), 0);
            got->message.assign(std::move(text), std::move(ends));
            CHECK(same(*got, want));
            auto bare = (*reader)->read(filter, columns | Columns::kShaped | Columns::kTimeless);
            REQUIRE(bare);
            REQUIRE(bare->shaped);
            const bool whole = want.rows() == rows->rows.rows();
            const bool alone = columns == Columns::kMessage && whole;
            if (alone && wanted.empty() && deleted.empty()) CHECK(bare->rows() == 0);
            timeless += bare->rows() == 0 ? 1 : 0;
            if (bare->rows() == 0) {
                CHECK(alone);
                CHECK(bare->sequence.empty());
                CHECK(bare->shaped->rows() == want.rows());
                CHECK(bare->shaped_row.empty());
                bare->timestamp_ms = want.timestamp_ms;
                bare->sequence = want.sequence;
            }
            text.clear();
            ends.clear();
            REQUIRE(bare->shaped->render(kept, text, ends));
            ends.insert(ends.begin(), 0);
            bare->message.assign(std::move(text), std::move(ends));
            CHECK(same(*bare, want));
        }
    }
    CHECK(shaped_reads > 20);
    CHECK(fewer > 100);
    CHECK(timeless > 5);
}

TEST_CASE("segment: the header tells of literals that no message has") {
    std::vector<std::string> texts;
    std::vector<Event> events;
    for (int i = 0; i < 3'000; ++i)
        texts.push_back("request " + std::to_string(i * 7'919 % 3'001) + " was served");
    for (const std::string& text : texts) events.push_back({5, text});
    const MiniBatchPtr rows =
        split_by_day({.group = 3, .stream = 10, .ingestion_ms = 9, .events = events}, 1, 1)[0].rows;
    os::SimFs fs(1);
    SegmentFooter footer;
    put_file(fs, encode(*rows, footer));
    const auto reader = SegmentReader::open(fs, kPath, Checksums::kVerify);
    REQUIRE(reader);
    CHECK((*reader)->may_contain("was served"));
    CHECK((*reader)->may_contain("request 2718 was"));
    CHECK_FALSE((*reader)->may_contain("was refused"));
}

TEST_CASE("segment: files of every earlier format are read") {
    struct Case {
        const char* file;
        MessageCoding coding;
        std::uint64_t batches, json;
    };
    static constexpr Case kCases[] = {{"segment-1.seg", MessageCoding::kZstd, 3, 0},
                                      {"segment-2.seg", MessageCoding::kShapes, 3, 0},
                                      {"segment-3.seg", MessageCoding::kFilteredShapes, 60, 0},
                                      {"segment-4.seg", MessageCoding::kFilteredShapes, 60, 8},
                                      {"segment-5.seg", MessageCoding::kFilteredShapes, 0, 0}};
    static_assert(std::size(kCases) == kSegmentFormat, "keep a file of each format");
    for (const Case& c : kCases) {
        CAPTURE(c.file);
        const std::string kept = std::string(SKY_SOURCE_DIR "/tests/formats/") + c.file;
        const MiniBatchPtr want = c.batches == 0 ? many_kept_rows() : kept_rows(c.batches, c.json);
        if (&c == std::end(kCases) - 1 && std::getenv("SKYWATCH_WRITE_FORMATS") != nullptr) {
            SegmentFooter footer;
            REQUIRE(os::write_file_durably(os::real_fs(), kept, encode(*want, footer)));
        }
        std::ifstream in(kept, std::ios::binary);
        REQUIRE(in);
        os::SimFs fs(1);
        put_file(fs, std::string((std::istreambuf_iterator<char>(in)), {}));
        const auto reader = SegmentReader::open(fs, kPath, Checksums::kVerify);
        REQUIRE(reader);
        CHECK((*reader)->footer().message_coding == static_cast<std::uint64_t>(c.coding));
        const auto got = (*reader)->read({.range = {want->min_ms, want->max_ms}}, Columns::kAll);
        REQUIRE(got);
        CHECK(same(*got, want->rows));
        CHECK((*reader)->may_contain(" 46.50 200"));
        bool told = false;
        for (int number = 4'700; number < 4'720; ++number)
            told |= !(*reader)->may_contain(" " + std::to_string(number) + ".50 200");
        CHECK(told == (c.coding == MessageCoding::kFilteredShapes));
        if (c.json == 0) continue;
        const auto shaped = (*reader)->read({.range = {want->min_ms, want->max_ms}},
                                            Columns::kMessage | Columns::kShaped);
        REQUIRE(shaped);
        std::size_t families = 0;
        for (std::size_t f = 0; f < shaped->shaped->families().size(); ++f) {
            const shapes::Family& family = shaped->shaped->families()[f];
            if (family.layout != shapes::Family::Layout::kJson) continue;
            ++families;
            for (std::size_t s = 0; s < family.slots; ++s)
                CHECK_FALSE(shaped->shaped->roles(f, s).none());
        }
        CHECK(families > 0);
    }
}

TEST_CASE("segment: its header tells ids and decimals that no line has") {
    SeededRandom random(12);
    const auto hex = [&](std::size_t count) {
        std::string out(count, '0');
        for (char& c : out) c = "0123456789abcdef"[random.below(16)];
        return out;
    };
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < 2'000; ++i)
        texts.push_back("INFO [TraceID: " + hex(32) + " SpanID: " + hex(16) + "] order took " +
                        std::to_string(i % 500) + ".25 ms" + (i % 50 == 0 ? " id " + hex(40) : ""));
    std::vector<Event> events;
    for (std::size_t i = 0; i < texts.size(); ++i)
        events.push_back({static_cast<std::int64_t>(i), texts[i]});
    os::SimFs fs(1);
    SegmentFooter footer;
    put_file(
        fs, encode(*split_by_day({.group = 3, .stream = 10, .ingestion_ms = 1, .events = events}, 0,
                                 1)[0]
                        .rows,
                   footer));
    const auto reader = SegmentReader::open(fs, kPath, Checksums::kVerify);
    REQUIRE(reader);
    REQUIRE((*reader)->footer().message_coding ==
            static_cast<std::uint64_t>(MessageCoding::kFilteredShapes));
    for (const std::string& line : texts) {
        const std::size_t at = random.below(line.size());
        CHECK((*reader)->may_contain(line.substr(at, random.below(70))));
    }
    std::size_t ids = 0, decimals = 0;
    for (int i = 0; i < 1'000; ++i) {
        ids += (*reader)->may_contain(hex(32)) ? 1U : 0U;
        decimals += (*reader)->may_contain(" " + std::to_string(500 + i) + ".25 ") ? 1U : 0U;
    }
    CHECK(ids < 20);
    CHECK(decimals < 400);
}

TEST_CASE("messages: a shape that does not give its lines back is not stored") {
    columnar::TextColumn messages, others;
    for (int i = 0; i < 100; ++i) {
        messages.push_back("took " + std::to_string(i) + " ms");
        others.push_back("took " + std::to_string(i) + " s.");
    }
    static const columnar::TextColumn* wrong = nullptr;
    wrong = &others;
    const ChosenEncoder good = choose_message_encoder(messages);
    CHECK(good.mismatches == 0);
    CHECK(good.encoder->coding() == MessageCoding::kFilteredShapes);
    const ChosenEncoder bad = choose_message_encoder(
        messages, nullptr, [](const columnar::TextColumn&, shapes::KnownFamilies* known) {
            return shape_messages(*wrong, known);
        });
    CHECK(bad.mismatches == 13);  // Every eighth line was looked at.
    CHECK(bad.encoder->coding() == MessageCoding::kZstd);
    shapes::KnownFamilies known;
    CHECK(choose_message_encoder(messages, &known).mismatches == 0);
    CHECK(known.take_apart(messages).has_value());
    CHECK(choose_message_encoder(
              messages, &known,
              [](const columnar::TextColumn&, shapes::KnownFamilies*) { return std::string(); })
              .mismatches == 13);
    CHECK(!known.take_apart(messages).has_value());
    const ChosenEncoder broken = choose_message_encoder(
        messages, nullptr, [](const columnar::TextColumn&, shapes::KnownFamilies*) {
            return std::string("no block");
        });
    CHECK(broken.mismatches == 13);
    CHECK(broken.encoder->coding() == MessageCoding::kZstd);
}

TEST_CASE("messages: what does not shrink is hardly larger than it is") {
    SeededRandom random(4);
    for (const std::size_t rows : {std::size_t{1}, std::size_t{9}, std::size_t{500}}) {
        CAPTURE(rows);
        columnar::TextColumn messages;
        while (messages.size() < rows) {
            std::string text(100 + random.below(200), '\0');
            for (char& c : text) c = static_cast<char>(random.below(256));
            messages.push_back(text);
        }
        const ChosenEncoder chosen = choose_message_encoder(messages);
        CHECK(chosen.mismatches == 0);
        std::string out;
        REQUIRE(chosen.encoder->encode(0, rows, out));
        CHECK(out.size() <= messages.bytes() + 3 * rows + 40);
    }
}

TEST_CASE("segment: the footer describes the file by itself") {
    SeededRandom random(5);
    os::SimFs fs(1);
    const MiniBatchPtr rows = random_rows(random, 5, 50, 3, 40);
    SegmentFooter written;
    put_file(fs, encode(*rows, written));
    const auto reader = SegmentReader::open(fs, kPath, Checksums::kVerify);
    REQUIRE(reader);
    const SegmentFooter& footer = (*reader)->footer();
    CHECK(footer.tenant == Tenant{"123456789012", "us-east-1"});
    CHECK(footer.group_name == "/aws/group");
    CHECK(footer.group_creation_ms == 42);
    CHECK(footer.replaced == std::vector<std::uint64_t>{1, 2});
    CHECK(footer.row.lsn_min == 100);
    CHECK(footer.row.lsn_max == 104);
    CHECK(footer.row.rows == rows->rows.rows());
    CHECK(footer.row.sequence_max == rows->sequence_max);
    for (const SegmentStream& stream : footer.streams) {
        CHECK(stream.name == "stream-" + std::to_string(stream.id));
        const StreamId only[] = {stream.id};
        const EventBatch* const piece = &rows->rows;
        const EventBatch its = select_rows(
            {&piece, 1}, {.range = {rows->min_ms, rows->max_ms}, .streams = only}, Columns::kAll);
        CHECK(stream.rows == its.rows());
        CHECK(stream.message_bytes == its.message.bytes());
        CHECK(stream.first_ms == its.timestamp_ms.front());
        CHECK(stream.last_ms == its.timestamp_ms.back());
        CHECK(stream.ingestion_ms ==
              *std::max_element(its.ingestion_ms.begin(), its.ingestion_ms.end()));
    }
}

TEST_CASE("segment: damage anywhere is corruption that names the file") {
    SeededRandom random(9);
    os::SimFs fs(1);
    const MiniBatchPtr rows = random_rows(random, 4, 30, 3, 30);
    SegmentFooter footer;
    const std::string good = encode(*rows, footer);
    const RowFilter everything{.range = {rows->min_ms, rows->max_ms}};
    const auto read = [&](const std::string& bytes) -> Result<EventBatch> {
        put_file(fs, bytes);
        const auto reader = SKY_TRY(SegmentReader::open(fs, kPath, Checksums::kVerify));
        return reader->read(everything, Columns::kAll);
    };
    REQUIRE(read(good));
    for (std::size_t i = kSegmentHeaderBytes; i < good.size(); ++i) {
        CAPTURE(i);
        std::string bad = good;
        bad[i] = static_cast<char>(bad[i] ^ (1 << random.below(8)));
        const auto got = read(bad);
        REQUIRE_FALSE(got);
        // A flip in the trailer's format may look like a newer one; it is refused all the same.
        const bool format = i >= good.size() - 16 && i < good.size() - 12;
        CHECK((got.error().code == ErrorCode::kCorruption ||
               (format && got.error().code == ErrorCode::kUnavailable)));
        CHECK(got.error().message.find(kPath) != std::string::npos);
    }
    for (std::size_t size = 0; size < good.size(); size += 7) {
        CAPTURE(size);
        const auto got = read(good.substr(0, size));
        REQUIRE_FALSE(got);
        CHECK(got.error().code == ErrorCode::kCorruption);
    }
    // Damage that has its checksums right must not crash either.
    for (std::size_t i = kSegmentHeaderBytes; i < good.size(); ++i) {
        std::string bad = good;
        bad[i] = static_cast<char>(bad[i] ^ (1 << random.below(8)));
        put_file(fs, bad);
        const auto reader = SegmentReader::open(fs, kPath, Checksums::kIgnore);
        if (!reader) continue;
        const auto got = (*reader)->read(everything, Columns::kAll);
        if (got) CHECK(got->message.size() == got->rows());
    }
}

TEST_CASE("segment: a damaged block costs its own rows and nothing else") {
    os::SimFs fs(1);
    std::vector<std::string> texts;
    std::vector<Event> events;
    SeededRandom random(5);
    for (std::size_t i = 0; i < 40'000; ++i) {
        std::string& text = texts.emplace_back(20, ' ');  // No shape: plain blocks.
        for (char& c : text) c = static_cast<char>('!' + random.below(90));
    }
    for (std::size_t i = 0; i < texts.size(); ++i)
        events.push_back({static_cast<std::int64_t>(i), texts[i]});
    const auto day =
        split_by_day({.group = 3, .stream = 10, .ingestion_ms = 5'000, .events = events}, 1, 1);
    SegmentFooter footer;
    const std::string whole = encode(*day[0].rows, footer);
    REQUIRE(footer.blocks.size() >= 3);
    const RowFilter all{.range = {0, 40'000}};
    for (std::size_t bad = 0; bad < footer.blocks.size(); ++bad) {
        for (std::size_t c = 0; c < kSegmentColumns; ++c) {
            CAPTURE(bad);
            CAPTURE(c);
            std::string bytes = whole;
            bytes[footer.blocks[bad].columns[c].offset] ^= 0x20;
            put_file(fs, bytes);
            const auto reader = *SegmentReader::open(fs, kPath, Checksums::kVerify);
            CHECK(reader->read(all, Columns::kAll).error().code == ErrorCode::kCorruption);
            std::vector<DamagedBlock> damaged;
            const auto rows = reader->read(all, Columns::kAll, &damaged);
            REQUIRE(rows);
            REQUIRE(damaged.size() == 1);
            CHECK(damaged[0].block == bad);
            CHECK(damaged[0].rows == footer.blocks[bad].rows);
            CHECK(damaged[0].what.find(kPath) != std::string::npos);
            REQUIRE(rows->rows() == texts.size() - damaged[0].rows);
            REQUIRE(rows->message.size() == rows->rows());
            REQUIRE(rows->stream.size() == rows->rows());
            REQUIRE(rows->ingestion_ms.size() == rows->rows());
            bool same_rows = true;
            for (std::size_t i = 0; i < rows->rows(); ++i)
                same_rows = same_rows && rows->message[i] ==
                                             texts[static_cast<std::size_t>(rows->timestamp_ms[i])];
            CHECK(same_rows);
            // Some rows are wanted: those behind the damage are not forgotten.
            damaged.clear();
            const auto some =
                reader->read({.range = {0, 40'000}, .wanted = {30'000, RowsWanted::From::kOldest}},
                             Columns::kAll, &damaged);
            REQUIRE(some);
            CHECK(some->rows() >= std::min<std::size_t>(30'000, rows->rows()));
            // Read by stream: the stream's own column is looked at first.
            const StreamId only[] = {10};
            damaged.clear();
            const auto by_stream =
                reader->read({.range = {0, 40'000}, .streams = only}, Columns::kMessage, &damaged);
            REQUIRE(by_stream);
            CHECK(by_stream->rows() + (damaged.empty() ? 0 : damaged[0].rows) == texts.size());
        }
    }
}

TEST_CASE("segment: a newer format or message coding is refused by name") {
    SeededRandom random(9);
    os::SimFs fs(1);
    SegmentFooter footer;
    const std::string good = encode(*random_rows(random, 1, 5, 1, 5), footer);
    std::string newer = good;
    newer[newer.size() - 16] = kSegmentFormat + 1;
    put_file(fs, newer);
    auto got = SegmentReader::open(fs, kPath, Checksums::kVerify);
    REQUIRE_FALSE(got);
    CHECK(got.error().code == ErrorCode::kUnavailable);
    CHECK(got.error().message.find("format " + std::to_string(kSegmentFormat + 1)) !=
          std::string::npos);
    CHECK(got.error().message.find(kPath) != std::string::npos);

    footer.message_coding = 99;
    const auto trailer = *parse_trailer(
        kSegmentKind, std::string_view(good).substr(good.size() - kSegmentTrailerBytes),
        good.size());
    std::string other = good.substr(0, trailer.footer_offset);
    const std::string tail = encode_footer(footer);
    other += tail;
    append_trailer(
        kSegmentKind,
        {trailer.footer_offset, static_cast<std::uint32_t>(tail.size()), crypto::crc32c(tail)},
        other);
    put_file(fs, other);
    got = SegmentReader::open(fs, kPath, Checksums::kVerify);
    REQUIRE_FALSE(got);
    CHECK(got.error().code == ErrorCode::kUnavailable);
    CHECK(got.error().message.find("coding 99") != std::string::npos);
    CHECK(got.error().message.find(kPath) != std::string::npos);
}

}  // namespace sky::store
