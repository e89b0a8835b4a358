// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/shapes/block_head.h - what a block says of its columns: read once, for all who
              // open the block, again and again while somebody keeps it.

#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "shapes/block_note.h"
#include "shapes/column_decoder.h"
#include "shapes/family.h"

namespace sky::shapes {

/// Families and descriptors, the pool of texts once somebody asked for one, and notes. No values of
/// rows: what it takes grows with the families, their slots and the distinct texts.
/// Threads: immutable but for the pool and the notes, which look after themselves.
class BlockHead {
public:
    /// Notes of one block; the one not used for longest goes. Ours: as many panels of a dashboard
    /// ask different fields of the same lines.
    static constexpr std::size_t kNotesMax = 8;

    /// Reads what `areas` begin with, which are of a block of `rows` lines. Null: it is damaged.
    /// `family_of_row`: set where there are several families.
    static std::shared_ptr<const BlockHead> read(BlockAreas& areas, std::size_t rows,
                                                 std::vector<std::uint16_t>& family_of_row);
    /// What read() sets for a block that is the same. False: it is another one.
    [[nodiscard]] bool reread(BlockAreas& areas, std::size_t rows,
                              std::vector<std::uint16_t>& family_of_row) const;

    std::span<const Family> families() const { return families_; }
    std::size_t count_of(std::size_t family) const { return counts_[family]; }
    /// Columns of all families, one family after the other: the number of its first.
    std::size_t first_column(std::size_t family) const { return firsts_[family]; }
    std::span<const ColumnInfo> columns() const { return columns_; }
    const TextPool& pool() const { return pool_; }
    /// What the columns of one open block take once all are decoded, about.
    std::uint64_t columns_bytes() const { return columns_bytes_; }

    /// Null where there is none of that name.
    BlockNotePtr note(std::string_view name) const;
    void keep(std::string_view name, BlockNotePtr note) const;
    /// With the pool open.
    std::uint64_t memory_bytes() const;

private:
    BlockHead() = default;
    bool read_meta(BlockAreas& areas, std::size_t rows, std::vector<std::uint16_t>& family_of_row);
    bool codes_of(BlockAreas& areas, std::size_t rows,
                  std::vector<std::uint16_t>& family_of_row) const;

    std::unique_ptr<char[]> meta_;
    std::size_t rows_ = 0, meta_bytes_ = 0, text_bytes_ = 0;
    std::vector<Family> families_;
    CodesPlace family_codes_;
    std::vector<std::size_t> counts_, firsts_;
    std::vector<ColumnInfo> columns_;
    TextPool pool_;
    std::uint64_t fixed_bytes_ = 0, columns_bytes_ = 0;

    mutable std::mutex noting_;
    mutable std::vector<std::pair<std::string, BlockNotePtr>> notes_;  // Newest last.
};

}  // namespace sky::shapes
