// SPDX-License-Identifier: Apache-2.0
#include "store/message_codec.h"

#include <zstd.h>

#include "base/assert.h"
#include "base/byte_codec.h"
#include "base/log.h"
#include "columnar/int_codec.h"
#include "shapes/block_filters.h"
#include "shapes/gram_filter.h"
#include "shapes/known_families.h"
#include "shapes/miner.h"
#include "shapes/shaped_block.h"
#include "shapes/term_filter.h"
#include "store/segment_limits.h"

namespace sky::store {

namespace {

// On seed lines level 3 seals as fast as level 1 (4.9 M lines/s a core), decodes as fast (1.1 GB/s)
// and is 4 % smaller.
constexpr int kZstdLevel = 3;

struct FreeContext {
    void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
    void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

// Contexts are large; one of each a thread, made at first use.
ZSTD_CCtx* compressor() {
    thread_local const std::unique_ptr<ZSTD_CCtx, FreeContext> context(ZSTD_createCCtx());
    return context.get();
}
ZSTD_DCtx* decompressor() {
    thread_local const std::unique_ptr<ZSTD_DCtx, FreeContext> context(ZSTD_createDCtx());
    return context.get();
}

/// Block: varint bytes of the lengths, lengths, zstd frame.
class ZstdEncoder final : public MessageEncoder {
public:
    explicit ZstdEncoder(const columnar::TextColumn& messages) : messages_(messages) {}
    MessageCoding coding() const override { return MessageCoding::kZstd; }
    std::string header() const override { return {}; }
    std::size_t block_rows_max() const override { return limits::kBlockRowsMax; }
    std::size_t block_bytes_max() const override { return limits::kBlockBytesMax; }

