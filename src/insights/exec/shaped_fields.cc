// SPDX-License-Identifier: Apache-2.0
// Fields of JSON lines by the slots that hold them. What fits in no layout is left to the lines.
#include <algorithm>
#include <cstring>
#include <iterator>

#include "insights/exec/shaped_scan.h"
#include "insights/functions/glob.h"

namespace sky::insights {
namespace {

using shapes::SlotColumn;
using Stored = shapes::SlotKind;  // How a slot's values are kept.

bool has_escape(std::string_view text) {
    return !text.empty() && std::memchr(text.data(), '\\', text.size()) != nullptr;
}

/// `raw` as it stands between quotes, itself when it cannot; `scratch` may become its home.
std::string_view unescaped(std::string_view raw, std::string& scratch) {
    // What a block says of its texts is not worth a read behind their end.
    if (!json::is_string_content(raw)) return raw;
    std::string quoted;
    quoted.reserve(raw.size() + 2);
    quoted.append("\"").append(raw).append("\"");
    std::string text;
    const std::string_view read = json::string_text({json::Type::kString, quoted}, text);
    scratch.assign(read);
    return scratch;
}

/// A copy in the arena; an empty text and the context's error when that may not grow.
std::string_view kept(EvalContext& context, std::string_view text) {
    if (text.empty()) return {};
    char* const home = context.arena.try_text(text.size());
    if (home == nullptr) {
        context.fail(ErrorCode::kLimitExceeded,
                     "The query needs more memory than it may have; make its time range smaller");
        return {};
    }
    std::memcpy(home, text.data(), text.size());
    return {home, text.size()};
}

/// What a scalar's first letter tells of it; entries that fit no row of the part may be empty.
bool is_null(std::string_view raw) { return raw.starts_with('n'); }
bool is_boolean(std::string_view raw) { return raw.starts_with('t') || raw.starts_with('f'); }
bool is_number(std::string_view raw) { return !is_null(raw) && !is_boolean(raw); }

Value value_of_scalar(std::string_view raw) {
    if (is_null(raw)) return Value::missing();
    if (!is_boolean(raw)) return Value::of_text(raw);
    Value out = Value::of_boolean(raw[0] == 't');
    out.text = raw;
    return out;
}

/// Texts of a slot that are numbers, true, false and null as the values that they are.
const Vector* read_scalars(EvalContext& context, const Vector* raw) {
    Arena& arena = context.arena;
    const std::size_t rows = raw->size();
    if (raw->is_constant()) {
        return Vector::constant(arena, rows, value_of_scalar(raw->constant_value().text));
    }
    if (raw->decimals() != nullptr) return raw;
    if (raw->dictionary() != nullptr) {
        const std::span<const std::string_view> entries = raw->dictionary()->entries;
        if (std::all_of(entries.begin(), entries.end(), is_number)) return raw;
        const bool boolean = std::any_of(entries.begin(), entries.end(), is_boolean);
        if (!boolean) {
            auto* const present = arena.array<std::uint8_t>(rows);
            const std::uint16_t* const codes = raw->narrow_codes();
            for (std::size_t i = 0; i < rows; ++i) present[i] = is_null(entries[codes[i]]) ? 0 : 1;
            return Vector::coded_texts(arena, rows, codes, raw->dictionary(), present);
        }
    }
    const std::string_view* const texts = raw->text_array();
    if (std::all_of(texts, texts + rows, is_number)) return raw;
    auto* const values = arena.array<Value>(rows);
    for (std::size_t i = 0; i < rows; ++i) values[i] = value_of_scalar(texts[i]);
    return Vector::from_values(arena, rows, values);
}

/// Objects and arrays without the blanks between their tokens.
const Vector* read_structures(EvalContext& context, json::Type type, const Vector* raw) {
    std::string scratch;
    const auto compact = [&](std::string_view text) -> std::string_view {
        const json::Token token{type, text};
        if (json::is_compact(token)) return text;
        scratch.clear();
        json::append_compact(token, scratch);
        return kept(context, scratch);
    };
    const std::size_t rows = raw->size();
    if (raw->is_constant()) {
        return Vector::constant(context.arena, rows,
                                Value::of_json(compact(raw->constant_value().text)));
    }
    const std::string_view* const texts = raw->text_array();
    auto* const out = context.arena.array<std::string_view>(rows);
    for (std::size_t i = 0; i < rows; ++i) out[i] = compact(texts[i]);
    return Vector::texts(context.arena, rows, out, nullptr, Kind::kJson);
}

/// Whether JSON writes all of it as it is, or some of it behind kEscape.
bool is_plain(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) {
        return c >= ' ' && c <= '~' && c != '"' && c != '\\' && c != '/';
    });
}
constexpr std::string_view kEscape = "\\u00";

