// SPDX-License-Identifier: Apache-2.0
#include "shapes/block_filters.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "shapes/limits.h"

namespace sky::shapes {

namespace {

// A gram reaches so many bytes into the text on either side of a border.
constexpr std::size_t kReach = GramFilter::kGramBytes - 1;

/// Short texts, each once.
class ShortTexts {
public:
    void add(std::string_view text) { texts_.emplace_back(text); }
    const std::vector<std::string>& all() {
        std::sort(texts_.begin(), texts_.end());
        texts_.erase(std::unique(texts_.begin(), texts_.end()), texts_.end());
        return texts_;
    }

private:
    std::vector<std::string> texts_;
};

std::string_view last_bytes(std::string_view text) {
    return text.substr(text.size() - std::min(text.size(), kReach));
}

/// The grams of one family's lines, piece by piece from the left.
class FamilyGrams {
public:
    explicit FamilyGrams(GramFilterMaker& grams) : grams_(grams) { tails_.add(""); }

    /// A text that the next piece may be.
    void add(std::string_view text) {
        grams_.add(text);
        std::string plain(text);
        for (char& byte : plain) byte = GramFilterMaker::canonical(byte);
        if (plain.size() < kReach) {
            whole_.add(plain);
            return;
        }
        heads_.add(std::string_view(plain).substr(0, kReach));
        next_tails_.add(last_bytes(plain));
    }
    /// Behind the last of them. False: too many to put beside the ones before.
    [[nodiscard]] bool end_piece() {
        const auto &tails = tails_.all(), &heads = heads_.all(), &whole = whole_.all();
        if (tails.size() * (heads.size() + whole.size()) > limits::kBordersMax) return false;
        for (const std::string& tail : tails) {
            for (const std::string& head : heads) grams_.add(tail + head);
            for (const std::string& text : whole) {
                const std::string both = tail + text;
                grams_.add(both);
                next_tails_.add(last_bytes(both));
            }
        }
        tails_ = std::move(next_tails_);
        heads_ = whole_ = next_tails_ = {};
        return true;
    }

private:
    GramFilterMaker& grams_;
    ShortTexts tails_;                       // What the pieces so far may end with.
    ShortTexts heads_, whole_, next_tails_;  // Of the next piece.
};

/// Whether a word of the slot at `piece` surely ends with it.
bool stands_apart(const Family& family, std::size_t piece) {
    if (piece > 0) {
        const Piece& before = family.pieces[piece - 1];
        if (before.is_slot() || TermFilterMaker::joins(before.constant.back())) return false;
    }
    if (piece + 1 < family.pieces.size()) {
        const Piece& after = family.pieces[piece + 1];
        if (after.is_slot() || TermFilterMaker::joins(after.constant.front())) return false;
    }
    return true;
}

/// False: the values are too large.
bool add_decimals(const SlotColumn& column, FamilyGrams& grams, TermFilterMaker& terms) {
    // So that no number is as long as an id, nor a decimal longer than those that are looked for.
    constexpr std::int64_t kMost = 100'000'000'000'000;
    static_assert(TermFilter::kDecimalBytesMax >= 16 && TermFilter::kIdBytesMin > 16);
    const auto values = column.values();
    const auto [least, most] = std::minmax_element(values.begin(), values.end());
    if (*least <= -kMost || *most >= kMost) return false;
    const Form& form = column.form();
    std::array<char, limits::kFormBytesMax> buffer;
    const auto text_of = [&](std::int64_t value) {
        const char* const end = form.write(value, buffer.data());
        return std::string_view(buffer.data(), static_cast<std::size_t>(end - buffer.data()));
    };
    if (form.scale != 0)
        for (const std::int64_t value : values)
            terms.add_decimal(text_of(value < 0 ? -value : value));
    // All digits are one to a gram, so one number of each length is enough.
    for (std::int64_t magnitude = 0; magnitude < kMost;
         magnitude = magnitude == 0 ? 1 : magnitude * 10) {
        if (magnitude <= *most) grams.add(text_of(magnitude));
        if (magnitude != 0 && -magnitude >= *least) grams.add(text_of(-magnitude));
    }
    return true;
}

/// False: the slot is not of the kinds that this knows.
Result<bool> add_slot(const ShapedBlock& block, std::size_t family, std::size_t slot,
                      FamilyGrams& grams, TermFilterMaker& terms) {
    const SlotKind kind = block.kind(family, slot);
    const bool number = kind == SlotKind::kForm &&
                        block.form(family, slot).kind == FormKind::kDecimal &&
                        block.form(family, slot).scale <= limits::kFilterScaleMax;
    if (!number && kind != SlotKind::kConstant && kind != SlotKind::kDictionary) return false;
    const SlotColumn& column = *SKY_TRY(block.column(family, slot));
    const auto texts = number ? column.exception_texts() : column.entries();
    if (texts.size() > limits::kBordersMax) return false;
    for (const std::string_view text : texts) {
        grams.add(text);
        terms.add(text);
    }
    return !number || add_decimals(column, grams, terms);
}

}  // namespace

Result<std::optional<BlockFilters>> filters_of(const ShapedBlock& block) {
    GramFilterMaker grams;
    TermFilterMaker terms;
    const auto families = block.families();
    for (std::size_t f = 0; f < families.size(); ++f) {
        const Family& family = families[f];
        FamilyGrams pieces(grams);
        for (std::size_t p = 0; p < family.pieces.size(); ++p) {
            const Piece& piece = family.pieces[p];
            if (piece.is_slot()) {
                if (!stands_apart(family, p)) return std::nullopt;
                const bool known = SKY_TRY(
                    add_slot(block, f, static_cast<std::size_t>(piece.slot), pieces, terms));
                if (!known) return std::nullopt;
            } else {
                pieces.add(piece.constant);
                terms.add(piece.constant);
            }
            if (!pieces.end_piece()) return std::nullopt;
        }
    }
    return BlockFilters{grams.made(), terms.made()};
}

}  // namespace sky::shapes
