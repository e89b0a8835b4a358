// SPDX-License-Identifier: Apache-2.0
#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "os/fs.h"
#include "os/limits.h"

namespace sky::os {
namespace {

ErrorCode code_of(int error) {
    switch (error) {
        case ENOENT:
            return ErrorCode::kNotFound;
        case EEXIST:
            return ErrorCode::kAlreadyExists;
        case EACCES:
        case EPERM:
        case EROFS:
            return ErrorCode::kAccessDenied;
        case ENOSPC:
        case EDQUOT:
            return ErrorCode::kNoSpace;
        default:
            return ErrorCode::kInternal;
    }
}

/// Of the system call that has just failed. std::generic_category() is the thread-safe strerror().
std::unexpected<Error> system_error(const char* doing, const std::string& path) {
    const int error = errno;
    return fail(code_of(error),
                std::string(doing) + ": " + std::generic_category().message(error) + ": " + path);
}

/// Repeats a system call that a signal interrupted.
template <class Call>
auto uninterrupted(Call call) {
    decltype(call()) result = call();
    while (result < 0 && errno == EINTR) result = call();
    return result;
}

class Descriptor {
public:
    explicit Descriptor(int fd) : fd_(fd) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() {
        if (fd_ >= 0) ::close(fd_);  // Not repeated on EINTR: Linux has closed it by then.
    }
    int get() const { return fd_; }
    bool valid() const { return fd_ >= 0; }

private:
    int fd_;
};

class RealFile final : public File {
public:
    RealFile(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}

    Result<std::size_t> pread(std::uint64_t offset, std::span<std::byte> out) const override {
        std::size_t done = 0;
        while (done < out.size()) {
            const auto got = uninterrupted([&] {
                return ::pread(fd_.get(), out.data() + done, out.size() - done,
                               static_cast<off_t>(offset + done));
            });
            if (got < 0) return system_error("cannot read", path_);
            if (got == 0) break;
            done += static_cast<std::size_t>(got);
        }
        return done;
    }

    Status pwrite_parts(std::uint64_t offset,
                        std::span<const std::span<const std::byte>> parts) override {
        std::vector<iovec> pending;
        pending.reserve(parts.size());
        for (const auto part : parts) {
            // writev(2) takes no const pointer though it only reads.
            if (!part.empty())
                pending.push_back({const_cast<std::byte*>(part.data()), part.size()});
        }
        std::size_t first = 0;
        while (first < pending.size()) {
            const int count =
                static_cast<int>(std::min(pending.size() - first, limits::kWritePartsMax));
            const auto got = uninterrupted([&] {
                return ::pwritev(fd_.get(), pending.data() + first, count,
                                 static_cast<off_t>(offset));
            });
            if (got < 0) return system_error("cannot write", path_);
            auto left = static_cast<std::size_t>(got);
            offset += left;
            while (left > 0) {  // A short write may end inside a part.
                iovec& part = pending[first];
                const std::size_t step = std::min(left, part.iov_len);
                part.iov_base = static_cast<std::byte*>(part.iov_base) + step;
                part.iov_len -= step;
                left -= step;
                if (part.iov_len == 0) ++first;
            }
        }
        return {};
    }

    Status fdatasync() override {
        if (uninterrupted([&] { return ::fdatasync(fd_.get()); }) != 0)
            return system_error("cannot sync", path_);
        return {};
    }

    Status truncate(std::uint64_t bytes) override {
        if (uninterrupted([&] { return ::ftruncate(fd_.get(), static_cast<off_t>(bytes)); }) != 0)
            return system_error("cannot truncate", path_);
        return {};
    }

    Result<std::uint64_t> size() const override {
        struct stat info{};
        if (::fstat(fd_.get(), &info) != 0) return system_error("cannot stat", path_);
        return static_cast<std::uint64_t>(info.st_size);
    }

    const std::string& path() const override { return path_; }