std::string_view without_blanks(std::string_view text) {
    const std::size_t at = text.find_first_not_of(" \t\r\n");
    return at == std::string_view::npos ? std::string_view() : text.substr(at);
}

}  // namespace

/// A path ends at a member of an object whose key ends like the path, or at an element.
void ShapedScan::find_pairs() {
    if (fields_->looks_beyond_json()) return;
    for (const RequiredField& required : required_) {
        const std::size_t path = fields_->path_of(required.name);
        if (path == Discovery::kNoPath) continue;
        const std::string_view name = fields_->json_paths().path(path);
        const std::string_view last = name.substr(name.rfind('.') + 1);
        const bool index =
            std::all_of(last.begin(), last.end(), [](char c) { return c >= '0' && c <= '9'; });
        // Text may be equal to an object or an array as well.
        const bool structure = required.text.starts_with('{') || required.text.starts_with('[');
        if (index || structure || !is_plain(last) || !is_plain(required.text)) continue;
        pairs_.push_back({std::string(last) + '"', required.text + '"'});
    }
}

bool ShapedScan::may_pass(std::string_view line) const {
    if (!by_layout_) return true;
    const auto has = [&](const Pair& pair) {
        for (std::size_t at = find_literal(line, pair.key, 0); at != std::string_view::npos;
             at = find_literal(line, pair.key, at + 1)) {
            if (at == 0 || (line[at - 1] != '"' && line[at - 1] != '.')) continue;
            std::string_view rest = without_blanks(line.substr(at + pair.key.size()));
            if (!rest.starts_with(':')) continue;
            rest = without_blanks(rest.substr(1));
            if (rest.starts_with('"') && rest.substr(1).starts_with(pair.text)) return true;
        }
        return false;
    };
    return std::all_of(pairs_.begin(), pairs_.end(), has) ||
           find_literal(line, kEscape, 0) != std::string_view::npos;
}

Status ShapedScan::add_part(ShapedPart part) {
    if (!by_layout_) {
        parts_.push_back(std::move(part));
        return {};
    }
    const BlockLayouts::Of& of = *SKY_TRY(layout_of(part.family));
    const JsonLayout& layout = *of.layout;
    const JsonLayout::Lines lines = layout.lines();
    if (lines == JsonLayout::Lines::kUnknown ||
        (lines == JsonLayout::Lines::kNoJson && fields_->looks_beyond_json())) {
        parts_.push_back(std::move(part));
        return {};
    }
    const bool none = SKY_TRY(passes_none(part, layout));
    if (of.apart == nullptr) {
        part.layout = &layout;
        part.passes_none = none;
        parts_.push_back(std::move(part));
        return {};
    }
    // A value that does not fit may make the line another document: those are looked at.
    ShapedPart others;
    ShapedPart those;
    split(part, *of.apart, others, those);
    for (ShapedPart* const half : {&others, &those}) {
        if (half->rows == 0) continue;
        half->bindings = part.bindings;
        half->cleaned = part.cleaned;
        if (half == &others) {
            half->layout = &layout;
            half->passes_none = none;
        }
        parts_.push_back(std::move(*half));
    }
    return {};
}

