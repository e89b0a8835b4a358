// SPDX-License-Identifier: Apache-2.0
#include "store/inspect.h"

#include <algorithm>
#include <limits>

#include "base/time.h"
#include "os/fs.h"
#include "store/catalog_schema.h"
#include "store/limits.h"
#include "store/packs.h"
#include "store/segment_file.h"
#include "store/sqlite_db.h"
#include "store/wal_format.h"

namespace sky::store {
namespace {

constexpr std::size_t kFilesNamedMax = 5;  // Of one kind of damage; the rest is counted.

const char* const kRestore =
    "Restore the directory from a backup; the file's events are lost else.";
const char* const kNewer = "Start the newer skywatch that wrote it, or restore a backup.";

class Inspector {
public:
    Inspector(os::Fs& fs, std::string directory, Depth depth)
        : fs_(fs), directory_(std::move(directory)), depth_(depth) {}

    std::vector<Finding> run() {
        if (look_at_catalog()) {
            look_at_segments();
            look_at_log();
        }
        look_at_leftovers();
        return std::move(findings_);
    }

private:
    void add(Grade grade, std::string subject, std::string what, std::string remedy = {}) {
        findings_.push_back({grade, std::move(subject), std::move(what), std::move(remedy)});
    }

    // False: nothing further can be told.
    bool look_at_catalog() {
        const std::string path = directory_ + "/catalog.sqlite";
        if (const auto there = fs_.stat(path); !there) {
            if (there.error().code == ErrorCode::kNotFound) {
                add(Grade::kFine, "catalog", "none yet; the first start makes it");
            } else {
                add(Grade::kFault, "catalog", there.error().message,
                    "Give the server's user this directory.");
            }
            return false;
        }
        const Status read = read_catalog(path);
        if (read) return true;
        const bool is_newer = read.error().code == ErrorCode::kUnavailable;
        add(Grade::kFault, "catalog", read.error().message, is_newer ? kNewer : kRestore);
        return false;
    }

    Status read_catalog(const std::string& path) {
        SqliteVfs vfs(fs_);
        const auto db = SKY_TRY(SqliteDb::open(vfs, path));
        const std::int64_t format = SKY_TRY(check_format(*db, path));
        {
            SqliteStatement check = SKY_TRY(db->prepare("PRAGMA integrity_check(1)"));
            static_cast<void>(SKY_TRY(check.step()));
            if (check.text(0) != "ok") return fail(ErrorCode::kCorruption, check.text(0));
        }
        const char* const sql =
            format < kCatalogFormatOfPacks
                ? "SELECT id,row_count,file_bytes,0,0 FROM segments"
                : "SELECT id,row_count,file_bytes,pack,pack_offset FROM segments"
                  " ORDER BY pack,pack_offset,id";
        SqliteStatement row = SKY_TRY(db->prepare(sql));
        while (SKY_TRY(row.step())) {
            SegmentRow& listed = segments_.emplace_back();
            listed.id = row.id(0);
            listed.rows = row.id(1);
            listed.file_bytes = row.id(2);
            listed.pack = row.id(3);
            listed.offset = row.id(4);
        }
        SqliteStatement meta =
            SKY_TRY(db->prepare("SELECT value FROM meta WHERE key='wal_released_lsn'"));
        if (SKY_TRY(meta.step())) released_lsn_ = meta.id(0);
        std::string what = "sound, format " + std::to_string(format);
        if (format < kCatalogFormat) {
            what += "; the next start copies it and changes it to format " +
                    std::to_string(kCatalogFormat);
        }
        add(Grade::kFine, "catalog", std::move(what));
        return {};
    }

