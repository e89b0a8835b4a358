// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/http/connection.h - one peer: its requests read, run and answered one by one.

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "http/body_digest.h"
#include "http/body_permits.h"
#include "http/request_parser.h"
#include "http/server_core.h"
#include "http/socket.h"
#include "http/stream.h"

namespace sky::http {

/// Lives on one event loop, so its state needs no lock: every member runs there; other threads
/// reach it only through a post to that loop.
class Connection : public std::enable_shared_from_this<Connection> {
public:
    using Instant = std::chrono::steady_clock::time_point;
    Connection(const std::shared_ptr<Core>& core, std::size_t loop, std::unique_ptr<Socket> socket,
               std::string ip);

    void start(std::list<std::shared_ptr<Connection>>::iterator place);
    void on_drain();
    void on_tick(Instant at);
    void on_response(std::optional<Response> response);
    /// Since when it has waited for a request without being in one; nullopt while it is busy.
    std::optional<Instant> idle_since() const;
    void close();

private:
    enum class State : std::uint8_t {
        kOpening,
        kHead,
        kPermit,
        kBody,
        kChunks,
        kExecuting,
        kWriting,
        kStreaming,
        kLingering,
        kClosed
    };
    // What follows a response: the rules of keep-alive, or the end because request bytes are
    // unread.
    enum class After : std::uint8_t { kAsAsked, kLinger };
    enum class KeepAlive : std::uint8_t { kNo, kHttp11, kHttp10 };
    using Next = void (Connection::*)();

    std::string_view buffered() const {
        return std::string_view(in_).substr(in_begin_, in_end_ - in_begin_);
    }
    void read_more(std::size_t buffer_bytes_max, Next next);
    void opened(Io outcome);
    void begin_request();
    void read_head();
    void head_complete();
    void with_permit(std::uint64_t bytes, Next next);
    void send_continue();
    void read_body();
    void read_chunks();
    void execute();
    void reject(Refusal why);
    void answer_early(std::optional<Response> response);
    void write_response(Response response, After after);
    void response_written();
    void begin_stream();
    void watch_peer();
    void pump();
    void linger();
    std::string render_head(const Response& response, std::string_view date) const;
    const std::string& date();

    Core& core_;
    const std::weak_ptr<Core> weak_core_;
    const std::size_t loop_index_;
    Loop& loop_;
    const std::unique_ptr<Socket> socket_;
    const std::string remote_ip_;
    std::list<std::shared_ptr<Connection>>::iterator place_;

    State state_ = State::kOpening;
    Instant deadline_ = Instant::max(), waiting_since_{};

    std::string in_;  // Bytes read ahead: [in_begin_, in_end_).
    std::size_t in_begin_ = 0, in_end_ = 0;

    // The current request.
    BodyDigest digest_;
    RequestParser parser_;
    Lane lane_ = Lane::kControl;
    std::string tenant_;
    bool head_begun_ = false, is_head_ = false, continue_wanted_ = false;
    KeepAlive keep_alive_ = KeepAlive::kNo;
    std::string body_;  // Of a request with a Content-Length; its full size from the start.
    std::size_t body_have_ = 0;
    Permit permit_;
    std::uint64_t permit_ticket_ = 0;
    Next after_permit_ = nullptr;

    Response out_;
    std::string out_head_;
    bool linger_after_write_ = false;
    // Of a streamed answer.
    bool chunked_out_ = false, watching_ = false, pumping_ = false, stream_ended_ = false;
};

}  // namespace sky::http
