// SPDX-License-Identifier: Apache-2.0
#include "store/wal.h"

#include <charconv>
#include <chrono>
#include <condition_variable>
#include <limits>
#include <thread>

#include "base/assert.h"
#include "base/log.h"
#include "store/limits.h"

namespace sky::store {
namespace {

constexpr std::string_view kSuffix = ".wal";
constexpr std::uint64_t kNoLsn = std::numeric_limits<std::uint64_t>::max();

std::string file_name(std::uint64_t number) {
    std::string digits = std::to_string(number);
    if (digits.size() < 8) digits.insert(0, 8 - digits.size(), '0');
    return digits.append(kSuffix);
}

std::optional<std::uint64_t> file_number(std::string_view name) {
    if (!name.ends_with(kSuffix)) return std::nullopt;
    name.remove_suffix(kSuffix.size());
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (error != std::errc() || end != name.data() + name.size()) return std::nullopt;
    return number;
}

std::uint64_t aligned(std::uint64_t bytes) {
    return (bytes + limits::kWalBlockBytes - 1) / limits::kWalBlockBytes * limits::kWalBlockBytes;
}

bool all_zero(std::string_view bytes) {
    return bytes.find_first_not_of('\0') == std::string_view::npos;
}

enum class SegmentState : std::uint8_t {
    kFree,     // Pre-written or released; its content is of no use.
    kActive,   // Being written.
    kFull,     // Holds records that are not released.
    kRetired,  // As kFull, but a write or sync failed: never written again.
};

struct Segment {
    std::uint64_t number = 0;
    std::uint64_t bytes = 0;
    SegmentState state = SegmentState::kFree;
    std::uint64_t first_lsn = 0;
    std::uint64_t end_lsn = 0;        // One past the last record.
    std::uint64_t durable_bytes = 0;  // Of its front; what lies behind may change.
    std::unique_ptr<os::File> file;
};

std::span<const std::byte> zeros(std::size_t count) {
    static constexpr std::array<std::byte, limits::kWalBlockBytes> kZeros{};
    return std::span(kZeros).first(count);
}

}  // namespace

struct Wal::Impl {
    explicit Impl(const WalOptions& given) : options(given) {}

    const WalOptions options;
    WalRecovery recovery;

    // The committer's own.
    Segment* active = nullptr;  // Owned by `segments`.
    std::uint64_t offset = 0;   // In the active segment; 0: its header is not yet written.
    std::uint32_t chain = 0;
    std::uint64_t generation_count = 0;
    std::uint64_t generation = 0;
    bool asked_for_spare = false;
    bool failed_before = false;  // The newest write failed; one segment is tried.

    mutable std::mutex mutex;
    std::condition_variable changed;
    std::vector<std::unique_ptr<Segment>> segments;
    std::uint64_t next_number = 1;
    std::uint64_t next_lsn = 1;
    bool want_spare = false, stopping = false, read_only = false, making = false;
    WalStats stats{};
    std::thread maker;

    ~Impl() {
        {
            const std::lock_guard lock(mutex);
            stopping = true;
        }
        changed.notify_all();
        if (maker.joinable()) maker.join();
    }

    std::string path_of(std::uint64_t number) const {
        return options.directory + "/" + file_name(number);
    }

    std::uint64_t segments_max() const {
        return std::max(options.total_bytes_max / options.segment_bytes, limits::kWalSegmentsMin);
    }

    // Start --------------------------------------------------------------------------------------

    Status recover(const std::function<Status(const WalRecord&)>& replay);

    // Segments -----------------------------------------------------------------------------------

    /// Makes one more segment. Call without the lock.
    Status make_segment() {
        std::uint64_t number = 0;
        {
            const std::lock_guard lock(mutex);
            number = next_number++;
        }
        const std::string path = path_of(number);
        const auto made = [&]() -> Result<std::unique_ptr<os::File>> {
            auto file = SKY_TRY(options.fs->open(path, os::OpenMode::kCreateNew));
            SKY_TRY(os::write_zeros(*file, options.segment_bytes));
            SKY_TRY(options.fs->fsync_directory(options.directory));
            return file;
        };
        auto file = made();
        if (!file) {
            // What it holds of a full disk is needed elsewhere.
            static_cast<void>(options.fs->unlink(path));
            return std::unexpected(file.error());
        }
        auto segment = std::make_unique<Segment>();
        segment->number = number;
        segment->bytes = options.segment_bytes;
        segment->file = *std::move(file);
        {
            const std::lock_guard lock(mutex);
            segments.push_back(std::move(segment));
        }
        changed.notify_all();
        return {};
    }

