// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/insights/exec/frame.h - the rows that operators work on, columns made when
              // first read.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "insights/exec/query.h"
#include "insights/exec/required_texts.h"
#include "insights/exec/shaped_scan.h"
#include "insights/functions/aggregate.h"
#include "insights/functions/discover.h"
#include "insights/plan/plan.h"
#include "store/store.h"

namespace sky::insights {

/// Rows between two stages, in their present order, owned.
/// Columns are indexed by slot; null = no row has a value.
struct Table {
    explicit Table(columnar::MemoryBudget& budget) : arena(budget) {}
    Arena arena;
    std::size_t rows = 0;
    std::vector<const Vector*> columns;
    /// Where each row stands among the events; for groups: their rank. In the arena.
    RowOrder order{};
};

/// What all workers of an execution share about the fields found in messages.
struct DiscoveryPlan {
    std::vector<std::uint32_t> slots;
    Discovery discovery;
    std::span<const AnyText> required;  // In every message that can matter.
    /// `required` outlives it.
    DiscoveryPlan(const Plan& plan, std::span<const AnyText> required);
};

/// Events of one source as they are read: what automatic fields need besides the rows.
struct EventSource {
    const Source* source = nullptr;
    std::uint32_t index = 0;  // Of the execution's sources.
    std::uint32_t count = 1;  // Of sources.
    std::string_view account, region;
    std::uint64_t group = 0;
};

/// Position of an event among all sources: larger is newer where timestamps are equal.
inline std::uint64_t global_sequence(std::uint64_t sequence, const EventSource& source) {
    return sequence * source.count + source.index;
}

constexpr std::uint32_t kNewRow = 0xFFFFFFFF;

/// One pass of rows. Threads: belongs to one worker.
class Frame {
public:
    Frame(const Plan& plan, EvalContext& context, const DiscoveryPlan* discovery)
        : plan_(plan), context_(context), discovery_(discovery) {}

    /// Rows [begin, end) of `events`, which outlives the pass.
    void begin_events(const EventSource& source, const store::EventBatch& events, std::size_t begin,
                      std::size_t end);
    /// Rows [begin, end) of a part of `events`; all three outlive the pass. What parses capture is
    /// made of slots, and only when read; so are the messages.
    void begin_shaped(const EventSource& source, const store::EventBatch& events, ShapedScan& scan,
                      const ShapedPart& part, std::size_t begin, std::size_t end);
    /// All rows of a table, which outlives the pass and whose arena is the context's.
    void begin_table(const Table& table);

    const Plan& plan() const { return plan_; }
    EvalContext& context() { return context_; }
    std::size_t rows() const { return context_.rows; }
    /// Never null.
    const Vector* column(std::uint32_t slot);
    void set(std::uint32_t slot, const Vector* column) {
        columns_[slot] = column;
        if (!captures_.empty()) captures_[slot] = nullptr;
    }
    /// The column is this capture of the part, made when it is read.
    void bind(std::uint32_t slot, const symbolic::Capture& capture) {
        columns_[slot] = nullptr;
        captures_[slot] = &capture;
    }
    /// What was decided for all rows about a question of the plan; null when nothing was.
    const symbolic::Binding* decided(const void* asker) const;
    /// Which rows have what a `like` or `=~` of the message asks for; null: look at the lines.
    const Vector* filtered(const void* asker) {
        return shaped_ == nullptr ? nullptr : shaped_->filter(context_, *part_, ranks(), asker);
    }
    /// The template of each message, told by family; null: look at the lines.
    const Vector* templates() {
        return shaped_ == nullptr ? nullptr : shaped_->templates(context_, *part_, ranks());
    }
    /// Keeps these rows, in this order.
    void select(std::span<const std::uint32_t> rows);
    /// Rows of a table as select() has them, but any number of times; kNewRow is one without
    /// values.
    void expand(std::span<const std::uint32_t> rows);
    /// The present order is the rows' place from here on (tables only).
    void renumber();
    /// Keeps rows [begin, begin + count).
    void slice(std::size_t begin, std::size_t count);
    /// Where each row stands among the events, for earliest, latest and ties.
    RowOrder order();
    /// Moves the columns that are set into a table's list.
    std::vector<const Vector*> take_columns() { return std::move(columns_); }

private:
    const Vector* load(std::uint32_t slot);
    const Vector* load_streams();
    const Vector* load_pointers();
    const Vector* load_messages();
    Ranks ranks() const { return {ranks_, rank_begin_, context_.rows}; }
    void load_discovered();
    const Vector* without_idle(const Vector* messages);
    std::uint32_t event_row(std::size_t row) const {
        return selected_ != nullptr ? selected_[row] : static_cast<std::uint32_t>(begin_ + row);
    }
    std::string_view stream_name(store::StreamId id);

    const Plan& plan_;
    EvalContext& context_;
    const DiscoveryPlan* discovery_;
    std::vector<const Vector*> columns_;
    const store::EventBatch* events_ = nullptr;
    EventSource source_;
    std::size_t begin_ = 0;
    const std::uint32_t* selected_ = nullptr;   // Rows of `events_`; null: begin_, begin_ + 1, …
    const std::int64_t* timestamps_ = nullptr;  // Of the rows; null until asked for.
    const std::uint64_t* sequences_ = nullptr;
    // Of a shaped part only.
    ShapedScan* shaped_ = nullptr;
    const ShapedPart* part_ = nullptr;
    const std::uint32_t* ranks_ = nullptr;
    std::uint32_t rank_begin_ = 0;
    std::vector<const symbolic::Capture*> captures_;  // By slot; null: not bound.
    std::unordered_map<std::uint64_t, std::string> stream_names_;
    std::uint32_t stream_source_ = 0xFFFFFFFF;  // Whose names are held.
};

/// Evaluates over the frame's rows; the result lives in the context's arena. Never null.
const Vector* evaluate(const BoundExpr& expr, Frame& frame);

/// Runs a step that works row by row (compute, parse, filter); false for any other.
bool apply_row_step(const Step& step, Frame& frame);
/// How many of the frame's rows the filter keeps; all of them stay in the frame.
std::uint64_t count_rows(const FilterStep& filter, Frame& frame);

}  // namespace sky::insights