    void drop_cached(std::uint64_t offset, std::uint64_t bytes) const override {
        ::posix_fadvise(fd_.get(), static_cast<off_t>(offset), static_cast<off_t>(bytes),
                        POSIX_FADV_DONTNEED);
    }

private:
    const Descriptor fd_;
    const std::string path_;
};

class RealLock final : public FileLock {
public:
    explicit RealLock(int fd) : fd_(fd) {}

private:
    const Descriptor fd_;  // flock(2) ends with the last descriptor of the open file.
};

class RealFs final : public Fs {
public:
    Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override {
        int flags = O_CLOEXEC;
        switch (mode) {
            case OpenMode::kRead:
                flags |= O_RDONLY;
                break;
            case OpenMode::kReadWrite:
                flags |= O_RDWR;
                break;
            case OpenMode::kCreate:
                flags |= O_RDWR | O_CREAT;
                break;
            case OpenMode::kCreateNew:
                flags |= O_RDWR | O_CREAT | O_EXCL;
                break;
        }
        const int fd = uninterrupted([&] { return ::open(path.c_str(), flags, 0600); });
        if (fd < 0) return system_error("cannot open", path);
        return std::make_unique<RealFile>(fd, path);
    }

    Status rename(const std::string& from, const std::string& to) override {
        if (::rename(from.c_str(), to.c_str()) != 0) return system_error("cannot rename", from);
        return {};
    }

    Status unlink(const std::string& path) override {
        if (::unlink(path.c_str()) != 0) return system_error("cannot remove", path);
        return {};
    }

    Status link(const std::string& from, const std::string& to) override {
        if (::link(from.c_str(), to.c_str()) != 0) return system_error("cannot link", to);
        return {};
    }

    Status make_directory(const std::string& path) override {
        if (::mkdir(path.c_str(), 0700) != 0) return system_error("cannot make directory", path);
        return {};
    }

    Status remove_directory(const std::string& path) override {
        if (::rmdir(path.c_str()) != 0) return system_error("cannot remove directory", path);
        return {};
    }

    Status fsync_directory(const std::string& path) override {
        const Descriptor fd(uninterrupted(
            [&] { return ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); }));
        if (!fd.valid()) return system_error("cannot open directory", path);
        if (uninterrupted([&] { return ::fsync(fd.get()); }) != 0)
            return system_error("cannot sync directory", path);
        return {};
    }

    Result<std::vector<std::string>> list(const std::string& path) override {
        struct Close {
            void operator()(DIR* directory) const { ::closedir(directory); }
        };
        const std::unique_ptr<DIR, Close> directory(::opendir(path.c_str()));
        if (!directory) return system_error("cannot list", path);
        std::vector<std::string> names;
        for (;;) {
            errno = 0;
            const dirent* const entry = ::readdir(directory.get());
            if (entry == nullptr) break;
            const std::string_view name = entry->d_name;
            if (name != "." && name != "..") names.emplace_back(name);
        }
        if (errno != 0) return system_error("cannot list", path);
        std::sort(names.begin(), names.end());
        return names;
    }

    Result<FileStat> stat(const std::string& path) override {
        struct stat info{};
        if (::stat(path.c_str(), &info) != 0) return system_error("cannot stat", path);
        return FileStat{static_cast<std::uint64_t>(info.st_size), S_ISDIR(info.st_mode),
                        static_cast<std::uint64_t>(info.st_nlink),
                        static_cast<std::uint64_t>(info.st_ino)};
    }

    Result<std::uint64_t> free_bytes(const std::string& path) override {
        struct statvfs info{};
        if (uninterrupted([&] { return ::statvfs(path.c_str(), &info); }) != 0)
            return system_error("cannot stat", path);
        return std::uint64_t{info.f_bavail} * info.f_frsize;
    }

    Result<std::unique_ptr<FileLock>> lock(const std::string& path) override {
        const int fd =
            uninterrupted([&] { return ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600); });
        if (fd < 0) return system_error("cannot open", path);
        auto lock = std::make_unique<RealLock>(fd);
        if (uninterrupted([&] { return ::flock(fd, LOCK_EX | LOCK_NB); }) != 0) {
            if (errno == EWOULDBLOCK)
                return fail(ErrorCode::kUnavailable, "held by another process: " + path);
            return system_error("cannot lock", path);
        }
        return lock;
    }
};

}  // namespace

Fs& real_fs() {
    static RealFs fs;
    return fs;
}

}  // namespace sky::os
