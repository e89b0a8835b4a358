// SPDX-License-Identifier: Apache-2.0
#include "store/segment_format.h"

#include "base/byte_codec.h"
#include "crypto/crc32c.h"
#include "store/segment_limits.h"

namespace sky::store {

namespace {

std::unexpected<Error> damaged(const char* what) {
    return fail(ErrorCode::kCorruption, std::string("segment is damaged: ") + what);
}

}  // namespace

void append_header(const FileKind& kind, std::string& out) {
    const std::size_t start = out.size();
    out.append(kind.magic);
    put_word(out, kind.format);
    put_word(out, crypto::crc32c(std::string_view(out).substr(start)));
}

void append_trailer(const FileKind& kind, const SegmentTrailer& trailer, std::string& out) {
    const std::size_t start = out.size();
    put_word(out, trailer.footer_offset);
    put_word(out, trailer.footer_bytes);
    put_word(out, trailer.footer_crc);
    put_word(out, kind.format);
    put_word(out, crypto::crc32c(std::string_view(out).substr(start)));
    out.append(kind.magic);
}

Result<SegmentTrailer> parse_trailer(const FileKind& kind, std::string_view bytes,
                                     std::uint64_t file_bytes) {
    const auto broken = [&](const char* what) {
        return fail(ErrorCode::kCorruption, std::string(kind.name) + " is damaged: " + what);
    };
    if (bytes.size() != kSegmentTrailerBytes || !bytes.ends_with(kind.magic))
        return broken("no trailer");
    ByteReader in(bytes);
    SegmentTrailer trailer;
    trailer.footer_offset = in.word<std::uint64_t>();
    trailer.footer_bytes = in.word<std::uint32_t>();
    trailer.footer_crc = in.word<std::uint32_t>();
    const auto format = in.word<std::uint32_t>();
    if (format > kind.format)
        return fail(ErrorCode::kUnavailable,
                    std::string(kind.name) + " has format " + std::to_string(format) +
                        ", written by a newer skywatch; this one knows formats up to " +
                        std::to_string(kind.format));
    if (in.word<std::uint32_t>() !=
        crypto::crc32c(bytes.substr(0, kSegmentTrailerBytes - kind.magic.size() - 4)))
        return broken("checksum of the trailer");
    if (format == 0) return broken("format 0");
    if (trailer.footer_offset < kSegmentHeaderBytes ||
        trailer.footer_bytes > limits::kFooterBytesMax || file_bytes > kind.bytes_max ||
        trailer.footer_offset > file_bytes ||
        trailer.footer_offset + trailer.footer_bytes + kSegmentTrailerBytes != file_bytes)
        return broken("place of the footer");
    return trailer;
}

std::string encode_footer(const SegmentFooter& footer) {
    std::string out;
    const SegmentRow& row = footer.row;
    put_varint(out, row.id);
    put_varint(out, row.group);
    put_signed(out, row.day);
    put_signed(out, row.min_ms);
    put_signed(out, row.max_ms);
    put_varint(out, row.rows);
    put_varint(out, row.message_bytes);
    put_varint(out, row.lsn_min);
    put_varint(out, row.lsn_max);
    put_varint(out, row.sequence_max);
    put_text(out, footer.tenant.account);
    put_text(out, footer.tenant.region);
    put_text(out, footer.group_name);
    put_signed(out, footer.group_creation_ms);
    put_varint(out, footer.replaced.size());
    for (const std::uint64_t id : footer.replaced) put_varint(out, id);
    put_varint(out, footer.message_coding);
    put_text(out, footer.message_header);
    put_varint(out, footer.streams.size());
    for (const SegmentStream& stream : footer.streams) {
        put_varint(out, stream.id);
        put_text(out, stream.name);
        put_varint(out, stream.rows);
        put_varint(out, stream.message_bytes);
        put_signed(out, stream.first_ms);
        put_signed(out, stream.last_ms);
        put_signed(out, stream.ingestion_ms);
    }
    put_varint(out, footer.blocks.size());
    for (const SegmentBlock& block : footer.blocks) {
        put_varint(out, block.rows);
        put_varint(out, block.text_bytes);
        put_signed(out, block.min_ms);
        put_signed(out, block.max_ms);
        for (const SegmentBlock::Extent& extent : block.columns) {
            put_varint(out, extent.offset);
            put_varint(out, extent.bytes);
            put_word(out, extent.crc);
        }
    }
    return out;
}

namespace {

Status parse_streams(ByteReader& in, SegmentFooter& footer) {
    const std::uint64_t count = in.varint();
    if (!in.ok() || count == 0 || count > footer.row.rows) return damaged("number of streams");
    std::uint64_t rows = 0, bytes = 0;
    for (std::uint64_t i = 0; i < count; ++i) {
        SegmentStream stream;
        stream.id = in.varint();
        stream.name = in.text(limits::kNameBytesMax);
        stream.rows = in.varint();
        stream.message_bytes = in.varint();
        stream.first_ms = in.signed_varint();
        stream.last_ms = in.signed_varint();
        stream.ingestion_ms = in.signed_varint();
        if (!in.ok()) return damaged("a stream");
        if (!footer.streams.empty() && footer.streams.back().id >= stream.id)
            return damaged("order of the streams");
        if (stream.rows > footer.row.rows || stream.message_bytes > footer.row.message_bytes)
            return damaged("figures of a stream");
        rows += stream.rows;
        bytes += stream.message_bytes;
        footer.streams.push_back(std::move(stream));
    }
    if (rows != footer.row.rows || bytes != footer.row.message_bytes)
        return damaged("figures of the streams");
    return {};
}

Status parse_blocks(ByteReader& in, std::uint64_t footer_offset, SegmentFooter& footer) {
    const std::uint64_t count = in.varint();
    if (!in.ok() || count == 0 || count > footer.row.rows) return damaged("number of blocks");
    std::uint64_t rows = 0, bytes = 0;
    for (std::uint64_t i = 0; i < count; ++i) {
        SegmentBlock block;
        const std::uint64_t block_rows = in.varint(), block_bytes = in.varint();
        block.min_ms = in.signed_varint();
        block.max_ms = in.signed_varint();
        if (block_rows == 0 || block_rows > footer.row.rows ||
            block_bytes > footer.row.message_bytes || block.min_ms > block.max_ms)
            return damaged("figures of a block");
        block.rows = static_cast<std::uint32_t>(block_rows);
        block.text_bytes = static_cast<std::uint32_t>(block_bytes);
        for (std::size_t c = 0; c < kSegmentColumns; ++c) {
            SegmentBlock::Extent& extent = block.columns[c];
            extent.offset = in.varint();
            const std::uint64_t extent_bytes = in.varint();
            extent.crc = in.word<std::uint32_t>();
            if (extent.offset < kSegmentHeaderBytes || extent.offset > footer_offset ||
                extent_bytes > footer_offset - extent.offset)
                return damaged("place of a block");
            extent.bytes = static_cast<std::uint32_t>(extent_bytes);
            // A column's blocks lie one after the other: a range of blocks is one read.
            if (!footer.blocks.empty()) {
                const SegmentBlock::Extent& before = footer.blocks.back().columns[c];
                if (before.offset + before.bytes != extent.offset)
                    return damaged("gap in a column");
            }
        }
        if (!in.ok()) return damaged("a block");
        if (!footer.blocks.empty() && footer.blocks.back().max_ms > block.min_ms)
            return damaged("order of the blocks");
        rows += block.rows;
        bytes += block.text_bytes;
        footer.blocks.push_back(block);
    }
    if (rows != footer.row.rows || bytes != footer.row.message_bytes ||
        footer.blocks.front().min_ms != footer.row.min_ms ||
        footer.blocks.back().max_ms != footer.row.max_ms)
        return damaged("figures of the blocks");
    return {};
}

}  // namespace

Result<SegmentFooter> parse_footer(std::string_view bytes, std::uint64_t footer_offset) {
    ByteReader in(bytes);
    SegmentFooter footer;
    SegmentRow& row = footer.row;
    row.id = in.varint();
    row.group = in.varint();
    row.day = in.signed_varint();
    row.min_ms = in.signed_varint();
    row.max_ms = in.signed_varint();
    row.rows = in.varint();
    row.message_bytes = in.varint();
    row.lsn_min = in.varint();
    row.lsn_max = in.varint();
    row.sequence_max = in.varint();
    footer.tenant.account = in.text(limits::kNameBytesMax);
    footer.tenant.region = in.text(limits::kNameBytesMax);
    footer.group_name = in.text(limits::kNameBytesMax);
    footer.group_creation_ms = in.signed_varint();
    const std::uint64_t replaced = in.varint();
    if (!in.ok() || replaced > in.left()) return damaged("footer");
    for (std::uint64_t i = 0; i < replaced; ++i) footer.replaced.push_back(in.varint());
    footer.message_coding = in.varint();
    footer.message_header = in.text(limits::kFooterBytesMax);
    if (!in.ok() || row.rows == 0 || row.rows > limits::kChunkRowsMax ||
        row.message_bytes > limits::kChunkBytesMax)
        return damaged("figures of the footer");
    SKY_TRY(parse_streams(in, footer));
    SKY_TRY(parse_blocks(in, footer_offset, footer));
    if (is_shaped(footer.message_coding) && footer.blocks.size() != 1)
        return damaged("shaped messages in several blocks");
    if (in.left() != 0) return damaged("bytes after the footer");
    return footer;
}

}  // namespace sky::store
