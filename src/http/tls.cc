// SPDX-License-Identifier: Apache-2.0
// OpenSSL straight on the socket: no copies between buffers of ours and its own, and idle
// connections give their buffers back (asio's stream would keep 34 KiB for each).
#include "http/tls.h"

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>

#include "base/assert.h"

namespace sky::http {
namespace {

// ECDHE with AEAD only, as browsers and SDKs of the last ten years offer; TLS 1.3's own suites are
// all of that kind.
constexpr const char* kTls12Ciphers = "ECDHE+AESGCM:ECDHE+CHACHA20";

struct FreeContext {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using Context = std::unique_ptr<SSL_CTX, FreeContext>;

// The library's own sockets raise SIGPIPE; ours do not.
int socket_write(BIO* bio, const char* data, int bytes) {
    BIO_clear_retry_flags(bio);
    const int fd = static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio)));
    const ssize_t sent = ::send(fd, data, static_cast<std::size_t>(bytes), MSG_NOSIGNAL);
    if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) {
        BIO_set_retry_write(bio);
    }
    return static_cast<int>(sent);
}

int socket_read(BIO* bio, char* into, int bytes) {
    BIO_clear_retry_flags(bio);
    const int fd = static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio)));
    const ssize_t got = ::recv(fd, into, static_cast<std::size_t>(bytes), 0);
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) {
        BIO_set_retry_read(bio);
    }
    return static_cast<int>(got);
}

long socket_control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

BIO_METHOD* socket_method() {
    static BIO_METHOD* const method = [] {
        BIO_METHOD* const made =
            BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket without signals");
        SKY_ASSERT(made != nullptr, "memory for a table of four functions");
        BIO_meth_set_write(made, socket_write);
        BIO_meth_set_read(made, socket_read);
        BIO_meth_set_ctrl(made, socket_control);
        return made;
    }();
    return method;
}

std::string last_error(const char* otherwise) {
    std::string text = otherwise;
    if (const unsigned long code = ERR_peek_last_error(); code != 0) {
        if (const char* const reason = ERR_reason_error_string(code)) text = reason;
    }
    ERR_clear_error();
    return text;
}

// An encrypted key would otherwise ask on the terminal.
int no_passphrase(char*, int, int, void*) { return -1; }

int choose_http11(SSL*, const unsigned char** out, unsigned char* out_bytes,
                  const unsigned char* offered, unsigned int offered_bytes, void*) {
    constexpr std::string_view kHttp11 = "http/1.1";
    for (unsigned int at = 0; at < offered_bytes; at += 1U + offered[at]) {
        const unsigned int bytes = offered[at];
        if (bytes > offered_bytes - at - 1) break;
        const auto* const name = reinterpret_cast<const char*>(offered + at + 1);
        if (std::string_view(name, bytes) != kHttp11) continue;
        *out = offered + at + 1;
        *out_bytes = static_cast<unsigned char>(bytes);
        return SSL_TLSEXT_ERR_OK;
    }
    return SSL_TLSEXT_ERR_NOACK;  // It may still speak HTTP/1.1 without having said so.
}

Context new_context(const SSL_METHOD* method) {
    Context context(SSL_CTX_new(method));
    SKY_ASSERT(context != nullptr, "OpenSSL 3 has TLS");
    SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
    SSL_CTX_set_cipher_list(context.get(), kTls12Ciphers);
    SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                           SSL_OP_PRIORITIZE_CHACHA |
                                           SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                        SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    return context;
}

Result<Context> read_identity(const TlsFiles& files) {
    Context context = new_context(TLS_server_method());
    SSL_CTX* const c = context.get();
    ERR_clear_error();
    if (SSL_CTX_use_certificate_chain_file(c, files.certificate.c_str()) != 1) {
        return fail(ErrorCode::kInvalidArgument,
                    "Not a certificate in PEM form: " + files.certificate + ": " +
                        last_error("unreadable"));
    }
    SSL_CTX_set_default_passwd_cb(c, no_passphrase);
    if (SSL_CTX_use_PrivateKey_file(c, files.key.c_str(), SSL_FILETYPE_PEM) != 1) {
        return fail(ErrorCode::kInvalidArgument,
                    "Not the private key (PEM, without a passphrase) of " + files.certificate +
                        ": " + files.key + ": " + last_error("unreadable"));
    }
    if (SSL_CTX_check_private_key(c) != 1) {
        return fail(ErrorCode::kInvalidArgument, "Not the private key of " + files.certificate +
                                                     ": " + files.key + ": " +
                                                     last_error("it belongs to another"));
    }
    // Resumption by tickets alone: sessions of clients cost no memory here.
    SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_alpn_select_cb(c, choose_http11, nullptr);
    return context;
}

}  // namespace

// Sessions keep the context that they began with.
struct TlsIdentity::Impl {
    TlsFiles files;
    std::atomic<std::shared_ptr<SSL_CTX>> context;
};

TlsIdentity::TlsIdentity(TlsFiles files) : impl_(std::make_unique<Impl>()) {
    impl_->files = std::move(files);
}
TlsIdentity::~TlsIdentity() = default;

Result<std::shared_ptr<TlsIdentity>> TlsIdentity::load(TlsFiles files) {
    std::shared_ptr<TlsIdentity> identity(new TlsIdentity(std::move(files)));
    SKY_TRY(identity->reload());
    return identity;
}

