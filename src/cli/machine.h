// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/cli/machine.h - is this machine a good place for a data directory: judgements,
              // apart from the calls that fetch the figures.

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/inspect.h"

namespace sky::cli {

using store::Finding;
using store::Grade;

struct ModeFacts {
    mode_t directory_mode = 0;
    uid_t owner = 0, user = 0;
    std::vector<std::string> open_files;  // Files in it that others may read or write.
};
Finding judge_modes(const std::string& directory, const ModeFacts& facts);

/// `magic` is statfs(2)'s f_type. Copy-on-write, network and memory file systems are a warning
/// (store.md 1.6): what was written before is not overwritten in place, or is lost with power.
Finding judge_file_system(std::uint64_t magic, bool read_only);

Finding judge_space(std::uint64_t free_bytes, std::uint64_t total_bytes, std::uint64_t free_files,
                    std::uint64_t total_files);

struct ClockFacts {
    std::int64_t now_ms = 0;
    std::optional<std::int64_t> newest_file_ms;  // In the data directory.
    bool synchronised = false;                   // As the kernel says.
    std::optional<std::int64_t> server_ms;       // Its Date header, when one runs.
};
Finding judge_clock(const ClockFacts& facts);

struct LimitFacts {
    std::uint64_t open_files_hard = 0, file_bytes = 0, address_space = 0;  // RLIM_INFINITY: none.
    std::uint64_t memory_bytes = 0;  // What the server's budget would be.
};
std::vector<Finding> judge_limits(const LimitFacts& facts);

/// The kernel's and the file system's figures for `directory`, judged. `server_ms`: see ClockFacts.
std::vector<Finding> inspect_machine(const std::string& directory,
                                     std::optional<std::int64_t> server_ms);

/// Whether a server could listen there. Errors are findings.
Finding inspect_address(const std::string& listen);

}  // namespace sky::cli
