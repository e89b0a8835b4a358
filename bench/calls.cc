// SPDX-License-Identifier: Apache-2.0
// bench_calls: small signed calls over kept connections; prints what it saw as one JSON object. The
// request is signed once, so that the generator costs little beside the server.
//   --kind json|query|cbor|put (put: one event each, durable)|load (1 MB of events)
//   --calls N  --connections N  --refusals 1 (throttled calls are counted, their time is not)
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "aws/sigv4.h"
#include "base/clock.h"
#include "crypto/digest.h"
#include "http/client.h"
#include "http/tls.h"

namespace {

using namespace sky;

struct Kind {
    std::string service, target, body;
    std::vector<http::Header> headers;
};

http::Header amz_target(const std::string& operation) {
    return {"X-Amz-Target", "Logs_20140328." + operation};
}

Kind kind_of(const std::string& name) {
    const http::Header json{"Content-Type", "application/x-amz-json-1.1"};
    if (name == "query")
        return {"sts",
                "/",
                "Action=GetCallerIdentity&Version=2011-06-15",
                {{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}}};
    if (name == "cbor")
        return {"monitoring",
                "/service/GraniteServiceVersion20100801/operation/ListMetrics",
                "\xA0",  // An empty map.
                {{"Content-Type", "application/cbor"},
                 {"Accept", "application/cbor"},
                 {"Smithy-Protocol", "rpc-v2-cbor"}}};
    if (name == "put")
        return {"logs",
                "/",
                R"({"logGroupName":"bench","logStreamName":"s","logEvents":[{"timestamp":)" +
                    std::to_string(system_clock().now_ms()) +
                    R"(,"message":"[profiler] GET user-list 12.34 200"}]})",
                {json, amz_target("PutLogEvents")}};
    if (name == "load") {
        std::string body = R"({"logGroupName":"bench","logStreamName":"s","logEvents":[)";
        const std::string now = std::to_string(system_clock().now_ms());
        for (int i = 0; i < 1'000; ++i) {
            body += (i == 0 ? R"({"timestamp":)" : R"(,{"timestamp":)") + now + R"(,"message":")" +
                    std::string(900, static_cast<char>('a' + i % 26)) + "\"}";
        }
        return {"logs", "/", body + "]}", {json, amz_target("PutLogEvents")}};
    }
    if (name != "json") {
        std::fprintf(stderr, "bench_calls: --kind is json, query, cbor, put or load\n");
        std::exit(2);
    }
    return {"logs", "/", R"({"limit":1})", {json, amz_target("DescribeLogGroups")}};
}

}  // namespace

int main(int argc, char** argv) {
    std::map<std::string, std::string> flags = {
        {"calls", "100000"}, {"connections", "8"}, {"kind", "json"}};
    for (int i = 1; i + 1 < argc; i += 2) flags[std::string(argv[i]).substr(2)] = argv[i + 1];
    const auto port = static_cast<std::uint16_t>(std::stoul(flags["port"]));
    const auto calls = std::stoull(flags["calls"]);
    const auto connections = std::stoull(flags["connections"]);

    std::shared_ptr<const http::TlsTrust> trust;
    if (!flags["ca-bundle"].empty()) {
        auto loaded = http::TlsTrust::load(flags["ca-bundle"]);
        if (!loaded) {
            std::fprintf(stderr, "bench_calls: %s\n", loaded.error().message.c_str());
            return 1;
        }
        trust = std::move(*loaded);
    }
    const Kind kind = kind_of(flags["kind"]);
    http::RequestHead head;
    head.method = "POST";
    head.target = kind.target;
    head.headers.add("Host", "127.0.0.1:" + flags["port"]);
    for (const http::Header& header : kind.headers) head.headers.add(header.name, header.value);
    const aws::sigv4::SignOptions options{"us-east-1", kind.service, system_clock().now_ms()};
    for (http::Header& header :
         aws::sigv4::sign(head, crypto::sha256_hex(kind.body),
                          {flags["access-key"], flags["secret-key"]}, options)) {
        head.headers.add(std::move(header.name), std::move(header.value));
    }
    std::vector<std::vector<double>> took_ms(connections);
    const bool count_refusals = flags["refusals"] == "1";
    std::atomic<std::size_t> refused{0};
    std::vector<std::thread> threads;
    const auto start = std::chrono::steady_clock::now();
    for (std::size_t c = 0; c < connections; ++c) {
        threads.emplace_back([&, c] {
            http::Client client("127.0.0.1", port, std::chrono::seconds(60), trust);
            for (std::size_t i = 0; i < calls / connections; ++i) {
                const auto begin = std::chrono::steady_clock::now();
                const auto answer = client.send("POST", kind.target, head.headers, kind.body);
                const std::chrono::duration<double, std::milli> took =
                    std::chrono::steady_clock::now() - begin;
                if (answer && answer->status == 200) {
                    took_ms[c].push_back(took.count());
                    continue;
                }
                if (answer && count_refusals &&
                    (answer->status == 503 ||
                     answer->body.find("Throttling") != std::string::npos)) {
                    ++refused;
                    continue;
                }
                std::fprintf(stderr, "bench_calls: %s\n",
                             answer ? answer->body.c_str() : answer.error().message.c_str());
                std::exit(1);
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    const double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    std::vector<double> all;
    for (const auto& part : took_ms) all.insert(all.end(), part.begin(), part.end());
    std::sort(all.begin(), all.end());
    std::printf(
        "{\"calls\":%zu,\"refused\":%zu,\"seconds\":%.3f,\"p50_ms\":%.3f,\"p99_ms\":%.3f}\n",
        all.size(), refused.load(), seconds, all.empty() ? 0 : all[all.size() / 2],
        all.empty() ? 0 : all[all.size() * 99 / 100]);
    return 0;
}
