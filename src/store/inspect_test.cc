// SPDX-License-Identifier: Apache-2.0
#include "store/inspect.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "base/log.h"
#include "os/sim_fs.h"
#include "store/catalog_schema.h"
#include "store/store.h"

namespace sky::store {
namespace {

constexpr std::int64_t kStartMs = 1'767'225'600'000;

struct Bench {
    os::SimFs fs{1};
    ManualClock clock{kStartMs};
    SeededRandom random{7};

    // Three events in the log, and as many in a segment when `sealed`.
    explicit Bench(bool sealed) {
        log::configure(log::Level::kSilent, log::Format::kLogfmt);
        auto store = Store::open({.directory = "/data",
                                  .fs = &fs,
                                  .clock = &clock,
                                  .random = &random,
                                  .memory_bytes = 64U << 20U,
                                  .wal_segment_bytes = 64U << 10U,
                                  .ballast_bytes = 64U << 10U});
        REQUIRE(store);
        GroupInfo wanted;
        wanted.tenant = {"123456789012", "us-east-1"};
        wanted.name = "g";
        const auto group = (*store)->catalog().create_group(std::move(wanted));
        REQUIRE(group);
        const auto stream = (*store)->catalog().create_stream((*group)->id, "s", kStartMs);
        REQUIRE(stream);
        for (const char* text : {"one", "two", "three"}) {
            const Event event{kStartMs, text};
            REQUIRE((*store)->append_wait({(*group)->id, stream->id, kStartMs, {&event, 1}}));
        }
        if (sealed) REQUIRE((*store)->close());
        store->reset();
        log::configure(log::Level::kInfo, log::Format::kLogfmt);
    }

    std::string catalog(const char* sql) {
        SqliteVfs vfs(fs);
        REQUIRE((*SqliteDb::open(vfs, "/data/catalog.sqlite"))->execute(sql));
        return worst();
    }
    // The gravest finding as "subject: what"; "" when all is fine.
    std::string worst() {
        auto findings = inspect_directory(fs, "/data");
        std::ranges::stable_sort(findings, std::greater<>(), &Finding::grade);
        REQUIRE_FALSE(findings.empty());
        const Finding& first = findings.front();
        CHECK(first.remedy.empty() == (first.grade == Grade::kFine));
        if (first.grade == Grade::kFine) return {};
        return (first.grade == Grade::kFault ? "fault " : "warning ") + first.subject + ": " +
               first.what;
    }
};

bool contains(const std::string& text, const std::string& part) {
    CAPTURE(text);
    return text.find(part) != std::string::npos;
}

std::string said(const std::vector<Finding>& findings, std::string_view subject) {
    for (const Finding& finding : findings)
        if (finding.subject == subject) return finding.what;
    return {};
}

}  // namespace

TEST_CASE("inspect: a sound directory, as a kill and as an orderly end leave it") {
    Bench killed(false);
    CHECK(killed.worst().empty());
    auto findings = inspect_directory(killed.fs, "/data");
    CHECK(contains(said(findings, "write-ahead log"), "reads 3 records"));
    CHECK(contains(said(findings, "segments"), "0 in 0 files"));
    Bench closed(true);
    CHECK(closed.worst().empty());
    findings = inspect_directory(closed.fs, "/data");
    CHECK(contains(said(findings, "write-ahead log"), "reads 0 records"));
    CHECK(contains(said(findings, "segments"), "1 in 1 files, 3 events"));
    CHECK(contains(said(findings, "catalog"), "sound, format " + std::to_string(kCatalogFormat)));

    os::SimFs empty(1);
    REQUIRE(empty.make_directory("/data"));
    CHECK(said(inspect_directory(empty, "/data"), "catalog") ==
          "none yet; the first start makes it");
    CHECK_FALSE(empty.stat("/data/catalog.sqlite"));  // Looking makes nothing.
}

TEST_CASE("inspect: damage is named with its file, its range and its remedy") {
    {
        Bench bench(false);
        REQUIRE(bench.fs.flip_bit("/data/wal/00000001.wal", 2 * 4096 + 100, 1));
        const std::string worst = bench.worst();
        CHECK(contains(worst, "fault write-ahead log: acknowledged records 2 to 2"));
        CHECK(contains(worst, "/data/wal/00000001.wal"));
    }
    {
        Bench bench(false);
        REQUIRE(bench.fs.flip_bit("/data/wal/00000001.wal", 9, 1));  // The header's format.
        CHECK(contains(bench.worst(), "warning write-ahead log: the header is damaged"));
    }
    {
        Bench bench(true);
        CHECK(bench.worst().empty());
        const auto names = *bench.fs.list("/data/segments");
        REQUIRE(names.size() == 1);
        const std::string path = "/data/segments/" + names[0];
        const std::uint64_t bytes = bench.fs.stat(path)->bytes;
        REQUIRE(bench.fs.flip_bit(path, bytes - 40, 1));
        CHECK(contains(bench.worst(), path));
        REQUIRE(bench.fs.unlink(path));
        CHECK(contains(bench.worst(), "fault segments: "));
    }
    {
        Bench bench(true);
        CHECK(contains(bench.catalog("UPDATE meta SET value=99 WHERE key='format'"), "newer"));
    }
    {
        Bench bench(true);
        CHECK(contains(bench.catalog("UPDATE segments SET row_count=4"),
                       "not the file that the catalog lists"));
    }
    {
        Bench bench(true);
        const auto file = *bench.fs.open("/data/catalog.sqlite", os::OpenMode::kReadWrite);
        REQUIRE(file->pwrite(0, std::string(8'192, 'x')));
        CHECK(contains(bench.worst(), "fault catalog: "));
    }
    {
        Bench bench(true);
        REQUIRE(bench.fs.open("/data/wal/7.wal.damaged", os::OpenMode::kCreate));
        CHECK(contains(bench.worst(), "wal/*.damaged"));
        REQUIRE(os::make_directories(bench.fs, "/data/quarantine"));
        REQUIRE(bench.fs.open("/data/quarantine/9.record", os::OpenMode::kCreate));
        CHECK(contains(said(inspect_directory(bench.fs, "/data"), "quarantine"), "1 records"));
    }
}

}  // namespace sky::store
