// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/http/client.h - a small blocking HTTP/1.1 client with keep-alive, for the
              // command line and tests.

#include <chrono>
#include <cstdint>
#include <functional>
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
    /// As send(), for an answer that goes on and on: the body of a 200 is given to `piece` as it
    /// comes and is not in the Response; false ends the answer and closes the connection. The
    /// timeout is that of each wait for more.
    using Piece = std::function<bool(const Response& head, std::string_view bytes)>;
    Result<Response> follow(const std::string& method, const std::string& target,
                            const Headers& headers, std::string_view body, const Piece& piece);

private:
    Result<Response> exchange(const std::string& method, const std::string& target,
                              const Headers& headers, std::string_view body, const Piece& piece);
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace sky::http
