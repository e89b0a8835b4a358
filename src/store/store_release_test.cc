// SPDX-License-Identifier: Apache-2.0
// How much log a store uses.
#include <doctest/doctest.h>

#include "base/log.h"
#include "store/testing/store_harness.h"

namespace sky::store {

using namespace testing;

TEST_CASE("store: a busy group's log goes on in the segments that it has") {
    log::configure(log::Level::kSilent, log::Format::kLogfmt);
    StoreHarness h(1);
    REQUIRE(h.open());
    const auto group = h.make("busy", "stream");
    REQUIRE(group);
    std::size_t most = 0;
    constexpr int kBatches = 200, kRows = 200;
    for (int i = 0; i < kBatches; ++i) {
        REQUIRE(h.append(*group, "a-view-with-a-name", kRows, kStoreStartMs + i * kRows));
        h.store->step(BackgroundTask::kSpareSegment);
        h.store->step(BackgroundTask::kFlush);
        most = std::max(most, h.fs->list("/data/wal")->size());
    }
    // Twenty-odd segments' worth was written; a chunk is half of one.
    CHECK(h.store->stats().wal_bytes > 20 * (64U << 10U));
    CHECK(most <= 4);
    CHECK(h.store->stats().live_segments > 10);
    CHECK(h.lines("busy").size() == kBatches * kRows);
    h.store.reset();
    REQUIRE(h.open());
    CHECK(h.lines("busy").size() == kBatches * kRows);
    log::configure(log::Level::kInfo, log::Format::kLogfmt);
}

}  // namespace sky::store
