// SPDX-License-Identifier: Apache-2.0
// bench_load: sends a data set to a server as signed PutLogEvents calls and prints what it saw as
// one JSON object. Bodies of one round are made and hashed before the clock starts, so that the
// generator costs little beside the server.
//   --set s1|s2|FILE  --lines N (of a FILE: 0 = each line once)  --connections N  --group NAME
//   --rate EVENTS/S (0 = as fast as the server takes them)  --text FILE (what was sent, as JSON
//   lines)  --plain FILE (the messages alone)

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "bench/file_lines.h"
#include "bench/messy_lines.h"
#include "bench/put_body.h"
#include "bench/signed_caller.h"
#include "json/writer.h"

namespace {

using namespace sky;
using Steady = std::chrono::steady_clock;

constexpr std::size_t kEventsPerBatch = 10'000;  // The service's limit (logs-api.md 4).
constexpr std::size_t kBytesPerBatch = 1 << 20;  // As the service counts: text and 26 bytes each.
constexpr std::size_t kEventOverhead = 26;
constexpr std::size_t kBatchesPerRound = 64;  // About 48 MB of bodies in memory.

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

/// Asks again where the server says so, as an SDK does; gives up on any other answer but success.
class Caller {
public:
    Caller(std::uint16_t port, aws::sigv4::SigningCredentials credentials)
        : caller_(port, std::move(credentials)) {}

    std::string call(const std::string& operation, std::string_view body) {
        return call(operation, body, crypto::sha256_hex(body));
    }
    std::string call(const std::string& operation, std::string_view body, const std::string& hash) {
        auto pause = kFirstPause;
        for (int attempt = 1;; ++attempt) {
            auto answer = caller_.call(operation, body, hash);
            if (!answer) give_up(answer.error().message);
            if (answer->status == 200 || answer->body.find("AlreadyExists") != std::string::npos)
                return std::move(answer->body);
            if (attempt == kAttemptsMax || answer->body.find("Throttling") == std::string::npos) {
                give_up(operation + " answered " + std::to_string(answer->status) + ": " +
                        answer->body);
            }
            ++throttled;
            std::this_thread::sleep_for(pause);
            pause = std::min(2 * pause, kLongestPause);
        }
    }

    static inline std::atomic<std::uint64_t> throttled{0};  // Calls of all callers.

private:
    // As botocore's standard mode waits, with more patience: a load is to arrive as a whole.
    static constexpr int kAttemptsMax = 10;
    static constexpr std::chrono::milliseconds kFirstPause{50}, kLongestPause{5'000};

    bench::SignedCaller caller_;
};

/// The wanted data set, an event a call.
std::function<const bench::SeedLine&()> source(const std::string& set, std::uint64_t& lines) {
    // 5.5 ms a line on average: the data ends before now, and every event is younger than 14 days.
    const auto start = [&lines] {
        return system_clock().now_ms() - static_cast<std::int64_t>(lines) * 6 - 60'000;
    };
    if (set == "s1")
        return [made = bench::SeedLines(1, start())]() mutable -> const bench::SeedLine& {
            return made.next();
        };
    if (set == "s2")
        return [made = bench::MessyLines(1, start())]() mutable -> const bench::SeedLine& {
            return made.next();
        };
    const auto file = std::make_shared<bench::FileLines>(set, 0, 5);
    if (file->size() == 0) give_up(set + " cannot be read, or holds no line");
    if (lines == 0) lines = file->size();
    return [file, shifted = bench::SeedLine{0, {}}, base = start()]() mutable -> const auto& {
        const bench::SeedLine& line = file->next();
        shifted.timestamp_ms = base + line.timestamp_ms;
        shifted.text = line.text;
        return shifted;
    };
}

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
    std::uint64_t lines = std::stoull(flags.get("lines", "1000000"));
    const auto connections = std::stoul(flags.get("connections", "4"));
    const double rate = std::stod(flags.get("rate", "0"));
    const std::string group = flags.get("group", "bench");
    const aws::sigv4::SigningCredentials credentials{flags.get("access-key", ""),
                                                     flags.get("secret-key", "")};

