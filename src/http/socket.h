// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/http/socket.h - bytes in and out of one peer, and the door they come through.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/event_loop.h"

namespace sky::http {

class TlsIdentity;  // http/tls.h

enum class Io : std::uint8_t {
    kDone,
    kCancelled,     // By cancel() or close(): whoever did it has decided what comes next.
    kEnded,         // The peer sends no more, or the connection is broken.
    kBadHandshake,  // open() alone: no TLS session came about.
    kNotTls,        // open() alone: the peer spoke something else; bytes now pass as they are.
};
/// Called on the socket's loop, never from within the call that it belongs to (open() may).
using IoDone = std::move_only_function<void(Io, std::size_t bytes)>;

/// One connected socket, plain or TLS. Belongs to one loop. At most one read and one write at a
/// time; the memory they name must last until they are done. Whoever waits keeps the socket alive
/// in `done`.
class Socket {
public:
    virtual ~Socket() = default;
    /// First: the TLS handshake, when there is one.
    virtual void open(IoDone done) = 0;
    virtual void read_some(char* into, std::size_t bytes_max, IoDone done) = 0;
    /// Writes both parts to their last byte; `bytes` counts both.
    virtual void write(std::string_view first, std::string_view second, IoDone done) = 0;
    virtual void cancel() = 0;
    /// No more will be written; the peer may go on.
    virtual void shutdown_send() = 0;
    /// Bytes have arrived that nobody read.
    virtual bool has_unread() = 0;
    virtual void close() = 0;
};

/// A bound and listening address. Threads: close() and resume() from any thread, the rest belongs
/// to the owner. Destroyed after its loop has ended.
class Listener {
public:
    /// Errors: kInvalidArgument (bad host), kUnavailable (port in use; names it).
    static Result<std::unique_ptr<Listener>> bind(EventLoop& own, const std::string& host,
                                                  std::uint16_t port);
    virtual ~Listener() = default;
    virtual std::uint16_t port() const = 0;

    /// Asked when somebody knocks; false leaves them in the kernel's queue until resume().
    using MayAccept = std::function<bool()>;
    using Accepted = std::function<void(std::unique_ptr<Socket>, std::string ip, std::size_t loop)>;
    /// Hands sockets to the loops in turn; with an identity they speak TLS. Both functions run on
    /// the listener's own loop.
    virtual void start(std::vector<EventLoop*> loops, std::shared_ptr<const TlsIdentity> identity,
                       MayAccept may_accept, Accepted accepted) = 0;
    virtual void resume() = 0;
    virtual void close() = 0;
};

}  // namespace sky::http
