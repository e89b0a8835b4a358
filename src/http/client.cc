// SPDX-License-Identifier: Apache-2.0
#include "http/client.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <cerrno>
#include <cstring>
#include <optional>

#include "base/assert.h"
#include "http/chunk_decoder.h"
#include "http/limits.h"
#include "http/tls.h"

namespace sky::http {
namespace {

namespace beast_http = boost::beast::http;
using boost::system::error_code;
using Instant = std::chrono::steady_clock::time_point;

// Beast's tokenizer for the head; it stops there.
class AnswerHead final : public beast_http::basic_parser<false> {
public:
    explicit AnswerHead(bool is_head) {
        header_limit(static_cast<std::uint32_t>(limits::kAnswerHeadBytesMax));
        body_limit(boost::none);
        skip(is_head);
    }
    Response answer;

private:
    using Text = boost::beast::string_view;
    void on_request_impl(beast_http::verb, Text, Text, int, error_code&) override {}
    void on_response_impl(int status, Text, int, error_code&) override { answer.status = status; }
    void on_field_impl(beast_http::field, Text name, Text value, error_code&) override {
        answer.headers.push_back({std::string(name), std::string(value)});
    }
    void on_header_impl(error_code&) override {}
    void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
    std::size_t on_body_impl(Text piece, error_code&) override { return piece.size(); }
    void on_chunk_header_impl(std::uint64_t, Text, error_code&) override {}
    std::size_t on_chunk_body_impl(std::uint64_t, Text piece, error_code&) override {
        return piece.size();
    }
    void on_finish_impl(error_code&) override {}
};

// What follows a head, by RFC 9112 6.3.
class AnswerBody {
public:
    AnswerBody(const AnswerHead& head, bool is_head) {
        const int status = head.answer.status;
        if (is_head || status == 204 || status == 304) {
            end_ = End::kNone;
        } else if (head.chunked()) {
            end_ = End::kLastChunk;
        } else if (const auto length = head.content_length()) {
            end_ = End::kLength;
            left_ = *length;
        } else {
            end_ = End::kConnection;
        }
    }
    enum class Step : std::uint8_t { kNeedMore, kComplete, kBroken };
    /// Appends what belongs to the body; `used` of the bytes.
    Step put(std::string_view bytes, std::string& body, std::size_t& used) {
        constexpr std::uint64_t kMax = limits::kAnswerBodyBytesMax;
        used = 0;
        switch (end_) {
            case End::kNone:
                return Step::kComplete;
            case End::kLength: {
                if (left_ > kMax) return Step::kBroken;
                // A server may claim any length; only what arrives is kept beyond this.
                if (body.empty()) body.reserve(std::min<std::uint64_t>(left_, kReserveMax));
                bytes = bytes.substr(
                    0, static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size())));
                body.append(bytes);
                used = bytes.size();
                left_ -= used;
                return left_ == 0 ? Step::kComplete : Step::kNeedMore;
            }
            case End::kLastChunk: {
                if (bytes.empty()) return Step::kNeedMore;
                const ChunkDecoder::Progress got = chunks_.put(bytes, body, kMax, nullptr);
                used = got.used;
                if (got.step == ChunkDecoder::Step::kComplete) return Step::kComplete;
                return got.step == ChunkDecoder::Step::kNeedMore ? Step::kNeedMore : Step::kBroken;
            }
            case End::kConnection:
                if (bytes.size() > kMax - body.size()) return Step::kBroken;
                body.append(bytes);
                used = bytes.size();
                return Step::kNeedMore;
        }
        return Step::kBroken;
    }
    bool ends_with_connection() const { return end_ == End::kConnection; }

private:
    enum class End : std::uint8_t { kNone, kLength, kLastChunk, kConnection };
    static constexpr std::uint64_t kReserveMax = 8ULL << 20;
    End end_;
    std::uint64_t left_ = 0;
    ChunkDecoder chunks_;
};

// Bytes sent of either part, or what poll() must wait for.
struct Moved {
    enum class What : std::uint8_t { kBytes, kWaitRead, kWaitWrite, kEnded, kFailed };
    What what;
    std::size_t bytes = 0;
    std::string why = {};
};

// Field names, targets and values that would break the request in two are refused.
bool is_one_line(std::string_view text) {
    return text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

}  // namespace

