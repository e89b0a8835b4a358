// SPDX-License-Identifier: Apache-2.0
#pragma once  // bench/signed_caller.h - one connection that makes signed calls of the logs service.

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "aws/sigv4.h"
#include "base/clock.h"
#include "crypto/digest.h"
#include "http/client.h"

namespace sky::bench {

/// Belongs to one thread. `clock` dates the signatures and outlives the caller.
class SignedCaller {
public:
    SignedCaller(std::uint16_t port, aws::sigv4::SigningCredentials credentials,
                 const Clock& clock = system_clock())
        : client_("127.0.0.1", port, std::chrono::seconds(60)),
          host_("127.0.0.1:" + std::to_string(port)),
          credentials_(std::move(credentials)),
          clock_(clock) {}

    Result<http::Response> call(const std::string& operation, std::string_view body) {
        return call(operation, body, crypto::sha256_hex(body));
    }
    /// With the body's SHA-256, which somebody else has computed.
    Result<http::Response> call(const std::string& operation, std::string_view body,
                                const std::string& hash) {
        http::RequestHead head;
        head.method = "POST";
        head.target = "/";
        head.headers.add("Host", host_);
        head.headers.add("Content-Type", "application/x-amz-json-1.1");
        head.headers.add("X-Amz-Target", "Logs_20140328." + operation);
        const aws::sigv4::SignOptions options{"us-east-1", "logs", clock_.now_ms()};
        http::Headers headers;
        for (const http::Header& h : head.headers.list()) {
            if (h.name != "Host") headers.add(h.name, h.value);
        }
        for (http::Header& h : aws::sigv4::sign(head, hash, credentials_, options)) {
            headers.add(std::move(h.name), std::move(h.value));
        }
        return client_.send("POST", "/", headers, body);
    }

    /// An unsigned page, such as /metrics; empty when there is none.
    std::string page(const std::string& path) {
        auto answer = client_.send("GET", path, {}, {});
        return answer && answer->status == 200 ? std::move(answer->body) : std::string();
    }

private:
    http::Client client_;
    std::string host_;
    aws::sigv4::SigningCredentials credentials_;
    const Clock& clock_;
};

}  // namespace sky::bench