    std::ofstream text, plain;
    if (!flags.get("text", "").empty()) text.open(flags.get("text", ""), std::ios::binary);
    if (!flags.get("plain", "").empty()) plain.open(flags.get("plain", ""), std::ios::binary);
    const auto next_line = source(flags.get("set", "s1"), lines);
    Caller setup(port, credentials);
    setup.call("CreateLogGroup", R"({"logGroupName":")" + group + "\"}");
    for (unsigned long i = 0; i < connections; ++i) {
        setup.call("CreateLogStream", R"({"logGroupName":")" + group + R"(","logStreamName":"s)" +
                                          std::to_string(i) + "\"}");
    }

    std::int64_t first_ms = 0, last_ms = 0;
    std::uint64_t bytes = 0;
    double seconds = 0;
    std::vector<double> acks_ms;
    const bench::SeedLine* pending = nullptr;
    const auto first_round = Steady::now();
    for (std::uint64_t sent = 0; sent < lines;) {
        struct Body {
            std::string text, hash;
        };
        std::vector<Body> bodies;
        const std::uint64_t round_start_line = sent;
        while (bodies.size() < kBatchesPerRound && sent < lines) {
            std::vector<bench::SeedLine> events;
            std::size_t counted = 0;
            while (events.size() < kEventsPerBatch && sent < lines) {
                if (pending == nullptr) pending = &next_line();
                if (counted + pending->text.size() + kEventOverhead > kBytesPerBatch) break;
                counted += pending->text.size() + kEventOverhead;
                bytes += pending->text.size();
                events.push_back({pending->timestamp_ms, pending->text});
                pending = nullptr;
                ++sent;
            }
            if (events.empty()) give_up("an event is larger than a batch");
            // A batch is in order of time, late events or not.
            std::stable_sort(events.begin(), events.end(),
                             [](const bench::SeedLine& a, const bench::SeedLine& b) {
                                 return a.timestamp_ms < b.timestamp_ms;
                             });
            for (const bench::SeedLine& event : events) {
                const std::int64_t ms = event.timestamp_ms;
                first_ms = first_ms == 0 ? ms : std::min(first_ms, ms);
                last_ms = std::max(last_ms, ms);
                if (text.is_open()) {
                    std::string row;
                    json::Writer out(row);
                    out.begin_object();
                    out.key("ts");
                    out.integer(ms);
                    out.key("message");
                    out.string(event.text);
                    out.end_object();
                    text << row << '\n';
                }
                if (plain.is_open()) plain << event.text << '\n';
            }
            bodies.push_back(
                {bench::put_body(group, "s" + std::to_string(bodies.size() % connections), events),
                 {}});
            bodies.back().hash = crypto::sha256_hex(bodies.back().text);
            if (rate > 0) break;  // Small steps, so that the pace is even.
        }
        std::vector<std::vector<double>> mine(connections);
        std::vector<std::thread> threads;
        const auto round_start = Steady::now();
        for (unsigned long c = 0; c < connections; ++c) {
            threads.emplace_back([&, c] {
                Caller caller(port, credentials);
                for (std::size_t b = c; b < bodies.size(); b += connections) {
                    const auto begin = Steady::now();
                    caller.call("PutLogEvents", bodies[b].text, bodies[b].hash);
                    mine[c].push_back(
                        std::chrono::duration<double, std::milli>(Steady::now() - begin).count());
                }
            });
        }
        for (std::thread& thread : threads) thread.join();
        seconds += std::chrono::duration<double>(Steady::now() - round_start).count();
        for (const auto& part : mine) acks_ms.insert(acks_ms.end(), part.begin(), part.end());
        if (rate > 0 && sent > round_start_line) {
            const std::chrono::duration<double> due(static_cast<double>(sent) / rate);
            std::this_thread::sleep_until(first_round +
                                          std::chrono::duration_cast<Steady::duration>(due));
        }
    }
    std::sort(acks_ms.begin(), acks_ms.end());
    std::printf(
        "{\"lines\":%llu,\"seconds\":%.3f,\"ack_p50_ms\":%.3f,\"ack_p99_ms\":%.3f,\"first_ms\":%"
        "lld,\"last_ms\":%lld,\"bytes\":%llu,\"throttled\":%llu}\n",
        static_cast<unsigned long long>(lines), seconds, quantile(acks_ms, 0.5),
        quantile(acks_ms, 0.99), static_cast<long long>(first_ms), static_cast<long long>(last_ms),
        static_cast<unsigned long long>(bytes),
        static_cast<unsigned long long>(Caller::throttled.load()));
    return 0;
}
