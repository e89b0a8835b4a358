// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/aws/testing/invoke.h - a handler called as the dispatcher calls it once the
              // caller is known, and its answer.

#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "aws/call.h"

namespace sky::aws::testing {

/// Bodies are JSON whatever the service's clients speak: the shape tables are the same, and a table
/// of JSON reads best. The operation has to answer before its handler returns.
inline http::Response invoke(const ServiceDef& service, std::string_view operation,
                             std::string_view body, CallContext context = {}) {
    const OperationDef* row = nullptr;
    for (const OperationDef& def : service.operations)
        if (def.name == operation) row = &def;
    CAPTURE(operation);
    REQUIRE(row != nullptr);
    std::optional<http::Response> answer;
    auto state = std::make_unique<Call::State>();
    state->context = std::move(context);
    state->service = service.model;
    state->operation = service.model->find_operation(operation);
    REQUIRE(state->operation != nullptr);
    state->errors = service.errors;
    state->codec = &json11_codec();
    state->body = body;
    state->respond = [&](http::Response response) { answer = std::move(response); };
    row->handler.invoke(service.instance, Call(std::move(state)));
    REQUIRE(answer.has_value());
    return *std::move(answer);
}

/// "200 <body>", or "400 Type: message".
inline std::string told(const http::Response& response) {
    const std::string status = std::to_string(response.status) + " ";
    constexpr std::string_view kType = R"({"__type":")", kBetween = R"(","message":")";
    if (response.status == 200 || !response.body.starts_with(kType)) return status + response.body;
    std::string text = response.body.substr(kType.size());
    if (const auto at = text.find(kBetween); at != std::string::npos)
        text.replace(at, kBetween.size(), ": ");
    if (text.ends_with("\"}")) text.resize(text.size() - 2);
    return status + text;
}

/// told(invoke(...)).
inline std::string ask(const ServiceDef& service, std::string_view operation, std::string_view body,
                       CallContext context = {}) {
    return told(invoke(service, operation, body, std::move(context)));
}

}  // namespace sky::aws::testing
