// SPDX-License-Identifier: Apache-2.0
#include "logs/family_search.h"

#include <algorithm>
#include <cstring>

#include "columnar/kernels.h"
#include "logs/limits.h"

namespace sky::logs {
namespace {

using shapes::Family;
using shapes::Piece;
using shapes::SlotColumn;
using shapes::SlotKind;
using shapes::SlotStats;

/// What a slot's text has to be for one way in which the searched text can lie in a line.
struct Need {
    enum class How : std::uint8_t { kEquals, kBegins, kEnds, kContains };
    std::size_t slot;
    How how;
    std::string_view text;

    bool holds(std::string_view value) const {
        switch (how) {
            case How::kEquals:
                return value == text;
            case How::kBegins:
                return value.starts_with(text);
            case How::kEnds:
                return value.ends_with(text);
            case How::kContains:
                return memmem(value.data(), value.size(), text.data(), text.size()) != nullptr;
        }
        return false;
    }
};
using Way = std::vector<Need>;

/// Every way in which the text can lie across the pieces of a line: a run of them, of which the
/// first may begin before the text and the last end behind it.
class Ways {
public:
    Ways(const Family& family, const std::vector<SlotStats>& slots, std::string_view text)
        : family_(family), slots_(slots), text_(text) {}

    /// False: there are too many to tell.
    bool find() {
        for (std::size_t i = 0; i < family_.pieces.size() && !given_up_; ++i) {
            const Piece& piece = family_.pieces[i];
            if (piece.is_slot())
                begin_in_slot(i);
            else
                begin_in_constant(i);
        }
        return !given_up_;
    }
    const std::vector<Way>& all() const { return all_; }

private:
    void begin_in_constant(std::size_t i) {
        const std::string_view constant = family_.pieces[i].constant;
        for (std::size_t at = constant.find(text_[0]); at != std::string_view::npos;
             at = constant.find(text_[0], at + 1)) {
            const std::string_view rest = constant.substr(at);
            if (rest.size() >= text_.size() ? rest.starts_with(text_) : text_.starts_with(rest))
                go_on(i + 1, std::min(rest.size(), text_.size()));
        }
    }

    void begin_in_slot(std::size_t i) {
        const std::size_t slot = slot_of(i);
        const std::size_t fits = fitting(slot, 0);
        if (fits == text_.size() && can_hold(slot, fits)) {
            way_.push_back({slot, Need::How::kContains, text_});
            keep();
            way_.pop_back();
        }
        for (std::size_t bytes = 1; bytes <= fits && bytes < text_.size(); ++bytes) {
            if (!can_hold(slot, bytes)) continue;
            way_.push_back({slot, Need::How::kEnds, text_.substr(0, bytes)});
            go_on(i + 1, bytes);
            way_.pop_back();
        }
    }

    /// text_[0, at) lies before piece i and ends with its beginning.
    void go_on(std::size_t i, std::size_t at) {
        if (++steps_ > limits::kSearchStepsMax) given_up_ = true;
        if (given_up_) return;
        if (at == text_.size()) return keep();
        if (i == family_.pieces.size()) return;
        const std::string_view rest = text_.substr(at);
        if (!family_.pieces[i].is_slot()) {
            const std::string_view constant = family_.pieces[i].constant;
            if (constant.starts_with(rest))
                keep();
            else if (rest.starts_with(constant))
                go_on(i + 1, at + constant.size());
            return;
        }
        const std::size_t slot = slot_of(i);
        const std::size_t fits = fitting(slot, at);
        if (fits == rest.size() && can_hold(slot, fits)) {
            way_.push_back({slot, Need::How::kBegins, rest});
            keep();
            way_.pop_back();
        }
        for (std::size_t bytes = 0; bytes <= fits && bytes < rest.size(); ++bytes) {
            if (!can_be(slot, bytes)) continue;
            way_.push_back({slot, Need::How::kEquals, rest.substr(0, bytes)});
            go_on(i + 1, at + bytes);
            way_.pop_back();
        }
    }

    void keep() {
        if (all_.size() == limits::kSearchWaysMax) given_up_ = true;
        if (!given_up_) all_.push_back(way_);
    }

    std::size_t slot_of(std::size_t piece) const {
        return static_cast<std::size_t>(family_.pieces[piece].slot);
    }
    /// How many bytes of the text from `at` on may stand in the slot.
    std::size_t fitting(std::size_t slot, std::size_t at) const {
        std::size_t end = at;
        while (end < text_.size() &&
               slots_[slot].bytes.contains(static_cast<unsigned char>(text_[end])))
            ++end;
        return end - at;
    }
    bool can_be(std::size_t slot, std::size_t bytes) const {
        const SlotStats& stats = slots_[slot];
        return bytes == 0 ? stats.has_empty : bytes == 1 ? stats.has_one : stats.has_more;
    }
    bool can_hold(std::size_t slot, std::size_t bytes) const {
        return slots_[slot].has_more || (bytes == 1 && slots_[slot].has_one);
    }

