// SPDX-License-Identifier: Apache-2.0
#include "store/backup.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "crypto/crc32c.h"
#include "store/limits.h"
#include "store/segment_format.h"

namespace sky::store {
namespace {

constexpr std::string_view kFirstWord = "skywatch-backup";
constexpr std::uint32_t kFormat = 1;

template <class T>
bool read_number(std::string_view text, T& out, int base = 10) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out, base);
    return !text.empty() && error == std::errc() && end == text.data() + text.size();
}

/// The next word of a line; the rest stays in `line`.
std::string_view take_word(std::string_view& line) {
    const std::size_t end = std::min(line.find(' '), line.size());
    const std::string_view word = line.substr(0, end);
    line.remove_prefix(std::min(end + 1, line.size()));
    return word;
}

bool is_numbered(std::string_view path, std::string_view directory, std::string_view suffix) {
    if (!path.starts_with(directory) || !path.ends_with(suffix)) return false;
    if (path.size() <= directory.size() + suffix.size()) return false;
    path.remove_prefix(directory.size());
    path.remove_suffix(suffix.size());
    return path.find_first_not_of("0123456789") == std::string_view::npos;
}

/// A file of one segment or a pack: both end with a trailer that stands for the whole.
bool is_segment(std::string_view path) {
    return is_numbered(path, "segments/", ".seg") || is_numbered(path, "segments/", ".pack");
}

bool is_backup_path(std::string_view path) {
    return path == "catalog.sqlite" || is_numbered(path, "wal/", ".wal") || is_segment(path);
}

std::unexpected<Error> damaged(std::string_view what) {
    return fail(ErrorCode::kCorruption, "the backup's manifest is damaged: " + std::string(what));
}

Result<BackupFile> parse_line(std::string_view line) {
    BackupFile file;
    const std::string_view covers = take_word(line);
    if (covers != "whole" && covers != "trailer") return damaged("a line of no known kind");
    file.covers = covers == "whole" ? BackupChecksum::kWhole : BackupChecksum::kTrailer;
    if (!read_number(take_word(line), file.crc, 16)) return damaged("a checksum is no number");
    if (!read_number(take_word(line), file.bytes)) return damaged("a size is no number");
    if (!is_backup_path(line)) return damaged("a path that no backup has");
    if ((file.covers == BackupChecksum::kTrailer) != is_segment(line))
        return damaged("a checksum of the wrong kind");
    file.path = line;
    return file;
}

/// Whether the directory is missing or has nothing in it.
Result<bool> is_vacant(os::Fs& fs, const std::string& path) {
    const auto names = fs.list(path);
    if (names) return names->empty();
    if (names.error().code == ErrorCode::kNotFound) return true;
    return std::unexpected(names.error());
}

Status check_file(os::Fs& fs, const std::string& from, const BackupFile& file) {
    const std::string path = from + "/" + file.path;
    const auto stat = fs.stat(path);
    if (!stat && stat.error().code == ErrorCode::kNotFound)
        return fail(ErrorCode::kCorruption, "the backup lacks a file: " + path);
    if (!stat) return std::unexpected(stat.error());
    if (stat->bytes != file.bytes)
        return fail(ErrorCode::kCorruption, "the backup's file has another size: " + path);
    const std::uint32_t crc =
        SKY_TRY(file.covers == BackupChecksum::kWhole ? file_crc(fs, path, file.bytes)
                                                      : trailer_crc(fs, path));
    if (crc != file.crc)
        return fail(ErrorCode::kCorruption, "the backup's file was changed: " + path);
    return {};
}

}  // namespace

std::string render_manifest(const BackupManifest& manifest) {
    std::string text =
        fmt::format("{} {}\ncreated_ms {}\n", kFirstWord, kFormat, manifest.created_ms);
    for (const BackupFile& file : manifest.files)
        text += fmt::format("{} {:08x} {} {}\n",
                            file.covers == BackupChecksum::kWhole ? "whole" : "trailer", file.crc,
                            file.bytes, file.path);
    text += fmt::format("end {:08x}\n", crypto::crc32c(std::string_view(text)));
    return text;
}

Result<BackupManifest> parse_manifest(std::string_view text) {
    BackupManifest manifest;
    std::set<std::string, std::less<>> seen;
    std::size_t number = 0, start = 0;
    while (start < text.size()) {
        const std::size_t end = text.find('\n', start);
        if (end == std::string_view::npos) return damaged("its last line has no end");
        std::string_view line = text.substr(start, end - start);
        if (number == 0) {
            std::uint32_t format = 0;
            if (take_word(line) != kFirstWord || !read_number(line, format))
                return damaged("not a manifest");
            if (format != kFormat)
                return fail(ErrorCode::kUnavailable,
                            "the backup's format is newer than this program's " +
                                std::to_string(kFormat) + ": " + std::to_string(format));
        } else if (number == 1) {
            if (take_word(line) != "created_ms" || !read_number(line, manifest.created_ms))
                return damaged("no time of creation");
        } else if (line.starts_with("end ")) {
            std::uint32_t crc = 0;
            line.remove_prefix(4);
            if (!read_number(line, crc, 16) || crc != crypto::crc32c(text.substr(0, start)))
                return damaged("its checksum is wrong");
            if (end + 1 != text.size()) return damaged("something follows its end");
            if (!seen.contains("catalog.sqlite")) return damaged("it names no catalog");
            return manifest;
        } else {
            manifest.files.push_back(SKY_TRY(parse_line(line)));
            if (!seen.insert(manifest.files.back().path).second)
                return damaged("a file is named twice");
        }
        ++number;
        start = end + 1;
    }
    return damaged("it has no end");
}

