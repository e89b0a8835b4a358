// SPDX-License-Identifier: Apache-2.0
// `skywatch tail`: the newest events of a group by FilterLogEvents, and what then arrives by
// StartLiveTail.
#include <fmt/core.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <csignal>
#include <memory>
#include <optional>

#include "aws/event_stream.h"
#include "cli/commands.h"
#include "cli/flags.h"
#include "cli/limits.h"
#include "cli/logs_client.h"
#include "cli/tail_text.h"
#include "cli/terminal/terminal.h"
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

std::int64_t number_of(const json::Value& object, std::string_view name) {
    const auto value = object.find(name);
    return value && value->kind() == json::Kind::kInt ? value->integer() : 0;
}

ShownEvent read_event(const json::Value& object) {
    return {number_of(object, "timestamp"), number_of(object, "ingestionTime"),
            text_of(object, "logStreamName"), text_of(object, "message")};
}

/// Each event of a member that is a list of them.
template <class Use>
void for_each_event(const json::Value& object, std::string_view list, Use use) {
    const auto events = object.find(list);
    if (!events || events->kind() != json::Kind::kArray) return;
    for (const json::Value event : events->elements()) use(read_event(event));
}

std::string live_request_body(const TailFlags& flags, const std::string& arn) {
    std::string body;
    json::Writer writer(body);
    const auto list = [&](std::string_view name, const std::vector<std::string>& values) {
        if (values.empty() || values.front().empty()) return;
        writer.key(name);
        writer.begin_array();
        for (const std::string& value : values) writer.string(value);
        writer.end_array();
    };
    writer.begin_object();
    list("logGroupIdentifiers", {arn});
    list("logStreamNames", flags.streams);
    list("logStreamNamePrefixes", {flags.stream_prefix});
    if (!flags.filter.empty()) {
        writer.key("logEventFilterPattern");
        writer.string(flags.filter);
    }
    writer.end_object();
    return body;
}

class Tail {
public:
    Tail(const TailFlags& flags, const Clock& clock, LogsClient client)
        : flags_(flags), clock_(clock), client_(std::move(client)) {}

    /// The events so far.
    int print(std::int64_t start_ms) {
        const int code = read_history(start_ms, [&](const ShownEvent& event) { show(event); });
        return code == kExitOk && !flush() ? kExitFailed : code;
    }

    /// And those that arrive, until Ctrl-C.
    int follow(std::int64_t start_ms) {
        const auto arn = group_arn();
        if (!arn) return code_;
        // After three hours the service ends a session: the next one begins where it ended.
        for (;;) {
            auto session = LogsClient::connect(flags_.connection, clock_);
            if (!session) return report(session.error());
            const std::int64_t began_ns = clock_.monotonic_ns();
            Overlap overlap;
            again_ = false;
            code_ = kExitOk;
            const auto answer = session->follow(
                "StartLiveTail", live_request_body(flags_, *arn),
                [&](const aws::EventMessage& message) {
                    if (message.header(":event-type") == "sessionStart") {
                        // The session runs: nothing falls between the history and what it tells.
                        code_ = read_history(start_ms, [&](const ShownEvent& event) {
                            const std::int64_t ns = clock_.monotonic_ns() - began_ns;
                            overlap.add_history(event, ns / 1'000'000);
                            if (event.ingestion_ms > newest_ingestion_ms_) show(event);
                        });
                        settle();
                    } else {
                        take(message, overlap);
                    }
                    return code_ == kExitOk && !again_ && stop_requested == 0 && flush();
                });
            if (stop_requested != 0) return kExitInterrupted;
            if (!answer) return report(answer.error());
            if (!answer->ok()) return report(*answer, flags_.connection);
            if (code_ != kExitOk) return code_;
            if (!again_) return kExitFailed;  // The reader has gone, or the server without a word.
            start_ms = std::max(start_ms, newest_ms_ - limits::kIngestMsMax);
        }
    }

private:
    /// One pass over all pages.
    template <class Use>
    int read_history(std::int64_t start_ms, Use use) {
        std::string token;
        do {
            const auto answer =
                client_.call("FilterLogEvents", request_body(flags_, start_ms, token));
            if (!answer) return report(answer.error());
            if (!answer->ok()) return report(*answer, flags_.connection);
            const json::Value root = answer->body.root();
            for_each_event(root, "events", use);
            std::string next = text_of(root, "nextToken");
            if (next == token) break;  // A token that repeats would go round in circles.
            token = std::move(next);
        } while (!token.empty() && stop_requested == 0);
        return kExitOk;
    }

