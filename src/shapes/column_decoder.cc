// SPDX-License-Identifier: Apache-2.0
#include "shapes/column_decoder.h"

#include <algorithm>
#include <cstring>

#include "base/assert.h"
#include "columnar/int_codec.h"
#include "columnar/kernels.h"
#include "shapes/repeated_integers.h"
#include "shapes/zstd_frame.h"

namespace sky::shapes {

bool Frame::open(char* out) const {
    if (stored.size() != raw) return decode_zstd(stored, out, raw);
    if (raw != 0) std::memcpy(out, stored.data(), raw);
    return true;
}

bool TextPool::read(std::string_view list, std::size_t raw, std::size_t text_bytes) {
    ByteReader in(list);
    count_ = static_cast<std::size_t>(in.varint());
    lengths_ = in.take(in.left());
    raw_ = raw;
    // A text of the pool may be empty, but then it is the only one.
    return in.ok() && count_ <= text_bytes + 1;
}

const std::vector<std::string_view>* TextPool::open(const Frame& frame) const {
    if (is_open_.load(std::memory_order_acquire)) return &texts_;
    const std::lock_guard lock(opening_);
    if (is_open_.load(std::memory_order_relaxed)) return &texts_;
    auto bytes = std::make_unique_for_overwrite<char[]>(raw_);
    std::vector<std::uint64_t> lengths(count_);
    if (frame.raw != raw_ || !frame.open(bytes.get()) ||
        !columnar::decode_integers(lengths_, lengths))
        return nullptr;
    std::vector<std::string_view> texts(count_);
    std::string_view left(bytes.get(), raw_);
    for (std::size_t i = 0; i < count_; ++i) {
        if (lengths[i] > left.size()) return nullptr;
        texts[i] = left.substr(0, static_cast<std::size_t>(lengths[i]));
        left.remove_prefix(texts[i].size());
    }
    if (!left.empty()) return nullptr;
    bytes_ = std::move(bytes);
    texts_ = std::move(texts);
    is_open_.store(true, std::memory_order_release);
    return &texts_;
}

bool BlockAreas::open(std::string_view bytes, std::size_t text_bytes) {
    text_bytes_ = text_bytes;
    ByteReader in(bytes);
    // Every stored text is part of some line, and so is every code's row; two bytes a code.
    const std::size_t values_max = limits::kTextBytesMax * 2;
    const std::array<std::size_t, kFrames> raw_max = {limits::kMetaBytesMax, text_bytes, text_bytes,
                                                      values_max, values_max};
    for (std::size_t i = 0; i < kFrames; ++i) {
        const std::uint64_t raw = in.varint(), stored = in.varint();
        if (!in.ok() || raw > raw_max[i] || stored > raw) return false;
        frames_[i] = {in.take(static_cast<std::size_t>(stored)), static_cast<std::size_t>(raw)};
        if (!in.ok()) return false;
    }
    own_ = in.take(in.left());
    return true;
}

bool BlockAreas::bytes(Area area, std::size_t offset, std::size_t count, std::string_view& out) {
    std::string_view data = own_;
    if (area != Area::kOwn) {
        const Frame& stored = frame(area);
        Opened& opened = opened_[static_cast<std::size_t>(area)];
        if (!opened.is_open && stored.stored.size() == stored.raw) {
            opened.data = stored.stored;
        } else if (!opened.is_open) {
            opened.buffer = std::make_unique_for_overwrite<char[]>(stored.raw);
            if (!stored.open(opened.buffer.get())) return false;
            opened.data = {opened.buffer.get(), stored.raw};
        }
        opened.is_open = true;
        data = opened.data;
    }
    if (offset > data.size() || count > data.size() - offset) return false;
    out = data.substr(offset, count);
    return true;
}

std::uint64_t BlockAreas::memory_bytes() const {
    std::uint64_t out = 0;
    for (const Area area : {Area::kTexts, Area::kCodes, Area::kNumbers}) {
        const Frame& of = frame(area);
        if (of.stored.size() != of.raw) out += of.raw;
    }
    return out;
}

// Descriptors
// -------------------------------------------------------------------------------------------------

bool DescriptorReader::place(Place& out) {
    const auto area = in_.word<std::uint8_t>();
    const std::uint64_t bytes = in_.varint();
    if (!in_.ok() || area <= static_cast<std::uint8_t>(Area::kPool) || area > kFrames ||
        bytes > limits::kTextBytesMax * 2)
        return false;
    out = {static_cast<Area>(area), next_[area], static_cast<std::uint32_t>(bytes)};
    next_[area] += out.bytes;
    return next_[area] >= out.bytes;
}

bool DescriptorReader::codes(CodesPlace& out) {
    const auto coding = in_.word<std::uint8_t>();
    out.coding = static_cast<CodesCoding>(coding);
    return coding >= static_cast<std::uint8_t>(CodesCoding::kPacked) &&
           coding <= static_cast<std::uint8_t>(CodesCoding::kZstd) && place(out.place);
}

bool DescriptorReader::exceptions(std::size_t rows, ColumnInfo& out) {
    const std::uint64_t count = in_.varint();
    if (!in_.ok() || count > rows) return false;
    out.exceptions = static_cast<std::uint32_t>(count);
    if (count != 0) out.list = in_.text(in_.left());
    return in_.ok();
}

namespace {

constexpr std::size_t kByteSetBytes = 32;

bool read_hex(ByteReader& in, HexForm& out) {
    const auto upper = in.word<std::uint8_t>();
    out.upper = upper == 1;
    out.pattern = in.text(limits::kFormBytesMax);
    const auto digits = std::count(out.pattern.begin(), out.pattern.end(), 'x');
    out.digits = static_cast<std::uint8_t>(digits);
    return in.ok() && upper <= 1 && digits >= 1;
}

}  // namespace

Form ColumnInfo::read_form() const {
    Form out;
    ByteReader in(form);
    SKY_ASSERT(out.decode(in), "it was read when the block was opened");
    return out;
}

HexForm ColumnInfo::read_hex() const {
    HexForm out;
    ByteReader in(form);
    SKY_ASSERT(shapes::read_hex(in, out), "it was read when the block was opened");
    return out;
}

SlotStats ColumnInfo::stats() const {
    SlotStats out;
    for (unsigned word = 0; word < 4; ++word) {
        const auto bits = load_word<std::uint64_t>(form.data() + word * 8);
        for (unsigned bit = 0; bit < 64; ++bit)
            if ((bits >> bit & 1U) != 0) out.bytes.add(static_cast<unsigned char>(word * 64 + bit));
    }
    out.has_empty = (length_flags & 1U) != 0;
    out.has_one = (length_flags & 2U) != 0;
    out.has_more = (length_flags & 4U) != 0;
    return out;
}

bool DescriptorReader::column(std::size_t rows, ColumnInfo& out) {
    const auto first = in_.word<std::uint8_t>();
    if (first >> kKindBits > JsonRoles::kBits) return false;
    out.roles = JsonRoles(static_cast<std::uint8_t>(first >> kKindBits));
    auto kind = static_cast<std::uint8_t>(first & ((1U << kKindBits) - 1));
    out.repeated = kind == kRepeatedForm;
    if (out.repeated) kind = static_cast<std::uint8_t>(SlotKind::kForm);
    out.kind = static_cast<SlotKind>(kind);
    switch (out.kind) {
        case SlotKind::kConstant: {
            const std::uint64_t reference = in_.varint();
            out.constant = static_cast<std::uint32_t>(reference);
            return in_.ok() && reference < pool_size_;
        }
        case SlotKind::kDictionary: {
            const std::uint64_t entries = in_.varint();
            out.list = in_.text(in_.left());
            out.entries = static_cast<std::uint32_t>(entries);
            return in_.ok() && entries >= 1 &&
                   entries <= std::min<std::size_t>(rows, limits::kDictionaryEntriesMax) &&
                   codes(out.codes);
        }
        case SlotKind::kForm: {
            const char* const begin = in_.position();
            if (!form_.decode(in_)) return false;
            out.form = {begin, static_cast<std::size_t>(in_.position() - begin)};
            return exceptions(rows, out) && place(out.values);
        }
        case SlotKind::kHex: {
            const char* const begin = in_.position();
            if (!read_hex(in_, hex_)) return false;
            out.form = {begin, static_cast<std::size_t>(in_.position() - begin)};
            return exceptions(rows, out) && place(out.values);
        }
        case SlotKind::kText: {
            out.length_flags = in_.word<std::uint8_t>();
            if (rows >= kOwnRowsMin) out.form = in_.take(kByteSetBytes);
            const std::uint64_t bytes = in_.varint();
            out.text_bytes = static_cast<std::uint32_t>(bytes);
            return in_.ok() && bytes <= text_bytes_ && place(out.lengths) && place(out.values);
        }
    }
    return false;
}

bool decode_codes(const CodesPlace& codes, std::size_t entries, BlockAreas& areas,
                  std::span<std::uint16_t> out) {
    std::string_view bytes;
    if (!areas.bytes(codes.place.area, codes.place.offset, codes.place.bytes, bytes)) return false;
    const std::size_t wide = entries > 256 ? 2 : 1;
    std::unique_ptr<char[]> buffer;
    switch (codes.coding) {
        case CodesCoding::kPacked:
            if (!unpack_codes(bytes, code_bits(entries), out)) return false;
            break;
        case CodesCoding::kZstd:
            buffer = std::make_unique_for_overwrite<char[]>(out.size() * wide);
            if (!decode_zstd(bytes, buffer.get(), out.size() * wide)) return false;
            bytes = {buffer.get(), out.size() * wide};
            [[fallthrough]];
        case CodesCoding::kBytes:
            if (bytes.size() != out.size() * wide) return false;
            if (wide == 2)
                std::memcpy(out.data(), bytes.data(), bytes.size());
            else
                for (std::size_t i = 0; i < out.size(); ++i)
                    out[i] = static_cast<unsigned char>(bytes[i]);
            break;
    }
    return columnar::kernels().greatest(out.data(), out.size()) < entries;
}

// Columns
// -------------------------------------------------------------------------------------------------

bool ColumnDecoder::dictionary_entries(const ColumnInfo& info, BlockAreas& areas, SlotColumn& out,
                                       SlotStats* stats) {
    const std::vector<std::string_view>* const pool = areas.pool();
    if (pool == nullptr) return false;
    std::vector<std::uint32_t> references;
    ByteReader in(info.list);
    if (!read_references(in, info.entries, static_cast<std::uint32_t>(pool->size()), references) ||
        in.left() != 0)
        return false;
    out.entries_.reserve(references.size());
    for (std::size_t i = 0; i < references.size();) {
        // Texts of consecutive references stand side by side in the pool.
        const char* const begin = (*pool)[references[i]].data();
        const char* end = begin;
        const std::uint32_t first = references[i];
        for (std::size_t k = i; i < references.size() && references[i] == first + (i - k); ++i) {
            out.entries_.push_back((*pool)[references[i]]);
            if (stats != nullptr) stats->add_length(out.entries_.back().size());
            end = out.entries_.back().data() + out.entries_.back().size();
        }
        if (stats != nullptr) stats->bytes.add({begin, static_cast<std::size_t>(end - begin)});
    }
    return true;
}

bool ColumnDecoder::exceptions(const ColumnInfo& info, BlockAreas& areas, SlotColumn& out,
                               SlotStats* stats) {
    if (info.exceptions == 0) return true;
    const std::vector<std::string_view>* const pool = areas.pool();
    if (pool == nullptr) return false;
    ByteReader in(info.list);
    std::vector<std::uint32_t> references;
    if (!read_ascending(in, info.exceptions, static_cast<std::uint32_t>(out.rows_),
                        out.exception_rows_) ||
        !read_references(in, info.exceptions, static_cast<std::uint32_t>(pool->size()),
                         references) ||
        in.left() != 0)
        return false;
    for (const std::uint32_t reference : references) {
        out.exception_texts_.push_back((*pool)[reference]);
        if (stats != nullptr) stats->add(out.exception_texts_.back());
    }
    return true;
}

std::optional<columnar::IntegerBounds> ColumnDecoder::bounds(const ColumnInfo& info,
                                                             std::size_t rows, BlockAreas& areas) {
    std::string_view bytes;
    if (info.kind != SlotKind::kForm || info.repeated ||
        !areas.bytes(info.values.area, info.values.offset, info.values.bytes, bytes))
        return std::nullopt;
    return columnar::bounds_of_integers(bytes, rows);
}

bool ColumnDecoder::entries(const ColumnInfo& info, BlockAreas& areas,
                            std::vector<std::string_view>& out) {
    const std::vector<std::string_view>* const pool = areas.pool();
    if (pool == nullptr) return false;
    if (info.kind == SlotKind::kConstant) {
        out.push_back((*pool)[info.constant]);
        return true;
    }
    ByteReader in(info.list);
    std::vector<std::uint32_t> references;
    if (info.kind != SlotKind::kDictionary ||
        !read_references(in, info.entries, static_cast<std::uint32_t>(pool->size()), references) ||
        in.left() != 0)
        return false;
    out.reserve(references.size());
    for (const std::uint32_t reference : references) out.push_back((*pool)[reference]);
    return true;
}

/// Everything but the values; statistics are complete but for a text that has none stored.
bool ColumnDecoder::head(const ColumnInfo& info, BlockAreas& areas, SlotColumn& out,
                         SlotStats* stats) {
    out.kind_ = info.kind;
    switch (info.kind) {
        case SlotKind::kConstant: {
            const std::vector<std::string_view>* const pool = areas.pool();
            if (pool == nullptr) return false;
            out.entries_.push_back((*pool)[info.constant]);
            if (stats != nullptr) stats->add(out.entries_[0]);
            return true;
        }
        case SlotKind::kDictionary:
            return dictionary_entries(info, areas, out, stats);
        case SlotKind::kForm:
            out.form_ = info.read_form();
            if (stats != nullptr) {
                stats->bytes = out.form_.bytes();
                stats->has_one = out.form_.one_byte();
                stats->has_more = true;
            }
            return exceptions(info, areas, out, stats);
        case SlotKind::kHex:
            out.hex_ = info.read_hex();
            if (stats != nullptr) {
                stats->bytes.add(out.hex_.upper ? "0123456789ABCDEF" : "0123456789abcdef");
                for (const char byte : out.hex_.pattern)
                    if (byte != 'x') stats->bytes.add(static_cast<unsigned char>(byte));
                stats->add_length(out.hex_.pattern.size());
            }
            return exceptions(info, areas, out, stats);
        case SlotKind::kText:
            if (stats != nullptr && !info.form.empty()) *stats = info.stats();
            return true;
    }
    return false;
}

bool ColumnDecoder::body(const ColumnInfo& info, BlockAreas& areas, SlotColumn& out,
                         SlotStats* stats) {
    std::string_view bytes;
    switch (info.kind) {
        case SlotKind::kConstant:
            return true;
        case SlotKind::kDictionary:
            out.codes_.resize(out.rows_);
            return decode_codes(info.codes, info.entries, areas, out.codes_);
        case SlotKind::kForm: {
            out.values_.resize(out.rows_);
            if (!areas.bytes(info.values.area, info.values.offset, info.values.bytes, bytes))
                return false;
            // A signed integer may be reached as its unsigned counterpart.
            const std::span<std::uint64_t> values{
                reinterpret_cast<std::uint64_t*>(out.values_.data()), out.rows_};
            if (!(info.repeated ? decode_repeated(bytes, values)
                                : columnar::decode_integers(bytes, values)))
                return false;
            for (const std::uint32_t row : out.exception_rows_) out.values_[row] = 0;
            return true;
        }
        case SlotKind::kHex:
            if (!areas.bytes(info.values.area, info.values.offset, info.values.bytes, bytes) ||
                bytes.size() != out.rows_ * out.hex_.bytes())
                return false;
            out.bytes_ = bytes;
            return true;
        case SlotKind::kText: {
            if (!areas.bytes(info.lengths.area, info.lengths.offset, info.lengths.bytes, bytes))
                return false;
            std::vector<std::uint64_t> lengths(out.rows_);
            if (!columnar::decode_integers(bytes, lengths)) return false;
            out.offsets_.resize(out.rows_ + 1);
            std::uint64_t end = 0;
            for (std::size_t i = 0; i < out.rows_; ++i) {
                if (lengths[i] > info.text_bytes - end) return false;
                end += lengths[i];
                out.offsets_[i + 1] = static_cast<std::uint32_t>(end);
            }
            if (end != info.text_bytes ||
                !areas.bytes(info.values.area, info.values.offset, info.values.bytes, bytes))
                return false;
            if (info.values.area == Area::kOwn) {
                out.home_ = std::make_unique_for_overwrite<char[]>(info.text_bytes);
                if (!decode_zstd(bytes, out.home_.get(), info.text_bytes)) return false;
                out.bytes_ = {out.home_.get(), info.text_bytes};
            } else {
                if (bytes.size() != info.text_bytes) return false;
                out.bytes_ = bytes;
            }
            if (stats != nullptr && info.form.empty()) {
                stats->bytes.add(out.bytes_);
                for (const std::uint64_t length : lengths)
                    stats->add_length(static_cast<std::size_t>(length));
            }
            return true;
        }
    }
    return false;
}

std::uint64_t ColumnDecoder::memory_bytes(const ColumnInfo& info, std::size_t rows) {
    const std::uint64_t exceptions =
        info.exceptions * (sizeof(std::uint32_t) + 2 * sizeof(std::string_view));
    switch (info.kind) {
        case SlotKind::kConstant:
            return sizeof(SlotColumn) + sizeof(std::string_view);
        case SlotKind::kDictionary:
            return sizeof(SlotColumn) + rows * sizeof(std::uint16_t) +
                   info.entries * sizeof(std::string_view);
        case SlotKind::kForm:
            return sizeof(SlotColumn) + rows * sizeof(std::int64_t) + exceptions;
        case SlotKind::kHex:
            return sizeof(SlotColumn) + info.values.bytes + exceptions;
        case SlotKind::kText:
            return sizeof(SlotColumn) + rows * sizeof(std::uint32_t) + info.text_bytes;
    }
    return sizeof(SlotColumn);
}

std::unique_ptr<const SlotColumn> ColumnDecoder::decode(const ColumnInfo& info, std::size_t rows,
                                                        BlockAreas& areas) {
    auto column = std::make_unique<SlotColumn>();
    column->rows_ = rows;
    if (!head(info, areas, *column, nullptr) || !body(info, areas, *column, nullptr))
        return nullptr;
    return column;
}

std::optional<SlotStats> ColumnDecoder::stats(const ColumnInfo& info, std::size_t rows,
                                              BlockAreas& areas) {
    SlotColumn column;
    column.rows_ = rows;
    SlotStats stats;
    if (!head(info, areas, column, &stats)) return std::nullopt;
    if (info.kind == SlotKind::kText && info.form.empty() && !body(info, areas, column, &stats))
        return std::nullopt;
    return stats;
}

}  // namespace sky::shapes
