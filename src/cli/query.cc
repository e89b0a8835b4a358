// SPDX-License-Identifier: Apache-2.0
#include <fmt/core.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdlib>
#include <memory>

#include "cli/commands.h"
#include "cli/flags.h"
#include "cli/query_run.h"
#include "cli/query_shell.h"
#include "cli/saved_query.h"
#include "cli/terminal/line_editor.h"
#include "cli/terminal/table.h"
#include "cli/terminal/terminal.h"
#include "cli/time_args.h"
#include "json/writer.h"

namespace sky::cli {
namespace {

struct QueryFlags {
    ConnectionFlags connection;
    std::string text, since = "1h", start, end = "now", output, history, definition;
    std::vector<std::string> groups, parameters;
    std::int64_t limit = 0;
    bool explain = false;
};

volatile std::sig_atomic_t stop_requested = 0;
void request_stop(int) { stop_requested = 1; }

std::string human_bytes(double bytes) {
    constexpr std::array<const char*, 5> kUnits = {"B", "KB", "MB", "GB", "TB"};
    std::size_t unit = 0;
    while (bytes >= 1000 && unit + 1 < kUnits.size()) {
        bytes /= 1000;
        ++unit;
    }
    return unit == 0 ? fmt::format("{:.0f} B", bytes)
                     : fmt::format("{:.1f} {}", bytes, kUnits[unit]);
}

std::string summary(const QueryProgress& progress) {
    return fmt::format("{:.0f} records matched, {:.0f} scanned, {}", progress.records_matched,
                       progress.records_scanned, human_bytes(progress.bytes_scanned));
}

Result<QueryRequest> make_request(const QueryFlags& flags, std::int64_t now_ms) {
    QueryRequest request{flags.text, flags.groups, 0, 0, flags.limit};
    request.end_ms = SKY_TRY(parse_time_ms(flags.end, now_ms));
    if (flags.start.empty()) {
        request.start_ms = request.end_ms - SKY_TRY(parse_duration_ms(flags.since));
    } else {
        request.start_ms = SKY_TRY(parse_time_ms(flags.start, now_ms));
    }
    if (request.start_ms > request.end_ms) {
        return fail(ErrorCode::kInvalidArgument, "The start lies after the end.");
    }
    return request;
}

void print_rows(const QueryOutcome& outcome, const std::string& output) {
    const Table table = make_table(outcome.rows);
    std::string text;
    if (output == "json") {
        text = render_json(table);
    } else if (output == "csv") {
        text = render_csv(table);
    } else {
        const Colour colour = wants_colours(STDOUT_FILENO) ? Colour::kOn : Colour::kOff;
        text = render_table(table, colour, terminal_width(STDOUT_FILENO));
    }
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
}

// What the server did for the query, a step a line.
int print_explanation(LogsClient& client, const std::string& query_id,
                      const ConnectionFlags& connection) {
    std::string body;
    json::Writer writer(body);
    writer.begin_object();
    writer.key("QueryId");
    writer.string(query_id);
    writer.end_object();
    const auto answer = client.call("ExplainQuery", body, kAdministration);
    if (!answer) return report(answer.error());
    if (!answer->ok()) return report(*answer, connection);
    const auto text = answer->body.root().find("Explanation");
    if (text && text->kind() == json::Kind::kString) fmt::print("{}", text->string());
    return kExitOk;
}

// Runs one query and prints its rows.
int run_once(LogsClient& client, const QueryFlags& flags) {
    const auto request = make_request(flags, system_clock().now_ms());
    if (!request) return report(request.error());
    stop_requested = 0;
    struct sigaction action{};
    action.sa_handler = request_stop;
    ::sigaction(SIGINT, &action, nullptr);
    const bool shows_progress = is_terminal(STDERR_FILENO);
    bool line_is_open = false;
    const auto end = run_query(
        client, *request, [] { return stop_requested != 0; },
        [&](const QueryProgress& progress) {
            if (!shows_progress) return;
            fmt::print(stderr, "\r\x1b[K{}: {}", progress.status, summary(progress));
            std::fflush(stderr);
            line_is_open = true;
        });
    if (line_is_open) fmt::print(stderr, "\r\x1b[K");
    if (!end) return report(end.error());
    if (end->refused) return report(*end->refused, flags.connection);

    const QueryOutcome& outcome = *end->outcome;
    if (outcome.progress.status == "Cancelled" && stop_requested != 0) {
        fmt::print(stderr, "skywatch: query stopped\n");
        return kExitInterrupted;
    }
    if (outcome.progress.status != "Complete") {
        fmt::print(stderr, "skywatch: the query ended as {}\n", outcome.progress.status);
        return kExitFailed;
    }
    const std::string output = !flags.output.empty()        ? flags.output
                               : is_terminal(STDOUT_FILENO) ? "table"
                                                            : "json";
    if (flags.explain) return print_explanation(client, outcome.id, flags.connection);
    print_rows(outcome, output);
    if (shows_progress) {
        fmt::print(stderr, "{} rows; {}\n", outcome.rows.size(), summary(outcome.progress));
    }
    return kExitOk;
}

int query(QueryFlags flags) {
    const bool is_interactive = is_terminal(STDIN_FILENO) && is_terminal(STDOUT_FILENO);
    const bool is_saved = !flags.definition.empty();
    if (is_saved && !flags.text.empty()) {
        return report(Error{ErrorCode::kInvalidArgument,
                            "A query is given by QUERY or by --definition, not both."});
    }
    if (!is_saved && !flags.parameters.empty()) {
        return report(
            Error{ErrorCode::kInvalidArgument, "--param is for the query of a --definition."});
    }
    if (flags.text.empty() && !is_saved && !is_interactive) {
        return report(Error{ErrorCode::kInvalidArgument,
                            "QUERY is required (without it, lines are read on a terminal alone)."});
    }
    auto client = LogsClient::connect(flags.connection, system_clock());
    if (!client) return report(client.error());
    if (is_saved) {
        auto saved = find_saved_query(*client, flags.definition, flags.parameters);
        if (!saved) return report(saved.error());
        flags.text = std::move(saved->text);
        if (flags.groups.empty()) flags.groups = std::move(saved->groups);
    }
    if (!flags.text.empty()) return run_once(*client, flags);
    return run_query_shell(*client, {flags.groups, flags.since, flags.output}, flags.history,
                           [&](const std::string& text, const ShellSettings& settings) {
                               QueryFlags one = flags;
                               one.text = text;
                               one.groups = settings.groups;
                               one.since = settings.since;
                               one.output = settings.output;
                               // Already told; the shell goes on.
                               static_cast<void>(run_once(*client, one));
                           });
}

}  // namespace

void add_query(CLI::App& app, int& exit_code) {
    auto flags = std::make_shared<QueryFlags>();
    CLI::App* const command =
        app.add_subcommand("query", "Run a Logs Insights query and print its rows");
    flags->history = default_history_file();
    command->add_option("text", flags->text, "The query; without it lines are read on a terminal")
        ->type_name("QUERY");
    command->add_option("-g,--group", flags->groups, "Log group, name or ARN; repeatable")
        ->type_name("NAME")
        ->allow_extra_args(false)
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    CLI::Option* const since =
        command
            ->add_option("--since", flags->since,
                         "From this long before the end: 30s, 15m, 1h30m, 7d")
            ->capture_default_str()
            ->type_name("DURATION");
    command
        ->add_option("--start", flags->start,
                     "From: 2026-01-31, 2026-01-31T12:30Z, Unix seconds or ms, 2h (ago)")
        ->type_name("TIME")
        ->excludes(since);
    command->add_option("--end", flags->end, "Until, the same forms")
        ->capture_default_str()
        ->type_name("TIME");
    command
        ->add_option("-l,--limit", flags->limit, "Most rows; the service's own limit if left out")
        ->type_name("ROWS")
        ->check(CLI::Range(1, 100'000));
    command
        ->add_option("--definition", flags->definition,
                     "A saved query's name (PutQueryDefinition), instead of QUERY")
        ->type_name("NAME");
    command
        ->add_option("--param", flags->parameters,
                     "A parameter of the saved query, NAME=VALUE; repeatable")
        ->type_name("PAIR")
        ->allow_extra_args(false)
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    command->add_flag("--explain", flags->explain,
                      "Print what the query did instead of its rows: chunks, families, and each "
                      "step's rows and time");
    command
        ->add_option("-o,--output", flags->output,
                     "table, json or csv; on a terminal table, else json")
        ->type_name("FORM")
        ->check(CLI::IsMember({"table", "json", "csv"}));
    command
        ->add_option("--history", flags->history,
                     "Where the lines of interactive queries are kept; empty: nowhere")
        ->type_name("FILE");
    add_connection_flags(*command, flags->connection);
    add_environment(*command);
    command->footer(
        "Examples:\n"
        "  skywatch query --group app\n"
        "  skywatch query --group app 'fields @timestamp, @message | sort @timestamp desc | limit "
        "20'\n"
        "  skywatch query --group app --since 1h 'parse @message \"[*] * * * *\" as logger, "
        "method,\n"
        "      view, duration, status | stats avg(duration), count(*) by method, view, status'\n"
        "  skywatch query --group a --group b --start 2026-01-31 --end 2026-02-01 --output csv\n"
        "      'filter @message like /ERROR/ | stats count(*) by bin(1h)'\n"
        "  skywatch query --definition slow-views --param ms=200\n"
        "  skywatch query --group app --explain 'filter @message like /ERROR/ | stats count(*)'\n"
        "Ctrl-C stops the query at the server, too.");
    command->callback([flags, &exit_code] { exit_code = query(*flags); });
}

}  // namespace sky::cli
