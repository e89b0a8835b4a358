// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/insights/exec/shaped_scan.h - a batch of lines as families: what the plan's
              // questions bind to, and columns made of slots.

#include <cstdint>
#include <deque>
#include <list>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "insights/exec/json_layout.h"
#include "insights/exec/limits.h"
#include "insights/exec/shaped_templates.h"
#include "insights/exec/slot_tree.h"
#include "insights/exec/symbolic_sites.h"
#include "insights/functions/discover.h"
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
    bool cleaned = false;  // Rows whose values stand in some question's way are not in it.
    /// Tells the fields of all its rows, by field(); null: they are found in the lines.
    const JsonLayout* layout = nullptr;
    bool passes_none = false;  // No row of it passes the filters before the sink.
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
    /// All outlive the scan. `fields`: what the plan looks for in lines; null or empty: nothing.
    explicit ShapedScan(const std::vector<SymbolicSite>& sites, const Discovery* fields = nullptr,
                        std::span<const RequiredField> required = {})
        : sites_(sites),
          fields_(fields != nullptr && fields->size() > 0 ? fields : nullptr),
          required_(required) {
        if (fields_ == nullptr) return;
        layouts_name_ = BlockLayouts::name_of(fields_->json_paths());
        find_pairs();
    }

    /// Cuts the batch, whose `shaped` is not null, into parts. A family is one part where all
    /// questions are decided for it, or where taking rows out decides none; else the rows whose
    /// values stand in the way are a part of their own (store.md 5). The batch outlives the parts.
    /// `log`: of the batch, as Discovery::resolve() has it.
    /// Errors: kCorruption.
    Status open(const store::EventBatch& batch, std::string_view log = {});
    std::span<const ShapedPart> parts() const { return parts_; }
    std::size_t family_count() const { return families_.size(); }
    /// Mean bytes of a line of the batch.
    double bytes_a_row() const;

    /// What `asker` is in the part; null when it is no site.
    const symbolic::Binding* binding(const ShapedPart& part, const void* asker) const;
    /// A capture's values in these rows. Never null; an error is the context's.
    const Vector* capture(EvalContext& context, const ShapedPart& part, const Ranks& ranks,
                          const symbolic::Capture& capture);
    /// Whether each of these lines has what a `like` or a `=~` asks for, where that is not decided
    /// for all of them: by the texts of the slots that can make it so. Null when `asker` is
    /// neither.
    const Vector* filter(EvalContext& context, const ShapedPart& part, const Ranks& ranks,
                         const void* asker);
    /// Whether all questions are answered for the part's lines by codes and numbers alone: no line
    /// is made, however many are asked for at once.
    bool tells(const ShapedPart& part);
    /// The template of each of these lines (functions/text_template.h). Null where their texts are
    /// the better way to it.
    const Vector* templates(EvalContext& context, const ShapedPart& part, const Ranks& ranks);
    /// Field `name` of the discovery in rows of a part that has a layout. Never null; an error is
    /// the context's.
    const Vector* field(EvalContext& context, const ShapedPart& part, const Ranks& ranks,
                        std::size_t name);
    /// Whether a line may have the fields that are required. Costs a tenth of reading it.
    bool may_pass(std::string_view line) const;
    /// The lines themselves.
    const Vector* messages(EvalContext& context, const ShapedPart& part, const Ranks& ranks);

