// SPDX-License-Identifier: Apache-2.0
#include "http/request_parser.h"

#include <doctest/doctest.h>

namespace sky::http {
namespace {

using Step = RequestParser::Step;

// The body of a chunked request whose bytes after the head come in pieces of that size.
struct Chunked {
    Step step = Step::kNeedMore;
    std::string body;
    std::size_t used = 0;
    Chunked(std::string_view coded, std::size_t piece) {
        BodyDigest digest;
        RequestParser parser(1024, digest);
        const auto head =
            parser.put_head("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
        REQUIRE(head.step == Step::kComplete);
        parser.body_bytes_max = 10;
        while (step == Step::kNeedMore && used < coded.size()) {
            const auto got = parser.put_chunks(coded.substr(used, piece));
            step = got.step;
            used += got.used;
        }
        body = parser.body;
    }
};

TEST_CASE("chunked bodies: the same in pieces of every size") {
    struct Case {
        const char* name;
        std::string_view coded;
        Step step;
        std::string_view body;
    };
    static constexpr Case kCases[] = {
        // Cut behind the last chunk's line this one used to abort the program.
        {"empty", "0\r\n\r\n", Step::kComplete, ""},
        {"empty with a trailer", "0\r\nX: y\r\n\r\n", Step::kComplete, ""},
        {"one chunk", "3\r\nabc\r\n0\r\n\r\n", Step::kComplete, "abc"},
        {"two chunks", "3\r\nabc\r\n2;a=\"b\"\r\nde\r\n00\r\n\r\n", Step::kComplete, "abcde"},
        {"capital digits", "A\r\n0123456789\r\n0\r\n\r\n", Step::kComplete, "0123456789"},
        {"too large", "b\r\n01234567890\r\n0\r\n\r\n", Step::kBodyTooLarge, ""},
        {"sum too large", "9\r\n012345678\r\n2\r\n01\r\n", Step::kBodyTooLarge, "012345678"},
        {"largest size", "ffffffffffffffff\r\n", Step::kBodyTooLarge, ""},
        {"a digit more", "0ffffffffffffffff\r\n", Step::kMalformed, ""},
        {"no size", "\r\n", Step::kMalformed, ""},
        {"no size, extension", ";a\r\n", Step::kMalformed, ""},
        {"longer than said", "2\r\nabc\r\n", Step::kMalformed, "ab"},
        {"bad end", "0\r\n\rx", Step::kMalformed, ""},
        {"unfinished", "3\r\nab", Step::kNeedMore, "ab"},
        {"unfinished end", "0\r\n\r", Step::kNeedMore, ""},
    };
    for (const Case& c : kCases) {
        CAPTURE(c.name);
        for (std::size_t piece = 1; piece <= c.coded.size(); ++piece) {
            CAPTURE(piece);
            const Chunked got(c.coded, piece);
            CHECK(got.step == c.step);
            CHECK(got.body == c.body);
            if (c.step == Step::kComplete) CHECK(got.used == c.coded.size());
        }
    }
    CHECK(Chunked("0\r\n\r\nGET /", 100).used == 5);  // What follows is the next request's.
}

}  // namespace
}  // namespace sky::http
