// SPDX-License-Identifier: Apache-2.0
#include "os/sim_fs.h"

#include <functional>
#include <map>
#include <optional>
#include <set>

#include "base/random.h"
#include "os/limits.h"

namespace sky::os {
namespace {

constexpr std::uint64_t kSector = limits::kSectorBytes;

std::vector<std::string> split_path(std::string_view path) {
    std::vector<std::string> parts;
    while (!path.empty()) {
        const std::size_t slash = std::min(path.find('/'), path.size());
        const std::string_view part = path.substr(0, slash);
        if (!part.empty() && part != ".") parts.emplace_back(part);
        path.remove_prefix(std::min(slash + 1, path.size()));
    }
    return parts;
}

bool hits(SimCalls set, SimCalls kind) {
    return (static_cast<unsigned>(set) & static_cast<unsigned>(kind)) != 0;
}

struct Inode {
    std::uint64_t id = 0;
    bool directory = false;
    bool locked = false;
    // A file.
    std::string bytes;                                          // What reads see.
    std::string durable;                                        // At the last sync.
    std::map<std::uint64_t, std::vector<std::string>> pending;  // Sector -> contents since then.
    std::vector<std::uint64_t> pending_sizes;
    // A directory.
    std::map<std::string, std::shared_ptr<Inode>> entries, durable_entries;
};
using InodePtr = std::shared_ptr<Inode>;

/// One change of names that happens whole or not at all.
struct NameChange {
    struct Step {
        InodePtr directory;
        std::string name;
        InodePtr target;  // Null removes.
    };
    std::vector<Step> steps;
};

}  // namespace

struct SimFs::Disk {
    explicit Disk(std::uint64_t seed) : random(seed) {
        root = std::make_shared<Inode>();
        root->directory = true;
        root->id = next_id++;
    }

    mutable std::mutex mutex;
    SeededRandom random;
    InodePtr root;
    std::uint64_t next_id = 1;
    std::vector<NameChange> pending_names;
    bool power = true;
    std::uint64_t cut_in = 0;  // 0: not armed.
    std::uint64_t change_count = 0;
    std::optional<std::uint64_t> capacity;
    struct Fault {
        SimCalls which = SimCalls::kAll;
        std::uint32_t per_million = 0;
        std::uint64_t once_in = 0;  // 0: not armed.
        ErrorCode code = ErrorCode::kInternal;
    };
    Fault rate, once;

    std::function<void()> between_calls;  // Set while one thread uses the disk.
    bool inside_hook = false;

    /// Begins a call: the hook first, which may make calls itself, then the lock.
    std::unique_lock<std::mutex> enter() {
        if (between_calls && !inside_hook) {
            inside_hook = true;
            between_calls();
            inside_hook = false;
        }
        return std::unique_lock(mutex);
    }

    static std::unexpected<Error> no_power(const std::string& path) {
        return fail(ErrorCode::kInternal, "power is off: " + path);
    }

    std::optional<Error> fault(SimCalls kind, const std::string& path) {
        if (once.once_in > 0 && hits(once.which, kind) && --once.once_in == 0)
            return Error{once.code, "injected fault: " + path};
        if (rate.per_million > 0 && hits(rate.which, kind) &&
            random.below(1'000'000) < rate.per_million)
            return Error{rate.code, "injected fault: " + path};
        return std::nullopt;
    }

    Status enter_read(SimCalls kind, const std::string& path) {
        if (!power) return no_power(path);
        if (auto error = fault(kind, path)) return std::unexpected(std::move(*error));
        return {};
    }

    /// Runs a change under power, faults and the armed cut. `apply` returns its own errors;
    /// `half` is what an injected error leaves behind.
    template <class Apply, class Half>
    Status change(SimCalls kind, const std::string& path, Apply apply, Half half) {
        if (!power) return no_power(path);
        ++change_count;
        if (cut_in > 0 && --cut_in == 0) {
            if (random.below(2) == 0) static_cast<void>(apply());
            power = false;
            return no_power(path);
        }
        if (auto error = fault(kind, path)) {
            half();
            return std::unexpected(std::move(*error));
        }
        return apply();
    }
    template <class Apply>
    Status change(SimCalls kind, const std::string& path, Apply apply) {
        return change(kind, path, apply, [] {});
    }

