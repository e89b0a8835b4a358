// SPDX-License-Identifier: Apache-2.0
#include "shapes/shaped_block.h"

#include <cstring>
#include <numeric>

#include "base/assert.h"
#include "shapes/column_decoder.h"

namespace sky::shapes {

namespace {

std::unexpected<Error> damaged(const char* what) {
    return fail(ErrorCode::kCorruption, std::string("shaped block is damaged: ") + what);
}

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

}  // namespace

struct ShapedBlock::Impl {
    struct FamilyColumns {
        std::size_t count = 0;
        std::vector<std::uint32_t> rows;  // Of the only family: when asked for.
        std::vector<ColumnInfo> infos;
        std::vector<std::unique_ptr<const SlotColumn>> columns;
        std::vector<const SlotColumn*> all;  // Filled by open_all().
    };
    std::string bytes;
    BlockAreas areas;
    std::size_t text_bytes = 0, row_count = 0;
    std::uint64_t memory_bytes = 0;
    std::vector<Family> families;
    std::vector<std::uint16_t> family_of_row;  // Of one family: when asked for.
    std::vector<FamilyColumns> columns;

    bool open(std::size_t rows) {
        if (!areas.open(bytes, text_bytes)) return false;
        ByteReader in(areas.meta());
        const std::uint64_t count = in.varint();
        if (!in.ok() || count < 1 || count > limits::kFamiliesMax || count > rows) return false;
        families.resize(static_cast<std::size_t>(count));
        for (Family& family : families)
            if (!read_family(in, family)) return false;
        DescriptorReader descriptors(in, areas);
        row_count = rows;
        columns.resize(families.size());
        if (count == 1) {
            columns[0].count = rows;
        } else {
            CodesPlace codes;
            family_of_row.resize(rows);
            if (!descriptors.codes(codes) ||
                !decode_codes(codes, families.size(), areas, family_of_row))
                return false;
            for (const std::uint16_t family : family_of_row) ++columns[family].count;
            for (FamilyColumns& of : columns) of.rows.reserve(of.count);
            for (std::size_t row = 0; row < rows; ++row)
                columns[family_of_row[row]].rows.push_back(static_cast<std::uint32_t>(row));
        }
        for (std::size_t f = 0; f < families.size(); ++f) {
            FamilyColumns& of = columns[f];
            if (of.count == 0) return false;
            of.infos.resize(families[f].slots);
            of.columns.resize(families[f].slots);
            for (ColumnInfo& info : of.infos) {
                if (!descriptors.column(of.count, info)) return false;
                memory_bytes += sizeof info + ColumnDecoder::memory_bytes(info, of.count);
            }
        }
        memory_bytes += bytes.size() + areas.memory_bytes() +
                        rows * (sizeof(std::uint16_t) + sizeof(std::uint32_t));
        return in.ok() && in.left() == 0;
    }

    const SlotColumn* column(std::size_t family, std::size_t slot) {
        FamilyColumns& of = columns[family];
        auto& column = of.columns[slot];
        if (!column) column = ColumnDecoder::decode(of.infos[slot], of.count, areas);
        return column.get();
    }

    /// With one family every row is its own: lists of them are made for who wants them.
    std::span<const std::uint32_t> rows_of(std::size_t family) {
        FamilyColumns& of = columns[family];
        if (of.rows.size() != of.count) {
            of.rows.resize(of.count);
            std::iota(of.rows.begin(), of.rows.end(), 0U);
        }
        return of.rows;
    }
    std::span<const std::uint16_t> family_codes() {
        if (family_of_row.size() != row_count) family_of_row.assign(row_count, 0);
        return family_of_row;
    }

