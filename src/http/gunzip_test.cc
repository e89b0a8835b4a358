// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>
#include <zlib.h>

#include <string>

#include "http/server.h"

namespace sky::http {
namespace {

std::string deflated(std::string_view text, int window_bits) {
    z_stream z{};
    REQUIRE(deflateInit2(&z, 6, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY) == Z_OK);
    std::string out(deflateBound(&z, text.size()) + 64, '\0');
    z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    z.avail_in = static_cast<uInt>(text.size());
    z.next_out = reinterpret_cast<Bytef*>(out.data());
    z.avail_out = static_cast<uInt>(out.size());
    REQUIRE(deflate(&z, Z_FINISH) == Z_STREAM_END);
    out.resize(z.total_out);
    deflateEnd(&z);
    return out;
}
std::string gzip(std::string_view text) { return deflated(text, 15 + 16); }

TEST_CASE("gunzip") {
    const std::string text = "hello hello hello hello";
    const std::string packed = gzip(text);
    const std::string bomb = gzip(std::string(50'000'000, '\0'));
    REQUIRE(bomb.size() < 100'000);
    std::string bad_checksum = packed;
    bad_checksum[packed.size() - 6] ^= 1;
    struct Case {
        const char* name;
        std::string compressed;
        std::uint64_t cap;
        std::optional<std::string> text;  // Absent: an error.
        ErrorCode code = ErrorCode::kInvalidArgument;
    };
    const Case kCases[] = {
        {"gzip", packed, 1000, text},
        {"zlib", deflated(text, 15), 1000, text},
        {"two members", packed + gzip(" more"), 1000, text + " more"},
        {"empty text", gzip(""), 1000, ""},
        {"empty text, no bytes allowed", gzip(""), 0, ""},
        {"empty member between", packed + gzip("") + packed, 1000, text + text},
        {"exactly the cap", packed, text.size(), text},
        {"no cap at all", packed, std::numeric_limits<std::uint64_t>::max(), text},
        {"one above the cap", packed, text.size() - 1, {}, ErrorCode::kLimitExceeded},
        {"bomb", bomb, 1'000'000, {}, ErrorCode::kLimitExceeded},
        {"bomb of members",
         gzip(std::string(600'000, 'a')) + gzip(std::string(600'000, 'a')),
         1'000'000,
         {},
         ErrorCode::kLimitExceeded},
        {"nothing", "", 1000, {}},
        {"plain text", text, 1000, {}},
        {"cut short", packed.substr(0, packed.size() - 1), 1000, {}},
        {"cut in the header", packed.substr(0, 5), 1000, {}},
        {"bytes after the member", packed + "xyz", 1000, {}},
        {"bytes after a zlib body", deflated(text, 15) + "x", 1000, {}},
        {"second member cut short", packed + packed.substr(0, 12), 1000, {}},
        {"bad checksum", bad_checksum, 1000, {}},
    };
    for (const Case& c : kCases) {
        CAPTURE(c.name);
        const auto got = gunzip(c.compressed, c.cap);
        REQUIRE(got.has_value() == c.text.has_value());
        if (got) {
            CHECK(*got == *c.text);
        } else {
            CHECK(got.error().code == c.code);
        }
    }
}

TEST_CASE("gunzip of a large body") {
    std::string text;
    for (int i = 0; i < 300'000; ++i) text += std::to_string(i * 7919LL) + " ";
    const auto got = gunzip(gzip(text), 64 << 20);
    REQUIRE(got);
    CHECK(*got == text);
}

}  // namespace
}  // namespace sky::http
