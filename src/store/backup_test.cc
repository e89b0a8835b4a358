// SPDX-License-Identifier: Apache-2.0
#include "store/backup.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <limits>

#include "base/log.h"
#include "crypto/crc32c.h"
#include "os/sim_fs.h"
#include "store/store.h"

namespace {

using namespace sky;
using namespace sky::store;

constexpr std::int64_t kStartMs = 1'767'225'600'000;  // 2026-01-01, midnight.
const Tenant kTenant{"123456789012", "us-east-1"};
constexpr TimeRange kAlways{std::numeric_limits<std::int64_t>::min(),
                            std::numeric_limits<std::int64_t>::max()};

/// A store with events in segments and in the log alone.
struct Running {
    os::SimFs fs{1};
    ManualClock clock{kStartMs};
    SeededRandom random{7};
    std::unique_ptr<Store> store;
    GroupId group = 0;
    StreamId stream = 0;

    Result<std::unique_ptr<Store>> open(const std::string& directory) {
        return Store::open({.directory = directory,
                            .fs = &fs,
                            .clock = &clock,
                            .random = &random,
                            .memory_bytes = 8U << 20U,
                            .wal_segment_bytes = 64U << 10U,
                            .ballast_bytes = 16U << 10U,
                            .background = Background::kStepped});
    }
    Running() {
        log::configure(log::Level::kSilent, log::Format::kLogfmt);
        auto opened = open("/data");
        REQUIRE(opened.has_value());
        store = *std::move(opened);
        GroupInfo wanted;
        wanted.tenant = kTenant;
        wanted.name = "app";
        wanted.creation_ms = kStartMs;
        group = (*store->catalog().create_group(std::move(wanted)))->id;
        stream = store->catalog().create_stream(group, "stream", kStartMs)->id;
        for (int i = 0; i < 3; ++i) {
            put("sealed " + std::to_string(i));
            REQUIRE(store->flush().has_value());
        }
        for (int i = 0; i < 40; ++i) put("open " + std::to_string(i));
    }
    ~Running() {
        store.reset();
        log::configure(log::Level::kInfo, log::Format::kLogfmt);
    }

