// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/store/segment.h - one immutable file of columns: encode, open, read. The
              // format: docs/formats.md.

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "os/fs.h"
#include "store/chunk.h"
#include "store/message_codec.h"
#include "store/rows.h"
#include "store/sqlite_catalog.h"

namespace sky::store {

/// Rises with every change of the format; a file of a higher one is refused by name.
inline constexpr std::uint32_t kSegmentFormat = 5;

/// One stream's share of a segment.
struct SegmentStream {
    StreamId id = 0;
    std::string name;
    std::uint64_t rows = 0, message_bytes = 0;
    std::int64_t first_ms = 0, last_ms = 0, ingestion_ms = 0;
};

enum class SegmentColumn : std::uint8_t { kTime, kSequence, kIngestion, kStream, kMessage };
inline constexpr std::size_t kSegmentColumns = 5;

/// Rows in a row: the unit of decoding, with its zone map. How many: MessageEncoder.
struct SegmentBlock {
    struct Extent {
        std::uint64_t offset = 0;  // In the file.
        std::uint32_t bytes = 0, crc = 0;
    };
    std::uint32_t rows = 0, text_bytes = 0;
    std::int64_t min_ms = 0, max_ms = 0;
    std::array<Extent, kSegmentColumns> columns;
};

/// Everything about a file but its rows: enough to rebuild the catalog without SQLite.
struct SegmentFooter {
    SegmentRow row;  // What follows sequence_max, and file_bytes, are not part of what is stored.
    Tenant tenant;
    std::string group_name;
    std::int64_t group_creation_ms = 0;
    std::vector<std::uint64_t> replaced;  // Ids of the segments that a merge put into this one.
    std::uint64_t message_coding = 0;
    std::string message_header;
    std::vector<SegmentStream> streams;  // By id; a row's stream is an index into these.
    std::vector<SegmentBlock> blocks;    // Ascending in (time, sequence).
    std::uint64_t memory_bytes() const;
};

/// Whether a segment's lines are taken apart into families.
enum class Mining : std::uint8_t { kNow, kLater };

struct EncodedSegment {
    std::string file;
    std::uint64_t shape_mismatches = 0;  // ChosenEncoder::mismatches.
};

/// The file for rows of one group and day, ready to be written. Fills footer.row's figures, streams
/// and blocks from the rows; the caller sets row.id, group, day, tenant, names and replaced.
/// `stream_name` gives a stream's name. `known`: of the group's segments before, brought up to
/// date.
Result<EncodedSegment> encode_segment(const MiniBatch& rows,
                                      const std::function<std::string(StreamId)>& stream_name,
                                      SegmentFooter& footer, Mining mining = Mining::kNow,
                                      shapes::KnownFamilies* known = nullptr);

/// kIgnore lets a fuzzer past the checksums; everything else verifies.
enum class Checksums : std::uint8_t { kVerify, kIgnore };

/// A block that cannot be read, and what it costs.
struct DamagedBlock {
    std::size_t block = 0;
    std::uint64_t rows = 0;
    std::int64_t min_ms = 0, max_ms = 0;
    std::string what;  // Names the file.
};

/// Where a segment lies in its file.
struct SegmentPlace {
    std::uint64_t offset = 0, bytes = 0;
};

/// An open segment.
/// Threads: any number may read.
class SegmentReader {
public:
    /// Errors: kCorruption (names the file), kUnavailable (newer format; names the file), those of
    /// os::Fs.
    static Result<std::shared_ptr<const SegmentReader>> open(os::Fs& fs, const std::string& path,
                                                             Checksums checksums);
    /// A segment inside a pack. `name` stands for it in errors. Errors: as above.
    static Result<std::shared_ptr<const SegmentReader>> open(std::shared_ptr<const os::File> file,
                                                             SegmentPlace place, std::string name,
                                                             Checksums checksums);

    const SegmentFooter& footer() const { return footer_; }
    /// The kept rows with the wanted columns. Reads only the blocks and columns it needs. Damaged
    /// blocks are left out and added to `damaged`; without one they are an error.
    /// Errors: kCorruption (names the file), kInternal (I/O).
    Result<EventBatch> read(const RowFilter& filter, Columns columns,
                            std::vector<DamagedBlock>* damaged = nullptr) const;
    /// False: no message contains the literal. Reads nothing.
    bool may_contain(std::string_view literal) const { return messages_->may_contain(literal); }
    /// The segment will not be read again soon (store.md 3.1).
    void drop_cached() const { file_->drop_cached(place_.offset, place_.bytes); }

    /// What reads have kept of a shaped block for the next one (shapes/block_head.h); it is read
    /// again when it was dropped.
    std::uint64_t head_bytes() const;
    void drop_head() const;

private:
    SegmentReader() = default;
    struct Plan;
    struct Output;
    Error damage(std::string_view what) const;
    Status load_footer();
    Result<Plan> plan(const RowFilter& filter, Columns columns) const;
    Status load(Plan& plan) const;
    Status narrow_by_stream(Plan& plan, std::vector<DamagedBlock>* damaged) const;
    void narrow_by_count(Plan& plan) const;
    Status leave_out(std::size_t index, Status status, std::vector<DamagedBlock>* damaged) const;
    std::string_view bytes_of(std::size_t index, SegmentColumn column, const Plan& plan) const;
    Status decode_streams(std::size_t index, const Plan& plan,
                          std::vector<std::uint64_t>& codes) const;
    Status decode_block(std::size_t index, Plan& plan, Output& out) const;
    Status decode_messages(std::size_t index, Plan& plan, Output& out) const;
    Result<std::unique_ptr<const shapes::ShapedBlock>> open_shaped(std::size_t index,
                                                                   Plan& plan) const;

    std::shared_ptr<const os::File> file_;
    SegmentPlace place_;
    std::string name_;
    SegmentFooter footer_;
    std::unique_ptr<const MessageDecoder> messages_;
    Checksums checksums_ = Checksums::kVerify;
    mutable std::mutex head_mutex_;
    mutable std::shared_ptr<const shapes::BlockHead> head_;
};

}  // namespace sky::store
