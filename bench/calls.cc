// SPDX-License-Identifier: Apache-2.0
// bench_calls: small signed JSON calls over kept connections; prints what it saw as one JSON
// object. The request is signed once, so that the generator costs little beside the server.
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

int main(int argc, char** argv) {
    using namespace sky;
    std::map<std::string, std::string> flags = {{"calls", "100000"}, {"connections", "8"}};
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
    const std::string body = R"({"limit":1})";
    http::RequestHead head;
    head.method = "POST";
    head.target = "/";
    head.headers.add("Host", "127.0.0.1:" + flags["port"]);
    head.headers.add("Content-Type", "application/x-amz-json-1.1");
    head.headers.add("X-Amz-Target", "Logs_20140328.DescribeLogGroups");
    const aws::sigv4::SignOptions options{"us-east-1", "logs", system_clock().now_ms()};
    for (http::Header& header : aws::sigv4::sign(
             head, crypto::sha256_hex(body), {flags["access-key"], flags["secret-key"]}, options)) {
        head.headers.add(std::move(header.name), std::move(header.value));
    }
    std::vector<std::thread> threads;
    const auto start = std::chrono::steady_clock::now();
    for (std::size_t c = 0; c < connections; ++c) {
        threads.emplace_back([&] {
            http::Client client("127.0.0.1", port, std::chrono::seconds(60), trust);
            for (std::size_t i = 0; i < calls / connections; ++i) {
                const auto answer = client.send("POST", "/", head.headers, body);
                if (answer && answer->status == 200) continue;
                std::fprintf(stderr, "bench_calls: %s\n",
                             answer ? answer->body.c_str() : answer.error().message.c_str());
                std::exit(1);
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    std::printf("{\"calls\":%llu,\"seconds\":%.3f}\n",
                static_cast<unsigned long long>(calls / connections * connections),
                std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    return 0;
}
