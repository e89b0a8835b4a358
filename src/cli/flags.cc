// SPDX-License-Identifier: Apache-2.0
#include "cli/flags.h"

#include <CLI/CLI.hpp>
#include <cstdlib>

namespace sky::cli {
namespace {

// Flags win over SKYWATCH_*, those over AWS_*.
void default_from(const char* variable, std::string& value) {
    if (const char* const found = std::getenv(variable); found != nullptr) value = found;
}

}  // namespace

void read_aws_credentials(ConnectionFlags& flags) {
    default_from("AWS_ACCESS_KEY_ID", flags.access_key);
    default_from("AWS_SECRET_ACCESS_KEY", flags.secret_key);
    default_from("AWS_SESSION_TOKEN", flags.session_token);
    default_from("SKYWATCH_ACCESS_KEY", flags.access_key);
    default_from("SKYWATCH_SECRET_KEY", flags.secret_key);
    default_from("SKYWATCH_SESSION_TOKEN", flags.session_token);
}

void add_ca_bundle_flag(CLI::App& command, std::string& ca_bundle) {
    default_from("AWS_CA_BUNDLE", ca_bundle);
    command
        .add_option("--ca-bundle", ca_bundle,
                    "Certificates to believe an https endpoint by; default: the system's (also "
                    "AWS_CA_BUNDLE)")
        ->type_name("FILE")
        ->group("Connection");
}

void add_connection_flags(CLI::App& command, ConnectionFlags& flags) {
    read_aws_credentials(flags);
    const std::string group = "Connection";
    command.add_option("--endpoint", flags.endpoint, "Where the service listens")
        ->capture_default_str()
        ->type_name("URL")
        ->group(group);
    command.add_option("--region", flags.region, "Region to sign for: each has data of its own")
        ->capture_default_str()
        ->type_name("NAME")
        ->group(group);
    command.add_option("--access-key", flags.access_key, "Access key id (also AWS_ACCESS_KEY_ID)")
        ->type_name("ID")
        ->group(group);
    command
        .add_option("--secret-key", flags.secret_key,
                    "Its secret; better in AWS_SECRET_ACCESS_KEY: other users see flags")
        ->type_name("SECRET")
        ->group(group);
    command
        .add_option("--session-token", flags.session_token,
                    "Token of temporary keys (also AWS_SESSION_TOKEN)")
        ->type_name("TOKEN")
        ->group(group);
    add_ca_bundle_flag(command, flags.ca_bundle);
    command.add_option("--timeout", flags.timeout_s, "Longest wait for one answer")
        ->capture_default_str()
        ->type_name("SECONDS")
        ->check(CLI::Range(1, 3600))
        ->group(group);
}

void add_environment(CLI::App& command) {
    for (CLI::Option* option : command.get_options()) {
        if (option->get_lnames().empty() || !option->get_envname().empty()) continue;
        const std::string& name = option->get_lnames().front();
        if (name == "help") continue;
        std::string variable = "SKYWATCH_";
        for (const char c : name) {
            variable.push_back(c == '-' ? '_' : c >= 'a' && c <= 'z' ? char(c - 32) : c);
        }
        option->envname(variable);
    }
}

std::string default_data_directory() {
    const char* const home = std::getenv("XDG_DATA_HOME");
    return home != nullptr && *home != '\0' ? std::string(home) + "/skywatch" : "/var/lib/skywatch";
}

}  // namespace sky::cli
