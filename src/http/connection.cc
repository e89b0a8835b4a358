// SPDX-License-Identifier: Apache-2.0
#include "http/connection.h"

#include <algorithm>
#include <charconv>
#include <exception>

#include "base/assert.h"
#include "base/log.h"
#include "base/time.h"
#include "http/limits.h"
#include "http/status_text.h"

namespace sky::http {
namespace {

using Instant = Connection::Instant;
Instant now() { return std::chrono::steady_clock::now(); }

bool status_has_body(int status) { return status >= 200 && status != 204 && status != 304; }

// Field values come from handlers and may quote a client's text: a line break would split the
// answer.
void append_field(std::string& out, std::string_view name, std::string_view value) {
    out.append(name).append(": ");
    for (const char c : value) out.push_back(c == '\r' || c == '\n' || c == '\0' ? ' ' : c);
    out.append("\r\n");
}

void append_chunk(std::string& out, std::string_view piece) {
    std::array<char, 16> size{};
    const auto end = std::to_chars(size.data(), size.data() + size.size(), piece.size(), 16).ptr;
    out.append(size.data(), end).append("\r\n").append(piece).append("\r\n");
}

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
    void send(std::optional<Response> response) {
        permit_ = {};
        const auto core = core_.lock();
        if (!core) return;
        core->loops[loop_]->events.post(
            [connection = connection_, response = std::move(response)]() mutable {
                if (const auto self = connection.lock()) self->on_response(std::move(response));
            });
    }

    const std::weak_ptr<Core> core_;
    const std::size_t loop_;
    const std::weak_ptr<Connection> connection_;
    const RequestHead head_;  // As refuse() is promised it.
    Permit permit_;
    std::atomic<bool> answered_{false};
};

// What Application::refuse() gets of an admitted request: its fields have gone to the handler.
RequestHead refusal_head(const RequestHead& head) {
    if (!head.decided) return head;
    RequestHead out;
    out.method = head.method;
    out.target = head.target;
    out.remote_ip = head.remote_ip;
    out.content_length = head.content_length;
    out.decided = head.decided;
    return out;
}

}  // namespace

std::optional<Response> Core::refuse(const RequestHead& head, Refusal why) {
    counters.refused.fetch_add(1, std::memory_order_relaxed);
    try {
        return application->refuse(head, why);
    } catch (const std::exception& e) {
        log::error("http_refuse_failed", {{"why", e.what()}});
        return std::nullopt;
    }
}

void Core::enter() {
    const std::lock_guard lock(live_mutex);
    ++live;
}

void Core::leave() {
    bool was_full = false;
    {
        const std::lock_guard lock(live_mutex);
        was_full = live >= options.connections_max;
        --live;
        live_changed.notify_all();
    }
    if (was_full && on_room) on_room();
}

std::size_t Core::live_now() const {
    const std::lock_guard lock(live_mutex);
    return live;
}

Connection::Connection(const std::shared_ptr<Core>& core, std::size_t loop,
                       std::unique_ptr<Socket> socket, std::string ip)
    : core_(*core),
      weak_core_(core),
      loop_index_(loop),
      loop_(*core->loops[loop]),
      socket_(std::move(socket)),
      remote_ip_(std::move(ip)),
      parser_(core->options.head_bytes_max, digest_) {}

void Connection::start(std::list<std::shared_ptr<Connection>>::iterator place) {
    place_ = place;
    in_.resize(limits::kReadBufferBytes);
    waiting_since_ = now();
    deadline_ = waiting_since_ + core_.options.head_timeout;
    socket_->open([self = shared_from_this()](Io io, std::size_t) { self->opened(io); });
}

