// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/shapes/slot_column.h - the values of one slot in one block, as codes or numbers
              // where they have such a form.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "columnar/arena.h"
#include "shapes/family.h"
#include "shapes/form.h"

namespace sky::shapes {

enum class SlotKind : std::uint8_t {
    kConstant = 1,    // entries() has one text; every row is it.
    kDictionary = 2,  // codes() index entries().
    kForm = 3,        // values() are texts of form(): decimals, times, addresses.
    kHex = 4,         // Hex digits at the same places of every text.
    kText = 5,        // Texts.
};

/// Shape:    one value for each row of its family in the block, in their order ("row" below is such
///           a rank, not the block's row).
/// Lifetime: views live as long as the ShapedBlock.
/// Threads:  immutable; any number may read.
class SlotColumn {
public:
    SlotKind kind() const { return kind_; }
    std::size_t rows() const { return rows_; }

    /// kConstant: one; kDictionary: distinct texts, at most 65,536, each in use.
    std::span<const std::string_view> entries() const { return entries_; }
    /// kDictionary: an index into entries() a row.
    std::span<const std::uint16_t> codes() const { return codes_; }

    /// kForm: what the values say and how they are written. form().kind == FormKind::kDecimal: the
    /// number of a row is values()[row] / 10^form().scale, exactly, written with that many
    /// decimals.
    const Form& form() const { return form_; }
    /// kForm: one a row; 0 in rows of exceptions.
    std::span<const std::int64_t> values() const { return values_; }

    /// kHex: the form of the texts, and hex().bytes() bytes a row as HexForm::parse() packs them;
    /// of no meaning in rows of exceptions.
    const HexForm& hex() const { return hex_; }
    std::string_view packed() const { return bytes_; }

    /// kForm, kHex: rows whose text has not the column's form; ascending, few; and their texts.
    std::span<const std::uint32_t> exception_rows() const { return exception_rows_; }
    std::span<const std::string_view> exception_texts() const { return exception_texts_; }

    /// The text of a row. Short texts without a home of their own are written to `scratch`.
    using Scratch = std::array<char, limits::kFormBytesMax>;
    std::string_view text(std::size_t row, Scratch& scratch) const;
    /// The texts of chosen rows, those without a home copied into the arena. False when its budget
    /// has no room.
    [[nodiscard]] bool texts(std::span<const std::uint32_t> rows, columnar::Arena& arena,
                             std::string_view* out) const;
    std::uint64_t memory_bytes() const;

private:
    friend class ColumnDecoder;
    std::string_view exception(std::size_t row) const;

    SlotKind kind_ = SlotKind::kConstant;
    std::size_t rows_ = 0;
    std::vector<std::string_view> entries_;
    std::vector<std::uint16_t> codes_;
    Form form_;
    std::vector<std::int64_t> values_;
    std::vector<std::uint32_t> exception_rows_;
    std::vector<std::string_view> exception_texts_;
    HexForm hex_;
    std::string_view bytes_;              // kHex: hex_.bytes() a row. kText: the texts joined.
    std::unique_ptr<char[]> home_;        // Of bytes_; null: they are the block's.
    std::vector<std::uint32_t> offsets_;  // kText: rows + 1.
};

}  // namespace sky::shapes
