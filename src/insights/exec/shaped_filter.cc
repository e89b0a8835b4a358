// SPDX-License-Identifier: Apache-2.0
// `like` and `=~` over shaped lines: which slots can make a line match, and what they hold.
#include <algorithm>
#include <cstring>

#include "columnar/kernels.h"
#include "insights/exec/limits.h"
#include "insights/exec/shaped_scan.h"
#include "insights/functions/glob.h"
#include "insights/functions/regex.h"
#include "insights/symbolic/symbolic_glob.h"

namespace sky::insights {
namespace {

using shapes::SlotColumn;
using Stored = shapes::SlotKind;  // How a slot's values are kept.
using symbolic::Piece;
using symbolic::SlotFacts;
using symbolic::Verdict;

/// Whether one occurrence of `text` may touch both slots around the constant `between`. Slots that
/// may be empty may: what stands beyond them then joins.
bool may_span(std::string_view text, const SlotFacts& left, std::string_view between,
              const SlotFacts& right) {
    if (text.size() < between.size() + 2) return false;
    for (std::size_t at = 1; at + between.size() < text.size(); ++at) {
        if (text.substr(at, between.size()) != between) continue;
        const bool from = left.has_empty || left.bytes.contains(text[at - 1]);
        const bool to = right.has_empty || right.bytes.contains(text[at + between.size()]);
        if (from && to) return true;
    }
    return false;
}

bool contains(std::string_view text, std::string_view part) {
    return find_literal(text, part, 0) != std::string_view::npos;
}

bool is_digit_of(const shapes::HexForm& form, char c) {
    return (c >= '0' && c <= '9') || (form.upper ? c >= 'A' && c <= 'F' : c >= 'a' && c <= 'f');
}

/// The values, packed, that make `left` value `right` contain the text. False when a part of a
/// value may be enough for that.
bool whole_values(const shapes::HexForm& form, const std::string& left, const std::string& right,
                  std::string_view text, std::vector<std::string>& out) {
    const std::string line = left + form.pattern + right;
    const std::size_t begin = left.size();
    const std::size_t end = begin + form.pattern.size();
    for (std::size_t at = 0; at + text.size() <= line.size(); ++at) {
        bool fits = true;
        for (std::size_t i = 0; i < text.size() && fits; ++i) {
            const std::size_t place = at + i;
            const bool digit = place >= begin && place < end && line[place] == 'x';
            fits = digit ? is_digit_of(form, text[i]) : text[i] == line[place];
        }
        if (!fits) continue;
        std::string packed(form.bytes(), '\0');
        if (at > begin || at + text.size() < end ||
            !form.parse(text.substr(begin - at, form.pattern.size()), packed.data())) {
            return false;
        }
        out.push_back(std::move(packed));
    }
    return true;
}

}  // namespace

const Vector* ShapedScan::filter(EvalContext& context, const ShapedPart& part, const Ranks& ranks,
                                 const void* asker) {
    const SymbolicSite* site = nullptr;
    for (const SymbolicSite& each : sites_) {
        if (each.asker == asker) site = &each;
    }
    if (site == nullptr || (site->substring.empty() && site->search == nullptr)) return nullptr;
    const auto at = filter_of(part, *site);
    if (!at) {
        context.fail(at.error().code, at.error().message);
        return Vector::missing(context.arena, ranks.count);
    }
    const SlotFilter& filter = filters_[*at];
    auto* const out = context.arena.array<std::uint8_t>(ranks.count);
    if (filter.tree.useful()) {
        filter.tree.walk(ranks.list, ranks.begin, ranks.count, out);
    } else {
        std::memset(out, filter.whole || filter.clusters.empty() ? kLook : 0, ranks.count);
    }
    if (!filter.text.empty()) {
        // Of lines that are open those without the text are not: some cluster has to have it.
        auto* const has = filter.whole ? context.arena.array<std::uint8_t>(ranks.count) : out;
        std::memset(has, 0, ranks.count);
        for (const Cluster& cluster : filter.clusters) {
            apply(context, part, ranks, cluster, filter.text, has);
            if (context.error) return Vector::missing(context.arena, ranks.count);
        }
        for (std::size_t i = 0; filter.whole && i < ranks.count; ++i) {
            if (out[i] == kLook && has[i] == 0) out[i] = 0;
        }
    }
    const bool all_told = filter.tree.useful() && !filter.tree.looks() && filter.text.empty();
    if (!all_told) search_lines(context, part, ranks, *site, out);
    return Vector::booleans(context.arena, ranks.count, out);
}

Result<std::size_t> ShapedScan::filter_of(const ShapedPart& part, const SymbolicSite& site) {
    const auto known = std::find_if(filters_.begin(), filters_.end(), [&](const SlotFilter& made) {
        return made.part == &part && made.site == &site;
    });
    if (known != filters_.end()) return static_cast<std::size_t>(known - filters_.begin());
    filters_.push_back(SKY_TRY(make_filter(part, site)));
    return filters_.size() - 1;
}

bool ShapedScan::tells(const ShapedPart& part) {
    for (std::size_t i = 0; i < sites_.size(); ++i) {
        if (part.bindings[i].verdict != Verdict::kSlow) continue;
        const auto at = filter_of(part, sites_[i]);
        if (!at) return false;  // filter() tells what is wrong.
        const SlotFilter& filter = filters_[*at];
        const bool by_values = sites_[i].search == nullptr
                                   ? std::none_of(filter.clusters.begin(), filter.clusters.end(),
                                                  [](const Cluster& cluster) {
                                                      return cluster.by == Cluster::By::kTexts;
                                                  })
                                   : filter.tree.useful() && !filter.tree.looks();
        if (!by_values) return false;
    }
    return true;
}

Result<ShapedScan::SlotFilter> ShapedScan::make_filter(const ShapedPart& part,
                                                       const SymbolicSite& site) {
    SlotFilter out;
    out.part = &part;
    out.site = &site;
    if (site.search != nullptr) {
        out.whole = true;
        SKY_TRY(plant(part, site, out));
        if (out.tree.useful() && !out.tree.looks()) return out;
        out.text = site.search->required();
        // In a constant of every line, or unknown: then it tells nothing.
        const FamilyState& state = families_[part.family];
        if (out.text.empty() ||
            symbolic::decide_contains(out.text, {state.pieces, facts(part)}) == Verdict::kMatch) {
            out.text.clear();
            return out;
        }
    } else {
        out.text = site.substring;
    }
    SKY_TRY(add_clusters(part, out));
    return out;
}

/// Tries to decide a regex by the values of slots that have few of them, or numbers. Columns are
/// decoded for what they have to say only.
Status ShapedScan::plant(const ShapedPart& part, const SymbolicSite& site, SlotFilter& out) {
    if (!site.machine) return {};
    const FamilyState& state = families_[part.family];
    std::vector<Piece> pieces = state.pieces;
    std::vector<SlotTree::Slot> slots;
    for (std::size_t i = 0; i < pieces.size(); ++i) {
        if (pieces[i].is_constant()) continue;
        const std::uint32_t number = pieces[i].slot;
        const Stored kind = block_->kind(part.family, number);
        SlotTree::Slot slot;
        slot.piece = i;
        if (kind == Stored::kConstant) {
            const auto entries = SKY_TRY(block_->entries(part.family, number));
            pieces[i] = {entries[0], symbolic::kConstantPiece};
            continue;
        }
        if (kind == Stored::kDictionary) {
            slot.entries = SKY_TRY(block_->entries(part.family, number));
            if (slot.entries.size() > kFilterEntriesMax) continue;
        } else if (kind == Stored::kForm) {
            slot.form = block_->form(part.family, number);
            slot.has_exceptions = block_->exceptions(part.family, number) != 0;
            if (slot.form->kind != shapes::FormKind::kDecimal &&
                slot.form->kind != shapes::FormKind::kPadded) {
                continue;
            }
            slot.bounds = SKY_TRY(bounds_of(part.family, number));
        } else {
            continue;
        }
        slots.push_back(std::move(slot));
    }
    out.tree =
        SlotTree::build(*site.machine, pieces, facts(part), slots, part.rows * kFilterStepsARow);
    for (const std::size_t read : out.tree.reads()) {
        const std::uint32_t number = state.pieces[slots[read].piece].slot;
        out.tree.give(read, *SKY_TRY(block_->column(part.family, number)));
    }
    return {};
}

/// Of a column of numbers; exceptions apart.
Result<columnar::IntegerBounds> ShapedScan::bounds_of(std::uint32_t family, std::uint32_t slot) {
    if (const auto told = block_->bounds(family, slot)) return *told;
    const SlotColumn* const column = SKY_TRY(block_->column(family, slot));
    const auto [least, most] =
        std::minmax_element(column->values().begin(), column->values().end());
    return columnar::IntegerBounds{*least, *most};
}

Status ShapedScan::add_clusters(const ShapedPart& part, SlotFilter& out) {
    const FamilyState& state = families_[part.family];
    const std::vector<Piece>& pieces = state.pieces;
    const std::vector<SlotFacts>& known = facts(part);
    const std::size_t margin = out.text.size() - 1;
    std::size_t begin = 0;
    while (begin < pieces.size()) {
        if (pieces[begin].is_constant()) {
            ++begin;
            continue;
        }
        // As far as occurrences can reach from slot to slot.
        std::size_t end = begin;
        while (true) {
            std::size_t next = end + 1;
            std::string between;
            while (next < pieces.size() && pieces[next].is_constant()) {
                between += pieces[next++].text;
            }
            if (next == pieces.size() ||
                !may_span(out.text, known[pieces[end].slot], between, known[pieces[next].slot])) {
                break;
            }
            end = next;
        }
        Cluster cluster;
        std::size_t left = margin;
        std::vector<Piece> before;
        for (std::size_t i = begin; i > 0 && pieces[i - 1].is_constant() && left > 0; --i) {
            const std::string_view text = pieces[i - 1].text;
            const std::size_t taken = std::min(left, text.size());
            before.push_back({text.substr(text.size() - taken), symbolic::kConstantPiece});
            left -= taken;
        }
        cluster.pieces.assign(before.rbegin(), before.rend());
        cluster.pieces.insert(cluster.pieces.end(),
                              pieces.begin() + static_cast<std::ptrdiff_t>(begin),
                              pieces.begin() + static_cast<std::ptrdiff_t>(end) + 1);
        std::size_t right = margin;
        for (std::size_t i = end + 1; i < pieces.size() && pieces[i].is_constant() && right > 0;
             ++i) {
            const std::size_t taken = std::min(right, pieces[i].text.size());
            cluster.pieces.push_back({pieces[i].text.substr(0, taken), symbolic::kConstantPiece});
            right -= taken;
        }
        const Verdict verdict = symbolic::decide_contains(out.text, {cluster.pieces, known});
        if (verdict != Verdict::kMiss) {
            cluster.slot = pieces[begin].slot;
            if (begin == end) SKY_TRY(choose(part, out.text, cluster));
            out.clusters.push_back(std::move(cluster));
        }
        begin = end + 1;
    }
    return {};
}

/// Finds the cheapest way to tell the lines of a cluster of one slot.
Status ShapedScan::choose(const ShapedPart& part, std::string_view text, Cluster& cluster) {
    const SlotColumn* const column = SKY_TRY(block_->column(part.family, cluster.slot));
    std::string left;
    std::string right;
    bool passed = false;
    for (const Piece& piece : cluster.pieces) {
        if (!piece.is_constant()) {
            passed = true;
        } else {
            (passed ? right : left) += piece.text;
        }
    }
    if (column->kind() == Stored::kDictionary || column->kind() == Stored::kConstant) {
        cluster.by = Cluster::By::kCodes;
        for (const std::string_view entry : column->entries()) {
            cluster.codes.push_back(contains(left + std::string(entry) + right, text) ? 1 : 0);
        }
        return {};
    }
    if (column->kind() == Stored::kHex) {
        if (whole_values(column->hex(), left, right, text, cluster.packed)) {
            cluster.by = Cluster::By::kPacked;
        }
        return {};
    }
    if (column->kind() != Stored::kForm) return {};
    const symbolic::ByteSet& bytes = facts(part)[cluster.slot].bytes;
    // Begins before the slot and ends behind it: then the value is a part of the text.
    if (bytes.contains(text.front()) || bytes.contains(text.back())) return {};
    for (std::size_t a = 1; a < text.size() && a <= left.size(); ++a) {
        if (!left.ends_with(text.substr(0, a))) continue;
        for (std::size_t b = 1; a + b < text.size() && b <= right.size(); ++b) {
            if (!right.starts_with(text.substr(text.size() - b))) continue;
            std::int64_t value = 0;
            const std::string_view inside = text.substr(a, text.size() - a - b);
            if (column->form().parse(inside, value)) cluster.values.push_back(value);
        }
    }
    cluster.by = Cluster::By::kValues;
    return {};
}

/// Raises rows of `out` that the cluster makes match.
void ShapedScan::apply(EvalContext& context, const ShapedPart& part, const Ranks& ranks,
                       const Cluster& cluster, std::string_view text, std::uint8_t* out) {
    if (cluster.by == Cluster::By::kTexts) {
        const Vector* const texts = joined(context, part.family, ranks, cluster.pieces);
        if (context.error) return;
        if (texts->is_constant()) {
            if (!contains(texts->constant_value().text, text)) return;
            std::memset(out, 1, ranks.count);
            return;
        }
        const std::string_view* const rows = texts->text_array();
        for (std::size_t i = 0; i < ranks.count; ++i) {
            if (out[i] == 0 && contains(rows[i], text)) out[i] = 1;
        }
        return;
    }
    const auto found = block_->column(part.family, cluster.slot);
    if (!found) {
        context.fail(found.error().code, found.error().message);
        return;
    }
    const SlotColumn& column = **found;
    if (cluster.by == Cluster::By::kCodes) {
        const bool one = column.kind() == Stored::kConstant;
        if (!one && ranks.list == nullptr) {
            columnar::kernels().mark_codes(column.codes().data() + ranks.begin, ranks.count,
                                           cluster.codes.data(), cluster.codes.size(), out);
            return;
        }
        for (std::size_t i = 0; i < ranks.count; ++i) {
            out[i] |= cluster.codes[one ? 0 : column.codes()[ranks[i]]];
        }
        return;
    }
    // Exceptions have no number or digits: their stretch is looked at.
    std::vector<std::pair<std::size_t, bool>> exceptions;
    std::size_t at = 0;
    std::string stretch;
    for (std::size_t e = 0; e < column.exception_rows().size(); ++e) {
        const std::uint32_t row = column.exception_rows()[e];
        while (at < ranks.count && ranks[at] < row) ++at;
        if (at == ranks.count) break;
        if (ranks[at] != row) continue;
        stretch.clear();
        for (const Piece& piece : cluster.pieces) {
            stretch += piece.is_constant() ? piece.text : column.exception_texts()[e];
        }
        exceptions.emplace_back(at, out[at] != 0 || contains(stretch, text));
    }
    for (const std::string& packed : cluster.packed) {
        const char* const all = column.packed().data();
        for (std::size_t i = 0; i < ranks.count; ++i) {
            const char* const row = all + ranks[i] * packed.size();
            if (std::memcmp(row, packed.data(), packed.size()) == 0) out[i] = 1;
        }
    }
    const std::span<const std::int64_t> values = column.values();
    for (const std::int64_t value : cluster.values) {
        if (ranks.list == nullptr) {
            columnar::kernels().mark_equal(values.data() + ranks.begin, ranks.count, value, out);
            continue;
        }
        for (std::size_t i = 0; i < ranks.count; ++i) {
            if (values[ranks[i]] == value) out[i] = 1;
        }
    }
    for (const auto& [place, found_there] : exceptions) out[place] = found_there ? 1 : 0;
}

/// Rows that still say kLook are searched line by line.
void ShapedScan::search_lines(EvalContext& context, const ShapedPart& part, const Ranks& ranks,
                              const SymbolicSite& site, std::uint8_t* out) {
    if (site.search == nullptr) return;
    auto* const list = context.arena.array<std::uint32_t>(ranks.count);
    auto* const places = context.arena.array<std::uint32_t>(ranks.count);
    std::size_t count = 0;
    for (std::size_t i = 0; i < ranks.count; ++i) {
        if (out[i] != kLook) continue;
        places[count] = static_cast<std::uint32_t>(i);
        list[count++] = ranks[i];
    }
    if (count == 0) return;
    const Vector* const lines = messages(context, part, {list, 0, count});
    if (context.error) return;
    for (std::size_t i = 0; i < count; ++i) {
        out[places[i]] = site.search->search(lines->at(i).text) ? 1 : 0;
    }
}

}  // namespace sky::insights
