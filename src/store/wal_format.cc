// SPDX-License-Identifier: Apache-2.0
#include "store/wal_format.h"

#include <cstring>
#include <limits>
#include <string>
#include <type_traits>

#include "crypto/crc32c.h"
#include "store/limits.h"

namespace sky::store {
namespace {

static_assert(std::endian::native == std::endian::little, "the format is little-endian");

constexpr std::array<char, 8> kSegmentMagic = {'S', 'K', 'Y', 'W', 'A', 'L', '\r', '\n'};
constexpr std::uint32_t kGroupMagic = 0x47594B53;  // "SKYG"

template <class T, std::size_t N>
void store_at(std::array<std::byte, N>& out, std::size_t at, T value) {
    static_assert(std::is_trivially_copyable_v<T>);
    std::memcpy(out.data() + at, &value, sizeof value);
}

template <class T>
T load_at(std::string_view bytes, std::size_t at) {
    T value{};
    std::memcpy(&value, bytes.data() + at, sizeof value);
    return value;
}

template <std::size_t N>
std::uint32_t crc_of(const std::array<std::byte, N>& bytes, std::uint32_t seed) {
    return crypto::crc32c(std::span(bytes).first(N - sizeof(std::uint32_t)), seed);
}

std::size_t next_block(std::size_t offset) {
    return (offset + limits::kWalBlockBytes - 1) / limits::kWalBlockBytes * limits::kWalBlockBytes;
}

struct FoundGroup {
    std::size_t offset;
    WalGroupHeader header;
};

/// First valid group of the generation at or after `offset` whose first LSN is at least `lsn_min`.
std::optional<FoundGroup> find_group(std::string_view bytes, std::size_t offset,
                                     std::uint64_t generation, std::uint64_t lsn_min) {
    for (; offset + kWalGroupHeaderBytes <= bytes.size(); offset += limits::kWalBlockBytes) {
        const auto header = decode_group_header(bytes.substr(offset));
        if (header && header->generation == generation && header->first_lsn >= lsn_min)
            return FoundGroup{offset, *header};
    }
    return std::nullopt;
}

/// Walks the records of one group while the chain of headers holds.
class GroupReader {
public:
    GroupReader(std::string_view bytes, const WalGroupHeader& group)
        : bytes_(bytes), lsn_(group.first_lsn), left_(group.records), crc_(group.crc) {
        bytes_.remove_prefix(kWalGroupHeaderBytes);
    }

    std::uint64_t lsn() const { return lsn_; }  // Of the record that next() will read.
    std::uint32_t crc() const { return crc_; }
    bool done() const { return left_ == 0; }

