// SPDX-License-Identifier: Apache-2.0
#include "cli/machine.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <netdb.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <memory>

#include "base/clock.h"
#include "base/time.h"
#include "cli/serve_flags.h"
#include "server/memory_budget.h"

namespace sky::cli {
namespace {

constexpr std::uint64_t kMiB = 1ULL << 20, kGiB = 1ULL << 30;
constexpr std::int64_t kMinuteMs = 60'000;
// Before this program was written: a clock that was never set.
constexpr std::int64_t kOldestSaneMs = 1'767'225'600'000;  // 2026-01-01
constexpr std::size_t kOpenFilesNamedMax = 3;

struct FileSystem {
    std::uint64_t magic;
    const char* name;
    const char* trouble;  // Null: a good one.
};
// Magic numbers: Linux, include/uapi/linux/magic.h and the file systems' own headers.
constexpr const char* kCopies =
    "it copies on write, so a synced overwrite costs a new block each time: writes are slower";
constexpr const char* kNetwork =
    "over a network, where locks and syncs may not hold what they promise";
constexpr auto kFileSystems = std::to_array<FileSystem>({
    {0xEF53, "ext4", nullptr},
    {0x58465342, "xfs", nullptr},
    {0xF2F52010, "f2fs", nullptr},
    {0x9123683E, "btrfs", kCopies},
    {0x2FC12FC1, "zfs", kCopies},
    {0xCA451A4E, "bcachefs", kCopies},
    {0x794C7630, "overlayfs",
     "a container's own layer, gone with the container, and copied on write"},
    {0x01021994, "tmpfs", "memory: everything is lost when the machine restarts"},
    {0x858458F6, "ramfs", "memory: everything is lost when the machine restarts"},
    {0x6969, "nfs", kNetwork},
    {0xFF534D42, "cifs", kNetwork},
    {0xFE534D42, "smb", kNetwork},
    {0x00C36400, "ceph", kNetwork},
    {0x65735546, "fuse", "a program outside the kernel decides what a sync means"},
    {0x4D44, "fat", "without journal and modes: a crash may damage it, and every user can read it"},
});

std::string bytes_text(std::uint64_t bytes) {
    return bytes >= kGiB ? fmt::format("{:.1f} GiB", static_cast<double>(bytes) / kGiB)
                         : fmt::format("{:.0f} MiB", static_cast<double>(bytes) / kMiB);
}

std::string seconds_text(std::int64_t ms) { return fmt::format("{} s", ms / 1000); }

std::string system_text(int error) { return std::strerror(error); }

// Regular files and folders of the data directory, two levels deep: that is all of it.
void walk(const std::string& directory, int depth,
          const std::function<void(const std::string&, const struct stat&)>& see) {
    const std::unique_ptr<DIR, int (*)(DIR*)> open(::opendir(directory.c_str()), ::closedir);
    if (!open) return;
    while (const dirent* const entry = ::readdir(open.get())) {
        const std::string name = entry->d_name;
        if (name == "." || name == "..") continue;
        const std::string path = directory + "/" + name;
        struct stat facts{};
        if (::lstat(path.c_str(), &facts) != 0) continue;
        see(path, facts);
        if (S_ISDIR(facts.st_mode) && depth > 0) walk(path, depth - 1, see);
    }
}

std::int64_t modified_ms(const struct stat& facts) {
    return std::int64_t{facts.st_mtim.tv_sec} * 1000 + facts.st_mtim.tv_nsec / 1'000'000;
}

}  // namespace

Finding judge_modes(const std::string& directory, const ModeFacts& facts) {
    const std::string subject = "permissions";
    if (facts.user != 0 && facts.owner != facts.user) {
        return {
            Grade::kFault, subject,
            fmt::format("{} belongs to user {}, you are {}", directory, facts.owner, facts.user),
            fmt::format("Run as that user, or: chown -R {} {}", facts.user, directory)};
    }
    if ((facts.directory_mode & 0700U) != 0700U) {
        return {Grade::kFault, subject,
                fmt::format("{} has mode {:04o}; its owner cannot work in it", directory,
                            facts.directory_mode & 07777U),
                "chmod 700 " + directory};
    }
    if ((facts.directory_mode & 0077U) != 0) {
        return {Grade::kWarning, subject,
                fmt::format("{} has mode {:04o}; others can look into it", directory,
                            facts.directory_mode & 07777U),
                "chmod 700 " + directory};
    }
    if (!facts.open_files.empty()) {
        std::string names;
        for (std::size_t i = 0; i < std::min(facts.open_files.size(), kOpenFilesNamedMax); ++i)
            names += (i == 0 ? "" : ", ") + facts.open_files[i];
        return {Grade::kWarning, subject,
                fmt::format("{} files can be read or written by others: {}",
                            facts.open_files.size(), names),
                fmt::format("chmod -R go= {}", directory)};
    }
    return {Grade::kFine, subject, "nobody else can read the data or the keys", {}};
}

Finding judge_file_system(std::uint64_t magic, bool read_only) {
    const std::string subject = "file system";
    const auto known = std::ranges::find(kFileSystems, magic, &FileSystem::magic);
    const std::string name =
        known == kFileSystems.end() ? fmt::format("of kind 0x{:x}", magic) : known->name;
    if (read_only) {
        return {Grade::kFault, subject, name + ", mounted read-only",
                "Mount it read-write (it may have become read-only after an error: see dmesg)."};
    }
    if (known == kFileSystems.end()) {
        return {Grade::kWarning, subject, name + ", which was not tried",
                "ext4 and xfs are known to keep what a sync promises."};
    }
    if (known->trouble != nullptr) {
        return {Grade::kWarning, subject, fmt::format("{}: {}", name, known->trouble),
                "Better a local ext4 or xfs (on btrfs: chattr +C on the empty directory)."};
    }
    return {Grade::kFine, subject, name, {}};
}

Finding judge_space(std::uint64_t free_bytes, std::uint64_t total_bytes, std::uint64_t free_files,
                    std::uint64_t total_files) {
    const std::string subject = "space";
    const std::string what =
        fmt::format("{} free of {}", bytes_text(free_bytes), bytes_text(total_bytes));
    const char* const remedy =
        "Give it more space, or keep less: aws logs put-retention-policy, or delete log groups.";
    // Two log segments, the ballast, and a segment being written (store.md 1.5, 1.6).
    if (free_bytes < 256 * kMiB) return {Grade::kFault, subject, what, remedy};
    if (free_bytes < 2 * kGiB || free_bytes < total_bytes / 20)
        return {Grade::kWarning, subject, what, remedy};
    if (total_files != 0 && free_files < 10'000) {
        return {Grade::kWarning, subject,
                fmt::format("{}, but only {} more files", what, free_files),
                "Delete files elsewhere on that file system, or make one with more inodes."};
    }
    return {Grade::kFine, subject, what, {}};
}

Finding judge_clock(const ClockFacts& facts) {
    const std::string subject = "clock";
    const char* const remedy =
        "Set the clock and keep it right: timedatectl set-ntp true (systemd-timesyncd or chrony). "
        "Signatures allow 5 minutes.";
    const std::string now = format_iso8601_ms(facts.now_ms);
    if (facts.now_ms < kOldestSaneMs)
        return {Grade::kFault, subject, now + " lies in the past", remedy};
    if (facts.newest_file_ms && *facts.newest_file_ms > facts.now_ms + 60 * kMinuteMs) {
        return {Grade::kFault, subject,
                fmt::format("{}, but files in the data directory are {} younger", now,
                            seconds_text(*facts.newest_file_ms - facts.now_ms)),
                remedy};
    }
    if (facts.server_ms) {
        const std::int64_t off_ms = std::abs(*facts.server_ms - facts.now_ms);
        if (off_ms > kMinuteMs) {
            return {off_ms > 5 * kMinuteMs ? Grade::kFault : Grade::kWarning, subject,
                    fmt::format("{} away from the server's", seconds_text(off_ms)), remedy};
        }
    }
    if (!facts.synchronised)
        return {Grade::kWarning, subject, now + ", not kept right by anybody", remedy};
    return {Grade::kFine, subject, now + ", synchronised", {}};
}

std::vector<Finding> judge_limits(const LimitFacts& facts) {
    std::vector<Finding> out;
    constexpr std::uint64_t kOpenFilesWanted = 65'536;  // 10,000 idle connections and all segments.
    if (facts.open_files_hard < kOpenFilesWanted) {
        out.push_back({facts.open_files_hard < 1'024 ? Grade::kFault : Grade::kWarning,
                       "open files", fmt::format("at most {}", facts.open_files_hard),
                       "Raise the hard limit: LimitNOFILE=1048576 (systemd), ulimit -Hn (shell)."});
    } else {
        out.push_back({Grade::kFine,
                       "open files",
                       facts.open_files_hard == RLIM_INFINITY
                           ? "no limit"
                           : fmt::format("up to {}", facts.open_files_hard),
                       {}});
    }
    if (facts.file_bytes != RLIM_INFINITY) {
        out.push_back({Grade::kFault, "file size",
                       fmt::format("limited to {}", bytes_text(facts.file_bytes)),
                       "Take the limit away: LimitFSIZE=infinity (systemd), ulimit -f unlimited."});
    }
    if (facts.address_space != RLIM_INFINITY) {
        out.push_back({Grade::kWarning, "address space",
                       fmt::format("limited to {}", bytes_text(facts.address_space)),
                       "Take the limit away (LimitAS=infinity, ulimit -v unlimited); --memory is "
                       "the way to bound the server."});
    }
    if (facts.memory_bytes < server::kMemoryAdvisedBytes) {
        out.push_back({Grade::kWarning, "memory",
                       fmt::format("a budget of {}", bytes_text(facts.memory_bytes)),
                       "Give the control group at least 512 MiB: queries and ingest throttle "
                       "early below that."});
    } else {
        out.push_back({Grade::kFine,
                       "memory",
                       fmt::format("a budget of {}", bytes_text(facts.memory_bytes)),
                       {}});
    }
    return out;
}

std::vector<Finding> inspect_machine(const std::string& directory,
                                     std::optional<std::int64_t> server_ms) {
    std::vector<Finding> out;
    struct stat facts{};
    std::string existing = directory;  // The directory, or the nearest part of its path.
    const bool is_there = ::stat(directory.c_str(), &facts) == 0;
    if (!is_there && errno != ENOENT) {
        out.push_back({Grade::kFault, "data directory",
                       fmt::format("{}: {}", directory, system_text(errno)),
                       "Run as the user of the server, or name another directory with --data."});
        return out;
    }
    if (is_there && !S_ISDIR(facts.st_mode)) {
        out.push_back({Grade::kFault, "data directory", directory + " is no directory",
                       "Name a directory with --data."});
        return out;
    }
    ClockFacts clock;
    if (is_there) {
        out.push_back({Grade::kFine, "data directory", directory, {}});
        ModeFacts modes{facts.st_mode, facts.st_uid, ::geteuid(), {}};
        walk(directory, 1, [&](const std::string& path, const struct stat& file) {
            if ((file.st_mode & 0077U) != 0 && !S_ISLNK(file.st_mode))
                modes.open_files.push_back(path);
            if (S_ISREG(file.st_mode))
                clock.newest_file_ms =
                    std::max(clock.newest_file_ms.value_or(0), modified_ms(file));
        });
        out.push_back(judge_modes(directory, modes));
    } else {
        while (existing.size() > 1 && ::stat(existing.c_str(), &facts) != 0) {
            const auto slash = existing.find_last_of('/');
            existing = slash == std::string::npos ? "."
                       : slash == 0               ? "/"
                                                  : existing.substr(0, slash);
            if (existing == ".") break;
        }
        const bool can_make = ::access(existing.c_str(), W_OK | X_OK) == 0;
        out.push_back({can_make ? Grade::kFine : Grade::kFault, "data directory",
                       can_make ? directory + ", which the first start makes"
                                : fmt::format("{} does not exist and cannot be made in {}",
                                              directory, existing),
                       can_make ? ""
                                : fmt::format("As root: install -d -m 700 -o {} {}", ::geteuid(),
                                              directory)});
    }
    struct statfs system{};
    struct statvfs volume{};
    if (::statfs(existing.c_str(), &system) == 0 && ::statvfs(existing.c_str(), &volume) == 0) {
        // f_type is signed on some machines; magic numbers have 32 bits.
        out.push_back(judge_file_system(static_cast<std::uint64_t>(system.f_type) & 0xFFFFFFFFU,
                                        (volume.f_flag & ST_RDONLY) != 0));
        out.push_back(judge_space(volume.f_bavail * volume.f_frsize,
                                  volume.f_blocks * volume.f_frsize, volume.f_favail,
                                  volume.f_files));
    } else {
        out.push_back({Grade::kFault, "file system",
                       fmt::format("{}: {}", existing, system_text(errno)),
                       "Is it mounted? Name another directory with --data."});
    }
    clock.now_ms = system_clock().now_ms();
    clock.server_ms = server_ms;
    timex kernel{};
    const int state = ::adjtimex(&kernel);
    clock.synchronised = state >= 0 && state != TIME_ERROR && (kernel.status & STA_UNSYNC) == 0;
    out.push_back(judge_clock(clock));

    const auto hard = [](auto resource) -> std::uint64_t {
        rlimit limit{};
        return ::getrlimit(resource, &limit) == 0 ? limit.rlim_max : RLIM_INFINITY;
    };
    for (Finding& finding : judge_limits({hard(RLIMIT_NOFILE), hard(RLIMIT_FSIZE), hard(RLIMIT_AS),
                                          server::default_memory_bytes()})) {
        out.push_back(std::move(finding));
    }
    return out;
}

Finding inspect_address(const std::string& listen) {
    const std::string subject = "address";
    const auto address = parse_listen(listen);
    if (!address) return {Grade::kFault, subject, address.error().message, "Correct --listen."};
    addrinfo wanted{};
    wanted.ai_socktype = SOCK_STREAM;
    wanted.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
    addrinfo* found = nullptr;
    const int code = ::getaddrinfo(address->host.c_str(), std::to_string(address->port).c_str(),
                                   &wanted, &found);
    if (code != 0) {
        return {Grade::kFault, subject, fmt::format("{}: {}", address->host, ::gai_strerror(code)),
                "Name an address of this machine with --listen."};
    }
    const std::unique_ptr<addrinfo, void (*)(addrinfo*)> hold(found, ::freeaddrinfo);
    const int socket = ::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int yes = 1;
    // As the server does; a port in TIME_WAIT is free.
    ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    const int bound = ::bind(socket, found->ai_addr, found->ai_addrlen);
    const int error = errno;
    ::close(socket);
    if (bound == 0) return {Grade::kFine, subject, listen + " is free", {}};
    const std::string what = fmt::format("{}: {}", listen, system_text(error));
    if (error == EADDRINUSE) {
        return {Grade::kFault, subject, what,
                fmt::format("End what listens there (ss -ltnp 'sport = :{}'), or choose another "
                            "port with --listen.",
                            address->port)};
    }
    return {Grade::kFault, subject, what,
            error == EACCES ? "Ports below 1024 need CAP_NET_BIND_SERVICE; choose one above."
                            : "Name an address of this machine with --listen (ip addr)."};
}

}  // namespace sky::cli
