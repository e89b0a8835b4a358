// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/store/backup.h - the files of a backup: its manifest, and a store made from it.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "os/fs.h"

namespace sky::store {

/// What a backup or a restore handled.
struct BackupSummary {
    std::uint64_t segments = 0;  // Immutable files, linked where the file system can, else copied.
    std::uint64_t linked = 0;    // Of these.
    std::uint64_t bytes = 0;     // Of all files, linked ones too.
};

/// How much of a file its checksum covers. A segment's trailer holds the checksum of its footer,
/// which holds those of every block: the last bytes stand for the whole.
enum class BackupChecksum : std::uint8_t { kWhole, kTrailer };

struct BackupFile {
    std::string
        path;  // Relative: "catalog.sqlite", "wal/00000003.wal", "segments/17.seg" or ".pack".
    std::uint64_t bytes = 0;
    BackupChecksum covers = BackupChecksum::kWhole;
    std::uint32_t crc = 0;
};

/// Text, one file a line, and a checksum of all lines before it at the end: docs/formats.md.
struct BackupManifest {
    std::int64_t created_ms = 0;
    std::vector<BackupFile> files;
};

/// Written last, so that a directory without one is no backup.
inline constexpr std::string_view kBackupManifestName = "MANIFEST";

std::string render_manifest(const BackupManifest& manifest);
/// Paths are held to these forms, so that a manifest cannot name anything else.
/// Errors: kCorruption, kUnavailable (a newer format).
Result<BackupManifest> parse_manifest(std::string_view text);

/// Copies the first `bytes` of a file and makes them durable; the checksum is of what was copied.
/// Errors: kAlreadyExists, kCorruption (the source is shorter), those of os::Fs.
Result<std::uint32_t> copy_file(os::Fs& fs, const std::string& from, const std::string& to,
                                std::uint64_t bytes);
/// Checksum of the first `bytes` of a file. Errors: kCorruption (it is shorter), those of os::Fs.
Result<std::uint32_t> file_crc(os::Fs& fs, const std::string& path, std::uint64_t bytes);
/// Hard link, or a copy where the file system has none (another one, or without links). The name
/// is durable after fsync_directory(). True: linked.
Result<bool> link_or_copy(os::Fs& fs, const std::string& from, const std::string& to);
/// Errors: kCorruption (the file is too short to have a trailer; names it), those of os::Fs.
Result<std::uint32_t> trailer_crc(os::Fs& fs, const std::string& path);

/// Makes `to`, which must be missing or empty, a data directory with what `from` holds: everything
/// that was acknowledged before the backup began. Checks every file against the manifest first.
/// Errors: kInvalidArgument (no backup, or `to` is in use), kCorruption (names the file),
/// kUnavailable (a newer format), those of os::Fs.
Result<BackupSummary> restore_backup(os::Fs& fs, const std::string& from, const std::string& to);

}  // namespace sky::store
