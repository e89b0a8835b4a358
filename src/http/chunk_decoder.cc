// SPDX-License-Identifier: Apache-2.0
#include "http/chunk_decoder.h"

#include <algorithm>

#include "http/limits.h"

namespace sky::http {
namespace {

constexpr int kDigitsMax = 16;  // Of 64 bits.

int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

// RFC 9110 5.6.2.
bool is_token(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

bool is_text(char c) { return c == '\t' || (c >= ' ' && c <= '~'); }

}  // namespace

ChunkDecoder::State ChunkDecoder::after_size(char c) {
    if (const int digit = hex_value(c); digit >= 0) {
        if (++digits_ > kDigitsMax) return State::kBroken;
        size_ = size_ * 16 + static_cast<std::uint64_t>(digit);
        return State::kSize;
    }
    if (digits_ == 0) return State::kBroken;
    return c == ';' ? State::kExtension : c == '\r' ? State::kSizeEnd : State::kBroken;
}

ChunkDecoder::State ChunkDecoder::next(char c) {
    switch (state_) {
        case State::kSize:
            return after_size(c);
        case State::kExtension:
            if (c == '\r') return State::kSizeEnd;
            if (!is_text(c) || ++extension_bytes_ > limits::kChunkExtensionBytesMax) break;
            return State::kExtension;
        case State::kSizeEnd:
            if (c != '\n') break;
            return size_ == 0 ? State::kTrailerStart : State::kData;
        case State::kDataCr:
            return c == '\r' ? State::kDataLf : State::kBroken;
        case State::kDataLf:
            if (c != '\n') break;
            size_ = 0;
            digits_ = 0;
            return State::kSize;
        case State::kTrailerStart:
            if (c == '\r') return State::kEnd;
            if (!is_token(c) || ++trailers_ > limits::kHeaderFieldsMax) break;
            return State::kTrailerName;
        case State::kTrailerName:
            if (++trailer_bytes_ > limits::kTrailerBytesMax) break;
            if (c == ':') return State::kTrailerValue;
            return is_token(c) ? State::kTrailerName : State::kBroken;
        case State::kTrailerValue:
            if (++trailer_bytes_ > limits::kTrailerBytesMax) break;
            if (c == '\r') return State::kTrailerEnd;
            return is_text(c) ? State::kTrailerValue : State::kBroken;
        case State::kTrailerEnd:
            return c == '\n' ? State::kTrailerStart : State::kBroken;
        case State::kEnd:
            return c == '\n' ? State::kDone : State::kBroken;
        case State::kData:
        case State::kDone:
        case State::kBroken:
            break;
    }
    return State::kBroken;
}

ChunkDecoder::Progress ChunkDecoder::put(std::string_view bytes, std::string& body,
                                         std::uint64_t body_bytes_max, BodyDigest* digest) {
    std::size_t used = 0;
    while (used < bytes.size()) {
        if (state_ == State::kData) {
            const auto piece = bytes.substr(
                used, static_cast<std::size_t>(std::min<std::uint64_t>(size_, bytes.size())));
            body.append(piece);
            if (digest != nullptr) digest->update(piece);
            used += piece.size();
            size_ -= piece.size();
            if (size_ == 0) state_ = State::kDataCr;
            continue;
        }
        state_ = next(bytes[used++]);
        if (state_ == State::kBroken) return {Step::kMalformed, used};
        if (state_ == State::kDone) return {Step::kComplete, used};
        if (state_ == State::kData && size_ > body_bytes_max - body.size()) {
            return {Step::kTooLarge, used};
        }
    }
    return {Step::kNeedMore, used};
}

}  // namespace sky::http
