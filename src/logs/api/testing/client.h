// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/logs/api/testing/client.h - calls operations with JSON, over a store in memory.

#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "aws/testing/invoke.h"
#include "logs/api/operations.h"
#include "logs/service.h"
#include "logs/testing/fake_engine.h"
#include "logs/testing/memory_store.h"

namespace sky::logs::api::testing {

inline constexpr std::int64_t kNow = 1'767'225'600'000;  // 2026-01-01T00:00:00Z

struct Client {
    ManualClock clock{kNow};
    logs::testing::MemoryStore store;
    SeededRandom random{1};
    logs::testing::FakeEngine engine;
    Service service{store,
                    clock,
                    random,
                    engine,
                    SessionOptions{},
                    no_encryption_keys(),
                    sky::store::Background::kStepped};
    std::string account = "123456789012", region = "us-east-1";

    /// The whole response. Every operation here answers before its handler returns.
    http::Response call(std::string_view operation, std::string_view body) {
        aws::CallContext context;
        context.account = account;
        context.region = region;
        context.request_id = "R";
        context.now_ms = clock.now_ms();
        return aws::testing::invoke(service_definition(service), operation, body, context);
    }
    /// "200 <body>", or "400 Type: message".
    std::string ask(std::string_view operation, std::string_view body) {
        return aws::testing::told(call(operation, body));
    }
};

}  // namespace sky::logs::api::testing
