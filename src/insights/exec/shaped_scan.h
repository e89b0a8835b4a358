// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/insights/exec/shaped_scan.h - a batch of lines as families: what the plan's
              // questions bind to, and columns made of slots.

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/result.h"
#include "insights/exec/symbolic_sites.h"
#include "shapes/shaped_block.h"
#include "store/store.h"

namespace sky::insights {

/// Rows of one family that take the same path through the plan, ascending by time.
struct ShapedPart {
    std::uint32_t family = 0;
    std::size_t rows = 0;
    const std::uint32_t* batch_rows = nullptr;  // Rows of the batch; null: 0, 1, …
    const std::uint32_t* ranks = nullptr;       // Their places in the family; null: 0, 1, …
    std::vector<symbolic::Binding> bindings;    // One a site.
};

/// Rows of a family, as places in its columns.
struct Ranks {
    const std::uint32_t* list = nullptr;  // Null: begin, begin + 1, …
    std::uint32_t begin = 0;
    std::size_t count = 0;
    std::uint32_t operator[](std::size_t i) const {
        return list != nullptr ? list[i] : begin + static_cast<std::uint32_t>(i);
    }
};

/// One worker's view of the shaped batch that it reads. Threads: one at a time.
class ShapedScan {
public:
    /// `sites` outlive the scan.
    explicit ShapedScan(const std::vector<SymbolicSite>& sites) : sites_(sites) {}

    /// Cuts the batch, whose `shaped` is not null, into parts. A family is one part where all
    /// questions are decided for it, or where taking rows out decides none; else the rows whose
    /// values stand in the way are a part of their own (store.md 5). The batch outlives the parts.
    /// Errors: kCorruption.
    Status open(const store::EventBatch& batch);
    std::span<const ShapedPart> parts() const { return parts_; }
    /// Mean bytes of a line of the batch.
    double bytes_a_row() const;

    /// What `asker` is in the part; null when it is no site.
    const symbolic::Binding* binding(const ShapedPart& part, const void* asker) const;
    /// A capture's values in these rows. Never null; an error is the context's.
    const Vector* capture(EvalContext& context, const ShapedPart& part, const Ranks& ranks,
                          const symbolic::Capture& capture);
    /// The lines themselves.
    const Vector* messages(EvalContext& context, const ShapedPart& part, const Ranks& ranks);

private:
    /// Values of a slot that stand in a question's way, and what is known about the others.
    struct Cleaned {
        symbolic::SlotFacts facts;
        std::vector<std::uint8_t> dirty;  // A byte an entry or an exception, or a row of free text.
        bool any = false;
    };
    struct FamilyState {
        std::vector<symbolic::Piece> pieces;
        std::vector<symbolic::SlotFacts> facts;
        std::vector<columnar::TextDictionary> dictionaries;  // A slot; id 0: not asked for yet.
    };

    Status open_family(std::uint32_t family, std::span<const std::uint32_t> ranks,
                       const std::uint32_t* batch_rows, std::size_t rows);
    std::vector<symbolic::Binding> decide(const FamilyState& state) const;
    /// Ranks whose values are taken out so that more is decided; changes the state's facts.
    Result<std::vector<std::uint8_t>> clean(std::uint32_t family, FamilyState& state,
                                            const std::vector<symbolic::Binding>& found);
    static Cleaned clean_slot(const shapes::SlotColumn& column, const SymbolicSite& site);
    static void mark_dirty(const shapes::SlotColumn& column, const Cleaned& cleaned,
                           std::vector<std::uint8_t>& dirty);

    const Vector* slot(EvalContext& context, std::uint32_t family, std::uint32_t slot,
                       const Ranks& ranks);
    const Vector* joined(EvalContext& context, std::uint32_t family, const Ranks& ranks,
                         std::span<const symbolic::Piece> pieces);
    const std::uint32_t* keep(std::vector<std::uint32_t> list);

    const std::vector<SymbolicSite>& sites_;
    const store::EventBatch* batch_ = nullptr;
    const shapes::ShapedBlock* block_ = nullptr;
    std::vector<FamilyState> families_;
    std::vector<ShapedPart> parts_;
    std::vector<std::vector<std::uint32_t>> lists_;  // What parts point into.
};

}  // namespace sky::insights
