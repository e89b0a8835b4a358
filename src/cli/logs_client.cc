// SPDX-License-Identifier: Apache-2.0
#include "cli/logs_client.h"

#include <fmt/core.h>

#include <array>
#include <charconv>
#include <thread>

#include "aws/event_stream.h"
#include "aws/sigv4.h"
#include "cli/commands.h"
#include "crypto/digest.h"
#include "http/client.h"
#include "http/tls.h"

namespace sky::cli {
namespace {

constexpr int kAttemptsMax = 5;  // As botocore's legacy mode (clients.md 5.8).
constexpr std::chrono::milliseconds kFirstPause{100};

// The codes of clients.md 5.8 that skywatch and CloudWatch Logs send for "later".
bool is_worth_another_try(const Answer& answer) {
    return answer.status >= 500 || answer.error_type == "ThrottlingException" ||
           answer.error_type == "Throttling" || answer.error_type == "ServiceUnavailableException";
}

std::string member(const json::Document& body, std::string_view name) {
    const auto value = body.root().find(name);
    return value && value->kind() == json::Kind::kString ? std::string(value->string())
                                                         : std::string();
}

// "com.amazonaws.logs#ResourceNotFoundException:http://..." -> "ResourceNotFoundException"
std::string bare_type(std::string type) {
    type = type.substr(0, type.find(':'));
    const auto hash = type.rfind('#');
    return hash == std::string::npos ? type : type.substr(hash + 1);
}

}  // namespace

Result<Endpoint> parse_endpoint(std::string_view url) {
    const std::string shown(url);
    constexpr std::string_view kHttp = "http://", kHttps = "https://";
    Endpoint out;
    if (url.starts_with(kHttps)) {
        out.is_https = true;
        out.port = 443;
        url.remove_prefix(kHttps.size());
    } else if (url.starts_with(kHttp)) {
        url.remove_prefix(kHttp.size());
    } else {
        return fail(ErrorCode::kInvalidArgument,
                    "An endpoint looks like http://HOST:PORT or https://HOST:PORT: " + shown);
    }
    const auto slash = url.find('/');
    out.host_header = url.substr(0, slash);
    if (slash != std::string_view::npos) out.base_path = url.substr(slash);
    while (out.base_path.ends_with('/')) out.base_path.pop_back();

    std::string_view host = out.host_header, port;
    const bool is_bracketed = host.starts_with('[') && host.find(']') != std::string_view::npos;
    const auto host_end = is_bracketed ? host.find(']') + 1 : std::min(host.find(':'), host.size());
    if (host_end < host.size()) {
        if (host[host_end] != ':') {
            return fail(ErrorCode::kInvalidArgument, "Not a host and port: " + shown);
        }
        port = host.substr(host_end + 1);
        const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), out.port);
        if (error != std::errc() || end != port.data() + port.size() || out.port == 0) {
            return fail(ErrorCode::kInvalidArgument, "Not a port number: " + shown);
        }
    }
    out.host = is_bracketed ? host.substr(1, host_end - 2) : host.substr(0, host_end);
    if (out.host.empty() || out.host.find_first_of("@?# ") != std::string::npos ||
        out.base_path.find_first_of("?# ") != std::string::npos) {
        return fail(ErrorCode::kInvalidArgument,
                    "An endpoint looks like http://HOST:PORT: " + shown);
    }
    return out;
}

LogsClient::LogsClient(Endpoint endpoint, ConnectionFlags flags, const Clock& clock,
                       std::shared_ptr<const http::TlsTrust> trust)
    : endpoint_(std::move(endpoint)),
      flags_(std::move(flags)),
      clock_(&clock),
      client_(std::make_unique<http::Client>(endpoint_.host, endpoint_.port,
                                             std::chrono::seconds(flags_.timeout_s),
                                             std::move(trust))) {}
LogsClient::LogsClient(LogsClient&&) noexcept = default;
LogsClient::~LogsClient() = default;

Result<LogsClient> LogsClient::connect(const ConnectionFlags& flags, const Clock& clock) {
    if (flags.access_key.empty() != flags.secret_key.empty()) {
        return fail(ErrorCode::kInvalidArgument,
                    "An access key needs its secret key, and the other way round.");
    }
    Endpoint endpoint = SKY_TRY(parse_endpoint(flags.endpoint));
    std::shared_ptr<const http::TlsTrust> trust;
    if (endpoint.is_https) trust = SKY_TRY(http::TlsTrust::load(flags.ca_bundle));
    return LogsClient(std::move(endpoint), flags, clock, std::move(trust));
}

