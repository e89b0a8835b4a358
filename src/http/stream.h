// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/http/stream.h - an answer whose body is made while it is sent (live tail).
//
//     http::Stream stream = http::make_stream();
//     respond({200, {{"Content-Type", "text/plain"}}, {}, stream.body});
//     stream.writer.write("first piece");   // Now or later, from any thread.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "http/limits.h"

namespace sky::http {

struct StreamState;

/// Why nobody needs more of the body.
enum class StreamStop : std::uint8_t {
    kPeerGone,  // The connection has ended; whatever is written is dropped.
    kDraining,  // The server stops soon: write the last piece and finish().
};

/// The handler's end. Threads: every member from any thread, destruction by one. Destroyed without
/// finish() it cuts the connection, so that the client sees that something is missing.
class StreamWriter {
public:
    explicit StreamWriter(std::shared_ptr<StreamState> state) : state_(std::move(state)) {}
    StreamWriter(StreamWriter&&) noexcept = default;
    StreamWriter& operator=(StreamWriter&& other) noexcept;
    ~StreamWriter();

    enum class Put : std::uint8_t {
        kQueued,  // Sent as one chunk as soon as the connection can take it.
        kFull,    // Not queued: the peer reads too slowly. Drop it, or try again at on_room().
        kGone,    // Not queued: the peer left, or the stream was finished.
    };
    /// A piece larger than the whole buffer is taken when nothing else waits.
    Put write(std::string piece);
    /// Ends the body properly once everything is sent.
    void finish();
    bool gone() const;
    /// Queued and not yet handed to the kernel.
    std::size_t waiting_bytes() const;

    /// `told` runs when somebody stops the stream (at once when that has happened), on an event
    /// loop: it must not block. First perhaps kDraining, then kPeerGone; after that never again.
    /// It must not own this writer.
    void on_stop(std::function<void(StreamStop)> told);
    /// `told` runs each time that a refused writer may try again. As on_stop().
    void on_room(std::function<void()> told);

private:
    std::shared_ptr<StreamState> state_;
};

/// The connection's end, carried by Response::stream; nobody else calls its members. Destroyed
/// unread it tells the writer that the peer has gone.
class StreamBody {
public:
    explicit StreamBody(std::shared_ptr<StreamState> state) : state_(std::move(state)) {}
    StreamBody(const StreamBody&) = delete;
    StreamBody& operator=(const StreamBody&) = delete;
    ~StreamBody();

    /// `wake` runs on the writer's thread whenever take() has something new.
    void attach(std::function<void()> wake);
    enum class End : std::uint8_t { kNotYet, kFinished, kCut };
    struct Taken {
        std::vector<std::string> pieces;
        End end = End::kNotYet;
    };
    /// Everything queued. Those bytes count as waiting until the next take().
    Taken take();
    void tell_draining();

private:
    std::shared_ptr<StreamState> state_;
};

struct Stream {
    StreamWriter writer;
    std::shared_ptr<StreamBody> body;
};
/// `buffer_bytes_max` is the bound of what waits for a slow peer.
Stream make_stream(std::size_t buffer_bytes_max = limits::kStreamBufferBytes);

}  // namespace sky::http
