// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/store/segment_file.h - a live segment by its catalog row, in a file of its own
              // or in a pack; opened on demand, the file unlinked after its last reader.

#include <atomic>
#include <list>
#include <memory>
#include <mutex>
#include <set>
#include <span>
#include <string>
#include <unordered_map>

#include "store/segment.h"

namespace sky::store {

class SegmentFile;

/// "<directory>/<pack>.pack", or "<directory>/<id>.seg" for a segment with a file of its own.
std::string stored_path(const std::string& directory, const SegmentRow& row);

/// A file in segments/. Shared by the live segments that lie in it; open while one of them is.
/// Threads: any.
class StoredFile {
public:
    StoredFile(os::Fs& fs, std::string path, std::uint64_t bytes)
        : fs_(fs), path_(std::move(path)), bytes_(bytes) {}
    ~StoredFile();
    StoredFile(const StoredFile&) = delete;
    StoredFile& operator=(const StoredFile&) = delete;

    const std::string& path() const { return path_; }
    std::uint64_t bytes() const { return bytes_; }
    /// Bytes of the segments that live in it.
    std::uint64_t live_bytes() const { return live_bytes_.load(); }
    Result<std::shared_ptr<const os::File>> open() const;
    /// A segment of so many bytes lives in it, or does not any more. When the last one is dead the
    /// end of the last owner unlinks the file.
    void adopt(std::uint64_t segment_bytes) const;
    void release(std::uint64_t segment_bytes) const;

private:
    os::Fs& fs_;
    const std::string path_;
    const std::uint64_t bytes_;
    mutable std::atomic<std::uint64_t> live_{0}, live_bytes_{0};
    mutable std::atomic<bool> doomed_{false};
    mutable std::mutex mutex_;
    mutable std::weak_ptr<const os::File> open_;
};
using StoredFilePtr = std::shared_ptr<const StoredFile>;

/// Open segments with their footers and what their blocks say of themselves (SegmentReader::
/// head_bytes()), least recently used out first, bounded in number and bytes.
/// Threads: any.
class SegmentCache {
public:
    // Of the bytes one part in so many is for heads, and one head has at most so much of it:
    // footers tell which segments need not be read at all. Ours.
    static constexpr std::uint64_t kHeadsShare = 2, kHeadShare = 8;

    SegmentCache(os::Fs& fs, std::size_t files_max, std::uint64_t bytes_max)
        : fs_(fs), files_max_(files_max), bytes_max_(bytes_max) {}

    /// Errors: kCorruption (missing, damaged, or not the segment that the catalog lists),
    /// kUnavailable (newer format), kInternal. All name the file.
    Result<std::shared_ptr<const SegmentReader>> get(const SegmentFile& file);
    /// The segment was read: what it keeps is paid for, or dropped.
    void settle(std::uint64_t id);
    void forget(std::uint64_t id);
    os::Fs& fs() { return fs_; }
    std::uint64_t bytes() const;

    /// A read left these blocks out. Each is named in the log once and counted once.
    void note_damage(std::uint64_t id, std::span<const DamagedBlock> blocks);
    bool has_damage(std::uint64_t id) const;
    /// Blocks that reads have left out since the start, and their rows.
    std::uint64_t damaged_blocks() const { return damaged_blocks_.load(); }
    std::uint64_t damaged_rows() const { return damaged_rows_.load(); }

private:
    struct Entry {
        std::uint64_t id, bytes, head_bytes;
        std::shared_ptr<const SegmentReader> reader;
    };
    using Entries = std::list<Entry>;
    void set_head_bytes(Entry& entry, std::uint64_t bytes);
    void drop_head(Entry& entry);
    void drop(Entries::iterator entry);
    void shrink();
    os::Fs& fs_;
    const std::size_t files_max_;
    const std::uint64_t bytes_max_;
    mutable std::mutex mutex_;
    Entries used_;  // Newest first.
    std::unordered_map<std::uint64_t, Entries::iterator> by_id_;
    std::uint64_t bytes_ = 0, head_bytes_ = 0;
    std::set<std::pair<std::uint64_t, std::size_t>> damaged_;
    std::atomic<std::uint64_t> damaged_blocks_{0}, damaged_rows_{0};
};

/// Shared by the live list and every snapshot that reads it.
class SegmentFile {
public:
    SegmentFile(SegmentRow row, StoredFilePtr file, std::shared_ptr<SegmentCache> cache);
    ~SegmentFile();
    SegmentFile(const SegmentFile&) = delete;
    SegmentFile& operator=(const SegmentFile&) = delete;

    const SegmentRow& row() const { return row_; }
    const StoredFilePtr& file() const { return file_; }
    const std::string& path() const { return file_->path(); }
    Result<std::shared_ptr<const SegmentReader>> open() const { return cache_->get(*this); }
    /// The kept rows but for those of damaged blocks, which are named in the log.
    /// Errors: as SegmentCache::get(), kInternal (I/O).
    Result<EventBatch> read(const RowFilter& filter, Columns columns) const;
    /// A read of this run has left rows of it out.
    bool has_damage() const { return cache_->has_damage(row_.id); }
    /// The same as open() past the cache, for a reader that comes once. Errors: as
    /// SegmentCache::get().
    Result<std::shared_ptr<const SegmentReader>> open_once() const;
    /// The catalog lists it no more: when that holds for all segments of the file, its last owner's
    /// end unlinks it.
    void doom() const;

private:
    const SegmentRow row_;
    const StoredFilePtr file_;
    const std::shared_ptr<SegmentCache> cache_;
    mutable std::atomic<bool> doomed_{false};
};
using SegmentFilePtr = std::shared_ptr<const SegmentFile>;

}  // namespace sky::store