void Connection::opened(Io outcome) {
    if (outcome == Io::kCancelled || state_ != State::kOpening) return;
    const bool is_tls = core_.options.tls != nullptr;
    if (outcome == Io::kDone) {
        if (is_tls) core_.counters.tls_handshakes.fetch_add(1, std::memory_order_relaxed);
        return begin_request();
    }
    if (is_tls) core_.counters.tls_failures.fetch_add(1, std::memory_order_relaxed);
    if (outcome != Io::kNotTls) return close();
    keep_alive_ = KeepAlive::kNo;
    write_response({400,
                    {{"Content-Type", "text/plain; charset=utf-8"}},
                    "This port speaks HTTPS: begin the address with https://\n"},
                   After::kLinger);
}

void Connection::on_drain() {
    if (state_ == State::kHead && buffered().empty()) return close();
    if (state_ == State::kStreaming) out_.stream->tell_draining();
}

void Connection::on_response(std::optional<Response> response) {
    if (state_ != State::kExecuting) return;
    if (!response) return close();
    write_response(std::move(*response), After::kAsAsked);
}

std::optional<Instant> Connection::idle_since() const {
    if (state_ != State::kHead && state_ != State::kOpening) return std::nullopt;
    return waiting_since_;
}

// Appends what the socket has to `in_`, which may grow to `buffer_bytes_max`; then calls `next`.
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
    socket_->read_some(in_.data() + in_end_, in_.size() - in_end_,
                       [self = shared_from_this(), next](Io io, std::size_t bytes) {
                           if (io == Io::kCancelled || self->state_ == State::kClosed) return;
                           if (io != Io::kDone) return self->close();
                           self->core_.counters.bytes_in.fetch_add(bytes,
                                                                   std::memory_order_relaxed);
                           self->in_end_ += bytes;
                           (self.get()->*next)();
                       });
}

void Connection::begin_request() {
    state_ = State::kHead;
    waiting_since_ = now();
    digest_.reset();  // A rejected body may have left a piece.
    parser_.reset();
    head_begun_ = false;
    continue_wanted_ = false;
    lane_ = Lane::kControl;
    tenant_.clear();
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
        const RequestParser::Progress got = parser_.put_head(data);
        in_begin_ += got.used;
        switch (got.step) {
            case RequestParser::Step::kComplete:
                return head_complete();
            case RequestParser::Step::kNeedMore:
                break;
            case RequestParser::Step::kMalformed:
            case RequestParser::Step::kBodyTooLarge:
                return reject(Refusal::kMalformed);
        }
    } else {
        if (core_.draining.load()) return close();
        deadline_ = waiting_since_ + core_.options.idle_timeout;
    }
    read_more(core_.options.head_bytes_max, &Connection::read_head);
}

void Connection::head_complete() {
    RequestHead& head = parser_.head;
    head.remote_ip = remote_ip_;
    core_.counters.requests.fetch_add(1, std::memory_order_relaxed);

    is_head_ = head.method == "HEAD";
    keep_alive_ = !parser_.keep_alive()     ? KeepAlive::kNo
                  : parser_.version() == 11 ? KeepAlive::kHttp11
                                            : KeepAlive::kHttp10;
    const std::uint64_t length = head.content_length.value_or(0);
    const bool has_body = parser_.chunked() || length > 0;
    continue_wanted_ = has_body && parser_.version() == 11 &&
                       equals_lower(head.headers.get("expect"), "100-continue");
    if (core_.draining.load()) return reject(Refusal::kDraining);

    std::uint64_t body_bytes_max = 0;
    try {
        HeadDecision decision = core_.application->on_head(head);
        if (auto* early = std::get_if<Response>(&decision)) return answer_early(std::move(*early));
        auto& admit = std::get<Admit>(decision);
        lane_ = admit.lane;
        body_bytes_max = admit.body_bytes_max;
        tenant_ = std::move(admit.tenant);
        head.decided = std::move(admit.decided);
    } catch (const std::exception& e) {
        log::error("http_on_head_failed", {{"why", e.what()}});
        return reject(Refusal::kHandlerFailed);
    }
    // A body beyond the whole budget could never be granted.
    parser_.body_bytes_max = std::min(body_bytes_max, core_.permits->bytes_max());
    if (length > parser_.body_bytes_max) return reject(Refusal::kBodyTooLarge);
    if (!has_body) return execute();
    if (!parser_.chunked()) return with_permit(length, &Connection::send_continue);
    with_permit(std::min(limits::kChunkPermitBytes, parser_.body_bytes_max),
                &Connection::send_continue);
}

