// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/http/event_loop.h - one thread that moves bytes: posted work, a tick, sockets.

#include <chrono>
#include <functional>
#include <memory>

namespace boost::asio {
class io_context;
}

namespace sky::http {

/// Threads: post() from any thread; the rest belongs to the owner.
class EventLoop {
public:
    using Task = std::move_only_function<void()>;  // Runs on the loop; must not block.
    EventLoop();
    ~EventLoop();
    EventLoop(const EventLoop&) = delete;
    EventLoop& operator=(const EventLoop&) = delete;

    void start();
    void post(Task task);
    /// Runs `tick` again and again; once, before start().
    void every(std::chrono::milliseconds interval, Task tick);
    /// Ends the loop after what was posted so far. Pending operations are dropped, not called.
    void stop();
    /// Waits for the end that stop() began.
    void join();

    /// For the files that know the library: http/socket.cc.
    boost::asio::io_context& io();

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace sky::http