    Segment* find_free() {
        for (const auto& segment : segments)
            if (segment->state == SegmentState::kFree) return segment.get();
        return nullptr;
    }

    /// Keeps one spare segment ahead of the committer, so that it never waits for one to be
    /// written.
    void run_maker() {
        std::unique_lock lock(mutex);
        for (;;) {
            changed.wait(lock, [&] { return stopping || (want_spare && !making); });
            if (stopping) return;
            make_wanted_spare(lock);
        }
    }
    void make_wanted_spare(std::unique_lock<std::mutex>& lock) {
        want_spare = false;
        if (find_free() != nullptr || segments.size() >= segments_max()) return;
        making = true;
        lock.unlock();
        const Status made = make_segment();
        if (!made) log::warn("wal.spare_segment_failed", {{"error", made.error().message}});
        lock.lock();
        making = false;
        changed.notify_all();
    }

    static std::unexpected<Error> log_full() {
        return fail(ErrorCode::kThrottled, "the write-ahead log is full until a flush succeeds");
    }

    /// A segment to write to becomes the active one; the log goes on at next_lsn.
    Status activate() {
        std::unique_lock lock(mutex);
        auto deadline =
            std::chrono::steady_clock::now() + std::chrono::milliseconds(options.full_wait_ms);
        for (;;) {
            if (stopping) return fail(ErrorCode::kUnavailable, "the store is closing");
            Segment* const free = find_free();
            if (free != nullptr) {
                active = free;
                active->state = SegmentState::kActive;
                active->first_lsn = active->end_lsn = next_lsn;
                active->durable_bytes = 0;
                break;
            }
            if (!making && segments.size() < segments_max()) {
                making = true;
                lock.unlock();
                const Status made = make_segment();
                lock.lock();
                making = false;
                changed.notify_all();
                if (!made) return made;
                continue;
            }
            // Stepped, nobody else will make or release one while this waits.
            if (options.background == Background::kStepped) return log_full();
            if (making) {  // As long as the disk takes for one segment.
                changed.wait(lock, [&] { return !making || stopping; });
                deadline = std::chrono::steady_clock::now() +
                           std::chrono::milliseconds(options.full_wait_ms);
                continue;
            }
            if (changed.wait_until(lock, deadline) == std::cv_status::timeout) return log_full();
        }
        offset = 0;
        asked_for_spare = false;
        generation = ++generation_count << 32 | (options.random->next_u64() & 0xFFFFFFFF);
        chain = static_cast<std::uint32_t>(generation);
        return {};
    }

    void leave_active(SegmentState state) {
        const std::lock_guard lock(mutex);
        active->state = state;
        if (active->end_lsn == active->first_lsn && state == SegmentState::kFull)
            active->state = SegmentState::kFree;
        active = nullptr;
    }

    // Writing ------------------------------------------------------------------------------------