// Adds `bytes` to the permit of this request, then goes on with `next`; the socket is not read
// meanwhile.
void Connection::with_permit(std::uint64_t bytes, Next next) {
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
    core_.permits->wait(
        bytes, claim, tenant_, permit_ticket_,
        [core = weak_core_, loop = loop_index_, connection = weak_from_this(),
         ticket = permit_ticket_](Permit granted) {
            const auto alive = core.lock();
            if (!alive) return;
            alive->loops[loop]->events.post(
                [connection, ticket, permit = std::move(granted)]() mutable {
                    const auto self = connection.lock();
                    if (!self || self->state_ != State::kPermit || self->permit_ticket_ != ticket) {
                        return;  // Waited too long; the permit goes back.
                    }
                    self->permit_.merge(std::move(permit));
                    (self.get()->*self->after_permit_)();
                });
        });
}

void Connection::send_continue() {
    deadline_ = now() + core_.options.body_timeout;
    const bool chunked = parser_.chunked();
    state_ = chunked ? State::kChunks : State::kBody;
    const Next next = chunked ? &Connection::read_chunks : &Connection::read_body;
    // A client that has sent part of the body already does not wait for the word.
    if (!continue_wanted_ || !buffered().empty()) return (this->*next)();
    continue_wanted_ = false;
    static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    socket_->write(kContinue, {},
                   [self = shared_from_this(), next, state = state_](Io io, std::size_t) {
                       if (io == Io::kCancelled || self->state_ != state) return;
                       if (io != Io::kDone) return self->close();
                       (self.get()->*next)();
                   });
}

