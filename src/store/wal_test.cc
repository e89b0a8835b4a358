// SPDX-License-Identifier: Apache-2.0
#include "store/wal.h"

#include <doctest/doctest.h>

#include <limits>
#include <set>

#include "base/random.h"
#include "crypto/crc32c.h"
#include "os/sim_fs.h"
#include "store/limits.h"

namespace {

using namespace sky;
using namespace sky::store;

constexpr std::uint64_t kSegment = 64U << 10U;

WalOptions options_for(os::Fs& fs, Random& random, std::uint64_t released = 0,
                       std::uint64_t segments = 4) {
    return {&fs, "/wal", &random, kSegment, segments * kSegment, 10, released, 0};
}

struct Replayed {
    std::vector<std::string> payloads;
    std::vector<std::uint64_t> lsns;
    Status operator()(const WalRecord& record) {
        payloads.emplace_back(record.payload);
        lsns.push_back(record.lsn);
        return {};
    }
};

/// Commits the texts as one call a time until all are written.
Result<std::size_t> write(Wal& wal, const std::vector<std::string>& texts,
                          std::uint64_t next_sequence = 1) {
    std::vector<std::span<const std::byte>> parts;
    for (const auto& text : texts) parts.push_back(std::as_bytes(std::span(text)));
    std::vector<WalEntry> entries(texts.size());
    for (std::size_t i = 0; i < texts.size(); ++i) {
        entries[i].payload_bytes = static_cast<std::uint32_t>(texts[i].size());
        entries[i].payload_crc = crypto::crc32c(std::string_view(texts[i]));
        entries[i].parts = std::span(parts).subspan(i, 1);
        entries[i].first_sequence = next_sequence;
    }
    std::size_t done = 0;
    while (done < entries.size())
        done += SKY_TRY(wal.commit(std::span(entries).subspan(done), next_sequence));
    return done;
}

std::unique_ptr<Wal> must_open(os::Fs& fs, Random& random, Replayed& replayed,
                               std::uint64_t released = 0, std::uint64_t segments = 4) {
    auto wal = Wal::open(options_for(fs, random, released, segments), std::ref(replayed));
    if (!wal) MESSAGE(wal.error().message);
    REQUIRE(wal.has_value());
    return *std::move(wal);
}

void make_base(os::SimFs& fs) {
    REQUIRE(fs.make_directory("/wal").has_value());
    REQUIRE(fs.fsync_directory("/").has_value());
}

TEST_CASE("wal: what was committed comes back in order, over several segments and starts") {
    os::SimFs fs(1);
    SeededRandom random(2);
    make_base(fs);
    std::vector<std::string> expected;
    for (int start = 0; start < 4; ++start) {
        Replayed replayed;
        const auto wal = must_open(fs, random, replayed);
        CHECK(replayed.payloads == expected);
        CHECK(wal->next_lsn() == expected.size() + 1);
        CHECK(wal->recovery().lost.empty());
        CHECK(!wal->recovery().torn);
        for (int i = 0; i < 5; ++i) {
            std::vector<std::string> texts;
            for (std::uint64_t k = 0; k <= random.below(3); ++k)
                texts.push_back(std::string(random.below(3000), static_cast<char>('a' + start)));
            REQUIRE(write(*wal, texts).has_value());
            expected.insert(expected.end(), texts.begin(), texts.end());
        }
    }
}

TEST_CASE("wal: released segments are recycled and the log stays within its bound") {
    os::SimFs fs(1);
    SeededRandom random(2);
    make_base(fs);
    Replayed replayed;
    const auto wal = must_open(fs, random, replayed);
    for (int i = 0; i < 200; ++i) {
        REQUIRE(write(*wal, {std::string(20'000, 'x')}).has_value());
        if (wal->pressed()) wal->release(wal->next_lsn() - 1);
    }
    CHECK(wal->stats().total_bytes <= 4 * kSegment);
    CHECK(wal->stats().syncs == 200);
    CHECK(wal->next_lsn() == 201);
}

TEST_CASE("wal: full and not released answers kThrottled, and goes on after a release") {
    os::SimFs fs(1);
    SeededRandom random(2);
    make_base(fs);
    Replayed replayed;
    const auto wal = must_open(fs, random, replayed);
    Result<std::size_t> got = 0;
    for (int i = 0; i < 100 && got; ++i) got = write(*wal, {std::string(50'000, 'x')});
    REQUIRE(!got);
    CHECK(got.error().code == ErrorCode::kThrottled);
    wal->release(wal->next_lsn() - 1);
    CHECK(write(*wal, {"after"}).has_value());
}

TEST_CASE("wal: a full disk answers kNoSpace and writing recovers when space returns") {
    os::SimFs fs(1);
    SeededRandom random(2);
    make_base(fs);
    Replayed replayed;
    const auto wal = must_open(fs, random, replayed);
    REQUIRE(write(*wal, {"first"}).has_value());
    fs.set_capacity(fs.used_bytes());
    Result<std::size_t> got = 0;
    for (int i = 0; i < 20 && got; ++i) got = write(*wal, {std::string(30'000, 'x')});
    REQUIRE(!got);
    CHECK(got.error().code == ErrorCode::kNoSpace);
    CHECK(!wal->read_only());
    fs.set_capacity(1 << 20);
    CHECK(write(*wal, {"after"}).has_value());
}

TEST_CASE("wal: a failed sync retires the segment, a second one makes the log read-only") {
    os::SimFs fs(1);
    SeededRandom random(2);
    make_base(fs);
    Replayed replayed;
    {
        const auto wal = must_open(fs, random, replayed);
        REQUIRE(write(*wal, {"one"}).has_value());
        fs.set_fault_rate(os::SimCalls::kSyncs, 1'000'000, ErrorCode::kInternal);
        CHECK(write(*wal, {"two"}).error().code == ErrorCode::kInternal);
        fs.set_fault_rate(os::SimCalls::kSyncs, 0, ErrorCode::kInternal);
        REQUIRE(write(*wal, {"three"}).has_value());
        CHECK(!wal->read_only());
        CHECK(wal->stats().failures == 1);
        // Segments ahead are made by another thread: fail only what this one syncs.
        fs.set_fault_rate(os::SimCalls::kSyncs, 1'000'000, ErrorCode::kInternal);
        CHECK(!write(*wal, {"four"}).has_value());
        CHECK(!write(*wal, {"five"}).has_value());
        CHECK(wal->read_only());
        fs.set_fault_rate(os::SimCalls::kSyncs, 0, ErrorCode::kInternal);
        CHECK(write(*wal, {"six"}).error().code == ErrorCode::kUnavailable);
    }
    const auto wal = must_open(fs, random, replayed);
    REQUIRE(replayed.payloads.size() >= 2);
    CHECK(replayed.payloads[0] == "one");
    // "two" was answered with an error, and the segment after it voids it.
    CHECK(replayed.payloads[1] == "three");
    CHECK(wal->recovery().lost.empty());
}

TEST_CASE("wal: two crashes in a row never bring back a record that was dropped in between") {
    for (std::uint64_t seed = 0; seed < 400; ++seed) {
        CAPTURE(seed);
        auto fs = std::make_unique<os::SimFs>(seed);
        SeededRandom random(seed);
        make_base(*fs);
        std::vector<std::string> acknowledged;
        std::set<std::string> dropped;
        std::set<std::string> unanswered;
        int serial = 0;
        for (int life = 0; life < 4; ++life) {
            Replayed replayed;
            {
                const auto wal = must_open(*fs, random, replayed, 0, 100);
                CHECK(wal->recovery().lost.empty());
                // Everything acknowledged, in order; unanswered ones may be there, but not those
                // that an earlier start has not found.
                std::size_t at = 0;
                for (const auto& payload : replayed.payloads) {
                    CHECK(!dropped.contains(payload.substr(0, 8)));
                    if (at < acknowledged.size() && acknowledged[at] == payload) {
                        ++at;
                    } else {
                        CHECK(unanswered.contains(payload.substr(0, 8)));
                    }
                }
                CHECK(at == acknowledged.size());
                for (const auto& payload : replayed.payloads)
                    unanswered.erase(payload.substr(0, 8));
                dropped.insert(unanswered.begin(), unanswered.end());
                unanswered.clear();
                acknowledged = replayed.payloads;

                fs->cut_power_after(1 + random.below(30));
                while (fs->powered()) {
                    std::vector<std::string> texts;
                    for (std::uint64_t k = 0; k <= random.below(4); ++k) {
                        std::string text = std::to_string(10'000'000 + serial++);
                        text.append(random.below(6000), 'x');
                        texts.push_back(std::move(text));
                    }
                    if (write(*wal, texts)) {
                        acknowledged.insert(acknowledged.end(), texts.begin(), texts.end());
                    } else {
                        for (const auto& text : texts) unanswered.insert(text.substr(0, 8));
                        // A group may have been split: what came before the failure counts.
                        for (const auto& text : texts) {
                            if (wal->next_lsn() > acknowledged.size() + 1) {
                                acknowledged.push_back(text);
                                unanswered.erase(text.substr(0, 8));
                            }
                        }
                    }
                    if (serial > 400) fs->cut_power();
                }
            }
            fs = fs->after_power_loss(random.next_u64());
        }
    }
}

TEST_CASE("wal: damage is told from a torn tail, and its range is named") {
    struct Case {
        const char* name;
        int group;             // Damage is done to this one of ten groups; -1: the segment header.
        std::uint64_t offset;  // Inside the group.
        bool tail;             // It is the newest group: cannot be told from a torn write.
        std::vector<std::uint64_t> lost;
    };
    // Each group: header 64, record header 32, payload of 3,900 bytes, so one block.
    const Case cases[] = {
        {"payload in the middle", 4, 200, false, {5}},
        {"record header in the middle", 4, 70, false, {5}},
        {"group header in the middle", 4, 20, false, {5}},
        {"first group", 0, 200, false, {1}},
        {"second to last", 8, 200, false, {9}},
        {"last payload", 9, 200, true, {10}},
        {"last group header", 9, 20, true, {10}},
        {"segment header", -1, 20, false, {}},
    };
    for (const Case& c : cases) {
        CAPTURE(c.name);
        os::SimFs fs(1);
        SeededRandom random(2);
        make_base(fs);
        {
            Replayed none;
            const auto wal = must_open(fs, random, none);
            for (int i = 0; i < 5; ++i) {
                const auto letter = static_cast<char>('a' + 2 * i);
                REQUIRE(write(*wal, {std::string(3900, letter)}).has_value());
                REQUIRE(
                    write(*wal, {std::string(3900, static_cast<char>(letter + 1))}).has_value());
            }
        }
        const std::uint64_t at =
            c.group < 0 ? c.offset : 4096 + static_cast<std::uint64_t>(c.group) * 4096 + c.offset;
        REQUIRE(fs.flip_bit("/wal/00000001.wal", at, 3).has_value());
        Replayed replayed;
        const auto wal = must_open(fs, random, replayed);
        CHECK(wal->recovery().torn == (c.tail && c.offset == 200));
        std::vector<std::uint64_t> lost;
        for (const auto& range : wal->recovery().lost)
            for (std::uint64_t lsn = range.first_lsn; lsn <= range.last_lsn; ++lsn) {
                lost.push_back(lsn);
                CHECK(range.file == "/wal/00000001.wal");
            }
        CHECK(lost == (c.tail ? std::vector<std::uint64_t>{} : c.lost));
        CHECK(wal->recovery().damaged_headers.size() == (c.group < 0 ? 1 : 0));
        std::vector<std::uint64_t> expected;
        for (std::uint64_t lsn = 1; lsn <= 10; ++lsn)
            if (std::find(c.lost.begin(), c.lost.end(), lsn) == c.lost.end())
                expected.push_back(lsn);
        CHECK(replayed.lsns == expected);
        CHECK(wal->next_lsn() == (c.tail ? 10 : 11));
    }
}

TEST_CASE("wal: damage inside a group that a later segment follows loses one record only") {
    os::SimFs fs(1);
    SeededRandom random(2);
    make_base(fs);
    {
        Replayed none;
        const auto wal = must_open(fs, random, none);
        REQUIRE(write(*wal, {"one", "two", "three"}).has_value());
    }
    {
        Replayed none;
        const auto wal = must_open(fs, random, none);
        REQUIRE(write(*wal, {"four"}).has_value());
    }
    REQUIRE(fs.flip_bit("/wal/00000001.wal", 4096 + 64 + 32 + 3 + 32, 0).has_value());
    Replayed replayed;
    const auto wal = must_open(fs, random, replayed);
    CHECK(replayed.payloads == std::vector<std::string>{"one", "three", "four"});
    REQUIRE(wal->recovery().lost.size() == 1);
    CHECK(wal->recovery().lost[0].first_lsn == 2);
    CHECK(wal->recovery().lost[0].last_lsn == 2);
}

TEST_CASE("wal: a whole lost segment is named, released ones are not missed") {
    os::SimFs fs(1);
    SeededRandom random(2);
    make_base(fs);
    for (const char* text : {"one", "two", "three"}) {
        Replayed none;
        REQUIRE(write(*must_open(fs, random, none), {text}).has_value());
    }
    std::vector<std::string> files = *fs.list("/wal");
    REQUIRE(files.size() >= 3);
    REQUIRE(fs.unlink("/wal/" + files[1]).has_value());
    {
        Replayed replayed;
        const auto wal = must_open(fs, random, replayed);
        CHECK(replayed.lsns == std::vector<std::uint64_t>{1, 3});
        REQUIRE(wal->recovery().lost.size() == 1);
        CHECK(wal->recovery().lost[0].first_lsn == 2);
    }
    Replayed replayed;
    const auto wal = must_open(fs, random, replayed, 2);
    CHECK(replayed.lsns == std::vector<std::uint64_t>{3});
    CHECK(wal->recovery().lost.empty());
}

TEST_CASE("wal: a damaged header before released records alone is no corruption") {
    // What a torn first write into a recycled segment leaves: half a header, old groups behind it.
    os::SimFs fs(1);
    SeededRandom random(2);
    make_base(fs);
    std::uint64_t written = 0;
    {
        Replayed replayed;
        const auto wal = must_open(fs, random, replayed);
        for (int i = 0; i < 5; ++i) REQUIRE(write(*wal, {std::string(3'900, 'x')}).has_value());
        written = wal->next_lsn() - 1;
    }
    REQUIRE(fs.flip_bit("/wal/00000001.wal", 20, 3).has_value());
    Replayed replayed;
    const auto wal = must_open(fs, random, replayed, written);
    CHECK(replayed.payloads.empty());
    CHECK(wal->recovery().damaged_headers.empty());
    CHECK(wal->recovery().lost.empty());
    REQUIRE(write(*wal, {"next"}).has_value());
    CHECK(wal->next_lsn() == written + 2);
}

TEST_CASE("wal: a newer format is refused by name") {
    os::SimFs fs(1);
    SeededRandom random(2);
    make_base(fs);
    {
        auto file = *fs.open("/wal/00000001.wal", os::OpenMode::kCreate);
        auto header = encode(WalSegmentHeader{1, 1, 1, kSegment, 0});
        header[8] = std::byte{2};
        const std::uint32_t crc = crypto::crc32c(std::span(header).first(60));
        std::memcpy(header.data() + 60, &crc, 4);
        REQUIRE(file->pwrite(0, header).has_value());
        REQUIRE(file->truncate(kSegment).has_value());
    }
    Replayed none;
    const auto wal = Wal::open(options_for(fs, random), std::ref(none));
    REQUIRE(!wal.has_value());
    CHECK(wal.error().code == ErrorCode::kUnavailable);
    CHECK(wal.error().message.find("00000001.wal") != std::string::npos);
}

TEST_CASE("wal: a clean mark is the last record of an orderly end") {
    os::SimFs fs(1);
    SeededRandom random(2);
    make_base(fs);
    {
        Replayed none;
        const auto wal = must_open(fs, random, none);
        REQUIRE(write(*wal, {"one"}).has_value());
        WalEntry mark;
        mark.kind = WalRecordKind::kClean;
        REQUIRE(wal->commit(std::span(&mark, 1), 2).has_value());
    }
    Replayed replayed;
    CHECK(must_open(fs, random, replayed)->recovery().clean);
    CHECK(replayed.lsns.size() == 2);
    REQUIRE(write(*must_open(fs, random, replayed, 2), {"two"}).has_value());
    CHECK(!must_open(fs, random, replayed, 2)->recovery().clean);
}

}  // namespace
