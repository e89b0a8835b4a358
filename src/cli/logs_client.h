// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/cli/logs_client.h - calls operations as any SDK does: JSON 1.1, signed.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "json/document.h"

namespace sky::aws {
struct EventMessage;
}
namespace sky::http {
class Client;
class TlsTrust;
struct RequestHead;
struct Response;
}  // namespace sky::http

namespace sky::cli {

struct ConnectionFlags {
    std::string endpoint = "http://127.0.0.1:4580";
    std::string region = "us-east-1";
    std::string access_key, secret_key, session_token;  // No access key: requests go unsigned.
    std::string ca_bundle;        // PEM file to believe https endpoints by; empty: the system's.
    std::int64_t timeout_s = 60;  // Of one call.
};

struct Endpoint {
    std::string host;  // IPv6 without brackets.
    std::uint16_t port = 80;
    bool is_https = false;
    std::string host_header;
    std::string base_path;  // Without the last slash.
};
/// Errors: kInvalidArgument (neither http:// nor https://, bad port).
Result<Endpoint> parse_endpoint(std::string_view url);

/// What the service said. `error_type` is empty for a success.
struct Answer {
    int status;
    json::Document body;
    std::string error_type, error_message;
    bool ok() const { return error_type.empty(); }
};

/// Which of the services behind the one port is called.
struct Service {
    std::string_view signing_name, target_prefix;
};
inline constexpr Service kLogs{"logs", "Logs_20140328."};
inline constexpr Service kAdministration{"skywatch", "Skywatch_20261121."};  // admin/api/model.json

/// One connection. Belongs to one thread.
class LogsClient {
public:
    /// Errors: kInvalidArgument (endpoint, file of authorities).
    static Result<LogsClient> connect(const ConnectionFlags& flags, const Clock& clock);
    LogsClient(LogsClient&&) noexcept;
    ~LogsClient();

    /// `operation` without prefix ("StartQuery"); `body` is JSON. Throttled calls and 5xx are
    /// repeated a few times with growing pauses. Errors: kUnavailable, kDeadlineExceeded (no
    /// connection or answer), kInternal (the answer is no JSON: not skywatch or CloudWatch).
    Result<Answer> call(std::string_view operation, std::string_view body,
                        const Service& service = kLogs);
    /// Calls an operation that answers with events, and gives each to `event` until that answers
    /// false or the stream ends; then the answer is a success without members. Not repeated.
    /// Errors: as call(), kCorruption (a broken stream).
    Result<Answer> follow(std::string_view operation, std::string_view body,
                          const std::function<bool(const aws::EventMessage&)>& event);

private:
    LogsClient(Endpoint endpoint, ConnectionFlags flags, const Clock& clock,
               std::shared_ptr<const http::TlsTrust> trust);
    Result<Answer> call_once(std::string_view operation, std::string_view body,
                             const Service& service);
    http::RequestHead signed_head(std::string_view operation, std::string_view body,
                                  const Service& service) const;
    Result<Answer> answer_of(const http::Response& response) const;

    Endpoint endpoint_;
    ConnectionFlags flags_;
    const Clock* clock_;
    std::unique_ptr<http::Client> client_;
};

/// Prints a failed call on stderr, with a hint where one helps; returns the exit code.
int report(const Error& error);
int report(const Answer& answer, const ConnectionFlags& flags);

}  // namespace sky::cli
