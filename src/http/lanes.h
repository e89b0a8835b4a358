// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/http/lanes.h - the three bounded pools that run handlers.

#include <array>
#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "base/bounded_queue.h"
#include "http/server.h"

namespace sky::http {

/// Threads: every member may be called from any thread but a lane's own, where stop() is forbidden.
class Lanes {
public:
    using Task = std::move_only_function<void()>;  // Must not throw.
    explicit Lanes(const ServerOptions& options);
    ~Lanes() { stop(); }
    /// False when that lane's queue is full or the lanes are stopped; `task` is untouched then.
    bool try_run(Lane lane, Task&& task);
    std::size_t queued() const;
    /// Throws waiting tasks away unrun and waits for the running ones. Idempotent.
    void stop();

private:
    static constexpr std::size_t kCount = 3;
    std::array<std::unique_ptr<BoundedQueue<Task>>, kCount> queues_;
    std::atomic<bool> stopping_{false};
    std::vector<std::jthread> threads_;
};

}  // namespace sky::http
