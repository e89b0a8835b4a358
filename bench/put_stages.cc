// SPDX-License-Identifier: Apache-2.0
// What a full PutLogEvents body (10,000 seed lines) costs the server's CPU, stage by stage from the
// socket to the log record. Bytes per second are of the body. Budget: all stages together above
// 100 MB/s a core, which is 1.5 M events/s (the floor of 400 k events/s counts everything else
// too).
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <string>

#include "aws/sigv4.h"
#include "base/clock.h"
#include "crypto/certificate.h"
#include "crypto/digest.h"
#include "http/body_digest.h"
#include "http/request_parser.h"
#include "http/tls.h"
#include "logs/api/put_log_events_decoder.h"
#include "logs/ingest.h"
#include "seed_lines.h"
#include "store/batch_record.h"

namespace {

using namespace sky;

constexpr std::int64_t kNow = 1'767'225'600'000;
constexpr int kEvents = 10'000;

const std::string& body() {
    static const std::string made = [] {
        bench::SeedLines source(1, kNow - 60'000'000);
        std::string text = R"({"logGroupName":"app","logStreamName":"s","logEvents":[)";
        for (int i = 0; i < kEvents; ++i) {
            const bench::SeedLine& line = source.next();
            text += i == 0 ? "{\"timestamp\":" : ",{\"timestamp\":";
            text += std::to_string(line.timestamp_ms) + ",\"message\":\"" + line.text + "\"}";
        }
        return text + "]}";
    }();
    return made;
}

void report(benchmark::State& state) {
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(body().size()));
    state.SetItemsProcessed(state.iterations() * kEvents);
}

double cpu_seconds() {
    timespec now{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

// Both ends of a connection in one thread; each step tells whether it has to wait.
struct Pair {
    std::array<int, 2> fds{};
    std::unique_ptr<http::TlsSession> server, client;

    Pair() {
        const std::array<std::string, 1> names = {"localhost"};
        const auto made = crypto::make_self_signed(names, system_clock().now_ms(), 2);
        std::string directory = "/tmp/sky_bench.XXXXXX";
        if (!made || ::mkdtemp(directory.data()) == nullptr) std::abort();
        const std::string certificate = directory + "/cert.pem", key = directory + "/key.pem";
        std::ofstream(certificate) << made->certificate_pem;
        std::ofstream(key) << made->key_pem;
        const auto identity = http::TlsIdentity::load({certificate, key});
        const auto trust = http::TlsTrust::load(certificate);
        ::unlink(certificate.c_str());
        ::unlink(key.c_str());
        ::rmdir(directory.c_str());
        if (!identity || !trust) std::abort();
        if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds.data()) != 0) std::abort();
        server = http::TlsSession::accept(**identity, fds[0]);
        client = http::TlsSession::connect(**trust, fds[1], "localhost");
        auto a = http::TlsSession::Step::kWantRead, b = a;
        while (a != http::TlsSession::Step::kDone || b != http::TlsSession::Step::kDone) {
            if (b != http::TlsSession::Step::kDone) b = client->handshake();
            if (a != http::TlsSession::Step::kDone) a = server->handshake();
            if (a == http::TlsSession::Step::kFailed || b == http::TlsSession::Step::kFailed) {
                std::abort();
            }
        }
    }
    Pair(const Pair&) = delete;
    Pair& operator=(const Pair&) = delete;
    ~Pair() {
        ::close(fds[0]);
        ::close(fds[1]);
    }
};

/// Receives the body, counting the receiver's time alone. Argument: 1 with TLS, 0 without.
void receive(benchmark::State& state) {
    const bool tls = state.range(0) == 1;
    const Pair pair;
    std::string into(body().size(), '\0');
    for (auto _ : state) {
        std::size_t sent = 0, have = 0;
        double spent = 0;
        while (have < into.size()) {
            while (sent < into.size()) {
                const std::string_view rest = std::string_view(body()).substr(sent, 16 * 1024);
                std::size_t bytes = 0;
                if (tls) {
                    if (pair.client->write(rest, bytes) != http::TlsSession::Step::kDone) break;
                } else {
                    const ssize_t n = ::send(pair.fds[1], rest.data(), rest.size(), MSG_NOSIGNAL);
                    if (n <= 0) break;
                    bytes = static_cast<std::size_t>(n);
                }
                sent += bytes;
            }
            const double start = cpu_seconds();
            for (;;) {
                std::size_t bytes = 0;
                if (tls) {
                    if (have == into.size() ||
                        pair.server->read(into.data() + have, into.size() - have, bytes) !=
                            http::TlsSession::Step::kDone) {
                        break;
                    }
                } else {
                    const ssize_t n =
                        ::recv(pair.fds[0], into.data() + have, into.size() - have, 0);
                    if (n <= 0) break;
                    bytes = static_cast<std::size_t>(n);
                }
                have += bytes;
            }
            spent += cpu_seconds() - start;
        }
        state.SetIterationTime(spent);
    }
    report(state);
}

void hash(benchmark::State& state) {
    http::BodyDigest digest;
    for (auto _ : state) {
        digest.update(body());
        benchmark::DoNotOptimize(digest.finish());
    }
    report(state);
}

void decode(benchmark::State& state) {
    for (auto _ : state) {
        auto put = logs::api::decode_put_log_events(body());
        benchmark::DoNotOptimize(put);
    }
    report(state);
}

void admit(benchmark::State& state) {
    const auto put = logs::api::decode_put_log_events(body());
    for (auto _ : state) benchmark::DoNotOptimize(logs::admit(put->events, kNow, 30));
    report(state);
}

/// Copied, cut at midnights, and made a record of the log with its checksum; without the disk.
void encode(benchmark::State& state) {
    const auto put = logs::api::decode_put_log_events(body());
    store::AppendBatch batch;
    batch.group = 1;
    batch.stream = 1;
    batch.ingestion_ms = kNow;
    batch.events = put->events;
    for (auto _ : state) {
        const store::PreparedBatch prepared = store::prepare(batch);
        benchmark::DoNotOptimize(store::encode_batch(prepared));
    }
    report(state);
}

/// The part that does not grow with the body: the head of a signed call.
void head(benchmark::State& state) {
    http::RequestHead signed_head;
    signed_head.method = "POST";
    signed_head.target = "/";
    signed_head.headers.add("Host", "127.0.0.1:4580");
    signed_head.headers.add("Content-Type", "application/x-amz-json-1.1");
    signed_head.headers.add("X-Amz-Target", "Logs_20140328.PutLogEvents");
    const aws::sigv4::SignOptions options{"us-east-1", "logs", kNow};
    std::string text = "POST / HTTP/1.1\r\n";
    for (auto& header : aws::sigv4::sign(signed_head, crypto::sha256_hex("{}"),
                                         {"AKIDEXAMPLE", "secret"}, options)) {
        signed_head.headers.add(std::move(header.name), std::move(header.value));
    }
    for (const auto& header : signed_head.headers.list()) {
        text += header.name + ": " + header.value + "\r\n";
    }
    text += "User-Agent: aws-sdk\r\nAccept-Encoding: identity\r\nContent-Length: 2\r\n\r\n";
    http::BodyDigest digest;
    http::RequestParser parser(32 * 1024, digest);
    for (auto _ : state) {
        parser.reset();
        benchmark::DoNotOptimize(parser.put_head(text));
    }
    state.SetItemsProcessed(state.iterations());
}

}  // namespace

BENCHMARK(receive)->Arg(0)->Arg(1)->UseManualTime();
BENCHMARK(hash);
BENCHMARK(decode);
BENCHMARK(admit);
BENCHMARK(encode);
BENCHMARK(head);
