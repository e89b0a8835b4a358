// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/aws/call.h - what a Call carries; for the dispatcher and for tests of handlers.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "aws/handler.h"
#include "http/server.h"

namespace sky::aws {

struct Call::State {
    CallContext context;
    const ServiceModel* service = nullptr;
    const OperationModel* operation = nullptr;
    ErrorMap errors = nullptr;
    const Codec* codec = nullptr;
    http::RequestHead head;
    std::vector<PathLabel> labels;  // REST.
    std::string body;               // Inflated.
    http::Respond respond;
    // Told once, before the answer is sent: the HTTP status and the wire type of an error (else
    // empty).
    std::function<void(int status, std::string_view error_type)> finished;
};

}  // namespace sky::aws
