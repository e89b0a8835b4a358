// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/store/inspect.h - what can be said of a data directory that no server holds.

#include <cstdint>
#include <string>
#include <vector>

namespace sky::os {
class Fs;
}

namespace sky::store {

enum class Grade : std::uint8_t { kFine, kWarning, kFault };

/// One thing that was looked at.
struct Finding {
    Grade grade;
    std::string subject;      // "catalog", "write-ahead log", ...
    std::string what;         // What is the case; names files and ranges.
    std::string remedy = {};  // What to do; empty where all is fine.
};

/// kFull reads every block of every segment and decodes it.
enum class Depth : std::uint8_t { kFooters, kFull };

/// Looks at catalog, live segments and write-ahead log as the next start will, and changes nothing
/// but what SQLite's own recovery changes (it undoes a half-written transaction). The caller holds
/// the directory's LOCK. Reads every footer and the log, and the rows only if told to: seconds for
/// a full log, about as long as copying the directory for the rows.
std::vector<Finding> inspect_directory(os::Fs& fs, const std::string& directory,
                                       Depth depth = Depth::kFooters);

}  // namespace sky::store