    Status encode(std::size_t begin, std::size_t end, std::string& out) override {
        const auto offsets = messages_.offsets();
        std::vector<std::uint64_t> lengths(end - begin);
        for (std::size_t i = begin; i < end; ++i) lengths[i - begin] = offsets[i + 1] - offsets[i];
        std::string coded;
        columnar::encode_integers(lengths, coded);
        put_text(out, coded);
        const std::string_view text =
            messages_.data().substr(offsets[begin], offsets[end] - offsets[begin]);
        const std::size_t start = out.size(), bound = ZSTD_compressBound(text.size());
        out.resize(start + bound);
        ZSTD_CCtx* const context = compressor();
        if (context == nullptr) return fail(ErrorCode::kInternal, "no memory for a zstd context");
        const std::size_t got = ZSTD_compressCCtx(context, out.data() + start, bound, text.data(),
                                                  text.size(), kZstdLevel);
        if (ZSTD_isError(got) != 0)
            return fail(ErrorCode::kInternal,
                        std::string("zstd cannot compress: ") + ZSTD_getErrorName(got));
        out.resize(start + got);
        return {};
    }

private:
    const columnar::TextColumn& messages_;
};

class ZstdDecoder final : public MessageDecoder {
public:
    bool decode(std::string_view block, char* text, std::size_t text_bytes,
                std::span<std::uint32_t> ends) const override {
        ByteReader in(block);
        const std::string_view coded = in.text(block.size());
        if (!in.ok()) return false;
        thread_local std::vector<std::uint64_t> lengths;  // At most a block's rows.
        lengths.resize(ends.size());
        if (!columnar::decode_integers(coded, lengths)) return false;
        std::uint64_t end = 0;
        for (std::size_t i = 0; i < ends.size(); ++i) {
            if (lengths[i] > text_bytes) return false;  // Keeps the sum from wrapping.
            end += lengths[i];
            ends[i] = static_cast<std::uint32_t>(end);
        }
        if (end != text_bytes) return false;
        ZSTD_DCtx* const context = decompressor();
        if (context == nullptr) return false;
        const std::size_t got =
            ZSTD_decompressDCtx(context, text, text_bytes, in.position(), in.left());
        return ZSTD_isError(got) == 0 && got == text_bytes;
    }
    Result<std::unique_ptr<const shapes::ShapedBlock>> open_shaped(
        std::string_view, std::size_t, std::size_t, std::unique_ptr<const char[]>,
        std::shared_ptr<const shapes::BlockHead>) const override {
        return std::unique_ptr<const shapes::ShapedBlock>();
    }
    bool may_contain(std::string_view) const override { return true; }
};

class ShapesEncoder final : public MessageEncoder {
public:
    ShapesEncoder(std::string block, std::string header, std::size_t rows)
        : block_(std::move(block)), header_(std::move(header)), rows_(rows) {}
    MessageCoding coding() const override { return MessageCoding::kFilteredShapes; }
    std::string header() const override { return header_; }
    std::size_t block_rows_max() const override { return limits::kChunkRowsMax; }
    std::size_t block_bytes_max() const override { return limits::kChunkBytesMax; }
    Status encode(std::size_t begin, std::size_t end, std::string& out) override {
        SKY_ASSERT(begin == 0 && end == rows_, "the segment is one block");
        out += block_;
        return {};
    }

private:
    const std::string block_, header_;
    const std::size_t rows_;
};

class ShapesDecoder final : public MessageDecoder {
public:
    ShapesDecoder(shapes::GramFilter grams, shapes::TermFilter terms)
        : grams_(std::move(grams)), terms_(std::move(terms)) {}
    bool decode(std::string_view block, char* text, std::size_t text_bytes,
                std::span<std::uint32_t> ends) const override {
        const auto opened = open_shaped(block, ends.size(), text_bytes, nullptr, nullptr);
        return opened && (*opened)->render_all(text, ends);
    }
    Result<std::unique_ptr<const shapes::ShapedBlock>> open_shaped(
        std::string_view block, std::size_t rows, std::size_t text_bytes,
        std::unique_ptr<const char[]> home,
        std::shared_ptr<const shapes::BlockHead> head) const override {
        if (home == nullptr)
            return shapes::ShapedBlock::open(std::string(block), rows, text_bytes, std::move(head));
        return shapes::ShapedBlock::open(std::move(home), block, rows, text_bytes, std::move(head));
    }
    bool may_contain(std::string_view literal) const override {
        return grams_.may_contain(literal) && terms_.may_contain(literal);
    }

private:
    const shapes::GramFilter grams_;
    const shapes::TermFilter terms_;
};

/// The header of a shaped block: filters, where there are so many rows that they help.
std::string filters_of(const columnar::TextColumn& messages, const shapes::ShapedBlock& block) {
    std::string header;
    // A filter helps queries over many chunks; a small one is read as fast as asked.
    if (messages.size() < limits::kFilterRowsMin) return header;
    const auto known = shapes::filters_of(block);
    const shapes::BlockFilters filters =
        known && *known ? **known
                        : shapes::BlockFilters{shapes::GramFilter::of(messages.data()),
                                               shapes::TermFilter::of(messages.data())};
    put_text(header, filters.grams.encode());
    filters.terms.encode(header);
    return header;
}

using OpenedBlock = Result<std::unique_ptr<const shapes::ShapedBlock>>;

/// Of every kCheckEvery-th line, those that a block does not give back.
std::uint64_t mismatches(const columnar::TextColumn& messages, const OpenedBlock& opened) {
    std::vector<std::uint32_t> rows, ends;
    for (std::size_t i = 0; i < messages.size(); i += limits::kShapeCheckEvery)
        rows.push_back(static_cast<std::uint32_t>(i));
    std::string text;
    if (!opened || !(*opened)->render(rows, text, ends)) return rows.size();
    std::uint64_t count = 0;
    std::size_t begin = 0;
    for (std::size_t i = 0; i < rows.size(); begin = ends[i++])
        if (std::string_view(text).substr(begin, ends[i] - begin) != messages[rows[i]]) ++count;
    return count;
}

/// What the text would take as plain zstd, about, without keeping it; the compressor's failure is
/// "too much".
std::size_t plain_bytes(const columnar::TextColumn& messages) {
    const std::size_t too_much = ZSTD_compressBound(messages.bytes());
    ZSTD_CCtx* const context = compressor();
    if (context == nullptr) return too_much;
    const auto failed = [](std::size_t code) { return ZSTD_isError(code) != 0; };
    if (failed(ZSTD_CCtx_reset(context, ZSTD_reset_session_and_parameters)) ||
        failed(ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, kZstdLevel)) ||
        failed(ZSTD_CCtx_setPledgedSrcSize(context, messages.bytes())))
        return too_much;
    std::vector<char> piece(ZSTD_CStreamOutSize());
    ZSTD_inBuffer in{messages.data().data(), messages.bytes(), 0};
    std::size_t bytes = messages.size();  // A byte a length.
    for (std::size_t left = 1; left != 0;) {
        ZSTD_outBuffer out{piece.data(), piece.size(), 0};
        left = ZSTD_compressStream2(context, &out, &in, ZSTD_e_end);
        if (failed(left)) return too_much;
        bytes += out.pos;
    }
    return bytes;
}

}  // namespace

std::string shape_messages(const columnar::TextColumn& messages, shapes::KnownFamilies* known) {
    return shapes::encode_block(known != nullptr ? shapes::mine(messages, *known)
                                                 : shapes::mine(messages));
}

ChosenEncoder plain_message_encoder(const columnar::TextColumn& messages) {
    return {std::make_unique<ZstdEncoder>(messages), 0};
}

ChosenEncoder choose_message_encoder(const columnar::TextColumn& messages,
                                     shapes::KnownFamilies* known, Shaper shaper) {
    ChosenEncoder chosen;
    if (messages.size() >= limits::kShapedRowsMin) {
        std::string block = shaper(messages, known);
        const std::size_t bytes = block.size();
        auto opened =
            shapes::ShapedBlock::open(std::move(block), messages.size(), messages.bytes());
        chosen.mismatches = mismatches(messages, opened);
        // Text that shrinks this much as shapes shrinks less as text.
        const bool small = bytes * limits::kShapedRatioSure <= messages.bytes();
        if (chosen.mismatches == 0 && (small || bytes <= plain_bytes(messages))) {
            std::string header = filters_of(messages, **opened);
            chosen.encoder =
                std::make_unique<ShapesEncoder>(shapes::ShapedBlock::give_back(*std::move(opened)),
                                                std::move(header), messages.size());
            return chosen;
        }
        if (chosen.mismatches != 0) {
            log::error("segment.shape_mismatch",
                       {{"lines", chosen.mismatches}, {"rows", messages.size()}});
            // What led here is not tried again.
            if (known != nullptr) *known = shapes::KnownFamilies();
        }
    }
    chosen.encoder = std::make_unique<ZstdEncoder>(messages);
    return chosen;
}

Result<std::unique_ptr<const MessageDecoder>> make_message_decoder(std::uint64_t coding,
                                                                   std::string_view header) {
    const auto damaged = [] { return fail(ErrorCode::kCorruption, "filter of the messages"); };
    constexpr auto kNewest = static_cast<std::uint64_t>(MessageCoding::kFilteredShapes);
    switch (static_cast<MessageCoding>(coding > kNewest ? 0 : coding)) {
        case MessageCoding::kZstd:
            if (!header.empty())
                return fail(ErrorCode::kCorruption, "zstd messages have no header");
            return std::make_unique<const ZstdDecoder>();
        case MessageCoding::kShapes: {
            auto grams = shapes::GramFilter::decode(header);
            if (!grams) return damaged();
            return std::make_unique<const ShapesDecoder>(*std::move(grams), shapes::TermFilter());
        }
        case MessageCoding::kFilteredShapes: {
            if (header.empty())
                return std::make_unique<const ShapesDecoder>(shapes::GramFilter(),
                                                             shapes::TermFilter());
            ByteReader in(header);
            auto grams = shapes::GramFilter::decode(in.text(in.left()));
            shapes::TermFilter terms;
            if (!grams || !shapes::TermFilter::decode(in, terms) || in.left() != 0)
                return damaged();
            return std::make_unique<const ShapesDecoder>(*std::move(grams), std::move(terms));
        }
    }
    return fail(ErrorCode::kUnavailable, "messages are stored in coding " + std::to_string(coding) +
                                             ", written by a newer skywatch");
}

}  // namespace sky::store