Result<Answer> LogsClient::call(std::string_view operation, std::string_view body,
                                const Service& service) {
    std::chrono::milliseconds pause = kFirstPause;
    for (int attempt = 1;; ++attempt) {
        Result<Answer> answer = call_once(operation, body, service);
        if (!answer || answer->ok() || attempt == kAttemptsMax || !is_worth_another_try(*answer)) {
            return answer;
        }
        std::this_thread::sleep_for(pause);
        pause *= 2;
    }
}

Result<Answer> LogsClient::call_once(std::string_view operation, std::string_view body,
                                     const Service& service) {
    const http::RequestHead head = signed_head(operation, body, service);
    return answer_of(SKY_TRY(client_->send(head.method, head.target, head.headers, body)));
}

Result<Answer> LogsClient::follow(std::string_view operation, std::string_view body,
                                  const std::function<bool(const aws::EventMessage&)>& event) {
    const http::RequestHead head = signed_head(operation, body, kLogs);
    aws::EventDecoder decoder;
    Status read;
    bool enough = false;
    http::Response response =
        SKY_TRY(client_->follow(head.method, head.target, head.headers, body,
                                [&](const http::Response&, std::string_view bytes) {
                                    decoder.put(bytes);
                                    while (!enough && read) {
                                        auto message = decoder.next();
                                        if (!message) {
                                            read = std::unexpected(std::move(message).error());
                                        } else if (!*message) {
                                            return true;
                                        } else {
                                            enough = !event(**message);
                                        }
                                    }
                                    return false;
                                }));
    SKY_TRY(read);
    if (response.status == 200) {
        if (!enough && !decoder.between_messages())
            return fail(ErrorCode::kCorruption, "the event stream ends inside a message");
        response.body.clear();
    }
    return answer_of(response);
}

http::RequestHead LogsClient::signed_head(std::string_view operation, std::string_view body,
                                          const Service& service) const {
    http::RequestHead head;
    head.method = "POST";
    head.target = endpoint_.base_path + "/";
    head.headers.add("Host", endpoint_.host_header);
    head.headers.add("Content-Type", "application/x-amz-json-1.1");
    head.headers.add("X-Amz-Target", std::string(service.target_prefix) + std::string(operation));
    if (!flags_.access_key.empty()) {
        aws::sigv4::SigningCredentials credentials{flags_.access_key, flags_.secret_key};
        if (!flags_.session_token.empty()) credentials.session_token = flags_.session_token;
        aws::sigv4::SignOptions options;
        options.region = flags_.region;
        options.service = service.signing_name;
        options.now_ms = clock_->now_ms();
        for (auto& header :
             aws::sigv4::sign(head, crypto::sha256_hex(body), credentials, options)) {
            head.headers.add(std::move(header.name), std::move(header.value));
        }
    }
    return head;
}

Result<Answer> LogsClient::answer_of(const http::Response& response) const {
    auto document = json::Document::parse(response.body.empty() ? "{}" : response.body);
    if (!document) {
        return fail(ErrorCode::kInternal,
                    fmt::format("{} answered {} with something that is no JSON", flags_.endpoint,
                                response.status));
    }
    Answer answer{response.status, std::move(*document), {}, {}};
    if (response.status < 300) return answer;
    answer.error_type = bare_type(member(answer.body, "__type"));
    if (answer.error_type.empty()) answer.error_type = fmt::format("HTTP {}", response.status);
    answer.error_message = member(answer.body, "message");
    if (answer.error_message.empty()) answer.error_message = member(answer.body, "Message");
    return answer;
}

int report(const Error& error) {
    fmt::print(stderr, "skywatch: {}\n", error.message);
    switch (error.code) {
        case ErrorCode::kUnavailable:
        case ErrorCode::kDeadlineExceeded:
            return kExitUnreachable;
        case ErrorCode::kInvalidArgument:
            return kExitUsage;
        default:
            return kExitFailed;
    }
}

int report(const Answer& answer, const ConnectionFlags& flags) {
    fmt::print(stderr, "skywatch: {}: {}\n", answer.error_type, answer.error_message);
    constexpr std::array<std::string_view, 4> kKeyErrors = {
        "MissingAuthenticationTokenException", "UnrecognizedClientException",
        "InvalidSignatureException", "AccessDeniedException"};
    for (const std::string_view type : kKeyErrors) {
        if (answer.error_type != type) continue;
        if (flags.access_key.empty()) {
            fmt::print(stderr,
                       "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY to a key of this server "
                       "(the first start prints one; `skywatch key create` makes more).\n");
        } else {
            fmt::print(stderr, "The request was signed with the access key {}.\n",
                       flags.access_key);
        }
    }
    return kExitFailed;
}

}  // namespace sky::cli
