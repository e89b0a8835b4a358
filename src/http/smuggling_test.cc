// SPDX-License-Identifier: Apache-2.0
// Bytes that two servers could read differently, through a real socket: refused, every one.
#include <doctest/doctest.h>

#include "http/loopback_test.h"

namespace sky::http {
namespace {

using test::contains;
using test::post;
using test::RawSocket;
using test::Running;

TEST_CASE("malformed requests are refused and the connection ends cleanly") {
    ServerOptions options;
    options.head_bytes_max = 8 * 1024;
    const Running running(options);
    const std::string start = "POST /echo HTTP/1.1\r\nHost: h\r\n";
    struct Case {
        const char* name;
        std::string request;
    };
    std::string fields, small_chunks_with_extensions;
    for (int i = 0; i < 200; ++i) {
        fields += "a: b\r\n";
        small_chunks_with_extensions += "1;" + std::string(100, 'x') + "\r\ny\r\n";
    }
    const Case kCases[] = {
        {"no HTTP", "hello there, server\r\n\r\n"},
        {"TLS hello", std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11) + "\r\n\r\n"},
        {"wrong version", "GET / HTTP/2.0\r\nHost: h\r\n\r\n"},
        {"no host", "GET /echo HTTP/1.1\r\n\r\n"},
        {"two hosts", "GET /echo HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"},
        {"blank before colon", "GET /echo HTTP/1.1\r\nHost: h\r\nX-A : b\r\n\r\n"},
        {"NUL in value", start + std::string("X: a\0b\r\n\r\n", 10)},
        {"no colon", start + "nonsense\r\n\r\n"},
        {"two lengths", start + "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd"},
        {"bad length", start + "Content-Length: 3x\r\n\r\nabc"},
        {"negative length", start + "Content-Length: -1\r\n\r\n"},
        {"huge length", start + "Content-Length: 99999999999999999999\r\n\r\n"},
        {"length and chunked",
         start + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
        {"chunked and length",
         start + "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n"},
        {"unknown coding", start + "Transfer-Encoding: gzip\r\n\r\n"},
        {"coding before chunked", start + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"},
        {"chunked twice",
         start + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
        {"chunked over HTTP/1.0",
         "POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
        {"bad chunk size", start + "Transfer-Encoding: chunked\r\n\r\nxyz\r\n"},
        {"chunk size overflow", start + "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n"},
        {"chunk longer than said", start + "Transfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n"},
        {"endless chunk line",
         start + "Transfer-Encoding: chunked\r\n\r\n2;" + std::string(200'000, 'x')},
        {"endless chunk line in small chunks",
         start + "Transfer-Encoding: chunked\r\n\r\n" + small_chunks_with_extensions},
        {"bare CR in a value", start + "X: a\rContent-Length: 5\r\n\r\n"},
        {"bare CR before a colon", start + "X\r: a\r\n\r\n"},
        {"bare LF as a line end", "POST /echo HTTP/1.1\nHost: h\n\n"},
        {"bare LF inside a value", start + "X: a\nContent-Length: 5\r\n\r\n"},
        {"bare LF ends the head", start + "X: a\r\n\n"},
        {"CR CR LF", start + "X: a\r\r\n\r\n"},
        {"folded value", start + "X: a\r\n b\r\n\r\n"},
        {"folded by a tab", start + "X: a\r\n\tb\r\n\r\n"},
        {"folded length", start + "Content-Length:\r\n 3\r\n\r\nabc"},
        {"folded coding", start + "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n"},
        {"field line begins with a blank", "POST /echo HTTP/1.1\r\n Host: h\r\n\r\n"},
        {"bytes beyond ASCII in a value", start + "X: a\xc3\xa9\r\n\r\n"},
        {"bytes beyond ASCII in a name", start + "X\xc3\xa9: a\r\n\r\n"},
        {"bytes beyond ASCII in the target", "GET /\xc3\xa9 HTTP/1.1\r\nHost: h\r\n\r\n"},
        {"vertical tab before a coding", start + "Transfer-Encoding: \vchunked\r\n\r\n"},
        {"delete in a value", start + "X: \x7f\r\n\r\n"},
        {"empty name", start + ": a\r\n\r\n"},
        {"separator in a name", start + "X(y): a\r\n\r\n"},
        {"blank before the length's colon", start + "Content-Length : 3\r\n\r\nabc"},
        {"tab before the coding's colon", start + "Transfer-Encoding\t: chunked\r\n\r\n"},
        {"equal lengths twice", start + "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc"},
        {"list of lengths", start + "Content-Length: 3, 3\r\n\r\nabc"},
        {"length with a plus", start + "Content-Length: +3\r\n\r\nabc"},
        {"length with a blank inside", start + "Content-Length: 1 1\r\n\r\nabc"},
        {"hexadecimal length", start + "Content-Length: 0x3\r\n\r\nabc"},
        {"empty length", start + "Content-Length:\r\n\r\n"},
        {"empty coding", start + "Transfer-Encoding:\r\n\r\n"},
        {"identity", start + "Transfer-Encoding: identity\r\n\r\n"},
        {"chunked with a parameter", start + "Transfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n"},
        {"chunked in quotes", start + "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n"},
        {"chunked, then identity", start + "Transfer-Encoding: chunked, identity\r\n\r\n"},
        {"chunked twice in one line", start + "Transfer-Encoding: chunked, chunked\r\n\r\n"},
        {"nearly chunked", start + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"},
        {"chunk size with a sign", start + "Transfer-Encoding: chunked\r\n\r\n+3\r\nabc\r\n"},
        {"chunk size with 0x", start + "Transfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n"},
        {"negative chunk size", start + "Transfer-Encoding: chunked\r\n\r\n-3\r\nabc\r\n"},
        {"chunk line ends with LF", start + "Transfer-Encoding: chunked\r\n\r\n3\nabc\r\n"},
        {"chunk data ends with LF", start + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\n0\r\n"},
        {"empty chunk size", start + "Transfer-Encoding: chunked\r\n\r\n\r\nabc\r\n"},
        {"blanks in the request line", "GET  /echo HTTP/1.1\r\nHost: h\r\n\r\n"},
        {"tab in the request line", "GET\t/echo HTTP/1.1\r\nHost: h\r\n\r\n"},
        {"blank at the request line's end", "GET /echo HTTP/1.1 \r\nHost: h\r\n\r\n"},
        {"no version", "GET /echo\r\nHost: h\r\n\r\n"},
        {"bytes beyond ASCII in an extension",
         start + "Transfer-Encoding: chunked\r\n\r\n1;\xc3\xa9\r\na\r\n0\r\n\r\n"},
        {"bare LF in an extension", start + "Transfer-Encoding: chunked\r\n\r\n1;a\na\r\n"},
        {"blank after a chunk size", start + "Transfer-Encoding: chunked\r\n\r\n1 \r\na\r\n"},
        {"folded trailer", start + "Transfer-Encoding: chunked\r\n\r\n0\r\nX: a\r\n b\r\n\r\n"},
        {"trailer without a colon", start + "Transfer-Encoding: chunked\r\n\r\n0\r\nX\r\n\r\n"},
        {"bare CR in a trailer", start + "Transfer-Encoding: chunked\r\n\r\n0\r\nX: a\rb\r\n\r\n"},
        {"long trailer", start + "Transfer-Encoding: chunked\r\n\r\n0\r\nX: " +
                             std::string(10'000, 'x') + "\r\n\r\n"},
        {"many trailers", start + "Transfer-Encoding: chunked\r\n\r\n0\r\n" + fields + "\r\n"},
        {"head too long", start + "X: " + std::string(20'000, 'x') + "\r\n\r\n"},
        {"too many fields", start + fields + "\r\n"},
    };
    for (const Case& c : kCases) {
        CAPTURE(c.name);
        RawSocket socket(running.port());
        // Bytes after the fault must never be taken for a request.
        socket.send(c.request + "GET /early HTTP/1.1\r\nHost: h\r\n\r\n");
        socket.finish_sending();
        const std::string all = socket.read_to_end();
        CAPTURE(all);
        CHECK(all.starts_with("HTTP/1.1 400 Bad Request\r\n"));
        CHECK(contains(all, "Connection: close\r\n"));
        CHECK(all.ends_with("\r\n\r\nMalformed"));
        CHECK(socket.ended_cleanly());
    }
    CHECK(running.server->stats().refused == std::size(kCases));
}

TEST_CASE("odd but sound requests are read as one") {
    const Running running;
    const std::string start = "POST /echo HTTP/1.1\r\nHost: h\r\n";
    struct Case {
        const char* name;
        std::string request;
        std::string_view body;
    };
    const Case kCases[] = {
        {"tabs and blanks around a value", start + "Content-Length: \t 3 \t\r\n\r\nabc", "abc"},
        {"leading zeros", start + "Content-Length: 003\r\n\r\nabc", "abc"},
        {"empty value", start + "X:\r\nContent-Length: 3\r\n\r\nabc", "abc"},
        {"upper-case coding", start + "TRANSFER-ENCODING: CHUNKED\r\n\r\n1\r\na\r\n0\r\n\r\n", "a"},
        {"chunk size with zeros",
         start + "Transfer-Encoding: chunked\r\n\r\n0001\r\na\r\n000\r\n\r\n", "a"},
        {"a length among the trailers is no length",
         start + "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nContent-Length: 9\r\n\r\n", "a"},
        {"a small extension",
         start + "Transfer-Encoding: chunked\r\n\r\n1;n=\"v\"\r\na\r\n0\r\n\r\n", "a"},
    };
    for (const Case& c : kCases) {
        CAPTURE(c.name);
        RawSocket socket(running.port());
        socket.send(c.request + post("/echo", "the next one"));
        const std::string response = socket.read_response();
        CAPTURE(response);
        CHECK(response.starts_with("HTTP/1.1 200 OK"));
        CHECK(response.ends_with("\r\n\r\n" + std::string(c.body)));
        CHECK(socket.read_response().ends_with("\r\n\r\nthe next one"));
    }
}

}  // namespace
}  // namespace sky::http
