// SPDX-License-Identifier: Apache-2.0
#include "shapes/shaped_block.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "base/assert.h"
#include "shapes/block_head.h"
#include "shapes/column_decoder.h"

namespace sky::shapes {

namespace {

std::unexpected<Error> damaged(const char* what) {
    return fail(ErrorCode::kCorruption, std::string("shaped block is damaged: ") + what);
}

}  // namespace

struct ShapedBlock::Impl {
    std::unique_ptr<const char[]> home;
    std::string bytes;
    BlockAreas areas;
    std::shared_ptr<const BlockHead> head;
    std::size_t text_bytes = 0, row_count = 0;
    std::uint64_t stored_bytes = 0;
    std::vector<std::uint16_t> family_of_row;  // Of one family: when asked for.
    std::vector<std::uint32_t> rows;           // Of all families, one after the other; likewise.
    std::vector<std::size_t> first_rows;       // Where those of each family begin, and the end.
    std::vector<std::unique_ptr<const SlotColumn>> columns;  // As BlockHead::columns().
    std::vector<std::uint8_t> all_open;                      // By family.

    bool open(std::string_view stored) {
        stored_bytes = stored.size();
        if (!areas.open(stored, text_bytes)) return false;
        if (head == nullptr) {
            head = BlockHead::read(areas, row_count, family_of_row);
            if (head == nullptr) return false;
        } else if (!head->reread(areas, row_count, family_of_row)) {
            return false;
        }
        areas.use(head->pool());
        const std::size_t families = head->families().size();
        columns.resize(head->columns().size());
        all_open.resize(families);
        first_rows.reserve(families + 1);
        first_rows.push_back(0);
        for (std::size_t f = 0; f < families; ++f)
            first_rows.push_back(first_rows.back() + head->count_of(f));
        if (families == 1) return true;
        rows.resize(row_count);
        std::vector<std::size_t> next(first_rows.begin(), first_rows.end() - 1);
        for (std::size_t row = 0; row < row_count; ++row)
            rows[next[family_of_row[row]]++] = static_cast<std::uint32_t>(row);
        return true;
    }

    const ColumnInfo& info(std::size_t family, std::size_t slot) const {
        return head->columns()[head->first_column(family) + slot];
    }
    const SlotColumn* column(std::size_t family, std::size_t slot) {
        auto& column = columns[head->first_column(family) + slot];
        if (!column)
            column = ColumnDecoder::decode(info(family, slot), head->count_of(family), areas);
        return column.get();
    }

    /// With one family every row is its own: lists of them are made for who wants them.
    std::span<const std::uint32_t> rows_of(std::size_t family) {
        if (rows.size() != row_count) {
            rows.resize(row_count);
            std::iota(rows.begin(), rows.end(), 0U);
        }
        return std::span(rows).subspan(first_rows[family], head->count_of(family));
    }
    std::span<const std::uint16_t> family_codes() {
        if (family_of_row.size() != row_count) family_of_row.assign(row_count, 0);
        return family_of_row;
    }

