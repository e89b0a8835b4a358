// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/os/sim_fs.h - a disk in memory that loses what was not synced (store.md 1.9).

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "os/fs.h"

namespace sky::os {

/// Kinds of calls that a fault may hit, as bits.
enum class SimCalls : std::uint8_t {
    kReads = 1,   // pread, size, stat, list
    kWrites = 2,  // pwrite, truncate
    kSyncs = 4,   // fdatasync, fsync_directory
    kNames = 8,   // open, rename, unlink, link, make and remove directory, lock
    kChanges = 14,
    kAll = 15,
};

/// What a power loss leaves (weaker than any real disk, on purpose):
///   - of each 512-byte sector written since its file's last fdatasync, the synced content or any
///     one of the later ones, each sector by itself; also of each file size since then;
///   - of the names made, renamed and removed since the directory's last fsync, any subset; a
///     rename is one change;
///   - a failed fdatasync leaves each of its sectors durable or lost for good, while reads still
///     show the new bytes, as Linux does.
/// Repeats for a seed when one thread uses it. Threads: every member may be called from any thread.
class SimFs final : public Fs {
public:
    explicit SimFs(std::uint64_t seed);
    ~SimFs() override;

    /// Every later call on this disk and its open files fails; nothing changes any more.
    void cut_power();
    /// Cuts the power at the count-th next call that changes something (1 = the next), before or
    /// after it took effect; the caller sees an error either way.
    void cut_power_after(std::uint64_t count);
    bool powered() const;
    /// Cuts the power and returns the disk as the next start finds it.
    std::unique_ptr<SimFs> after_power_loss(std::uint64_t seed);

    /// Writes that would need more than this fail with kNoSpace, in part done.
    void set_capacity(std::uint64_t bytes);
    std::uint64_t used_bytes() const;
    /// Each call of these kinds fails with this probability; 0 ends it.
    void set_fault_rate(SimCalls which, std::uint32_t per_million, ErrorCode code);
    /// The count-th next call of these kinds fails, once (1 = the next).
    void fail_after(SimCalls which, std::uint64_t count, ErrorCode code);
    /// Runs before each call on this disk and its files, but not before the calls that it makes
    /// itself: other work may happen between any two calls, on one thread and repeatably. Null ends
    /// it. Only while one thread uses the disk.
    void set_between_calls(std::function<void()> hook);
    /// Calls since the start that changed something; for choosing crash points.
    std::uint64_t changes() const;
    /// Flips one bit as a failing medium would: now and after any power loss.
    Status flip_bit(const std::string& path, std::uint64_t offset, unsigned bit);

    Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override;
    Status rename(const std::string& from, const std::string& to) override;
    Status unlink(const std::string& path) override;
    Status link(const std::string& from, const std::string& to) override;
    Status make_directory(const std::string& path) override;
    Status remove_directory(const std::string& path) override;
    Status fsync_directory(const std::string& path) override;
    Result<std::vector<std::string>> list(const std::string& path) override;
    Result<FileStat> stat(const std::string& path) override;
    Result<std::uint64_t> free_bytes(const std::string& path) override;
    Result<std::unique_ptr<FileLock>> lock(const std::string& path) override;

private:
    struct Disk;
    friend class SimFile;
    friend class SimLock;
    explicit SimFs(std::shared_ptr<Disk> disk);
    std::shared_ptr<Disk> disk_;  // Shared with open files, which may outlive the object.
};

}  // namespace sky::os
