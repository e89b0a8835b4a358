// SPDX-License-Identifier: Apache-2.0
#include "store/segment.h"

#include <algorithm>

#include "base/assert.h"
#include "base/byte_codec.h"
#include "columnar/int_codec.h"
#include "columnar/kernels.h"
#include "crypto/crc32c.h"
#include "shapes/block_head.h"
#include "shapes/shaped_block.h"
#include "store/segment_format.h"
#include "store/segment_limits.h"

namespace sky::store {

namespace {

// Most footers are smaller: one read brings footer and trailer.
constexpr std::size_t kTailReadBytes = 32U << 10U;

constexpr std::size_t at(SegmentColumn column) { return static_cast<std::size_t>(column); }

// The standard lets a signed integer be reached as its unsigned counterpart.
std::span<std::uint64_t> as_unsigned(std::span<std::int64_t> values) {
    return {reinterpret_cast<std::uint64_t*>(values.data()), values.size()};
}
std::span<const std::uint64_t> as_unsigned(std::span<const std::int64_t> values) {
    return {reinterpret_cast<const std::uint64_t*>(values.data()), values.size()};
}

std::vector<SegmentStream> describe_streams(const EventBatch& rows,
                                            const std::function<std::string(StreamId)>& stream_name,
                                            std::vector<std::uint64_t>& codes) {
    std::vector<StreamId> ids;  // Neighbours mostly share theirs.
    for (const StreamId id : rows.stream)
        if (ids.empty() || ids.back() != id) ids.push_back(id);
    std::sort(ids.begin(), ids.end());
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
    std::vector<SegmentStream> streams(ids.size());
    for (std::size_t i = 0; i < ids.size(); ++i) {
        streams[i].id = ids[i];
        streams[i].name = stream_name(ids[i]);
    }
    codes.resize(rows.rows());
    std::size_t code = 0;
    for (std::size_t i = 0; i < rows.rows(); ++i) {
        if (ids[code] != rows.stream[i])
            code = static_cast<std::size_t>(
                std::lower_bound(ids.begin(), ids.end(), rows.stream[i]) - ids.begin());
        codes[i] = code;
        SegmentStream& stream = streams[code];
        const std::int64_t time = rows.timestamp_ms[i];
        if (stream.rows++ == 0) {
            stream.first_ms = time;
            stream.ingestion_ms = rows.ingestion_ms[i];
        }
        stream.last_ms = time;  // Rows ascend in time.
        stream.ingestion_ms = std::max(stream.ingestion_ms, rows.ingestion_ms[i]);
        stream.message_bytes += rows.message[i].size();
    }
    return streams;
}

/// Rows of each block: as many as fit the limits, at least one.
std::vector<std::size_t> cut_blocks(const EventBatch& rows, const MessageEncoder& messages) {
    const auto offsets = rows.message.offsets();
    std::vector<std::size_t> ends;
    for (std::size_t begin = 0; begin < rows.rows();) {
        std::size_t end = begin + 1;
        while (end < rows.rows() && end - begin < messages.block_rows_max() &&
               offsets[end + 1] - offsets[begin] <= messages.block_bytes_max())
            ++end;
        ends.push_back(begin = end);
    }
    return ends;
}

}  // namespace

std::uint64_t SegmentFooter::memory_bytes() const {
    std::uint64_t bytes = sizeof *this + blocks.capacity() * sizeof(SegmentBlock) +
                          streams.capacity() * sizeof(SegmentStream) +
                          replaced.capacity() * sizeof(std::uint64_t) +
                          2 * message_header.capacity();  // Its decoder has one too.
    for (const SegmentStream& stream : streams) bytes += stream.name.capacity();
    return bytes;
}

Result<EncodedSegment> encode_segment(const MiniBatch& chunk,
                                      const std::function<std::string(StreamId)>& stream_name,
                                      SegmentFooter& footer, Mining mining,
                                      shapes::KnownFamilies* known) {
    const EventBatch& rows = chunk.rows;
    SKY_ASSERT(rows.rows() > 0 && rows.rows() <= limits::kChunkRowsMax &&
                   rows.message.bytes() <= limits::kChunkBytesMax,
               "chunks are sealed within their limits");
    footer.row.min_ms = chunk.min_ms;
    footer.row.max_ms = chunk.max_ms;
    footer.row.rows = rows.rows();
    footer.row.message_bytes = rows.message.bytes();
    footer.row.lsn_min = chunk.lsn_min;
    footer.row.lsn_max = chunk.lsn_max;
    footer.row.sequence_max = chunk.sequence_max;
    std::vector<std::uint64_t> codes;
    footer.streams = describe_streams(rows, stream_name, codes);
    const ChosenEncoder chosen = mining == Mining::kNow
                                     ? choose_message_encoder(rows.message, known)
                                     : plain_message_encoder(rows.message);
    const std::unique_ptr<MessageEncoder>& messages = chosen.encoder;
    footer.message_coding = static_cast<std::uint64_t>(messages->coding());

    const std::vector<std::size_t> ends = cut_blocks(rows, *messages);
    footer.blocks.assign(ends.size(), {});
    std::string file;
    file.reserve(rows.message.bytes() / 4 + 4'096);
    append_header(kSegmentKind, file);
    const auto offsets = rows.message.offsets();
    for (std::size_t c = 0; c < kSegmentColumns; ++c) {
        std::size_t begin = 0;
        for (std::size_t b = 0; b < ends.size(); begin = ends[b++]) {
            const std::size_t end = ends[b], count = end - begin, start = file.size();
            const auto part = [&](auto& column) { return std::span(column).subspan(begin, count); };
            switch (static_cast<SegmentColumn>(c)) {
                case SegmentColumn::kTime:
                    columnar::encode_integers(as_unsigned(part(rows.timestamp_ms)), file);
                    break;
                case SegmentColumn::kSequence:
                    columnar::encode_integers(part(rows.sequence), file);
                    break;
                case SegmentColumn::kIngestion:
                    columnar::encode_integers(as_unsigned(part(rows.ingestion_ms)), file);
                    break;
                case SegmentColumn::kStream:
                    columnar::encode_integers(part(codes), file);
                    break;
                case SegmentColumn::kMessage:
                    SKY_TRY(messages->encode(begin, end, file));
                    break;
            }
            SegmentBlock& block = footer.blocks[b];
            block.rows = static_cast<std::uint32_t>(count);
            block.text_bytes = offsets[end] - offsets[begin];
            block.min_ms = rows.timestamp_ms[begin];
            block.max_ms = rows.timestamp_ms[end - 1];
            block.columns[c] = {start, static_cast<std::uint32_t>(file.size() - start),
                                crypto::crc32c(std::string_view(file).substr(start))};
        }
    }
    footer.message_header = messages->header();
    const std::string tail = encode_footer(footer);
    const SegmentTrailer trailer{file.size(), static_cast<std::uint32_t>(tail.size()),
                                 crypto::crc32c(tail)};
    file += tail;
    append_trailer(kSegmentKind, trailer, file);
    footer.row.file_bytes = file.size();
    return EncodedSegment{std::move(file), chosen.mismatches};
}

// Reading
// -------------------------------------------------------------------------------------------------

/// What one read needs: a range of blocks and, of each wanted column, its bytes.
struct SegmentReader::Plan {
    std::size_t begin = 0, end = 0;  // Blocks.
    TimeRange range{};
    Columns columns = Columns::kNone;
    std::vector<std::uint8_t> allowed;     // By stream code; empty: every stream is kept.
    std::vector<std::uint8_t> skipped;     // By block: holds no row of an allowed stream.
    std::vector<std::uint32_t> kept_rows;  // By block: of allowed streams, where that is known.
    RowsWanted wanted_rows{};
    bool timeless = false;  // Columns::kTimeless, and it holds for all rows.
    std::array<bool, kSegmentColumns> wanted{};
    std::array<std::string_view, kSegmentColumns> bytes;  // From block `begin` on.
    std::unique_ptr<char[]> buffer;
};

struct SegmentReader::Output {
    EventBatch rows;
    std::string text;
    std::vector<std::uint32_t> ends;  // rows + 1 once there are any.
    std::vector<std::uint64_t> codes;
    std::vector<std::uint32_t> kept;  // Rows of the current block, when not all.
    std::size_t base = 0;             // Rows before the current block.

    /// Takes the current block's rows off again.
    void shrink(std::size_t text_bytes) {
        const auto cut = [&](auto& column) { column.resize(std::min(column.size(), base)); };
        cut(rows.timestamp_ms);
        cut(rows.sequence);
        cut(rows.ingestion_ms);
        cut(rows.stream);
        text.resize(text_bytes);
        if (!ends.empty()) ends.resize(base + 1);
        rows.shaped.reset();
        rows.shaped_row.clear();
    }
};

Error SegmentReader::damage(std::string_view what) const {
    return {ErrorCode::kCorruption, "segment is damaged: " + std::string(what) + ": " + name_};
}

Result<std::shared_ptr<const SegmentReader>> SegmentReader::open(os::Fs& fs,
                                                                 const std::string& path,
                                                                 Checksums checksums) {
    std::shared_ptr<const os::File> file = SKY_TRY(fs.open(path, os::OpenMode::kRead));
    const std::uint64_t bytes = SKY_TRY(file->size());
    return open(std::move(file), {0, bytes}, path, checksums);
}

Result<std::shared_ptr<const SegmentReader>> SegmentReader::open(
    std::shared_ptr<const os::File> file, SegmentPlace place, std::string name,
    Checksums checksums) {
    std::shared_ptr<SegmentReader> reader(new SegmentReader);
    reader->checksums_ = checksums;
    reader->file_ = std::move(file);
    reader->place_ = place;
    reader->name_ = std::move(name);
    Status loaded = reader->load_footer();
    if (!loaded) {
        Error error = std::move(loaded).error();
        if (error.message.find(reader->name_) == std::string::npos)
            error.message += ": " + reader->name_;
        return std::unexpected(std::move(error));
    }
    return reader;
}

Status SegmentReader::load_footer() {
    const std::uint64_t file_bytes = place_.bytes;
    if (file_bytes < kSegmentHeaderBytes + kSegmentTrailerBytes)
        return std::unexpected(damage("too short"));
    std::string tail(std::min<std::uint64_t>(file_bytes, kTailReadBytes), '\0');
    const auto fill = [&](std::string& into, std::uint64_t offset) -> Status {
        const auto got =
            SKY_TRY(file_->pread(place_.offset + offset, std::as_writable_bytes(std::span(into))));
        return got == into.size() ? Status() : std::unexpected(damage("file ends early"));
    };
    SKY_TRY(fill(tail, file_bytes - tail.size()));
    const auto trailer = SKY_TRY(parse_trailer(
        kSegmentKind, std::string_view(tail).substr(tail.size() - kSegmentTrailerBytes),
        file_bytes));
    const std::size_t needed = trailer.footer_bytes + kSegmentTrailerBytes;
    if (needed > tail.size()) {
        tail.assign(needed, '\0');
        SKY_TRY(fill(tail, trailer.footer_offset));
    }
    const auto bytes = std::string_view(tail).substr(tail.size() - needed, trailer.footer_bytes);
    if (checksums_ == Checksums::kVerify && crypto::crc32c(bytes) != trailer.footer_crc)
        return std::unexpected(damage("checksum of the footer"));
    footer_ = SKY_TRY(parse_footer(bytes, trailer.footer_offset));
    footer_.row.file_bytes = file_bytes;
    messages_ = SKY_TRY(make_message_decoder(footer_.message_coding, footer_.message_header));
    return {};
}

Result<SegmentReader::Plan> SegmentReader::plan(const RowFilter& filter, Columns columns) const {
    Plan plan;
    plan.range = filter.range;
    plan.columns = columns;
    plan.wanted_rows = filter.wanted;
    const auto& blocks = footer_.blocks;
    // Blocks ascend in time: those that overlap the range are neighbours.
    plan.begin =
        static_cast<std::size_t>(std::partition_point(blocks.begin(), blocks.end(),
                                                      [&](const SegmentBlock& b) {
                                                          return b.max_ms < filter.range.begin_ms;
                                                      }) -
                                 blocks.begin());
    plan.end =
        static_cast<std::size_t>(std::partition_point(blocks.begin(), blocks.end(),
                                                      [&](const SegmentBlock& b) {
                                                          return b.min_ms <= filter.range.end_ms;
                                                      }) -
                                 blocks.begin());
    plan.end = std::max(plan.begin, plan.end);
    if (filter.by_stream()) {
        std::size_t kept = 0;
        plan.allowed.resize(footer_.streams.size());
        for (std::size_t i = 0; i < footer_.streams.size(); ++i)
            kept += plan.allowed[i] = filter.keeps(footer_.streams[i].id) ? 1 : 0;
        if (kept == 0) plan.end = plan.begin;
        if (kept == footer_.streams.size()) plan.allowed.clear();
    }
    const bool shaped = has(columns, Columns::kMessage) && has(columns, Columns::kShaped) &&
                        is_shaped(footer_.message_coding);
    const bool whole = filter.range.begin_ms <= footer_.row.min_ms &&
                       filter.range.end_ms >= footer_.row.max_ms && filter.wanted.rows == 0;
    plan.timeless = has(columns, Columns::kTimeless) && shaped && whole && plan.allowed.empty() &&
                    !has(columns, Columns::kIngestion) && !has(columns, Columns::kStream);
    plan.wanted[at(SegmentColumn::kTime)] = !plan.timeless;
    plan.wanted[at(SegmentColumn::kSequence)] = !plan.timeless;
    plan.wanted[at(SegmentColumn::kIngestion)] = has(columns, Columns::kIngestion);
    plan.wanted[at(SegmentColumn::kStream)] =
        has(columns, Columns::kStream) || !plan.allowed.empty();
    plan.wanted[at(SegmentColumn::kMessage)] = has(columns, Columns::kMessage);
    return plan;
}

/// Reads the wanted columns of the plan's blocks; columns that are neighbours in the file are one
/// pread, so a whole segment is one.
Status SegmentReader::load(Plan& plan) const {
    struct Run {
        std::uint64_t offset, bytes;
        std::size_t into;
    };
    std::vector<Run> runs;
    std::array<std::size_t, kSegmentColumns> start{}, length{};
    std::size_t total = 0;
    for (std::size_t c = 0; c < kSegmentColumns; ++c) {
        if (!plan.wanted[c]) continue;
        const SegmentBlock::Extent& first = footer_.blocks[plan.begin].columns[c];
        const SegmentBlock::Extent& last = footer_.blocks[plan.end - 1].columns[c];
        const std::uint64_t bytes = last.offset + last.bytes - first.offset;
        if (!runs.empty() && runs.back().offset + runs.back().bytes == first.offset)
            runs.back().bytes += bytes;
        else
            runs.push_back({first.offset, bytes, total});
        start[c] = total;
        length[c] = static_cast<std::size_t>(bytes);
        total += length[c];
    }
    plan.buffer = std::make_unique_for_overwrite<char[]>(total);
    for (const Run& run : runs) {
        const std::span<char> into(plan.buffer.get() + run.into,
                                   static_cast<std::size_t>(run.bytes));
        const auto got =
            SKY_TRY(file_->pread(place_.offset + run.offset, std::as_writable_bytes(into)));
        if (got != into.size()) return std::unexpected(damage("file ends early"));
    }
    for (std::size_t c = 0; c < kSegmentColumns; ++c)
        plan.bytes[c] = {plan.buffer.get() + start[c], length[c]};
    return {};
}

/// Reads the stream column alone and leaves only blocks with rows of allowed streams: a stream that
/// lived for a minute costs its blocks, not the day.
Status SegmentReader::narrow_by_stream(Plan& plan, std::vector<DamagedBlock>* damaged) const {
    const auto wanted = std::exchange(plan.wanted, {});
    plan.wanted[at(SegmentColumn::kStream)] = true;
    SKY_TRY(load(plan));
    plan.skipped.assign(footer_.blocks.size(), 0);
    plan.kept_rows.assign(footer_.blocks.size(), 0);
    std::size_t first = plan.end, last = plan.begin;
    std::vector<std::uint64_t> codes;
    for (std::size_t b = plan.begin; b < plan.end; ++b) {
        if (Status decoded = decode_streams(b, plan, codes); !decoded) {
            SKY_TRY(leave_out(b, std::move(decoded), damaged));
            plan.skipped[b] = 1;
            continue;
        }
        std::uint32_t kept = 0;
        for (const std::uint64_t code : codes) kept += plan.allowed[code];
        plan.kept_rows[b] = kept;
        plan.skipped[b] = kept != 0 ? 0 : 1;
        if (kept == 0) continue;
        first = std::min(first, b);
        last = b + 1;
    }
    plan.begin = first;
    plan.end = std::max(first, last);
    plan.wanted = wanted;
    return {};
}

/// Leaves only the blocks that the wanted rows can lie in: as many as hold them beside the first,
/// of which the range may leave nothing but its last row.
void SegmentReader::narrow_by_count(Plan& plan) const {
    if (plan.wanted_rows.rows == 0) return;
    const auto rows_of = [&](std::size_t b) -> std::size_t {
        return plan.kept_rows.empty() ? footer_.blocks[b].rows : plan.kept_rows[b];
    };
    std::size_t rows = 0;
    if (plan.wanted_rows.from == RowsWanted::From::kOldest) {
        std::size_t end = plan.begin + 1;
        while (end < plan.end && rows < plan.wanted_rows.rows) rows += rows_of(end++);
        plan.end = std::min(plan.end, end);
    } else {
        std::size_t begin = plan.end - 1;
        while (begin > plan.begin && rows < plan.wanted_rows.rows) rows += rows_of(--begin);
        plan.begin = begin;
    }
}

/// What a block's error means for the read: nothing more than its rows, where that is allowed.
Status SegmentReader::leave_out(std::size_t index, Status status,
                                std::vector<DamagedBlock>* damaged) const {
    if (damaged == nullptr || status.error().code != ErrorCode::kCorruption) return status;
    const SegmentBlock& block = footer_.blocks[index];
    damaged->push_back({index, block.rows, block.min_ms, block.max_ms, status.error().message});
    return {};
}

std::string_view SegmentReader::bytes_of(std::size_t index, SegmentColumn column,
                                         const Plan& plan) const {
    const SegmentBlock::Extent& extent = footer_.blocks[index].columns[at(column)];
    const std::uint64_t from =
        extent.offset - footer_.blocks[plan.begin].columns[at(column)].offset;
    return plan.bytes[at(column)].substr(static_cast<std::size_t>(from), extent.bytes);
}

Status SegmentReader::decode_streams(std::size_t index, const Plan& plan,
                                     std::vector<std::uint64_t>& codes) const {
    const SegmentBlock& block = footer_.blocks[index];
    const std::string_view bytes = bytes_of(index, SegmentColumn::kStream, plan);
    codes.resize(block.rows);
    const bool intact = checksums_ == Checksums::kIgnore ||
                        crypto::crc32c(bytes) == block.columns[at(SegmentColumn::kStream)].crc;
    const std::uint64_t streams = footer_.streams.size();
    if (!intact || !columnar::decode_integers(bytes, codes) ||
        std::any_of(codes.begin(), codes.end(),
                    [&](std::uint64_t code) { return code >= streams; }))
        return std::unexpected(damage("streams of block " + std::to_string(index)));
    return {};
}

Status SegmentReader::decode_block(std::size_t index, Plan& plan, Output& out) const {
    const SegmentBlock& block = footer_.blocks[index];
    const auto stored = [&](SegmentColumn column) { return bytes_of(index, column, plan); };
    if (checksums_ == Checksums::kVerify)
        for (std::size_t c = 0; c < kSegmentColumns; ++c)
            if (plan.wanted[c] && c != at(SegmentColumn::kStream) &&  // decode_streams() does that.
                crypto::crc32c(stored(static_cast<SegmentColumn>(c))) != block.columns[c].crc)
                return std::unexpected(damage("checksum of block " + std::to_string(index)));

    if (plan.timeless) return decode_messages(index, plan, out);

    EventBatch& rows = out.rows;
    const std::size_t base = rows.timestamp_ms.size(), count = block.rows;
    out.base = base;
    const auto grow = [&](auto& column) {
        column.resize(base + count);
        return std::span(column).subspan(base);
    };
    const auto times = grow(rows.timestamp_ms);
    const auto sequences = grow(rows.sequence);
    if (!columnar::decode_integers(stored(SegmentColumn::kTime), as_unsigned(times)) ||
        !columnar::decode_integers(stored(SegmentColumn::kSequence), sequences))
        return std::unexpected(damage("times of block " + std::to_string(index)));
    if (times.front() != block.min_ms || times.back() != block.max_ms ||
        !columnar::kernels().ascends(times.data(), sequences.data(), count))
        return std::unexpected(damage("order of block " + std::to_string(index)));

    // Which rows stay: mostly all of them, else a list.
    const RowSpan span = clip(times, plan.range);
    bool all = span.begin == 0 && span.end == count;
    out.kept.clear();
    if (plan.wanted[at(SegmentColumn::kStream)]) SKY_TRY(decode_streams(index, plan, out.codes));
    // Of a block alone only the wanted end is made; several are a stretch as they are.
    const std::size_t wanted = plan.end - plan.begin == 1 ? plan.wanted_rows.rows : 0;
    if (!plan.allowed.empty() || !all || (wanted != 0 && wanted < count)) {
        for (std::size_t i = span.begin; i < span.end; ++i)
            if (plan.allowed.empty() || plan.allowed[out.codes[i]] != 0)
                out.kept.push_back(static_cast<std::uint32_t>(i));
        if (wanted != 0 && wanted < out.kept.size()) {
            if (plan.wanted_rows.from == RowsWanted::From::kNewest)
                out.kept.erase(out.kept.begin(),
                               out.kept.end() - static_cast<std::ptrdiff_t>(wanted));
            out.kept.resize(wanted);
        }
        all = out.kept.size() == count;
    }
    const auto compact = [&](auto& column) {
        for (std::size_t i = 0; i < out.kept.size(); ++i)
            column[base + i] = column[base + out.kept[i]];
        column.resize(base + out.kept.size());
    };
    if (has(plan.columns, Columns::kIngestion)) {
        if (!columnar::decode_integers(stored(SegmentColumn::kIngestion),
                                       as_unsigned(grow(rows.ingestion_ms))))
            return std::unexpected(damage("ingestion times of block " + std::to_string(index)));
        if (!all) compact(rows.ingestion_ms);
    }
    if (has(plan.columns, Columns::kStream)) {
        const auto ids = grow(rows.stream);
        for (std::size_t i = 0; i < count; ++i) ids[i] = footer_.streams[out.codes[i]].id;
        if (!all) compact(rows.stream);
    }
    if (!all) {
        compact(rows.timestamp_ms);
        compact(rows.sequence);
        if (out.kept.empty()) return {};
    }
    if (!has(plan.columns, Columns::kMessage)) return {};

    return decode_messages(index, plan, out);
}

std::uint64_t SegmentReader::head_bytes() const {
    const std::lock_guard lock(head_mutex_);
    return head_ != nullptr ? head_->memory_bytes() : 0;
}

void SegmentReader::drop_head() const {
    const std::lock_guard lock(head_mutex_);
    head_.reset();
}

/// A shaped block is all of its segment, and what it says of itself is kept. Where nothing else was
/// read with it, it takes the buffer: its bytes are not copied.
Result<std::unique_ptr<const shapes::ShapedBlock>> SegmentReader::open_shaped(std::size_t index,
                                                                              Plan& plan) const {
    const SegmentBlock& block = footer_.blocks[index];
    const std::string_view stored = bytes_of(index, SegmentColumn::kMessage, plan);
    std::shared_ptr<const shapes::BlockHead> head;
    const bool alone = footer_.blocks.size() == 1;
    if (alone) {
        const std::lock_guard lock(head_mutex_);
        head = head_;
    }
    const bool known = head != nullptr;
    auto shaped = messages_->open_shaped(stored, block.rows, block.text_bytes,
                                         alone ? std::move(plan.buffer) : nullptr, std::move(head));
    if (!shaped) return std::unexpected(damage(shaped.error().message));
    if (alone && !known) {
        const std::lock_guard lock(head_mutex_);
        head_ = (*shaped)->head();
    }
    return shaped;
}

/// The messages of out.kept, or of all rows when none was left out.
Status SegmentReader::decode_messages(std::size_t index, Plan& plan, Output& out) const {
    const SegmentBlock& block = footer_.blocks[index];
    const std::size_t count = block.rows;
    const bool all = plan.timeless || out.rows.timestamp_ms.size() == out.base + count;
    std::unique_ptr<const shapes::ShapedBlock> shaped;
    if (is_shaped(footer_.message_coding)) {
        shaped = SKY_TRY(open_shaped(index, plan));
        if (has(plan.columns, Columns::kShaped)) {
            out.rows.shaped = std::move(shaped);
            if (!all) out.rows.shaped_row = out.kept;
            return {};
        }
        if (!all) {
            std::vector<std::uint32_t> ends;
            const Status rendered = shaped->render(out.kept, out.text, ends);
            if (!rendered) return std::unexpected(damage(rendered.error().message));
            out.ends.insert(out.ends.end(), ends.begin(), ends.end());
            return {};
        }
    }
    // Straight into the result's buffer; rows that do not stay are closed over afterwards.
    const std::size_t base = out.base, text_base = out.text.size();
    out.ends.resize(base + 1 + count);
    const std::span<std::uint32_t> ends = std::span(out.ends).subspan(base + 1);
    bool decoded = false;
    // Not the lambda's own argument as the size: libstdc++ 12 passes the grown capacity there.
    out.text.resize_and_overwrite(text_base + block.text_bytes, [&](char* text, std::size_t) {
        decoded = shaped != nullptr
                      ? shaped->render_all(text + text_base, ends)
                      : messages_->decode(bytes_of(index, SegmentColumn::kMessage, plan),
                                          text + text_base, block.text_bytes, ends);
        return text_base + block.text_bytes;
    });
    if (!decoded) return std::unexpected(damage("messages of block " + std::to_string(index)));
    const auto shift = static_cast<std::uint32_t>(text_base);
    if (all) {
        for (std::uint32_t& end : ends) end += shift;
        return {};
    }
    std::size_t write = text_base;
    for (std::size_t i = 0; i < out.kept.size(); ++i) {
        const std::uint32_t row = out.kept[i];
        const std::size_t from = text_base + (row == 0 ? 0 : ends[row - 1]);
        const std::size_t bytes = text_base + ends[row] - from;
        std::memmove(out.text.data() + write, out.text.data() + from, bytes);
        write += bytes;
        // Reads above are at `row` >= i and `row` - 1 >= i - 1; that one was rewritten only when
        // every row before was kept, where old and new agree.
        out.ends[base + 1 + i] = static_cast<std::uint32_t>(write - text_base);
    }
    for (std::size_t i = 0; i < out.kept.size(); ++i) out.ends[base + 1 + i] += shift;
    out.ends.resize(base + 1 + out.kept.size());
    out.text.resize(write);
    return {};
}

Result<EventBatch> SegmentReader::read(const RowFilter& filter, Columns columns,
                                       std::vector<DamagedBlock>* damaged) const {
    Plan plan = SKY_TRY(this->plan(filter, columns));
    Output out;
    if (plan.begin != plan.end && !plan.allowed.empty()) SKY_TRY(narrow_by_stream(plan, damaged));
    if (plan.begin == plan.end) return std::move(out.rows);
    narrow_by_count(plan);
    SKY_TRY(load(plan));
    std::size_t rows = 0, text = 0;
    for (std::size_t b = plan.begin; b < plan.end; ++b) {
        if (!plan.skipped.empty() && plan.skipped[b] != 0) continue;
        rows += footer_.blocks[b].rows;
        text += footer_.blocks[b].text_bytes;
    }
    if (!plan.timeless) {
        out.rows.timestamp_ms.reserve(rows);
        out.rows.sequence.reserve(rows);
    }
    if (has(columns, Columns::kIngestion)) out.rows.ingestion_ms.reserve(rows);
    if (has(columns, Columns::kStream)) out.rows.stream.reserve(rows);
    if (has(columns, Columns::kMessage)) {
        if (!has(columns, Columns::kShaped)) out.text.reserve(text);
        out.ends.reserve(rows + 1);
        out.ends.push_back(0);
    }
    for (std::size_t b = plan.begin; b < plan.end; ++b) {
        if (!plan.skipped.empty() && plan.skipped[b] != 0) continue;
        const std::size_t text_before = out.text.size();
        out.base = out.rows.timestamp_ms.size();
        if (Status decoded = decode_block(b, plan, out); !decoded) {
            SKY_TRY(leave_out(b, std::move(decoded), damaged));
            out.shrink(text_before);
        }
    }
    if (damaged != nullptr && !damaged->empty() && filter.wanted.rows != 0) {
        // Fewer rows than wanted shall mean that there are no others.
        damaged->clear();
        RowFilter whole = filter;
        whole.wanted = {};
        return read(whole, columns, damaged);
    }
    if (has(columns, Columns::kMessage) && !out.rows.shaped)
        out.rows.message.assign(std::move(out.text), std::move(out.ends));
    return std::move(out.rows);
}

}  // namespace sky::store