struct Client::Impl {
    std::string host;
    std::uint16_t port;
    std::chrono::milliseconds timeout;
    std::shared_ptr<const TlsTrust> trust;
    std::unique_ptr<TlsSession> tls;  // Of the open connection.
    int fd = -1;
    Instant deadline{};

    // What one try came to, beyond its Result.
    struct Try {
        Result<Response> result;
        bool nothing_arrived;
    };

    Impl(std::string h, std::uint16_t p, std::chrono::milliseconds t,
         std::shared_ptr<const TlsTrust> whom)
        : host(std::move(h)), port(p), timeout(t), trust(std::move(whom)) {}
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;
    ~Impl() { close(); }

    std::string where() const { return host + ":" + std::to_string(port); }
    void close() {
        if (tls) tls->say_goodbye();
        tls = nullptr;
        if (fd >= 0) ::close(fd);
        fd = -1;
    }
    /// False at the deadline.
    bool wait_for(short events) const {
        for (;;) {
            const auto left = std::chrono::ceil<std::chrono::milliseconds>(
                deadline - std::chrono::steady_clock::now());
            if (left.count() <= 0) return false;
            pollfd entry{fd, events, 0};
            const int ready = ::poll(
                &entry, 1, static_cast<int>(std::min<std::int64_t>(left.count(), 3'600'000)));
            if (ready > 0) return true;
            if (ready < 0 && errno != EINTR) return true;  // The next call tells what is wrong.
        }
    }
    std::unexpected<Error> late() const {
        return fail(ErrorCode::kDeadlineExceeded, "No answer in time from " + where());
    }
    std::unexpected<Error> lost(const std::string& why) const {
        return fail(ErrorCode::kUnavailable, "Connection to " + where() + " lost: " + why);
    }
    Status connect();
    Status shake_hands();
    Moved send_some(std::string_view head, std::string_view body) const;
    Moved receive_some(char* into, std::size_t bytes_max) const;
    Status connect_to(const addrinfo& address);
    Status write_all(std::string_view head, std::string_view body);
    Try exchange(bool is_head, std::string_view head, std::string_view body, const Piece& piece);
    Try read_answer(bool is_head, const Piece& piece);
    void start_waiting() { deadline = std::chrono::steady_clock::now() + timeout; }
};

Status Client::Impl::connect_to(const addrinfo& address) {
    fd = ::socket(address.ai_family, address.ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK,
                  address.ai_protocol);
    int failure = fd < 0 ? errno : 0;
    if (failure == 0 && ::connect(fd, address.ai_addr, address.ai_addrlen) != 0) failure = errno;
    if (failure == EINPROGRESS) {
        if (!wait_for(POLLOUT)) {
            close();
            return late();
        }
        socklen_t size = sizeof failure;
        if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &failure, &size) != 0) failure = errno;
    }
    if (failure != 0) {
        close();
        return fail(ErrorCode::kUnavailable,
                    "Cannot connect to " + where() + ": " + std::strerror(failure));
    }
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return {};
}

Status Client::Impl::connect() {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICSERV;
    addrinfo* found = nullptr;
    const int code = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
    if (code != 0) {
        return fail(ErrorCode::kUnavailable,
                    "Cannot resolve " + where() + ": " + ::gai_strerror(code));
    }
    Status status = fail(ErrorCode::kUnavailable, "No address for " + where());
    for (const addrinfo* one = found; one != nullptr && !status; one = one->ai_next) {
        status = connect_to(*one);
    }
    ::freeaddrinfo(found);
    if (!status || !trust) return status;
    status = shake_hands();
    if (!status) close();
    return status;
}

Status Client::Impl::shake_hands() {
    tls = TlsSession::connect(*trust, fd, host);
    if (!tls) return fail(ErrorCode::kInvalidArgument, "Not a host name for TLS: " + host);
    for (;;) {
        switch (tls->handshake()) {
            case TlsSession::Step::kDone:
                return {};
            case TlsSession::Step::kWantRead:
                if (!wait_for(POLLIN)) return late();
                break;
            case TlsSession::Step::kWantWrite:
                if (!wait_for(POLLOUT)) return late();
                break;
            case TlsSession::Step::kEnded:
            case TlsSession::Step::kFailed:
                return fail(ErrorCode::kUnavailable,
                            "No TLS connection to " + where() + ": " + tls->why());
        }
    }
}