    bool open_all(std::size_t family) {
        FamilyColumns& of = columns[family];
        if (of.all.size() == of.columns.size()) return true;
        std::vector<const SlotColumn*> all;
        for (std::size_t slot = 0; slot < of.columns.size(); ++slot) {
            all.push_back(column(family, slot));
            if (all.back() == nullptr) return false;
        }
        of.all = std::move(all);
        return true;
    }
};

ShapedBlock::ShapedBlock(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ShapedBlock::~ShapedBlock() = default;

Result<std::unique_ptr<const ShapedBlock>> ShapedBlock::open(std::string bytes, std::size_t rows,
                                                             std::size_t text_bytes) {
    if (rows == 0 || rows > limits::kRowsMax || text_bytes > limits::kTextBytesMax)
        return damaged("rows and bytes of text");
    auto impl = std::make_unique<Impl>();
    impl->bytes = std::move(bytes);
    impl->text_bytes = text_bytes;
    if (!impl->open(rows)) return damaged("layout");
    return std::unique_ptr<const ShapedBlock>(new ShapedBlock(std::move(impl)));
}

std::size_t ShapedBlock::rows() const { return impl_->row_count; }
std::size_t ShapedBlock::text_bytes() const { return impl_->text_bytes; }
std::uint64_t ShapedBlock::memory_bytes() const { return impl_->memory_bytes; }
std::string ShapedBlock::give_back(std::unique_ptr<const ShapedBlock> block) {
    return std::move(block->impl_->bytes);
}
std::span<const Family> ShapedBlock::families() const { return impl_->families; }
std::span<const std::uint16_t> ShapedBlock::family_of_row() const { return impl_->family_codes(); }
std::span<const std::uint32_t> ShapedBlock::rows_of(std::size_t family) const {
    return impl_->rows_of(family);
}
std::size_t ShapedBlock::count_of(std::size_t family) const { return impl_->columns[family].count; }

Result<SlotStats> ShapedBlock::stats(std::size_t family, std::size_t slot) const {
    const Impl::FamilyColumns& of = impl_->columns[family];
    const auto stats = ColumnDecoder::stats(of.infos[slot], of.count, impl_->areas);
    if (!stats) return damaged("statistics of a column");
    return *stats;
}

SlotKind ShapedBlock::kind(std::size_t family, std::size_t slot) const {
    return impl_->columns[family].infos[slot].kind;
}

Form ShapedBlock::form(std::size_t family, std::size_t slot) const {
    return impl_->columns[family].infos[slot].read_form();
}

std::size_t ShapedBlock::exceptions(std::size_t family, std::size_t slot) const {
    return impl_->columns[family].infos[slot].exceptions;
}

std::optional<columnar::IntegerBounds> ShapedBlock::bounds(std::size_t family,
                                                           std::size_t slot) const {
    const Impl::FamilyColumns& of = impl_->columns[family];
    return ColumnDecoder::bounds(of.infos[slot], of.count, impl_->areas);
}

Result<std::vector<std::string_view>> ShapedBlock::entries(std::size_t family,
                                                           std::size_t slot) const {
    std::vector<std::string_view> out;
    if (!ColumnDecoder::entries(impl_->columns[family].infos[slot], impl_->areas, out))
        return damaged("texts of a column");
    return out;
}

JsonRoles ShapedBlock::roles(std::size_t family, std::size_t slot) const {
    return impl_->columns[family].infos[slot].roles;
}

Result<const SlotColumn*> ShapedBlock::column(std::size_t family, std::size_t slot) const {
    const SlotColumn* const column = impl_->column(family, slot);
    if (column == nullptr) return damaged("column");
    return column;
}

Status ShapedBlock::render(std::span<const std::uint32_t> rows, std::string& out,
                           std::vector<std::uint32_t>& ends) const {
    SlotColumn::Scratch scratch;
    ends.clear();
    ends.reserve(rows.size());
    const std::size_t start = out.size();
    const bool alone = impl_->families.size() == 1;
    for (const std::uint32_t row : rows) {
        const std::uint16_t f = alone ? 0 : impl_->family_of_row[row];
        if (!impl_->open_all(f)) return damaged("column");
        const Impl::FamilyColumns& of = impl_->columns[f];
        const auto rank =
            alone ? row
                  : static_cast<std::size_t>(std::lower_bound(of.rows.begin(), of.rows.end(), row) -
                                             of.rows.begin());
        for (const Piece& piece : impl_->families[f].pieces) {
            if (piece.is_slot())
                out += of.all[static_cast<std::size_t>(piece.slot)]->text(rank, scratch);
            else
                out += piece.constant;
        }
        if (out.size() - start > impl_->text_bytes) return damaged("longer than it should be");
        ends.push_back(static_cast<std::uint32_t>(out.size()));
    }
    return {};
}

bool ShapedBlock::render_all(char* text, std::span<std::uint32_t> ends) const {
    if (ends.size() != rows()) return false;
    for (std::size_t f = 0; f < impl_->families.size(); ++f)
        if (!impl_->open_all(f)) return false;
    std::vector<std::uint32_t> rank(impl_->families.size(), 0);
    SlotColumn::Scratch scratch;
    char* out = text;
    char* const limit = text + impl_->text_bytes;
    for (std::size_t row = 0; row < ends.size(); ++row) {
        const std::uint16_t f = impl_->families.size() == 1 ? 0 : impl_->family_of_row[row];
        const Impl::FamilyColumns& of = impl_->columns[f];
        const std::uint32_t of_family = rank[f]++;
        for (const Piece& piece : impl_->families[f].pieces) {
            const std::string_view part =
                piece.is_slot()
                    ? of.all[static_cast<std::size_t>(piece.slot)]->text(of_family, scratch)
                    : std::string_view(piece.constant);
            if (part.size() > static_cast<std::size_t>(limit - out)) return false;
            if (!part.empty()) std::memcpy(out, part.data(), part.size());
            out += part.size();
        }
        ends[row] = static_cast<std::uint32_t>(out - text);
    }
    return out == limit;
}

}  // namespace sky::shapes
