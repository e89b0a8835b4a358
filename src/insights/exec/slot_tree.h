// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/insights/exec/slot_tree.h - a question about lines, answered by what their
              // slots hold: an entry of a dictionary, or how many digits a number has.

#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "insights/exec/symbolic_sites.h"
#include "shapes/slot_column.h"

namespace sky::insights {

/// Verdicts about families that were asked for before: chunks of one group are alike.
/// Threads: one at a time.
class VerdictMemo {
public:
    symbolic::Verdict ask(const SymbolicSite& site, const symbolic::Family& family);
    /// Questions that had to be worked out.
    std::size_t worked_out() const { return worked_out_; }

private:
    static constexpr std::size_t kEntriesMax = 16'384;
    std::unordered_map<std::string, symbolic::Verdict> held_;
    std::string key_;
    std::size_t worked_out_ = 0;
};

/// Immutable once built. Refers to columns, which outlive it.
class SlotTree {
public:
    static constexpr std::uint8_t kNo = 0, kYes = 1, kLook = 2;  // kLook: see the line.

    /// A slot whose values fall into classes, and its place among the pieces.
    struct Slot {
        std::size_t piece = 0;
        const shapes::SlotColumn* column = nullptr;  // kDictionary; kForm of decimals or padded.
        symbolic::ByteSet bytes;                     // Of its values.
    };
    /// Works out which values decide the question, as many trials as `trials_max` at most. Not
    /// useful(): none does.
    static SlotTree build(const SymbolicSite& site, std::vector<symbolic::Piece> pieces,
                          std::vector<symbolic::SlotFacts> facts, std::vector<Slot> slots,
                          std::size_t trials_max, VerdictMemo& memo);

    bool useful() const { return !nodes_.empty(); }
    /// Whether some line may have to be looked at.
    bool looks() const { return looks_; }
    /// out[i] = kNo, kYes or kLook for row ranks[i] of the columns; `list` null: begin, begin + 1,
    /// ….
    void walk(const std::uint32_t* list, std::uint32_t begin, std::size_t count,
              std::uint8_t* out) const;

private:
    struct Classes;
    class Builder;
    /// Values from a bound to the next one have as many digits as each other.
    struct Node {
        const shapes::SlotColumn* column = nullptr;
        std::vector<std::int64_t> bounds;  // Of numbers: class = how many of them are not above.
        std::vector<std::uint8_t> next;    // By class: an answer, or kNode + a node's number.
        std::uint8_t at(std::uint32_t row) const;
    };
    static constexpr std::uint8_t kNode = 3;

    std::vector<Node> nodes_;                                 // The first is the root.
    std::vector<const shapes::SlotColumn*> with_exceptions_;  // Their rows are looked at.
    bool looks_ = false;
};

}  // namespace sky::insights
