// SPDX-License-Identifier: Apache-2.0
#include "store/segment_file.h"

#include "base/log.h"

namespace sky::store {

Result<std::shared_ptr<const SegmentReader>> SegmentCache::get(const SegmentFile& file) {
    {
        const std::lock_guard lock(mutex_);
        const auto it = by_id_.find(file.row().id);
        if (it != by_id_.end()) {
            used_.splice(used_.begin(), used_, it->second);
            return it->second->reader;
        }
    }
    // Outside the lock: two threads may open the same file, which costs little and blocks nobody.
    auto opened = SegmentReader::open(fs_, file.path(), Checksums::kVerify);
    if (!opened) {
        if (opened.error().code != ErrorCode::kNotFound) return opened;
        return fail(ErrorCode::kCorruption, "a live segment is missing: " + file.path());
    }
    if (const SegmentRow& row = (*opened)->footer().row; !(row == file.row()))
        return fail(ErrorCode::kCorruption,
                    "segment is not the one that the catalog lists: " + file.path());
    const std::uint64_t bytes = (*opened)->footer().memory_bytes();
    const std::lock_guard lock(mutex_);
    if (by_id_.contains(file.row().id)) return opened;
    used_.push_front({file.row().id, bytes, *opened});
    by_id_[file.row().id] = used_.begin();
    bytes_ += bytes;
    while (used_.size() > 1 && (used_.size() > files_max_ || bytes_ > bytes_max_)) {
        bytes_ -= used_.back().bytes;
        by_id_.erase(used_.back().id);
        used_.pop_back();
    }
    return opened;
}

void SegmentCache::forget(std::uint64_t id) {
    const std::lock_guard lock(mutex_);
    const auto it = by_id_.find(id);
    if (it == by_id_.end()) return;
    bytes_ -= it->second->bytes;
    used_.erase(it->second);
    by_id_.erase(it);
}

std::uint64_t SegmentCache::bytes() const {
    const std::lock_guard lock(mutex_);
    return bytes_;
}

SegmentFile::~SegmentFile() {
    if (!doomed_.load()) return;
    cache_->forget(row_.id);
    // A file that stays behind is an orphan at the next start; nothing reads it.
    if (const Status gone = cache_->fs().unlink(path_); !gone)
        log::warn("segment.unlink_failed", {{"error", gone.error().message}});
}

}  // namespace sky::store
