// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/shapes/shaped_block.h - up to 128 K lines as families and typed slot columns:
              // encode, open, read. The format: docs/formats.md.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "columnar/int_codec.h"
#include "shapes/block_note.h"
#include "shapes/family.h"
#include "shapes/json_roles.h"
#include "shapes/shaping.h"
#include "shapes/slot_column.h"

namespace sky::shapes {

/// The bytes of a block. Chooses each column's encoding by what it holds. The lists of texts go as
/// they are encoded, so that both are not held at once.
/// Expects: 1..kRowsMax rows, a family for each, 1..kFamiliesMax families that all have rows.
std::string encode_block(Shaping shaping);

class BlockHead;  // shapes/block_head.h

/// An open block. Columns are decoded at their first use.
/// Threads: one at a time, because of that.
class ShapedBlock {
public:
    /// `rows` and `text_bytes` (of all lines together) come from whoever stored the block. `head`:
    /// the same block's, where it was open before; it is read from the bytes otherwise.
    /// Errors: kCorruption.
    static Result<std::unique_ptr<const ShapedBlock>> open(
        std::string bytes, std::size_t rows, std::size_t text_bytes,
        std::shared_ptr<const BlockHead> head = nullptr);
    /// The same of bytes that lie in `home`, which it takes.
    static Result<std::unique_ptr<const ShapedBlock>> open(std::unique_ptr<const char[]> home,
                                                           std::string_view bytes, std::size_t rows,
                                                           std::size_t text_bytes,
                                                           std::shared_ptr<const BlockHead> head);
    ~ShapedBlock();

    const std::shared_ptr<const BlockHead>& head() const;
    /// A note of this name, of this reader or of another one who had the block open by the same
    /// head; null: there is none.
    BlockNotePtr note(std::string_view name) const;
    void keep(std::string_view name, BlockNotePtr note) const;

    std::size_t rows() const;
    std::size_t text_bytes() const;
    /// What it holds once every column was asked for, about: the bytes that it was opened with,
    /// and its columns.
    std::uint64_t memory_bytes() const;
    /// Those bytes again.
    static std::string give_back(std::unique_ptr<const ShapedBlock> block);
    std::span<const Family> families() const;
    /// An index into families() a row.
    std::span<const std::uint16_t> family_of_row() const;
    /// The block's rows of one family, ascending: row k of its columns is rows_of(family)[k].
    std::span<const std::uint32_t> rows_of(std::size_t family) const;
    /// Their number, which costs nothing.
    std::size_t count_of(std::size_t family) const;
    /// What is known of every text of the column; without decoding the values of a large one.
    /// Errors: kCorruption.
    Result<SlotStats> stats(std::size_t family, std::size_t slot) const;
    /// That of the column, which need not be decoded for it.
    SlotKind kind(std::size_t family, std::size_t slot) const;
    /// Of a kForm column, which need not be decoded either: how its values are written.
    Form form(std::size_t family, std::size_t slot) const;
    /// Rows of a kForm or kHex column whose text has another form.
    std::size_t exceptions(std::size_t family, std::size_t slot) const;
    /// What values() of a kForm column can be, without decoding them; nothing where only the values
    /// tell. Rows of exceptions may be outside.
    std::optional<columnar::IntegerBounds> bounds(std::size_t family, std::size_t slot) const;
    /// The entries() of a kConstant or kDictionary column, without its codes.
    /// Errors: kCorruption.
    Result<std::vector<std::string_view>> entries(std::size_t family, std::size_t slot) const;
    /// What all texts of the column surely fit, as it was seen when the block was made; blocks of
    /// format 3 and before, and families of other lines, tell nothing.
    JsonRoles roles(std::size_t family, std::size_t slot) const;
    /// Errors: kCorruption.
    Result<const SlotColumn*> column(std::size_t family, std::size_t slot) const;

    /// The lines of chosen rows (ascending), appended; `ends[i]` is the end of
    /// line i in `out`.
    /// Errors: kCorruption.
    Status render(std::span<const std::uint32_t> rows, std::string& out,
                  std::vector<std::uint32_t>& ends) const;
    /// Every line: exactly text_bytes() bytes to `text`, and the end of each of `ends.size()` rows.
    /// False when the block is not of that shape.
    [[nodiscard]] bool render_all(char* text, std::span<std::uint32_t> ends) const;

private:
    struct Impl;
    explicit ShapedBlock(std::unique_ptr<Impl> impl);
    static Result<std::unique_ptr<const ShapedBlock>> open_impl(
        std::unique_ptr<Impl> impl, std::string_view bytes, std::size_t rows,
        std::size_t text_bytes, std::shared_ptr<const BlockHead> head);
    std::unique_ptr<Impl> impl_;
};

}  // namespace sky::shapes
