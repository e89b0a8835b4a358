// SPDX-License-Identifier: Apache-2.0
#include "http/socket.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <utility>

#include "base/log.h"
#include "http/limits.h"
#include "http/tls.h"

namespace sky::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

Io outcome(const error_code& ec) {
    if (!ec) return Io::kDone;
    return ec == asio::error::operation_aborted ? Io::kCancelled : Io::kEnded;
}

// TLS works on the descriptor itself (http/tls.h); the library only waits for it.
class TcpSocket final : public Socket {
public:
    TcpSocket(tcp::socket socket, std::shared_ptr<const TlsIdentity> identity)
        : socket_(std::move(socket)), identity_(std::move(identity)) {}

    void open(IoDone done) override;
    void read_some(char* into, std::size_t bytes_max, IoDone done) override;
    void write(std::string_view first, std::string_view second, IoDone done) override;
    void cancel() override {
        error_code ec;
        socket_.cancel(ec);
    }
    void shutdown_send() override {
        if (tls_) tls_->say_goodbye();
        error_code ec;
        socket_.shutdown(tcp::socket::shutdown_send, ec);
    }
    bool has_unread() override {
        error_code ec;
        return (tls_ && tls_->has_pending()) || socket_.available(ec) > 0;
    }
    void close() override {
        if (tls_) tls_->say_goodbye();
        error_code ec;
        socket_.close(ec);
    }

private:
    // Bytes of a TLS write that are still to go. One record carries a small head and body together.
    struct Outgoing {
        std::string joined;
        std::string_view first, second;
        std::size_t bytes = 0;
        IoDone done;
    };
    // Whether a step runs inside the call of the member that began it: its end is then posted.
    enum class Inside : std::uint8_t { kCall, kLoop };

    void greet(IoDone done);
    void handshake(IoDone done);
    void decrypt(char* into, std::size_t bytes_max, IoDone done, Inside inside);
    void encrypt(Outgoing out, Inside inside);
    void end(Inside inside, IoDone done, Io io, std::size_t bytes) {
        if (inside == Inside::kLoop) return done(io, bytes);
        asio::post(socket_.get_executor(),
                   [done = std::move(done), io, bytes]() mutable { done(io, bytes); });
    }
    template <class Next>
    void wait(TlsSession::Step step, Next next) {
        const auto what =
            step == TlsSession::Step::kWantRead ? tcp::socket::wait_read : tcp::socket::wait_write;
        socket_.async_wait(what, std::move(next));
    }
    static bool must_wait(TlsSession::Step step) {
        return step == TlsSession::Step::kWantRead || step == TlsSession::Step::kWantWrite;
    }

    tcp::socket socket_;
    std::shared_ptr<const TlsIdentity> identity_;
    std::unique_ptr<TlsSession> tls_;
};

void TcpSocket::open(IoDone done) {
    if (!identity_) return done(Io::kDone, 0);
    error_code ec;
    socket_.native_non_blocking(true, ec);
    socket_.async_wait(tcp::socket::wait_read,
                       [this, done = std::move(done)](const error_code& wait_ec) mutable {
                           if (wait_ec) return done(outcome(wait_ec), 0);
                           greet(std::move(done));
                       });
}

void TcpSocket::greet(IoDone done) {
    unsigned char first = 0;
    const ssize_t got = ::recv(socket_.native_handle(), &first, 1, MSG_PEEK);
    if (got <= 0) return done(Io::kEnded, 0);
    if (first != kTlsFirstByte) {
        identity_ = nullptr;
        return done(Io::kNotTls, 0);
    }
    tls_ = TlsSession::accept(*identity_, socket_.native_handle());
    identity_ = nullptr;
    if (!tls_) return done(Io::kEnded, 0);
    handshake(std::move(done));
}

void TcpSocket::handshake(IoDone done) {
    const TlsSession::Step step = tls_->handshake();
    if (!must_wait(step)) {
        return done(step == TlsSession::Step::kDone ? Io::kDone : Io::kBadHandshake, 0);
    }
    wait(step, [this, done = std::move(done)](const error_code& ec) mutable {
        if (ec) return done(outcome(ec), 0);
        handshake(std::move(done));
    });
}

