// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <memory>

#include "cli/commands.h"
#include "cli/flags.h"
#include "cli/serve_flags.h"
#include "server/server.h"

namespace sky::cli {
namespace {

struct ServeFlags {
    server::ServeOptions options;
    std::string listen = "127.0.0.1:4580", auth = "sigv4", memory, query_cache;
};

Result<server::ServeOptions> make_options(const ServeFlags& flags) {
    server::ServeOptions options = flags.options;
    const ListenAddress listen = SKY_TRY(parse_listen(flags.listen));
    options.host = listen.host;
    options.port = listen.port;
    options.auth = flags.auth == "off" ? server::Auth::kOff : server::Auth::kSigV4;
    if (!flags.memory.empty()) options.memory_bytes = SKY_TRY(parse_bytes(flags.memory));
    if (!flags.query_cache.empty())
        options.query_cache_bytes =
            flags.query_cache == "0" ? 0 : SKY_TRY(parse_bytes(flags.query_cache));
    return options;
}

}  // namespace

void add_serve(CLI::App& app, int& exit_code) {
    auto flags = std::make_shared<ServeFlags>();
    flags->options.data_directory = default_data_directory();
    CLI::App* const command = app.add_subcommand("serve", "Run the server until SIGTERM or Ctrl-C");
    command
        ->add_option("--data", flags->options.data_directory, "Data directory, made when missing")
        ->capture_default_str()
        ->type_name("DIR");
    command->add_option("--listen", flags->listen, "Address; port 0 picks a free one and prints it")
        ->capture_default_str()
        ->type_name("HOST:PORT");
    command
        ->add_option("--auth", flags->auth,
                     "sigv4: requests are signed with a key; off: anybody, on loopback only")
        ->capture_default_str()
        ->type_name("MODE")
        ->check(CLI::IsMember({"sigv4", "off"}));
    command->add_option("--account", flags->options.account, "Account id of the first key")
        ->capture_default_str()
        ->type_name("ID");
    command
        ->add_option("--region", flags->options.region,
                     "Region of what arrives without a credential scope")
        ->capture_default_str()
        ->type_name("NAME");
    command
        ->add_option(
            "--memory", flags->memory,
            "Memory budget such as 1GiB; default 1 GiB, at most half of the cgroup's limit")
        ->type_name("BYTES");
    command
        ->add_option("--query-cache", flags->query_cache,
                     "Memory for groups that repeated queries share, such as 16MiB; 0 for none; "
                     "default and at most a quarter of what queries have")
        ->type_name("BYTES");
    command
        ->add_option("--tls-cert", flags->options.tls_certificate,
                     "Speak HTTPS with this certificate (PEM, its chain after it)")
        ->type_name("FILE");
    command->add_option("--tls-key", flags->options.tls_key, "Its private key (PEM)")
        ->type_name("FILE");
    command->add_flag("--tls-self-signed", flags->options.tls_self_signed,
                      "Speak HTTPS with a certificate made in the data directory");
    command
        ->add_option("--cors-origin", flags->options.cors_origins,
                     "Web page that may call, such as https://dash.example; * for every one; may "
                     "be repeated. Default: none")
        ->type_name("ORIGIN")
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    add_environment(*command);
    command->footer(
        "The first start on an empty directory makes an access key and prints it.\n"
        "Flags win over SKYWATCH_* variables, those over --config.\n"
        "SIGHUP reads the certificate again; without TLS it stops the server.\n\n"
        "Examples:\n"
        "  skywatch serve --data ~/skywatch\n"
        "  skywatch serve --data /srv/skywatch --listen 0.0.0.0:4580 --config /etc/skywatch.toml\n"
        "  skywatch serve --data ~/skywatch --listen 0.0.0.0:4580 --tls-self-signed\n"
        "  skywatch serve --data /tmp/try --auth off");
    command->callback([flags, &exit_code] {
        const auto options = make_options(*flags);
        exit_code = options ? server::run(*options) : report(options.error());
    });
}

}  // namespace sky::cli