    InodePtr find(const std::vector<std::string>& parts, std::size_t count) const {
        InodePtr at = root;
        for (std::size_t i = 0; i < count; ++i) {
            if (!at->directory) return nullptr;
            const auto found = at->entries.find(parts[i]);
            if (found == at->entries.end()) return nullptr;
            at = found->second;
        }
        return at;
    }
    InodePtr find(const std::string& path) const {
        const auto parts = split_path(path);
        return find(parts, parts.size());
    }

    struct Place {
        InodePtr directory;
        std::string name;
        InodePtr target;  // Null when nothing has the name.
    };
    Result<Place> place(const std::string& path) const {
        const auto parts = split_path(path);
        if (parts.empty()) return fail(ErrorCode::kInvalidArgument, "no name: " + path);
        InodePtr directory = find(parts, parts.size() - 1);
        if (!directory || !directory->directory)
            return fail(ErrorCode::kNotFound, "no such directory: " + path);
        const auto found = directory->entries.find(parts.back());
        InodePtr target = found == directory->entries.end() ? nullptr : found->second;
        return Place{std::move(directory), parts.back(), std::move(target)};
    }

    void apply_names(NameChange change) {
        for (const auto& step : change.steps) {
            if (step.target) {
                step.directory->entries[step.name] = step.target;
            } else {
                step.directory->entries.erase(step.name);
            }
        }
        pending_names.push_back(std::move(change));
    }

    static void make_durable(const NameChange& change) {
        for (const auto& step : change.steps) {
            if (step.target) {
                step.directory->durable_entries[step.name] = step.target;
            } else {
                step.directory->durable_entries.erase(step.name);
            }
        }
    }

    /// Changes that touch the directory, and earlier ones of the same names: a later change of a
    /// name never becomes durable before an earlier one.
    void sync_names(const InodePtr& directory) {
        std::set<std::pair<const Inode*, std::string>> names;
        std::vector<bool> chosen(pending_names.size());
        for (std::size_t i = pending_names.size(); i-- > 0;) {
            for (const auto& step : pending_names[i].steps) {
                if (step.directory == directory ||
                    names.contains({step.directory.get(), step.name}))
                    chosen[i] = true;
            }
            if (!chosen[i]) continue;
            for (const auto& step : pending_names[i].steps)
                names.emplace(step.directory.get(), step.name);
        }
        std::vector<NameChange> left;
        for (std::size_t i = 0; i < pending_names.size(); ++i) {
            if (chosen[i]) {
                make_durable(pending_names[i]);
            } else {
                left.push_back(std::move(pending_names[i]));
            }
        }
        pending_names = std::move(left);
    }

    static void resize(Inode& file, std::uint64_t bytes) {
        const std::uint64_t before = file.bytes.size();
        if (bytes == before) return;
        file.bytes.resize(static_cast<std::size_t>(bytes), '\0');
        file.pending_sizes.push_back(bytes);
        // The cut-off part reads as zeros should the file grow again.
        if (bytes < before) note_written(file, bytes, before - bytes);
    }

    static void note_written(Inode& file, std::uint64_t offset, std::uint64_t bytes) {
        if (bytes == 0) return;
        for (std::uint64_t s = offset / kSector; s <= (offset + bytes - 1) / kSector; ++s) {
            std::string sector;
            if (s * kSector < file.bytes.size())
                sector = file.bytes.substr(static_cast<std::size_t>(s * kSector), kSector);
            sector.resize(kSector, '\0');
            file.pending[s].push_back(std::move(sector));
        }
    }

    static void put(std::string& into, std::uint64_t sector, std::string_view bytes) {
        const std::uint64_t at = sector * kSector;
        if (at >= into.size()) return;
        const std::size_t count =
            std::min<std::size_t>(bytes.size(), into.size() - static_cast<std::size_t>(at));
        into.replace(static_cast<std::size_t>(at), count, bytes.substr(0, count));
    }

    static void sync_file(Inode& file) {
        file.durable.resize(file.bytes.size(), '\0');
        for (const auto& [sector, versions] : file.pending)
            put(file.durable, sector, versions.back());
        file.pending.clear();
        file.pending_sizes.clear();
    }

