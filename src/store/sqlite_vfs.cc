// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite_vfs.h"

#include <sqlite3.h>

#include <atomic>
#include <cstring>
#include <memory>
#include <mutex>

#include "base/assert.h"
#include "base/random.h"
#include "os/fs.h"

namespace sky::store {

struct SqliteVfsState {
    os::Fs* fs = nullptr;
    std::string name;
    sqlite3_vfs vfs{};
    std::mutex mutex;
    std::optional<Error> error;

    /// Keeps the words, returns the number.
    int report(const Error& failed, int code) {
        const std::lock_guard lock(mutex);
        error = failed;
        return failed.code == ErrorCode::kNoSpace ? SQLITE_FULL : code;
    }
};

namespace {

// As large as a page, so that a torn sector never harms a page that the transaction did not
// journal.
constexpr int kSectorBytes = 4'096;
constexpr int kPathBytesMax = 4'096;  // Linux: PATH_MAX.

/// What SQLite allocates for us and hands back. `base` comes first: SQLite knows only that part.
struct VfsFile {
    sqlite3_file base;
    SqliteVfsState* state;
    os::File* file;        // Owned; SQLite moves this struct's ownership through xOpen and xClose.
    bool name_is_durable;  // The directory has been synced since we opened the file.
    bool delete_on_close;
};

VfsFile& of(sqlite3_file* file) { return *reinterpret_cast<VfsFile*>(file); }
SqliteVfsState& of(sqlite3_vfs* vfs) { return *static_cast<SqliteVfsState*>(vfs->pAppData); }

int close_file(sqlite3_file* base) {
    VfsFile& self = of(base);
    const std::unique_ptr<os::File> file(self.file);
    self.file = nullptr;
    if (self.delete_on_close) {
        if (const Status gone = self.state->fs->unlink(file->path()); !gone)
            return self.state->report(gone.error(), SQLITE_IOERR_DELETE);
    }
    return SQLITE_OK;
}

int read_file(sqlite3_file* base, void* out, int bytes, sqlite3_int64 offset) {
    VfsFile& self = of(base);
    const auto wanted = static_cast<std::size_t>(bytes);
    const auto got = self.file->pread(static_cast<std::uint64_t>(offset),
                                      {static_cast<std::byte*>(out), wanted});
    if (!got) return self.state->report(got.error(), SQLITE_IOERR_READ);
    if (*got == wanted) return SQLITE_OK;
    std::memset(static_cast<char*>(out) + *got, 0, wanted - *got);  // SQLite's rule.
    return SQLITE_IOERR_SHORT_READ;
}

int write_file(sqlite3_file* base, const void* data, int bytes, sqlite3_int64 offset) {
    VfsFile& self = of(base);
    const Status done = self.file->pwrite(
        static_cast<std::uint64_t>(offset),
        std::span(static_cast<const std::byte*>(data), static_cast<std::size_t>(bytes)));
    return done ? SQLITE_OK : self.state->report(done.error(), SQLITE_IOERR_WRITE);
}

int truncate_file(sqlite3_file* base, sqlite3_int64 bytes) {
    VfsFile& self = of(base);
    const Status done = self.file->truncate(static_cast<std::uint64_t>(bytes));
    return done ? SQLITE_OK : self.state->report(done.error(), SQLITE_IOERR_TRUNCATE);
}

int sync_file(sqlite3_file* base, int) {
    VfsFile& self = of(base);
    if (const Status done = self.file->fdatasync(); !done)
        return self.state->report(done.error(), SQLITE_IOERR_FSYNC);
    // A journal whose name is lost with the power cannot roll anything back.
    if (!self.name_is_durable) {
        const Status done =
            self.state->fs->fsync_directory(os::parent_directory(self.file->path()));
        if (!done) return self.state->report(done.error(), SQLITE_IOERR_DIR_FSYNC);
        self.name_is_durable = true;
    }
    return SQLITE_OK;
}

int file_size(sqlite3_file* base, sqlite3_int64* bytes) {
    VfsFile& self = of(base);
    const auto got = self.file->size();
    if (!got) return self.state->report(got.error(), SQLITE_IOERR_FSTAT);
    *bytes = static_cast<sqlite3_int64>(*got);
    return SQLITE_OK;
}

int lock_file(sqlite3_file*, int) { return SQLITE_OK; }
int check_reserved_lock(sqlite3_file*, int* held) {
    *held = 0;
    return SQLITE_OK;
}
int file_control(sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }
int sector_size(sqlite3_file*) { return kSectorBytes; }
int device_characteristics(sqlite3_file*) { return 0; }  // Promises nothing.

constexpr sqlite3_io_methods make_methods() {
    sqlite3_io_methods methods{};
    methods.iVersion = 1;  // No shared memory, no mapping.
    methods.xClose = close_file;
    methods.xRead = read_file;
    methods.xWrite = write_file;
    methods.xTruncate = truncate_file;
    methods.xSync = sync_file;
    methods.xFileSize = file_size;
    methods.xLock = lock_file;
    methods.xUnlock = lock_file;
    methods.xCheckReservedLock = check_reserved_lock;
    methods.xFileControl = file_control;
    methods.xSectorSize = sector_size;
    methods.xDeviceCharacteristics = device_characteristics;
    return methods;
}
constexpr sqlite3_io_methods kMethods = make_methods();

int open_file(sqlite3_vfs* vfs, const char* path, sqlite3_file* base, int flags, int* out_flags) {
    SqliteVfsState& state = of(vfs);
    VfsFile& self = of(base);
    self.base.pMethods = nullptr;  // SQLite calls xClose only when this is set.
    if (path == nullptr)
        return state.report({ErrorCode::kInternal, "the catalog asked for a temporary file"},
                            SQLITE_CANTOPEN);
    const bool create = (flags & SQLITE_OPEN_CREATE) != 0;
    const bool write = (flags & SQLITE_OPEN_READWRITE) != 0;
    auto file = state.fs->open(path, create  ? os::OpenMode::kCreate
                                     : write ? os::OpenMode::kReadWrite
                                             : os::OpenMode::kRead);
    if (!file) return state.report(file.error(), SQLITE_CANTOPEN);
    self.state = &state;
    self.file = file->release();
    self.name_is_durable = false;  // Whoever made it may not have lived to sync it.
    self.delete_on_close = (flags & SQLITE_OPEN_DELETEONCLOSE) != 0;
    self.base.pMethods = &kMethods;
    if (out_flags != nullptr) *out_flags = flags;
    return SQLITE_OK;
}

int delete_file(sqlite3_vfs* vfs, const char* path, int sync_directory) {
    SqliteVfsState& state = of(vfs);
    if (const Status gone = state.fs->unlink(path); !gone) {
        if (gone.error().code == ErrorCode::kNotFound) return SQLITE_IOERR_DELETE_NOENT;
        return state.report(gone.error(), SQLITE_IOERR_DELETE);
    }
    if (sync_directory != 0) {
        const Status done = state.fs->fsync_directory(os::parent_directory(path));
        if (!done) return state.report(done.error(), SQLITE_IOERR_DIR_FSYNC);
    }
    return SQLITE_OK;
}

int access_file(sqlite3_vfs* vfs, const char* path, int flags, int* out) {
    SqliteVfsState& state = of(vfs);
    const auto info = state.fs->stat(path);
    if (!info && info.error().code != ErrorCode::kNotFound)
        return state.report(info.error(), SQLITE_IOERR_ACCESS);
    // SQLite's rule: an empty journal counts as none.
    *out = info && (flags != SQLITE_ACCESS_EXISTS || info->bytes > 0) ? 1 : 0;
    return SQLITE_OK;
}

int full_path(sqlite3_vfs*, const char* path, int bytes, char* out) {
    const std::size_t length = std::strlen(path);
    if (length + 1 > static_cast<std::size_t>(bytes)) return SQLITE_CANTOPEN;
    std::memcpy(out, path, length + 1);
    return SQLITE_OK;
}

int randomness(sqlite3_vfs*, int bytes, char* out) {
    system_random().fill({reinterpret_cast<std::byte*>(out), static_cast<std::size_t>(bytes)});
    return bytes;
}

int sleep_us(sqlite3_vfs*, int us) {
    sqlite3_vfs* const system = sqlite3_vfs_find(nullptr);
    return system->xSleep(system, us);
}

int current_time(sqlite3_vfs*, double* julian_day) {
    sqlite3_vfs* const system = sqlite3_vfs_find(nullptr);
    return system->xCurrentTime(system, julian_day);
}

int last_error(sqlite3_vfs*, int, char*) { return 0; }

}  // namespace

SqliteVfs::SqliteVfs(os::Fs& fs) : state_(std::make_unique<SqliteVfsState>()) {
    static std::atomic<std::uint64_t> count{0};
    state_->fs = &fs;
    state_->name = "skywatch-" + std::to_string(++count);
    sqlite3_vfs& vfs = state_->vfs;
    vfs.iVersion = 1;
    vfs.szOsFile = sizeof(VfsFile);
    vfs.mxPathname = kPathBytesMax;
    vfs.zName = state_->name.c_str();
    vfs.pAppData = state_.get();
    vfs.xOpen = open_file;
    vfs.xDelete = delete_file;
    vfs.xAccess = access_file;
    vfs.xFullPathname = full_path;
    vfs.xRandomness = randomness;
    vfs.xSleep = sleep_us;
    vfs.xCurrentTime = current_time;
    vfs.xGetLastError = last_error;
    SKY_ASSERT(sqlite3_vfs_register(&vfs, 0) == SQLITE_OK, "SQLite takes any complete VFS");
}

SqliteVfs::~SqliteVfs() { sqlite3_vfs_unregister(&state_->vfs); }

const char* SqliteVfs::name() const { return state_->vfs.zName; }

std::optional<Error> SqliteVfs::take_error() {
    const std::lock_guard lock(state_->mutex);
    return std::exchange(state_->error, std::nullopt);
}

}  // namespace sky::store