    bool open_all(std::size_t family) {
        if (all_open[family] != 0) return true;
        for (std::size_t slot = 0; slot < head->families()[family].slots; ++slot)
            if (column(family, slot) == nullptr) return false;
        all_open[family] = 1;
        return true;
    }
};

ShapedBlock::ShapedBlock(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ShapedBlock::~ShapedBlock() = default;

Result<std::unique_ptr<const ShapedBlock>> ShapedBlock::open_impl(
    std::unique_ptr<Impl> impl, std::string_view bytes, std::size_t rows, std::size_t text_bytes,
    std::shared_ptr<const BlockHead> head) {
    if (rows == 0 || rows > limits::kRowsMax || text_bytes > limits::kTextBytesMax)
        return damaged("rows and bytes of text");
    impl->row_count = rows;
    impl->text_bytes = text_bytes;
    impl->head = std::move(head);
    if (!impl->open(bytes)) return damaged("layout");
    return std::unique_ptr<const ShapedBlock>(new ShapedBlock(std::move(impl)));
}

Result<std::unique_ptr<const ShapedBlock>> ShapedBlock::open(
    std::string bytes, std::size_t rows, std::size_t text_bytes,
    std::shared_ptr<const BlockHead> head) {
    auto impl = std::make_unique<Impl>();
    impl->bytes = std::move(bytes);
    const std::string_view view = impl->bytes;
    return open_impl(std::move(impl), view, rows, text_bytes, std::move(head));
}

Result<std::unique_ptr<const ShapedBlock>> ShapedBlock::open(
    std::unique_ptr<const char[]> home, std::string_view bytes, std::size_t rows,
    std::size_t text_bytes, std::shared_ptr<const BlockHead> head) {
    auto impl = std::make_unique<Impl>();
    impl->home = std::move(home);
    return open_impl(std::move(impl), bytes, rows, text_bytes, std::move(head));
}

const std::shared_ptr<const BlockHead>& ShapedBlock::head() const { return impl_->head; }
BlockNotePtr ShapedBlock::note(std::string_view name) const { return impl_->head->note(name); }
void ShapedBlock::keep(std::string_view name, BlockNotePtr note) const {
    impl_->head->keep(name, std::move(note));
}
std::size_t ShapedBlock::rows() const { return impl_->row_count; }
std::size_t ShapedBlock::text_bytes() const { return impl_->text_bytes; }
std::uint64_t ShapedBlock::memory_bytes() const {
    return impl_->stored_bytes + impl_->areas.memory_bytes() + impl_->head->columns_bytes() +
           impl_->row_count * (sizeof(std::uint16_t) + sizeof(std::uint32_t));
}
std::string ShapedBlock::give_back(std::unique_ptr<const ShapedBlock> block) {
    return std::move(block->impl_->bytes);
}
std::span<const Family> ShapedBlock::families() const { return impl_->head->families(); }
std::span<const std::uint16_t> ShapedBlock::family_of_row() const { return impl_->family_codes(); }
std::span<const std::uint32_t> ShapedBlock::rows_of(std::size_t family) const {
    return impl_->rows_of(family);
}
std::size_t ShapedBlock::count_of(std::size_t family) const {
    return impl_->head->count_of(family);
}

Result<SlotStats> ShapedBlock::stats(std::size_t family, std::size_t slot) const {
    const auto stats =
        ColumnDecoder::stats(impl_->info(family, slot), count_of(family), impl_->areas);
    if (!stats) return damaged("statistics of a column");
    return *stats;
}

SlotKind ShapedBlock::kind(std::size_t family, std::size_t slot) const {
    return impl_->info(family, slot).kind;
}

Form ShapedBlock::form(std::size_t family, std::size_t slot) const {
    return impl_->info(family, slot).read_form();
}

std::size_t ShapedBlock::exceptions(std::size_t family, std::size_t slot) const {
    return impl_->info(family, slot).exceptions;
}

std::optional<columnar::IntegerBounds> ShapedBlock::bounds(std::size_t family,
                                                           std::size_t slot) const {
    return ColumnDecoder::bounds(impl_->info(family, slot), count_of(family), impl_->areas);
}

Result<std::vector<std::string_view>> ShapedBlock::entries(std::size_t family,
                                                           std::size_t slot) const {
    std::vector<std::string_view> out;
    if (!ColumnDecoder::entries(impl_->info(family, slot), impl_->areas, out))
        return damaged("texts of a column");
    return out;
}

JsonRoles ShapedBlock::roles(std::size_t family, std::size_t slot) const {
    return impl_->info(family, slot).roles;
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
    const std::span<const Family> families = impl_->head->families();
    const bool alone = families.size() == 1;
    for (const std::uint32_t row : rows) {
        const std::uint16_t f = alone ? 0 : impl_->family_of_row[row];
        if (!impl_->open_all(f)) return damaged("column");
        const auto* const columns = impl_->columns.data() + impl_->head->first_column(f);
        std::size_t rank = row;
        if (!alone) {
            const std::span<const std::uint32_t> of = impl_->rows_of(f);
            rank =
                static_cast<std::size_t>(std::lower_bound(of.begin(), of.end(), row) - of.begin());
        }
        for (const Piece& piece : families[f].pieces) {
            if (piece.is_slot())
                out += columns[static_cast<std::size_t>(piece.slot)]->text(rank, scratch);
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
    const std::span<const Family> families = impl_->head->families();
    for (std::size_t f = 0; f < families.size(); ++f)
        if (!impl_->open_all(f)) return false;
    std::vector<std::uint32_t> rank(families.size(), 0);
    SlotColumn::Scratch scratch;
    char* out = text;
    char* const limit = text + impl_->text_bytes;
    for (std::size_t row = 0; row < ends.size(); ++row) {
        const std::uint16_t f = families.size() == 1 ? 0 : impl_->family_of_row[row];
        const auto* const columns = impl_->columns.data() + impl_->head->first_column(f);
        const std::uint32_t of_family = rank[f]++;
        for (const Piece& piece : families[f].pieces) {
            const std::string_view part =
                piece.is_slot()
                    ? columns[static_cast<std::size_t>(piece.slot)]->text(of_family, scratch)
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
