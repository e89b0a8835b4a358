// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/shapes/column_decoder.h - reads column descriptors of a block and decodes
              // columns.

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "columnar/int_codec.h"
#include "shapes/block_format.h"
#include "shapes/json_roles.h"

namespace sky::shapes {

/// A part of a block that is compressed as a whole, or stored as it is.
struct Frame {
    std::string_view stored;
    std::size_t raw = 0;  // Bytes once it is open.
    /// Into exactly `raw` bytes; false when it is damaged.
    [[nodiscard]] bool open(char* out) const;
};

/// The texts that dictionaries, constants and exceptions of a block share: decompressed at first
/// use, for all who have the block open.
/// Threads: any, once it was read.
class TextPool {
public:
    /// `list`, their number and lengths as the meta area has them, outlives this; `raw`: bytes of
    /// all texts. False when it is not of a block with at most that much text.
    [[nodiscard]] bool read(std::string_view list, std::size_t raw, std::size_t text_bytes);
    std::size_t size() const { return count_; }
    /// Null when the pool is damaged. Its texts live as long as this.
    const std::vector<std::string_view>* open(const Frame& frame) const;
    /// Once it is open.
    std::uint64_t memory_bytes() const { return raw_ + count_ * sizeof(std::string_view); }

private:
    std::string_view lengths_;
    std::size_t count_ = 0, raw_ = 0;
    mutable std::atomic<bool> is_open_{false};
    mutable std::mutex opening_;
    mutable std::unique_ptr<char[]> bytes_;
    mutable std::vector<std::string_view> texts_;
};

/// The areas of a block, their frames decompressed at first use.
/// Threads: one at a time.
class BlockAreas {
public:
    /// False when the bytes, which outlive this, are no block of at most that much text.
    [[nodiscard]] bool open(std::string_view bytes, std::size_t text_bytes);
    const Frame& frame(Area area) const { return frames_[static_cast<std::size_t>(area)]; }
    /// A stretch of an area; false when it is not inside.
    [[nodiscard]] bool bytes(Area area, std::size_t offset, std::size_t count,
                             std::string_view& out);
    /// Of this block; it outlives this.
    void use(const TextPool& pool) { pool_ = &pool; }
    /// Null when the pool is damaged. Its texts live as long as it does.
    const std::vector<std::string_view>* pool() { return pool_->open(frame(Area::kPool)); }
    std::size_t text_bytes() const { return text_bytes_; }
    /// Of the frames of columns once they are open.
    std::uint64_t memory_bytes() const;

private:
    struct Opened {
        std::string_view data;
        std::unique_ptr<char[]> buffer;
        bool is_open = false;
    };

    std::array<Frame, kFrames> frames_;
    std::array<Opened, kFrames> opened_;
    std::string_view own_;
    std::size_t text_bytes_ = 0;
    const TextPool* pool_ = nullptr;
};

/// Where bytes of a column lie.
struct Place {
    Area area = Area::kOwn;
    std::uint32_t offset = 0, bytes = 0;
};

struct CodesPlace {
    CodesCoding coding = CodesCoding::kPacked;
    Place place;
};

/// A descriptor, as it stands in the meta area; views live as long as that. Small, and nothing
/// to take down: a block of JSON lines has thousands, of which a query reads a few.
struct ColumnInfo {
    SlotKind kind = SlotKind::kConstant;
    JsonRoles roles;                // That all texts fit.
    bool repeated = false;          // kForm: kRepeatedForm.
    std::uint8_t length_flags = 0;  // kText.
    std::uint32_t constant = 0;     // kConstant: a text of the pool.
    std::uint32_t entries = 0;      // kDictionary.
    std::uint32_t exceptions = 0;   // kForm, kHex.
    std::uint32_t text_bytes = 0;   // kText.
    std::string_view list;  // kDictionary: references of its entries. kForm, kHex: exceptions.
    std::string_view form;  // kForm, kHex: encoded. kText: the set of its bytes; empty: not stored.
    CodesPlace codes;       // kDictionary.
    Place lengths, values;  // kText; kForm, kHex, kText.

    Form read_form() const;    // kForm.
    HexForm read_hex() const;  // kHex.
    SlotStats stats() const;   // kText, of a stored set.
};

/// Descriptors in their order: each place starts where the one before it in its area ended.
class DescriptorReader {
public:
    /// `pool_size`: texts of the block's pool; `text_bytes`: of all its lines.
    DescriptorReader(ByteReader& in, std::size_t pool_size, std::size_t text_bytes)
        : in_(in), pool_size_(pool_size), text_bytes_(text_bytes) {}
    [[nodiscard]] bool codes(CodesPlace& out);
    [[nodiscard]] bool column(std::size_t rows, ColumnInfo& out);

private:
    bool place(Place& out);
    bool exceptions(std::size_t rows, ColumnInfo& out);

    ByteReader& in_;
    const std::size_t pool_size_, text_bytes_;
    std::array<std::uint32_t, kFrames + 1> next_{};
    Form form_;  // What was read last, as is hex_.
    HexForm hex_;
};

/// Exactly out.size() codes, each below `entries`.
[[nodiscard]] bool decode_codes(const CodesPlace& codes, std::size_t entries, BlockAreas& areas,
                                std::span<std::uint16_t> out);

class ColumnDecoder {
public:
    /// Null when the column is damaged.
    static std::unique_ptr<const SlotColumn> decode(const ColumnInfo& info, std::size_t rows,
                                                    BlockAreas& areas);
    /// Without values where that is possible; nothing when the column is damaged.
    static std::optional<SlotStats> stats(const ColumnInfo& info, std::size_t rows,
                                          BlockAreas& areas);
    /// Of a decoded column, about.
    static std::uint64_t memory_bytes(const ColumnInfo& info, std::size_t rows);
    /// As ShapedBlock has them.
    static std::optional<columnar::IntegerBounds> bounds(const ColumnInfo& info, std::size_t rows,
                                                         BlockAreas& areas);
    /// Of kConstant and kDictionary. False when the column is damaged.
    [[nodiscard]] static bool entries(const ColumnInfo& info, BlockAreas& areas,
                                      std::vector<std::string_view>& out);

private:
    // `stats`: null when nobody asks for them; to look at every byte costs more than to copy it.
    static bool dictionary_entries(const ColumnInfo& info, BlockAreas& areas, SlotColumn& out,
                                   SlotStats* stats);
    static bool exceptions(const ColumnInfo& info, BlockAreas& areas, SlotColumn& out,
                           SlotStats* stats);
    static bool head(const ColumnInfo& info, BlockAreas& areas, SlotColumn& out, SlotStats* stats);
    static bool body(const ColumnInfo& info, BlockAreas& areas, SlotColumn& out, SlotStats* stats);
};

}  // namespace sky::shapes