    void look_at_segments() {
        std::vector<std::string> bad;
        std::uint64_t rows = 0, bytes = 0, files = 0;
        bool is_newer = false;
        const auto fault = [&](const Error& error) {
            is_newer = is_newer || error.code == ErrorCode::kUnavailable;
            bad.push_back(error.message);
        };
        std::string path;  // Of `file`.
        std::shared_ptr<const os::File> file;
        for (const SegmentRow& listed : segments_) {
            if (std::string of = stored_path(directory_ + "/segments", listed); of != path) {
                path = std::move(of);
                ++files;
                auto opened = fs_.open(path, os::OpenMode::kRead);
                if (opened) {
                    file = *std::move(opened);
                } else {
                    file = nullptr;
                    fault(opened.error());
                }
                if (auto pack = read_pack(fs_, path); file && listed.pack != 0 && !pack)
                    fault(pack.error());
            }
            if (!file) continue;
            const auto reader = SegmentReader::open(
                file, {listed.offset, listed.file_bytes},
                path + " (segment " + std::to_string(listed.id) + ")", Checksums::kVerify);
            if (!reader) {
                fault(reader.error());
            } else if ((*reader)->footer().row.rows != listed.rows ||
                       (*reader)->footer().row.id != listed.id) {
                bad.push_back("not the file that the catalog lists: " + path);
            } else {
                rows += listed.rows;
                bytes += listed.file_bytes;
                if (depth_ == Depth::kFull) read_blocks(**reader);
            }
        }
        if (depth_ == Depth::kFull) report_blocks();
        if (bad.empty()) {
            add(Grade::kFine, "segments",
                std::to_string(segments_.size()) + " in " + std::to_string(files) + " files, " +
                    std::to_string(rows) + " events, " + std::to_string(bytes) + " bytes");
            return;
        }
        for (std::size_t i = 0; i < std::min(bad.size(), kFilesNamedMax); ++i)
            add(Grade::kFault, "segments", bad[i], is_newer ? kNewer : kRestore);
        if (bad.size() > kFilesNamedMax) {
            add(Grade::kFault, "segments",
                std::to_string(bad.size() - kFilesNamedMax) + " more damaged files", kRestore);
        }
    }

    // Every block and column; damage is kept for report_blocks().
    void read_blocks(const SegmentReader& reader) {
        const SegmentFooter& footer = reader.footer();
        std::vector<DamagedBlock> damaged;
        const auto rows =
            reader.read({.range = {footer.row.min_ms, footer.row.max_ms}}, Columns::kAll, &damaged);
        reader.drop_cached();
        if (!rows) {
            damaged.push_back(
                {0, footer.row.rows, footer.row.min_ms, footer.row.max_ms, rows.error().message});
        }
        for (const DamagedBlock& block : damaged) {
            ++damaged_blocks_;
            damaged_rows_ += block.rows;
            if (damaged_blocks_ > kFilesNamedMax) continue;
            add(Grade::kFault, "segments",
                block.what + "; costs " + std::to_string(block.rows) + " events of " +
                    footer.group_name + " from " + format_iso8601_ms(block.min_ms) + " to " +
                    format_iso8601_ms(block.max_ms),
                "The server leaves them out of its answers. Restore a backup if you need them, and "
                "look at the disk's own health (smartctl).");
        }
    }

    void report_blocks() {
        if (damaged_blocks_ == 0) {
            add(Grade::kFine, "segments", "every block was read and is sound");
        } else if (damaged_blocks_ > kFilesNamedMax) {
            add(Grade::kFault, "segments",
                std::to_string(damaged_blocks_) + " damaged blocks in all, with " +
                    std::to_string(damaged_rows_) + " events",
                "The server leaves them out of its answers. Restore a backup if you need them.");
        }
    }

    struct LogFile {
        std::string path;
        WalSegmentHeader header;
    };

    // As Wal's recovery reads, without its effects.
    void look_at_log() {
        const std::string folder = directory_ + "/wal";
        const auto names = fs_.list(folder);
        if (!names) {
            add(Grade::kFine, "write-ahead log", "none yet");
            return;
        }
        std::vector<LogFile> files;
        const std::size_t before = findings_.size();
        for (const std::string& name : *names) {
            if (!name.ends_with(".wal")) continue;
            if (const Status seen = read_header(folder + "/" + name, files); !seen) {
                const bool is_newer = seen.error().code == ErrorCode::kUnavailable;
                add(Grade::kFault, "write-ahead log",
                    seen.error().message + ": " + folder + "/" + name,
                    is_newer ? kNewer : kRestore);
            }
        }
        std::ranges::sort(files, {}, [](const LogFile& file) { return file.header.generation; });
        std::uint64_t expected = released_lsn_ + 1, waiting = 0;
        for (std::size_t i = 0; i < files.size(); ++i) {
            const std::uint64_t stop = i + 1 < files.size()
                                           ? files[i + 1].header.first_lsn
                                           : std::numeric_limits<std::uint64_t>::max();
            if (stop <= released_lsn_ + 1) continue;
            if (files[i].header.first_lsn > expected)
                lost(expected, files[i].header.first_lsn - 1, files[i].path);
            read_records(files[i], stop, expected, waiting);
        }
        if (findings_.size() != before) return;
        add(Grade::kFine, "write-ahead log",
            std::to_string(files.size()) + " files; the next start reads " +
                std::to_string(waiting) + " records");
    }