Result<const BlockLayouts::Of*> ShapedScan::layout_of(std::uint32_t family) {
    if (layouts_made_ != nullptr && layouts_made_->of(family).layout != nullptr)
        return &layouts_made_->of(family);
    if (layouts_known_ != nullptr && layouts_known_->of(family).layout != nullptr)
        return &layouts_known_->of(family);
    BlockLayouts::Of made{make_layout(block_->families()[family]), nullptr};
    if (made.layout->lines() == JsonLayout::Lines::kObjects) {
        std::vector<std::uint8_t> apart = SKY_TRY(unfit(family, *made.layout));
        if (!apart.empty())
            made.apart = std::make_shared<const std::vector<std::uint8_t>>(std::move(apart));
    }
    if (layouts_made_ == nullptr) {
        layouts_made_ = layouts_known_ != nullptr
                            ? std::make_shared<BlockLayouts>(*layouts_known_)
                            : std::make_shared<BlockLayouts>(families_.size());
    }
    layouts_made_->set(family, std::move(made));
    return &layouts_made_->of(family);
}

/// Blocks of one group have many families in common.
std::shared_ptr<const JsonLayout> ShapedScan::make_layout(const shapes::Family& family) {
    std::string& key = layout_key_;
    key.clear();
    for (const shapes::Piece& piece : family.pieces) {
        // A slot's text is empty, as no constant's is.
        const std::size_t bytes = piece.constant.size();
        key.append(reinterpret_cast<const char*>(&bytes), sizeof bytes).append(piece.constant);
    }
    if (const auto known = layouts_.find(key); known != layouts_.end()) return known->second;
    auto made = std::make_shared<const JsonLayout>(
        JsonLayout::of(family, fields_->json_paths(), fields_->has_index()));
    if (layouts_.size() >= kLayoutsMax) layouts_.clear();
    layouts_.emplace(key, made);
    return made;
}

Result<bool> ShapedScan::passes_none(const ShapedPart& part, const JsonLayout& layout) {
    for (const RequiredField& required : required_) {
        const std::size_t path = fields_->path_of(required.name);
        if (layout.lines() == JsonLayout::Lines::kNoJson || path == Discovery::kNoPath) return true;
        if (!SKY_TRY(may_be(part.family, layout.place(path), required.text))) return true;
    }
    return false;
}

/// Whether the value may be this text, which is no scalar; false only where no line's is.
Result<bool> ShapedScan::may_be(std::uint32_t family, const JsonLayout::Place& place,
                                std::string_view text) {
    if (place.type == json::Type::kObject || place.type == json::Type::kArray) return true;
    if (place.type != json::Type::kString) return false;
    std::string scratch;
    const auto equal = [&](std::string_view raw) {
        return has_escape(raw) ? unescaped(raw, scratch) == text : raw == text;
    };
    if (place.pieces.empty()) return text.empty();
    if (place.pieces.size() > 1) return true;
    const symbolic::Piece& piece = place.pieces[0];
    if (piece.is_constant()) return equal(piece.text);
    const Stored kind = block_->kind(family, piece.slot);
    if (kind == Stored::kConstant || kind == Stored::kDictionary) {
        const std::vector<std::string_view> entries = SKY_TRY(block_->entries(family, piece.slot));
        return std::any_of(entries.begin(), entries.end(), equal);
    }
    const shapes::SlotStats stats = SKY_TRY(block_->stats(family, piece.slot));
    if (stats.bytes.contains(static_cast<unsigned char>('\\'))) return true;
    return std::all_of(text.begin(), text.end(), [&](char byte) {
        return stats.bytes.contains(static_cast<unsigned char>(byte));
    });
}

