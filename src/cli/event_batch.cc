// SPDX-License-Identifier: Apache-2.0
#include "cli/event_batch.h"

#include <algorithm>

#include "json/writer.h"

namespace sky::cli {
namespace {

// Bytes of the well-formed sequence at the front (Unicode 15, table 3-7); 0 when there is none.
std::size_t sequence_bytes(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned first = byte(0);
    if (first < 0x80) return 1;
    if (first < 0xC2 || first > 0xF4) return 0;
    const std::size_t count = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    if (text.size() < count) return 0;
    const unsigned low = first == 0xE0 ? 0xA0U : first == 0xF0 ? 0x90U : 0x80U;
    const unsigned high = first == 0xED ? 0x9FU : first == 0xF4 ? 0x8FU : 0xBFU;
    if (byte(1) < low || byte(1) > high) return 0;
    for (std::size_t i = 2; i < count; ++i) {
        if ((byte(i) & 0xC0U) != 0x80U) return 0;
    }
    return count;
}

}  // namespace

std::string to_utf8(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        const std::size_t count = sequence_bytes(text);
        out.append(count == 0 ? std::string_view("\xEF\xBF\xBD") : text.substr(0, count));
        text.remove_prefix(std::max<std::size_t>(count, 1));
    }
    return out;
}

EventBatch::Add EventBatch::add(std::string_view line, std::int64_t timestamp_ms) {
    if (line.empty()) return Add::kEmptyLine;
    std::string message = to_utf8(line);
    const std::size_t bytes = message.size() + kEventOverheadBytes;
    if (bytes > kBatchBytesMax) return Add::kTooLong;
    if (events_.size() == kBatchEventsMax || bytes > kBatchBytesMax - bytes_) return Add::kFull;
    // The wall clock may step back, but a batch must be in order.
    if (!events_.empty()) timestamp_ms = std::max(timestamp_ms, events_.back().timestamp_ms);
    events_.push_back({timestamp_ms, std::move(message)});
    bytes_ += bytes;
    return Add::kAdded;
}

void EventBatch::clear() {
    events_.clear();
    bytes_ = 0;
}

std::string EventBatch::body(std::string_view group, std::string_view stream) const {
    std::string out;
    out.reserve(bytes_ + 64 * events_.size());
    json::Writer writer(out);
    writer.begin_object();
    writer.key("logGroupName");
    writer.string(group);
    writer.key("logStreamName");
    writer.string(stream);
    writer.key("logEvents");
    writer.begin_array();
    for (const Event& event : events_) {
        writer.begin_object();
        writer.key("timestamp");
        writer.integer(event.timestamp_ms);
        writer.key("message");
        writer.string(event.message);
        writer.end_object();
    }
    writer.end_array();
    writer.end_object();
    return out;
}

}  // namespace sky::cli