namespace {

Moved moved(const TlsSession& tls, TlsSession::Step step, std::size_t bytes) {
    switch (step) {
        case TlsSession::Step::kDone:
            return {Moved::What::kBytes, bytes};
        case TlsSession::Step::kWantRead:
            return {Moved::What::kWaitRead};
        case TlsSession::Step::kWantWrite:
            return {Moved::What::kWaitWrite};
        case TlsSession::Step::kEnded:
            return {Moved::What::kEnded};
        case TlsSession::Step::kFailed:
            break;
    }
    return {Moved::What::kFailed, 0, tls.why()};
}

Moved moved(ssize_t outcome, Moved::What wait) {
    if (outcome >= 0) return {Moved::What::kBytes, static_cast<std::size_t>(outcome)};
    if (errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK) return {wait};
    return {Moved::What::kFailed, 0, std::strerror(errno)};
}

}  // namespace

Moved Client::Impl::send_some(std::string_view head, std::string_view body) const {
    if (tls) {
        std::size_t bytes = 0;
        const TlsSession::Step step = tls->write(head.empty() ? body : head, bytes);
        return moved(*tls, step, bytes);
    }
    // iovec is not const-correct; sendmsg only reads.
    std::array<iovec, 2> parts = {iovec{const_cast<char*>(head.data()), head.size()},
                                  iovec{const_cast<char*>(body.data()), body.size()}};
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = parts.size();
    return moved(::sendmsg(fd, &message, MSG_NOSIGNAL), Moved::What::kWaitWrite);
}

Moved Client::Impl::receive_some(char* into, std::size_t bytes_max) const {
    if (tls) {
        std::size_t bytes = 0;
        const TlsSession::Step step = tls->read(into, bytes_max, bytes);
        return moved(*tls, step, bytes);
    }
    Moved got = moved(::recv(fd, into, bytes_max, 0), Moved::What::kWaitRead);
    if (got.what == Moved::What::kBytes && got.bytes == 0) got.what = Moved::What::kEnded;
    return got;
}

Status Client::Impl::write_all(std::string_view head, std::string_view body) {
    while (!head.empty() || !body.empty()) {
        const Moved sent = send_some(head, body);
        switch (sent.what) {
            case Moved::What::kBytes: {
                const std::size_t of_head = std::min(sent.bytes, head.size());
                head.remove_prefix(of_head);
                body.remove_prefix(sent.bytes - of_head);
                break;
            }
            case Moved::What::kWaitRead:
            case Moved::What::kWaitWrite:
                if (!wait_for(sent.what == Moved::What::kWaitRead ? POLLIN : POLLOUT)) {
                    return late();
                }
                break;
            case Moved::What::kEnded:
            case Moved::What::kFailed:
                return lost(sent.why);
        }
    }
    return {};
}

Client::Impl::Try Client::Impl::exchange(bool is_head, std::string_view head, std::string_view body,
                                         const Piece& piece) {
    const Status written = write_all(head, body);
    if (!written && written.error().code == ErrorCode::kDeadlineExceeded) {
        return {std::unexpected(written.error()), false};
    }
    // A server that refuses a large body answers and closes before it was all sent: look for that
    // answer also after a failed write.
    Try answer = read_answer(is_head, piece);
    if (!answer.result && !written && answer.nothing_arrived) {
        answer.result = std::unexpected(written.error());
    }
    return answer;
}