// Reads straight into the string that the handler gets.
void Connection::read_body() {
    if (body_.empty()) {
        const auto length = static_cast<std::size_t>(*parser_.head.content_length);
        // Not the lambda's own argument: libstdc++ 12 passes the grown capacity there.
        body_.resize_and_overwrite(length, [length](char*, std::size_t) { return length; });
        const std::string_view early = buffered().substr(0, length);
        early.copy(body_.data(), early.size());
        digest_.update(early);
        in_begin_ += early.size();
        body_have_ = early.size();
    }
    if (body_have_ == body_.size()) return execute();
    socket_->read_some(
        body_.data() + body_have_, body_.size() - body_have_,
        [self = shared_from_this()](Io io, std::size_t bytes) {
            if (io == Io::kCancelled || self->state_ != State::kBody) return;
            if (io != Io::kDone) return self->close();
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
    if (in_.size() < limits::kChunkBufferBytes) in_.resize(limits::kChunkBufferBytes);
    const std::string_view data = buffered();
    if (!data.empty()) {
        const std::uint64_t needed =
            std::min(parser_.body.size() + data.size(), parser_.body_bytes_max);
        if (needed > permit_.bytes()) {
            const std::uint64_t wanted =
                std::min(std::max(needed, 2 * permit_.bytes()), parser_.body_bytes_max);
            return with_permit(wanted - permit_.bytes(), &Connection::read_chunks);
        }
        const RequestParser::Progress got = parser_.put_chunks(data);
        in_begin_ += got.used;
        switch (got.step) {
            case RequestParser::Step::kComplete:
                body_ = std::move(parser_.body);
                return execute();
            case RequestParser::Step::kMalformed:
                return reject(Refusal::kMalformed);
            case RequestParser::Step::kBodyTooLarge:
                return reject(Refusal::kBodyTooLarge);
            case RequestParser::Step::kNeedMore:
                break;
        }
    }
    read_more(limits::kChunkBufferBytes, &Connection::read_chunks);
}

void Connection::execute() {
    state_ = State::kExecuting;
    deadline_ = Instant::max();  // The handler's own limits hold from here.
    auto exchange = std::make_shared<Exchange>(weak_core_, loop_index_, weak_from_this(),
                                               refusal_head(parser_.head), std::move(permit_));
    Request request{std::move(parser_.head), std::move(body_), digest_.finish()};
    const std::uint64_t cost = request.body.size();
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
    if (!core_.lanes->try_run(lane_, tenant_, cost, std::move(task))) {
        exchange->refuse(Refusal::kQueueFull);
    }
}

void Connection::reject(Refusal why) {
    if (why == Refusal::kMalformed) {
        keep_alive_ = KeepAlive::kNo;
        is_head_ = false;
        auto response = core_.refuse(parser_.head, why);
        if (!response) return close();
        return write_response(std::move(*response), After::kLinger);
    }
    answer_early(core_.refuse(parser_.head, why));
}

// Answers before the whole body was read. What is left of a short body is skipped when it has
// arrived already; otherwise the connection ends after the answer.
void Connection::answer_early(std::optional<Response> response) {
    if (!response) return close();
    permit_ = {};
    const std::uint64_t length = parser_.head.content_length.value_or(0);
    const std::uint64_t unread = length - std::min<std::uint64_t>(length, body_have_);
    if (!parser_.chunked() && unread <= buffered().size()) {
        in_begin_ += static_cast<std::size_t>(unread);
        return write_response(std::move(*response), After::kAsAsked);
    }
    write_response(std::move(*response), After::kLinger);
}

const std::string& Connection::date() {
    const std::int64_t second = floor_div(core_.clock->now_ms(), 1000);
    if (second != loop_.date_second) {
        loop_.date_second = second;
        loop_.date = format_http_date(second * 1000);
    }
    return loop_.date;
}

std::string Connection::render_head(const Response& response, std::string_view date) const {
    std::string out;
    out.reserve(256);
    out.append("HTTP/1.1 ").append(std::to_string(response.status)).append(" ");
    out.append(status_text(response.status)).append("\r\n");
    append_field(out, "Date", date);
    for (const Header& header : response.headers) append_field(out, header.name, header.value);
    if (chunked_out_) {
        append_field(out, "Transfer-Encoding", "chunked");
    } else if (status_has_body(response.status) && !response.stream) {
        append_field(out, "Content-Length", std::to_string(response.body.size()));
    }
    if (keep_alive_ == KeepAlive::kNo) append_field(out, "Connection", "close");
    if (keep_alive_ == KeepAlive::kHttp10) append_field(out, "Connection", "keep-alive");
    out.append("\r\n");
    return out;
}

void Connection::write_response(Response response, After after) {
    state_ = State::kWriting;
    deadline_ = now() + core_.options.write_timeout;
    // Without chunks the end of a streamed body is the end of the connection.
    const bool is_stream = response.stream != nullptr && status_has_body(response.status);
    chunked_out_ = is_stream && parser_.version() == 11;
    if (after == After::kLinger || core_.draining.load() || (is_stream && !chunked_out_)) {
        keep_alive_ = KeepAlive::kNo;
    }
    linger_after_write_ = after == After::kLinger;
    if (response.status >= 500) {
        core_.counters.responses_5xx.fetch_add(1, std::memory_order_relaxed);
    }
    out_ = std::move(response);
    out_head_ = render_head(out_, date());
    const bool sends_body = !is_head_ && status_has_body(out_.status);
    if (!is_stream || !sends_body) out_.stream = nullptr;  // HEAD: tells the writer to stop.
    const std::string_view body = sends_body && !is_stream ? out_.body : std::string_view{};
    socket_->write(out_head_, body, [self = shared_from_this()](Io io, std::size_t bytes) {
        if (io == Io::kCancelled || self->state_ != State::kWriting) return;
        if (io != Io::kDone) return self->close();
        self->core_.counters.bytes_out.fetch_add(bytes, std::memory_order_relaxed);
        if (self->out_.stream) return self->begin_stream();
        self->response_written();
    });
}

void Connection::begin_stream() {
    state_ = State::kStreaming;
    deadline_ = Instant::max();
    pumping_ = stream_ended_ = false;
    watch_peer();
    out_.stream->attach([core = weak_core_, loop = loop_index_, connection = weak_from_this()] {
        if (const auto alive = core.lock()) {
            alive->loops[loop]->events.post([connection] {
                if (const auto self = connection.lock()) self->pump();
            });
        }
    });
    if (core_.draining.load()) out_.stream->tell_draining();
    pump();
}

// While a stream is silent only a read tells that the peer has gone. What a peer sends ahead is
// kept; beyond a buffer of it nothing is read, and the next write has to tell.
void Connection::watch_peer() {
    if (in_begin_ == in_end_) in_begin_ = in_end_ = 0;
    watching_ = in_end_ < in_.size();
    if (!watching_) return;
    socket_->read_some(in_.data() + in_end_, in_.size() - in_end_,
                       [self = shared_from_this()](Io io, std::size_t bytes) {
                           self->watching_ = false;
                           if (self->state_ != State::kStreaming) return;
                           if (io == Io::kEnded) return self->close();
                           if (io == Io::kDone) {
                               self->core_.counters.bytes_in.fetch_add(bytes,
                                                                       std::memory_order_relaxed);
                               self->in_end_ += bytes;
                           }
                           if (self->stream_ended_) return self->response_written();
                           self->watch_peer();
                       });
}

// Sends what the writer has queued, one chunk a piece, in one write; then again.
void Connection::pump() {
    if (state_ != State::kStreaming || pumping_ || stream_ended_) return;
    const StreamBody::Taken taken = out_.stream->take();
    const bool finished = taken.end == StreamBody::End::kFinished;
    out_head_.clear();
    for (const std::string& piece : taken.pieces) {
        if (chunked_out_) {
            append_chunk(out_head_, piece);
        } else {
            out_head_.append(piece);
        }
    }
    if (finished && chunked_out_) out_head_.append("0\r\n\r\n");
    if (out_head_.empty() && !finished) {
        if (taken.end == StreamBody::End::kCut) return close();
        deadline_ = Instant::max();
        return;
    }
    pumping_ = true;
    deadline_ = now() + core_.options.write_timeout;
    socket_->write(out_head_, {}, [self = shared_from_this(), finished](Io io, std::size_t bytes) {
        if (self->state_ != State::kStreaming) return;
        if (io != Io::kDone) return self->close();
        self->core_.counters.bytes_out.fetch_add(bytes, std::memory_order_relaxed);
        self->pumping_ = false;
        if (!finished) return self->pump();
        self->stream_ended_ = true;
        if (!self->watching_) return self->response_written();
        self->socket_->cancel();  // watch_peer() goes on from there.
    });
}

void Connection::response_written() {
    out_ = {};
    out_head_ = {};
    if (keep_alive_ != KeepAlive::kNo) return begin_request();
    // Closing with unread bytes makes the kernel send a reset, which can overtake the answer.
    if (linger_after_write_ || !buffered().empty() || socket_->has_unread()) {
        state_ = State::kLingering;
        deadline_ = now() + limits::kLinger;
        socket_->shutdown_send();
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
        case State::kChunks:
            socket_->cancel();
            return reject(Refusal::kBodyTimeout);
        case State::kOpening:
        case State::kHead:
        case State::kExecuting:
        case State::kWriting:
        case State::kStreaming:
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
    out_.stream = nullptr;  // Tells its writer.
    socket_->close();
    const auto keep = shared_from_this();
    loop_.connections.erase(place_);
    core_.leave();
}

}  // namespace sky::http
