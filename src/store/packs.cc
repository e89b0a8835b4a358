// SPDX-License-Identifier: Apache-2.0
#include "store/packs.h"

#include "base/assert.h"
#include "base/byte_codec.h"
#include "crypto/crc32c.h"
#include "store/segment_format.h"

namespace sky::store {

namespace {

constexpr FileKind kPackKind{"pack", "SKYPACKS", kPackFormat, limits::kPackFileBytesMax};
static_assert(kPackKind.magic.size() == kSegmentMagic.size(), "trailers are of one size");

std::unexpected<Error> damaged(const char* what) {
    return fail(ErrorCode::kCorruption, std::string("pack is damaged: ") + what);
}

std::string encode_directory(const PackDirectory& directory) {
    std::string out;
    put_varint(out, directory.id);
    put_varint(out, directory.level);
    put_varint(out, directory.entries.size());
    for (const PackEntry& entry : directory.entries) {
        put_varint(out, entry.id);
        put_varint(out, entry.bytes);
        put_word(out, entry.crc);
    }
    return out;
}

}  // namespace

PackWriter::PackWriter(os::Fs& fs, const std::string& directory, std::uint64_t id,
                       std::uint32_t level)
    : fs_(fs), path_(directory + "/" + std::to_string(id) + ".pack"), temporary_(path_ + ".tmp") {
    directory_.id = id;
    directory_.level = level;
    append_header(kPackKind, waiting_);
}

PackWriter::~PackWriter() {
    // Gives the space back now; what cannot be removed is an orphan at the next start.
    if (file_ && !finished_) (void)fs_.unlink(temporary_);
}

Result<std::uint64_t> PackWriter::add(std::uint64_t segment_id, std::string_view segment) {
    SKY_ASSERT(!finished_ && segment.size() >= kSegmentTrailerBytes,
               "whole segments are added before the end");
    const std::uint64_t offset = bytes();
    directory_.entries.push_back(
        {segment_id, offset, segment.size(),
         crypto::crc32c(segment.substr(segment.size() - kSegmentTrailerBytes))});
    waiting_.append(segment);
    if (waiting_.size() >= limits::kPackWriteBytes) SKY_TRY(write_waiting());
    return offset;
}

Status PackWriter::write_waiting() {
    if (!file_) file_ = SKY_TRY(fs_.open(temporary_, os::OpenMode::kCreateNew));
    SKY_TRY(file_->pwrite(written_, waiting_));
    written_ += waiting_.size();
    waiting_.clear();
    return {};
}

Status PackWriter::finish() {
    SKY_ASSERT(!directory_.entries.empty(), "a pack holds something");
    const std::string tail = encode_directory(directory_);
    const SegmentTrailer trailer{bytes(), static_cast<std::uint32_t>(tail.size()),
                                 crypto::crc32c(tail)};
    waiting_ += tail;
    append_trailer(kPackKind, trailer, waiting_);
    SKY_TRY(write_waiting());
    SKY_TRY(file_->fdatasync());
    SKY_TRY(fs_.rename(temporary_, path_));
    finished_ = true;
    file_.reset();
    return {};
}

Result<PackDirectory> parse_pack_directory(std::string_view bytes, std::uint64_t offset) {
    ByteReader in(bytes);
    PackDirectory directory;
    directory.id = in.varint();
    const std::uint64_t level = in.varint();
    const std::uint64_t count = in.varint();
    if (!in.ok() || level > limits::kMergeLevelMax || count == 0 || count > in.left())
        return damaged("figures of the directory");
    directory.level = static_cast<std::uint32_t>(level);
    directory.entries.reserve(static_cast<std::size_t>(count));
    std::uint64_t at = kSegmentHeaderBytes;
    for (std::uint64_t i = 0; i < count; ++i) {
        PackEntry entry{in.varint(), at, in.varint(), in.word<std::uint32_t>()};
        if (!in.ok() || at > offset || entry.bytes > offset - at ||
            entry.bytes < kSegmentHeaderBytes + kSegmentTrailerBytes)
            return damaged("place of a segment");
        at += entry.bytes;
        directory.entries.push_back(entry);
    }
    if (in.left() != 0 || at != offset) return damaged("bytes that belong to no segment");
    return directory;
}

Result<PackDirectory> read_pack(os::Fs& fs, const std::string& path) {
    const auto file = SKY_TRY(fs.open(path, os::OpenMode::kRead));
    const std::uint64_t file_bytes = SKY_TRY(file->size());
    const auto read = [&](std::uint64_t offset, std::string& into) -> Status {
        const auto got = SKY_TRY(file->pread(offset, std::as_writable_bytes(std::span(into))));
        return got == into.size() ? Status() : damaged("file ends early");
    };
    const auto parse = [&]() -> Result<PackDirectory> {
        if (file_bytes < kSegmentHeaderBytes + kSegmentTrailerBytes) return damaged("too short");
        std::string end(kSegmentTrailerBytes, '\0');
        SKY_TRY(read(file_bytes - end.size(), end));
        const SegmentTrailer trailer = SKY_TRY(parse_trailer(kPackKind, end, file_bytes));
        std::string tail(trailer.footer_bytes, '\0');
        SKY_TRY(read(trailer.footer_offset, tail));
        if (crypto::crc32c(tail) != trailer.footer_crc) return damaged("checksum of the directory");
        return parse_pack_directory(tail, trailer.footer_offset);
    };
    auto directory = parse();
    if (!directory) {
        Error error = std::move(directory).error();
        if (error.message.find(path) == std::string::npos) error.message += ": " + path;
        return std::unexpected(std::move(error));
    }
    directory->file_bytes = file_bytes;
    return directory;
}

}  // namespace sky::store