private:
    /// Values of a slot that stand in a question's way, and what is known about the others.
    struct Cleaned {
        symbolic::SlotFacts facts;
        std::vector<std::uint8_t> dirty;  // A byte an entry or an exception, or a row of free text.
        bool any = false;
    };
    /// A slot's entries as JSON reads them between quotes.
    struct ReadEntries {
        std::uint32_t slot = 0;
        std::deque<std::string> unescaped;
        std::vector<std::string_view> entries;
        columnar::TextDictionary dictionary;
    };
    struct FamilyState {
        std::vector<symbolic::Piece> pieces;  // No two constants are neighbours.
        std::list<std::string> joined;        // Texts of constants that are several of the shape's.
        std::vector<symbolic::SlotFacts> facts;              // Of parts that are cleaned.
        std::vector<symbolic::SlotFacts> all_facts;          // Of all rows.
        std::vector<columnar::TextDictionary> dictionaries;  // A slot, once one is asked for; id 0:
                                                             // that was not.
        bool templates_made = false;
        std::unique_ptr<const FamilyTemplates> templates;  // Null: of no use.
        columnar::TextDictionary template_texts;
        std::list<ReadEntries> read_entries;  // Of slots with escapes.
    };

    /// A stretch of pieces that one occurrence of a text may touch, and how its lines are told.
    struct Cluster {
        enum class By : std::uint8_t {
            kCodes,   // Of one slot: `codes[c]` says whether entry c makes the line match.
            kValues,  // Of one slot: lines match whose number is one of `values`.
            kPacked,  // Of one slot: lines match whose hex digits are one of `packed`.
            kTexts,   // Look at the text of the stretch.
        };
        By by = By::kTexts;
        std::vector<symbolic::Piece> pieces;  // With the ends of the constants beside it.
        std::uint32_t slot = 0;
        std::vector<std::uint8_t> codes;  // 0: does not match; 1: does.
        std::vector<std::int64_t> values;
        std::vector<std::string> packed;
    };
    static constexpr std::uint8_t kLook = SlotTree::kLook;
    struct SlotFilter {
        const ShapedPart* part = nullptr;
        const SymbolicSite* site = nullptr;
        SlotTree tree;     // Of a regex.
        std::string text;  // Some cluster has to contain it; empty: nothing is known of that.
        std::vector<Cluster> clusters;
        bool whole = false;  // A line that passes is searched as well.
    };
    /// The filter, made when it is first asked for; its place in filters_.
    Result<std::size_t> filter_of(const ShapedPart& part, const SymbolicSite& site);
    Result<SlotFilter> make_filter(const ShapedPart& part, const SymbolicSite& site);
    Status plant(const ShapedPart& part, const SymbolicSite& site, SlotFilter& out);
    Result<columnar::IntegerBounds> bounds_of(std::uint32_t family, std::uint32_t slot);
    Status add_clusters(const ShapedPart& part, SlotFilter& out);
    Status choose(const ShapedPart& part, std::string_view text, Cluster& cluster);
    void apply(EvalContext& context, const ShapedPart& part, const Ranks& ranks,
               const Cluster& cluster, std::string_view text, std::uint8_t* out);
    void search_lines(EvalContext& context, const ShapedPart& part, const Ranks& ranks,
                      const SymbolicSite& site, std::uint8_t* out);

    /// Adds the part; where JSON is asked for, without the rows whose values do not fit, which are
    /// another one.
    Status add_part(ShapedPart part);
    void split(const ShapedPart& part, const std::vector<std::uint8_t>& apart, ShapedPart& others,
               ShapedPart& those);
    /// Found out for the block or known of it. Errors: kCorruption.
    Result<const BlockLayouts::Of*> layout_of(std::uint32_t family);
    Result<bool> passes_none(const ShapedPart& part, const JsonLayout& layout);
    Result<bool> may_be(std::uint32_t family, const JsonLayout::Place& place,
                        std::string_view text);
    std::shared_ptr<const JsonLayout> make_layout(const shapes::Family& family);
    /// Ranks whose values do not fit; empty: all do.
    Result<std::vector<std::uint8_t>> unfit(std::uint32_t family, const JsonLayout& layout);
    const Vector* read_string(EvalContext& context, std::uint32_t family,
                              const JsonLayout::Place& place, const Vector* raw);

    /// What a line has in it whose field is a required text: the end of a key with its quote, and
    /// the value behind it.
    struct Pair {
        std::string key, text;
    };
    void find_pairs();

    Status open_families();
    Status open_family(std::uint32_t family, std::span<const std::uint32_t> ranks,
                       const std::uint32_t* batch_rows, std::size_t rows);
    std::vector<symbolic::Binding> decide(std::span<const symbolic::Piece> pieces,
                                          std::span<const symbolic::SlotFacts> facts) const;
    const std::vector<symbolic::SlotFacts>& facts(const ShapedPart& part) const {
        const FamilyState& state = families_[part.family];
        return part.cleaned ? state.facts : state.all_facts;
    }
    bool gains_by_cleaning(const std::vector<symbolic::Binding>& bindings) const;
    /// Ranks whose values are taken out so that more is decided; changes the state's facts.
    Result<std::vector<std::uint8_t>> clean(std::uint32_t family, FamilyState& state,
                                            const std::vector<symbolic::Binding>& found);
    static void join_constants(FamilyState& state,
                               const std::vector<const shapes::SlotColumn*>& columns);
    static Cleaned clean_slot(const shapes::SlotColumn& column, const SymbolicSite& site);
    static void mark_dirty(const shapes::SlotColumn& column, const Cleaned& cleaned,
                           std::vector<std::uint8_t>& dirty);

    static std::uint64_t next_dictionary_id();
    const Vector* slot(EvalContext& context, std::uint32_t family, std::uint32_t slot,
                       const Ranks& ranks);
    const Vector* joined(EvalContext& context, std::uint32_t family, const Ranks& ranks,
                         std::span<const symbolic::Piece> pieces);
    const std::uint32_t* keep(std::vector<std::uint32_t> list);

    const std::vector<SymbolicSite>& sites_;
    const Discovery* const fields_;
    const std::span<const RequiredField> required_;
    std::vector<Pair> pairs_;
    bool by_layout_ = false;  // Fields of this batch are found by layouts where those are known.
    const store::EventBatch* batch_ = nullptr;
    const shapes::ShapedBlock* block_ = nullptr;
    std::vector<FamilyState> families_;
    std::vector<ShapedPart> parts_;
    std::string layouts_name_;                           // BlockLayouts::name_of() the fields.
    std::shared_ptr<const BlockLayouts> layouts_known_;  // Of this block, before; null: none are.
    std::shared_ptr<BlockLayouts> layouts_made_;         // With those; null: no other was needed.
    std::unordered_map<std::string, std::shared_ptr<const JsonLayout>> layouts_;  // By the family.
    std::string layout_key_;
    std::vector<SlotFilter> filters_;                // Made when a part first needs them.
    std::vector<std::vector<std::uint32_t>> lists_;  // What parts point into.
};

}  // namespace sky::insights
