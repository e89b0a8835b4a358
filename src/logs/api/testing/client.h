// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/logs/api/testing/client.h - calls operations with JSON, over a store in memory.

#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "aws/call.h"
#include "logs/api/errors.h"
#include "logs/api/operations.h"
#include "logs/api/shapes/service.h"
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
    Service service{store, clock, random, engine, SessionOptions{}};
    std::string account = "123456789012", region = "us-east-1";

    /// The whole response. Every operation here answers before its handler returns.
    http::Response call(std::string_view operation, std::string_view body) {
        const aws::OperationDef* row = nullptr;
        for (const aws::OperationDef& def : operations())
            if (def.name == operation) row = &def;
        REQUIRE(row != nullptr);
        std::optional<http::Response> answer;
        auto state = std::make_unique<aws::Call::State>();
        state->context.account = account;
        state->context.region = region;
        state->context.request_id = "R";
        state->context.now_ms = clock.now_ms();
        state->service = &service_model();
        state->operation = service_model().find_operation(operation);
        state->errors = &map_error;
        state->codec = &aws::json11_codec();
        state->body = body;
        state->respond = [&](http::Response response) { answer = std::move(response); };
        row->handler.invoke(&service, aws::Call(std::move(state)));
        REQUIRE(answer.has_value());
        return *std::move(answer);
    }
    /// "200 <body>", or "400 Type: message".
    std::string ask(std::string_view operation, std::string_view body) {
        const http::Response response = call(operation, body);
        std::string out = std::to_string(response.status) + " " + response.body;
        const std::string_view type = R"({"__type":")";
        if (response.status == 200 || !response.body.starts_with(type)) return out;
        std::string text = response.body.substr(type.size());
        const std::string_view between = R"(","message":")";
        if (const auto at = text.find(between); at != std::string::npos)
            text.replace(at, between.size(), ": ");
        if (text.ends_with("\"}")) text.resize(text.size() - 2);
        return std::to_string(response.status) + " " + text;
    }
};

}  // namespace sky::logs::api::testing
