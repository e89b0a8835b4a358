// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/http/server.h - HTTP/1.1 server: event loops move bytes, handlers run on
              // bounded pools.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "base/clock.h"
#include "base/result.h"
#include "http/message.h"

namespace sky::http {

class TlsIdentity;  // http/tls.h

/// Sends the one response of a request; callable once, from any thread, also after the handler
/// returned.
using Respond = std::function<void(Response)>;

/// Which bounded pool a request runs on; a slow query never keeps a write waiting.
enum class Lane : std::uint8_t { kControl, kWrite, kRead };

/// The handler's answer to a head, given on an event loop before a body byte is read: must not
/// block.
struct Admit {
    Lane lane;
    std::uint64_t body_bytes_max;  // A longer body is rejected with kBodyTooLarge.
    /// Whose request it is: waiting requests of different tenants take turns.
    std::string tenant = {};
    /// Given back as RequestHead::decided with the same request, so that nothing is read twice.
    std::shared_ptr<const void> decided = {};
};
using HeadDecision =
    std::variant<Admit, Response>;  // A Response ends the request without its body.

/// Why the server itself cannot run a request; the application renders it in the protocol spoken.
enum class Refusal : std::uint8_t {
    kQueueFull,
    kBodyTooLarge,
    kOutOfBodyMemory,
    kBodyTimeout,
    kMalformed,
    kDraining,
    kHandlerFailed
};

/// What the application gives the server. Threads: every member is called from many threads.
class Application {
public:
    virtual ~Application() = default;
    virtual HeadDecision on_head(const RequestHead& head) = 0;
    /// Runs on a pool thread. Must call `respond` once, now or later.
    virtual void handle(Request request, Respond respond) = 0;
    /// The head of a request that was admitted with `decided` comes without its header fields.
    virtual Response refuse(const RequestHead& head, Refusal why) = 0;
};

struct ServerOptions {
    std::string host = "127.0.0.1";
    std::uint16_t port = 0;  // 0 picks a free one.
    unsigned loops = 1;      // Event loop threads.
    unsigned control_threads = 2, write_threads = 2, read_threads = 4;
    /// Waiting requests a lane. A tenant may hold as many places as it leaves free: alone half of
    /// them, so that there is always room for another.
    std::size_t queue_max = 2048;
    std::uint64_t body_memory_bytes = 256ULL
                                      << 20;  // Permits for bodies of all connections together.
    /// At this many, newcomers wait in the kernel's queue while the longest idle ones are closed.
    std::size_t connections_max = 12'000;
    std::size_t head_bytes_max = 32 * 1024;
    std::chrono::milliseconds head_timeout{15'000}, body_timeout{60'000}, idle_timeout{120'000},
        write_timeout{60'000};
    /// How long a request waits for body memory before kOutOfBodyMemory.
    std::chrono::milliseconds body_memory_wait{5'000};
    std::shared_ptr<const TlsIdentity> tls;  // Null: plain HTTP. With it, only TLS.
    const Clock* clock =
        nullptr;  // For the Date header; outlives the server. Null: system_clock().
};

struct ServerStats {
    std::uint64_t requests, responses_5xx, refused, bytes_in, bytes_out;
    std::uint64_t tls_handshakes, tls_failures;  // A peer that does not speak TLS is a failure.
    std::uint64_t connections, queued;           // Gauges.
};

class Server {
public:
    /// Binds and starts. Errors: kInvalidArgument (bad host), kUnavailable (port in use; names it).
    static Result<std::unique_ptr<Server>> start(const ServerOptions& options,
                                                 std::shared_ptr<Application> application);
    virtual ~Server() = default;  // Drains.
    virtual std::uint16_t port() const = 0;
    /// Stops accepting, answers what has begun (at most `grace`), closes. Idempotent.
    virtual void drain(std::chrono::milliseconds grace) = 0;
    virtual ServerStats stats() const = 0;
};

/// Inflates a gzip (or zlib) body. Errors: kInvalidArgument (not gzip, truncated), kLimitExceeded
/// (above the cap).
Result<std::string> gunzip(std::string_view compressed, std::uint64_t inflated_bytes_max);

}  // namespace sky::http
