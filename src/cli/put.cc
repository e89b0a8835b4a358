// SPDX-License-Identifier: Apache-2.0
#include <fmt/core.h>
#include <poll.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstring>
#include <memory>

#include "cli/commands.h"
#include "cli/event_batch.h"
#include "cli/flags.h"
#include "cli/logs_client.h"
#include "json/writer.h"

namespace sky::cli {
namespace {

// Lines from a pipe that falls silent are sent after this long.
constexpr int kQuietMs = 500;
constexpr std::size_t kReadBytes = 64 * 1024;

struct PutFlags {
    ConnectionFlags connection;
    std::string group, stream;
    std::vector<std::string> messages;
    bool create = false;
};

// Sends lines batch by batch; remembers the first reason to stop.
class Sender {
public:
    Sender(LogsClient& client, const PutFlags& flags) : client_(client), flags_(flags) {}

    int exit_code() const { return exit_code_; }
    bool may_go_on() const { return may_go_on_; }
    void add(std::string_view line) {
        ++lines_;
        const std::int64_t now_ms = system_clock().now_ms();
        auto added = batch_.add(line, now_ms);
        if (added == EventBatch::Add::kFull) {
            flush();
            added = batch_.add(line, now_ms);
        }
        if (added == EventBatch::Add::kTooLong) {
            fmt::print(stderr, "skywatch: line {} is longer than {} bytes and was not sent\n",
                       lines_, kBatchBytesMax - kEventOverheadBytes);
            exit_code_ = kExitFailed;
        }
    }
    bool has_unsent() const { return !batch_.empty(); }
    void flush() {
        if (batch_.empty() || !may_go_on_) return;
        const auto answer = client_.call("PutLogEvents", batch_.body(flags_.group, flags_.stream));
        if (!answer) return give_up(report(answer.error()));
        if (!answer->ok()) {
            if (answer->error_type == "ResourceNotFoundException" && !flags_.create) {
                give_up(report(*answer, flags_.connection));
                fmt::print(stderr, "With --create a missing group and stream are made.\n");
                return;
            }
            return give_up(report(*answer, flags_.connection));
        }
        if (answer->body.root().find("rejectedLogEventsInfo")) {
            fmt::print(stderr, "skywatch: the service rejected events of the last batch\n");
            exit_code_ = kExitFailed;
        }
        batch_.clear();
    }
    /// Makes group and stream; that they are there already is fine.
    void create() {
        for (const bool with_stream : {false, true}) {
            std::string body;
            json::Writer writer(body);
            writer.begin_object();
            writer.key("logGroupName");
            writer.string(flags_.group);
            if (with_stream) {
                writer.key("logStreamName");
                writer.string(flags_.stream);
            }
            writer.end_object();
            const auto answer =
                client_.call(with_stream ? "CreateLogStream" : "CreateLogGroup", body);
            if (!answer) return give_up(report(answer.error()));
            if (!answer->ok() && answer->error_type != "ResourceAlreadyExistsException") {
                return give_up(report(*answer, flags_.connection));
            }
        }
    }

private:
    void give_up(int code) {
        exit_code_ = code;
        may_go_on_ = false;
    }

    LogsClient& client_;
    const PutFlags& flags_;
    EventBatch batch_;
    std::uint64_t lines_ = 0;
    int exit_code_ = kExitOk;
    bool may_go_on_ = true;
};

// Adds the lines that are complete in `pending`, and keeps the rest. A line beyond the largest
// event is cut off from memory; what is kept of it is still too long to be sent.
void add_complete_lines(std::string& pending, bool& in_long_line, Sender& sender) {
    std::size_t begin = 0;
    for (;;) {
        const std::size_t end = pending.find('\n', begin);
        if (end == std::string::npos) break;
        if (!in_long_line) sender.add(std::string_view(pending).substr(begin, end - begin));
        in_long_line = false;
        begin = end + 1;
        if (!sender.may_go_on()) break;
    }
    pending.erase(0, begin);
    if (pending.size() > kBatchBytesMax) {
        if (!in_long_line) sender.add(pending);
        in_long_line = true;
        pending.clear();
    }
}

void send_stdin(Sender& sender) {
    std::string pending;
    bool in_long_line = false;
    while (sender.may_go_on()) {
        if (sender.has_unsent()) {
            pollfd entry{STDIN_FILENO, POLLIN, 0};
            if (::poll(&entry, 1, kQuietMs) == 0) {
                sender.flush();
                continue;
            }
        }
        const std::size_t have = pending.size();
        ssize_t got = 0;
        pending.resize(have + kReadBytes);
        got = ::read(STDIN_FILENO, pending.data() + have, kReadBytes);
        const int failure = errno;
        pending.resize(have + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
        if (got < 0 && failure == EINTR) continue;
        if (got <= 0) break;
        add_complete_lines(pending, in_long_line, sender);
    }
    if (!pending.empty() && !in_long_line) sender.add(pending);
    sender.flush();
}

int put(const PutFlags& flags) {
    auto client = LogsClient::connect(flags.connection, system_clock());
    if (!client) return report(client.error());
    Sender sender(*client, flags);
    if (flags.create) sender.create();
    if (!sender.may_go_on()) return sender.exit_code();
    if (flags.messages.empty()) {
        send_stdin(sender);
    } else {
        for (const std::string& message : flags.messages) {
            if (sender.may_go_on()) sender.add(message);
        }
        sender.flush();
    }
    return sender.exit_code();
}

}  // namespace

void add_put(CLI::App& app, int& exit_code) {
    auto flags = std::make_shared<PutFlags>();
    CLI::App* const command =
        app.add_subcommand("put", "Send messages, or the lines of standard input, to a log stream");
    command->add_option("message", flags->messages, "Messages; without any, standard input is read")
        ->type_name("TEXT");
    command->add_option("-g,--group", flags->group, "Log group")->required()->type_name("NAME");
    command->add_option("-s,--stream", flags->stream, "Log stream")->required()->type_name("NAME");
    command->add_flag("--create", flags->create,
                      "Make the group and the stream if they are missing");
    add_connection_flags(*command, flags->connection);
    add_environment(*command);
    command->footer(
        "Each line becomes one event with the time at which it was read; empty lines are skipped.\n"
        "Lines of a pipe are sent in batches, at the latest half a second after it falls "
        "silent.\n\n"
        "Examples:\n"
        "  skywatch put --group app --stream web --create '[profiler] GET user-list 12.34 200'\n"
        "  tail -F access.log | skywatch put --group app --stream web");
    command->callback([flags, &exit_code] { exit_code = put(*flags); });
}

}  // namespace sky::cli
