// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/server/self_signed.h - the certificate of `serve --tls-self-signed`.

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "http/tls.h"
#include "os/fs.h"

namespace sky::server {

/// The names that clients of this address use: localhost, both loopback addresses, the host itself
/// (the machine's name when it listens everywhere), and of each the `stream-` (`streaming-` of
/// older SDKs) and `dataplane.` forms that SDKs make of an endpoint (clients.md trap 7).
std::vector<std::string> certificate_names(const std::string& listen_host);

/// `DATA/tls/cert.pem` and `key.pem`, both 0600. Kept from start to start, so that clients have to
/// be told once; made anew when missing, broken, for other names, or due within 30 days. Errors: of
/// the file system.
Result<http::TlsFiles> self_signed_files(os::Fs& fs, const std::string& data_directory,
                                         const std::string& listen_host, const Clock& clock);

}  // namespace sky::server
