// SPDX-License-Identifier: Apache-2.0
#include "store/rebuild_catalog.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <map>
#include <optional>
#include <set>

#include "os/fs.h"
#include "store/catalog_schema.h"
#include "store/limits.h"
#include "store/packs.h"
#include "store/segment_file.h"
#include "store/segment_limits.h"
#include "store/sqlite_db.h"
#include "store/wal_format.h"

namespace sky::store {

namespace {

struct Found {
    SegmentRow row;
    SegmentFooter footer;
};

struct FoundStream {
    GroupId group = 0;
    std::string name;
    StreamTimes times;
};

/// "17.seg" is 17.
std::optional<std::uint64_t> number_of(std::string_view name, std::string_view ending) {
    if (!name.ends_with(ending)) return std::nullopt;
    name.remove_suffix(ending.size());
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (name.empty() || error != std::errc() || end != name.data() + name.size())
        return std::nullopt;
    return number;
}

class Rebuilder {
public:
    Rebuilder(os::Fs& fs, std::string directory) : fs_(fs), directory_(std::move(directory)) {}

    Result<RebuiltCatalog> run() {
        SKY_TRY(check_old());
        SKY_TRY(read_segments());
        choose();
        SKY_TRY(read_log());
        SKY_TRY(write());
        SKY_TRY(replace());
        return std::move(out_);
    }

private:
    std::string path(std::string_view name) const { return directory_ + "/" + std::string(name); }

    /// A catalog that can be read knows more than any footer.
    Status check_old() {
        if (!fs_.list(directory_ + "/segments"))
            return fail(ErrorCode::kInvalidArgument, "not a data directory: " + directory_);
        const std::string old = path("catalog.sqlite");
        if (!fs_.stat(old)) return {};
        const auto check = [&]() -> Status {
            SqliteVfs vfs(fs_);
            const auto db = SKY_TRY(SqliteDb::open(vfs, old));
            static_cast<void>(SKY_TRY(check_format(*db, old)));
            SqliteStatement row = SKY_TRY(db->prepare("PRAGMA integrity_check(1)"));
            static_cast<void>(SKY_TRY(row.step()));
            return row.text(0) == "ok" ? Status() : fail(ErrorCode::kCorruption, row.text(0));
        };
        const Status sound = check();
        if (sound)
            return fail(ErrorCode::kAlreadyExists,
                        "the catalog is sound and knows more than footers do; move it away if it "
                        "must be made anew: " +
                            old);
        // One of a newer format is no damage.
        return sound.error().code == ErrorCode::kUnavailable ? sound : Status();
    }

    void take(const std::shared_ptr<const os::File>& file, const std::string& name,
              const SegmentRow& place) {
        const auto reader =
            SegmentReader::open(file, {place.offset, place.file_bytes}, name, Checksums::kVerify);
        if (!reader) return out_.unreadable.push_back(reader.error().message);
        Found found{(*reader)->footer().row, (*reader)->footer()};
        found.row.pack = place.pack;
        found.row.offset = place.offset;
        // An own file with predecessors is the work of an earlier rebuild's store; final either
        // way.
        found.row.level = place.pack != 0                 ? place.level
                          : found.footer.replaced.empty() ? 0
                                                          : limits::kMergeLevelMax;
        found.footer.blocks.clear();
        found.footer.message_header.clear();
        last_id_ = std::max(last_id_, found.row.id);
        if (place.pack == 0 && stored_path("", found.row) != name.substr(name.rfind('/')))
            return out_.unreadable.push_back("segment is not the one that its name says: " + name);
        found_.try_emplace(found.row.id, std::move(found));
    }

    Status read_segments() {
        const std::string folder = path("segments");
        for (const std::string& name : SKY_TRY(fs_.list(folder))) {
            const std::string full = folder + "/" + name;
            const auto single = number_of(name, ".seg"), pack = number_of(name, ".pack");
            if (!single && !pack) continue;  // Unfinished: *.tmp.
            last_id_ = std::max(last_id_, single ? *single : *pack);
            const std::shared_ptr<const os::File> file =
                SKY_TRY(fs_.open(full, os::OpenMode::kRead));
            SegmentRow place;
            if (single) {
                place.file_bytes = SKY_TRY(file->size());
                take(file, full, place);
                continue;
            }
            const auto directory = read_pack(fs_, full);
            if (!directory) {
                out_.unreadable.push_back(directory.error().message);
                continue;
            }
            for (const PackEntry& entry : directory->entries) {
                place.pack = *pack;
                place.offset = entry.offset;
                place.file_bytes = entry.bytes;
                place.level = directory->level;
                take(file, full + " (segment " + std::to_string(entry.id) + ")", place);
            }
        }
        return {};
    }

