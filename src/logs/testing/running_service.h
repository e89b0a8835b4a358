// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/logs/testing/running_service.h - the service over a real store on a simulated
              // disk, for tests.

#include <doctest/doctest.h>

#include <cstdint>
#include <memory>

#include "base/clock.h"
#include "base/random.h"
#include "logs/insights_engine.h"
#include "logs/service.h"
#include "os/sim_fs.h"
#include "store/store.h"

namespace sky::logs::testing {

struct RunningService {
    os::SimFs fs{1};
    ManualClock clock;
    SeededRandom store_random{7}, random{9};
    InsightsEngine engine;
    std::unique_ptr<store::Store> store;
    std::unique_ptr<Service> service;
    const Tenant me{"123456789012", "us-east-1"};

    explicit RunningService(std::int64_t now_ms) : clock(now_ms) { start(); }

    void start() {
        auto opened = store::Store::open({.directory = "/data",
                                          .fs = &fs,
                                          .clock = &clock,
                                          .random = &store_random,
                                          .memory_bytes = 64U << 20U,
                                          .wal_segment_bytes = 1U << 20U,
                                          .ballast_bytes = 64U << 10U});
        REQUIRE(opened.has_value());
        store = *std::move(opened);
        service = std::make_unique<Service>(*store, clock, random, engine, SessionOptions{});
    }
    void restart() {
        service.reset();
        REQUIRE(store->close().has_value());
        store.reset();
        start();
    }
};

}  // namespace sky::logs::testing
