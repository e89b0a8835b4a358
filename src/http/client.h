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

/// One connection, opened on first use and again after the server closed it. Belongs to one thread.
class Client {
public:
    Client(std::string host, std::uint16_t port, std::chrono::milliseconds timeout);
    Client(Client&&) noexcept;
    ~Client();
    /// Adds Host and Content-Length. Errors: kUnavailable (cannot connect; says where), kInternal
    /// (broken answer), kDeadlineExceeded.
    Result<Response> send(const std::string& method, const std::string& target,
                          const Headers& headers, std::string_view body);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace sky::http
