// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/http/lanes.h - the three bounded pools that run handlers.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <thread>
#include <vector>

#include "http/fair_queue.h"
#include "http/server.h"

namespace sky::http {

/// Threads: every member may be called from any thread but a lane's own, where stop() is forbidden.
class Lanes {
public:
    using Task = std::move_only_function<void()>;  // Must not throw.
    explicit Lanes(const ServerOptions& options);
    ~Lanes() { stop(); }
    /// False when that lane has no place for the tenant or the lanes are stopped; `task` is
    /// untouched then. `cost` is what it takes from the tenant's share, in bytes.
    bool try_run(Lane lane, std::string_view tenant, std::uint64_t cost, Task&& task);
    std::size_t queued() const;
    /// Throws waiting tasks away unrun and waits for the running ones. Idempotent.
    void stop();

private:
    static constexpr std::size_t kCount = 3;
    std::array<std::unique_ptr<FairQueue<Task>>, kCount> queues_;
    std::atomic<bool> stopping_{false};
    std::vector<std::jthread> threads_;
};

}  // namespace sky::http
