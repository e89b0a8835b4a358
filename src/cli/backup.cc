// SPDX-License-Identifier: Apache-2.0
// `skywatch backup` of a running or stopped server, and `skywatch restore`.
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>

#include "base/clock.h"
#include "base/random.h"
#include "cli/commands.h"
#include "cli/flags.h"
#include "cli/logs_client.h"
#include "json/writer.h"
#include "os/fs.h"
#include "store/store.h"

namespace sky::cli {
namespace {

// A backup may copy a whole log and, to another file system, every segment.
constexpr std::int64_t kBackupTimeoutS = 3'600;

struct BackupFlags {
    ConnectionFlags connection;
    std::string data, to, from;
};

// The server's working directory is not this one's.
std::string absolute(const std::string& path) {
    std::error_code ignored;
    const auto full = std::filesystem::absolute(path, ignored).lexically_normal();
    return full.empty() ? path : full.string();
}

void print_summary(std::string_view what, std::string_view directory, std::int64_t bytes,
                   std::int64_t segments, std::int64_t linked) {
    fmt::print("{} {}: {} data files ({} linked, {} copied), {} bytes in all\n", what, directory,
               segments, linked, segments - linked, bytes);
}

void print_summary(std::string_view what, std::string_view directory,
                   const store::BackupSummary& made) {
    print_summary(what, directory, static_cast<std::int64_t>(made.bytes),
                  static_cast<std::int64_t>(made.segments), static_cast<std::int64_t>(made.linked));
}

std::int64_t count_of(const json::Value& answer, std::string_view name) {
    const auto value = answer.find(name);
    return value && value->kind() == json::Kind::kInt ? value->integer() : 0;
}

int backup_directory(const BackupFlags& flags, const std::string& to) {
    if (!os::real_fs().stat(flags.data + "/catalog.sqlite")) {
        return report(Error{ErrorCode::kNotFound, "No skywatch data in " + flags.data + "."});
    }
    const auto store = store::Store::open({.directory = flags.data,
                                           .fs = &os::real_fs(),
                                           .clock = &system_clock(),
                                           .random = &system_random()});
    if (!store) return report(store.error());
    const auto made = (*store)->backup(to);
    if (!made) return report(made.error());
    print_summary("backup in", to, *made);
    return kExitOk;
}

int backup(const BackupFlags& flags) {
    const std::string to = absolute(flags.to);
    if (!flags.data.empty()) return backup_directory(flags, to);
    auto client = LogsClient::connect(flags.connection, system_clock());
    if (!client) return report(client.error());
    std::string body;
    json::Writer writer(body);
    writer.begin_object();
    writer.key("Directory");
    writer.string(to);
    writer.end_object();
    const auto answer = client->call("CreateBackup", body, kAdministration);
    if (!answer) return report(answer.error());
    if (!answer->ok()) return report(*answer, flags.connection);
    const json::Value made = answer->body.root();
    print_summary("backup in", to, count_of(made, "Bytes"), count_of(made, "Segments"),
                  count_of(made, "LinkedSegments"));
    return kExitOk;
}

int restore(const BackupFlags& flags) {
    const auto made = store::restore_backup(os::real_fs(), flags.from, flags.data);
    if (!made) return report(made.error());
    print_summary("restored into", flags.data, *made);
    fmt::print("start it with: skywatch serve --data {}\n", flags.data);
    return kExitOk;
}

}  // namespace

void add_backup(CLI::App& app, int& exit_code) {
    auto flags = std::make_shared<BackupFlags>();
    flags->connection.timeout_s = kBackupTimeoutS;
    CLI::App* const command =
        app.add_subcommand("backup", "Copy a server's data; writes and queries go on");
    command->add_option("--to", flags->to, "New or empty directory on the server's machine")
        ->required()
        ->type_name("DIR");
    command->add_option("--data", flags->data, "Data directory of a stopped server")
        ->type_name("DIR");
    add_connection_flags(*command, flags->connection);
    add_environment(*command);
    command->footer(
        "Everything acknowledged before the call is in the backup. Data files are linked where "
        "the\n"
        "file system allows and copied otherwise. A backup holds the access keys: keep it "
        "private.\n"
        "\nExamples:\n"
        "  skywatch backup --to /backup/skywatch/2026-01-31\n"
        "  skywatch backup --data ~/skywatch --to /mnt/usb/skywatch");
    command->callback([flags, &exit_code] { exit_code = backup(*flags); });
}

void add_restore(CLI::App& app, int& exit_code) {
    auto flags = std::make_shared<BackupFlags>();
    CLI::App* const command =
        app.add_subcommand("restore", "Make a new data directory from a backup");
    command->add_option("--from", flags->from, "Directory that `skywatch backup` made")
        ->required()
        ->type_name("DIR");
    command->add_option("--data", flags->data, "Data directory to make; must be new or empty")
        ->required()
        ->type_name("DIR");
    add_environment(*command);
    command->footer(
        "Every file is checked first; one that was changed or is missing is named.\n\n"
        "Example:\n"
        "  skywatch restore --from /backup/skywatch/2026-01-31 --data ~/skywatch");
    command->callback([flags, &exit_code] { exit_code = restore(*flags); });
}

}  // namespace sky::cli