    /// What lives: no segment that another has replaced; of two groups of one name the later.
    void choose() {
        std::set<std::uint64_t> gone;
        for (const auto& [id, found] : found_) {
            gone.insert(found.footer.replaced.begin(), found.footer.replaced.end());
            std::uint64_t& flushed = flushed_[{found.row.group, found.row.day}];
            flushed = std::max(flushed, found.row.lsn_max);
            lsn_max_ = std::max(lsn_max_, found.row.lsn_max);
            sequence_max_ = std::max(sequence_max_, found.row.sequence_max);
            last_group_ = std::max(last_group_, found.row.group);
        }
        out_.replaced = static_cast<std::uint64_t>(
            std::erase_if(found_, [&](const auto& entry) { return gone.contains(entry.first); }));
        std::map<std::pair<Tenant, std::string>, GroupId> names;
        for (const auto& [id, found] : found_) {
            GroupId& group = names[{found.footer.tenant, found.footer.group_name}];
            group = std::max(group, found.row.group);
        }
        std::set<GroupId> superseded;
        for (auto it = found_.begin(); it != found_.end();) {
            const Found& found = it->second;
            const GroupId living = names[{found.footer.tenant, found.footer.group_name}];
            if (living != found.row.group) {
                superseded.insert(found.row.group);
                it = found_.erase(it);
            } else {
                add(found);
                ++it;
            }
        }
        out_.superseded_groups = superseded.size();
        out_.groups = groups_.size();
        out_.segments = found_.size();
    }

    void add(const Found& found) {
        groups_.try_emplace(found.row.group, &found.footer);
        out_.rows += found.row.rows;
        for (const SegmentStream& stream : found.footer.streams) {
            last_stream_ = std::max(last_stream_, stream.id);
            const auto [it, fresh] = streams_.try_emplace(stream.id);
            FoundStream& of = it->second;
            if (fresh)
                of = {found.row.group,
                      stream.name,
                      {stream.id, stream.first_ms, stream.last_ms, stream.ingestion_ms}};
            of.times.first_ms = std::min(of.times.first_ms, stream.first_ms);
            of.times.last_ms = std::max(of.times.last_ms, stream.last_ms);
            of.times.ingestion_ms = std::max(of.times.ingestion_ms, stream.ingestion_ms);
        }
    }

    /// The log is needed from the first record on behind which no file is missing: files are only
    /// used again when all records before their end are in segments.
    Status read_log() {
        const std::string folder = path("wal");
        const auto names = fs_.list(folder);
        if (!names) return {};
        struct LogFile {
            WalSegmentHeader header;
            std::string path;
        };
        std::vector<LogFile> files;
        for (const std::string& name : *names) {
            if (!name.ends_with(".wal")) continue;
            const std::string full = folder + "/" + name;
            const std::string bytes = SKY_TRY(front(full, limits::kWalBlockBytes));
            if (const auto header = decode_segment_header(bytes)) files.push_back({*header, full});
        }
        std::ranges::sort(files, {}, [](const LogFile& file) { return file.header.generation; });
        std::uint64_t expected = 0;
        for (std::size_t i = 0; i < files.size(); ++i) {
            const std::uint64_t stop = i + 1 < files.size()
                                           ? files[i + 1].header.first_lsn
                                           : std::numeric_limits<std::uint64_t>::max();
            if (files[i].header.first_lsn != expected) released_ = files[i].header.first_lsn - 1;
            const std::string bytes = SKY_TRY(front(files[i].path, limits::kWalSegmentBytesMax));
            const auto end = replay_wal_segment(
                bytes, files[i].header, stop, [](const WalRecord&) { return Status(); },
                [](std::uint64_t, std::uint64_t) {});
            expected = end ? std::min(stop, end->next_lsn) : stop;
        }
        if (files.empty()) released_ = lsn_max_;
        return {};
    }

    Result<std::string> front(const std::string& full, std::uint64_t bytes_max) {
        const auto file = SKY_TRY(fs_.open(full, os::OpenMode::kRead));
        std::string bytes(std::min(SKY_TRY(file->size()), bytes_max), '\0');
        bytes.resize(SKY_TRY(file->pread(0, std::as_writable_bytes(std::span(bytes)))));
        return bytes;
    }

    Status remove(const std::string& full) {
        const Status gone = fs_.unlink(full);
        return gone || gone.error().code == ErrorCode::kNotFound ? Status() : gone;
    }

