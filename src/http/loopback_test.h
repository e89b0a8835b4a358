// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/http/loopback_test.h - a small application and a raw socket for the http tests.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstring>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "http/limits.h"
#include "http/server.h"
#include "http/stream.h"

namespace sky::http::test {

/// Nothing here waits longer; a test that does fails instead of hanging.
constexpr int kPatienceMs = 20'000;

/// Blocks handlers until opened.
class Gate {
public:
    void open() {
        {
            const std::lock_guard lock(mutex_);
            open_ = true;
        }
        changed_.notify_all();
    }
    void pass() {
        std::unique_lock lock(mutex_);
        ++waiting_;
        changed_.notify_all();
        changed_.wait(lock, [this] { return open_; });
    }
    /// Waits until that many handlers stand at the gate.
    bool wait_for_waiting(int count) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, std::chrono::milliseconds(kPatienceMs),
                                 [&] { return waiting_ >= count; });
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool open_ = false;
    int waiting_ = 0;
};

constexpr std::array<std::string_view, 7> kRefusalNames = {
    "QueueFull", "BodyTooLarge", "OutOfBodyMemory", "BodyTimeout",
    "Malformed", "Draining",     "HandlerFailed"};

/// Paths: /echo body back; /gate waits at `gate`; /later answers from another thread once the gate
/// is open; /throw; /drop forgets to answer; /early is answered from its head; /big N bytes;
/// /split tries to split the answer; /stream leaves a writer in `writers`. Lane by the query:
/// ?write, ?read, else control. Tenant by the field X-Tenant.
class EchoApplication final : public Application {
public:
    std::uint64_t body_bytes_max = 64ULL << 20;
    Gate gate;
    std::vector<std::thread> later;
    std::mutex later_mutex;
    std::vector<std::string> handled;  // Bodies of /gate in the order of their handling.

    /// The next stream's writer, once its request is handled.
    StreamWriter next_writer() {
        std::unique_lock lock(later_mutex);
        const bool came = writer_came_.wait_for(lock, std::chrono::milliseconds(kPatienceMs),
                                                [this] { return !writers_.empty(); });
        if (!came) throw std::runtime_error("no stream in time");
        StreamWriter writer = std::move(writers_.front());
        writers_.erase(writers_.begin());
        return writer;
    }

    ~EchoApplication() override {
        for (auto& thread : later) thread.join();
    }
    HeadDecision on_head(const RequestHead& head) override {
        if (head.path() == "/early") return Response{403, {}, "early"};
        if (head.path() == "/throw-head") throw std::runtime_error("on_head");
        const Lane lane = head.query() == "write"  ? Lane::kWrite
                          : head.query() == "read" ? Lane::kRead
                                                   : Lane::kControl;
        return Admit{lane, body_bytes_max, std::string(head.headers.get("x-tenant")),
                     std::make_shared<const std::string>("seen " + head.target)};
    }
    void handle(Request request, Respond respond) override {
        const std::string_view path = request.head.path();
        if (path == "/throw") throw std::bad_alloc();
        if (path == "/drop") return;
        if (path == "/gate") {
            gate.pass();
            const std::lock_guard lock(later_mutex);
            handled.push_back(request.body);
        }
        if (path == "/stream") {
            Stream stream = make_stream(stream_bytes_max);
            respond({200, {{"Content-Type", "text/plain"}}, {}, stream.body});
            {
                const std::lock_guard lock(later_mutex);
                writers_.push_back(std::move(stream.writer));
            }
            return writer_came_.notify_all();
        }
        if (path == "/later") {
            const std::lock_guard lock(later_mutex);
            later.emplace_back([this, respond = std::move(respond)] {
                gate.pass();
                respond({200, {}, "later"});
            });
            return;
        }
        if (path == "/split") {
            return respond({200, {{"X-Note", "a\r\nX-Evil: 1"}}, "split"});
        }
        if (path == "/empty") return respond({204, {}, ""});
        if (path == "/big") return respond({200, {}, std::string(8 << 20, 'b')});
        std::vector<Header> headers = {{"X-Body-Sha256", request.body_sha256},
                                       {"X-Remote", request.head.remote_ip},
                                       {"X-Decided", decided_of(request.head)}};
        respond({200, std::move(headers), std::move(request.body)});
    }
    Response refuse(const RequestHead& head, Refusal why) override {
        constexpr std::array<int, 7> kStatus = {400, 413, 503, 408, 400, 503, 500};
        const auto i = static_cast<std::size_t>(why);
        return {kStatus[i], {{"X-Decided", decided_of(head)}}, std::string(kRefusalNames[i])};
    }
    std::size_t stream_bytes_max = limits::kStreamBufferBytes;

private:
    static std::string decided_of(const RequestHead& head) {
        return head.decided ? *static_cast<const std::string*>(head.decided.get()) : "nothing";
    }
    std::vector<StreamWriter> writers_;
    std::condition_variable writer_came_;
};

