// SPDX-License-Identifier: Apache-2.0
#include "aws/event_stream.h"

#include <doctest/doctest.h>

#include "crypto/encoding.h"

namespace sky::aws {
namespace {

// CRC-32 by its definition, and a number's big-endian bytes: not the code under test.
std::uint32_t checksum(std::string_view bytes) {
    std::uint32_t crc = 0xFFFFFFFFU;
    for (const char c : bytes) {
        crc ^= static_cast<unsigned char>(c);
        for (int i = 0; i < 8; ++i) crc = crc >> 1U ^ (0xEDB88320U & (0U - (crc & 1U)));
    }
    return ~crc;
}
std::string big_endian(std::uint32_t value) {
    std::string out;
    for (const unsigned shift : {24U, 16U, 8U, 0U})
        out.push_back(static_cast<char>(value >> shift & 0xFFU));
    return out;
}
/// A message of any headers.
std::string message_of(std::string_view headers, std::string_view payload) {
    std::string out = big_endian(static_cast<std::uint32_t>(16 + headers.size() + payload.size()));
    out += big_endian(static_cast<std::uint32_t>(headers.size()));
    out += big_endian(checksum(out));
    out.append(headers).append(payload);
    return out + big_endian(checksum(out));
}

Result<std::optional<EventMessage>> decode(std::string_view bytes) {
    EventDecoder decoder;
    decoder.put(bytes);
    return decoder.next();
}

TEST_CASE("event messages: the bytes that other implementations make of them, both ways") {
    // The first three are in every SDK's own tests; the last is what botocore 1.44 reads as the
    // start of a stream.
    struct Case {
        EventHeaders headers;
        std::string_view payload, hex;
    };
    const Case cases[] = {
        {{}, "", "000000100000000005c248eb7d98c8ff"},
        {{}, "{'foo':'bar'}", "0000001d00000000fd528c5a7b27666f6f273a27626172277dc3653936"},
        {{{"content-type", "application/json"}},
         "{'foo':'bar'}",
         "0000003d0000002007fd83960c636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e"
         "7b27666f6f273a27626172277d8d9c08b1"},
        {{{":message-type", "event"},
          {":event-type", "initial-response"},
          {":content-type", "application/json"}},
         "{}",
         "00000068000000564e6817240d3a6d6573736167652d747970650700056576656e740b3a6576656e742d7479"
         "7065070010696e697469616c2d726573706f6e73650d3a636f6e74656e742d747970650700106170706c6963"
         "6174696f6e2f6a736f6e7b7dfe942c1d"},
    };
    for (const Case& c : cases) {
        CAPTURE(c.hex);
        const std::string wire = crypto::hex_decode(c.hex).value();
        CHECK(encode_event_message(c.headers, c.payload) == wire);
        const auto back = decode(wire);
        REQUIRE((back && *back));
        CHECK((*back)->payload == c.payload);
        CHECK((*back)->headers.size() == c.headers.size());
        for (const auto& [name, value] : c.headers) CHECK((*back)->header(name) == value);
        // Any bit that is not as it was is found.
        for (std::size_t bit = 0; bit < 8 * wire.size(); ++bit) {
            std::string damaged = wire;
            damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ 1 << bit % 8);
            const auto read = decode(damaged);
            CHECK(!read);
        }
    }
}

TEST_CASE("event messages: headers of every type are passed over, strings are kept") {
    // Written by hand: true, false, one to eight bytes, bytes, string, timestamp, uuid.
    std::string headers;
    const auto add = [&](std::string_view name, char type, std::string_view value) {
        headers.push_back(static_cast<char>(name.size()));
        headers.append(name).push_back(type);
        headers.append(value);
    };
    using namespace std::string_view_literals;
    add("t", 0, "");
    add("f", 1, "");
    add("i8", 2, "\x01"sv);
    add("i16", 3, "\x01\x02"sv);
    add("i32", 4, "1234"sv);
    add("i64", 5, "12345678"sv);
    add("blob", 6, "\0\2ab"sv);
    add("text", 7, "\0\2cd"sv);
    add("time", 8, "12345678"sv);
    add("uuid", 9, "1234567812345678"sv);
    const auto read = decode(message_of(headers, "p"));
    REQUIRE((read && *read));
    CHECK((*read)->headers.size() == 1);
    CHECK((*read)->header("text") == "cd");
    CHECK((*read)->header("blob").empty());
    CHECK((*read)->payload == "p");
    struct Case {
        const char* name;
        std::size_t at;
        char byte;
    };
    for (const Case& c : {Case{"no such type", 2, 10}, Case{"a name of no bytes", 0, 0},
                          Case{"a name beyond the end", 0, '\xff'}}) {
        CAPTURE(c.name);
        std::string damaged = headers;
        damaged[c.at] = c.byte;
        const auto refused = decode(message_of(damaged, "p"));
        REQUIRE(!refused);
        CHECK(refused.error().code == ErrorCode::kCorruption);
    }
}

TEST_CASE("event messages: however they are cut, they come out whole") {
    std::string wire;
    for (int i = 0; i < 5; ++i)
        wire += encode_event_message({{":event-type", "e"}}, std::string(std::size_t(i) * 7, 'x'));
    for (std::size_t piece = 1; piece <= wire.size(); ++piece) {
        EventDecoder decoder;
        std::size_t seen = 0;
        for (std::size_t at = 0; at < wire.size(); at += piece) {
            decoder.put(std::string_view(wire).substr(at, piece));
            for (;;) {
                const auto message = decoder.next();
                REQUIRE(message);
                if (!*message) break;
                CHECK((*message)->payload.size() == 7 * seen);
                ++seen;
            }
        }
        CHECK(seen == 5);
        CHECK(decoder.between_messages());
        decoder.put("more");
        CHECK(!decoder.between_messages());
    }
}

TEST_CASE("event messages: what claims to be too large is refused before it has come") {
    const auto prelude = [](std::uint32_t total, std::uint32_t headers) {
        const std::string out = big_endian(total) + big_endian(headers);
        return out + big_endian(checksum(out));
    };
    struct Case {
        std::uint32_t total, headers;
        std::optional<ErrorCode> code;
    };
    for (const Case& c :
         {Case{16, 0, std::nullopt}, Case{15, 0, ErrorCode::kCorruption},
          Case{16, 1, ErrorCode::kCorruption}, Case{0xFFFFFFFF, 0, ErrorCode::kLimitExceeded},
          Case{1 << 20, 200 << 10, ErrorCode::kLimitExceeded}}) {
        CAPTURE(c.total);
        const auto read = decode(prelude(c.total, c.headers));
        REQUIRE(bool(read) == !c.code);
        if (c.code) CHECK(read.error().code == *c.code);
    }
}

}  // namespace
}  // namespace sky::aws
