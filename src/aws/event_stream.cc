// SPDX-License-Identifier: Apache-2.0
#include "aws/event_stream.h"

#include <zlib.h>

#include "aws/json_value.h"
#include "base/assert.h"

namespace sky::aws {
namespace {

constexpr std::size_t kPreludeBytes = 12, kChecksumBytes = 4;
constexpr std::size_t kMessageBytesMin = kPreludeBytes + kChecksumBytes;
constexpr char kStringType = 7;

std::uint32_t checksum(std::string_view bytes) {
    const auto* const data = reinterpret_cast<const Bytef*>(bytes.data());
    return static_cast<std::uint32_t>(::crc32_z(0, data, bytes.size()));
}

template <class T>
void append_big_endian(std::string& out, T value) {
    for (int shift = static_cast<int>(8 * (sizeof(T) - 1)); shift >= 0; shift -= 8)
        out.push_back(static_cast<char>((value >> shift) & 0xFF));
}

// Reads from the front; the caller has looked at the size.
std::uint64_t take_big_endian(std::string_view& bytes, std::size_t count) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < count; ++i)
        value = value << 8U | static_cast<unsigned char>(bytes[i]);
    bytes.remove_prefix(count);
    return value;
}

std::unexpected<Error> corrupt(const char* what) {
    return fail(ErrorCode::kCorruption, std::string("broken event stream: ") + what);
}

// Bytes of a header's value; nullopt for one whose first two bytes say so (6 and 7), and for types
// that do not exist (10 and more).
std::optional<std::size_t> fixed_bytes(char type) {
    constexpr std::size_t kBytes[] = {0, 0, 1, 2, 4, 8, 0, 0, 8, 16};
    const auto index = static_cast<unsigned char>(type);
    if (index > 9 || index == 6 || index == kStringType) return std::nullopt;
    return kBytes[index];
}

Status read_headers(std::string_view bytes, EventMessage& message) {
    while (!bytes.empty()) {
        const auto name_bytes = static_cast<std::size_t>(take_big_endian(bytes, 1));
        if (name_bytes == 0 || bytes.size() < name_bytes + 1) return corrupt("a header's name");
        const std::string_view name = bytes.substr(0, name_bytes);
        bytes.remove_prefix(name_bytes);
        const char type = bytes.front();
        bytes.remove_prefix(1);
        std::size_t value_bytes = 0;
        if (const auto fixed = fixed_bytes(type)) {
            value_bytes = *fixed;
        } else {
            if (type != kStringType && type != 6) return corrupt("a header's type");
            if (bytes.size() < 2) return corrupt("a header's length");
            value_bytes = static_cast<std::size_t>(take_big_endian(bytes, 2));
        }
        if (bytes.size() < value_bytes) return corrupt("a header's value");
        if (type == kStringType) message.headers.emplace_back(name, bytes.substr(0, value_bytes));
        bytes.remove_prefix(value_bytes);
    }
    return {};
}

}  // namespace

std::string encode_event_message(EventHeaders headers, std::string_view payload) {
    std::size_t header_bytes = 0;
    for (const auto& [name, value] : headers) {
        SKY_ASSERT(!name.empty() && name.size() < 256 && value.size() < 32768,
                   "headers are names that we choose");
        header_bytes += 1 + name.size() + 1 + 2 + value.size();
    }
    const std::size_t total = kMessageBytesMin + header_bytes + payload.size();
    SKY_ASSERT(total <= limits::kEventMessageBytesMax, "a payload is bounded by who makes it");
    std::string out;
    out.reserve(total);
    append_big_endian(out, static_cast<std::uint32_t>(total));
    append_big_endian(out, static_cast<std::uint32_t>(header_bytes));
    append_big_endian(out, checksum(out));
    for (const auto& [name, value] : headers) {
        out.push_back(static_cast<char>(name.size()));
        out.append(name);
        out.push_back(kStringType);
        append_big_endian(out, static_cast<std::uint16_t>(value.size()));
        out.append(value);
    }
    out.append(payload);
    append_big_endian(out, checksum(out));
    return out;
}

std::string_view EventMessage::header(std::string_view name) const {
    for (const auto& [known, value] : headers)
        if (known == name) return value;
    return {};
}

Result<std::optional<EventMessage>> EventDecoder::next() {
    const std::string_view bytes = std::string_view(waiting_).substr(used_);
    if (bytes.size() < kPreludeBytes) return std::nullopt;
    std::string_view prelude = bytes.substr(0, kPreludeBytes);
    const auto total = static_cast<std::size_t>(take_big_endian(prelude, 4));
    const auto header_bytes = static_cast<std::size_t>(take_big_endian(prelude, 4));
    if (take_big_endian(prelude, 4) != checksum(bytes.substr(0, 8)))
        return corrupt("the checksum of the lengths");
    if (total < kMessageBytesMin || header_bytes > total - kMessageBytesMin)
        return corrupt("the lengths");
    if (total > limits::kEventMessageBytesMax || header_bytes > limits::kEventHeadersBytesMax)
        return fail(ErrorCode::kLimitExceeded,
                    "a message of an event stream is too large: " + std::to_string(total));
    if (bytes.size() < total) return std::nullopt;
    std::string_view sum = bytes.substr(total - kChecksumBytes, kChecksumBytes);
    if (take_big_endian(sum, 4) != checksum(bytes.substr(0, total - kChecksumBytes)))
        return corrupt("the checksum of a message");
    EventMessage message;
    SKY_TRY(read_headers(bytes.substr(kPreludeBytes, header_bytes), message));
    message.payload =
        bytes.substr(kPreludeBytes + header_bytes, total - kMessageBytesMin - header_bytes);
    used_ += total;
    // Not at every message: many small ones may have come together.
    if (used_ == waiting_.size() || used_ > limits::kEventHeadersBytesMax) {
        waiting_.erase(0, used_);
        used_ = 0;
    }
    return message;
}

EventWriter::Put EventWriter::initial_response() {
    return writer_.write(encode_event_message({{":message-type", "event"},
                                               {":event-type", "initial-response"},
                                               {":content-type", "application/json"}},
                                              "{}"));
}

EventWriter::Put EventWriter::send(std::string_view kind, std::string_view type_header,
                                   std::string_view type, const Shape& shape, const void* value) {
    std::string payload;
    json::Writer out(payload);
    encode_json(out, JsonFlavour::kRpc, shape, value);
    return writer_.write(encode_event_message(
        {{":message-type", kind}, {type_header, type}, {":content-type", "application/json"}},
        payload));
}

}  // namespace sky::aws