/// A TCP client that sends exactly what it is told.
class RawSocket {
public:
    explicit RawSocket(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
            close();
        }
    }
    RawSocket(RawSocket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    RawSocket(const RawSocket&) = delete;
    RawSocket& operator=(const RawSocket&) = delete;
    ~RawSocket() { close(); }
    void close() {
        if (fd_ >= 0) ::close(std::exchange(fd_, -1));
    }
    bool connected() const { return fd_ >= 0; }
    void send(std::string_view bytes) {
        while (!bytes.empty()) {
            const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (n <= 0) return;
            bytes.remove_prefix(static_cast<std::size_t>(n));
        }
    }
    void finish_sending() { ::shutdown(fd_, SHUT_WR); }

    /// Reads until `wanted` occurs in what arrived, or the end. Returns everything so far.
    const std::string& read_until(std::string_view wanted) {
        while (have_.find(wanted) == std::string::npos && read_some()) {
        }
        return have_;
    }
    /// Reads one response of known length (no body for `no_body`), or up to the end of stream.
    std::string read_response(bool no_body = false) {
        std::size_t head_end = 0;
        while ((head_end = have_.find("\r\n\r\n")) == std::string::npos && read_some()) {
        }
        if (head_end == std::string::npos) return std::exchange(have_, {});
        std::size_t total = head_end + 4;
        const std::size_t at = have_.find("Content-Length: ");
        if (!no_body && at < head_end) {
            total += static_cast<std::size_t>(std::stoul(have_.substr(at + 16)));
        }
        while (have_.size() < total && read_some()) {
        }
        std::string response = have_.substr(0, total);
        have_.erase(0, response.size());
        return response;
    }
    const std::string& read_to_end() {
        while (read_some()) {
        }
        return have_;
    }
    /// How the stream ended: true for a clean end, false for a reset or no end in time.
    bool ended_cleanly() const { return ended_cleanly_; }
    void shrink_receive_buffer() {
        const int bytes = 4096;
        ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
    }

private:
    bool read_some() {
        pollfd entry{fd_, POLLIN, 0};
        if (fd_ < 0 || ::poll(&entry, 1, kPatienceMs) <= 0) return false;
        std::array<char, 65536> piece{};
        const ssize_t n = ::recv(fd_, piece.data(), piece.size(), 0);
        if (n == 0) ended_cleanly_ = true;
        if (n <= 0) return false;
        have_.append(piece.data(), static_cast<std::size_t>(n));
        return true;
    }
    int fd_;
    std::string have_;
    bool ended_cleanly_ = false;
};

/// A server with its application; drains at the end.
struct Running {
    std::shared_ptr<EchoApplication> application = std::make_shared<EchoApplication>();
    std::unique_ptr<Server> server;
    explicit Running(const ServerOptions& options = {}) {
        auto started = Server::start(options, application);
        if (!started) throw std::runtime_error(started.error().message);
        server = std::move(*started);
    }
    ~Running() {
        application->gate.open();
        server->drain(std::chrono::milliseconds(kPatienceMs));
    }
    std::uint16_t port() const { return server->port(); }
};

inline std::string post(std::string_view path, std::string_view body) {
    return "POST " + std::string(path) +
           " HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
           std::string(body);
}

inline bool contains(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

}  // namespace sky::http::test
