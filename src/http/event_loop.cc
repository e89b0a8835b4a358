// SPDX-License-Identifier: Apache-2.0
#include "http/event_loop.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <exception>
#include <thread>

#include "base/log.h"

namespace sky::http {

namespace asio = boost::asio;

struct EventLoop::Impl {
    asio::io_context io{1};
    asio::executor_work_guard<asio::io_context::executor_type> work = asio::make_work_guard(io);
    asio::steady_timer timer{io};
    std::chrono::milliseconds interval{0};
    Task tick;
    std::thread thread;

    void wait_for_tick() {
        timer.expires_after(interval);
        timer.async_wait([this](const boost::system::error_code& ec) {
            if (ec) return;
            tick();
            wait_for_tick();
        });
    }
};

EventLoop::EventLoop() : impl_(std::make_unique<Impl>()) {}

EventLoop::~EventLoop() {
    stop();
    join();
}

void EventLoop::start() {
    impl_->thread = std::thread([this] {
        for (;;) {
            // The catch of this thread. The connection that ran out of memory has lost its pending
            // operation and is closed at its deadline.
            try {
                impl_->io.run();
                return;
            } catch (const std::exception& e) {
                log::error("http_loop_failed", {{"why", e.what()}});
            }
        }
    });
}

void EventLoop::post(Task task) { asio::post(impl_->io, std::move(task)); }

void EventLoop::every(std::chrono::milliseconds interval, Task tick) {
    impl_->interval = interval;
    impl_->tick = std::move(tick);
    impl_->wait_for_tick();
}

void EventLoop::stop() {
    post([this] {
        impl_->timer.cancel();
        impl_->work.reset();
        impl_->io.stop();
    });
}

void EventLoop::join() {
    if (impl_->thread.joinable()) impl_->thread.join();
}

boost::asio::io_context& EventLoop::io() { return impl_->io; }

}  // namespace sky::http
