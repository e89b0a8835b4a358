// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/http/server_core.h - what the connections of one server share.

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "http/body_permits.h"
#include "http/event_loop.h"
#include "http/lanes.h"
#include "http/server.h"

namespace sky::http {

class Connection;

struct Counters {
    std::atomic<std::uint64_t> requests{0}, responses_5xx{0}, refused{0}, bytes_in{0}, bytes_out{0},
        tls_handshakes{0}, tls_failures{0};
};

// One event loop with its connections. `connections` and the date belong to the loop's thread.
struct Loop {
    EventLoop events;
    std::list<std::shared_ptr<Connection>> connections;
    std::int64_t date_second = -1;
    std::string date;
};

// Pending answers hold it weakly: they may outlive it. Threads: every member from any thread.
struct Core {
    ServerOptions options;
    std::shared_ptr<Application> application;
    const Clock* clock = nullptr;
    std::shared_ptr<BodyPermits> permits;
    Counters counters;
    std::atomic<bool> draining{false};
    mutable std::mutex live_mutex;
    std::condition_variable live_changed;
    std::size_t live = 0;           // Connections; under live_mutex.
    std::function<void()> on_room;  // A connection has left a full server.
    std::vector<std::unique_ptr<Loop>> loops;
    std::unique_ptr<Lanes> lanes;

    /// The application's words for a refusal; nullopt when even that failed.
    std::optional<Response> refuse(const RequestHead& head, Refusal why);
    void enter();
    void leave();
    std::size_t live_now() const;
};

}  // namespace sky::http
