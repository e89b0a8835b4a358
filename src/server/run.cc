// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <pthread.h>
#include <sys/resource.h>

#include <csignal>
#include <cstdio>

#include "base/log.h"
#include "server/server.h"

namespace sky::server {
namespace {

/// store.md 3.5: file handles and connections share the hard limit.
void raise_open_files() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0) log::warn("open_files_limit_not_raised");
}

std::string url_host(const std::string& host) {
    return host.find(':') == std::string::npos ? host : "[" + host + "]";
}

}  // namespace

int run(const ServeOptions& options) {
    // Blocked before any thread starts, so that sigwait() below is the only one to see them.
    sigset_t stops;
    sigemptyset(&stops);
    sigaddset(&stops, SIGTERM);
    sigaddset(&stops, SIGINT);
    sigaddset(&stops, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &stops, nullptr);
    // A client that goes away is an error of write(2), not the end of the program.
    std::signal(SIGPIPE, SIG_IGN);
    raise_open_files();

    auto server = Server::start(options, system_clock(), system_random());
    if (!server) {
        fmt::print(stderr, "skywatch: {}\n", server.error().message);
        return 1;
    }
    if (const std::string key = (*server)->first_key(); !key.empty()) {
        fmt::print("skywatch: this is the first start; your access key, shown only now:\n{}", key);
    }
    const bool is_tls = options.tls_self_signed || !options.tls_certificate.empty();
    if (const std::string file = (*server)->certificate_to_trust(); !file.empty()) {
        fmt::print("skywatch: clients trust this server by AWS_CA_BUNDLE={}\n", file);
    }
    fmt::print("skywatch: listening on {}://{}:{}\n", is_tls ? "https" : "http",
               url_host(options.host), (*server)->port());
    std::fflush(stdout);

    int signal = 0;
    while (sigwait(&stops, &signal) != 0 || (signal == SIGHUP && is_tls)) {
        if (const Status reloaded = (*server)->reload(); reloaded) {
            log::info("certificate_reloaded");
        } else {
            log::error("certificate_not_reloaded",
                       {{"why", reloaded.error().message}, {"now", "the old one stays in use"}});
        }
    }
    log::info("stopping", {{"signal", signal}});
    const Status stopped = (*server)->stop();
    if (!stopped) {
        fmt::print(stderr, "skywatch: could not stop cleanly: {}\n", stopped.error().message);
        return 1;
    }
    return 0;
}

}  // namespace sky::server