    /// The kernel marks the pages clean though only some reached the disk.
    void fail_sync(Inode& file) {
        if (!file.pending_sizes.empty() && random.below(2) == 0)
            file.durable.resize(static_cast<std::size_t>(file.pending_sizes.back()), '\0');
        for (const auto& [sector, versions] : file.pending) {
            if (random.below(2) == 0) put(file.durable, sector, versions.back());
        }
        file.pending.clear();
        file.pending_sizes.clear();
    }

    std::uint64_t used(std::set<const Inode*>& seen, const Inode& at) const {
        if (!seen.insert(&at).second) return 0;
        std::uint64_t sum = at.bytes.size();
        for (const auto& [name, inode] : at.entries) sum += used(seen, *inode);
        return sum;
    }

    Status write(Inode& file, const std::string& path, std::uint64_t offset,
                 std::span<const std::span<const std::byte>> parts) {
        std::uint64_t total = 0;
        for (const auto part : parts) total += part.size();
        std::uint64_t allowed = total;
        if (capacity && offset + total > file.bytes.size()) {
            std::set<const Inode*> seen;
            const std::uint64_t others = used(seen, *root) - file.bytes.size();
            const std::uint64_t end_max = *capacity > others ? *capacity - others : 0;
            if (offset + total > end_max)
                allowed = end_max > offset ? std::min(total, end_max - offset) : 0;
        }
        write_first(file, offset, parts, allowed);
        if (allowed < total) return fail(ErrorCode::kNoSpace, "disk is full: " + path);
        return {};
    }

    static void write_first(Inode& file, std::uint64_t offset,
                            std::span<const std::span<const std::byte>> parts,
                            std::uint64_t bytes_max) {
        if (bytes_max == 0) return;
        const std::uint64_t before = file.bytes.size();
        if (offset + bytes_max > before) {
            file.bytes.resize(static_cast<std::size_t>(offset + bytes_max), '\0');
            file.pending_sizes.push_back(offset + bytes_max);
        }
        std::uint64_t done = 0;
        for (const auto part : parts) {
            const auto step =
                static_cast<std::size_t>(std::min<std::uint64_t>(part.size(), bytes_max - done));
            file.bytes.replace(static_cast<std::size_t>(offset + done), step,
                               reinterpret_cast<const char*>(part.data()), step);
            done += step;
        }
        note_written(file, offset, bytes_max);
    }

    // What a power loss leaves -------------------------------------------------------------------

    std::string survivor(const Inode& file, SeededRandom& dice) const {
        std::uint64_t size = file.durable.size();
        if (!file.pending_sizes.empty()) {
            const auto pick = dice.below(file.pending_sizes.size() + 1);
            if (pick > 0) size = file.pending_sizes[static_cast<std::size_t>(pick - 1)];
        }
        std::string bytes = file.durable;
        bytes.resize(static_cast<std::size_t>(size), '\0');
        const auto mood = dice.below(4);  // None, all, or a mix: the ends are likelier than chance.
        for (const auto& [sector, versions] : file.pending) {
            if (mood == 0) continue;
            auto pick = versions.size();
            if (mood >= 2) pick = static_cast<std::size_t>(dice.below(versions.size() + 1));
            if (pick > 0) put(bytes, sector, versions[pick - 1]);
        }
        return bytes;
    }

    InodePtr survivor_tree(const InodePtr& at, Disk& next, SeededRandom& dice,
                           std::map<const Inode*, InodePtr>& made) const {
        const auto known = made.find(at.get());
        if (known != made.end()) return known->second;
        auto copy = std::make_shared<Inode>();
        made[at.get()] = copy;
        copy->id = next.next_id++;
        copy->directory = at->directory;
        if (!at->directory) {
            copy->bytes = survivor(*at, dice);
            copy->durable = copy->bytes;
        }
        for (const auto& [name, inode] : at->durable_entries)
            copy->entries[name] = survivor_tree(inode, next, dice, made);
        copy->durable_entries = copy->entries;
        return copy;
    }
};

class SimFile final : public File {
public:
    SimFile(std::shared_ptr<SimFs::Disk> disk, InodePtr inode, std::string path, bool writable)
        : disk_(std::move(disk)),
          inode_(std::move(inode)),
          path_(std::move(path)),
          writable_(writable) {}

