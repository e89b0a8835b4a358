// SPDX-License-Identifier: Apache-2.0
#include "http/socket.h"

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <utility>

#include "base/log.h"
#include "http/limits.h"

namespace sky::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

Io outcome(const error_code& ec) {
    if (!ec) return Io::kDone;
    return ec == asio::error::operation_aborted ? Io::kCancelled : Io::kEnded;
}

class TcpSocket final : public Socket {
public:
    explicit TcpSocket(tcp::socket socket) : socket_(std::move(socket)) {}

    void open(IoDone done) override { done(Io::kDone, 0); }
    void read_some(char* into, std::size_t bytes_max, IoDone done) override {
        socket_.async_read_some(
            asio::buffer(into, bytes_max),
            [done = std::move(done)](const error_code& ec, std::size_t bytes) mutable {
                done(outcome(ec), bytes);
            });
    }
    void write(std::string_view first, std::string_view second, IoDone done) override {
        const std::array<asio::const_buffer, 2> parts = {
            asio::const_buffer(first.data(), first.size()),
            asio::const_buffer(second.data(), second.size())};
        asio::async_write(
            socket_, parts,
            [done = std::move(done)](const error_code& ec, std::size_t bytes) mutable {
                done(outcome(ec), bytes);
            });
    }
    void cancel() override {
        error_code ec;
        socket_.cancel(ec);
    }
    void shutdown_send() override {
        error_code ec;
        socket_.shutdown(tcp::socket::shutdown_send, ec);
    }
    bool has_unread() override {
        error_code ec;
        return socket_.available(ec) > 0;
    }
    void close() override {
        error_code ec;
        socket_.close(ec);
    }

private:
    tcp::socket socket_;
};

class TcpListener final : public Listener {
public:
    explicit TcpListener(EventLoop& own) : own_(own), acceptor_(own.io()), pause_(own.io()) {}

    Status open(const std::string& host, std::uint16_t port);
    std::uint16_t port() const override { return port_; }
    void start(std::vector<EventLoop*> loops, MayAccept may_accept, Accepted accepted) override {
        loops_ = std::move(loops);
        may_accept_ = std::move(may_accept);
        accepted_ = std::move(accepted);
        wait_for_knock();
    }
    void resume() override {
        own_.post([this] {
            if (std::exchange(held_, false)) wait_for_knock();
        });
    }
    void close() override {
        own_.post([this] {
            error_code ec;
            acceptor_.close(ec);
            pause_.cancel();
        });
    }

private:
    void wait_for_knock();
    void accept();
    void greet(tcp::socket socket, std::size_t loop);

    EventLoop& own_;
    tcp::acceptor acceptor_;
    asio::steady_timer pause_;
    std::uint16_t port_ = 0;
    std::vector<EventLoop*> loops_;
    MayAccept may_accept_;
    Accepted accepted_;
    std::size_t next_loop_ = 0;
    bool held_ = false;
};

Status TcpListener::open(const std::string& host, std::uint16_t port) {
    const std::string where = host + ":" + std::to_string(port);
    error_code ec;
    tcp::resolver resolver(own_.io());
    const auto found = resolver.resolve(
        host, std::to_string(port), tcp::resolver::passive | tcp::resolver::numeric_service, ec);
    if (ec || found.empty()) {
        return fail(ErrorCode::kInvalidArgument, "Not an address to listen on: " + where);
    }
    const tcp::endpoint endpoint = found.begin()->endpoint();
    acceptor_.open(endpoint.protocol(), ec);
    if (!ec) acceptor_.set_option(asio::socket_base::reuse_address(true), ec);
    if (!ec) acceptor_.bind(endpoint, ec);
    if (!ec) acceptor_.listen(asio::socket_base::max_listen_connections, ec);
    if (!ec) acceptor_.non_blocking(true, ec);
    if (ec == asio::error::address_in_use) {
        return fail(ErrorCode::kUnavailable, "The port is in use by another program: " + where);
    }
    if (ec) {
        return fail(ErrorCode::kUnavailable, "Cannot listen on " + where + ": " + ec.message());
    }
    port_ = acceptor_.local_endpoint(ec).port();
    return {};
}

void TcpListener::wait_for_knock() {
    if (!acceptor_.is_open()) return;
    acceptor_.async_wait(tcp::acceptor::wait_read, [this](const error_code& ec) {
        if (ec == asio::error::operation_aborted || !acceptor_.is_open()) return;
        if (!may_accept_()) {
            held_ = true;
            return;
        }
        accept();
    });
}

void TcpListener::accept() {
    const std::size_t loop = next_loop_++ % loops_.size();
    error_code ec;
    tcp::socket socket(loops_[loop]->io());
    acceptor_.accept(socket, ec);
    if (!ec) {
        greet(std::move(socket), loop);
    } else if (ec != asio::error::would_block && ec != asio::error::connection_aborted) {
        log::warn("http_accept_failed", {{"why", ec.message()}});
        pause_.expires_after(limits::kAcceptPause);
        pause_.async_wait([this](const error_code& wait_ec) {
            if (!wait_ec) wait_for_knock();
        });
        return;
    }
    wait_for_knock();
}

void TcpListener::greet(tcp::socket socket, std::size_t loop) {
    error_code ignored;
    const auto peer = socket.remote_endpoint(ignored);
    socket.set_option(tcp::no_delay(true), ignored);
    // A peer that vanished without a word must not hold a streamed answer for ever.
    socket.set_option(asio::socket_base::keep_alive(true), ignored);
    accepted_(std::make_unique<TcpSocket>(std::move(socket)), peer.address().to_string(ignored),
              loop);
}

}  // namespace

Result<std::unique_ptr<Listener>> Listener::bind(EventLoop& own, const std::string& host,
                                                 std::uint16_t port) {
    auto listener = std::make_unique<TcpListener>(own);
    SKY_TRY(listener->open(host, port));
    return listener;
}

}  // namespace sky::http