    struct Step {
        bool header_ok;   // If not, nothing behind it can be found.
        bool payload_ok;  // If not, only this record is lost.
        WalRecord record;
    };
    Step next() {
        Step step{};
        if (bytes_.size() < kWalRecordHeaderBytes) return step;
        const std::string_view header = bytes_.substr(0, kWalRecordHeaderBytes);
        const std::uint32_t crc = crypto::crc32c(header.substr(0, 28), crc_);
        const auto payload_bytes = load_at<std::uint32_t>(header, 0);
        if (crc != load_at<std::uint32_t>(header, 28) ||
            load_at<std::uint64_t>(header, 8) != lsn_ ||
            payload_bytes > bytes_.size() - kWalRecordHeaderBytes)
            return step;
        step.header_ok = true;
        step.record.lsn = lsn_;
        step.record.first_sequence = load_at<std::uint64_t>(header, 16);
        step.record.kind = WalRecordKind{load_at<std::uint16_t>(header, 24)};
        step.record.version = load_at<std::uint16_t>(header, 26);
        step.record.payload = bytes_.substr(kWalRecordHeaderBytes, payload_bytes);
        step.payload_ok = crypto::crc32c(step.record.payload) == load_at<std::uint32_t>(header, 4);
        bytes_.remove_prefix(kWalRecordHeaderBytes + payload_bytes);
        crc_ = crc;
        ++lsn_;
        --left_;
        return step;
    }

private:
    std::string_view bytes_;
    std::uint64_t lsn_;
    std::uint32_t left_;
    std::uint32_t crc_;
};

}  // namespace

WalSegmentHeaderBytes encode(const WalSegmentHeader& header) {
    WalSegmentHeaderBytes out{};
    store_at(out, 0, kSegmentMagic);
    store_at(out, 8, kWalFormatVersion);
    store_at(out, 16, header.generation);
    store_at(out, 24, header.first_lsn);
    store_at(out, 32, header.next_sequence);
    store_at(out, 40, header.segment_bytes);
    store_at(out, 48, header.start_crc);
    store_at(out, 60, crc_of(out, 0));
    return out;
}

WalGroupHeaderBytes encode(WalGroupHeader& header) {
    WalGroupHeaderBytes out{};
    store_at(out, 0, kGroupMagic);
    store_at(out, 4, header.bytes);
    store_at(out, 8, header.generation);
    store_at(out, 16, header.first_lsn);
    store_at(out, 24, header.synced_lsn);
    store_at(out, 32, header.records);
    store_at(out, 36, header.prev_crc);
    header.crc = crc_of(out, header.prev_crc);
    store_at(out, 60, header.crc);
    return out;
}

WalRecordHeaderBytes encode(WalRecordHeader& header, std::uint32_t prev_crc) {
    WalRecordHeaderBytes out{};
    store_at(out, 0, header.payload_bytes);
    store_at(out, 4, header.payload_crc);
    store_at(out, 8, header.lsn);
    store_at(out, 16, header.first_sequence);
    store_at(out, 24, static_cast<std::uint16_t>(header.kind));
    store_at(out, 26, header.version);
    header.crc = crc_of(out, prev_crc);
    store_at(out, 28, header.crc);
    return out;
}

Result<WalSegmentHeader> decode_segment_header(std::string_view bytes) {
    if (bytes.size() < kWalSegmentHeaderBytes ||
        load_at<std::array<char, 8>>(bytes, 0) != kSegmentMagic ||
        crypto::crc32c(bytes.substr(0, 60)) != load_at<std::uint32_t>(bytes, 60))
        return fail(ErrorCode::kCorruption, "no valid WAL segment header");
    const auto version = load_at<std::uint32_t>(bytes, 8);
    if (version != kWalFormatVersion)
        return fail(ErrorCode::kUnavailable, "WAL format is newer than this program's " +
                                                 std::to_string(kWalFormatVersion) + ": " +
                                                 std::to_string(version));
    WalSegmentHeader header;
    header.generation = load_at<std::uint64_t>(bytes, 16);
    header.first_lsn = load_at<std::uint64_t>(bytes, 24);
    header.next_sequence = load_at<std::uint64_t>(bytes, 32);
    header.segment_bytes = load_at<std::uint64_t>(bytes, 40);
    header.start_crc = load_at<std::uint32_t>(bytes, 48);
    return header;
}

std::optional<WalGroupHeader> decode_group_header(std::string_view bytes) {
    if (bytes.size() < kWalGroupHeaderBytes || load_at<std::uint32_t>(bytes, 0) != kGroupMagic)
        return std::nullopt;
    WalGroupHeader header;
    header.bytes = load_at<std::uint32_t>(bytes, 4);
    header.generation = load_at<std::uint64_t>(bytes, 8);
    header.first_lsn = load_at<std::uint64_t>(bytes, 16);
    header.synced_lsn = load_at<std::uint64_t>(bytes, 24);
    header.records = load_at<std::uint32_t>(bytes, 32);
    header.prev_crc = load_at<std::uint32_t>(bytes, 36);
    header.crc = load_at<std::uint32_t>(bytes, 60);
    if (crypto::crc32c(bytes.substr(0, 60), header.prev_crc) != header.crc) return std::nullopt;
    if (header.bytes < kWalGroupHeaderBytes || header.bytes > bytes.size()) return std::nullopt;
    if (header.records == 0 ||
        header.records > (header.bytes - kWalGroupHeaderBytes) / kWalRecordHeaderBytes)
        return std::nullopt;
    // No log comes near the end of the numbers; arithmetic on them need not care.
    if (header.first_lsn > std::numeric_limits<std::int64_t>::max()) return std::nullopt;
    return header;
}

Result<WalSegmentEnd> replay_wal_segment(
    std::string_view bytes, const WalSegmentHeader& header, std::uint64_t stop_lsn,
    const std::function<Status(const WalRecord&)>& on_record,
    const std::function<void(std::uint64_t, std::uint64_t)>& on_lost) {
    const bool newest = stop_lsn == std::numeric_limits<std::uint64_t>::max();
    std::size_t offset = limits::kWalBlockBytes;
    std::uint64_t expected = header.first_lsn;
    std::uint32_t chain = header.start_crc;
    WalSegmentEnd end{expected, false, false};
    const auto finish = [&](bool torn) {
        if (!newest && expected < stop_lsn) {
            on_lost(expected, stop_lsn - 1);
            expected = stop_lsn;
            end.clean = false;
        }
        end.next_lsn = expected;
        end.torn = torn;
        return end;
    };

    while (expected < stop_lsn) {
        const auto group = find_group(bytes, offset, header.generation, expected);
        if (!group) return finish(false);
        if (group->header.first_lsn > expected) {
            // A gap. With nothing to say that it was durable, an unfinished write left it.
            if (newest && group->header.synced_lsn < expected) return finish(true);
            const std::uint64_t behind = std::min(group->header.first_lsn, stop_lsn);
            on_lost(expected, behind - 1);
            end.clean = false;
            expected = behind;
            if (expected >= stop_lsn) break;
        } else if (group->header.prev_crc != chain) {
            // Not a continuation of what was read, though it bears the number: written over.
            offset = group->offset + limits::kWalBlockBytes;
            continue;
        }
        const std::string_view group_bytes = bytes.substr(group->offset, group->header.bytes);
        GroupReader reader(group_bytes, group->header);
        const std::size_t behind_group = next_block(group->offset + group->header.bytes);
        bool known_durable = false;  // Asked only when a bad record is met.
        while (!reader.done() && expected < stop_lsn) {
            const GroupReader::Step step = reader.next();
            if (step.header_ok && step.payload_ok) {
                end.clean = step.record.kind == WalRecordKind::kClean;
                SKY_TRY(on_record(step.record));
                ++expected;
                continue;
            }
            if (!known_durable) {
                const auto later = find_group(bytes, behind_group, header.generation, expected + 1);
                known_durable = !newest || (later && later->header.synced_lsn >= expected);
            }
            if (!known_durable) return finish(true);
            end.clean = false;
            // Behind a bad header nothing of this group can be found; the next group shows the gap.
            if (!step.header_ok) break;
            on_lost(expected, expected);
            ++expected;
        }
        offset = behind_group;
        chain = reader.crc();
    }
    return finish(false);
}

std::optional<WalSalvage> salvage_wal_segment(std::string_view bytes) {
    std::optional<WalSalvage> best;
    for (std::size_t offset = limits::kWalBlockBytes; offset + kWalGroupHeaderBytes <= bytes.size();
         offset += limits::kWalBlockBytes) {
        const auto group = decode_group_header(bytes.substr(offset));
        if (!group) continue;
        // Recycled segments hold older generations behind the current one.
        if (!best || group->generation > best->header.generation) {
            best =
                WalSalvage{{group->generation, group->first_lsn, 0, bytes.size(), group->prev_crc},
                           false,
                           group->first_lsn + group->records};
        } else if (group->generation == best->header.generation) {
            best->durable = best->durable || group->synced_lsn >= best->header.first_lsn;
            best->end_lsn = std::max(best->end_lsn, group->first_lsn + group->records);
        }
    }
    return best;
}

std::size_t count_group_marks(std::string_view bytes) {
    std::size_t count = 0;
    for (std::size_t offset = limits::kWalBlockBytes; offset + kWalGroupHeaderBytes <= bytes.size();
         offset += limits::kWalBlockBytes)
        count += load_at<std::uint32_t>(bytes, offset) == kGroupMagic ? 1U : 0U;
    return count;
}

}  // namespace sky::store
