// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/insights/exec/slot_tree.h - whether a regex is found in lines, answered by what
              // their slots hold: an entry of a dictionary, or how many digits a number has.

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "columnar/int_codec.h"
#include "insights/symbolic/family.h"
#include "insights/symbolic/search_machine.h"
#include "shapes/slot_column.h"

namespace sky::insights {

/// Immutable once it has its columns, which outlive it.
class SlotTree {
public:
    static constexpr std::uint8_t kNo = 0, kYes = 1, kLook = 2;  // kLook: see the line.

    /// A slot whose values fall into classes, and its place among the pieces.
    struct Slot {
        std::size_t piece = 0;
        std::vector<std::string_view> entries;  // Of a dictionary: each is a class.
        std::optional<shapes::Form> form;       // Or of numbers: decimals, or padded with zeros.
        columnar::IntegerBounds bounds;         // Of the numbers.
        bool has_exceptions = false;            // Their rows are looked at.
    };
    /// Works out which values decide the question; gives up on what takes more than `bytes_max`
    /// steps of the machine. Not useful(): no value decides it. Columns are not needed for that.
    static SlotTree build(const symbolic::SearchMachine& machine,
                          std::span<const symbolic::Piece> pieces,
                          std::span<const symbolic::SlotFacts> facts, std::span<const Slot> slots,
                          std::size_t bytes_max);

    bool useful() const { return !nodes_.empty(); }
    /// Whether some line may have to be looked at.
    bool looks() const { return looks_; }
    /// The slots, as build() had them, whose columns walk() needs; ascending.
    std::vector<std::size_t> reads() const;
    void give(std::size_t slot, const shapes::SlotColumn& column);
    /// out[i] = kNo, kYes or kLook for row ranks[i] of the columns; `list` null: begin, begin + 1,
    /// ….
    void walk(const std::uint32_t* list, std::uint32_t begin, std::size_t count,
              std::uint8_t* out) const;

private:
    class Builder;
    static constexpr std::size_t kNoSlot = ~std::size_t{0};
    /// Values from a bound to the next one have as many digits as each other.
    struct Node {
        std::size_t slot = kNoSlot;  // None: one answer for all rows.
        const shapes::SlotColumn* column = nullptr;
        std::vector<std::int64_t> bounds;  // Of numbers: class = how many of them are not above.
        std::vector<std::uint8_t> next;    // By class: an answer, or kNode + a node's number.
        std::uint8_t at(std::uint32_t row) const;
    };
    struct Exceptions {
        std::size_t slot = kNoSlot;
        const shapes::SlotColumn* column = nullptr;
    };
    static constexpr std::uint8_t kNode = 3;

    std::vector<Node> nodes_;  // The first is the root.
    std::vector<Exceptions> exceptions_;
    bool looks_ = false;
};

}  // namespace sky::insights
