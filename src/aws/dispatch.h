// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/aws/dispatch.h - from an HTTP request to the operation's handler and back.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "aws/handler.h"
#include "aws/keys.h"
#include "aws/limits.h"
#include "base/clock.h"
#include "base/random.h"
#include "http/server.h"

namespace sky::aws {

/// A path of the server's own: /healthz, /metrics, /console/. A path that ends in '/' takes
/// everything below it as well.
struct OwnRoute {
    std::string path;
    http::Lane lane = http::Lane::kControl;
    std::uint64_t body_bytes_max = 0;
    std::function<void(http::Request, http::Respond)> handle;  // Called from many threads.
};

/// One call of an operation that only administrators may make and that changes something, whatever
/// came of it.
struct AuditRecord {
    std::int64_t time_ms = 0;
    std::string_view account, caller_arn, access_key_id, remote_ip, request_id;
    std::string_view action;      // "logs:DeleteLogGroup"
    std::string_view parameters;  // audit_parameters() of the request; a JSON object.
    int status = 0;
    std::string_view error_type;  // Empty for a success.
};

enum class Authentication : std::uint8_t { kSigV4, kOff };

struct DispatchOptions {
    Authentication authentication = Authentication::kSigV4;
    const KeySource* keys =
        nullptr;  // Null only with kOff. This and the next two outlive the dispatcher.
    const Clock* clock = nullptr;
    Random* random = nullptr;  // Request ids.
    std::string account;       // Tenant without authentication.
    std::string region;        // Tenant of requests without a credential scope.
    std::int64_t clock_window_ms = limits::kClockWindowMs;
    std::string path_prefix;  // "/aws" when the endpoint URL has that path; else empty.
    std::vector<OwnRoute> routes;
    /// Told before the answer is sent, on the thread that answers. May be empty.
    std::function<void(const AuditRecord&)> audit;
    /// Answers what is neither an own route nor an AWS request. Must not block.
    std::function<http::Response(const http::RequestHead&)> unknown_route;
};

/// Counts since start. An operation that is not built is counted under unknown_operations alone.
struct OperationCounts {
    std::string_view service, operation;
    std::uint64_t calls = 0, client_errors = 0, throttled = 0, server_errors = 0;
    std::uint64_t body_bytes = 0;
    std::uint64_t microseconds =
        0;  // From the start of handling to the answer, all calls together.
};
struct DispatchCounts {
    std::vector<OperationCounts> operations;  // Of the built ones, by service and name.
    std::uint64_t unknown_operations = 0, authentication_failures = 0, refused = 0;
};

/// Threads: every member may be called from any thread.
class Dispatcher final : public http::Application {
public:
    explicit Dispatcher(DispatchOptions options);
    ~Dispatcher() override;

    /// Begins to serve these; until then every AWS request is answered with
    /// ServiceUnavailableException (503, SDKs retry). Once. Rows that are unsorted or not in the
    /// model abort.
    void open(std::vector<ServiceDef> services);
    /// From now on new AWS requests get ServiceUnavailableException; own routes go on.
    void drain();

    DispatchCounts counts() const;

    http::HeadDecision on_head(const http::RequestHead& head) override;
    void handle(http::Request request, http::Respond respond) override;
    http::Response refuse(const http::RequestHead& head, http::Refusal why) override;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace sky::aws
