// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/store/ballast.h - a file whose space deletes and retention get on a full disk.

#include <cstdint>
#include <mutex>
#include <string>

#include "os/fs.h"

namespace sky::store {

/// Source: store.md 1.5. Threads: every member may be called from any thread.
class Ballast {
public:
    Ballast(os::Fs& fs, std::string path, std::uint64_t bytes)
        : fs_(fs), path_(std::move(path)), bytes_(bytes) {}

    /// Makes the file when it is missing and twice its size is free; a disk without that space is
    /// no error, only logged.
    void make();
    /// Gives the space back; false when there was nothing to give.
    bool free();
    bool held() const;

    /// Runs `change`; when it fails for want of space and there is ballast, once more without it.
    template <class Change>
    auto with_space(Change change) {
        auto result = change();
        if (result || result.error().code != ErrorCode::kNoSpace || !free()) return result;
        return change();
    }

private:
    os::Fs& fs_;
    const std::string path_;
    const std::uint64_t bytes_;
    mutable std::mutex mutex_;
    bool held_ = false;
};

}  // namespace sky::store