Client::Impl::Try Client::Impl::read_answer(bool is_head, const Piece& piece) {
    std::string buffer(limits::kAnswerHeadBytesMax, '\0');
    std::size_t have = 0;
    bool nothing_arrived = true;
    int interim = 0;
    auto head = std::make_unique<AnswerHead>(is_head);
    std::optional<AnswerBody> body;
    const auto broken = [&](const std::string& why) -> Try {
        return {fail(ErrorCode::kInternal, "Broken answer from " + where() + ": " + why),
                nothing_arrived};
    };
    const auto complete = [&]() -> Try {
        if (!head->keep_alive() || have > 0) close();
        return {std::move(head->answer), false};
    };
    const auto forget = [&](std::size_t used) {
        std::copy(buffer.begin() + std::ptrdiff_t(used), buffer.begin() + std::ptrdiff_t(have),
                  buffer.begin());
        have -= used;
    };
    for (;;) {
        while (have > 0 && !body) {
            error_code ec;
            const std::size_t used = head->put(boost::asio::const_buffer(buffer.data(), have), ec);
            if (ec && ec != beast_http::error::need_more) return broken(ec.message());
            forget(used);
            if (!head->is_header_done()) break;
            if (head->answer.status >= 200) {
                body.emplace(*head, is_head);
            } else {
                if (++interim > limits::kInterimAnswersMax) return broken("interim answers only");
                head = std::make_unique<AnswerHead>(is_head);
            }
        }
        if (body) {
            std::size_t used = 0;
            const auto step =
                body->put(std::string_view(buffer.data(), have), head->answer.body, used);
            forget(used);
            Response& answer = head->answer;
            if (piece && answer.status == 200 && !answer.body.empty()) {
                if (!piece(answer, answer.body)) {
                    close();
                    return {std::move(answer), false};
                }
                answer.body.clear();
                start_waiting();
            }
            if (step == AnswerBody::Step::kComplete) return complete();
            if (step == AnswerBody::Step::kBroken) return broken("a malformed or endless body");
        }
        if (have == buffer.size()) return broken("a head without end");
        const Moved got = receive_some(buffer.data() + have, buffer.size() - have);
        if (got.what == Moved::What::kWaitRead || got.what == Moved::What::kWaitWrite) {
            if (!wait_for(got.what == Moved::What::kWaitRead ? POLLIN : POLLOUT)) {
                return {late(), false};
            }
            continue;
        }
        if (got.what == Moved::What::kFailed) return {lost(got.why), nothing_arrived};
        if (got.what == Moved::What::kEnded) {
            if (nothing_arrived) {
                return {fail(ErrorCode::kUnavailable, where() + " closed the connection"), true};
            }
            if (!body || !body->ends_with_connection()) return broken("it ends too early");
            close();
            return {std::move(head->answer), false};
        }
        nothing_arrived = false;
        have += got.bytes;
    }
}

Client::Client(std::string host, std::uint16_t port, std::chrono::milliseconds timeout,
               std::shared_ptr<const TlsTrust> trust)
    : impl_(std::make_unique<Impl>(std::move(host), port, timeout, std::move(trust))) {}
Client::Client(Client&&) noexcept = default;
Client::~Client() = default;

Result<Response> Client::send(const std::string& method, const std::string& target,
                              const Headers& headers, std::string_view body) {
    return exchange(method, target, headers, body, {});
}

Result<Response> Client::follow(const std::string& method, const std::string& target,
                                const Headers& headers, std::string_view body, const Piece& piece) {
    return exchange(method, target, headers, body, piece);
}

Result<Response> Client::exchange(const std::string& method, const std::string& target,
                                  const Headers& headers, std::string_view body,
                                  const Piece& piece) {
    std::string head = method + " " + target + " HTTP/1.1\r\n";
    bool lines_are_sound = is_one_line(method) && is_one_line(target);
    for (const Header& header : headers.list()) {
        lines_are_sound = lines_are_sound && is_one_line(header.name) && is_one_line(header.value);
        head.append(header.name).append(": ").append(header.value).append("\r\n");
    }
    if (!lines_are_sound) {
        return fail(ErrorCode::kInvalidArgument, "A request line or header holds a line break.");
    }
    // A signed request brings the Host that it signed.
    if (!headers.find("host")) {
        const bool is_ipv6 = impl_->host.find(':') != std::string::npos;
        head.append("Host: ").append(is_ipv6 ? "[" + impl_->host + "]" : impl_->host);
        head.append(":").append(std::to_string(impl_->port)).append("\r\n");
    }
    head.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n\r\n");

    impl_->start_waiting();
    for (;;) {
        const bool reused = impl_->fd >= 0;
        if (!reused) SKY_TRY(impl_->connect());
        Impl::Try one = impl_->exchange(method == "HEAD", head, body, piece);
        if (one.result) return std::move(one.result);
        impl_->close();
        // A kept connection may have been closed by the server in the meantime: once more, afresh.
        if (!reused || !one.nothing_arrived) return std::move(one.result);
    }
}

}  // namespace sky::http
