// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/server/server.h - `skywatch serve`: wires store, domain, wire protocols and
              // sockets together.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"

namespace sky::server {

enum class Auth : std::uint8_t { kSigV4, kOff };

/// The flags of `skywatch serve` (design section 10), already parsed.
struct ServeOptions {
    std::string data_directory;
    std::string host = "127.0.0.1";
    std::uint16_t port = 4580;  // 0 picks a free one.
    Auth auth = Auth::kSigV4;
    std::string account = "123456789012";
    std::string region = "us-east-1";  // Tenant of what arrives without a credential scope.
    std::uint64_t memory_bytes = 0;    // 0: min(1 GiB, half of the cgroup limit) (store.md 3.1).
    /// Of the queries' memory, for what is kept from run to run; none: a quarter of it.
    std::optional<std::uint64_t> query_cache_bytes;
    std::string tls_certificate, tls_key;   // PEM files, both or neither.
    bool tls_self_signed = false;           // Instead of them: one made in the data directory.
    std::vector<std::string> cors_origins;  // Web pages that may call; "*" for every one.
};

/// A running server. Threads: stop() from any thread; the destructor stops too.
class Server {
public:
    /// Listens first and answers /healthz while the store recovers; returns when /readyz answers
    /// 200. Errors: kUnavailable (directory held by another server, port in use), kInvalidArgument
    /// (--auth off beyond loopback, bad host or account), kCorruption, kNoSpace, kInternal.
    static Result<std::unique_ptr<Server>> start(const ServeOptions& options, const Clock& clock,
                                                 Random& random);
    virtual ~Server() = default;
    virtual std::uint16_t port() const = 0;
    /// The key that this first start made, as shell assignments; empty when there were keys.
    virtual std::string first_key() const = 0;
    /// Where the self-signed certificate lies, for clients to trust; empty without one.
    virtual std::string certificate_to_trust() const = 0;
    /// Reads the certificate again, or renews the self-signed one when it is due. After an error
    /// the old one stays. Errors: kInvalidState (no TLS), kInvalidArgument (names the file).
    virtual Status reload() = 0;
    /// Drains connections, seals the store. Idempotent.
    virtual Status stop() = 0;
};

/// Serves until SIGTERM or SIGINT, printing "skywatch: listening on http://HOST:PORT" (https with
/// TLS) on stdout once ready. SIGHUP reloads the certificate; without TLS it stops as well. Returns
/// the exit code: 0 after a clean stop, 1 when it could not start or stop cleanly (the reason is on
/// stderr).
int run(const ServeOptions& options);

}  // namespace sky::server
