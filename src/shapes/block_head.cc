// SPDX-License-Identifier: Apache-2.0
#include "shapes/block_head.h"

#include <algorithm>

#include "shapes/limits.h"

namespace sky::shapes {

namespace {

bool read_family(ByteReader& in, Family& family) {
    const auto layout = in.word<std::uint8_t>();
    const std::uint64_t pieces = in.varint();
    if (!in.ok() || layout > static_cast<std::uint8_t>(Family::Layout::kJson) ||
        pieces > limits::kPiecesMax)
        return false;
    family.layout = static_cast<Family::Layout>(layout);
    family.pieces.reserve(static_cast<std::size_t>(pieces));
    for (std::uint64_t i = 0; i < pieces; ++i) {
        const std::string_view constant = in.text(in.left());
        if (!in.ok()) return false;
        if (constant.empty()) {
            family.add_slot();
        } else {
            if (!family.pieces.empty() && !family.pieces.back().is_slot()) return false;
            family.add_constant(constant);
        }
    }
    return family.slots <= limits::kSlotsMax;
}

std::vector<std::size_t> counts_of(std::span<const std::uint16_t> family_of_row,
                                   std::size_t families) {
    std::vector<std::size_t> counts(families);
    for (const std::uint16_t family : family_of_row) ++counts[family];
    return counts;
}

}  // namespace

std::shared_ptr<const BlockHead> BlockHead::read(BlockAreas& areas, std::size_t rows,
                                                 std::vector<std::uint16_t>& family_of_row) {
    std::shared_ptr<BlockHead> head(new BlockHead);
    if (!head->read_meta(areas, rows, family_of_row)) return nullptr;
    return head;
}

bool BlockHead::read_meta(BlockAreas& areas, std::size_t rows,
                          std::vector<std::uint16_t>& family_of_row) {
    const Frame& frame = areas.frame(Area::kMeta);
    rows_ = rows;
    meta_bytes_ = frame.raw;
    text_bytes_ = areas.text_bytes();
    meta_ = std::make_unique_for_overwrite<char[]>(meta_bytes_);
    if (!frame.open(meta_.get())) return false;
    ByteReader in({meta_.get(), meta_bytes_});
    if (!pool_.read(in.text(in.left()), areas.frame(Area::kPool).raw, text_bytes_)) return false;
    const std::uint64_t count = in.varint();
    if (!in.ok() || count < 1 || count > limits::kFamiliesMax || count > rows) return false;
    families_.resize(static_cast<std::size_t>(count));
    firsts_.reserve(families_.size());
    std::size_t slots = 0;
    for (Family& family : families_) {
        if (!read_family(in, family)) return false;
        firsts_.push_back(slots);
        slots += family.slots;
    }
    DescriptorReader descriptors(in, pool_.size(), text_bytes_);
    if (count > 1 && !descriptors.codes(family_codes_)) return false;
    if (!codes_of(areas, rows, family_of_row)) return false;
    counts_ = count > 1 ? counts_of(family_of_row, families_.size()) : std::vector{rows};
    columns_.resize(slots);
    for (std::size_t f = 0; f < families_.size(); ++f) {
        if (counts_[f] == 0) return false;
        for (std::size_t s = 0; s < families_[f].slots; ++s) {
            ColumnInfo& info = columns_[firsts_[f] + s];
            if (!descriptors.column(counts_[f], info)) return false;
            columns_bytes_ += ColumnDecoder::memory_bytes(info, counts_[f]);
        }
    }
    fixed_bytes_ = sizeof *this + meta_bytes_ + columns_.size() * sizeof(ColumnInfo) +
                   families_.size() * (sizeof(Family) + 2 * sizeof(std::size_t)) +
                   pool_.memory_bytes();
    for (const Family& family : families_)
        for (const Piece& piece : family.pieces)
            fixed_bytes_ += sizeof(Piece) + piece.constant.capacity();
    return in.ok() && in.left() == 0;
}

bool BlockHead::codes_of(BlockAreas& areas, std::size_t rows,
                         std::vector<std::uint16_t>& family_of_row) const {
    if (families_.size() == 1) return true;
    family_of_row.resize(rows);
    return decode_codes(family_codes_, families_.size(), areas, family_of_row);
}

bool BlockHead::reread(BlockAreas& areas, std::size_t rows,
                       std::vector<std::uint16_t>& family_of_row) const {
    if (rows != rows_ || areas.text_bytes() != text_bytes_ ||
        areas.frame(Area::kMeta).raw != meta_bytes_ || !codes_of(areas, rows, family_of_row))
        return false;
    return families_.size() == 1 || counts_of(family_of_row, families_.size()) == counts_;
}

BlockNotePtr BlockHead::note(std::string_view name) const {
    const std::lock_guard lock(noting_);
    const auto at = std::find_if(notes_.begin(), notes_.end(),
                                 [&](const auto& of) { return of.first == name; });
    if (at == notes_.end()) return nullptr;
    std::rotate(at, at + 1, notes_.end());
    return notes_.back().second;
}

void BlockHead::keep(std::string_view name, BlockNotePtr note) const {
    const std::lock_guard lock(noting_);
    std::erase_if(notes_, [&](const auto& of) { return of.first == name; });
    if (notes_.size() == kNotesMax) notes_.erase(notes_.begin());
    notes_.emplace_back(name, std::move(note));
}

std::uint64_t BlockHead::memory_bytes() const {
    std::uint64_t bytes = fixed_bytes_;
    const std::lock_guard lock(noting_);
    for (const auto& [name, note] : notes_) bytes += name.capacity() + note->memory_bytes();
    return bytes;
}

}  // namespace sky::shapes
