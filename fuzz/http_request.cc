// SPDX-License-Identifier: Apache-2.0
// Bytes of a connection, read as http/connection.cc reads them: where they are cut into pieces
// makes no difference, bodies keep their bound, and each request written out again is read as
// itself and nothing more, so nothing can hide behind one.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/assert.h"
#include "http/request_parser.h"

namespace {

using namespace sky::http;
using Step = RequestParser::Step;

constexpr std::size_t kHeadBytesMax = 8 * 1024;
constexpr std::uint64_t kBodyBytesMax = 4 * 1024;

std::string render(const RequestParser& parser, std::string_view body) {
    std::string out = parser.head.method + " " + parser.head.target +
                      (parser.version() == 11 ? " HTTP/1.1\r\n" : " HTTP/1.0\r\n");
    for (const Header& header : parser.head.headers.list()) {
        out += header.name + ": " + header.value + "\r\n";
    }
    out += "\r\n";
    if (!parser.chunked()) return out.append(body);
    if (!body.empty()) {
        constexpr std::string_view kDigits = "0123456789abcdef";
        std::string size;
        for (std::size_t rest = body.size(); rest > 0; rest /= 16) {
            size.insert(size.begin(), kDigits[rest % 16]);
        }
        out.append(size).append("\r\n").append(body).append("\r\n");
    }
    return out += "0\r\n\r\n";
}

struct Reading {
    std::vector<std::string> requests;  // Written out again.
    std::size_t used = 0;
};

Reading read_all(std::string_view input, std::size_t piece) {
    Reading reading;
    BodyDigest digest;
    RequestParser parser(kHeadBytesMax, digest);
    std::size_t begin = 0, end = 0;
    const auto more = [&] {
        if (end == input.size()) return false;
        end = std::min(input.size(), end + piece);
        return true;
    };
    for (;;) {
        parser.reset();
        bool begun = false;
        RequestParser::Progress got{Step::kNeedMore, 0};
        while (got.step == Step::kNeedMore) {
            while (!begun && begin < end && (input[begin] == '\r' || input[begin] == '\n')) {
                ++begin;
            }
            if (begin < end) {
                begun = true;
                got = parser.put_head(input.substr(begin, end - begin));
                begin += got.used;
            }
            if (got.step == Step::kNeedMore && !more()) return reading;
        }
        if (got.step != Step::kComplete) return reading;
        parser.body_bytes_max = kBodyBytesMax;
        std::string body;
        if (parser.chunked()) {
            got = {Step::kNeedMore, 0};
            while (got.step == Step::kNeedMore) {
                if (begin < end) {
                    got = parser.put_chunks(input.substr(begin, end - begin));
                    begin += got.used;
                }
                SKY_ASSERT(parser.body.size() <= kBodyBytesMax, "the bound holds");
                if (got.step == Step::kNeedMore && !more()) return reading;
            }
            if (got.step != Step::kComplete) return reading;
            body = parser.body;
        } else {
            const std::uint64_t length = parser.head.content_length.value_or(0);
            if (length > input.size() - begin) return reading;
            body = input.substr(begin, static_cast<std::size_t>(length));
            begin += body.size();
            end = std::max(end, begin);
        }
        reading.requests.push_back(render(parser, body));
        reading.used = begin;
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 1) return 0;
    const std::size_t piece = 1 + data[0] % 64;
    const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
    const Reading whole = read_all(input, input.size() + 1);
    const Reading pieces = read_all(input, piece);
    SKY_ASSERT(whole.requests == pieces.requests, "pieces make no difference");
    for (const std::string& request : whole.requests) {
        const Reading again = read_all(request, request.size());
        SKY_ASSERT(again.requests.size() == 1 && again.requests[0] == request,
                   "written out again it is the same request");
        SKY_ASSERT(again.used == request.size(), "and nothing more");
    }
    return 0;
}
