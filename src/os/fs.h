// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/os/fs.h - the seam between the program and its disk, so that tests can fail it.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sky::os {

enum class OpenMode : std::uint8_t {
    kRead,       // Must exist.
    kReadWrite,  // Must exist.
    kCreate,     // Read and write; made when missing.
    kCreateNew,  // Read and write; kAlreadyExists when it is there.
};

struct FileStat {
    std::uint64_t bytes;
    bool directory;
    std::uint64_t links;
    std::uint64_t id;  // Same id = same file (inode), within one Fs.
};

/// An open file. Offsets and sizes are bytes.
/// Errors:  kNoSpace (ENOSPC, EDQUOT), kInternal (any other I/O error); the message names the path.
/// Threads: pread, pwrite and size may run at the same time on disjoint ranges; closing is the
/// destructor.
class File {
public:
    virtual ~File() = default;
    /// Reads at `offset` until `out` is full or the file ends; returns the bytes read.
    virtual Result<std::size_t> pread(std::uint64_t offset, std::span<std::byte> out) const = 0;
    /// Writes all the parts one after the other from `offset` on, or fails (a part may be written
    /// then). Any number of parts.
    virtual Status pwrite_parts(std::uint64_t offset,
                                std::span<const std::span<const std::byte>> parts) = 0;
    Status pwrite(std::uint64_t offset, std::span<const std::byte> bytes) {
        return pwrite_parts(offset, std::span(&bytes, 1));
    }
    Status pwrite(std::uint64_t offset, std::string_view bytes) {
        return pwrite(offset, std::as_bytes(std::span(bytes)));
    }
    /// Makes bytes and size durable. After an error nothing that was not yet durable may be trusted
    /// and a second call proves nothing (store.md 1.5).
    virtual Status fdatasync() = 0;
    /// Grows with zeros or shrinks.
    virtual Status truncate(std::uint64_t bytes) = 0;
    virtual Result<std::uint64_t> size() const = 0;
    virtual const std::string& path() const = 0;
    /// Hint that the range will not be read again soon, so that scans do not wash out the page
    /// cache (store.md 3.1). Never fails.
    virtual void drop_cached(std::uint64_t offset, std::uint64_t bytes) const = 0;
};

/// Held until destroyed, or until the process ends however it ends.
class FileLock {
public:
    virtual ~FileLock() = default;
};

/// Paths are absolute or relative to the working directory, '/' between parts.
/// Errors:  kNotFound, kAlreadyExists, kAccessDenied, kNoSpace, kInternal; the message names the
/// path. Threads: every member may be called from any thread.
/// Durable: file bytes by File::fdatasync(); names (made, renamed, removed) by fsync_directory() of
/// each directory that they are in, and of its parent when the directory itself is new.
class Fs {
public:
    virtual ~Fs() = default;
    /// New files get mode 0600: logs are private.
    virtual Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) = 0;
    /// Replaces `to` in one step.
    virtual Status rename(const std::string& from, const std::string& to) = 0;
    virtual Status unlink(const std::string& path) = 0;
    virtual Status link(const std::string& from, const std::string& to) = 0;
    /// Mode 0700; kAlreadyExists when anything has that name.
    virtual Status make_directory(const std::string& path) = 0;
    virtual Status remove_directory(const std::string& path) = 0;
    virtual Status fsync_directory(const std::string& path) = 0;
    /// Names (not paths) without "." and "..", sorted by bytes.
    virtual Result<std::vector<std::string>> list(const std::string& path) = 0;
    virtual Result<FileStat> stat(const std::string& path) = 0;
    /// Bytes that may still be written on the file system of `path`.
    virtual Result<std::uint64_t> free_bytes(const std::string& path) = 0;
    /// Takes the whole file for this opener, across processes; makes it when missing.
    /// kUnavailable when another opener holds it.
    virtual Result<std::unique_ptr<FileLock>> lock(const std::string& path) = 0;
};

/// The machine's file system.
Fs& real_fs();

// Made from the members above, for any Fs.

/// make_directory() for every missing part of the path, each made durable in its parent.
Status make_directories(Fs& fs, const std::string& path);
/// Writes `bytes` zeros from offset 0, so that later writes never grow the file (store.md 1.6), and
/// syncs them: in small steps, because the sync of another file waits behind what is queued here.
Status write_zeros(File& file, std::uint64_t bytes);
/// The whole file; kInvalidArgument when it is longer than `bytes_max`.
Result<std::string> read_file(Fs& fs, const std::string& path, std::uint64_t bytes_max);
/// Temporary file, fdatasync, rename, fsync_directory: after a crash the old or the new content.
Status write_file_durably(Fs& fs, const std::string& path, std::string_view bytes);
/// "a/b" -> "a", "b" -> ".", "/b" -> "/".
std::string parent_directory(std::string_view path);

}  // namespace sky::os
