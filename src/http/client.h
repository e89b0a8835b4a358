// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/http/client.h - a small blocking HTTP/1.1 client with keep-alive, for the
              // command line and tests.

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "http/message.h"

namespace sky::http {

class TlsTrust;  // http/tls.h

/// One connection, opened on first use and again after the server closed it. Belongs to one thread.
class Client {
public:
    /// With `trust` it speaks TLS and the server's certificate must be for `host`.
    Client(std::string host, std::uint16_t port, std::chrono::milliseconds timeout,
           std::shared_ptr<const TlsTrust> trust = nullptr);
    Client(Client&&) noexcept;
    ~Client();
    /// Adds Host and Content-Length. Errors: kUnavailable (cannot connect, or does not trust who
    /// answers; says where and why), kInternal (broken answer), kDeadlineExceeded.
    Result<Response> send(const std::string& method, const std::string& target,
                          const Headers& headers, std::string_view body);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace sky::http
