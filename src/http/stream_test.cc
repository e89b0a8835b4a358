// SPDX-License-Identifier: Apache-2.0
#include "http/stream.h"

#include <doctest/doctest.h>

#include <atomic>
#include <future>
#include <thread>

#include "http/loopback_test.h"

namespace sky::http {
namespace {

using namespace std::chrono_literals;
using test::contains;
using test::post;
using test::RawSocket;
using test::Running;
using Put = StreamWriter::Put;

constexpr std::string_view kGet = "GET /stream HTTP/1.1\r\nHost: h\r\n\r\n";

TEST_CASE("a streamed answer: each piece is one chunk, sent at once; the connection lives on") {
    const Running running;
    RawSocket socket(running.port());
    socket.send(kGet);
    StreamWriter writer = running.application->next_writer();
    const std::string& all = socket.read_until("\r\n\r\n");
    CHECK(contains(all, "Transfer-Encoding: chunked\r\n"));
    CHECK(!contains(all, "Content-Length"));
    CHECK(writer.write("hello") == Put::kQueued);
    CHECK(contains(socket.read_until("hello\r\n"), "\r\n\r\n5\r\nhello\r\n"));
    CHECK(writer.write("") == Put::kQueued);  // An empty chunk would end the body.
    CHECK(writer.write(std::string(300, 'x')) == Put::kQueued);
    socket.read_until("12c\r\n" + std::string(300, 'x') + "\r\n");
    writer.finish();
    CHECK(socket.read_until("0\r\n\r\n").ends_with("x\r\n0\r\n\r\n"));
    CHECK(writer.write("late") == Put::kGone);
    RawSocket other(running.port());
    other.send(post("/echo", "meanwhile"));
    CHECK(other.read_response().ends_with("meanwhile"));
    socket.send(post("/echo", "again"));
    CHECK(contains(socket.read_until("again"), "HTTP/1.1 200 OK"));
}

TEST_CASE("a request that was sent ahead is answered after the stream") {
    const Running running;
    RawSocket socket(running.port());
    socket.send(std::string(kGet) + post("/echo", "ahead"));
    StreamWriter writer = running.application->next_writer();
    writer.write("first");
    writer.finish();
    const std::string all = socket.read_until("ahead");
    CHECK(contains(all, "5\r\nfirst\r\n0\r\n\r\nHTTP/1.1 200 OK"));
}

TEST_CASE("streams of other kinds of requests") {
    const Running running;
    SUBCASE("HTTP/1.0 gets the bytes as they are, and the end of the connection") {
        RawSocket socket(running.port());
        socket.send("GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
        StreamWriter writer = running.application->next_writer();
        writer.write("one");
        writer.write("two");
        writer.finish();
        const std::string& all = socket.read_to_end();
        CHECK(all.ends_with("\r\n\r\nonetwo"));
        CHECK(contains(all, "Connection: close"));
        CHECK(socket.ended_cleanly());
    }
    SUBCASE("HEAD gets the head, and the writer is told") {
        RawSocket socket(running.port());
        socket.send("HEAD /stream HTTP/1.1\r\nHost: h\r\n\r\n");
        StreamWriter writer = running.application->next_writer();
        CHECK(contains(socket.read_response(true), "Transfer-Encoding: chunked"));
        std::promise<StreamStop> told;
        writer.on_stop([&](StreamStop why) { told.set_value(why); });
        CHECK(told.get_future().get() == StreamStop::kPeerGone);
        socket.send(post("/echo", "in step"));
        CHECK(socket.read_response().ends_with("in step"));
    }
    SUBCASE("a writer that gives up cuts the answer") {
        RawSocket socket(running.port());
        socket.send(kGet);
        {
            StreamWriter writer = running.application->next_writer();
            writer.write("half");
        }
        CHECK(socket.read_to_end().ends_with("4\r\nhalf\r\n"));
    }
}

TEST_CASE("the writer learns that its peer has gone") {
    const Running running;
    RawSocket socket(running.port());
    socket.send(kGet);
    StreamWriter writer = running.application->next_writer();
    std::promise<StreamStop> told;
    writer.on_stop([&](StreamStop why) { told.set_value(why); });
    writer.write("hello");
    socket.read_until("hello");
    socket.close();
    CHECK(told.get_future().get() == StreamStop::kPeerGone);
    CHECK(writer.gone());
    CHECK(writer.write("more") == Put::kGone);
    CHECK(writer.waiting_bytes() == 0);
    while (running.server->stats().connections > 0) std::this_thread::yield();
}

TEST_CASE("a peer that reads slowly: bounded memory, a word when there is room, nothing lost") {
    const Running running;
    running.application->stream_bytes_max = 64 * 1024;
    RawSocket socket(running.port());
    socket.send("GET /stream HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    StreamWriter writer = running.application->next_writer();
    std::atomic<int> rooms{0};
    writer.on_room([&] { ++rooms; });
    constexpr std::size_t kPieces = 2000, kPieceBytes = 8000;
    std::thread reader;
    std::size_t refused = 0;
    for (std::size_t i = 0; i < kPieces; ++i) {
        for (;;) {
            const int before = rooms.load();
            const Put put = writer.write(std::string(kPieceBytes, static_cast<char>('a' + i % 26)));
            CHECK(writer.waiting_bytes() <= 64 * 1024);
            if (put == Put::kQueued) break;
            REQUIRE(put == Put::kFull);
            // Nobody reads until the first refusal, so there is one.
            if (refused++ == 0) reader = std::thread([&] { socket.read_to_end(); });
            while (rooms.load() == before) std::this_thread::yield();
        }
    }
    writer.finish();
    REQUIRE(refused > 0);
    reader.join();
    const std::string& all = socket.read_to_end();
    std::string_view rest = std::string_view(all).substr(all.find("\r\n\r\n") + 4);
    for (std::size_t i = 0; i < kPieces; ++i) {
        REQUIRE(rest.starts_with("1f40\r\n"));
        REQUIRE(rest.substr(6, kPieceBytes) ==
                std::string(kPieceBytes, static_cast<char>('a' + i % 26)));
        rest.remove_prefix(6 + kPieceBytes + 2);
    }
    CHECK(rest == "0\r\n\r\n");
}

TEST_CASE("a peer that reads nothing at all loses its stream") {
    ServerOptions options;
    options.write_timeout = 100ms;
    const Running running(options);
    RawSocket socket(running.port());
    socket.shrink_receive_buffer();
    socket.send(kGet);
    StreamWriter writer = running.application->next_writer();
    std::promise<void> told;
    writer.on_stop([&](StreamStop) { told.set_value(); });
    while (writer.write(std::string(1 << 20, 'x')) == Put::kQueued) {
    }
    told.get_future().wait();
    CHECK(writer.gone());
}

TEST_CASE("a piece larger than the buffer is taken when nothing else waits") {
    const Running running;
    running.application->stream_bytes_max = 10;
    RawSocket socket(running.port());
    socket.send(kGet);
    StreamWriter writer = running.application->next_writer();
    CHECK(writer.write(std::string(1000, 'x')) == Put::kQueued);
    writer.finish();
    CHECK(socket.read_until("0\r\n\r\n").ends_with("x\r\n0\r\n\r\n"));
}

TEST_CASE("draining lets a stream say its last word") {
    Running running;
    RawSocket socket(running.port());
    socket.send(kGet);
    StreamWriter writer = running.application->next_writer();
    writer.write("first");
    socket.read_until("first");
    writer.on_stop([&](StreamStop why) {
        if (why != StreamStop::kDraining) return;
        writer.write("last");
        writer.finish();
    });
    running.server->drain(20s);
    CHECK(socket.read_to_end().ends_with("4\r\nlast\r\n0\r\n\r\n"));
    CHECK(running.server->stats().connections == 0);
}

TEST_CASE("a stream that nobody sends: both ends may go in any order") {
    std::atomic<int> told{0};
    {
        Stream stream = make_stream();
        stream.writer.on_stop([&](StreamStop) { ++told; });
        stream.writer.write("x");
        stream.body = nullptr;
        CHECK(stream.writer.gone());
    }
    CHECK(told == 1);
    Stream stream = make_stream();
    {
        const StreamWriter gone = std::move(stream.writer);
    }
    CHECK(stream.body->take().end == StreamBody::End::kCut);
}

}  // namespace
}  // namespace sky::http
