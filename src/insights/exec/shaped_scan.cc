// SPDX-License-Identifier: Apache-2.0
#include "insights/exec/shaped_scan.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <unordered_map>

#include "insights/exec/limits.h"
#include "insights/functions/log_formats.h"

namespace sky::insights {
namespace {

using shapes::SlotColumn;
using Stored = shapes::SlotKind;  // How a slot's values are kept.
using symbolic::SlotFacts;
using symbolic::Verdict;

constexpr std::uint64_t kEmptyBit = std::uint64_t{1} << 63;

SlotFacts facts_of(const shapes::SlotStats& stats) {
    SlotFacts out;
    out.bytes.words = stats.bytes.words();
    out.has_empty = stats.has_empty;
    out.has_one = stats.has_one;
    out.has_more = stats.has_more;
    return out;
}

/// Which classes of bytes a value has, and whether it has none.
std::uint64_t signature(const SymbolicSite& site, std::string_view value) {
    if (value.empty()) return kEmptyBit;
    std::uint64_t out = 0;
    for (const char c : value) {
        const std::uint8_t of = site.class_of(static_cast<unsigned char>(c));
        out |= std::uint64_t{1} << (of % 63);
    }
    // Bytes that a glob does not mention tell nothing.
    return site.regex ? out : out & ~std::uint64_t{1};
}

/// Of the values that have the column's form: closer than what the form alone says.
SlotFacts regular_facts(const SlotColumn& column) {
    SlotFacts out;
    out.bytes.words = column.form().bytes().words();
    out.has_one = true;
    out.has_more = true;
    if (column.form().kind != shapes::FormKind::kDecimal) return out;
    bool negative = false;
    bool digit = false;
    for (const std::int64_t value : column.values()) {
        negative = negative || value < 0;
        digit = digit || (value >= 0 && value <= 9);
    }
    if (!negative) out.bytes.remove('-');
    out.has_one = digit && column.form().scale == 0;
    return out;
}

/// Texts and regexes are looked for slot by slot (filter()), whatever stands in them.
bool is_filter(const SymbolicSite& site) {
    return !site.substring.empty() || site.search != nullptr;
}

/// Whether some exception is among the rows; both ascend.
bool has_exception(std::span<const std::uint32_t> exceptions, const Ranks& ranks) {
    if (exceptions.empty() || ranks.count == 0) return false;
    if (ranks.list == nullptr) {
        const auto at = std::lower_bound(exceptions.begin(), exceptions.end(), ranks.begin);
        return at != exceptions.end() && *at - ranks.begin < ranks.count;
    }
    std::size_t at = 0;
    for (const std::uint32_t exception : exceptions) {
        while (at < ranks.count && ranks.list[at] < exception) ++at;
        if (at == ranks.count) return false;
        if (ranks.list[at] == exception) return true;
    }
    return false;
}

}  // namespace

std::uint64_t ShapedScan::next_dictionary_id() {
    static std::atomic<std::uint64_t> last{0};
    return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

double ShapedScan::bytes_a_row() const {
    return static_cast<double>(block_->text_bytes()) / static_cast<double>(block_->rows());
}

const symbolic::Binding* ShapedScan::binding(const ShapedPart& part, const void* asker) const {
    for (std::size_t i = 0; i < sites_.size(); ++i) {
        if (sites_[i].asker == asker) return &part.bindings[i];
    }
    return nullptr;
}

const std::uint32_t* ShapedScan::keep(std::vector<std::uint32_t> list) {
    lists_.push_back(std::move(list));
    return lists_.back().data();
}

Status ShapedScan::open(const store::EventBatch& batch, std::string_view log) {
    batch_ = &batch;
    block_ = batch.shaped.get();
    by_layout_ = fields_ != nullptr && !is_lambda_log(log);
    layouts_made_ = nullptr;
    layouts_known_ = nullptr;
    if (by_layout_) {
        layouts_known_ = std::dynamic_pointer_cast<const BlockLayouts>(block_->note(layouts_name_));
    }
    SKY_TRY(open_families());
    if (layouts_made_ != nullptr) block_->keep(layouts_name_, layouts_made_);
    return {};
}

Status ShapedScan::open_families() {
    const store::EventBatch& batch = *batch_;
    parts_.clear();
    filters_.clear();
    lists_.clear();
    families_.clear();
    families_.resize(block_->families().size());
    if (batch.shaped_row.empty()) {
        for (std::uint32_t f = 0; f < families_.size(); ++f) {
            const bool alone = families_.size() == 1;
            const std::uint32_t* const rows = alone ? nullptr : block_->rows_of(f).data();
            SKY_TRY(open_family(f, {}, rows, block_->count_of(f)));
        }
        return {};
    }
    // Some of the block's rows: each family's among them.
    std::vector<std::vector<std::uint32_t>> ranks(families_.size());
    std::vector<std::vector<std::uint32_t>> rows(families_.size());
    std::vector<std::size_t> at(families_.size(), 0);
    for (std::size_t i = 0; i < batch.shaped_row.size(); ++i) {
        const std::uint32_t row = batch.shaped_row[i];
        const std::uint16_t f = block_->family_of_row()[row];
        const std::span<const std::uint32_t> all = block_->rows_of(f);
        if (all[at[f]] != row) {
            at[f] = static_cast<std::size_t>(
                std::lower_bound(all.begin() + static_cast<std::ptrdiff_t>(at[f]), all.end(), row) -
                all.begin());
        }
        ranks[f].push_back(static_cast<std::uint32_t>(at[f]));
        rows[f].push_back(static_cast<std::uint32_t>(i));
        if (at[f] + 1 < all.size()) ++at[f];
    }
    for (std::uint32_t f = 0; f < families_.size(); ++f) {
        if (rows[f].empty()) continue;
        const std::size_t count = rows[f].size();
        const std::uint32_t* const kept = keep(std::move(ranks[f]));
        SKY_TRY(open_family(f, {kept, count}, keep(std::move(rows[f])), count));
    }
    return {};
}

Status ShapedScan::open_family(std::uint32_t family, std::span<const std::uint32_t> ranks,
                               const std::uint32_t* batch_rows, std::size_t rows) {
    FamilyState& state = families_[family];
    const shapes::Family& shape = block_->families()[family];
    if (!sites_.empty()) {
        for (const shapes::Piece& piece : shape.pieces) {
            if (piece.is_slot()) {
                state.pieces.push_back({{}, static_cast<std::uint32_t>(piece.slot)});
            } else {
                state.pieces.push_back({piece.constant, symbolic::kConstantPiece});
            }
        }
        for (std::uint32_t s = 0; s < shape.slots; ++s) {
            const shapes::SlotStats stats = SKY_TRY(block_->stats(family, s));
            state.facts.push_back(facts_of(stats));
        }
        state.all_facts = state.facts;
    }
    ShapedPart part;
    part.family = family;
    part.rows = rows;
    part.batch_rows = batch_rows;
    part.ranks = ranks.data();
    part.bindings = decide(state.pieces, state.facts);
    // Lines that have nothing in common are looked at one by one.
    const bool free_text = shape.pieces.size() == 1 && shape.slots == 1;
    if (free_text || rows < kCleanRowsMin || !gains_by_cleaning(part.bindings)) {
        return add_part(std::move(part));
    }
    const std::vector<std::uint8_t> dirty = SKY_TRY(clean(family, state, part.bindings));
    std::vector<symbolic::Binding> better = decide(state.pieces, state.facts);
    ShapedPart others;
    ShapedPart those;
    if (!dirty.empty()) split(part, dirty, others, those);
    if (those.rows == 0) {
        // Nothing was taken out; yet constants in slots may have helped.
        part.bindings = std::move(better);
        part.cleaned = true;
        return add_part(std::move(part));
    }
    if (others.rows != 0) {
        others.bindings = std::move(better);
        others.cleaned = true;
        SKY_TRY(add_part(std::move(others)));
    }
    those.bindings = decide(state.pieces, state.all_facts);
    return add_part(std::move(those));
}

/// The rows of `part` by whether their ranks are to be apart; both ascend as the part's do.
void ShapedScan::split(const ShapedPart& part, const std::vector<std::uint8_t>& apart,
                       ShapedPart& others, ShapedPart& those) {
    std::vector<std::uint32_t> kept_ranks[2];
    std::vector<std::uint32_t> kept_rows[2];
    for (std::size_t i = 0; i < part.rows; ++i) {
        const auto place = static_cast<std::uint32_t>(i);
        const std::uint32_t rank = part.ranks != nullptr ? part.ranks[i] : place;
        kept_ranks[apart[rank]].push_back(rank);
        kept_rows[apart[rank]].push_back(part.batch_rows != nullptr ? part.batch_rows[i] : place);
    }
    ShapedPart* const halves[2] = {&others, &those};
    for (const std::size_t side : {std::size_t{0}, std::size_t{1}}) {
        halves[side]->family = part.family;
        halves[side]->rows = kept_ranks[side].size();
        halves[side]->ranks = keep(std::move(kept_ranks[side]));
        halves[side]->batch_rows = keep(std::move(kept_rows[side]));
    }
}

std::vector<symbolic::Binding> ShapedScan::decide(std::span<const symbolic::Piece> pieces,
                                                  std::span<const SlotFacts> facts) const {
    std::vector<symbolic::Binding> out;
    for (const SymbolicSite& site : sites_) {
        out.push_back(site.decide({pieces, facts}));
    }
    return out;
}

/// Whether some question is open that is not answered slot by slot (filter()) anyway.
bool ShapedScan::gains_by_cleaning(const std::vector<symbolic::Binding>& bindings) const {
    for (std::size_t i = 0; i < sites_.size(); ++i) {
        if (bindings[i].verdict == Verdict::kSlow && !is_filter(sites_[i])) return true;
    }
    return false;
}

Result<std::vector<std::uint8_t>> ShapedScan::clean(std::uint32_t family, FamilyState& state,
                                                    const std::vector<symbolic::Binding>& found) {
    std::vector<const SlotColumn*> columns;
    for (std::uint32_t s = 0; s < state.facts.size(); ++s) {
        columns.push_back(SKY_TRY(block_->column(family, s)));
    }
    join_constants(state, columns);
    for (std::size_t s = 0; s < columns.size(); ++s) {
        if (columns[s]->kind() != Stored::kForm) continue;
        state.facts[s] = regular_facts(*columns[s]);
        for (const std::string_view text : columns[s]->exception_texts()) state.facts[s].add(text);
    }
    std::vector<std::uint8_t> dirty;
    for (std::size_t i = 0; i < sites_.size(); ++i) {
        if (found[i].verdict != Verdict::kSlow || is_filter(sites_[i])) continue;
        const auto decided = [&](const std::vector<SlotFacts>& facts) {
            return sites_[i].decide({state.pieces, facts}).verdict != Verdict::kSlow;
        };
        if (decided(state.facts)) continue;
        std::vector<Cleaned> cleaned;
        std::vector<SlotFacts> facts = state.facts;
        for (std::size_t s = 0; s < columns.size(); ++s) {
            cleaned.push_back(clean_slot(*columns[s], sites_[i]));
            if (cleaned[s].any) facts[s] = cleaned[s].facts;
        }
        if (!decided(facts)) continue;
        for (std::size_t s = 0; s < columns.size(); ++s) {
            if (!cleaned[s].any) continue;
            // Only values that really stand in the way are taken out.
            facts[s] = state.facts[s];
            if (decided(facts)) continue;
            facts[s] = cleaned[s].facts;
            dirty.resize(columns[s]->rows(), 0);
            mark_dirty(*columns[s], cleaned[s], dirty);
        }
        // What was known about fewer rows still holds when others are taken out as well.
        state.facts = std::move(facts);
    }
    return dirty;
}

/// Slots of one value become constants, and those join: a text that is looked for may cross them.
void ShapedScan::join_constants(FamilyState& state, const std::vector<const SlotColumn*>& columns) {
    std::vector<symbolic::Piece> out;
    for (symbolic::Piece piece : state.pieces) {
        if (!piece.is_constant() && columns[piece.slot]->kind() == Stored::kConstant) {
            piece = {columns[piece.slot]->entries()[0], symbolic::kConstantPiece};
        }
        if (piece.is_constant() && piece.text.empty()) continue;
        if (piece.is_constant() && !out.empty() && out.back().is_constant()) {
            state.joined.push_back(std::string(out.back().text).append(piece.text));
            out.back().text = state.joined.back();
        } else {
            out.push_back(piece);
        }
    }
    state.pieces = std::move(out);
}

ShapedScan::Cleaned ShapedScan::clean_slot(const SlotColumn& column, const SymbolicSite& site) {
    Cleaned out;
    std::vector<std::string_view> values;
    std::vector<std::uint64_t> weights;
    SlotColumn::Scratch scratch;
    SlotFacts regular;
    bool has_regular = false;
    switch (column.kind()) {
        case Stored::kConstant:
            return out;
        case Stored::kDictionary:
            values.assign(column.entries().begin(), column.entries().end());
            weights.assign(values.size(), 0);
            for (const std::uint16_t code : column.codes()) ++weights[code];
            break;
        case Stored::kForm:
        case Stored::kHex:
            values.assign(column.exception_texts().begin(), column.exception_texts().end());
            if (values.empty()) return out;
            weights.assign(values.size(), 1);
            has_regular = values.size() < column.rows();
            break;
        case Stored::kText:
            for (std::size_t row = 0; row < column.rows(); ++row) {
                values.push_back(column.text(row, scratch));
            }
            weights.assign(values.size(), 1);
            break;
    }
    if (has_regular) {
        // Exceptions are few: all of them are taken out.
        if (column.kind() == Stored::kForm) {
            regular = regular_facts(column);
        } else {
            regular.bytes.add_all("0123456789abcdefABCDEF");
            std::size_t row = 0;
            for (const std::uint32_t exception : column.exception_rows()) {
                if (exception != row) break;
                ++row;
            }
            regular.bytes.add_all(column.text(row, scratch));
            regular.has_one = true;
            regular.has_more = true;
        }
        out.facts = regular;
        out.dirty.assign(values.size(), 1);
        out.any = true;
        return out;
    }
    std::unordered_map<std::uint64_t, std::uint64_t> weight_of;
    std::vector<std::uint64_t> signatures;
    for (std::size_t i = 0; i < values.size(); ++i) {
        signatures.push_back(signature(site, values[i]));
        weight_of[signatures[i]] += weights[i];
    }
    std::uint64_t usual = 0;
    std::uint64_t most = 0;
    for (const auto& [of, weight] : weight_of) {
        if (weight > most || (weight == most && of < usual)) {
            usual = of;
            most = weight;
        }
    }
    out.dirty.assign(values.size(), 0);
    for (std::size_t i = 0; i < values.size(); ++i) {
        if ((signatures[i] & ~usual) != 0) {
            out.dirty[i] = 1;
            out.any = true;
        } else {
            out.facts.add(values[i]);
        }
    }
    return out;
}

void ShapedScan::mark_dirty(const SlotColumn& column, const Cleaned& cleaned,
                            std::vector<std::uint8_t>& dirty) {
    switch (column.kind()) {
        case Stored::kConstant:
            return;
        case Stored::kDictionary:
            for (std::size_t row = 0; row < dirty.size(); ++row) {
                dirty[row] |= cleaned.dirty[column.codes()[row]];
            }
            return;
        case Stored::kForm:
        case Stored::kHex:
            for (const std::uint32_t row : column.exception_rows()) dirty[row] = 1;
            return;
        case Stored::kText:
            for (std::size_t row = 0; row < dirty.size(); ++row) dirty[row] |= cleaned.dirty[row];
            return;
    }
}

const Vector* ShapedScan::slot(EvalContext& context, std::uint32_t family, std::uint32_t slot,
                               const Ranks& ranks) {
    Arena& arena = context.arena;
    const auto found = block_->column(family, slot);
    if (!found) {
        context.fail(found.error().code, found.error().message);
        return Vector::missing(arena, ranks.count);
    }
    const SlotColumn& column = **found;
    const std::size_t rows = ranks.count;
    if (column.kind() == Stored::kConstant) {
        return Vector::constant(arena, rows, Value::of_text(column.entries()[0]));
    }
    if (column.kind() == Stored::kDictionary) {
        std::vector<columnar::TextDictionary>& known = families_[family].dictionaries;
        if (known.empty()) known.resize(block_->families()[family].slots);
        columnar::TextDictionary& dictionary = known[slot];
        if (dictionary.id == 0) dictionary = {column.entries(), next_dictionary_id()};
        const std::uint16_t* const from = column.codes().data();
        if (ranks.list == nullptr) {
            return Vector::coded_texts(arena, rows, from + ranks.begin, &dictionary);
        }
        auto* const codes = arena.array<std::uint16_t>(rows);
        for (std::size_t i = 0; i < rows; ++i) codes[i] = from[ranks.list[i]];
        return Vector::coded_texts(arena, rows, codes, &dictionary);
    }
    const bool is_decimal =
        column.kind() == Stored::kForm && column.form().kind == shapes::FormKind::kDecimal;
    if (is_decimal && !has_exception(column.exception_rows(), ranks)) {
        const auto scale = static_cast<std::int8_t>(column.form().scale);
        const std::int64_t* const from = column.values().data();
        if (ranks.list == nullptr) {
            return Vector::decimal_texts(arena, rows, from + ranks.begin, scale);
        }
        auto* const values = arena.array<std::int64_t>(rows);
        for (std::size_t i = 0; i < rows; ++i) values[i] = from[ranks.list[i]];
        return Vector::decimal_texts(arena, rows, values, scale);
    }
    const std::uint32_t* list = ranks.list;
    if (list == nullptr) {
        auto* const made = arena.array<std::uint32_t>(rows);
        for (std::size_t i = 0; i < rows; ++i) made[i] = ranks[i];
        list = made;
    }
    auto* const texts = arena.array<std::string_view>(rows);
    if (!column.texts({list, rows}, arena, texts)) {
        context.fail(ErrorCode::kLimitExceeded,
                     "The query needs more memory than it may have; make its time range smaller");
        return Vector::missing(arena, rows);
    }
    return Vector::texts(arena, rows, texts);
}

const Vector* ShapedScan::capture(EvalContext& context, const ShapedPart& part, const Ranks& ranks,
                                  const symbolic::Capture& capture) {
    if (!capture.present) return Vector::missing(context.arena, ranks.count);
    return joined(context, part.family, ranks, capture.pieces);
}

const Vector* ShapedScan::templates(EvalContext& context, const ShapedPart& part,
                                    const Ranks& ranks) {
    Arena& arena = context.arena;
    FamilyState& state = families_[part.family];
    if (!state.templates_made) {
        const std::size_t rows = block_->count_of(part.family);
        if (ranks.count * kTemplateRowsShare < rows) return nullptr;
        auto made = FamilyTemplates::make(*block_, part.family);
        if (!made) {
            context.fail(made.error().code, made.error().message);
            return Vector::missing(arena, ranks.count);
        }
        state.templates = *std::move(made);
        state.templates_made = true;
        if (state.templates != nullptr) {
            state.template_texts = {state.templates->texts(), next_dictionary_id()};
        }
    }
    if (state.templates == nullptr) return nullptr;
    const std::span<const std::uint32_t> from = state.templates->codes();
    if (from.empty()) {
        return Vector::constant(arena, ranks.count,
                                Value::of_text(state.templates->texts().front()));
    }
    auto* const codes = arena.array<std::uint32_t>(ranks.count);
    for (std::size_t i = 0; i < ranks.count; ++i) codes[i] = from[ranks[i]];
    return Vector::coded_texts(arena, ranks.count, codes, &state.template_texts);
}

const Vector* ShapedScan::messages(EvalContext& context, const ShapedPart& part,
                                   const Ranks& ranks) {
    std::vector<symbolic::Piece> pieces;
    for (const shapes::Piece& piece : block_->families()[part.family].pieces) {
        if (piece.is_slot()) {
            pieces.push_back({{}, static_cast<std::uint32_t>(piece.slot)});
        } else {
            pieces.push_back({piece.constant, symbolic::kConstantPiece});
        }
    }
    return joined(context, part.family, ranks, pieces);
}

const Vector* ShapedScan::joined(EvalContext& context, std::uint32_t family, const Ranks& ranks,
                                 std::span<const symbolic::Piece> pieces) {
    Arena& arena = context.arena;
    const std::size_t rows = ranks.count;
    if (pieces.empty()) return Vector::constant(arena, rows, Value::of_text(""));
    std::vector<const Vector*> columns;
    for (const symbolic::Piece& piece : pieces) {
        columns.push_back(piece.is_constant()
                              ? Vector::constant(arena, rows, Value::of_text(piece.text))
                              : slot(context, family, piece.slot, ranks));
    }
    if (columns.size() == 1 || context.error) return columns[0];
    // A constant column has one text for all rows.
    struct Part {
        const std::string_view* texts;
        std::size_t mask;
    };
    std::vector<Part> parts;
    std::size_t bytes = 0;
    for (const Vector* column : columns) {
        if (column->is_constant()) {
            const auto* text = arena.make<std::string_view>(column->constant_value().text);
            parts.push_back({text, 0});
            bytes += rows * text->size();
            continue;
        }
        parts.push_back({column->text_array(), ~std::size_t{0}});
        for (std::size_t i = 0; i < rows; ++i) bytes += parts.back().texts[i].size();
    }
    char* at = arena.try_text(bytes);
    if (at == nullptr) {
        context.fail(ErrorCode::kLimitExceeded,
                     "The query needs more memory than it may have; make its time range smaller");
        return Vector::missing(arena, rows);
    }
    auto* const texts = arena.array<std::string_view>(rows);
    for (std::size_t i = 0; i < rows; ++i) {
        const char* const begin = at;
        for (const Part& part : parts) {
            const std::string_view text = part.texts[i & part.mask];
            if (!text.empty()) std::memcpy(at, text.data(), text.size());
            at += text.size();
        }
        texts[i] = {begin, static_cast<std::size_t>(at - begin)};
    }
    return Vector::texts(arena, rows, texts);
}

}  // namespace sky::insights
