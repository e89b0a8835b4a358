// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/store/segment_file.h - a live segment by its catalog row; opened on demand,
              // unlinked by its last reader.

#include <atomic>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "store/segment.h"

namespace sky::store {

class SegmentFile;

/// Open files with their footers, least recently used out first, bounded in number and bytes.
/// Threads: any.
class SegmentCache {
public:
    SegmentCache(os::Fs& fs, std::size_t files_max, std::uint64_t bytes_max)
        : fs_(fs), files_max_(files_max), bytes_max_(bytes_max) {}

    /// Errors: kCorruption (missing, damaged, or not the file that the catalog lists),
    /// kUnavailable (newer format), kInternal. All name the file.
    Result<std::shared_ptr<const SegmentReader>> get(const SegmentFile& file);
    void forget(std::uint64_t id);
    os::Fs& fs() { return fs_; }
    std::uint64_t bytes() const;

private:
    struct Entry {
        std::uint64_t id, bytes;
        std::shared_ptr<const SegmentReader> reader;
    };
    os::Fs& fs_;
    const std::size_t files_max_;
    const std::uint64_t bytes_max_;
    mutable std::mutex mutex_;
    std::list<Entry> used_;  // Newest first.
    std::unordered_map<std::uint64_t, std::list<Entry>::iterator> by_id_;
    std::uint64_t bytes_ = 0;
};

/// Shared by the live list and every snapshot that reads it.
class SegmentFile {
public:
    SegmentFile(SegmentRow row, std::string path, std::shared_ptr<SegmentCache> cache)
        : row_(row), path_(std::move(path)), cache_(std::move(cache)) {}
    ~SegmentFile();
    SegmentFile(const SegmentFile&) = delete;
    SegmentFile& operator=(const SegmentFile&) = delete;

    const SegmentRow& row() const { return row_; }
    const std::string& path() const { return path_; }
    Result<std::shared_ptr<const SegmentReader>> open() const { return cache_->get(*this); }
    /// The catalog lists it no more: the last owner's end unlinks it.
    void doom() const { doomed_.store(true); }

private:
    const SegmentRow row_;
    const std::string path_;
    const std::shared_ptr<SegmentCache> cache_;
    mutable std::atomic<bool> doomed_{false};
};
using SegmentFilePtr = std::shared_ptr<const SegmentFile>;

}  // namespace sky::store