Status TlsIdentity::reload() {
    Context context = SKY_TRY(read_identity(impl_->files));
    impl_->context.store(std::shared_ptr<SSL_CTX>(std::move(context)));
    return {};
}

struct TlsTrust::Impl {
    Context context = new_context(TLS_client_method());
};

TlsTrust::TlsTrust() : impl_(std::make_unique<Impl>()) {}
TlsTrust::~TlsTrust() = default;

Result<std::shared_ptr<TlsTrust>> TlsTrust::load(const std::string& ca_bundle) {
    std::shared_ptr<TlsTrust> trust(new TlsTrust());
    SSL_CTX* const context = trust->impl_->context.get();
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    ERR_clear_error();
    if (ca_bundle.empty()) {
        SSL_CTX_set_default_verify_paths(context);
    } else if (SSL_CTX_load_verify_file(context, ca_bundle.c_str()) != 1) {
        return fail(ErrorCode::kInvalidArgument, "Not a file of certificates in PEM form: " +
                                                     ca_bundle + ": " + last_error("unreadable"));
    }
    return trust;
}

struct TlsSession::Impl {
    std::shared_ptr<SSL_CTX> context;
    SSL* ssl = nullptr;
    bool open = false, broken = false;
    std::string why;

    Impl() = default;
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;
    ~Impl() { SSL_free(ssl); }

    void attach(int fd) {
        BIO* const bio = BIO_new(socket_method());
        SKY_ASSERT(bio != nullptr, "memory for a session");
        BIO_set_data(bio, reinterpret_cast<void*>(static_cast<std::intptr_t>(fd)));
        BIO_set_init(bio, 1);
        SSL_set_bio(ssl, bio, bio);
    }

    Step step(int outcome) {
        switch (SSL_get_error(ssl, outcome)) {
            case SSL_ERROR_NONE:
                return Step::kDone;
            case SSL_ERROR_WANT_READ:
                return Step::kWantRead;
            case SSL_ERROR_WANT_WRITE:
                return Step::kWantWrite;
            case SSL_ERROR_ZERO_RETURN:
                return Step::kEnded;
            default:
                break;
        }
        broken = true;
        why = last_error("the connection ended");
        if (const long verdict = SSL_get_verify_result(ssl); !open && verdict != X509_V_OK) {
            why.append(" (").append(X509_verify_cert_error_string(verdict)).append(")");
        }
        return Step::kFailed;
    }
};

TlsSession::TlsSession(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TlsSession::~TlsSession() = default;

std::unique_ptr<TlsSession> TlsSession::accept(const TlsIdentity& identity, int fd) {
    auto impl = std::make_unique<Impl>();
    impl->context = identity.impl_->context.load();
    impl->ssl = SSL_new(impl->context.get());
    if (impl->ssl == nullptr) return nullptr;
    impl->attach(fd);
    SSL_set_accept_state(impl->ssl);
    return std::unique_ptr<TlsSession>(new TlsSession(std::move(impl)));
}

std::unique_ptr<TlsSession> TlsSession::connect(const TlsTrust& trust, int fd,
                                                const std::string& host) {
    auto impl = std::make_unique<Impl>();
    impl->ssl = SSL_new(trust.impl_->context.get());
    if (impl->ssl == nullptr) return nullptr;
    impl->attach(fd);
    std::array<char, 16> address{};
    const bool is_address = ::inet_pton(AF_INET, host.c_str(), address.data()) == 1 ||
                            ::inet_pton(AF_INET6, host.c_str(), address.data()) == 1;
    const int named = is_address
                          ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(impl->ssl), host.c_str())
                          : SSL_set1_host(impl->ssl, host.c_str());
    if (named != 1) return nullptr;
    // RFC 6066 3: server name indication is for DNS names.
    // (The macro for this call casts in C's way.)
    if (!is_address && SSL_ctrl(impl->ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                                const_cast<char*>(host.c_str())) != 1) {
        return nullptr;
    }
    SSL_set_connect_state(impl->ssl);
    return std::unique_ptr<TlsSession>(new TlsSession(std::move(impl)));
}

TlsSession::Step TlsSession::handshake() {
    ERR_clear_error();
    const Step step = impl_->step(SSL_do_handshake(impl_->ssl));
    impl_->open = step == Step::kDone;
    return step;
}

TlsSession::Step TlsSession::read(char* into, std::size_t bytes_max, std::size_t& bytes) {
    ERR_clear_error();
    return impl_->step(SSL_read_ex(impl_->ssl, into, bytes_max, &bytes));
}

TlsSession::Step TlsSession::write(std::string_view data, std::size_t& bytes) {
    ERR_clear_error();
    return impl_->step(SSL_write_ex(impl_->ssl, data.data(), data.size(), &bytes));
}

void TlsSession::say_goodbye() {
    if (!impl_->open || impl_->broken) return;
    ERR_clear_error();
    SSL_shutdown(impl_->ssl);
    ERR_clear_error();
}

bool TlsSession::has_pending() const { return SSL_has_pending(impl_->ssl) == 1; }
std::string TlsSession::why() const { return impl_->why; }
std::string TlsSession::version() const { return SSL_get_version(impl_->ssl); }

}  // namespace sky::http
