// SPDX-License-Identifier: Apache-2.0
// The one file that knows Asio and Beast. A connection lives on one event loop, so its state needs
// no lock; other threads reach it only through a post to that loop. Bytes are moved by async reads
// and writes on `Stream`; a TLS listener needs only another Stream and a handshake before start().
#include "http/server.h"

#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/status.hpp>
#include <condition_variable>
#include <exception>
#include <list>
#include <thread>

#include "base/assert.h"
#include "base/log.h"
#include "base/time.h"
#include "http/body_digest.h"
#include "http/body_permits.h"
#include "http/lanes.h"
#include "http/limits.h"

namespace sky::http {
namespace {

namespace asio = boost::asio;
namespace beast_http = boost::beast::http;
using boost::system::error_code;
using Stream = asio::ip::tcp::socket;
using Instant = std::chrono::steady_clock::time_point;

Instant now() { return std::chrono::steady_clock::now(); }
std::string_view view(boost::beast::string_view text) { return {text.data(), text.size()}; }

bool equals_lower(std::string_view text, std::string_view lower) {
    return std::ranges::equal(text, lower, {},
                              [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
}

// Beast's tokenizer filling our own plain head; no field map in between.
class RequestParser final : public beast_http::basic_parser<true> {
public:
    RequestParser(std::size_t head_bytes_max, BodyDigest& digest) : digest_(digest) {
        header_limit(static_cast<std::uint32_t>(head_bytes_max));
        body_limit(boost::none);  // Ours below; Beast's would not know the application's choice.
    }
    RequestHead head;
    std::string body;  // Of a chunked request.
    std::uint64_t body_bytes_max = 0;
    bool body_too_large = false;
    int version = 11;  // Or 10.

    /// Rules beyond the grammar that keep two readers of the same bytes from disagreeing.
    bool head_is_sound() {
        std::size_t hosts = 0, codings = 0;
        for (const Header& header : head.headers.list()) {
            if (equals_lower(header.name, "host")) ++hosts;
            if (equals_lower(header.name, "transfer-encoding")) {
                ++codings;
                if (!equals_lower(header.value, "chunked")) return false;
            }
        }
        const bool is_http11 = version == 11;
        if (hosts > 1 || (is_http11 && hosts == 0)) return false;           // RFC 9112 3.2
        return codings <= 1 && (codings == 0 || (is_http11 && chunked()));  // RFC 9112 6.1
    }

private:
    void on_request_impl(beast_http::verb, boost::beast::string_view method,
                         boost::beast::string_view target, int http_version, error_code&) override {
        version = http_version;
        head.method = view(method);
        head.target = view(target);
    }
    void on_response_impl(int, boost::beast::string_view, int, error_code&) override {}
    void on_field_impl(beast_http::field, boost::beast::string_view name,
                       boost::beast::string_view value, error_code& ec) override {
        if (head_done_) return;  // Trailers carry nothing that a request may change afterwards.
        if (head.headers.list().size() >= limits::kHeaderFieldsMax) {
            ec = beast_http::error::header_limit;
            return;
        }
        head.headers.add(std::string(view(name)), std::string(view(value)));
    }
    void on_header_impl(error_code&) override { head_done_ = true; }
    void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
    std::size_t on_body_impl(boost::beast::string_view piece, error_code&) override {
        return piece.size();  // Bodies with a length never reach the parser.
    }
    void on_chunk_header_impl(std::uint64_t size, boost::beast::string_view,
                              error_code& ec) override {
        if (size > body_bytes_max - body.size()) {
            body_too_large = true;
            ec = beast_http::error::body_limit;
        }
    }
    std::size_t on_chunk_body_impl(std::uint64_t, boost::beast::string_view piece,
                                   error_code&) override {
        body.append(piece.data(), piece.size());
        digest_.update(view(piece));
        return piece.size();
    }
    void on_finish_impl(error_code&) override {}

    BodyDigest& digest_;
    bool head_done_ = false;
};

enum class KeepAlive : std::uint8_t { kNo, kHttp11, kHttp10 };

bool status_has_body(int status) { return status >= 200 && status != 204 && status != 304; }

// Field values come from handlers and may quote a client's text: a line break would split the
// answer.
void append_field(std::string& out, std::string_view name, std::string_view value) {
    out.append(name).append(": ");
    for (const char c : value) out.push_back(c == '\r' || c == '\n' || c == '\0' ? ' ' : c);
    out.append("\r\n");
}

std::string render_head(const Response& response, std::string_view date, KeepAlive keep_alive) {
    std::string out;
    out.reserve(256);
    out.append("HTTP/1.1 ").append(std::to_string(response.status)).append(" ");
    const auto reason = beast_http::obsolete_reason(
        beast_http::int_to_status(static_cast<unsigned>(response.status)));
    out.append(view(reason)).append("\r\n");
    append_field(out, "Date", date);
    for (const Header& header : response.headers) append_field(out, header.name, header.value);
    if (status_has_body(response.status)) {
        append_field(out, "Content-Length", std::to_string(response.body.size()));
    }
    if (keep_alive == KeepAlive::kNo) append_field(out, "Connection", "close");
    if (keep_alive == KeepAlive::kHttp10) append_field(out, "Connection", "keep-alive");
    out.append("\r\n");
    return out;
}

// RFC 9112 3.2.2: a client that takes us for a proxy sends the whole URL. Its authority is not
// looked at: a service is never told by host (clients.md 5.1).
void make_origin_form(std::string& target) {
    constexpr std::string_view kScheme = "http://";
    if (!equals_lower(std::string_view(target).substr(0, kScheme.size()), kScheme)) return;
    target.erase(0, target.find_first_of("/?", kScheme.size()));
    if (!target.starts_with('/')) target.insert(target.begin(), '/');
}

class Connection;

struct Counters {
    std::atomic<std::uint64_t> requests{0}, responses_5xx{0}, refused{0}, bytes_in{0}, bytes_out{0};
};

// One event loop: its thread, its connections, its clock tick.
struct Loop {
    asio::io_context io{1};
    asio::executor_work_guard<asio::io_context::executor_type> work = asio::make_work_guard(io);
    asio::steady_timer tick{io};
    std::list<std::shared_ptr<Connection>> connections;
    std::int64_t date_second = -1;
    std::string date;
    std::thread thread;
};

// What connections and pending answers share. Pending answers hold it weakly: they may outlive it.
struct Core {
    ServerOptions options;
    std::shared_ptr<Application> application;
    const Clock* clock = nullptr;
    std::shared_ptr<BodyPermits> permits;
    Counters counters;
    std::atomic<bool> draining{false};
    std::mutex live_mutex;
    std::condition_variable live_changed;
    std::size_t live = 0;  // Connections; under live_mutex.
    std::vector<std::unique_ptr<Loop>> loops;
    std::unique_ptr<Lanes> lanes;

    /// The application's words for a refusal; nullopt when even that failed.
    std::optional<Response> refuse(const RequestHead& head, Refusal why) {
        counters.refused.fetch_add(1, std::memory_order_relaxed);
        try {
            return application->refuse(head, why);
        } catch (const std::exception& e) {
            log::error("http_refuse_failed", {{"why", e.what()}});
            return std::nullopt;
        }
    }
    bool try_enter() {
        const std::lock_guard lock(live_mutex);
        if (live >= options.connections_max) return false;
        ++live;
        return true;
    }
    void leave() {
        const std::lock_guard lock(live_mutex);
        --live;
        live_changed.notify_all();
    }
};

// One request between its handler and its connection. Shared by the handler's Respond and its task;
// when the last of them goes without an answer, the client still gets one.
class Exchange {
public:
    Exchange(std::weak_ptr<Core> core, std::size_t loop, std::weak_ptr<Connection> connection,
             RequestHead head, Permit permit)
        : core_(std::move(core)),
          loop_(loop),
          connection_(std::move(connection)),
          head_(std::move(head)),
          permit_(std::move(permit)) {}
    Exchange(const Exchange&) = delete;
    Exchange& operator=(const Exchange&) = delete;
    ~Exchange() { refuse(Refusal::kHandlerFailed); }

    void answer(Response response) {
        if (!answered_.exchange(true)) send(std::move(response));
    }
    void refuse(Refusal why) {
        if (answered_.exchange(true)) return;
        if (const auto core = core_.lock()) send(core->refuse(head_, why));
    }

private:
    void send(std::optional<Response> response);

    const std::weak_ptr<Core> core_;
    const std::size_t loop_;
    const std::weak_ptr<Connection> connection_;
    const RequestHead head_;
    Permit permit_;
    std::atomic<bool> answered_{false};
};

// Every member runs on the connection's loop.
class Connection : public std::enable_shared_from_this<Connection> {
public:
    Connection(const std::shared_ptr<Core>& core, std::size_t loop, Stream stream, std::string ip)
        : core_(*core),
          weak_core_(core),
          loop_index_(loop),
          loop_(*core->loops[loop]),
          stream_(std::move(stream)),
          remote_ip_(std::move(ip)) {}

    void start(std::list<std::shared_ptr<Connection>>::iterator place) {
        place_ = place;
        in_.resize(limits::kReadBufferBytes);
        begin_request();
    }
    void on_drain() {
        if (state_ == State::kHead && buffered().empty()) close();
    }
    void on_tick(Instant at);
    void on_response(std::optional<Response> response) {
        if (state_ != State::kExecuting) return;
        if (!response) return close();
        write_response(std::move(*response), After::kAsAsked);
    }
    void close();

private:
    enum class State : std::uint8_t {
        kHead,
        kPermit,
        kBody,
        kChunks,
        kExecuting,
        kWriting,
        kLingering,
        kClosed
    };
    // What follows a response: the rules of keep-alive, or the end because request bytes are
    // unread.
    enum class After : std::uint8_t { kAsAsked, kLinger };

    std::string_view buffered() const {
        return std::string_view(in_).substr(in_begin_, in_end_ - in_begin_);
    }
    template <class Next>
    void read_more(std::size_t buffer_bytes_max, Next next);
    void begin_request();
    void read_head();
    void head_complete();
    void with_permit(std::uint64_t bytes, void (Connection::*next)());
    void send_continue();
    void read_body();
    void read_chunks();
    void execute();
    void reject(Refusal why);
    void answer_early(std::optional<Response> response);
    void write_response(Response response, After after);
    void response_written();
    void linger();

    Core& core_;
    const std::weak_ptr<Core> weak_core_;
    const std::size_t loop_index_;
    Loop& loop_;
    Stream stream_;
    const std::string remote_ip_;
    std::list<std::shared_ptr<Connection>>::iterator place_;

    State state_ = State::kHead;
    Instant deadline_ = Instant::max();

    std::string in_;  // Bytes read ahead: [in_begin_, in_end_).
    std::size_t in_begin_ = 0, in_end_ = 0;

    // The current request.
    std::optional<RequestParser> parser_;
    BodyDigest digest_;
    Lane lane_ = Lane::kControl;
    bool head_begun_ = false, is_head_ = false, continue_wanted_ = false;
    KeepAlive keep_alive_ = KeepAlive::kNo;
    std::string body_;  // Of a request with a Content-Length; its full size from the start.
    std::size_t body_have_ = 0;
    Permit permit_;
    std::uint64_t permit_ticket_ = 0;
    void (Connection::*after_permit_)() = nullptr;

    Response out_;
    std::string out_head_;
    bool linger_after_write_ = false;
};

void Exchange::send(std::optional<Response> response) {
    permit_ = {};
    const auto core = core_.lock();
    if (!core) return;
    asio::post(core->loops[loop_]->io,
               [connection = connection_, response = std::move(response)]() mutable {
                   if (const auto self = connection.lock()) self->on_response(std::move(response));
               });
}

// Appends what the socket has to `in_`, which may grow to `buffer_bytes_max`; then calls `next`.
template <class Next>
void Connection::read_more(std::size_t buffer_bytes_max, Next next) {
    if (in_begin_ == in_end_) {
        in_begin_ = in_end_ = 0;
    } else if (in_end_ == in_.size() && in_begin_ > 0) {
        std::copy(in_.begin() + std::ptrdiff_t(in_begin_), in_.end(), in_.begin());
        in_end_ -= in_begin_;
        in_begin_ = 0;
    } else if (in_end_ == in_.size()) {
        in_.resize(std::max(in_.size(), std::min(2 * in_.size(), buffer_bytes_max)));
    }
    SKY_ASSERT(in_end_ < in_.size(), "a full buffer was refused before");
    stream_.async_read_some(
        asio::buffer(in_.data() + in_end_, in_.size() - in_end_),
        [self = shared_from_this(), next](const error_code& ec, std::size_t bytes) {
            // Cancelled: whoever did it has decided what comes next.
            if (ec == asio::error::operation_aborted || self->state_ == State::kClosed) return;
            if (ec) return self->close();
            self->core_.counters.bytes_in.fetch_add(bytes, std::memory_order_relaxed);
            self->in_end_ += bytes;
            (self.get()->*next)();
        });
}

void Connection::begin_request() {
    state_ = State::kHead;
    digest_.reset();  // A rejected body may have left a piece.
    parser_.emplace(core_.options.head_bytes_max, digest_);
    head_begun_ = false;
    continue_wanted_ = false;
    lane_ = Lane::kControl;
    body_ = {};
    body_have_ = 0;
    permit_ = {};
    if (in_begin_ == in_end_ && in_.size() > limits::kReadBufferBytes) {
        in_begin_ = in_end_ = 0;
        in_.resize(limits::kReadBufferBytes);
        in_.shrink_to_fit();
    }
    read_head();
}

void Connection::read_head() {
    // RFC 9112 2.2: empty lines before a request line are skipped.
    while (!head_begun_ && in_begin_ < in_end_ &&
           (in_[in_begin_] == '\r' || in_[in_begin_] == '\n')) {
        ++in_begin_;
    }
    const std::string_view data = buffered();
    if (!data.empty()) {
        if (!head_begun_) deadline_ = now() + core_.options.head_timeout;
        head_begun_ = true;
        error_code ec;
        in_begin_ += parser_->put(asio::const_buffer(data.data(), data.size()), ec);
        if (ec && ec != beast_http::error::need_more) return reject(Refusal::kMalformed);
        if (parser_->is_header_done()) return head_complete();
        if (data.size() >= core_.options.head_bytes_max) return reject(Refusal::kMalformed);
    } else {
        if (core_.draining.load()) return close();
        deadline_ = now() + core_.options.idle_timeout;
    }
    read_more(core_.options.head_bytes_max, &Connection::read_head);
}

void Connection::head_complete() {
    RequestHead& head = parser_->head;
    head.remote_ip = remote_ip_;
    make_origin_form(head.target);
    if (const auto length = parser_->content_length()) head.content_length = *length;
    core_.counters.requests.fetch_add(1, std::memory_order_relaxed);
    if (!parser_->head_is_sound()) return reject(Refusal::kMalformed);

    is_head_ = head.method == "HEAD";
    keep_alive_ = !parser_->keep_alive()   ? KeepAlive::kNo
                  : parser_->version == 11 ? KeepAlive::kHttp11
                                           : KeepAlive::kHttp10;
    const std::uint64_t length = head.content_length.value_or(0);
    const bool has_body = parser_->chunked() || length > 0;
    continue_wanted_ = has_body && parser_->version == 11 &&
                       equals_lower(head.headers.get("expect"), "100-continue");
    if (core_.draining.load()) return reject(Refusal::kDraining);

    Admit admit{};
    try {
        HeadDecision decision = core_.application->on_head(head);
        if (auto* early = std::get_if<Response>(&decision)) return answer_early(std::move(*early));
        admit = std::get<Admit>(decision);
    } catch (const std::exception& e) {
        log::error("http_on_head_failed", {{"why", e.what()}});
        return reject(Refusal::kHandlerFailed);
    }
    lane_ = admit.lane;
    // A body beyond the whole budget could never be granted.
    parser_->body_bytes_max = std::min(admit.body_bytes_max, core_.permits->bytes_max());
    if (length > parser_->body_bytes_max) return reject(Refusal::kBodyTooLarge);
    if (!has_body) return execute();
    if (!parser_->chunked()) return with_permit(length, &Connection::send_continue);
    with_permit(std::min(limits::kChunkPermitBytes, parser_->body_bytes_max),
                &Connection::send_continue);
}

// Adds `bytes` to the permit of this request, then goes on with `next`; the socket is not read
// meanwhile.
void Connection::with_permit(std::uint64_t bytes, void (Connection::*next)()) {
    if (bytes == 0) return (this->*next)();
    const Claim claim = permit_.bytes() > 0 ? Claim::kGrowth : Claim::kFirst;
    if (Permit permit = core_.permits->try_acquire(bytes, claim); permit.bytes() > 0) {
        permit_.merge(std::move(permit));
        return (this->*next)();
    }
    state_ = State::kPermit;
    deadline_ = now() + core_.options.body_memory_wait;
    after_permit_ = next;
    static std::atomic<std::uint64_t> tickets{0};
    permit_ticket_ = ++tickets;
    core_.permits->wait(bytes, claim, permit_ticket_,
                        [core = weak_core_, loop = loop_index_, connection = weak_from_this(),
                         ticket = permit_ticket_](Permit granted) {
                            const auto alive = core.lock();
                            if (!alive) return;
                            asio::post(alive->loops[loop]->io,
                                       [connection, ticket, permit = std::move(granted)]() mutable {
                                           const auto self = connection.lock();
                                           if (!self || self->state_ != State::kPermit ||
                                               self->permit_ticket_ != ticket) {
                                               return;  // Waited too long; the permit goes back.
                                           }
                                           self->permit_.merge(std::move(permit));
                                           (self.get()->*self->after_permit_)();
                                       });
                        });
}

void Connection::send_continue() {
    deadline_ = now() + core_.options.body_timeout;
    const bool chunked = parser_->chunked();
    state_ = chunked ? State::kChunks : State::kBody;
    const auto next = chunked ? &Connection::read_chunks : &Connection::read_body;
    // A client that has sent part of the body already does not wait for the word.
    if (!continue_wanted_ || !buffered().empty()) return (this->*next)();
    continue_wanted_ = false;
    static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    asio::async_write(
        stream_, asio::buffer(kContinue.data(), kContinue.size()),
        [self = shared_from_this(), next, state = state_](const error_code& ec, std::size_t) {
            if (ec == asio::error::operation_aborted || self->state_ != state) return;
            if (ec) return self->close();
            (self.get()->*next)();
        });
}

// Reads straight into the string that the handler gets.
void Connection::read_body() {
    if (body_.empty()) {
        const auto length = static_cast<std::size_t>(*parser_->head.content_length);
        // Not the lambda's own argument: libstdc++ 12 passes the grown capacity there.
        body_.resize_and_overwrite(length, [length](char*, std::size_t) { return length; });
        const std::string_view early = buffered().substr(0, length);
        early.copy(body_.data(), early.size());
        digest_.update(early);
        in_begin_ += early.size();
        body_have_ = early.size();
    }
    if (body_have_ == body_.size()) return execute();
    stream_.async_read_some(
        asio::buffer(body_.data() + body_have_, body_.size() - body_have_),
        [self = shared_from_this()](const error_code& ec, std::size_t bytes) {
            if (ec == asio::error::operation_aborted || self->state_ != State::kBody) return;
            if (ec) return self->close();
            self->core_.counters.bytes_in.fetch_add(bytes, std::memory_order_relaxed);
            self->digest_.update(std::string_view(self->body_).substr(self->body_have_, bytes));
            self->body_have_ += bytes;
            self->read_body();
        });
}

void Connection::read_chunks() {
    if (state_ == State::kPermit) {
        state_ = State::kChunks;
        deadline_ = now() + core_.options.body_timeout;
    }
    parser_->eager(true);
    if (in_.size() < limits::kChunkBufferBytes) in_.resize(limits::kChunkBufferBytes);
    const std::string_view data = buffered();
    if (!data.empty()) {
        const std::uint64_t needed =
            std::min(parser_->body.size() + data.size(), parser_->body_bytes_max);
        if (needed > permit_.bytes()) {
            const std::uint64_t wanted =
                std::min(std::max(needed, 2 * permit_.bytes()), parser_->body_bytes_max);
            return with_permit(wanted - permit_.bytes(), &Connection::read_chunks);
        }
        error_code ec;
        const std::size_t used = parser_->put(asio::const_buffer(data.data(), data.size()), ec);
        in_begin_ += used;
        if (parser_->body_too_large) return reject(Refusal::kBodyTooLarge);
        if (ec && ec != beast_http::error::need_more) return reject(Refusal::kMalformed);
        if (parser_->is_done()) {
            body_ = std::move(parser_->body);
            return execute();
        }
        if (used == 0 && data.size() >= limits::kChunkBufferBytes) {
            return reject(Refusal::kMalformed);  // A chunk header or trailer without end.
        }
    }
    read_more(limits::kChunkBufferBytes, &Connection::read_chunks);
}

void Connection::execute() {
    state_ = State::kExecuting;
    deadline_ = Instant::max();  // The handler's own limits hold from here.
    auto exchange = std::make_shared<Exchange>(weak_core_, loop_index_, weak_from_this(),
                                               parser_->head, std::move(permit_));
    Request request{std::move(parser_->head), std::move(body_), digest_.finish()};
    Lanes::Task task = [exchange, request = std::move(request),
                        application = core_.application.get()]() mutable {
        // The catch of this thread: our code does not throw, the library may (out of memory).
        try {
            application->handle(std::move(request), [exchange](Response response) {
                exchange->answer(std::move(response));
            });
        } catch (const std::exception& e) {
            log::error("http_handler_failed", {{"why", e.what()}});
            exchange->refuse(Refusal::kHandlerFailed);
        }
    };
    if (!core_.lanes->try_run(lane_, std::move(task))) exchange->refuse(Refusal::kQueueFull);
}

void Connection::reject(Refusal why) {
    if (why == Refusal::kMalformed) {
        keep_alive_ = KeepAlive::kNo;
        is_head_ = false;
        auto response = core_.refuse(parser_->head, why);
        if (!response) return close();
        return write_response(std::move(*response), After::kLinger);
    }
    answer_early(core_.refuse(parser_->head, why));
}

// Answers before the whole body was read. What is left of a short body is skipped when it has
// arrived already; otherwise the connection ends after the answer.
void Connection::answer_early(std::optional<Response> response) {
    if (!response) return close();
    permit_ = {};
    const std::uint64_t length = parser_->head.content_length.value_or(0);
    const std::uint64_t unread = length - std::min<std::uint64_t>(length, body_have_);
    if (!parser_->chunked() && unread <= buffered().size()) {
        in_begin_ += static_cast<std::size_t>(unread);
        return write_response(std::move(*response), After::kAsAsked);
    }
    write_response(std::move(*response), After::kLinger);
}

void Connection::write_response(Response response, After after) {
    state_ = State::kWriting;
    deadline_ = now() + core_.options.write_timeout;
    if (after == After::kLinger || core_.draining.load()) keep_alive_ = KeepAlive::kNo;
    linger_after_write_ = after == After::kLinger;
    if (response.status >= 500) {
        core_.counters.responses_5xx.fetch_add(1, std::memory_order_relaxed);
    }
    const std::int64_t second = floor_div(core_.clock->now_ms(), 1000);
    if (second != loop_.date_second) {
        loop_.date_second = second;
        loop_.date = format_http_date(second * 1000);
    }
    out_ = std::move(response);
    out_head_ = render_head(out_, loop_.date, keep_alive_);
    const bool sends_body = !is_head_ && status_has_body(out_.status);
    const std::array<asio::const_buffer, 2> parts = {
        asio::buffer(out_head_), asio::const_buffer(out_.body.data(), out_.body.size())};
    const auto done = [self = shared_from_this()](const error_code& ec, std::size_t bytes) {
        if (ec == asio::error::operation_aborted || self->state_ != State::kWriting) return;
        if (ec) return self->close();
        self->core_.counters.bytes_out.fetch_add(bytes, std::memory_order_relaxed);
        self->response_written();
    };
    if (sends_body) return asio::async_write(stream_, parts, done);
    asio::async_write(stream_, parts[0], done);
}

void Connection::response_written() {
    out_ = {};
    out_head_ = {};
    if (keep_alive_ != KeepAlive::kNo) return begin_request();
    // Closing with unread bytes makes the kernel send a reset, which can overtake the answer.
    error_code ec;
    if (linger_after_write_ || !buffered().empty() || stream_.available(ec) > 0) {
        state_ = State::kLingering;
        deadline_ = now() + limits::kLinger;
        stream_.shutdown(Stream::shutdown_send, ec);
        return linger();
    }
    close();
}

void Connection::linger() {
    in_begin_ = in_end_ = 0;
    read_more(limits::kReadBufferBytes, &Connection::linger);
}

void Connection::on_tick(Instant at) {
    if (at < deadline_) return;
    switch (state_) {
        case State::kPermit:
            core_.permits->cancel(permit_ticket_);
            return reject(Refusal::kOutOfBodyMemory);
        case State::kBody:
        case State::kChunks: {
            error_code ec;
            stream_.cancel(ec);
            return reject(Refusal::kBodyTimeout);
        }
        case State::kHead:
        case State::kExecuting:
        case State::kWriting:
        case State::kLingering:
        case State::kClosed:
            return close();
    }
}

void Connection::close() {
    if (state_ == State::kClosed) return;
    if (state_ == State::kPermit) core_.permits->cancel(permit_ticket_);
    state_ = State::kClosed;
    permit_ = {};
    error_code ec;
    stream_.close(ec);
    const auto keep = shared_from_this();
    loop_.connections.erase(place_);
    core_.leave();
}

class ServerImpl final : public Server {
public:
    explicit ServerImpl(std::shared_ptr<Core> core)
        : core_(std::move(core)), acceptor_(core_->loops[0]->io), pause_(core_->loops[0]->io) {}
    ~ServerImpl() override { drain(limits::kDefaultDrainGrace); }

    Status bind();
    void run();
    std::uint16_t port() const override { return port_; }
    void drain(std::chrono::milliseconds grace) override;
    ServerStats stats() const override;

private:
    void accept();
    void on_accept(const error_code& ec, Stream stream, std::size_t loop);
    void tick(std::size_t loop);

    std::shared_ptr<Core> core_;
    asio::ip::tcp::acceptor acceptor_;
    asio::steady_timer pause_;
    std::uint16_t port_ = 0;
    std::size_t next_loop_ = 0;
    std::chrono::milliseconds tick_every_{0};
    std::mutex drain_mutex_;
    bool drained_ = false;
};

Status ServerImpl::bind() {
    const ServerOptions& options = core_->options;
    const std::string where = options.host + ":" + std::to_string(options.port);
    error_code ec;
    asio::ip::tcp::resolver resolver(core_->loops[0]->io);
    const auto found = resolver.resolve(
        options.host, std::to_string(options.port),
        asio::ip::tcp::resolver::passive | asio::ip::tcp::resolver::numeric_service, ec);
    if (ec || found.empty()) {
        return fail(ErrorCode::kInvalidArgument, "Not an address to listen on: " + where);
    }
    const asio::ip::tcp::endpoint endpoint = found.begin()->endpoint();
    acceptor_.open(endpoint.protocol(), ec);
    if (!ec) acceptor_.set_option(asio::socket_base::reuse_address(true), ec);
    if (!ec) acceptor_.bind(endpoint, ec);
    if (!ec) acceptor_.listen(asio::socket_base::max_listen_connections, ec);
    if (ec == asio::error::address_in_use) {
        return fail(ErrorCode::kUnavailable, "The port is in use by another program: " + where);
    }
    if (ec) {
        return fail(ErrorCode::kUnavailable, "Cannot listen on " + where + ": " + ec.message());
    }
    port_ = acceptor_.local_endpoint(ec).port();
    return {};
}

void ServerImpl::run() {
    const ServerOptions& o = core_->options;
    const auto smallest = std::min(
        {o.head_timeout, o.body_timeout, o.idle_timeout, o.write_timeout, o.body_memory_wait});
    tick_every_ = std::clamp(smallest / 4, limits::kTickMin, limits::kTickMax);
    core_->lanes = std::make_unique<Lanes>(o);
    accept();
    for (std::size_t i = 0; i < core_->loops.size(); ++i) {
        tick(i);
        core_->loops[i]->thread = std::thread([loop = core_->loops[i].get()] {
            for (;;) {
                // The catch of this thread. The connection that ran out of memory has lost its
                // pending operation and is closed at its deadline.
                try {
                    loop->io.run();
                    return;
                } catch (const std::exception& e) {
                    log::error("http_loop_failed", {{"why", e.what()}});
                }
            }
        });
    }
}

void ServerImpl::accept() {
    const std::size_t loop = next_loop_++ % core_->loops.size();
    acceptor_.async_accept(core_->loops[loop]->io,
                           [this, loop](const error_code& ec, Stream stream) {
                               on_accept(ec, std::move(stream), loop);
                           });
}

void ServerImpl::on_accept(const error_code& ec, Stream stream, std::size_t loop) {
    if (!acceptor_.is_open()) return;
    if (ec) {
        if (ec == asio::error::operation_aborted) return;
        if (ec == asio::error::connection_aborted) return accept();
        log::warn("http_accept_failed", {{"why", ec.message()}});
        pause_.expires_after(limits::kAcceptPause);
        pause_.async_wait([this](const error_code& wait_ec) {
            if (!wait_ec && acceptor_.is_open()) accept();
        });
        return;
    }
    error_code ignored;
    const auto peer = stream.remote_endpoint(ignored);
    stream.set_option(asio::ip::tcp::no_delay(true), ignored);
    if (core_->try_enter()) {
        auto connection = std::make_shared<Connection>(core_, loop, std::move(stream),
                                                       peer.address().to_string(ignored));
        asio::post(core_->loops[loop]->io, [connection, owner = core_->loops[loop].get()] {
            connection->start(owner->connections.insert(owner->connections.end(), connection));
        });
    }
    accept();
}

void ServerImpl::tick(std::size_t index) {
    Loop& loop = *core_->loops[index];
    loop.tick.expires_after(tick_every_);
    loop.tick.async_wait([this, index, &loop](const error_code& ec) {
        if (ec) return;
        const Instant at = now();
        for (auto it = loop.connections.begin(); it != loop.connections.end();) {
            const auto connection = *it++;  // It may remove itself.
            connection->on_tick(at);
        }
        tick(index);
    });
}

void ServerImpl::drain(std::chrono::milliseconds grace) {
    const std::lock_guard once(drain_mutex_);
    if (drained_) return;
    drained_ = true;
    core_->draining.store(true);
    asio::post(core_->loops[0]->io, [this] {
        error_code ec;
        acceptor_.close(ec);
        pause_.cancel();
    });
    const auto for_each = [this](void (Connection::*what)()) {
        for (const auto& loop : core_->loops) {
            asio::post(loop->io, [what, owner = loop.get()] {
                for (auto it = owner->connections.begin(); it != owner->connections.end();) {
                    const auto connection = *it++;
                    (connection.get()->*what)();
                }
            });
        }
    };
    for_each(&Connection::on_drain);
    {
        std::unique_lock lock(core_->live_mutex);
        core_->live_changed.wait_for(lock, grace, [this] { return core_->live == 0; });
    }
    if (!core_->lanes) return;  // It could not bind, so nothing runs.
    core_->lanes->stop();
    for_each(&Connection::close);
    for (const auto& loop : core_->loops) {
        asio::post(loop->io, [owner = loop.get()] {
            owner->tick.cancel();
            owner->work.reset();
            owner->io.stop();
        });
    }
    for (const auto& loop : core_->loops) loop->thread.join();
}

ServerStats ServerImpl::stats() const {
    const Counters& c = core_->counters;
    std::size_t live = 0;
    {
        const std::lock_guard lock(core_->live_mutex);
        live = core_->live;
    }
    return {c.requests.load(),     c.responses_5xx.load(), c.refused.load(),
            c.bytes_in.load(),     c.bytes_out.load(),     live,
            core_->lanes->queued()};
}

}  // namespace

Result<std::unique_ptr<Server>> Server::start(const ServerOptions& options,
                                              std::shared_ptr<Application> application) {
    for (const unsigned threads :
         {options.loops, options.control_threads, options.write_threads, options.read_threads}) {
        if (threads == 0 || threads > limits::kThreadsMax) {
            return fail(ErrorCode::kInvalidArgument, "A thread count must be between 1 and " +
                                                         std::to_string(limits::kThreadsMax));
        }
    }
    auto core = std::make_shared<Core>();
    core->options = options;
    core->application = std::move(application);
    core->clock = options.clock != nullptr ? options.clock : &system_clock();
    core->permits = std::make_shared<BodyPermits>(options.body_memory_bytes);
    for (unsigned i = 0; i < options.loops; ++i) core->loops.push_back(std::make_unique<Loop>());
    auto server = std::make_unique<ServerImpl>(std::move(core));
    SKY_TRY(server->bind());
    server->run();
    return server;
}

}  // namespace sky::http
