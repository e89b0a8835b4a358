// SPDX-License-Identifier: Apache-2.0
// StoreImpl: a copy of the running store.
#include <algorithm>

#include "base/log.h"
#include "store/store_impl.h"

namespace sky::store {

Result<BackupSummary> StoreImpl::backup(const std::string& directory) {
    os::Fs& fs = *options_.fs;
    const auto present = fs.list(directory);
    if (present && !present->empty())
        return fail(ErrorCode::kInvalidArgument,
                    "a backup is made in a new or empty directory: " + directory);
    if (!present && present.error().code != ErrorCode::kNotFound)
        return std::unexpected(present.error());
    SKY_TRY(os::make_directories(fs, directory + "/segments"));
    SKY_TRY(os::make_directories(fs, directory + "/wal"));
    BackupManifest manifest;
    manifest.created_ms = options_.clock->now_ms();
    BackupSummary summary;
    const auto add = [&](std::string path, std::uint64_t bytes, BackupChecksum covers,
                         std::uint32_t crc) {
        summary.bytes += bytes;
        manifest.files.push_back({std::move(path), bytes, covers, crc});
    };

    std::vector<SegmentFilePtr> pinned;
    {
        // The log is not recycled under the copy. Its end is taken before the catalog's copy, so
        // that every id in it is known there, and after the last seal, so that no batch of which
        // one day is in a segment lies behind the end.
        const std::lock_guard lock(release_mutex_);
        std::vector<Wal::Part> parts;
        pinned = SKY_TRY(live_->pin([&]() -> Status {
            parts = wal_->parts();
            return catalog_->copy_to(directory + "/catalog.sqlite");
        }));
        for (const Wal::Part& part : parts) {
            const std::string name = "wal" + part.path.substr(part.path.rfind('/'));
            const std::uint32_t crc =
                SKY_TRY(copy_file(fs, part.path, directory + "/" + name, part.bytes));
            add(name, part.bytes, BackupChecksum::kWhole, crc);
        }
    }
    const std::string catalog = directory + "/catalog.sqlite";
    const std::uint64_t catalog_bytes = SKY_TRY(fs.stat(catalog)).bytes;
    add("catalog.sqlite", catalog_bytes, BackupChecksum::kWhole,
        SKY_TRY(file_crc(fs, catalog, catalog_bytes)));
    std::ranges::sort(pinned, {}, &SegmentFile::path);
    for (std::size_t i = 0; i < pinned.size(); ++i) {
        const std::string& path = pinned[i]->path();
        if (i > 0 && pinned[i - 1]->path() == path) continue;  // Of the same pack.
        const std::string name = "segments" + path.substr(path.rfind('/'));
        ++summary.segments;
        if (SKY_TRY(link_or_copy(fs, path, directory + "/" + name))) ++summary.linked;
        add(name, pinned[i]->file()->bytes(), BackupChecksum::kTrailer,
            SKY_TRY(trailer_crc(fs, path)));
    }
    for (const char* const each : {"/segments", "/wal", ""})
        SKY_TRY(fs.fsync_directory(directory + each));
    SKY_TRY(os::write_file_durably(fs, directory + "/" + std::string(kBackupManifestName),
                                   render_manifest(manifest)));
    log::info("store.backup", {{"directory", directory},
                               {"segments", summary.segments},
                               {"linked", summary.linked},
                               {"bytes", summary.bytes}});
    return summary;
}

}  // namespace sky::store
