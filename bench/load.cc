// SPDX-License-Identifier: Apache-2.0
// bench_load: sends set S1 to a server as signed PutLogEvents calls and prints what it saw as one
// JSON object. Bodies of one round are made before the clock starts, so that the generator costs
// little beside the server.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "aws/sigv4.h"
#include "base/clock.h"
#include "bench/seed_lines.h"
#include "crypto/digest.h"
#include "http/client.h"

namespace {

using namespace sky;
using Steady = std::chrono::steady_clock;

constexpr std::size_t kEventsPerBatch = 10'000;  // The service's limit (logs-api.md 4).
constexpr std::size_t kBatchesPerRound = 64;     // About 48 MB of bodies in memory.

struct Flags {
    std::map<std::string, std::string> values;
    std::string get(const std::string& name, const std::string& fallback) const {
        const auto found = values.find(name);
        return found == values.end() ? fallback : found->second;
    }
};

[[noreturn]] void give_up(const std::string& why) {
    std::fprintf(stderr, "bench_load: %s\n", why.c_str());
    std::exit(1);
}

class Caller {
public:
    Caller(std::uint16_t port, aws::sigv4::SigningCredentials credentials)
        : client_("127.0.0.1", port, std::chrono::seconds(60)),
          host_("127.0.0.1:" + std::to_string(port)),
          credentials_(std::move(credentials)) {}

    std::string call(const std::string& operation, std::string_view body) {
        http::RequestHead head;
        head.method = "POST";
        head.target = "/";
        head.headers.add("Host", host_);
        head.headers.add("Content-Type", "application/x-amz-json-1.1");
        head.headers.add("X-Amz-Target", "Logs_20140328." + operation);
        aws::sigv4::SignOptions options{"us-east-1", "logs", system_clock().now_ms()};
        http::Headers headers;
        for (const http::Header& h : head.headers.list()) {
            if (h.name != "Host") headers.add(h.name, h.value);
        }
        const std::string hash = crypto::sha256_hex(body);
        for (http::Header& h : aws::sigv4::sign(head, hash, credentials_, options)) {
            headers.add(std::move(h.name), std::move(h.value));
        }
        auto answer = client_.send("POST", "/", headers, body);
        if (!answer) give_up(answer.error().message);
        if (answer->status != 200 && answer->body.find("AlreadyExists") == std::string::npos) {
            give_up(operation + " answered " + std::to_string(answer->status) + ": " +
                    answer->body);
        }
        return std::move(answer->body);
    }

private:
    http::Client client_;
    std::string host_;
    aws::sigv4::SigningCredentials credentials_;
};

double quantile(std::vector<double>& sorted, double q) {
    return sorted.empty()
               ? 0
               : sorted[static_cast<std::size_t>(q * static_cast<double>(sorted.size() - 1))];
}

}  // namespace

int main(int argc, char** argv) {
    Flags flags;
    for (int i = 1; i + 1 < argc; i += 2)
        flags.values[std::string(argv[i]).substr(2)] = argv[i + 1];
    const auto port = static_cast<std::uint16_t>(std::stoul(flags.get("port", "4580")));
    const auto lines = std::stoull(flags.get("lines", "1000000"));
    const auto connections = std::stoul(flags.get("connections", "4"));
    const auto pause = std::chrono::milliseconds(std::stoul(flags.get("pause-ms", "0")));
    const std::string group = flags.get("group", "bench");
    const aws::sigv4::SigningCredentials credentials{flags.get("access-key", ""),
                                                     flags.get("secret-key", "")};

    std::ofstream text;
    if (!flags.get("text", "").empty()) text.open(flags.get("text", ""), std::ios::binary);
    Caller setup(port, credentials);
    setup.call("CreateLogGroup", R"({"logGroupName":")" + group + "\"}");
    for (unsigned long i = 0; i < connections; ++i) {
        setup.call("CreateLogStream", R"({"logGroupName":")" + group + R"(","logStreamName":"s)" +
                                          std::to_string(i) + "\"}");
    }

    // 5.5 ms a line on average: the data ends before now, and every event is younger than 14 days.
    const std::int64_t start_ms =
        system_clock().now_ms() - static_cast<std::int64_t>(lines) * 6 - 60'000;
    bench::SeedLines generator(1, start_ms);
    std::int64_t first_ms = 0, last_ms = 0;
    double seconds = 0;
    std::vector<double> acks_ms;
    for (std::uint64_t sent = 0; sent < lines;) {
        std::vector<std::string> bodies;
        while (bodies.size() < kBatchesPerRound && sent < lines) {
            const std::size_t count = std::min<std::uint64_t>(kEventsPerBatch, lines - sent);
            std::string body = R"({"logGroupName":")" + group + R"(","logStreamName":"s)" +
                               std::to_string(bodies.size() % connections) + R"(","logEvents":[)";
            std::string copy;
            for (std::size_t i = 0; i < count; ++i) {
                const bench::SeedLine& line = generator.next();
                if (first_ms == 0) first_ms = line.timestamp_ms;
                last_ms = line.timestamp_ms;
                body += i == 0 ? "{\"timestamp\":" : ",{\"timestamp\":";
                body += std::to_string(line.timestamp_ms);
                body += ",\"message\":\"";
                body += line.text;  // Holds nothing that JSON escapes.
                body += "\"}";
                if (text.is_open()) {
                    copy += std::to_string(line.timestamp_ms);
                    copy += '\t';
                    copy += line.text;
                    copy += '\n';
                }
            }
            body += "]}";
            text << copy;
            bodies.push_back(std::move(body));
            sent += count;
        }
        std::vector<std::vector<double>> mine(connections);
        std::vector<std::thread> threads;
        const auto round_start = Steady::now();
        for (unsigned long c = 0; c < connections; ++c) {
            threads.emplace_back([&, c] {
                Caller caller(port, credentials);
                for (std::size_t b = c; b < bodies.size(); b += connections) {
                    const auto begin = Steady::now();
                    caller.call("PutLogEvents", bodies[b]);
                    mine[c].push_back(
                        std::chrono::duration<double, std::milli>(Steady::now() - begin).count());
                    if (pause.count() > 0) std::this_thread::sleep_for(pause);
                }
            });
        }
        for (std::thread& thread : threads) thread.join();
        seconds += std::chrono::duration<double>(Steady::now() - round_start).count();
        for (const auto& part : mine) acks_ms.insert(acks_ms.end(), part.begin(), part.end());
    }
    std::sort(acks_ms.begin(), acks_ms.end());
    std::printf(
        "{\"lines\":%llu,\"seconds\":%.3f,\"ack_p50_ms\":%.3f,\"ack_p99_ms\":%.3f,\"first_ms\":%"
        "lld,\"last_ms\":%lld}\n",
        static_cast<unsigned long long>(lines), seconds, quantile(acks_ms, 0.5),
        quantile(acks_ms, 0.99), static_cast<long long>(first_ms), static_cast<long long>(last_ms));
    return 0;
}