Result<std::vector<std::uint8_t>> ShapedScan::unfit(std::uint32_t family,
                                                    const JsonLayout& layout) {
    std::vector<std::uint8_t> apart;
    const std::size_t rows = block_->count_of(family);
    const auto mark = [&](std::size_t row) {
        apart.resize(rows, 0);
        apart[row] = 1;
    };
    const std::uint32_t slots = block_->families()[family].slots;
    for (std::uint32_t slot = 0; slot < slots; ++slot) {
        const JsonRole role = layout.role(slot);
        if (layout.fits(role, block_->roles(family, slot))) continue;
        const Stored kind = block_->kind(family, slot);
        const auto fits = [&](std::string_view text) { return layout.fits(role, text); };
        if (kind == Stored::kDictionary || kind == Stored::kConstant) {
            const std::vector<std::string_view> entries = SKY_TRY(block_->entries(family, slot));
            std::vector<std::uint8_t> bad(entries.size());
            for (std::size_t i = 0; i < bad.size(); ++i) bad[i] = fits(entries[i]) ? 0 : 1;
            if (std::find(bad.begin(), bad.end(), 1) == bad.end()) continue;
            const SlotColumn& column = *SKY_TRY(block_->column(family, slot));
            for (std::size_t row = 0; row < rows; ++row) {
                if (bad[kind == Stored::kConstant ? 0 : column.codes()[row]] != 0) mark(row);
            }
            continue;
        }
        const bool decimal =
            kind == Stored::kForm && block_->form(family, slot).kind == shapes::FormKind::kDecimal;
        // Decimals are numbers of JSON, in whatever role.
        if (decimal && block_->exceptions(family, slot) == 0) continue;
        const SlotColumn& column = *SKY_TRY(block_->column(family, slot));
        if (decimal) {
            for (std::size_t i = 0; i < column.exception_rows().size(); ++i) {
                if (!fits(column.exception_texts()[i])) mark(column.exception_rows()[i]);
            }
            continue;
        }
        SlotColumn::Scratch scratch;
        for (std::size_t row = 0; row < rows; ++row) {
            if (!fits(column.text(row, scratch))) mark(row);
        }
    }
    return apart;
}

/// Texts as they stand between the quotes of a string, read.
const Vector* ShapedScan::read_string(EvalContext& context, std::uint32_t family,
                                      const JsonLayout::Place& place, const Vector* raw) {
    Arena& arena = context.arena;
    const std::size_t rows = raw->size();
    std::string scratch;
    if (raw->is_constant()) {
        const std::string_view text = raw->constant_value().text;
        if (!has_escape(text)) return raw;
        return Vector::constant(arena, rows,
                                Value::of_text(kept(context, unescaped(text, scratch))));
    }
    if (raw->decimals() != nullptr) return raw;
    if (raw->dictionary() != nullptr && place.pieces.size() == 1) {
        const std::span<const std::string_view> entries = raw->dictionary()->entries;
        if (std::none_of(entries.begin(), entries.end(), has_escape)) return raw;
        const std::uint32_t slot = place.pieces[0].slot;
        std::list<ReadEntries>& known = families_[family].read_entries;
        auto at = std::find_if(known.begin(), known.end(),
                               [&](const ReadEntries& of) { return of.slot == slot; });
        if (at == known.end()) {
            ReadEntries& made = known.emplace_back();
            made.slot = slot;
            for (const std::string_view entry : entries) {
                if (!has_escape(entry)) {
                    made.entries.push_back(entry);
                    continue;
                }
                made.unescaped.emplace_back(unescaped(entry, scratch));
                made.entries.push_back(made.unescaped.back());
            }
            made.dictionary = {made.entries, next_dictionary_id()};
            at = std::prev(known.end());
        }
        return Vector::coded_texts(arena, rows, raw->narrow_codes(), &at->dictionary);
    }
    const std::string_view* const texts = raw->text_array();
    if (std::none_of(texts, texts + rows, has_escape)) return raw;
    auto* const out = arena.array<std::string_view>(rows);
    for (std::size_t i = 0; i < rows; ++i) {
        out[i] = has_escape(texts[i]) ? kept(context, unescaped(texts[i], scratch)) : texts[i];
    }
    return Vector::texts(arena, rows, out);
}

const Vector* ShapedScan::field(EvalContext& context, const ShapedPart& part, const Ranks& ranks,
                                std::size_t name) {
    const JsonLayout& layout = *part.layout;
    const std::size_t path = fields_->path_of(name);
    const bool absent = layout.lines() == JsonLayout::Lines::kNoJson ||
                        path == Discovery::kNoPath || layout.place(path).type == json::Type::kNone;
    if (absent) return Vector::missing(context.arena, ranks.count);
    const JsonLayout::Place& place = layout.place(path);
    const Vector* const raw = joined(context, part.family, ranks, place.pieces);
    if (context.error) return Vector::missing(context.arena, ranks.count);
    switch (place.type) {
        case json::Type::kString:
            return read_string(context, part.family, place, raw);
        case json::Type::kObject:
        case json::Type::kArray:
            return read_structures(context, place.type, raw);
        default:
            return read_scalars(context, raw);
    }
}

}  // namespace sky::insights
