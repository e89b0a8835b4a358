// SPDX-License-Identifier: Apache-2.0
#include "insights/exec/frame.h"

#include <algorithm>

#include "base/assert.h"
#include "columnar/kernels.h"
#include "insights/exec/pointer.h"
#include "insights/functions/derived.h"
#include "insights/functions/glob.h"

namespace sky::insights {
namespace {

std::vector<std::uint32_t> discovered_slots(const Plan& plan) {
    std::vector<std::uint32_t> slots;
    for (std::uint32_t i = 0; i < plan.slots.size(); ++i) {
        if (plan.needed[i] != 0 && plan.slots[i].kind == SlotKind::kDiscovered) slots.push_back(i);
    }
    return slots;
}

std::vector<std::string> slot_names(const Plan& plan, const std::vector<std::uint32_t>& slots) {
    std::vector<std::string> names;
    for (const std::uint32_t slot : slots) names.push_back(plan.slots[slot].name);
    return names;
}

}  // namespace

DiscoveryPlan::DiscoveryPlan(const Plan& plan, std::span<const AnyText> required_texts)
    : slots(discovered_slots(plan)), discovery(slot_names(plan, slots)), required(required_texts) {}

void Frame::begin_events(const EventSource& source, const store::EventBatch& events,
                         std::size_t begin, std::size_t end) {
    columns_.assign(plan_.slots.size(), nullptr);
    source_ = source;
    events_ = &events;
    begin_ = begin;
    selected_ = nullptr;
    timestamps_ = nullptr;
    sequences_ = nullptr;
    shaped_ = nullptr;
    part_ = nullptr;
    captures_.clear();
    context_.rows = end - begin;
}

void Frame::begin_shaped(const EventSource& source, const store::EventBatch& events,
                         ShapedScan& scan, const ShapedPart& part, std::size_t begin,
                         std::size_t end) {
    begin_events(source, events, begin, end);
    shaped_ = &scan;
    part_ = &part;
    if (part.batch_rows != nullptr) selected_ = part.batch_rows + begin;
    ranks_ = part.ranks != nullptr ? part.ranks + begin : nullptr;
    rank_begin_ = static_cast<std::uint32_t>(begin);
    captures_.assign(plan_.slots.size(), nullptr);
}

const symbolic::Binding* Frame::decided(const void* asker) const {
    if (shaped_ == nullptr) return nullptr;
    const symbolic::Binding* const binding = shaped_->binding(*part_, asker);
    return binding != nullptr && binding->verdict != symbolic::Verdict::kSlow ? binding : nullptr;
}

void Frame::begin_table(const Table& table) {
    columns_ = table.columns;
    columns_.resize(plan_.slots.size(), nullptr);
    events_ = nullptr;
    shaped_ = nullptr;
    part_ = nullptr;
    captures_.clear();
    selected_ = nullptr;
    timestamps_ = table.order.timestamp_ms;
    sequences_ = table.order.sequence;
    context_.rows = table.rows;
}

const Vector* Frame::column(std::uint32_t slot) {
    if (columns_[slot] == nullptr) {
        const Vector* loaded = nullptr;
        if (!captures_.empty() && captures_[slot] != nullptr) {
            loaded = shaped_->capture(context_, *part_, ranks(), *captures_[slot]);
        } else if (events_ != nullptr) {
            loaded = load(slot);
        }
        columns_[slot] =
            loaded != nullptr ? loaded : Vector::missing(context_.arena, context_.rows);
    }
    return columns_[slot];
}

const Vector* Frame::load(std::uint32_t slot) {
    Arena& arena = context_.arena;
    const std::size_t rows = context_.rows;
    switch (plan_.slots[slot].kind) {
        case SlotKind::kTimestamp:
            return Vector::timestamps(arena, rows, order().timestamp_ms);
        case SlotKind::kIngestionTime: {
            auto* times = arena.array<std::int64_t>(rows);
            for (std::size_t i = 0; i < rows; ++i) {
                times[i] = events_->ingestion_ms[event_row(i)];
            }
            return Vector::timestamps(arena, rows, times);
        }
        case SlotKind::kMessage:
            return load_messages();
        case SlotKind::kLogStream:
            return load_streams();
        case SlotKind::kLog:
            return Vector::constant(arena, rows, Value::of_text(source_.source->log));
        case SlotKind::kPointer:
            return load_pointers();
        case SlotKind::kAccount:
            return Vector::constant(arena, rows, Value::of_text(source_.account));
        case SlotKind::kRegion:
            return Vector::constant(arena, rows, Value::of_text(source_.region));
        case SlotKind::kGroupName: {
            const std::string_view log = source_.source->log;
            return Vector::constant(arena, rows, Value::of_text(log.substr(log.find(':') + 1)));
        }
        case SlotKind::kDiscovered:
            if (shaped_ != nullptr && part_->layout != nullptr) {
                const auto at = std::find(discovery_->slots.begin(), discovery_->slots.end(), slot);
                return shaped_->field(context_, *part_, ranks(),
                                      static_cast<std::size_t>(at - discovery_->slots.begin()));
            }
            load_discovered();
            return columns_[slot];
        case SlotKind::kMissing:
        case SlotKind::kComputed:
            break;
    }
    return nullptr;
}

std::string_view Frame::stream_name(store::StreamId id) {
    if (stream_source_ != source_.index) {
        stream_names_.clear();
        stream_source_ = source_.index;
    }
    const auto [at, added] = stream_names_.try_emplace(id);
    if (added) at->second = source_.source->snapshot->stream_name(id);
    return at->second;
}

const Vector* Frame::load_messages() {
    if (shaped_ != nullptr) return shaped_->messages(context_, *part_, ranks());
    auto* texts = context_.arena.array<std::string_view>(context_.rows);
    for (std::size_t i = 0; i < context_.rows; ++i) texts[i] = events_->message[event_row(i)];
    return Vector::texts(context_.arena, context_.rows, texts);
}

const Vector* Frame::load_streams() {
    auto* texts = context_.arena.array<std::string_view>(context_.rows);
    store::StreamId last = 0;  // No id.
    std::string_view name;
    for (std::size_t i = 0; i < context_.rows; ++i) {
        const store::StreamId id = events_->stream[event_row(i)];
        if (id != last) {
            name = stream_name(id);
            last = id;
        }
        texts[i] = name;
    }
    return Vector::texts(context_.arena, context_.rows, texts);
}

const Vector* Frame::load_pointers() {
    auto* texts = context_.arena.array<std::string_view>(context_.rows);
    char* bytes = context_.arena.array<char>(context_.rows * kPointerBytes);
    for (std::size_t i = 0; i < context_.rows; ++i) {
        const std::uint32_t row = event_row(i);
        char* out = bytes + i * kPointerBytes;
        encode_pointer({source_.group, events_->timestamp_ms[row], events_->sequence[row]}, out);
        texts[i] = {out, kPointerBytes};
    }
    return Vector::texts(context_.arena, context_.rows, texts);
}

void Frame::load_discovered() {
    std::uint32_t message_slot = kNoSlot;
    for (std::uint32_t i = 0; i < plan_.slots.size(); ++i) {
        if (plan_.slots[i].kind == SlotKind::kMessage) message_slot = i;
    }
    const Vector* messages = nullptr;
    if (message_slot != kNoSlot) {
        messages = column(message_slot);
    } else {
        messages = load_messages();
    }
    const auto found =
        discovery_->discovery.resolve(context_, source_.source->log, without_idle(messages));
    for (std::size_t i = 0; i < found.size(); ++i) columns_[discovery_->slots[i]] = found[i];
}

/// Messages that lack what all that pass have are empty: whether fields are found in them does not
/// matter, and to look for a text costs a tenth of reading JSON.
const Vector* Frame::without_idle(const Vector* messages) {
    const std::span<const AnyText> required = discovery_->required;
    const std::size_t rows = context_.rows;
    if ((required.empty() && shaped_ == nullptr) || !messages->is_uniform(Kind::kText) ||
        messages->present_bytes() != nullptr || messages->is_constant())
        return messages;
    const std::string_view* const texts = messages->text_array();
    auto* const kept = context_.arena.array<std::string_view>(rows);
    for (std::size_t i = 0; i < rows; ++i) {
        const bool matters = std::ranges::all_of(required, [&](const AnyText& any) {
            return std::ranges::any_of(any, [&](const std::string& text) {
                return find_literal(texts[i], text, 0) != std::string_view::npos;
            });
        });
        const bool passes = matters && (shaped_ == nullptr || shaped_->may_pass(texts[i]));
        kept[i] = passes ? texts[i] : std::string_view();
    }
    return Vector::texts(context_.arena, rows, kept);
}

RowOrder Frame::order() {
    SKY_ASSERT(timestamps_ != nullptr || context_.rows == 0 || !events_->timestamp_ms.empty(),
               "who looks at times has them read (times_of())");
    if (timestamps_ == nullptr && selected_ == nullptr && source_.count == 1) {
        // One source's sequences are the global ones.
        timestamps_ = events_->timestamp_ms.data() + begin_;
        sequences_ = events_->sequence.data() + begin_;
    }
    if (timestamps_ == nullptr) {
        const std::size_t rows = context_.rows;
        auto* times = context_.arena.array<std::int64_t>(rows);
        auto* sequences = context_.arena.array<std::uint64_t>(rows);
        for (std::size_t i = 0; i < rows; ++i) {
            const std::uint32_t row = event_row(i);
            times[i] = events_->timestamp_ms[row];
            sequences[i] = global_sequence(events_->sequence[row], source_);
        }
        timestamps_ = times;
        sequences_ = sequences;
    }
    return {timestamps_, sequences_};
}

void Frame::select(std::span<const std::uint32_t> rows) {
    Arena& arena = context_.arena;
    for (const Vector*& column : columns_) {
        if (column != nullptr) column = column->gather(arena, rows);
    }
    if (events_ != nullptr) {
        auto* selected = arena.array<std::uint32_t>(rows.size());
        for (std::size_t i = 0; i < rows.size(); ++i) selected[i] = event_row(rows[i]);
        selected_ = selected;
    }
    if (shaped_ != nullptr) {
        auto* chosen = arena.array<std::uint32_t>(rows.size());
        const Ranks before = ranks();
        for (std::size_t i = 0; i < rows.size(); ++i) chosen[i] = before[rows[i]];
        ranks_ = chosen;
    }
    if (timestamps_ != nullptr) {
        auto* times = arena.array<std::int64_t>(rows.size());
        auto* sequences = arena.array<std::uint64_t>(rows.size());
        for (std::size_t i = 0; i < rows.size(); ++i) {
            times[i] = timestamps_[rows[i]];
            sequences[i] = sequences_[rows[i]];
        }
        timestamps_ = times;
        sequences_ = sequences;
    }
    context_.rows = rows.size();
}

void Frame::expand(std::span<const std::uint32_t> rows) {
    SKY_ASSERT(events_ == nullptr, "rows are added to tables only");
    Arena& arena = context_.arena;
    for (const Vector*& column : columns_) {
        if (column == nullptr) continue;
        auto* values = arena.array<Value>(rows.size());
        for (std::size_t i = 0; i < rows.size(); ++i) {
            values[i] = rows[i] == kNewRow ? Value::missing() : column->at(rows[i]);
        }
        column = Vector::from_values(arena, rows.size(), values);
    }
    auto* times = arena.array<std::int64_t>(rows.size());
    auto* sequences = arena.array<std::uint64_t>(rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const bool known = rows[i] != kNewRow && timestamps_ != nullptr;
        times[i] = known ? timestamps_[rows[i]] : INT64_MIN;
        sequences[i] = known ? sequences_[rows[i]] : 0;
    }
    timestamps_ = times;
    sequences_ = sequences;
    context_.rows = rows.size();
}

void Frame::renumber() {
    auto* times = context_.arena.array<std::int64_t>(context_.rows);
    auto* sequences = context_.arena.array<std::uint64_t>(context_.rows);
    for (std::size_t i = 0; i < context_.rows; ++i) {
        times[i] = 0;
        sequences[i] = context_.rows - i;
    }
    timestamps_ = times;
    sequences_ = sequences;
}

void Frame::slice(std::size_t begin, std::size_t count) {
    if (begin == 0 && count == context_.rows) return;
    auto* rows = context_.arena.array<std::uint32_t>(count);
    for (std::size_t i = 0; i < count; ++i) rows[i] = static_cast<std::uint32_t>(begin + i);
    select({rows, count});
}

namespace {

const Vector* decision(EvalContext& context, const symbolic::Binding& once) {
    return Vector::constant(context.arena, context.rows,
                            Value::of_boolean(once.verdict == symbolic::Verdict::kMatch));
}

/// Whether the call is what `pattern @message` groups by.
bool asks_for_templates(const BoundExpr& expr, const Frame& frame) {
    return expr.function == &derived_function(Derived::kPatternTemplate) &&
           expr.args[0].kind == BoundExpr::Kind::kSlot &&
           frame.plan().slots[expr.args[0].slot].kind == SlotKind::kMessage;
}

/// The one slot that the expression reads; kNoSlot when there are none or several.
std::uint32_t only_slot(const BoundExpr& expr) {
    std::uint32_t slot = kNoSlot;
    bool one = true;
    for_each_slot(expr, [&](std::uint32_t read) {
        one = one && (slot == kNoSlot || slot == read);
        slot = read;
    });
    return one ? slot : kNoSlot;
}

/// Expressions see one row at a time: over a column of few texts they are computed once a text.
/// Null when the expression reads something else too, or its texts are not few.
const Vector* evaluate_entries(const BoundExpr& expr, Frame& frame) {
    const std::uint32_t slot = only_slot(expr);
    // Messages are not few, and making them may not be needed at all.
    if (slot == kNoSlot || frame.plan().slots[slot].kind == SlotKind::kMessage) return nullptr;
    const Vector* const column = frame.column(slot);
    if (column->dictionary() == nullptr) return nullptr;
    const std::span<const std::string_view> texts = column->dictionary()->entries;
    EvalContext& context = frame.context();
    Arena& arena = context.arena;
    const std::size_t rows = context.rows;
    if (2 * (texts.size() + 1) > rows) return nullptr;
    // Behind the texts stands the missing value, for rows that have none.
    const std::uint8_t* const present = column->present_bytes();
    const std::size_t entries = texts.size() + (present != nullptr ? 1 : 0);
    const Vector* distinct = Vector::texts(arena, entries, texts.data());
    const std::uint32_t* codes = nullptr;
    if (present != nullptr) {
        auto* const padded = arena.array<std::string_view>(entries);
        std::copy(texts.begin(), texts.end(), padded);
        padded[texts.size()] = {};
        auto* const is_text = arena.array<std::uint8_t>(entries);
        std::fill_n(is_text, texts.size(), std::uint8_t{1});
        is_text[texts.size()] = 0;
        distinct = Vector::texts(arena, entries, padded, is_text);
        auto* const with_missing = arena.array<std::uint32_t>(rows);
        for (std::size_t i = 0; i < rows; ++i) {
            with_missing[i] =
                present[i] != 0 ? column->codes()[i] : static_cast<std::uint32_t>(texts.size());
        }
        codes = with_missing;
    }
    context.rows = entries;
    frame.set(slot, distinct);
    const Vector* const result = evaluate(expr, frame);
    frame.set(slot, column);
    context.rows = rows;
    if (result->is_constant()) return Vector::constant(arena, rows, result->constant_value());
    const bool narrow = codes == nullptr && column->narrow_codes() != nullptr;
    if (narrow && result->is_uniform(Kind::kBoolean) && result->present_bytes() == nullptr) {
        auto* const booleans = arena.array<std::uint8_t>(rows);
        std::fill_n(booleans, rows, std::uint8_t{0});
        columnar::kernels().mark_codes(column->narrow_codes(), rows, result->boolean_array(),
                                       entries, booleans);
        return Vector::booleans(arena, rows, booleans);
    }
    if (codes == nullptr) codes = column->codes();
    if (result->is_uniform(Kind::kText) && result->present_bytes() == nullptr) {
        const std::span<const std::string_view> made(result->text_array(), entries);
        auto* const dictionary =
            ::new (arena.array<columnar::TextDictionary>(1)) columnar::TextDictionary{made, 0};
        return Vector::coded_texts(arena, rows, codes, dictionary);
    }
    return result->gather(arena, {codes, rows});
}

}  // namespace

const Vector* evaluate(const BoundExpr& expr, Frame& frame) {
    if (expr.kind != BoundExpr::Kind::kConstant && expr.kind != BoundExpr::Kind::kSlot) {
        if (const Vector* once = evaluate_entries(expr, frame)) return once;
    }
    EvalContext& context = frame.context();
    const auto arg = [&](std::size_t i) { return evaluate(expr.args[i], frame); };
    switch (expr.kind) {
        case BoundExpr::Kind::kConstant:
            return Vector::constant(context.arena, context.rows, expr.value());
        case BoundExpr::Kind::kSlot:
            return frame.column(expr.slot);
        case BoundExpr::Kind::kCall: {
            if (asks_for_templates(expr, frame)) {
                if (const Vector* made = frame.templates()) return made;
            }
            const std::size_t count = expr.args.size();
            auto* args = context.arena.array<const Vector*>(count);
            for (std::size_t i = 0; i < count; ++i) args[i] = arg(i);
            return call(*expr.function, context, {args, count});
        }
        case BoundExpr::Kind::kCompare:
            return compare(context, expr.comparison, arg(0), arg(1));
        case BoundExpr::Kind::kArithmetic:
            return arithmetic(context, expr.op, arg(0), arg(1));
        case BoundExpr::Kind::kNegate:
            return negate(context, arg(0));
        case BoundExpr::Kind::kAnd:
        case BoundExpr::Kind::kOr: {
            const Vector* all = arg(0);
            for (std::size_t i = 1; i < expr.args.size(); ++i) {
                all = expr.kind == BoundExpr::Kind::kAnd ? logical_and(context, all, arg(i))
                                                         : logical_or(context, all, arg(i));
            }
            return all;
        }
        case BoundExpr::Kind::kNot:
            return logical_not(context, arg(0));
        case BoundExpr::Kind::kLike:
            if (const auto* once = frame.decided(&expr)) return decision(context, *once);
            if (const Vector* rows = frame.filtered(&expr)) return rows;
            return like(context, arg(0), arg(1));
        case BoundExpr::Kind::kMatches:
            if (const auto* once = frame.decided(&expr)) return decision(context, *once);
            if (const Vector* rows = frame.filtered(&expr)) return rows;
            return matches(context, *expr.regex, arg(0));
        case BoundExpr::Kind::kIn:
            return expr.set->contains(context, arg(0));
        case BoundExpr::Kind::kMember:
            return member(context, arg(0), expr.text);
    }
    return Vector::missing(context.arena, context.rows);
}

bool apply_row_step(const Step& step, Frame& frame) {
    if (const auto* compute = std::get_if<ComputeStep>(&step)) {
        frame.set(compute->slot, evaluate(compute->expr, frame));
        return true;
    }
    if (const auto* parse = std::get_if<ParseStep>(&step)) {
        if (const symbolic::Binding* once = frame.decided(parse)) {
            const bool found = once->verdict == symbolic::Verdict::kMatch;
            for (std::size_t i = 0; i < parse->slots.size(); ++i) {
                if (parse->slots[i] == kNoSlot) continue;
                if (found) {
                    frame.bind(parse->slots[i], once->captures[i]);
                } else {
                    frame.set(parse->slots[i],
                              Vector::missing(frame.context().arena, frame.rows()));
                }
            }
            return true;
        }
        const Vector* source = evaluate(parse->source, frame);
        const std::size_t captures = parse->slots.size();
        bool* needed = frame.context().arena.array<bool>(captures);
        for (std::size_t i = 0; i < captures; ++i) needed[i] = parse->slots[i] != kNoSlot;
        const std::span<const bool> wanted(needed, captures);
        const auto columns = parse->glob ? parse->glob->parse(frame.context(), source, wanted)
                                         : parse->regex->parse(frame.context(), source, wanted);
        for (std::size_t i = 0; i < captures; ++i) {
            if (needed[i]) frame.set(parse->slots[i], columns[i]);
        }
        return true;
    }
    if (const auto* filter = std::get_if<FilterStep>(&step)) {
        std::vector<std::uint32_t> rows;
        select_true(frame.context(), evaluate(filter->condition, frame), rows);
        if (rows.size() != frame.rows()) frame.select(rows);
        return true;
    }
    return false;
}

std::uint64_t count_rows(const FilterStep& filter, Frame& frame) {
    return count_true(frame.context(), evaluate(filter.condition, frame));
}

}  // namespace sky::insights
