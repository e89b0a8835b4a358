// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "base/random.h"
#include "crypto/crc32c.h"
#include "crypto/digest.h"
#include "crypto/encoding.h"

namespace {

using namespace sky;
using namespace sky::crypto;

TEST_CASE("digests: known answers") {
    struct Case {
        std::string_view text, md5_hex, sha1_hex, sha256_hex, sha512_prefix;
    };
    static constexpr Case kCases[] = {
        // FIPS 180-4 and RFC 1321 examples.
        {"", "d41d8cd98f00b204e9800998ecf8427e", "da39a3ee5e6b4b0d3255bfef95601890afd80709",
         "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "cf83e1357eefb8bd"},
        {"abc", "900150983cd24fb0d6963f7d28e17f72", "a9993e364706816aba3e25717850c26c9cd0d89d",
         "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", "ddaf35a193617aba"},
    };
    for (const Case& c : kCases) {
        CAPTURE(c.text);
        CHECK(hex_encode(as_text(md5(c.text))) == c.md5_hex);
        CHECK(hex_encode(as_text(sha1(c.text))) == c.sha1_hex);
        CHECK(sha256_hex(c.text) == c.sha256_hex);
        CHECK(hex_encode(as_text(sha512(c.text))).starts_with(c.sha512_prefix));
    }
}

TEST_CASE("sha256 in pieces equals sha256 at once, also after finish()") {
    SeededRandom random(7);
    Sha256 pieces;
    for (int round = 0; round < 50; ++round) {
        std::string text(random.below(5000), '\0');
        random.fill(std::as_writable_bytes(std::span(text)));
        for (std::size_t at = 0; at < text.size();) {
            const std::size_t step = std::min<std::size_t>(1 + random.below(200), text.size() - at);
            pieces.update(std::string_view(text).substr(at, step));
            at += step;
        }
        CHECK(pieces.finish() == sha256(text));
    }
}

TEST_CASE("hmac_sha256: RFC 4231") {
    struct Case {
        std::string key, text;
        std::string_view hex;
    };
    const Case cases[] = {
        {std::string(20, '\x0b'), "Hi There",
         "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
        {"Jefe", "what do ya want for nothing?",
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {std::string(20, '\xaa'), std::string(50, '\xdd'),
         "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
        {std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First",
         "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
    };
    for (const Case& c : cases) {
        CAPTURE(c.text);
        CHECK(hex_encode(as_text(hmac_sha256(c.key, c.text))) == c.hex);
    }
}

TEST_CASE("base64, base64url: RFC 4648 and what must be refused") {
    struct Case {
        std::string_view bytes, base64, base64url;
    };
    static constexpr Case kCases[] = {
        {"", "", ""},
        {"f", "Zg==", "Zg"},
        {"fo", "Zm8=", "Zm8"},
        {"foo", "Zm9v", "Zm9v"},
        {"foob", "Zm9vYg==", "Zm9vYg"},
        {"\xfb\xff\xbf", "+/+/", "-_-_"},
    };
    for (const Case& c : kCases) {
        CAPTURE(c.base64);
        CHECK(base64_encode(c.bytes) == c.base64);
        CHECK(base64_decode(c.base64) == std::string(c.bytes));
        CHECK(base64url_encode(c.bytes) == c.base64url);
        CHECK(base64url_decode(c.base64url) == std::string(c.bytes));
    }
    for (const std::string_view bad :
         {"Zg", "Zg=", "Z===", "====", "Zh==", "Zm9=", "Zm 9", "Zm9v\n", "Zm9-", "Zg==Zg=="}) {
        CAPTURE(bad);
        CHECK(!base64_decode(bad));
    }
    for (const std::string_view bad : {"Zg==", "Z", "Zh", "Zm9+", "Zm9/"}) {
        CAPTURE(bad);
        CHECK(!base64url_decode(bad));
    }
}

TEST_CASE("encodings: random bytes come back") {
    SeededRandom random(11);
    for (std::size_t length = 0; length < 100; ++length) {
        std::string bytes(length, '\0');
        random.fill(std::as_writable_bytes(std::span(bytes)));
        CHECK(base64_decode(base64_encode(bytes)) == bytes);
        CHECK(base64url_decode(base64url_encode(bytes)) == bytes);
        CHECK(hex_decode(hex_encode(bytes)) == bytes);
    }
    CHECK(hex_encode("\x01\xaf") == "01af");
    CHECK(hex_decode("01AF") == std::string("\x01\xaf"));
    CHECK(!hex_decode("0"));
    CHECK(!hex_decode("0g"));
}

TEST_CASE("crc32c: known answers (RFC 3720 B.4)") {
    std::string ascending(32, '\0');
    for (std::size_t i = 0; i < ascending.size(); ++i) ascending[i] = static_cast<char>(i);
    CHECK(crc32c(std::string_view("123456789")) == 0xE3069283);
    CHECK(crc32c(std::string(32, '\0')) == 0x8A9136AA);
    CHECK(crc32c(std::string(32, '\xff')) == 0x62A8AB43);
    CHECK(crc32c(ascending) == 0x46DD794E);
    CHECK(crc32c(std::string_view()) == 0);
}

TEST_CASE("crc32c: both implementations agree, and chaining equals one run") {
    SeededRandom random(3);
    std::string bytes(4096 + 16, '\0');
    random.fill(std::as_writable_bytes(std::span(bytes)));
    for (int round = 0; round < 500; ++round) {
        const std::size_t from = random.below(16);
        const std::size_t count = random.below(round < 250 ? 40 : 4096);
        const auto seed = static_cast<std::uint32_t>(random.next_u64());
        const std::string_view text = std::string_view(bytes).substr(from, count);
        const std::uint32_t expected = detail::crc32c_table(text.data(), text.size(), seed);
        CHECK(crc32c(text, seed) == expected);
        if (detail::crc32c_sse42_available())
            CHECK(detail::crc32c_sse42(text.data(), text.size(), seed) == expected);
        const std::size_t cut = random.below(count + 1);
        CHECK(crc32c(text.substr(cut), crc32c(text.substr(0, cut), seed)) == expected);
    }
}

TEST_CASE("constant_time_equal") {
    CHECK(constant_time_equal("abc", "abc"));
    CHECK(constant_time_equal("", ""));
    CHECK(!constant_time_equal("abc", "abd"));
    CHECK(!constant_time_equal("abc", "ab"));
}

}  // namespace
