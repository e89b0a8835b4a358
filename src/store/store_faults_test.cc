// SPDX-License-Identifier: Apache-2.0
// Every call on the disk fails once: a fixed history is run again and again, each time with the
// next call failing, until no call is left.
#include <doctest/doctest.h>

#include "base/log.h"
#include "store/testing/store_harness.h"

namespace sky::store {

using namespace testing;

namespace {

/// What the outside was told.
struct Told {
    std::multiset<std::string> acknowledged, attempted;
    std::vector<std::string> errors;

    bool note(const Status& status) {
        if (!status) errors.push_back(status.error().message);
        return status.has_value();
    }
};

/// The history; ends where nothing more can be done.
void run(StoreHarness& h, Told& told) {
    std::pair<GroupId, StreamId> a, b;
    const auto append = [&](std::pair<GroupId, StreamId> to, const char* stream,
                            const std::string& name) {
        std::multiset<std::string> lines;
        for (int i = 0; i < 10; ++i)
            lines.insert(std::string(stream) + ": [profiler] GET " + name + " " +
                         std::to_string(i) + ".50 200");
        told.attempted.insert(lines.begin(), lines.end());
        if (to.first != 0 && told.note(h.append(to, name, 10)))
            told.acknowledged.insert(lines.begin(), lines.end());
    };
    const auto make = [&](const char* group, const char* stream) {
        const auto made = h.make(group, stream);
        if (!made) told.errors.push_back(made.error().message);
        return made.value_or(std::pair<GroupId, StreamId>{0, 0});
    };
    for (int life = 0; life < 2; ++life) {
        if (!told.note(h.open())) return;
        const std::string n = std::to_string(life);
        a = make("a", ("a" + n).c_str());
        b = make("b", ("b" + n).c_str());
        for (int checkpoint = 0; checkpoint < 3; ++checkpoint) {
            const std::string name = n + "-" + std::to_string(checkpoint);
            append(a, ("a" + n).c_str(), "one-" + name);
            append(b, ("b" + n).c_str(), "two-" + name);
            told.note(h.store->flush());
            h.store->step(BackgroundTask::kMerge);
        }
        make("c", "gone");
        const Status gone = h.store->catalog().delete_group(kStoreTenant, "c");
        if (!gone && gone.error().code != ErrorCode::kNotFound) told.note(gone);
        told.note(h.store->expire());
        h.store->step(BackgroundTask::kSpareSegment);
        h.store->step(BackgroundTask::kFlush);
        if (const auto saved = h.store->backup("/backup-" + n); !saved)
            told.errors.push_back(saved.error().message);
        append(a, ("a" + n).c_str(), "last-" + n);
        // Reading while calls fail is an error or the truth.
        for (const char* const group : {"a", "b"}) {
            const auto info = h.store->catalog().find_group(kStoreTenant, group);
            const auto snapshot = info ? h.store->snapshot(info->id) : nullptr;
            if (!snapshot) continue;
            for (const Morsel& morsel : snapshot->morsels(kAllTimes))
                if (const auto rows = snapshot->read(morsel, kAllTimes, Columns::kAll); !rows)
                    told.errors.push_back(rows.error().message);
        }
        told.note(h.store->close());
        h.store.reset();
    }
}

}  // namespace

TEST_CASE("faults: each call fails once; what was acknowledged stays, errors are clear") {
    log::configure(log::Level::kSilent, log::Format::kLogfmt);
    for (const ErrorCode code : {ErrorCode::kInternal, ErrorCode::kNoSpace}) {
        std::uint64_t calls = 0, with_errors = 0;
        for (bool met = true; met;) {
            ++calls;
            CAPTURE(calls);
            StoreHarness h(calls);
            Told told;
            h.fs->fail_after(os::SimCalls::kAll, calls, code);
            run(h, told);
            h.store.reset();
            for (const std::string& error : told.errors) CHECK(error.size() > 10);
            with_errors += told.errors.empty() ? 0U : 1U;
            // Once no call is left the fault is still waiting: the next call meets it.
            met = h.fs->list("/").has_value();
            h.fs->fail_after(os::SimCalls::kAll, 1'000'000'000, code);
            if (calls % 2 == 0) h.fs = h.fs->after_power_loss(calls);
            const Status opened = h.open();
            if (!opened) MESSAGE(opened.error().message);
            REQUIRE(opened);
            CHECK(h.store->stats().corrupt_wal_records == 0);
            CHECK(h.store->stats().damaged_blocks == 0);
            std::multiset<std::string> there = h.lines("a");
            there.merge(h.lines("b"));
            std::string wrong;
            for (const std::string& line : told.acknowledged)
                if (!there.contains(line)) wrong = "lost: " + line;
            for (const std::string& line : there)
                if (there.count(line) != 1 || !told.attempted.contains(line))
                    wrong = "stored twice, or by nobody: " + line;
            CHECK(wrong.empty());
            REQUIRE(h.store->close());
        }
        MESSAGE(std::string("calls: "), calls - 1, ", ", with_errors,
                " of them answered with an error");
        CHECK(calls > 300);
        CHECK(with_errors > 100);
    }
    log::configure(log::Level::kInfo, log::Format::kLogfmt);
}

}  // namespace sky::store