    Result<std::size_t> pread(std::uint64_t offset, std::span<std::byte> out) const override {
        const auto lock = disk_->enter();
        SKY_TRY(disk_->enter_read(SimCalls::kReads, path_));
        if (offset >= inode_->bytes.size()) return 0;
        const auto count = std::min<std::size_t>(
            out.size(), inode_->bytes.size() - static_cast<std::size_t>(offset));
        if (count > 0)
            std::memcpy(out.data(), inode_->bytes.data() + static_cast<std::size_t>(offset), count);
        return count;
    }

    Status pwrite_parts(std::uint64_t offset,
                        std::span<const std::span<const std::byte>> parts) override {
        const auto lock = disk_->enter();
        SKY_TRY(writable());
        return disk_->change(
            SimCalls::kWrites, path_, [&] { return disk_->write(*inode_, path_, offset, parts); },
            [&] {
                std::uint64_t total = 0;
                for (const auto part : parts) total += part.size();
                SimFs::Disk::write_first(*inode_, offset, parts, disk_->random.below(total + 1));
            });
    }

    Status fdatasync() override {
        const auto lock = disk_->enter();
        return disk_->change(
            SimCalls::kSyncs, path_,
            [&]() -> Status {
                SimFs::Disk::sync_file(*inode_);
                return {};
            },
            [&] { disk_->fail_sync(*inode_); });
    }

    Status truncate(std::uint64_t bytes) override {
        const auto lock = disk_->enter();
        SKY_TRY(writable());
        return disk_->change(SimCalls::kWrites, path_, [&]() -> Status {
            SimFs::Disk::resize(*inode_, bytes);
            return {};
        });
    }

    Result<std::uint64_t> size() const override {
        const auto lock = disk_->enter();
        SKY_TRY(disk_->enter_read(SimCalls::kReads, path_));
        return inode_->bytes.size();
    }

    const std::string& path() const override { return path_; }
    void drop_cached(std::uint64_t, std::uint64_t) const override {}

private:
    Status writable() const {
        if (writable_) return {};
        return fail(ErrorCode::kInternal, "opened for reading only: " + path_);
    }

