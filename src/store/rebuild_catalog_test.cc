// SPDX-License-Identifier: Apache-2.0
#include "store/rebuild_catalog.h"

#include <doctest/doctest.h>

#include <map>

#include "base/log.h"
#include "store/inspect.h"
#include "store/testing/store_harness.h"

namespace sky::store {

using namespace testing;

namespace {

struct Quiet {
    Quiet() { log::configure(log::Level::kSilent, log::Format::kLogfmt); }
    ~Quiet() { log::configure(log::Level::kInfo, log::Format::kLogfmt); }
};

constexpr const char* kCatalog = "/data/catalog.sqlite";

/// Segments of their own, packs, merged packs, dead segments in living packs, and a log tail.
std::map<std::string, std::multiset<std::string>> fill(StoreHarness& h) {
    REQUIRE(h.open());
    std::vector<std::pair<GroupId, StreamId>> to;
    for (int g = 0; g < 4; ++g)
        to.push_back(*h.make("group-" + std::to_string(g), "stream-" + std::to_string(g)));
    const auto other = *h.make("group-0", "other");
    for (int checkpoint = 0; checkpoint < 5; ++checkpoint) {
        for (std::size_t g = 0; g < to.size(); ++g)
            REQUIRE(h.append(to[g], std::to_string(checkpoint) + "-" + std::to_string(g), 20,
                             kStoreStartMs + checkpoint * 40'000'000));
        REQUIRE(h.append(other, "other-" + std::to_string(checkpoint), 10));
        REQUIRE(h.store->flush());
        if (checkpoint % 2 == 1) h.store->step(BackgroundTask::kMerge);
    }
    REQUIRE(h.append(to[0], "alone", 20));
    REQUIRE(h.store->flush());
    // A group of the same name begins anew: nothing of the old one may come back.
    REQUIRE(h.store->catalog().delete_group(kStoreTenant, "group-3"));
    to[3] = *h.make("group-3", "stream-3");
    for (std::size_t g = 0; g < to.size(); ++g) REQUIRE(h.append(to[g], "again", 5));
    REQUIRE(h.store->flush());
    for (std::size_t g = 0; g < to.size(); ++g) REQUIRE(h.append(to[g], "in the log", 5));
    CHECK(h.store->stats().merges > 0);
    std::map<std::string, std::multiset<std::string>> out;
    for (int g = 0; g < 4; ++g) {
        const std::string name = "group-" + std::to_string(g);
        out[name] = h.lines(name);
    }
    CHECK(out["group-0"].size() == 5 * 30 + 20 + 10);
    CHECK(out["group-3"].size() == 10);
    return out;
}

}  // namespace

TEST_CASE("rebuild: a store without its catalog shows every event again") {
    const Quiet quiet;
    StoreHarness h(1);
    const auto before = fill(h);
    h.store.reset();
    REQUIRE(h.fs->unlink(kCatalog));
    const auto rebuilt = rebuild_catalog(*h.fs, "/data");
    REQUIRE(rebuilt);
    CHECK(rebuilt->groups == 4);
    CHECK(rebuilt->streams == 5);
    CHECK(rebuilt->superseded_groups == 1);
    CHECK(rebuilt->unreadable.empty());
    CHECK(rebuilt->kept_as.empty());
    for (const Finding& finding : inspect_directory(*h.fs, "/data", Depth::kFull))
        CHECK_MESSAGE(finding.grade == Grade::kFine, finding.what);
    REQUIRE(h.open());
    CHECK(h.store->stats().corrupt_wal_records == 0);
    for (const auto& [name, lines] : before) {
        CAPTURE(name);
        CHECK(h.lines(name) == lines);
    }
    // Numbers go on above all that were ever given.
    const auto fresh = h.make("fresh", "stream");
    REQUIRE(fresh);
    CHECK(fresh->first > h.store->catalog().find_group(kStoreTenant, "group-3")->id);
    REQUIRE(h.append(*fresh, "new", 5));
    REQUIRE(h.store->flush());
    REQUIRE(h.store->close());
    h.store.reset();
    REQUIRE(h.open());
    CHECK(h.lines("fresh").size() == 5);
    CHECK(h.lines("group-1") == before.at("group-1"));
}

TEST_CASE("rebuild: what it refuses, and what it keeps") {
    const Quiet quiet;
    StoreHarness h(1);
    CHECK(rebuild_catalog(*h.fs, "/nothing").error().code == ErrorCode::kInvalidArgument);
    const auto before = fill(h);
    h.store.reset();
    CHECK(rebuild_catalog(*h.fs, "/data").error().code == ErrorCode::kAlreadyExists);
    {
        const auto file = *h.fs->open(kCatalog, os::OpenMode::kReadWrite);
        REQUIRE(file->pwrite(0, std::string(8'192, 'x')));
    }
    const auto rebuilt = rebuild_catalog(*h.fs, "/data");
    REQUIRE(rebuilt);
    CHECK(rebuilt->kept_as == std::string(kCatalog) + ".damaged1");
    CHECK(h.fs->stat(rebuilt->kept_as));
    REQUIRE(h.open());
    CHECK(h.lines("group-1") == before.at("group-1"));
}

TEST_CASE("rebuild: a damaged file costs its own events, a power loss nothing") {
    const Quiet quiet;
    for (std::uint64_t cut = 0; cut <= 60; cut += 3) {
        CAPTURE(cut);
        StoreHarness h(cut + 1);
        const auto before = fill(h);
        REQUIRE(h.store->flush());
        h.store.reset();
        REQUIRE(h.fs->unlink(kCatalog));
        REQUIRE(h.fs->fsync_directory("/data"));
        if (cut != 0) {
            h.fs->cut_power_after(cut);
            static_cast<void>(rebuild_catalog(*h.fs, "/data"));
            h.fs = h.fs->after_power_loss(cut);
        }
        const auto rebuilt = rebuild_catalog(*h.fs, "/data");
        const bool was_done =
            !rebuilt && rebuilt.error().code == ErrorCode::kAlreadyExists && cut != 0;
        if (!rebuilt && !was_done) MESSAGE(rebuilt.error().message);
        REQUIRE((rebuilt.has_value() || was_done));
        REQUIRE(h.open());
        CHECK(h.lines("group-2") == before.at("group-2"));
        CHECK(h.lines("group-3") == before.at("group-3"));
    }
    StoreHarness h(1);
    const auto before = fill(h);
    h.store.reset();
    REQUIRE(h.fs->unlink(kCatalog));
    const auto names = *h.fs->list("/data/segments");
    const std::string bad = "/data/segments/" + names.back();
    REQUIRE(h.fs->flip_bit(bad, h.fs->stat(bad)->bytes - 5, 1));
    const auto rebuilt = rebuild_catalog(*h.fs, "/data");
    REQUIRE(rebuilt);
    REQUIRE(rebuilt->unreadable.size() == 1);
    CHECK(rebuilt->unreadable[0].find(bad) != std::string::npos);
    REQUIRE(h.open());
    CHECK(h.lines("group-1").size() >= before.at("group-1").size() / 2);
}

}  // namespace sky::store
