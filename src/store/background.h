// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/store/background.h - who does the work that no caller waits for.

#include <cstdint>

namespace sky::store {

/// Threads of the store's own, or the caller, step by step, so that a test repeats exactly.
enum class Background : std::uint8_t { kThreads, kStepped };

/// What each of those threads does over and over.
enum class BackgroundTask : std::uint8_t {
    kCommit,        // Commits every batch that waits.
    kFlush,         // Seals and releases what is due, expires.
    kSpareSegment,  // Makes the log segment that a commit asked for.
    kMerge,         // Puts small segments together: one merge, if one is due.
};

}  // namespace sky::store
