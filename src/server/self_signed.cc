// SPDX-License-Identifier: Apache-2.0
#include "server/self_signed.h"

#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/log.h"
#include "crypto/certificate.h"

namespace sky::server {
namespace {

// Longest that systems accept of a certificate which a user trusts by hand (Apple's limit).
constexpr int kDays = 825;
constexpr std::int64_t kRenewBeforeMs = 30LL * 86'400'000;
constexpr std::uint64_t kPemBytesMax = 64 * 1024;

bool is_every_address(const std::string& host) { return host == "0.0.0.0" || host == "::"; }

bool is_still_good(os::Fs& fs, const http::TlsFiles& files, const std::vector<std::string>& names,
                   std::int64_t now_ms) {
    const auto certificate = os::read_file(fs, files.certificate, kPemBytesMax);
    const auto key = os::read_file(fs, files.key, kPemBytesMax);
    if (!certificate || !key || !crypto::belongs_to(*certificate, *key)) return false;
    const auto facts = crypto::read_certificate(*certificate);
    return facts && facts->names == names && facts->not_after_ms - now_ms > kRenewBeforeMs;
}

}  // namespace

std::vector<std::string> certificate_names(const std::string& listen_host) {
    std::vector<std::string> names;
    const auto add = [&](const std::string& name) {
        if (std::ranges::find(names, name) == names.end()) names.push_back(name);
    };
    const auto add_host = [&](const std::string& host) {
        add(host);
        if (host.find(':') != std::string::npos) return;  // No name begins so.
        add("stream-" + host);
        add("streaming-" + host);
        add("dataplane." + host);
    };
    add_host("localhost");
    add_host("127.0.0.1");
    add_host("::1");
    if (!is_every_address(listen_host)) {
        add_host(listen_host);
        return names;
    }
    std::array<char, 256> machine{};
    if (::gethostname(machine.data(), machine.size() - 1) == 0 && machine[0] != '\0') {
        add_host(machine.data());
    }
    return names;
}

Result<http::TlsFiles> self_signed_files(os::Fs& fs, const std::string& data_directory,
                                         const std::string& listen_host, const Clock& clock) {
    const std::string directory = data_directory + "/tls";
    http::TlsFiles files{directory + "/cert.pem", directory + "/key.pem"};
    const std::vector<std::string> names = certificate_names(listen_host);
    if (is_still_good(fs, files, names, clock.now_ms())) return files;
    const crypto::CertifiedKey made =
        SKY_TRY(crypto::make_self_signed(names, clock.now_ms(), kDays));
    SKY_TRY(os::make_directories(fs, directory));
    // A crash between the two leaves a pair that does not match, which the next start replaces.
    SKY_TRY(os::write_file_durably(fs, files.key, made.key_pem));
    SKY_TRY(os::write_file_durably(fs, files.certificate, made.certificate_pem));
    log::info("certificate_made", {{"file", files.certificate}});
    return files;
}

}  // namespace sky::server