    Status write() {
        const std::string made = path("catalog.sqlite.rebuilt");
        SKY_TRY(remove(made));
        SKY_TRY(remove(made + "-journal"));
        {
            SqliteVfs vfs(fs_);
            const auto db = SKY_TRY(SqliteDb::open(vfs, made));
            SKY_TRY(prepare_schema(fs_, *db, made));
            SKY_TRY(db->execute("BEGIN IMMEDIATE"));
            SKY_TRY(write_names(*db));
            FilesChange change;
            for (const auto& [id, found] : found_) change.insert.push_back(found.row);
            for (const auto& [key, lsn] : flushed_)
                change.flushed.push_back({key.first, key.second, lsn});
            for (const auto& [id, stream] : streams_) change.stream_times.push_back(stream.times);
            SKY_TRY(write_files(*db, change, static_cast<std::int64_t>(lsn_max_),
                                static_cast<std::int64_t>(sequence_max_)));
            SKY_TRY(db->execute("COMMIT"));
        }
        return remove(made + "-journal");  // Kept by PERSIST; it has nothing to undo.
    }

    Status write_names(SqliteDb& db) {
        SqliteStatement group =
            SKY_TRY(db.prepare("INSERT INTO groups(id,account,region,name,creation_ms,log_class,"
                               "deletion_protection) VALUES(?,?,?,?,?,'STANDARD',0)"));
        for (const auto& [id, footer] : groups_)
            SKY_TRY(group.bind(1, id)
                        .bind(2, std::string_view(footer->tenant.account))
                        .bind(3, std::string_view(footer->tenant.region))
                        .bind(4, std::string_view(footer->group_name))
                        .bind(5, footer->group_creation_ms)
                        .run());
        SqliteStatement stream = SKY_TRY(
            db.prepare("INSERT INTO streams(id,group_id,name,creation_ms) VALUES(?,?,?,?)"));
        SqliteStatement dead =
            SKY_TRY(db.prepare("INSERT INTO tombstones(kind,id,group_id,name) VALUES(2,?,?,?)"));
        std::map<std::pair<GroupId, std::string>, StreamId> names;
        for (const auto& [id, found] : streams_) names[{found.group, found.name}] = id;
        for (const auto& [id, found] : streams_) {
            const bool lives = names.at({found.group, found.name}) == id;
            out_.streams += lives ? 1 : 0;
            SqliteStatement& put = lives ? stream : dead;
            put.bind(1, id).bind(2, found.group).bind(3, std::string_view(found.name));
            if (lives) put.bind(4, found.times.first_ms);
            SKY_TRY(put.run());
        }
        SqliteStatement meta =
            SKY_TRY(db.prepare("INSERT INTO meta(key,value) VALUES(?,?)"
                               " ON CONFLICT(key) DO UPDATE SET value=excluded.value"));
        const std::pair<std::string_view, std::uint64_t> values[] = {
            {"next_group", last_group_ + 1},
            {"next_stream", last_stream_ + 1},
            {"next_segment", last_id_ + 1},
            {"wal_released_lsn", released_}};
        for (const auto& [key, value] : values) SKY_TRY(meta.bind(1, key).bind(2, value).run());
        return {};
    }

    /// The new catalog in the place of the old, which keeps another name.
    Status replace() {
        const std::string old = path("catalog.sqlite");
        if (fs_.stat(old)) {
            for (int n = 1; out_.kept_as.empty(); ++n)
                if (std::string name = old + ".damaged" + std::to_string(n); !fs_.stat(name))
                    out_.kept_as = std::move(name);
            SKY_TRY(fs_.link(old, out_.kept_as));
        }
        // Before the new one has its name: the journal would be taken for its own.
        if (fs_.stat(old + "-journal")) {
            const std::string kept =
                (out_.kept_as.empty() ? old + ".damaged" : out_.kept_as) + "-journal";
            SKY_TRY(fs_.rename(old + "-journal", kept));
        }
        SKY_TRY(fs_.fsync_directory(directory_));
        SKY_TRY(fs_.rename(path("catalog.sqlite.rebuilt"), old));
        return fs_.fsync_directory(directory_);
    }

    os::Fs& fs_;
    const std::string directory_;
    RebuiltCatalog out_;
    std::map<std::uint64_t, Found> found_;
    std::map<GroupId, const SegmentFooter*> groups_;
    std::map<StreamId, FoundStream> streams_;
    std::map<std::pair<GroupId, std::int64_t>, std::uint64_t> flushed_;
    std::uint64_t last_id_ = 0, last_group_ = 0, last_stream_ = 0;
    std::uint64_t lsn_max_ = 0, sequence_max_ = 0, released_ = 0;
};

}  // namespace

Result<RebuiltCatalog> rebuild_catalog(os::Fs& fs, const std::string& directory) {
    return Rebuilder(fs, directory).run();
}

}  // namespace sky::store