void TcpSocket::read_some(char* into, std::size_t bytes_max, IoDone done) {
    if (tls_) return decrypt(into, bytes_max, std::move(done), Inside::kCall);
    socket_.async_read_some(
        asio::buffer(into, bytes_max),
        [done = std::move(done)](const error_code& ec, std::size_t bytes) mutable {
            done(outcome(ec), bytes);
        });
}

void TcpSocket::decrypt(char* into, std::size_t bytes_max, IoDone done, Inside inside) {
    const std::size_t turn_bytes = std::min(bytes_max, limits::kTlsTurnBytes);
    std::size_t have = 0;
    TlsSession::Step step = TlsSession::Step::kDone;
    while (step == TlsSession::Step::kDone && have < turn_bytes) {
        std::size_t bytes = 0;
        step = tls_->read(into + have, turn_bytes - have, bytes);
        if (step == TlsSession::Step::kDone) have += bytes;
    }
    if (have > 0) return end(inside, std::move(done), Io::kDone, have);
    if (!must_wait(step)) return end(inside, std::move(done), Io::kEnded, 0);
    wait(step, [this, into, bytes_max, done = std::move(done)](const error_code& ec) mutable {
        if (ec) return done(outcome(ec), 0);
        decrypt(into, bytes_max, std::move(done), Inside::kLoop);
    });
}

void TcpSocket::write(std::string_view first, std::string_view second, IoDone done) {
    if (tls_) {
        Outgoing out{{}, first, second, first.size() + second.size(), std::move(done)};
        if (!second.empty() && out.bytes <= limits::kTlsJoinedBytesMax) {
            out.joined.reserve(out.bytes);
            out.joined.append(first).append(second);
            out.first = out.second = {};
        }
        return encrypt(std::move(out), Inside::kCall);
    }
    const std::array<asio::const_buffer, 2> parts = {
        asio::const_buffer(first.data(), first.size()),
        asio::const_buffer(second.data(), second.size())};
    asio::async_write(socket_, parts,
                      [done = std::move(done)](const error_code& ec, std::size_t bytes) mutable {
                          done(outcome(ec), bytes);
                      });
}

void TcpSocket::encrypt(Outgoing out, Inside inside) {
    for (;;) {
        // Not a view kept in `out`: a short string's bytes move with it.
        std::string_view data = out.joined;
        if (data.empty()) data = out.first.empty() ? out.second : out.first;
        if (data.empty()) return end(inside, std::move(out.done), Io::kDone, out.bytes);
        std::size_t bytes = 0;
        const TlsSession::Step step = tls_->write(data, bytes);
        if (step == TlsSession::Step::kDone) {
            if (!out.joined.empty()) {
                out.joined.erase(0, bytes);
            } else {
                (out.first.empty() ? out.second : out.first).remove_prefix(bytes);
            }
            continue;
        }
        if (!must_wait(step)) return end(inside, std::move(out.done), Io::kEnded, 0);
        return wait(step, [this, out = std::move(out)](const error_code& ec) mutable {
            if (ec) return out.done(outcome(ec), 0);
            encrypt(std::move(out), Inside::kLoop);
        });
    }
}

class TcpListener final : public Listener {
public:
    explicit TcpListener(EventLoop& own) : own_(own), acceptor_(own.io()), pause_(own.io()) {}

    Status open(const std::string& host, std::uint16_t port);
    std::uint16_t port() const override { return port_; }
    void start(std::vector<EventLoop*> loops, std::shared_ptr<const TlsIdentity> identity,
               MayAccept may_accept, Accepted accepted) override {
        loops_ = std::move(loops);
        identity_ = std::move(identity);
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
    std::shared_ptr<const TlsIdentity> identity_;
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
    accepted_(std::make_unique<TcpSocket>(std::move(socket), identity_),
              peer.address().to_string(ignored), loop);
}

}  // namespace

Result<std::unique_ptr<Listener>> Listener::bind(EventLoop& own, const std::string& host,
                                                 std::uint16_t port) {
    auto listener = std::make_unique<TcpListener>(own);
    SKY_TRY(listener->open(host, port));
    return listener;
}

}  // namespace sky::http
