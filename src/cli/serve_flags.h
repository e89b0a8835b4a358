// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/cli/serve_flags.h - the texts of `skywatch serve`'s flags as values.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sky::cli {

struct ListenAddress {
    std::string host;
    std::uint16_t port;
};
/// "127.0.0.1:4580", "localhost:0", "[::1]:4580", ":4580" (all addresses). Errors:
/// kInvalidArgument.
Result<ListenAddress> parse_listen(std::string_view text);

/// "1073741824", "512MiB", "1GiB", "2GB"; bytes. Errors: kInvalidArgument.
Result<std::uint64_t> parse_bytes(std::string_view text);

}  // namespace sky::cli
