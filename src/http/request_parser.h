// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/http/request_parser.h - bytes of a connection to a request's head and chunked
              // body.
// Stricter than the grammar where two readers of the same bytes could disagree (request smuggling):
// bare CR or LF, folded lines, bytes beyond ASCII, a second length, a length with a coding, any
// coding but a single "chunked".

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "http/body_digest.h"
#include "http/message.h"

namespace sky::http {

/// Belongs to one connection; reused for each of its requests.
class RequestParser {
public:
    /// The digest outlives the parser and is fed with a chunked body.
    RequestParser(std::size_t head_bytes_max, BodyDigest& digest);
    ~RequestParser();
    /// Forgets the last request.
    void reset();

    enum class Step : std::uint8_t { kNeedMore, kComplete, kMalformed, kBodyTooLarge };
    struct Progress {
        Step step;
        std::size_t used;  // Bytes that need not be shown again.
    };
    /// Until kComplete: the head is there and obeys the rules above.
    Progress put_head(std::string_view bytes);
    /// Of a chunked request after its head, until kComplete.
    Progress put_chunks(std::string_view bytes);

    RequestHead head;
    std::string body;                  // Of a chunked request.
    std::uint64_t body_bytes_max = 0;  // Set before put_chunks().

    int version() const;  // 11 or 10, once the head is complete.
    bool keep_alive() const;
    bool chunked() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

bool equals_lower(std::string_view text, std::string_view lower);

}  // namespace sky::http