    const std::shared_ptr<SimFs::Disk> disk_;
    const InodePtr inode_;
    const std::string path_;
    const bool writable_;
};

class SimLock final : public FileLock {
public:
    SimLock(std::shared_ptr<SimFs::Disk> disk, InodePtr inode)
        : disk_(std::move(disk)), inode_(std::move(inode)) {}
    SimLock(const SimLock&) = delete;
    SimLock& operator=(const SimLock&) = delete;
    ~SimLock() override {
        const std::lock_guard lock(disk_->mutex);
        inode_->locked = false;
    }

private:
    const std::shared_ptr<SimFs::Disk> disk_;
    const InodePtr inode_;
};

SimFs::SimFs(std::uint64_t seed) : disk_(std::make_shared<Disk>(seed)) {}
SimFs::SimFs(std::shared_ptr<Disk> disk) : disk_(std::move(disk)) {}
SimFs::~SimFs() = default;

void SimFs::cut_power() {
    const std::lock_guard lock(disk_->mutex);
    disk_->power = false;
}

void SimFs::cut_power_after(std::uint64_t count) {
    const std::lock_guard lock(disk_->mutex);
    disk_->cut_in = count;
}

bool SimFs::powered() const {
    const std::lock_guard lock(disk_->mutex);
    return disk_->power;
}

std::unique_ptr<SimFs> SimFs::after_power_loss(std::uint64_t seed) {
    const std::lock_guard lock(disk_->mutex);
    disk_->power = false;
    SeededRandom dice(seed);
    auto next = std::make_shared<Disk>(dice.next_u64());
    const auto mood = dice.below(4);
    for (const auto& change : disk_->pending_names) {
        if (mood == 1 || (mood >= 2 && dice.below(2) == 0)) Disk::make_durable(change);
    }
    disk_->pending_names.clear();
    std::map<const Inode*, InodePtr> made;
    next->root = disk_->survivor_tree(disk_->root, *next, dice, made);
    return std::unique_ptr<SimFs>(new SimFs(std::move(next)));
}

void SimFs::set_capacity(std::uint64_t bytes) {
    const std::lock_guard lock(disk_->mutex);
    disk_->capacity = bytes;
}

std::uint64_t SimFs::used_bytes() const {
    const std::lock_guard lock(disk_->mutex);
    std::set<const Inode*> seen;
    return disk_->used(seen, *disk_->root);
}

void SimFs::set_fault_rate(SimCalls which, std::uint32_t per_million, ErrorCode code) {
    const std::lock_guard lock(disk_->mutex);
    disk_->rate = {which, per_million, 0, code};
}

void SimFs::fail_after(SimCalls which, std::uint64_t count, ErrorCode code) {
    const std::lock_guard lock(disk_->mutex);
    disk_->once = {which, 0, count, code};
}

void SimFs::set_between_calls(std::function<void()> hook) {
    const std::lock_guard lock(disk_->mutex);
    disk_->between_calls = std::move(hook);
}

std::uint64_t SimFs::changes() const {
    const std::lock_guard lock(disk_->mutex);
    return disk_->change_count;
}

Status SimFs::flip_bit(const std::string& path, std::uint64_t offset, unsigned bit) {
    const std::lock_guard lock(disk_->mutex);
    const InodePtr inode = disk_->find(path);
    if (!inode || inode->directory) return fail(ErrorCode::kNotFound, "no such file: " + path);
    if (offset >= inode->bytes.size())
        return fail(ErrorCode::kInvalidArgument, "offset past the end: " + path);
    const auto at = static_cast<std::size_t>(offset);
    const auto mask = static_cast<char>(1U << (bit % 8));
    inode->bytes[at] = static_cast<char>(inode->bytes[at] ^ mask);
    if (at < inode->durable.size())
        inode->durable[at] = static_cast<char>(inode->durable[at] ^ mask);
    return {};
}

Result<std::unique_ptr<File>> SimFs::open(const std::string& path, OpenMode mode) {
    const auto lock = disk_->enter();
    InodePtr inode;
    const auto find_or_make = [&]() -> Status {
        auto place = SKY_TRY(disk_->place(path));
        if (place.target && mode == OpenMode::kCreateNew)
            return fail(ErrorCode::kAlreadyExists, "file exists: " + path);
        if (place.target && place.target->directory)
            return fail(ErrorCode::kInternal, "is a directory: " + path);
        if (!place.target && (mode == OpenMode::kRead || mode == OpenMode::kReadWrite))
            return fail(ErrorCode::kNotFound, "no such file: " + path);
        if (!place.target) {
            place.target = std::make_shared<Inode>();
            place.target->id = disk_->next_id++;
            disk_->apply_names({{{place.directory, place.name, place.target}}});
        }
        inode = place.target;
        return {};
    };
    if (mode == OpenMode::kRead || mode == OpenMode::kReadWrite) {
        SKY_TRY(disk_->enter_read(SimCalls::kNames, path));
        SKY_TRY(find_or_make());
    } else {
        SKY_TRY(disk_->change(SimCalls::kNames, path, find_or_make));
    }
    return std::make_unique<SimFile>(disk_, std::move(inode), path, mode != OpenMode::kRead);
}

Status SimFs::rename(const std::string& from, const std::string& to) {
    const auto lock = disk_->enter();
    return disk_->change(SimCalls::kNames, from, [&]() -> Status {
        const auto source = SKY_TRY(disk_->place(from));
        const auto target = SKY_TRY(disk_->place(to));
        if (!source.target) return fail(ErrorCode::kNotFound, "no such file: " + from);
        if (target.target == source.target) return {};
        if (target.target && (target.target->directory || source.target->directory))
            return fail(ErrorCode::kAlreadyExists, "name is taken: " + to);
        disk_->apply_names({{{source.directory, source.name, nullptr},
                             {target.directory, target.name, source.target}}});
        return {};
    });
}

Status SimFs::unlink(const std::string& path) {
    const auto lock = disk_->enter();
    return disk_->change(SimCalls::kNames, path, [&]() -> Status {
        const auto place = SKY_TRY(disk_->place(path));
        if (!place.target) return fail(ErrorCode::kNotFound, "no such file: " + path);
        if (place.target->directory) return fail(ErrorCode::kInternal, "is a directory: " + path);
        disk_->apply_names({{{place.directory, place.name, nullptr}}});
        return {};
    });
}

Status SimFs::link(const std::string& from, const std::string& to) {
    const auto lock = disk_->enter();
    return disk_->change(SimCalls::kNames, from, [&]() -> Status {
        const auto source = SKY_TRY(disk_->place(from));
        const auto target = SKY_TRY(disk_->place(to));
        if (!source.target) return fail(ErrorCode::kNotFound, "no such file: " + from);
        if (target.target) return fail(ErrorCode::kAlreadyExists, "name is taken: " + to);
        disk_->apply_names({{{target.directory, target.name, source.target}}});
        return {};
    });
}

Status SimFs::make_directory(const std::string& path) {
    const auto lock = disk_->enter();
    return disk_->change(SimCalls::kNames, path, [&]() -> Status {
        const auto place = SKY_TRY(disk_->place(path));
        if (place.target) return fail(ErrorCode::kAlreadyExists, "name is taken: " + path);
        auto made = std::make_shared<Inode>();
        made->id = disk_->next_id++;
        made->directory = true;
        disk_->apply_names({{{place.directory, place.name, std::move(made)}}});
        return {};
    });
}

Status SimFs::remove_directory(const std::string& path) {
    const auto lock = disk_->enter();
    return disk_->change(SimCalls::kNames, path, [&]() -> Status {
        const auto place = SKY_TRY(disk_->place(path));
        if (!place.target || !place.target->directory)
            return fail(ErrorCode::kNotFound, "no such directory: " + path);
        if (!place.target->entries.empty())
            return fail(ErrorCode::kInternal, "directory is not empty: " + path);
        disk_->apply_names({{{place.directory, place.name, nullptr}}});
        return {};
    });
}

Status SimFs::fsync_directory(const std::string& path) {
    const auto lock = disk_->enter();
    return disk_->change(SimCalls::kSyncs, path, [&]() -> Status {
        const InodePtr directory = disk_->find(path);
        if (!directory || !directory->directory)
            return fail(ErrorCode::kNotFound, "no such directory: " + path);
        disk_->sync_names(directory);
        return {};
    });
}

Result<std::vector<std::string>> SimFs::list(const std::string& path) {
    const auto lock = disk_->enter();
    SKY_TRY(disk_->enter_read(SimCalls::kReads, path));
    const InodePtr directory = disk_->find(path);
    if (!directory || !directory->directory)
        return fail(ErrorCode::kNotFound, "no such directory: " + path);
    std::vector<std::string> names;
    for (const auto& [name, inode] : directory->entries) names.push_back(name);
    return names;
}

Result<FileStat> SimFs::stat(const std::string& path) {
    const auto lock = disk_->enter();
    SKY_TRY(disk_->enter_read(SimCalls::kReads, path));
    const InodePtr inode = disk_->find(path);
    if (!inode) return fail(ErrorCode::kNotFound, "no such file: " + path);
    std::uint64_t links = 0;
    std::vector<InodePtr> open = {disk_->root};
    while (!open.empty()) {
        const InodePtr at = std::move(open.back());
        open.pop_back();
        for (const auto& [name, child] : at->entries) {
            if (child == inode) ++links;
            if (child->directory) open.push_back(child);
        }
    }
    return FileStat{inode->bytes.size(), inode->directory, links, inode->id};
}

Result<std::uint64_t> SimFs::free_bytes(const std::string& path) {
    const auto lock = disk_->enter();
    SKY_TRY(disk_->enter_read(SimCalls::kReads, path));
    if (!disk_->find(path)) return fail(ErrorCode::kNotFound, "no such file: " + path);
    if (!disk_->capacity) return std::numeric_limits<std::uint64_t>::max();
    std::set<const Inode*> seen;
    const std::uint64_t used = disk_->used(seen, *disk_->root);
    return *disk_->capacity > used ? *disk_->capacity - used : 0;
}

Result<std::unique_ptr<FileLock>> SimFs::lock(const std::string& path) {
    static_cast<void>(SKY_TRY(open(path, OpenMode::kCreate)));
    const auto guard = disk_->enter();
    const InodePtr inode = disk_->find(path);
    if (!inode) return fail(ErrorCode::kNotFound, "no such file: " + path);
    if (inode->locked) return fail(ErrorCode::kUnavailable, "held by another process: " + path);
    inode->locked = true;
    return std::make_unique<SimLock>(disk_, inode);
}

}  // namespace sky::os
