// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/http/chunk_decoder.h - the chunked transfer coding (RFC 9112 7.1), read
              // strictly.
// Our own, because the library's decoder aborts when the last chunk's line and the end of the body
// arrive in separate pieces (Boost 1.81, basic_parser::parse_chunk_header, BOOST_ASSERT(n >= 5)).

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "http/body_digest.h"

namespace sky::http {

/// One body. Lines end with CR LF; sizes are 1 to 16 hexadecimal digits and nothing else;
/// extensions and trailers are bounded (limits.h), checked and dropped: they carry nothing that a
/// request may change after its head.
class ChunkDecoder {
public:
    enum class Step : std::uint8_t { kNeedMore, kComplete, kMalformed, kTooLarge };
    struct Progress {
        Step step;
        std::size_t used;  // All of the bytes unless the body is complete or refused.
    };
    /// Appends to `body`, which never outgrows `body_bytes_max`, and to the digest, if any. Not
    /// after anything but kNeedMore.
    Progress put(std::string_view bytes, std::string& body, std::uint64_t body_bytes_max,
                 BodyDigest* digest);

private:
    enum class State : std::uint8_t {
        kSize,
        kExtension,
        kSizeEnd,
        kData,
        kDataCr,
        kDataLf,
        kTrailerStart,
        kTrailerName,
        kTrailerValue,
        kTrailerEnd,
        kEnd,
        kDone,
        kBroken
    };
    State next(char c);
    State after_size(char c);

    State state_ = State::kSize;
    std::uint64_t size_ = 0;  // Of the chunk; in kData what is left of it.
    int digits_ = 0;
    std::size_t extension_bytes_ = 0, trailer_bytes_ = 0, trailers_ = 0;
};

}  // namespace sky::http