    Status read_header(const std::string& path, std::vector<LogFile>& files) {
        const std::string front = SKY_TRY(read_front(path, kFrontBytes));
        auto header = decode_segment_header(front);
        if (header) {
            files.push_back({path, *header});
            return {};
        }
        if (header.error().code == ErrorCode::kUnavailable)
            return std::unexpected(std::move(header).error());
        if (std::ranges::all_of(front, [](char c) { return c == '\0'; })) return {};  // Never used.
        // A torn first write leaves at most one group behind it; more is damage.
        const std::string bytes = SKY_TRY(read_front(path, limits::kWalSegmentBytesMax));
        if (const auto salvaged = salvage_wal_segment(bytes)) {
            if (!salvaged->durable || salvaged->end_lsn <= released_lsn_ + 1) return {};
            files.push_back({path, salvaged->header});
            add(Grade::kWarning, "write-ahead log",
                "the header is damaged, its records can be read: " + path,
                "Start the server: it reads them. Then look at the disk's own health (smartctl).");
            return {};
        }
        if (count_group_marks(bytes) <= 1) return {};
        return fail(ErrorCode::kCorruption, "nothing in it can be read");
    }

    void read_records(const LogFile& file, std::uint64_t stop, std::uint64_t& expected,
                      std::uint64_t& waiting) {
        const auto bytes = read_front(file.path, limits::kWalSegmentBytesMax);
        if (!bytes) {
            add(Grade::kFault, "write-ahead log", bytes.error().message, kRestore);
            return;
        }
        const auto end = replay_wal_segment(
            *bytes, file.header, stop,
            [&](const WalRecord& record) -> Status {
                if (record.lsn > released_lsn_ && record.kind == WalRecordKind::kBatch) ++waiting;
                return {};
            },
            [&](std::uint64_t first, std::uint64_t last) { lost(first, last, file.path); });
        if (end) expected = std::max(expected, end->next_lsn);
    }

    void lost(std::uint64_t first, std::uint64_t last, const std::string& path) {
        first = std::max(first, released_lsn_ + 1);
        if (first > last) return;
        add(Grade::kFault, "write-ahead log",
            "acknowledged records " + std::to_string(first) + " to " + std::to_string(last) +
                " cannot be read: " + path,
            "The server starts without them. Restore a backup if you need them, and look at the "
            "disk's own health (smartctl).");
    }

    void look_at_leftovers() {
        const auto count = [&](const std::string& folder, std::string_view ending) {
            const auto names = fs_.list(directory_ + "/" + folder);
            if (!names) return std::ptrdiff_t{0};
            return std::ranges::count_if(
                *names, [&](const std::string& name) { return name.ends_with(ending); });
        };
        if (const auto files = count("wal", ".damaged"); files != 0) {
            add(Grade::kWarning, "write-ahead log",
                std::to_string(files) + " unreadable files were put aside as wal/*.damaged",
                "Keep them until you know what is missing, then delete them.");
        }
        if (const auto files = count("quarantine", ".record"); files != 0) {
            add(Grade::kWarning, "quarantine",
                std::to_string(files) + " records of ids that the catalog does not know",
                "Was the catalog replaced by an older one? docs/formats.md describes the records.");
        }
    }

    Result<std::string> read_front(const std::string& path, std::uint64_t bytes_max) {
        const auto file = SKY_TRY(fs_.open(path, os::OpenMode::kRead));
        std::string bytes(std::min(SKY_TRY(file->size()), bytes_max), '\0');
        bytes.resize(SKY_TRY(file->pread(0, std::as_writable_bytes(std::span(bytes)))));
        return bytes;
    }

    static constexpr std::uint64_t kFrontBytes = limits::kWalBlockBytes + kWalGroupHeaderBytes;

    os::Fs& fs_;
    const std::string directory_;
    const Depth depth_;
    std::vector<Finding> findings_;
    std::vector<SegmentRow> segments_;
    std::uint64_t released_lsn_ = 0;
    std::uint64_t damaged_blocks_ = 0, damaged_rows_ = 0;
};

}  // namespace

std::vector<Finding> inspect_directory(os::Fs& fs, const std::string& directory, Depth depth) {
    return Inspector(fs, directory, depth).run();
}

}  // namespace sky::store
