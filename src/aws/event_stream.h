// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/aws/event_stream.h - application/vnd.amazon.eventstream: answers that are
              // messages, one after the other, made and read.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "aws/limits.h"
#include "aws/shape.h"
#include "base/result.h"
#include "http/stream.h"

namespace sky::aws {

inline constexpr std::string_view kEventStreamType = "application/vnd.amazon.eventstream";

/// A message with headers of the string type alone, as every service event has them
/// (clients.md 5.6): two big-endian lengths and their CRC-32, headers, payload, the CRC-32 of all
/// of it. Names have 1..255 bytes, values fewer than 32 KiB; our code guarantees that.
using EventHeaders = std::initializer_list<std::pair<std::string_view, std::string_view>>;
std::string encode_event_message(EventHeaders headers, std::string_view payload);

struct EventMessage {
    std::vector<std::pair<std::string, std::string>> headers;  // Of the string type alone.
    std::string payload;
    /// Empty when there is none of that name.
    std::string_view header(std::string_view name) const;
};

/// Cuts what arrives into messages. Belongs to one thread.
class EventDecoder {
public:
    void put(std::string_view bytes) { waiting_.append(bytes); }
    /// The next message; nullopt while it is not complete. Errors: kCorruption (a checksum, lengths
    /// that contradict each other, an unknown header type), kLimitExceeded (limits.h); the stream
    /// is of no use afterwards.
    Result<std::optional<EventMessage>> next();
    /// Whether the stream may end here.
    bool between_messages() const { return used_ == waiting_.size(); }

private:
    std::string waiting_;
    std::size_t used_ = 0;  // Of `waiting_`; cut off now and then.
};

/// The server's end of a streamed answer. Threads as http::StreamWriter. Destroyed without finish()
/// it cuts the connection.
class EventWriter {
public:
    using Put = http::StreamWriter::Put;
    explicit EventWriter(http::StreamWriter writer) : writer_(std::move(writer)) {}

    /// `value` is a structure of the model.
    template <class T>
    Put event(std::string_view type, const T& value) {
        return send("event", ":event-type", type, shape_of(&value), &value);
    }
    /// A modelled exception; finish() comes next.
    template <class T>
    Put exception(std::string_view type, const T& value) {
        return send("exception", ":exception-type", type, shape_of(&value), &value);
    }
    /// The message that clients wait for before any other (clients.md trap 8).
    Put initial_response();
    void finish() { writer_.finish(); }
    bool gone() const { return writer_.gone(); }
    void on_stop(std::function<void(http::StreamStop)> told) { writer_.on_stop(std::move(told)); }

private:
    Put send(std::string_view kind, std::string_view type_header, std::string_view type,
             const Shape& shape, const void* value);
    http::StreamWriter writer_;
};

}  // namespace sky::aws