    Result<std::size_t> commit(std::span<WalEntry> entries, std::uint64_t next_sequence);
    Status write_group(std::span<WalEntry> entries, std::uint64_t next_sequence);
};

Status Wal::Impl::recover(const std::function<Status(const WalRecord&)>& replay) {
    struct Found {
        std::unique_ptr<Segment> segment;
        WalSegmentHeader header;
        bool header_damaged = false;
        bool known_durable = true;
        bool released_alone = false;
    };
    std::vector<Found> found;
    const auto read_front = [&](const os::File& file, std::string& into, std::uint64_t bytes) {
        into.resize(static_cast<std::size_t>(bytes));
        return file.pread(0, std::as_writable_bytes(std::span(into)));
    };
    std::string bytes;
    for (const auto& name : SKY_TRY(options.fs->list(options.directory))) {
        const auto number = file_number(name);
        if (!number) continue;
        next_number = std::max(next_number, *number + 1);
        auto segment = std::make_unique<Segment>();
        segment->number = *number;
        const std::string path = options.directory + "/" + name;
        segment->file = SKY_TRY(options.fs->open(path, os::OpenMode::kReadWrite));
        segment->bytes = SKY_TRY(segment->file->size());
        if (segment->bytes > limits::kWalSegmentBytesMax)
            return fail(ErrorCode::kCorruption, "WAL segment is impossibly large: " + path);
        const std::size_t got =
            SKY_TRY(read_front(*segment->file, bytes,
                               std::min<std::uint64_t>(
                                   segment->bytes, limits::kWalBlockBytes + kWalGroupHeaderBytes)));
        bytes.resize(got);
        auto header = decode_segment_header(bytes);
        if (!header && header.error().code == ErrorCode::kUnavailable)
            return fail(ErrorCode::kUnavailable, header.error().message + ": " + path);
        if (header) {
            segment->first_lsn = header->first_lsn;
            found.push_back({std::move(segment), *header});
            continue;
        }
        if (all_zero(bytes)) {
            if (segment->bytes == options.segment_bytes) {
                segments.push_back(std::move(segment));
            } else {  // Left by an unfinished make_segment(), or of another configured size.
                SKY_TRY(options.fs->unlink(path));
            }
            continue;
        }
        // Never overwrite what may be acknowledged data behind a damaged header.
        bytes.resize(SKY_TRY(read_front(*segment->file, bytes, segment->bytes)));
        if (const auto salvaged = salvage_wal_segment(bytes)) {
            segment->first_lsn = salvaged->header.first_lsn;
            found.push_back({std::move(segment), salvaged->header, true, salvaged->durable,
                             salvaged->end_lsn <= options.released_lsn + 1});
            continue;
        }
        // One group at most was begun, by the write that should have made the header: torn.
        if (count_group_marks(bytes) <= 1) {
            recovery.torn = true;
            if (segment->bytes == options.segment_bytes) {
                segments.push_back(std::move(segment));
            } else {
                SKY_TRY(options.fs->unlink(path));
            }
            continue;
        }
        log::error("wal.segment_unreadable", {{"file", path}});
        recovery.damaged_headers.push_back(path);
        SKY_TRY(options.fs->rename(path, path + ".damaged"));
        SKY_TRY(options.fs->fsync_directory(options.directory));
    }
    std::sort(found.begin(), found.end(), [](const Found& a, const Found& b) {
        return a.header.generation < b.header.generation;
    });

    // A header is written together with the first group. When that write was torn before it was
    // acknowledged, header and group say nothing; when anything was written later, it is damage.
    for (std::size_t i = found.size(); i-- > 0;) {
        if (!found[i].header_damaged) continue;
        const bool later =
            i + 1 < found.size() && found[i + 1].header.first_lsn > found[i].header.first_lsn;
        // The first write into a recycled segment, torn, leaves old and released groups behind half
        // a header. Were anything else in it acknowledged, a gap would show.
        if (!found[i].released_alone && (found[i].known_durable || later)) {
            recovery.damaged_headers.push_back(found[i].segment->file->path());
            log::error("wal.header_damaged", {{"file", found[i].segment->file->path()}});
            continue;
        }
        recovery.torn = true;
        generation_count = std::max(generation_count, found[i].header.generation >> 32);
        if (found[i].segment->bytes == options.segment_bytes) {
            segments.push_back(std::move(found[i].segment));
        } else {
            SKY_TRY(options.fs->unlink(found[i].segment->file->path()));
        }
        found.erase(found.begin() + static_cast<std::ptrdiff_t>(i));
    }

    const std::uint64_t released = options.released_lsn;
    std::uint64_t expected = released + 1;  // Lowest LSN that has not been met.
    const auto lost = [&](std::uint64_t first, std::uint64_t last, const std::string& file) {
        first = std::max(first, released + 1);
        if (first > last) return;
        recovery.lost.push_back({first, last, file});
        log::error("wal.corruption", {{"first_lsn", first}, {"last_lsn", last}, {"file", file}});
    };
    for (std::size_t i = 0; i < found.size(); ++i) {
        Segment& segment = *found[i].segment;
        const WalSegmentHeader& header = found[i].header;
        generation_count = std::max(generation_count, header.generation >> 32);
        recovery.next_sequence = std::max(recovery.next_sequence, header.next_sequence);
        const bool newest = i + 1 == found.size();
        if (!newest && found[i + 1].header.generation == header.generation)
            return fail(ErrorCode::kCorruption,
                        "two WAL segments of one generation: " + segment.file->path());
        const std::uint64_t stop = newest ? kNoLsn : found[i + 1].header.first_lsn;
        segment.end_lsn = stop;
        if (stop <= released + 1) continue;  // Nothing in it is needed.
        if (header.first_lsn > expected) lost(expected, header.first_lsn - 1, segment.file->path());

        bytes.resize(SKY_TRY(read_front(*segment.file, bytes, segment.bytes)));
        // After a kill the pages may still wait for the disk; what replay shows must be durable.
        SKY_TRY(segment.file->fdatasync());
        const WalSegmentEnd end = SKY_TRY(replay_wal_segment(
            bytes, header, stop,
            [&](const WalRecord& record) -> Status {
                if (record.lsn <= released) return {};
                ++recovery.records;
                recovery.bytes += record.payload.size();
                return replay(record);
            },
            [&](std::uint64_t first, std::uint64_t last) {
                lost(first, last, segment.file->path());
            }));
        expected = std::max(expected, end.next_lsn);
        segment.end_lsn = end.next_lsn;
        recovery.torn = recovery.torn || end.torn;
        recovery.clean = end.clean;
    }
    next_lsn = std::max(expected, options.lsn_floor);
    for (Found& each : found) {
        each.segment->state = SegmentState::kFull;
        each.segment->durable_bytes = each.segment->bytes;
        segments.push_back(std::move(each.segment));
    }
    return {};
}

Result<std::unique_ptr<Wal>> Wal::open(const WalOptions& options,
                                       const std::function<Status(const WalRecord&)>& replay) {
    SKY_ASSERT(options.segment_bytes % limits::kWalBlockBytes == 0 &&
                   options.segment_bytes >= limits::kWalSegmentBytesMin &&
                   options.segment_bytes <= limits::kWalSegmentBytesMax,
               "the store checks its options");
    auto impl = std::make_unique<Impl>(options);
    SKY_TRY(impl->recover(replay));
    std::unique_ptr<Wal> wal(new Wal(std::move(impl)));
    wal->release(options.released_lsn);
    Impl* const self = wal->impl_.get();
    // Not here: writing a segment takes longer than recovery. The first commit waits for it.
    self->want_spare = self->find_free() == nullptr;
    if (options.background == Background::kThreads)
        self->maker = std::thread([self] { self->run_maker(); });
    return wal;
}

Wal::Wal(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Wal::~Wal() = default;

const WalRecovery& Wal::recovery() const { return impl_->recovery; }

std::uint64_t Wal::record_bytes_max() const {
    return impl_->options.segment_bytes - limits::kWalBlockBytes - kWalGroupHeaderBytes -
           kWalRecordHeaderBytes;
}

Status Wal::Impl::write_group(std::span<WalEntry> entries, std::uint64_t next_sequence) {
    std::uint64_t lsn = 0;
    {
        const std::lock_guard lock(mutex);
        lsn = next_lsn;
    }
    std::vector<std::span<const std::byte>> parts;
    std::size_t part_count = 4;
    for (const auto& entry : entries) part_count += 1 + entry.parts.size();
    parts.reserve(part_count);
    const std::uint64_t start = offset;
    WalSegmentHeaderBytes segment_header{};
    if (offset == 0) {
        segment_header = encode(WalSegmentHeader{.generation = generation,
                                                 .first_lsn = lsn,
                                                 .next_sequence = next_sequence,
                                                 .segment_bytes = active->bytes,
                                                 .start_crc = chain});
        parts.push_back(segment_header);
        parts.push_back(zeros(limits::kWalBlockBytes - segment_header.size()));
    }
    WalGroupHeader group;
    group.generation = generation;
    group.first_lsn = lsn;
    group.synced_lsn = lsn - 1;  // One sync at a time: everything before this group is durable.
    group.records = static_cast<std::uint32_t>(entries.size());
    group.prev_crc = chain;
    std::uint64_t bytes = kWalGroupHeaderBytes;
    for (const auto& entry : entries) bytes += kWalRecordHeaderBytes + entry.payload_bytes;
    group.bytes = static_cast<std::uint32_t>(bytes);
    const WalGroupHeaderBytes group_header = encode(group);
    parts.push_back(group_header);
    std::vector<WalRecordHeaderBytes> record_headers(entries.size());
    std::uint32_t crc = group.crc;
    for (std::size_t i = 0; i < entries.size(); ++i) {
        WalEntry& entry = entries[i];
        entry.lsn = lsn + i;
        WalRecordHeader header{.payload_bytes = entry.payload_bytes,
                               .payload_crc = entry.payload_crc,
                               .lsn = entry.lsn,
                               .first_sequence = entry.first_sequence,
                               .kind = entry.kind,
                               .version = entry.version};
        record_headers[i] = encode(header, crc);
        crc = header.crc;
        parts.push_back(record_headers[i]);
        parts.insert(parts.end(), entry.parts.begin(), entry.parts.end());
    }
    parts.push_back(zeros(static_cast<std::size_t>(aligned(bytes) - bytes)));

    SKY_TRY(active->file->pwrite_parts(start, parts));
    SKY_TRY(active->file->fdatasync());

    chain = crc;
    offset = (start == 0 ? limits::kWalBlockBytes : start) + aligned(bytes);
    const std::lock_guard lock(mutex);
    stats.bytes_written += offset - start;
    ++stats.syncs;
    next_lsn = lsn + entries.size();
    active->end_lsn = next_lsn;
    active->durable_bytes = offset;
    if (offset > active->bytes / 2 && !asked_for_spare && find_free() == nullptr) {
        asked_for_spare = true;  // Once a segment: a full disk is not asked again at every group.
        want_spare = true;
        changed.notify_all();
    }
    return {};
}

Result<std::size_t> Wal::Impl::commit(std::span<WalEntry> entries, std::uint64_t next_sequence) {
    SKY_ASSERT(!entries.empty(), "the committer waits for entries");
    {
        const std::lock_guard lock(mutex);
        if (read_only)
            return fail(ErrorCode::kUnavailable,
                        "the store is read-only: its log could not be written");
    }
    const auto needed = [](const WalEntry& entry) {
        return aligned(kWalGroupHeaderBytes + kWalRecordHeaderBytes + entry.payload_bytes);
    };
    SKY_ASSERT(needed(entries.front()) + limits::kWalBlockBytes <= options.segment_bytes,
               "append() refuses records over record_bytes_max()");
    if (active != nullptr && offset > 0 && offset + needed(entries.front()) > active->bytes)
        leave_active(SegmentState::kFull);
    if (active == nullptr) {
        const Status activated = activate();
        if (!activated) {
            const std::lock_guard lock(mutex);
            if (failed_before && activated.error().code == ErrorCode::kInternal) read_only = true;
            return std::unexpected(activated.error());
        }
    }

    const std::uint64_t from = offset == 0 ? limits::kWalBlockBytes : offset;
    const std::uint64_t room = std::min<std::uint64_t>(
        active->bytes - from,
        std::max<std::uint64_t>(limits::kWalGroupBytesMax, needed(entries.front())));
    std::uint64_t bytes = kWalGroupHeaderBytes;
    std::size_t count = 0;
    while (count < entries.size()) {
        const std::uint64_t more = kWalRecordHeaderBytes + entries[count].payload_bytes;
        if (aligned(bytes + more) > room) break;
        bytes += more;
        ++count;
    }
    const Status written = write_group(entries.first(count), next_sequence);
    if (written) {
        failed_before = false;
        return count;
    }

    // Never again on that file: what a failed sync left on the disk is unknown (store.md 1.5).
    log::error("wal.write_failed",
               {{"file", active->file->path()}, {"error", written.error().message}});
    leave_active(SegmentState::kRetired);
    const bool full = written.error().code == ErrorCode::kNoSpace;
    const std::lock_guard lock(mutex);
    ++stats.failures;
    if (failed_before && !full) {
        read_only = true;
        log::error("wal.read_only", {{"error", written.error().message}});
    }
    failed_before = !full;
    return std::unexpected(written.error());
}

Result<std::size_t> Wal::commit(std::span<WalEntry> entries, std::uint64_t next_sequence) {
    return impl_->commit(entries, next_sequence);
}

void Wal::release(std::uint64_t lsn) {
    std::vector<std::unique_ptr<Segment>> removed;
    {
        const std::lock_guard lock(impl_->mutex);
        auto& segments = impl_->segments;
        for (auto& segment : segments) {
            const bool done = segment->end_lsn <= lsn + 1;
            if (!done) continue;
            const bool reusable = segment->bytes == impl_->options.segment_bytes;
            if (segment->state == SegmentState::kFull && reusable) {
                segment->state = SegmentState::kFree;
            } else if (segment->state == SegmentState::kRetired ||
                       segment->state == SegmentState::kFull) {
                removed.push_back(std::move(segment));
            }
        }
        std::erase(segments, nullptr);
    }
    impl_->changed.notify_all();
    for (const auto& segment : removed) {
        const Status gone = impl_->options.fs->unlink(segment->file->path());
        if (!gone) log::warn("wal.unlink_failed", {{"error", gone.error().message}});
    }
}

void Wal::make_spare() {
    SKY_ASSERT(impl_->options.background == Background::kStepped, "else a thread does it");
    std::unique_lock lock(impl_->mutex);
    if (impl_->want_spare && !impl_->making) impl_->make_wanted_spare(lock);
}

std::vector<Wal::Part> Wal::parts() const {
    const std::lock_guard lock(impl_->mutex);
    std::vector<Part> parts;
    for (const auto& segment : impl_->segments)
        if (segment->state != SegmentState::kFree && segment->durable_bytes > 0)
            parts.push_back({segment->file->path(), segment->durable_bytes});
    return parts;
}

std::uint64_t Wal::next_lsn() const {
    const std::lock_guard lock(impl_->mutex);
    return impl_->next_lsn;
}

std::uint64_t Wal::active_first_lsn() const {
    const std::lock_guard lock(impl_->mutex);
    for (const auto& segment : impl_->segments)
        if (segment->state == SegmentState::kActive) return segment->first_lsn;
    return impl_->next_lsn;
}

std::optional<std::uint64_t> Wal::first_full_end() const {
    const std::lock_guard lock(impl_->mutex);
    std::optional<std::uint64_t> first;
    for (const auto& segment : impl_->segments)
        if (segment->state == SegmentState::kFull && (!first || segment->end_lsn < *first))
            first = segment->end_lsn;
    return first;
}

bool Wal::pressed() const {
    const std::lock_guard lock(impl_->mutex);
    std::uint64_t used = 0;
    for (const auto& segment : impl_->segments)
        if (segment->state == SegmentState::kFull || segment->state == SegmentState::kRetired)
            ++used;
    // Half of the log is left while a flush runs.
    return used > 0 && used * 2 >= impl_->segments_max();
}

bool Wal::read_only() const {
    const std::lock_guard lock(impl_->mutex);
    return impl_->read_only;
}

WalStats Wal::stats() const {
    const std::lock_guard lock(impl_->mutex);
    WalStats stats = impl_->stats;
    stats.segments = impl_->segments.size();
    for (const auto& segment : impl_->segments) stats.total_bytes += segment->bytes;
    return stats;
}

void Wal::stop() {
    {
        const std::lock_guard lock(impl_->mutex);
        impl_->stopping = true;
    }
    impl_->changed.notify_all();
}

}  // namespace sky::store