    /// Live tail takes ARNs alone; nullopt when the group is not there (`code_` says how).
    std::optional<std::string> group_arn() {
        if (flags_.group.starts_with("arn:")) {
            std::string arn = flags_.group;
            while (arn.ends_with('*') || arn.ends_with(':')) arn.pop_back();
            return arn;
        }
        std::string body;
        json::Writer writer(body);
        writer.begin_object();
        writer.key("logGroupNamePrefix");
        writer.string(flags_.group);
        writer.end_object();
        // Names ascend: the exact one comes first (clients.md trap 16).
        const auto answer = client_.call("DescribeLogGroups", body);
        code_ = !answer ? report(answer.error())
                        : (answer->ok() ? kExitOk : report(*answer, flags_.connection));
        if (code_ != kExitOk) return std::nullopt;
        const auto groups = answer->body.root().find("logGroups");
        if (groups && groups->kind() == json::Kind::kArray)
            for (const json::Value group : groups->elements())
                if (text_of(group, "logGroupName") == flags_.group)
                    return text_of(group, "logGroupArn");
        fmt::print(
            stderr,
            "skywatch: ResourceNotFoundException: The specified log group does not exist.\n");
        code_ = kExitFailed;
        return std::nullopt;
    }

    void take(const aws::EventMessage& message, Overlap& overlap) {
        const std::string_view failure = message.header(":exception-type");
        const auto document = json::Document::parse(message.payload);
        if (failure == "SessionTimeoutException") {
            again_ = true;
        } else if (message.header(":message-type") != "event") {
            const std::string why = document ? text_of(document->root(), "message") : "";
            fmt::print(stderr, "skywatch: {}: {}\n",
                       failure.empty() ? message.header(":error-code") : failure,
                       why.empty() ? message.header(":error-message") : why);
            code_ = kExitFailed;
        } else if (document && message.header(":event-type") == "sessionUpdate") {
            for_each_event(document->root(), "sessionResults", [&](const ShownEvent& event) {
                if (overlap.is_new(event)) show(event);
            });
            settle();
            warn_of_sample(document->root());
        }
    }

    void warn_of_sample(const json::Value& update) {
        const auto metadata = update.find("sessionMetadata");
        const auto sampled = metadata ? metadata->find("sampled") : std::nullopt;
        const bool is_sampled =
            sampled && sampled->kind() == json::Kind::kBool && sampled->boolean();
        if (is_sampled && !was_sampled_)
            fmt::print(stderr,
                       "skywatch: more arrives than a live session shows (500 events a second): "
                       "this is a sample\n");
        was_sampled_ = is_sampled;
    }

    void show(ShownEvent event) {
        shown_ingestion_ms_ = std::max(shown_ingestion_ms_, event.ingestion_ms);
        newest_ms_ = std::max(newest_ms_, event.timestamp_ms);
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

    /// A later session's history shows what came after all that was shown by now.
    void settle() { newest_ingestion_ms_ = shown_ingestion_ms_; }

    /// False: the reader has gone.
    static bool flush() {
        std::fflush(stdout);
        return std::ferror(stdout) == 0;
    }

    const TailFlags& flags_;
    const Clock& clock_;
    LogsClient client_;
    const Colour colour_ = wants_colours(STDOUT_FILENO) ? Colour::kOn : Colour::kOff;
    const Escape escape_ = is_terminal(STDOUT_FILENO) ? Escape::kControls : Escape::kNothing;
    std::int64_t shown_ingestion_ms_ = 0, newest_ingestion_ms_ = 0, newest_ms_ = 0;
    bool was_sampled_ = false;
    bool again_ = false;  // The session has reached its limit.
    int code_ = kExitOk;
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
    Tail tail(flags, system_clock(), std::move(*client));
    const int code = flags.follow ? tail.follow(*start_ms) : tail.print(*start_ms);
    return stop_requested != 0 ? kExitInterrupted : code;
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
        "escapes. --follow prints events as they arrive, also those with older times, and a "
        "sample\n"
        "of them when more than 500 arrive in a second.\n\n"
        "Examples:\n"
        "  skywatch tail --group app --follow\n"
        "  skywatch tail --group app --stream web --since 2h --output json | jq .message");
    command->callback([flags, &exit_code] { exit_code = tail(*flags); });
}

}  // namespace sky::cli
