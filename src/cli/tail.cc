// SPDX-License-Identifier: Apache-2.0
// `skywatch tail`: the events of a group as they come, by polling FilterLogEvents.
#include <fmt/core.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <csignal>
#include <memory>
#include <thread>

#include "cli/commands.h"
#include "cli/flags.h"
#include "cli/limits.h"
#include "cli/logs_client.h"
#include "cli/tail_text.h"
#include "cli/terminal.h"
#include "cli/time_args.h"
#include "json/writer.h"

namespace sky::cli {
namespace {

struct TailFlags {
    ConnectionFlags connection;
    std::string group, stream_prefix, filter, since = "10m", output;
    std::vector<std::string> streams;
    bool follow = false, no_stream = false;
};

volatile std::sig_atomic_t stop_requested = 0;
void request_stop(int) { stop_requested = 1; }

std::string request_body(const TailFlags& flags, std::int64_t start_ms, const std::string& token) {
    std::string body;
    json::Writer writer(body);
    writer.begin_object();
    writer.key(flags.group.starts_with("arn:") ? "logGroupIdentifier" : "logGroupName");
    writer.string(flags.group);
    if (!flags.streams.empty()) {
        writer.key("logStreamNames");
        writer.begin_array();
        for (const std::string& stream : flags.streams) writer.string(stream);
        writer.end_array();
    }
    if (!flags.stream_prefix.empty()) {
        writer.key("logStreamNamePrefix");
        writer.string(flags.stream_prefix);
    }
    if (!flags.filter.empty()) {
        writer.key("filterPattern");
        writer.string(flags.filter);
    }
    writer.key("startTime");
    writer.integer(start_ms);
    if (!token.empty()) {
        writer.key("nextToken");
        writer.string(token);
    }
    writer.end_object();
    return body;
}

std::string text_of(const json::Value& object, std::string_view name) {
    const auto value = object.find(name);
    return value && value->kind() == json::Kind::kString ? std::string(value->string())
                                                         : std::string();
}

ShownEvent read_event(const json::Value& object) {
    const auto time = object.find("timestamp");
    return {time && time->kind() == json::Kind::kInt ? time->integer() : 0,
            text_of(object, "eventId"), text_of(object, "logStreamName"),
            text_of(object, "message")};
}

class Tail {
public:
    Tail(const TailFlags& flags, LogsClient client)
        : flags_(flags), client_(std::move(client)), seen_(limits::kTailOverlapMs) {}

    int run(std::int64_t start_ms) {
        for (;;) {
            const int code = poll(start_ms);
            if (code != kExitOk || stop_requested != 0) break;
            std::fflush(stdout);
            if (std::ferror(stdout) != 0) return kExitFailed;  // The reader has gone.
            if (!flags_.follow) return kExitOk;
            start_ms = seen_.next_start_ms(start_ms);
            // The API offers polling only; a signal ends the sleep at its next step.
            for (int step = 0; step < kSteps && stop_requested == 0; ++step)
                std::this_thread::sleep_for(limits::kTailPause / kSteps);
            if (stop_requested != 0) break;
        }
        std::fflush(stdout);
        return stop_requested != 0 ? kExitInterrupted : kExitFailed;
    }

    int failure() const { return failure_; }

private:
    static constexpr int kSteps = 10;

    // One pass over all pages from `start_ms` on.
    int poll(std::int64_t start_ms) {
        std::string token;
        do {
            const auto answer =
                client_.call("FilterLogEvents", request_body(flags_, start_ms, token));
            if (!answer) return failure_ = report(answer.error());
            if (!answer->ok()) return failure_ = report(*answer, flags_.connection);
            const json::Value root = answer->body.root();
            const auto events = root.find("events");
            if (events && events->kind() == json::Kind::kArray)
                for (const json::Value event : events->elements()) show(read_event(event));
            std::string next = text_of(root, "nextToken");
            if (next == token) break;  // A token that repeats would go round in circles.
            token = std::move(next);
        } while (!token.empty() && stop_requested == 0);
        return kExitOk;
    }

    void show(ShownEvent event) {
        if (!seen_.add(event.timestamp_ms, event.id)) return;
        std::string line;
        if (flags_.output == "json") {
            json::Writer writer(line);
            writer.begin_object();
            writer.key("timestamp");
            writer.integer(event.timestamp_ms);
            writer.key("logStreamName");
            writer.string(event.stream);
            writer.key("message");
            writer.string(event.message);
            writer.end_object();
            line.push_back('\n');
        } else {
            if (flags_.no_stream) event.stream.clear();
            line = render_event(event, colour_, escape_);
        }
        std::fwrite(line.data(), 1, line.size(), stdout);
    }

    const TailFlags& flags_;
    LogsClient client_;
    SeenEvents seen_;
    const Colour colour_ = wants_colours(STDOUT_FILENO) ? Colour::kOn : Colour::kOff;
    const Escape escape_ = is_terminal(STDOUT_FILENO) ? Escape::kControls : Escape::kNothing;
    int failure_ = kExitOk;
};

int tail(const TailFlags& flags) {
    const auto start_ms = parse_time_ms(flags.since, system_clock().now_ms());
    if (!start_ms) return report(start_ms.error());
    auto client = LogsClient::connect(flags.connection, system_clock());
    if (!client) return report(client.error());
    struct sigaction action{};
    action.sa_handler = request_stop;
    ::sigaction(SIGINT, &action, nullptr);
    std::signal(SIGPIPE, SIG_IGN);  // `| head` is an error of the write, not a death.
    Tail tail(flags, std::move(*client));
    const int code = tail.run(*start_ms);
    return tail.failure() != kExitOk && stop_requested == 0 ? tail.failure() : code;
}

}  // namespace

void add_tail(CLI::App& app, int& exit_code) {
    auto flags = std::make_shared<TailFlags>();
    CLI::App* const command =
        app.add_subcommand("tail", "Print the newest events of a log group, and go on doing so");
    command->add_option("-g,--group", flags->group, "Log group, name or ARN")
        ->required()
        ->type_name("NAME");
    CLI::Option* const streams =
        command->add_option("-s,--stream", flags->streams, "Only this log stream; repeatable")
            ->type_name("NAME")
            ->allow_extra_args(false)
            ->expected(1)
            ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    command->add_option("--stream-prefix", flags->stream_prefix, "Only streams that begin so")
        ->type_name("TEXT")
        ->excludes(streams);
    command->add_option("--since", flags->since, "From: 10m (ago), 2026-01-31T12:30Z, now")
        ->capture_default_str()
        ->type_name("TIME");
    command->add_flag("-f,--follow", flags->follow, "Go on with new events until Ctrl-C");
    command->add_option("--filter", flags->filter, "Only what this filter pattern matches")
        ->type_name("PATTERN");
    command->add_flag("--no-stream", flags->no_stream, "Leave the streams' names out");
    command->add_option("-o,--output", flags->output, "text, or json: one object a line")
        ->type_name("FORM")
        ->check(CLI::IsMember({"text", "json"}));
    add_connection_flags(*command, flags->connection);
    add_environment(*command);
    command->footer(
        "On a terminal lines have the colour of their level, and control characters are shown as\n"
        "escapes. Events that arrive up to 30 s late are still shown, behind newer ones.\n\n"
        "Examples:\n"
        "  skywatch tail --group app --follow\n"
        "  skywatch tail --group app --stream web --since 2h --output json | jq .message");
    command->callback([flags, &exit_code] { exit_code = tail(*flags); });
}

}  // namespace sky::cli
