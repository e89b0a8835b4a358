// SPDX-License-Identifier: Apache-2.0
// bench_many_groups: makes many log groups of many streams and writes a few events to each stream,
// half of them days late; prints what it saw as one JSON object.
//   --groups N  --streams N (of each group)  --events N (of each stream)  --connections N
//   --days N (how late at most)  --first N (the first group's number)
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "json/writer.h"
#include "put_body.h"
#include "seed_lines.h"
#include "signed_caller.h"

namespace {

using namespace sky;

void must(const std::string& operation, const Result<http::Response>& answer) {
    if (answer && answer->status == 200) return;
    std::fprintf(stderr, "bench_many_groups: %s: %s\n", operation.c_str(),
                 answer ? answer->body.c_str() : answer.error().message.c_str());
    std::exit(1);
}

struct Wanted {
    std::size_t streams = 0, events = 0;
    std::int64_t late_ms = 0;
};

std::string names_of(const std::string& group, const std::string& stream) {
    std::string body;
    json::Writer writer(body);
    writer.begin_object();
    writer.key("logGroupName");
    writer.string(group);
    if (!stream.empty()) {
        writer.key("logStreamName");
        writer.string(stream);
    }
    writer.end_object();
    return body;
}

std::string batch_of(const std::string& group, const std::string& stream, std::int64_t last_ms,
                     std::size_t count, bench::SeedLines& lines) {
    std::vector<bench::SeedLine> events;
    for (std::size_t i = 0; i < count; ++i)
        events.push_back({last_ms - static_cast<std::int64_t>(count - i), lines.next().text});
    return bench::put_body(group, stream, events);
}

/// One group after the other, each with its streams and their events.
void make_group(bench::SignedCaller& caller, std::size_t number, const Wanted& wanted,
                SeededRandom& random, bench::SeedLines& lines) {
    const std::string group = "/aws/lambda/function-" + std::to_string(number);
    must("CreateLogGroup", caller.call("CreateLogGroup", names_of(group, "")));
    for (std::size_t s = 0; s < wanted.streams; ++s) {
        const std::string stream = "2026/" + std::to_string(s);
        must("CreateLogStream", caller.call("CreateLogStream", names_of(group, stream)));
        if (wanted.events == 0) continue;
        // Every other stream is of now, the others up to `late_ms` behind.
        const auto late = static_cast<std::uint64_t>(wanted.late_ms);
        const std::int64_t age =
            s % 2 == 0 || late == 0 ? 0 : static_cast<std::int64_t>(random.below(late));
        must("PutLogEvents",
             caller.call("PutLogEvents", batch_of(group, stream, system_clock().now_ms() - age,
                                                  wanted.events, lines)));
    }
}

}  // namespace

int main(int argc, char** argv) {
    std::map<std::string, std::string> flags = {{"groups", "10000"}, {"streams", "10"},
                                                {"events", "10"},    {"connections", "8"},
                                                {"days", "13"},      {"first", "0"}};
    for (int i = 1; i + 1 < argc; i += 2) flags[std::string(argv[i]).substr(2)] = argv[i + 1];
    const auto port = static_cast<std::uint16_t>(std::stoul(flags["port"]));
    const std::size_t groups = std::stoull(flags["groups"]);
    const std::size_t connections = std::stoull(flags["connections"]);
    const Wanted wanted{std::stoull(flags["streams"]), std::stoull(flags["events"]),
                        std::stoll(flags["days"]) * 86'400'000};
    const std::size_t first = std::stoull(flags["first"]);
    const auto begin = std::chrono::steady_clock::now();
    std::atomic<std::size_t> next{0};
    std::vector<std::thread> threads;
    for (std::size_t c = 0; c < connections; ++c) {
        threads.emplace_back([&, c] {
            bench::SignedCaller caller(port, {flags["access-key"], flags["secret-key"]});
            SeededRandom random(c);
            bench::SeedLines lines(c, 0);
            for (std::size_t at = next++; at < groups; at = next++)
                make_group(caller, first + at, wanted, random, lines);
        });
    }
    for (std::thread& thread : threads) thread.join();
    const double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    std::printf("{\"groups\":%zu,\"streams\":%zu,\"events\":%zu,\"seconds\":%.3f}\n", groups,
                groups * wanted.streams, groups * wanted.streams * wanted.events, seconds);
    return 0;
}