Result<std::uint32_t> file_crc(os::Fs& fs, const std::string& path, std::uint64_t bytes) {
    const auto file = SKY_TRY(fs.open(path, os::OpenMode::kRead));
    std::vector<std::byte> buffer(limits::kBackupCopyBytes);
    std::uint32_t crc = 0;
    for (std::uint64_t at = 0; at < bytes;) {
        const auto want =
            static_cast<std::size_t>(std::min<std::uint64_t>(bytes - at, buffer.size()));
        const std::size_t got = SKY_TRY(file->pread(at, std::span(buffer).first(want)));
        if (got < want) return fail(ErrorCode::kCorruption, "shorter than it was: " + path);
        crc = crypto::crc32c(std::span<const std::byte>(buffer).first(got), crc);
        at += got;
    }
    return crc;
}

Result<std::uint32_t> copy_file(os::Fs& fs, const std::string& from, const std::string& to,
                                std::uint64_t bytes) {
    const auto in = SKY_TRY(fs.open(from, os::OpenMode::kRead));
    const auto out = SKY_TRY(fs.open(to, os::OpenMode::kCreateNew));
    std::vector<std::byte> buffer(limits::kBackupCopyBytes);
    std::uint32_t crc = 0;
    for (std::uint64_t at = 0; at < bytes;) {
        const auto want =
            static_cast<std::size_t>(std::min<std::uint64_t>(bytes - at, buffer.size()));
        const std::size_t got = SKY_TRY(in->pread(at, std::span(buffer).first(want)));
        if (got < want) return fail(ErrorCode::kCorruption, "shorter than it should be: " + from);
        const auto part = std::span<const std::byte>(buffer).first(got);
        crc = crypto::crc32c(part, crc);
        SKY_TRY(out->pwrite(at, part));
        at += got;
    }
    SKY_TRY(out->fdatasync());
    in->drop_cached(0, bytes);
    out->drop_cached(0, bytes);
    return crc;
}

Result<bool> link_or_copy(os::Fs& fs, const std::string& from, const std::string& to) {
    if (fs.link(from, to)) return true;
    const std::uint64_t bytes = SKY_TRY(fs.stat(from)).bytes;
    static_cast<void>(SKY_TRY(copy_file(fs, from, to, bytes)));
    return false;
}

Result<std::uint32_t> trailer_crc(os::Fs& fs, const std::string& path) {
    const auto file = SKY_TRY(fs.open(path, os::OpenMode::kRead));
    const std::uint64_t bytes = SKY_TRY(file->size());
    std::array<std::byte, kSegmentTrailerBytes> trailer{};
    if (bytes < trailer.size()) return fail(ErrorCode::kCorruption, "no segment: " + path);
    const std::size_t got = SKY_TRY(file->pread(bytes - trailer.size(), trailer));
    if (got != trailer.size()) return fail(ErrorCode::kCorruption, "no segment: " + path);
    return crypto::crc32c(std::span<const std::byte>(trailer));
}

Result<BackupSummary> restore_backup(os::Fs& fs, const std::string& from, const std::string& to) {
    const auto text = os::read_file(fs, from + "/" + std::string(kBackupManifestName),
                                    limits::kBackupManifestBytesMax);
    if (!text && text.error().code == ErrorCode::kNotFound)
        return fail(ErrorCode::kInvalidArgument,
                    "no backup, or one that was not finished (it has no MANIFEST): " + from);
    if (!text) return std::unexpected(text.error());
    const BackupManifest manifest = SKY_TRY(parse_manifest(*text));
    if (!SKY_TRY(is_vacant(fs, to)))
        return fail(ErrorCode::kInvalidArgument,
                    "a backup is restored into a new or empty directory: " + to);
    for (const BackupFile& file : manifest.files) SKY_TRY(check_file(fs, from, file));

    SKY_TRY(os::make_directories(fs, to + "/segments"));
    SKY_TRY(os::make_directories(fs, to + "/wal"));
    BackupSummary summary;
    for (const BackupFile& file : manifest.files) {
        const std::string source = from + "/" + file.path;
        const std::string target = to + "/" + file.path;
        if (is_segment(file.path)) {
            ++summary.segments;
            if (SKY_TRY(link_or_copy(fs, source, target))) ++summary.linked;
        } else if (SKY_TRY(copy_file(fs, source, target, file.bytes)) != file.crc) {
            return fail(ErrorCode::kCorruption, "changed while it was copied: " + source);
        }
        summary.bytes += file.bytes;
    }
    for (const char* const each : {"/segments", "/wal", ""}) SKY_TRY(fs.fsync_directory(to + each));
    return summary;
}

}  // namespace sky::store
