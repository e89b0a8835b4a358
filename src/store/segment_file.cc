// SPDX-License-Identifier: Apache-2.0
#include "store/segment_file.h"

#include <iterator>

#include "base/log.h"

namespace sky::store {

std::string stored_path(const std::string& directory, const SegmentRow& row) {
    return directory + "/" +
           (row.pack == 0 ? std::to_string(row.id) + ".seg" : std::to_string(row.pack) + ".pack");
}

// Files
// -------------------------------------------------------------------------------------------------

StoredFile::~StoredFile() {
    if (!doomed_.load()) return;
    // A file that stays behind is an orphan at the next start; nothing reads it.
    if (const Status gone = fs_.unlink(path_); !gone)
        log::warn("segment.unlink_failed", {{"error", gone.error().message}});
}

Result<std::shared_ptr<const os::File>> StoredFile::open() const {
    const std::lock_guard lock(mutex_);
    if (auto open = open_.lock()) return open;
    std::shared_ptr<const os::File> file = SKY_TRY(fs_.open(path_, os::OpenMode::kRead));
    open_ = file;
    return file;
}

void StoredFile::adopt(std::uint64_t segment_bytes) const {
    ++live_;
    live_bytes_ += segment_bytes;
}

void StoredFile::release(std::uint64_t segment_bytes) const {
    live_bytes_ -= segment_bytes;
    if (--live_ == 0) doomed_.store(true);
}

// Segments
// -------------------------------------------------------------------------------------------------

SegmentFile::SegmentFile(SegmentRow row, StoredFilePtr file, std::shared_ptr<SegmentCache> cache)
    : row_(row), file_(std::move(file)), cache_(std::move(cache)) {
    file_->adopt(row_.file_bytes);
}

SegmentFile::~SegmentFile() {
    if (doomed_.load()) cache_->forget(row_.id);
}

void SegmentFile::doom() const {
    if (!doomed_.exchange(true)) file_->release(row_.file_bytes);
}

Result<std::shared_ptr<const SegmentReader>> SegmentFile::open_once() const {
    auto file = file_->open();
    if (!file) {
        if (file.error().code != ErrorCode::kNotFound) return std::unexpected(file.error());
        return fail(ErrorCode::kCorruption, "a live segment is missing: " + path());
    }
    const bool packed = row_.pack != 0;
    const SegmentPlace place{row_.offset, packed ? row_.file_bytes : SKY_TRY((*file)->size())};
    std::string name = path();
    if (packed) name += " (segment " + std::to_string(row_.id) + ")";
    auto opened = SegmentReader::open(*std::move(file), place, std::move(name), Checksums::kVerify);
    if (!opened) return opened;
    SegmentRow seen = (*opened)->footer().row;
    seen.pack = row_.pack;
    seen.offset = row_.offset;
    seen.level = row_.level;
    if (!(seen == row_))
        return fail(ErrorCode::kCorruption,
                    "segment is not the one that the catalog lists: " + path());
    return opened;
}

Result<EventBatch> SegmentFile::read(const RowFilter& filter, Columns columns) const {
    const auto reader = SKY_TRY(open());
    std::vector<DamagedBlock> damaged;
    EventBatch rows = SKY_TRY(reader->read(filter, columns, &damaged));
    cache_->settle(row_.id);
    if (!damaged.empty()) cache_->note_damage(row_.id, damaged);
    return rows;
}

// Cache
// -------------------------------------------------------------------------------------------------

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
    auto opened = file.open_once();
    if (!opened) return opened;
    const std::uint64_t bytes = (*opened)->footer().memory_bytes();
    const std::lock_guard lock(mutex_);
    if (by_id_.contains(file.row().id)) return opened;
    used_.push_front({file.row().id, bytes, 0, *opened});
    by_id_[file.row().id] = used_.begin();
    bytes_ += bytes;
    shrink();
    return opened;
}

void SegmentCache::settle(std::uint64_t id) {
    const std::lock_guard lock(mutex_);
    const auto it = by_id_.find(id);
    if (it == by_id_.end()) return;
    Entry& entry = *it->second;
    set_head_bytes(entry, entry.reader->head_bytes());
    const std::uint64_t heads_max = bytes_max_ / kHeadsShare;
    if (entry.head_bytes > heads_max / kHeadShare) drop_head(entry);
    for (auto oldest = used_.rbegin(); head_bytes_ > heads_max && oldest != used_.rend(); ++oldest)
        if (oldest->head_bytes != 0) drop_head(*oldest);
    shrink();
}

void SegmentCache::set_head_bytes(Entry& entry, std::uint64_t bytes) {
    head_bytes_ += bytes - entry.head_bytes;
    entry.head_bytes = bytes;
}

void SegmentCache::drop_head(Entry& entry) {
    entry.reader->drop_head();
    set_head_bytes(entry, 0);
}

void SegmentCache::drop(Entries::iterator entry) {
    set_head_bytes(*entry, 0);
    bytes_ -= entry->bytes;
    by_id_.erase(entry->id);
    used_.erase(entry);
}

void SegmentCache::shrink() {
    while (used_.size() > 1 && (used_.size() > files_max_ || bytes_ + head_bytes_ > bytes_max_))
        drop(std::prev(used_.end()));
}

void SegmentCache::forget(std::uint64_t id) {
    const std::lock_guard lock(mutex_);
    const auto it = by_id_.find(id);
    if (it != by_id_.end()) drop(it->second);
}

void SegmentCache::note_damage(std::uint64_t id, std::span<const DamagedBlock> blocks) {
    for (const DamagedBlock& block : blocks) {
        {
            const std::lock_guard lock(mutex_);
            if (!damaged_.insert({id, block.block}).second) continue;
        }
        ++damaged_blocks_;
        damaged_rows_ += block.rows;
        log::error("segment.block_damaged", {{"error", block.what},
                                             {"rows", block.rows},
                                             {"min_ms", block.min_ms},
                                             {"max_ms", block.max_ms}});
    }
}

bool SegmentCache::has_damage(std::uint64_t id) const {
    if (damaged_blocks_.load() == 0) return false;
    const std::lock_guard lock(mutex_);
    const auto it = damaged_.lower_bound({id, 0});
    return it != damaged_.end() && it->first == id;
}

std::uint64_t SegmentCache::bytes() const {
    const std::lock_guard lock(mutex_);
    return bytes_ + head_bytes_;
}

}  // namespace sky::store
