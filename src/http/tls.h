// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/http/tls.h - TLS 1.2 and 1.3 over sockets that somebody else waits for.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sky::http {

struct TlsFiles {
    std::string certificate;  // PEM: the server's own first, then the chain up to the root.
    std::string key;          // PEM, without a passphrase.
};

/// Who a server is. Threads: every member from any thread.
class TlsIdentity {
public:
    /// Errors: kInvalidArgument (unreadable, not PEM, key of another certificate; names the file).
    static Result<std::shared_ptr<TlsIdentity>> load(TlsFiles files);
    ~TlsIdentity();
    /// Reads the files again; handshakes from now on use what they hold. After an error everything
    /// stays as it was. Errors: as load().
    Status reload();

private:
    friend class TlsSession;
    explicit TlsIdentity(TlsFiles files);
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// Whom a client believes.
class TlsTrust {
public:
    /// A PEM file of authorities (or of a self-signed certificate itself); empty means those of the
    /// system. Errors: kInvalidArgument (names the file).
    static Result<std::shared_ptr<TlsTrust>> load(const std::string& ca_bundle);
    ~TlsTrust();

private:
    friend class TlsSession;
    TlsTrust();
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// One connection over a connected, non-blocking socket, which it does not own. Never blocks: what
/// cannot go on says what it waits for and is called again with the same arguments (the bytes may
/// have moved). Belongs to one thread at a time.
class TlsSession {
public:
    static std::unique_ptr<TlsSession> accept(const TlsIdentity& identity, int fd);
    /// `host` is what the certificate must be for: a DNS name or an address.
    static std::unique_ptr<TlsSession> connect(const TlsTrust& trust, int fd,
                                               const std::string& host);
    ~TlsSession();

    enum class Step : std::uint8_t { kDone, kWantRead, kWantWrite, kEnded, kFailed };
    Step handshake();
    /// kDone with 1 to `bytes_max` bytes; kEnded when the peer has said goodbye.
    Step read(char* into, std::size_t bytes_max, std::size_t& bytes);
    /// kDone with at least one byte written.
    Step write(std::string_view data, std::size_t& bytes);
    /// Says goodbye if that can be done without waiting; nothing is written afterwards.
    void say_goodbye();
    /// Decrypted bytes wait to be read.
    bool has_pending() const;
    /// Why the last step failed, for people: "certificate verify failed (self-signed certificate)".
    std::string why() const;
    /// "TLSv1.3"; after the handshake.
    std::string version() const;

private:
    struct Impl;
    explicit TlsSession(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

/// First byte of what a TLS client sends (RFC 8446 5.1: handshake record).
inline constexpr unsigned char kTlsFirstByte = 0x16;

}  // namespace sky::http