    const Family& family_;
    const std::vector<SlotStats>& slots_;
    const std::string_view text_;
    std::vector<Way> all_;
    Way way_;
    std::size_t steps_ = 0;
    bool given_up_ = false;
};

/// Raises `marks` where the need holds.
void mark(const SlotColumn& column, const Need& need, std::vector<std::uint8_t>& marks) {
    const std::size_t rows = column.rows();
    if (column.kind() == SlotKind::kConstant) {
        if (need.holds(column.entries()[0])) std::fill(marks.begin(), marks.end(), 1);
        return;
    }
    if (column.kind() == SlotKind::kDictionary) {
        std::vector<std::uint8_t> entries;
        entries.reserve(column.entries().size());
        for (const std::string_view entry : column.entries())
            entries.push_back(need.holds(entry) ? 1 : 0);
        columnar::kernels().mark_codes(column.codes().data(), rows, entries.data(), entries.size(),
                                       marks.data());
        return;
    }
    if (column.kind() == SlotKind::kForm && need.how == Need::How::kEquals) {
        // A value stands for its text byte for byte; exceptions have none, and are looked at.
        std::int64_t value = 0;
        if (column.form().parse(need.text, value))
            columnar::kernels().mark_equal(column.values().data(), rows, value, marks.data());
        for (std::size_t i = 0; i < column.exception_rows().size(); ++i)
            marks[column.exception_rows()[i]] = need.holds(column.exception_texts()[i]) ? 1 : 0;
        return;
    }
    SlotColumn::Scratch scratch;
    for (std::size_t row = 0; row < rows; ++row)
        if (need.holds(column.text(row, scratch))) marks[row] = 1;
}

/// Lowers marks where the need does not hold.
void keep_marked(const SlotColumn& column, const Need& need, std::vector<std::uint8_t>& marks) {
    SlotColumn::Scratch scratch;
    for (std::size_t row = 0; row < marks.size(); ++row)
        if (marks[row] != 0 && !need.holds(column.text(row, scratch))) marks[row] = 0;
}

/// The cheapest first: it is asked of every line, the others of those that it leaves.
int cost_of(SlotKind kind, Need::How how) {
    switch (kind) {
        case SlotKind::kConstant:
            return 0;
        case SlotKind::kDictionary:
            return 1;
        case SlotKind::kForm:
            return how == Need::How::kEquals ? 2 : 5;
        case SlotKind::kText:
            return 3;
        case SlotKind::kHex:
            return 4;
    }
    return 5;
}

}  // namespace

Result<FamilySearch> FamilySearch::open(const shapes::ShapedBlock& block, std::size_t family) {
    FamilySearch out(block, family);
    const std::uint32_t slots = block.families()[family].slots;
    for (std::size_t slot = 0; slot < slots; ++slot)
        out.slots_.push_back(SKY_TRY(block.stats(family, slot)));
    return out;
}

Result<FamilySearch::Lines> FamilySearch::find(std::string_view text,
                                               std::vector<std::uint8_t>& marks) const {
    const Family& family = block_->families()[family_];
    for (const Piece& piece : family.pieces)
        if (!piece.is_slot() && piece.constant.find(text) != std::string::npos) return Lines::kAll;
    Ways ways(family, slots_, text);
    if (!ways.find()) {
        std::fill(marks.begin(), marks.end(), 1);
        return Lines::kSome;
    }
    if (ways.all().empty()) return Lines::kNone;
    std::vector<std::uint8_t> found;
    for (Way way : ways.all()) {
        std::stable_sort(way.begin(), way.end(), [&](const Need& a, const Need& b) {
            return cost_of(block_->kind(family_, a.slot), a.how) <
                   cost_of(block_->kind(family_, b.slot), b.how);
        });
        found.assign(marks.size(), way.empty() ? 1 : 0);
        for (std::size_t i = 0; i < way.size(); ++i) {
            const SlotColumn& column = *SKY_TRY(block_->column(family_, way[i].slot));
            if (i == 0)
                mark(column, way[i], found);
            else
                keep_marked(column, way[i], found);
        }
        for (std::size_t row = 0; row < marks.size(); ++row) marks[row] |= found[row];
    }
    return Lines::kSome;
}

}  // namespace sky::logs
