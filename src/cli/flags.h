// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/cli/flags.h - flags that several subcommands share.

#include <string>

#include "base/result.h"
#include "cli/logs_client.h"

namespace CLI {
class App;
}

namespace sky::cli {

/// --endpoint, --region, --access-key, --secret-key, --session-token, --ca-bundle,
/// --timeout.
void add_connection_flags(CLI::App& command, ConnectionFlags& flags);

/// --ca-bundle, whose default is AWS_CA_BUNDLE; part of the former.
void add_ca_bundle_flag(CLI::App& command, std::string& ca_bundle);

/// From AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN and SKYWATCH_ACCESS_KEY, ...;
/// part of the former.
void read_aws_credentials(ConnectionFlags& flags);

/// Gives every flag that has no environment variable yet SKYWATCH_<NAME>. Last, after all flags.
void add_environment(CLI::App& command);

/// $XDG_DATA_HOME/skywatch, or /var/lib/skywatch without that variable (design section 10).
std::string default_data_directory();

}  // namespace sky::cli