    void put(const std::string& message) {
        const Event event{kStartMs, message};
        Status answer = fail(ErrorCode::kInternal, "no answer");
        store->append({group, stream, kStartMs, std::span(&event, 1)},
                      [&](Status status) { answer = std::move(status); });
        store->step(BackgroundTask::kCommit);
        REQUIRE(answer.has_value());
    }
    std::vector<std::string> messages_of(const Store& from) const {
        std::vector<std::string> out;
        const auto snapshot = from.snapshot(group);
        REQUIRE(snapshot != nullptr);
        for (const Morsel& morsel : snapshot->morsels(kAlways)) {
            const auto rows = snapshot->read(morsel, kAlways, Columns::kMessage);
            REQUIRE(rows.has_value());
            for (std::size_t i = 0; i < rows->rows(); ++i) out.emplace_back(rows->message[i]);
        }
        std::sort(out.begin(), out.end());
        return out;
    }
    std::string read(const std::string& path) {
        return os::read_file(fs, path, 1U << 20U).value_or("");
    }
};

TEST_CASE("backup: restored, it holds what was acknowledged, and the store goes on") {
    Running running;
    const auto before = running.messages_of(*running.store);
    const auto made = running.store->backup("/backup");
    if (!made) MESSAGE(made.error().message);
    REQUIRE(made.has_value());
    CHECK(made->segments == 3);
    CHECK(made->linked == 3);
    // What comes later is not in it, and what goes later stays in it.
    running.put("later");
    REQUIRE(running.store->flush().has_value());
    REQUIRE(running.store->catalog().delete_group(kTenant, "app").has_value());
    REQUIRE(running.store->expire().has_value());

    // A power loss right behind it takes nothing away.
    running.store.reset();
    const auto fs = running.fs.after_power_loss(3);
    const auto restored = restore_backup(*fs, "/backup", "/restored");
    if (!restored) MESSAGE(restored.error().message);
    REQUIRE(restored.has_value());
    CHECK(restored->bytes == made->bytes);
    const auto again = restore_backup(*fs, "/backup", "/restored");
    REQUIRE(!again.has_value());
    CHECK(again.error().code == ErrorCode::kInvalidArgument);

    const auto store = Store::open({.directory = "/restored",
                                    .fs = fs.get(),
                                    .clock = &running.clock,
                                    .random = &running.random,
                                    .wal_segment_bytes = 64U << 10U,
                                    .ballast_bytes = 16U << 10U});
    REQUIRE(store.has_value());
    CHECK((*store)->stats().corrupt_wal_records == 0);
    CHECK(running.messages_of(**store) == before);
    // It is a store like any other: it takes events and survives the next start.
    const Event event{kStartMs, "after"};
    REQUIRE((*store)
                ->append_wait({running.group, running.stream, kStartMs, std::span(&event, 1)})
                .has_value());
    CHECK(running.messages_of(**store).size() == before.size() + 1);
    REQUIRE((*store)->close().has_value());
}

TEST_CASE("backup: appends and flushes between any two of its steps lose nothing") {
    for (std::uint64_t seed = 0; seed < 40; ++seed) {
        CAPTURE(seed);
        Running running;
        SeededRandom random(seed);
        const auto before = running.messages_of(*running.store);
        std::vector<std::string> sent;
        std::vector<std::string> texts(1000);
        std::size_t answered = 0;
        running.fs.set_between_calls([&] {
            if (random.below(3) == 0 && sent.size() < texts.size()) {
                // Two days in one batch: half of it must never be there.
                std::string& text = texts[sent.size()];
                text = "during " + std::to_string(sent.size());
                const std::array<Event, 2> events{Event{kStartMs - 1, text}, Event{kStartMs, text}};
                sent.push_back(text);
                running.store->append({running.group, running.stream, kStartMs, events},
                                      [&](const Status& status) { answered += status ? 1U : 0U; });
            }
            running.store->step(BackgroundTask::kCommit);
        });
        const auto made = running.store->backup("/backup");
        running.fs.set_between_calls(nullptr);
        REQUIRE(made.has_value());
        CHECK(answered == sent.size());
        CHECK(!sent.empty());
        REQUIRE(restore_backup(running.fs, "/backup", "/restored").has_value());
        const auto restored = running.open("/restored");
        REQUIRE(restored.has_value());
        CHECK((*restored)->stats().corrupt_wal_records == 0);
        const auto found = running.messages_of(**restored);
        CHECK(std::includes(found.begin(), found.end(), before.begin(), before.end()));
        for (const std::string& text : sent) {
            const auto count = std::count(found.begin(), found.end(), text);
            CHECK((count == 0 || count == 2));
        }
    }
}

TEST_CASE("backup: a disk that fails at any call leaves no backup and a living store") {
    std::uint64_t faults = 0;
    for (std::uint64_t call = 1;; ++call) {
        CAPTURE(call);
        Running running;
        const auto before = running.messages_of(*running.store);
        running.fs.fail_after(os::SimCalls::kAll, call, ErrorCode::kNoSpace);
        const auto made = running.store->backup("/backup");
        running.fs.fail_after(os::SimCalls::kAll, 0, ErrorCode::kNoSpace);
        running.put("after");
        CHECK(running.messages_of(*running.store).size() == before.size() + 1);
        if (!made) {
            ++faults;
            const auto restored = restore_backup(running.fs, "/backup", "/restored");
            // The manifest may be there when the last sync of its directory was the one to fail.
            if (restored) continue;
            CHECK(restored.error().code == ErrorCode::kInvalidArgument);
            continue;
        }
        if (running.store->backup("/backup2")->linked == made->linked && made->linked == 3) break;
        // A failed link falls back to a copy: also a backup.
        CHECK(made->linked < 3);
    }
    CHECK(faults > 20);
}

TEST_CASE("backup: what was changed or is missing is refused by name") {
    Running running;
    REQUIRE(running.store->backup("/backup").has_value());
    const std::string manifest = running.read("/backup/MANIFEST");
    const auto parsed = parse_manifest(manifest);
    REQUIRE(parsed.has_value());
    CHECK(render_manifest(*parsed) == manifest);
    for (const BackupFile& file : parsed->files) {
        CAPTURE(file.path);
        const std::string path = "/backup/" + file.path;
        REQUIRE(running.fs.flip_bit(path, file.bytes - 5, 1).has_value());
        const auto restored = restore_backup(running.fs, "/backup", "/restored");
        REQUIRE(!restored.has_value());
        CHECK(restored.error().code == ErrorCode::kCorruption);
        CHECK(restored.error().message.find(file.path) != std::string::npos);
        REQUIRE(running.fs.flip_bit(path, file.bytes - 5, 1).has_value());
    }
    REQUIRE(running.fs.unlink("/backup/" + parsed->files.back().path).has_value());
    CHECK(restore_backup(running.fs, "/backup", "/restored").error().code ==
          ErrorCode::kCorruption);
    CHECK(restore_backup(running.fs, "/nothing", "/restored").error().code ==
          ErrorCode::kInvalidArgument);
    CHECK(running.store->backup("/backup").error().code == ErrorCode::kInvalidArgument);
}

TEST_CASE("backup: manifests that are none") {
    const auto sealed = [](std::string text) {
        constexpr std::string_view kDigits = "0123456789abcdef";
        const std::uint32_t crc = crypto::crc32c(std::string_view(text));
        text += "end ";
        for (int shift = 28; shift >= 0; shift -= 4) text += kDigits[crc >> shift & 15U];
        return text + "\n";
    };
    const std::string head = "skywatch-backup 1\ncreated_ms 5\n";
    const std::string catalog = "whole 00000001 4096 catalog.sqlite\n";
    struct Case {
        const char* name;
        std::string text;
        bool good;
    };
    const Case cases[] = {
        {"smallest", sealed(head + catalog), true},
        {"empty", "", false},
        {"no end", head + catalog, false},
        {"end of another text", head + catalog + "end 00000000\n", false},
        {"text behind the end", sealed(head + catalog) + "x\n", false},
        {"no catalog", sealed(head), false},
        {"a newer format", sealed("skywatch-backup 2\ncreated_ms 5\n" + catalog), false},
        {"another file", sealed("something 1\ncreated_ms 5\n" + catalog), false},
        {"a path out of it", sealed(head + catalog + "whole 00000001 1 wal/../../x.wal\n"), false},
        {"an absolute path", sealed(head + catalog + "whole 00000001 1 /wal/1.wal\n"), false},
        {"a path of no kind", sealed(head + catalog + "whole 00000001 1 LOCK\n"), false},
        {"a name without number", sealed(head + catalog + "whole 00000001 1 wal/.wal\n"), false},
        {"a segment summed whole", sealed(head + catalog + "whole 00000001 1 segments/1.seg\n"),
         false},
        {"twice", sealed(head + catalog + catalog), false},
        {"a size that is none", sealed(head + "whole 00000001 -1 catalog.sqlite\n"), false},
    };
    for (const Case& c : cases) {
        CAPTURE(c.name);
        CHECK(parse_manifest(c.text).has_value() == c.good);
    }
}

}  // namespace
