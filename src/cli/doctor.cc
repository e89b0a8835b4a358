// SPDX-License-Identifier: Apache-2.0
// `skywatch doctor`: what is wrong with this machine, this directory or its server, and what to do.
#include <fmt/core.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <memory>

#include "base/time.h"
#include "cli/commands.h"
#include "cli/flags.h"
#include "cli/logs_client.h"
#include "cli/machine.h"
#include "cli/terminal/terminal.h"
#include "http/client.h"
#include "http/tls.h"
#include "json/writer.h"
#include "os/fs.h"
#include "store/rebuild_catalog.h"

namespace sky::cli {
namespace {

struct DoctorFlags {
    std::string data, listen = "127.0.0.1:4580", endpoint = "http://127.0.0.1:4580", ca_bundle;
    bool json = false, verify = false, rebuild_catalog = false;
};

constexpr std::chrono::seconds kAnswerMax{10};

const char* word_of(Grade grade) {
    switch (grade) {
        case Grade::kFine:
            return "OK";
        case Grade::kWarning:
            return "WARN";
        case Grade::kFault:
            return "FAIL";
    }
    return "FAIL";
}

// A figure of the Prometheus page, by its name without labels.
std::optional<double> metric(std::string_view page, std::string_view name) {
    std::size_t at = 0;
    while ((at = page.find(name, at)) != std::string_view::npos) {
        const bool at_line = at == 0 || page[at - 1] == '\n';
        at += name.size();
        if (!at_line || at >= page.size() || page[at] != ' ') continue;
        const std::string_view text = page.substr(at + 1, page.find('\n', at) - at - 1);
        double value = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (error == std::errc()) return value;
    }
    return std::nullopt;
}

struct Server {
    std::vector<Finding> findings;
    std::optional<std::int64_t> date_ms;
};

// What a running server says of itself.
Server ask_server(const DoctorFlags& flags) {
    Server out;
    const auto add = [&](Grade grade, std::string what, std::string remedy) {
        out.findings.push_back({grade, "server", std::move(what), std::move(remedy)});
    };
    const auto endpoint = parse_endpoint(flags.endpoint);
    if (!endpoint) {
        add(Grade::kFault, endpoint.error().message, "Correct --endpoint.");
        return out;
    }
    std::shared_ptr<const http::TlsTrust> trust;
    if (endpoint->is_https) {
        auto loaded = http::TlsTrust::load(flags.ca_bundle);
        if (!loaded) {
            add(Grade::kFault, loaded.error().message, "Correct --ca-bundle.");
            return out;
        }
        trust = std::move(*loaded);
    }
    http::Client client(endpoint->host, endpoint->port, kAnswerMax, std::move(trust));
    http::Headers headers;
    headers.add("Host", endpoint->host_header);
    const auto ready = client.send("GET", endpoint->base_path + "/readyz", headers, "");
    if (!ready) {
        add(Grade::kFault, "one holds the directory, but " + ready.error().message,
            "Where does it listen? Its log says (\"ready\"); name that with --endpoint.");
        return out;
    }
    for (const http::Header& header : ready->headers) {
        if (header.name == "Date" || header.name == "date")
            out.date_ms = parse_http_date(header.value);
    }
    if (ready->status != 200) {
        add(Grade::kWarning, fmt::format("{} is recovering or ending", flags.endpoint),
            "Wait; its log says what it does.");
        return out;
    }
    add(Grade::kFine, flags.endpoint + " is ready", {});
    const auto page = client.send("GET", endpoint->base_path + "/metrics", headers, "");
    if (!page || page->status != 200) return out;
    const auto is_set = [&](std::string_view name) {
        return metric(page->body, name).value_or(0) != 0;
    };
    if (is_set("skywatch_store_corrupt_wal_records_total")) {
        add(Grade::kFault,
            fmt::format("it could not read {:.0f} acknowledged records of its log at its start",
                        *metric(page->body, "skywatch_store_corrupt_wal_records_total")),
            "Its log names the ranges (wal.corruption). Restore a backup if you need them.");
    }
    if (is_set("skywatch_store_read_only")) {
        add(Grade::kFault, "it accepts no events since its disk failed twice",
            "See dmesg and smartctl; then restart it.");
    }
    if (is_set("skywatch_store_disk_full")) {
        add(Grade::kFault, "its disk is full",
            "Give it more space, or keep less: retention, or delete log groups.");
    }
    if (is_set("skywatch_store_deletion_suspended")) {
        add(Grade::kWarning, "nothing expires: its clock has jumped",
            "Set the clock right; deletion goes on after 24 hours of agreement.");
    }
    return out;
}

// The catalog anew from the files; what was found and what is gone with the old one.
std::vector<Finding> rebuild(os::Fs& fs, const DoctorFlags& flags) {
    const auto rebuilt = store::rebuild_catalog(fs, flags.data);
    if (!rebuilt) {
        return {{Grade::kFault, "catalog", rebuilt.error().message,
                 rebuilt.error().code == ErrorCode::kAlreadyExists
                     ? "Leave it as it is; run doctor without --rebuild-catalog."
                     : "Nothing was changed."}};
    }
    std::vector<Finding> out;
    for (const std::string& what : rebuilt->unreadable)
        out.push_back(
            {Grade::kFault, "segments", what,
             "Its events are not in the new catalog. Restore a backup if you need them."});
    out.push_back(
        {Grade::kWarning, "catalog",
         fmt::format("made anew: {} log groups, {} streams, {} segments, {} events{}",
                     rebuilt->groups, rebuilt->streams, rebuilt->segments, rebuilt->rows,
                     rebuilt->kept_as.empty() ? "" : "; the old one is " + rebuilt->kept_as),
         "Access keys, settings, retention, tags, saved queries and groups without events "
         "are gone:\nmake a key (skywatch key create), then set retention again."});
    if (rebuilt->superseded_groups != 0) {
        out.push_back(
            {Grade::kWarning, "catalog",
             fmt::format("{} deleted log groups, whose names later ones have, were left out",
                         rebuilt->superseded_groups),
             "Other groups and streams that were deleted not long ago may be back; delete "
             "them again."});
    }
    return out;
}

std::vector<Finding> examine(const DoctorFlags& flags) {
    std::vector<Finding> inside;
    Server server;
    os::Fs& fs = os::real_fs();
    // Only a directory that is there is locked: looking makes nothing.
    if (fs.stat(flags.data)) {
        const auto lock = fs.lock(flags.data + "/LOCK");
        if (lock) {
            if (flags.rebuild_catalog) inside = rebuild(fs, flags);
            for (Finding& finding : store::inspect_directory(
                     fs, flags.data, flags.verify ? store::Depth::kFull : store::Depth::kFooters))
                inside.push_back(std::move(finding));
            inside.push_back({Grade::kFine, "server", "none runs on this directory", {}});
            inside.push_back(inspect_address(flags.listen));
        } else if (lock.error().code == ErrorCode::kUnavailable) {
            server = ask_server(flags);
            inside.push_back(
                {Grade::kFine, "catalog", "in use; looked at only while no server runs", {}});
            if (flags.verify || flags.rebuild_catalog) {
                inside.push_back({Grade::kFault, "segments",
                                  "nothing was verified or rebuilt: a server holds the directory",
                                  "Stop it first."});
            }
        } else {
            inside.push_back({Grade::kFault, "data directory", lock.error().message,
                              "Run as the user of the server."});
        }
    } else {
        inside.push_back(inspect_address(flags.listen));
    }
    std::vector<Finding> out = inspect_machine(flags.data, server.date_ms);
    for (Finding& finding : inside) out.push_back(std::move(finding));
    for (Finding& finding : server.findings) out.push_back(std::move(finding));
    return out;
}

void print_json(const std::vector<Finding>& findings) {
    std::string out;
    json::Writer writer(out);
    writer.begin_array();
    for (const Finding& finding : findings) {
        writer.begin_object();
        writer.key("grade");
        writer.string(word_of(finding.grade));
        writer.key("subject");
        writer.string(finding.subject);
        writer.key("what");
        writer.string(finding.what);
        if (!finding.remedy.empty()) {
            writer.key("remedy");
            writer.string(finding.remedy);
        }
        writer.end_object();
    }
    writer.end_array();
    fmt::print("{}\n", out);
}

void print_text(const std::vector<Finding>& findings, bool colours) {
    for (const Finding& finding : findings) {
        const char* const colour = finding.grade == Grade::kFine      ? "\x1b[32m"
                                   : finding.grade == Grade::kWarning ? "\x1b[33m"
                                                                      : "\x1b[31m";
        fmt::print("{}{:<4}{}  {:<16}{}\n", colours ? colour : "", word_of(finding.grade),
                   colours ? "\x1b[0m" : "", finding.subject, finding.what);
        if (!finding.remedy.empty()) fmt::print("{:22}{}\n", "", finding.remedy);
    }
}

int doctor(const DoctorFlags& flags) {
    const std::vector<Finding> findings = examine(flags);
    if (flags.json) {
        print_json(findings);
    } else {
        print_text(findings, wants_colours(STDOUT_FILENO));
    }
    const bool has_fault = std::ranges::any_of(
        findings, [](const Finding& finding) { return finding.grade == Grade::kFault; });
    return has_fault ? kExitFailed : kExitOk;
}

}  // namespace

void add_doctor(CLI::App& app, int& exit_code) {
    auto flags = std::make_shared<DoctorFlags>();
    flags->data = default_data_directory();
    CLI::App* const command =
        app.add_subcommand("doctor", "Look for what is wrong, and say what to do");
    command->add_option("--data", flags->data, "Data directory to look at")
        ->capture_default_str()
        ->type_name("DIR");
    command->add_option("--listen", flags->listen, "Where a server shall listen")
        ->capture_default_str()
        ->type_name("HOST:PORT");
    command->add_option("--endpoint", flags->endpoint, "Where a running server listens")
        ->capture_default_str()
        ->type_name("URL");
    add_ca_bundle_flag(*command, flags->ca_bundle);
    command->add_flag("--verify", flags->verify,
                      "Read every event of a stopped server's directory again and check it");
    command->add_flag("--rebuild-catalog", flags->rebuild_catalog,
                      "Make a lost or damaged catalog anew from the files of a stopped server");
    command->add_flag("--json", flags->json, "JSON instead of text");
    add_environment(*command);
    command->footer(
        "Each line is OK, WARN (works, may disappoint) or FAIL (does not work, or data is at "
        "risk);\nthe line below says what to do. Exit code 1 when a line is FAIL, else 0.\n"
        "Works beside a running server; the catalog and the log are looked at when it is stopped.\n"
        "\nExamples:\n"
        "  skywatch doctor --data ~/skywatch\n"
        "  skywatch doctor --data ~/skywatch --verify\n"
        "  skywatch doctor --data /srv/skywatch --endpoint http://127.0.0.1:4581 --json");
    command->callback([flags, &exit_code] { exit_code = doctor(*flags); });
}

}  // namespace sky::cli
