// SPDX-License-Identifier: Apache-2.0
#include "http/tls.h"

#include <doctest/doctest.h>
#include <stdlib.h>

#include <chrono>
#include <fstream>
#include <future>
#include <thread>

#include "crypto/certificate.h"
#include "http/client.h"
#include "http/loopback_test.h"

namespace sky::http {
namespace {

using namespace std::chrono_literals;
using test::contains;
using test::EchoApplication;
using test::post;
using test::RawSocket;
using test::Running;

/// A directory with one identity in it; gone at the end.
class Files {
public:
    Files() {
        std::string name = "/tmp/skywatch-tls-XXXXXX";
        REQUIRE(::mkdtemp(name.data()) != nullptr);
        directory_ = name;
        renew();
    }
    ~Files() {
        for (const char* name : {"cert.pem", "key.pem", "other.pem"}) {
            static_cast<void>(::unlink(path(name).c_str()));
        }
        static_cast<void>(::rmdir(directory_.c_str()));
    }
    std::string path(const std::string& name) const { return directory_ + "/" + name; }
    void write(const std::string& name, const std::string& text) const {
        std::ofstream(path(name)) << text;
    }
    void renew(std::vector<std::string> names = {"localhost", "127.0.0.1"}) {
        const auto now = system_clock().now_ms();
        const auto made = crypto::make_self_signed(names, now, 2);
        REQUIRE(made);
        write("cert.pem", made->certificate_pem);
        write("key.pem", made->key_pem);
    }
    TlsFiles pair() const { return {path("cert.pem"), path("key.pem")}; }
    std::shared_ptr<TlsIdentity> identity() const {
        auto loaded = TlsIdentity::load(pair());
        REQUIRE(loaded);
        return *loaded;
    }
    std::shared_ptr<TlsTrust> trust() const {
        auto loaded = TlsTrust::load(path("cert.pem"));
        REQUIRE(loaded);
        return *loaded;
    }

private:
    std::string directory_;
};

ServerOptions with_tls(const Files& files) {
    ServerOptions options;
    options.tls = files.identity();
    return options;
}

TEST_CASE("the client and the server talk TLS") {
    const Files files;
    const Running running(with_tls(files));
    for (const char* host : {"127.0.0.1", "localhost"}) {
        CAPTURE(host);
        Client client(host, running.port(), 20s, files.trust());
        for (const std::size_t bytes : {0UL, 1UL, 15'000UL, 16'384UL, 16'385UL, 20'000'000UL}) {
            CAPTURE(bytes);
            std::string body(bytes, '\0');
            for (std::size_t i = 0; i < bytes; ++i)
                body[i] = static_cast<char>(i * 2654435761U >> 24U);
            const auto got = client.send("POST", "/echo", {}, body);
            REQUIRE(got);
            CHECK(got->status == 200);
            CHECK(got->body == body);
        }
        CHECK(running.server->stats().connections == 1);
    }
    CHECK(running.server->stats().tls_handshakes == 2);
    CHECK(running.server->stats().tls_failures == 0);
}

TEST_CASE("a client believes nobody without reason") {
    const Files files;
    const Running running(with_tls(files));
    const Files stranger;
    struct Case {
        const char* name;
        const char* host;
        std::shared_ptr<TlsTrust> trust;
        std::string_view why;
    };
    auto system = TlsTrust::load("");
    REQUIRE(system);
    Files elsewhere;
    elsewhere.renew({"elsewhere"});
    ServerOptions options;
    options.tls = elsewhere.identity();
    const Running other(options);
    const Case kCases[] = {
        {"an authority of the system", "127.0.0.1", *system, "self-signed certificate"},
        {"another certificate", "127.0.0.1", stranger.trust(), "self-signed certificate"},
    };
    for (const Case& c : kCases) {
        CAPTURE(c.name);
        Client client(c.host, running.port(), 20s, c.trust);
        const auto got = client.send("GET", "/echo", {}, "");
        REQUIRE(!got);
        CHECK(got.error().code == ErrorCode::kUnavailable);
        CAPTURE(got.error().message);
        CHECK(contains(got.error().message, c.why));
    }
    for (const char* host : {"127.0.0.1", "localhost"}) {
        Client client(host, other.port(), 20s, elsewhere.trust());
        const auto got = client.send("GET", "/echo", {}, "");
        REQUIRE(!got);
        CHECK(contains(got.error().message, "mismatch"));
    }
}

TEST_CASE("plain HTTP on a TLS port is told so; other noise is not answered") {
    const Files files;
    const Running running(with_tls(files));
    RawSocket plain(running.port());
    plain.send(post("/echo", "hello"));
    const std::string answer = plain.read_response();
    CHECK(answer.starts_with("HTTP/1.1 400 Bad Request\r\n"));
    CHECK(contains(answer, "https://"));
    plain.finish_sending();
    CHECK(plain.read_to_end().empty());
    CHECK(plain.ended_cleanly());
    RawSocket noise(running.port());
    noise.send(std::string("\x16\x03\x01\x00\x05hello", 10));
    noise.finish_sending();
    CHECK(!contains(noise.read_to_end(), "HTTP"));
    while (running.server->stats().tls_failures < 2) std::this_thread::yield();
    CHECK(running.server->stats().requests == 0);
}

TEST_CASE("a handshake that never ends is ended") {
    const Files files;
    ServerOptions options = with_tls(files);
    options.head_timeout = 60ms;
    const Running running(options);
    for (const std::string& start : {std::string(), std::string("\x16\x03\x01\x02\x00", 5)}) {
        RawSocket socket(running.port());
        socket.send(start);
        CHECK(socket.read_to_end().empty());
    }
}

TEST_CASE("idle TLS connections end by the clock of plain ones, with a goodbye") {
    const Files files;
    ServerOptions options = with_tls(files);
    options.idle_timeout = 60ms;
    const Running running(options);
    Client client("127.0.0.1", running.port(), 20s, files.trust());
    REQUIRE(client.send("POST", "/echo", {}, "one"));
    while (running.server->stats().connections > 0) std::this_thread::yield();
    const auto again = client.send("POST", "/echo", {}, "two");  // On a new connection.
    REQUIRE(again);
    CHECK(again->body == "two");
    CHECK(running.server->stats().tls_handshakes == 2);
}

TEST_CASE("a new certificate is taken up while the server runs; a bad one is not") {
    Files files;
    const auto old_trust = files.trust();
    const auto identity = files.identity();
    ServerOptions options;
    options.tls = identity;
    const Running running(options);
    Client old("127.0.0.1", running.port(), 20s, old_trust);
    REQUIRE(old.send("POST", "/echo", {}, "x"));

    files.renew();
    const auto new_trust = files.trust();
    {
        Client early("127.0.0.1", running.port(), 20s, new_trust);
        CHECK(!early.send("POST", "/echo", {}, "x"));  // Not reloaded yet.
    }
    REQUIRE(identity->reload());
    Client fresh("127.0.0.1", running.port(), 20s, new_trust);
    CHECK(fresh.send("POST", "/echo", {}, "x"));
    CHECK(old.send("POST", "/echo", {}, "x"));  // Its session goes on.

    files.write("key.pem", "no key");
    const Status bad = identity->reload();
    REQUIRE(!bad);
    CHECK(contains(bad.error().message, "key.pem"));
    Client still("127.0.0.1", running.port(), 20s, new_trust);
    CHECK(still.send("POST", "/echo", {}, "x"));
}

TEST_CASE("identities and bundles that are none name their file") {
    Files files;
    const auto other = crypto::make_self_signed(std::vector<std::string>{"x"}, 0, 1);
    REQUIRE(other);
    files.write("other.pem", other->key_pem);
    struct Case {
        const char* name;
        TlsFiles pair;
        std::string_view file;
    };
    const Case kCases[] = {
        {"no certificate", {files.path("absent.pem"), files.path("key.pem")}, "absent.pem"},
        {"no key", {files.path("cert.pem"), files.path("absent.pem")}, "absent.pem"},
        {"key for certificate", {files.path("key.pem"), files.path("key.pem")}, "key.pem"},
        {"certificate for key", {files.path("cert.pem"), files.path("cert.pem")}, "cert.pem"},
        {"another's key", {files.path("cert.pem"), files.path("other.pem")}, "other.pem"},
    };
    for (const Case& c : kCases) {
        CAPTURE(c.name);
        const auto loaded = TlsIdentity::load(c.pair);
        REQUIRE(!loaded);
        CHECK(loaded.error().code == ErrorCode::kInvalidArgument);
        CHECK(contains(loaded.error().message, c.file));
    }
    CHECK(!TlsTrust::load(files.path("absent.pem")));
    CHECK(!TlsTrust::load(files.path("key.pem")));
}

TEST_CASE("a streamed answer over TLS") {
    const Files files;
    const Running running(with_tls(files));
    auto answer = std::async(std::launch::async, [&] {
        Client client("127.0.0.1", running.port(), 20s, files.trust());
        return client.send("GET", "/stream", {}, "");
    });
    StreamWriter writer = running.application->next_writer();
    std::string expected;
    for (int i = 0; i < 200; ++i) {
        const std::string piece(static_cast<std::size_t>(i) * 100, static_cast<char>('a' + i % 26));
        expected += piece;
        CHECK(writer.write(piece) == StreamWriter::Put::kQueued);
    }
    writer.finish();
    const auto got = answer.get();
    REQUIRE(got);
    CHECK(got->body == expected);
}

TEST_CASE("a TLS peer that leaves stops its stream") {
    const Files files;
    const Running running(with_tls(files));
    std::promise<void> told;
    auto answer = std::async(std::launch::async, [&] {
        Client client("127.0.0.1", running.port(), 100ms, files.trust());
        return client.send("GET", "/stream", {}, "");
    });
    StreamWriter writer = running.application->next_writer();
    writer.on_stop([&](StreamStop) { told.set_value(); });
    CHECK(answer.get().error().code == ErrorCode::kDeadlineExceeded);
    told.get_future().wait();
    CHECK(writer.gone());
}

TEST_CASE("many TLS clients at once, on several loops") {
    const Files files;
    ServerOptions options = with_tls(files);
    options.loops = 2;
    const Running running(options);
    const auto trust = files.trust();
    std::vector<std::future<int>> clients;
    for (int i = 0; i < 8; ++i) {
        clients.push_back(std::async(std::launch::async, [&, i] {
            int good = 0;
            for (int round = 0; round < 5; ++round) {
                Client client("127.0.0.1", running.port(), 20s, trust);
                const std::string body(static_cast<std::size_t>(i) * 9000 + 1, 'x');
                const auto got = client.send("POST", "/echo?write", {}, body);
                good += got && got->body == body ? 1 : 0;
            }
            return good;
        }));
    }
    for (auto& client : clients) CHECK(client.get() == 5);
}

}  // namespace
}  // namespace sky::http
