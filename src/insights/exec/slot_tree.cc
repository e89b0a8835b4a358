// SPDX-License-Identifier: Apache-2.0
#include "insights/exec/slot_tree.h"

#include <algorithm>

#include "columnar/decimal.h"
#include "columnar/kernels.h"
#include "insights/exec/limits.h"

namespace sky::insights {

using shapes::SlotColumn;
using Stored = shapes::SlotKind;  // How a slot's values are kept.
using symbolic::Piece;
using symbolic::SlotFacts;
using symbolic::Verdict;

Verdict VerdictMemo::ask(const SymbolicSite& site, const symbolic::Family& family) {
    const auto put = [&](const auto& value) {
        key_.append(reinterpret_cast<const char*>(&value), sizeof value);
    };
    key_.clear();
    put(reinterpret_cast<std::uintptr_t>(&site));
    for (const Piece& piece : family.pieces) {
        if (piece.is_constant()) {
            put(piece.text.size());
            key_ += piece.text;
            continue;
        }
        const SlotFacts& facts = family.slots[piece.slot];
        put(~std::size_t{0});  // No text is so long.
        put(facts.bytes.words);
        key_ += static_cast<char>((facts.has_empty ? 1 : 0) | (facts.has_one ? 2 : 0) |
                                  (facts.has_more ? 4 : 0));
    }
    if (const auto known = held_.find(key_); known != held_.end()) return known->second;
    ++worked_out_;
    const Verdict verdict = site.decide(family).verdict;
    if (held_.size() >= kEntriesMax) held_.clear();
    held_.emplace(key_, verdict);
    return verdict;
}

/// The classes of a slot's values, each as pieces that say more than the slot does.
struct SlotTree::Classes {
    const SlotColumn* column = nullptr;
    std::size_t piece = 0;
    std::vector<std::int64_t> bounds;
    std::vector<std::vector<Piece>> texts;  // By class.
    std::size_t kinds = 0;                  // Of bytes that the question tells apart.
};

class SlotTree::Builder {
public:
    Builder(const SymbolicSite& site, std::vector<SlotFacts> facts, std::size_t trials_max,
            VerdictMemo& memo, SlotTree& tree)
        : site_(site), facts_(std::move(facts)), memo_(memo), tree_(tree) {
        trials_end_ = memo.worked_out() + trials_max;
        SlotFacts digit;
        digit.bytes.add_all("0123456789");
        digit.has_one = true;
        digit_ = add_facts(digit);
        digit.bytes.remove('0');
        leading_ = add_facts(digit);
    }

    /// False when there is nothing to tell values by.
    bool add(const Slot& slot) {
        const SlotColumn& column = *slot.column;
        Classes classes;
        classes.column = &column;
        classes.piece = slot.piece;
        if (column.kind() == Stored::kDictionary) {
            for (const std::string_view entry : column.entries()) {
                classes.texts.push_back({Piece{entry, symbolic::kConstantPiece}});
            }
        } else if (column.form().kind == shapes::FormKind::kDecimal) {
            add_decimals(column, classes);
        } else if (column.form().kind == shapes::FormKind::kPadded) {
            classes.texts.push_back(std::vector<Piece>(column.form().scale, Piece{{}, digit_}));
        } else {
            return false;
        }
        classes.kinds = kinds_of(slot.bytes);
        if (!column.exception_rows().empty()) tree_.with_exceptions_.push_back(&column);
        slots_.push_back(std::move(classes));
        return true;
    }

    void build(std::vector<Piece> pieces) {
        // What is the same in all values needs no question.
        std::vector<const std::vector<Piece>*> chosen(pieces.size(), nullptr);
        std::vector<const Classes*> open;
        for (const Classes& slot : slots_) {
            if (slot.texts.size() == 1) {
                chosen[slot.piece] = slot.texts.data();
            } else {
                open.push_back(&slot);
            }
        }
        pieces_ = std::move(pieces);
        const Verdict verdict = ask(chosen);
        if (verdict != Verdict::kSlow) {
            // One node of one class; only exceptions are looked at.
            tree_.nodes_.push_back({nullptr, {}, {answer(verdict)}});
        } else if (node(chosen, open) == kLook) {
            tree_.nodes_.clear();
        } else {
            turn();
        }
        tree_.looks_ = tree_.looks_ || !tree_.with_exceptions_.empty();
    }

private:
    using Chosen = std::vector<const std::vector<Piece>*>;

    std::uint32_t add_facts(const SlotFacts& facts) {
        facts_.push_back(facts);
        return static_cast<std::uint32_t>(facts_.size() - 1);
    }
    static std::uint8_t answer(Verdict verdict) { return verdict == Verdict::kMatch ? kYes : kNo; }

    std::size_t kinds_of(const symbolic::ByteSet& bytes) const {
        std::vector<std::uint8_t> seen;
        for (unsigned byte = 0; byte < 256; ++byte) {
            const std::uint8_t kind = site_.class_of(static_cast<unsigned char>(byte));
            const bool held = bytes.contains(static_cast<char>(byte));
            if (held && std::find(seen.begin(), seen.end(), kind) == seen.end()) {
                seen.push_back(kind);
            }
        }
        return seen.size();
    }

    /// Where no slot decides anything alone: the one whose bytes the question tells apart most.
    static const Classes* likeliest(const std::vector<const Classes*>& open) {
        const Classes* best = nullptr;
        for (const Classes* slot : open) {
            const bool better =
                best == nullptr || slot->kinds > best->kinds ||
                (slot->kinds == best->kinds && slot->texts.size() < best->texts.size());
            if (slot->kinds > 1 && better) best = slot;
        }
        return best;
    }

    void add_decimals(const SlotColumn& column, Classes& classes) {
        const int scale = column.form().scale;
        const auto [least, most] =
            std::minmax_element(column.values().begin(), column.values().end());
        const auto add_class = [&](bool negative, int digits) {
            std::vector<Piece> text;
            if (negative) text.push_back({"-", symbolic::kConstantPiece});
            for (int i = 0; i < digits; ++i) {
                text.push_back({{}, i == 0 && digits > 1 ? leading_ : digit_});
            }
            if (scale > 0) text.push_back({".", symbolic::kConstantPiece});
            for (int i = 0; i < scale; ++i) text.push_back({{}, digit_});
            classes.texts.push_back(std::move(text));
        };
        // From the most negative numbers to the greatest, by digits before the point.
        const int digits_max = columnar::kScaleMax - scale + 1;
        for (int digits = digits_max; digits >= 1; --digits) {
            const std::int64_t first = digits + scale > columnar::kScaleMax
                                           ? INT64_MIN
                                           : -columnar::power_of_ten(digits + scale) + 1;
            const std::int64_t end =
                digits == 1 ? 0 : -columnar::power_of_ten(digits - 1 + scale) + 1;
            if (*most < first || *least >= end) continue;
            if (!classes.texts.empty()) classes.bounds.push_back(first);
            add_class(true, digits);
        }
        for (int digits = 1; digits <= digits_max; ++digits) {
            const std::int64_t first = digits == 1 ? 0 : columnar::power_of_ten(digits - 1 + scale);
            const bool last = digits + scale > columnar::kScaleMax;
            if (*most < first || (!last && *least >= columnar::power_of_ten(digits + scale))) {
                continue;
            }
            if (!classes.texts.empty()) classes.bounds.push_back(first);
            add_class(false, digits);
        }
    }

    Verdict ask(const Chosen& chosen) {
        std::vector<Piece> pieces;
        for (std::size_t i = 0; i < pieces_.size(); ++i) {
            if (chosen[i] == nullptr) {
                pieces.push_back(pieces_[i]);
            } else {
                pieces.insert(pieces.end(), chosen[i]->begin(), chosen[i]->end());
            }
        }
        std::erase_if(pieces, [](const Piece& p) { return p.is_constant() && p.text.empty(); });
        return memo_.ask(site_, {pieces, facts_});
    }

    /// The answer where one slot's classes decide nothing; else the number of a node.
    std::uint8_t node(Chosen& chosen, const std::vector<const Classes*>& open) {
        const Classes* best = nullptr;
        std::vector<Verdict> found;
        for (const Classes* slot : open) {
            if (memo_.worked_out() >= trials_end_) break;
            std::vector<Verdict> verdicts;
            std::size_t decided = 0;
            for (const std::vector<Piece>& text : slot->texts) {
                chosen[slot->piece] = &text;
                verdicts.push_back(ask(chosen));
                decided += verdicts.back() != Verdict::kSlow ? 1U : 0U;
            }
            chosen[slot->piece] = nullptr;
            const auto share = [](std::size_t part, std::size_t whole) {
                return part * 1'000 / whole;
            };
            const std::size_t before =
                best == nullptr ? 0
                                : share(static_cast<std::size_t>(std::count_if(
                                            found.begin(), found.end(),
                                            [](Verdict v) { return v != Verdict::kSlow; })),
                                        found.size());
            if (share(decided, verdicts.size()) <= before) continue;
            best = slot;
            found = std::move(verdicts);
        }
        if (best == nullptr && memo_.worked_out() < trials_end_) {
            best = likeliest(open);
            if (best != nullptr) found.assign(best->texts.size(), Verdict::kSlow);
        }
        if (best == nullptr || tree_.nodes_.size() + kNode >= kNodesEnd) {
            tree_.looks_ = true;
            return kLook;
        }
        const std::size_t number = tree_.nodes_.size();
        tree_.nodes_.push_back({best->column, best->bounds, {}});
        std::vector<const Classes*> left;
        for (const Classes* slot : open) {
            if (slot != best) left.push_back(slot);
        }
        std::vector<std::uint8_t> next;
        for (std::size_t i = 0; i < found.size(); ++i) {
            if (found[i] != Verdict::kSlow) {
                next.push_back(answer(found[i]));
                continue;
            }
            chosen[best->piece] = &best->texts[i];
            next.push_back(node(chosen, left));
            chosen[best->piece] = nullptr;
        }
        if (std::all_of(next.begin(), next.end(), [](std::uint8_t of) { return of == kLook; })) {
            tree_.nodes_.resize(number);
            return kLook;
        }
        tree_.nodes_[number].next = std::move(next);
        return static_cast<std::uint8_t>(kNode + number);
    }

    /// A number that all questions begin with, and then one dictionary: asked the other way round,
    /// most entries answer alone, and a column of codes is read faster than one of numbers.
    void turn() {
        const Node root = tree_.nodes_[0];
        if (root.column == nullptr || root.column->kind() == Stored::kDictionary) return;
        const SlotColumn* coded = nullptr;
        for (std::size_t i = 1; i < tree_.nodes_.size(); ++i) {
            const Node& node = tree_.nodes_[i];
            if (node.column->kind() != Stored::kDictionary) return;
            if (coded != nullptr && node.column != coded) return;
            coded = node.column;
            const bool answers = std::all_of(node.next.begin(), node.next.end(),
                                             [](std::uint8_t next) { return next < kNode; });
            if (!answers) return;
        }
        if (coded == nullptr) return;
        std::vector<Node> turned(1);
        turned[0].column = coded;
        for (std::size_t entry = 0; entry < coded->entries().size(); ++entry) {
            std::vector<std::uint8_t> answers;
            for (const std::uint8_t next : root.next) {
                answers.push_back(next < kNode ? next : tree_.nodes_[next - kNode].next[entry]);
            }
            if (std::all_of(answers.begin(), answers.end(),
                            [&](std::uint8_t answer) { return answer == answers[0]; })) {
                turned[0].next.push_back(answers[0]);
                continue;
            }
            auto same = std::find_if(turned.begin() + 1, turned.end(),
                                     [&](const Node& node) { return node.next == answers; });
            if (same == turned.end()) {
                if (turned.size() + kNode >= kNodesEnd) return;
                turned.push_back({root.column, root.bounds, std::move(answers)});
                same = turned.end() - 1;
            }
            turned[0].next.push_back(static_cast<std::uint8_t>(kNode + (same - turned.begin())));
        }
        tree_.nodes_ = std::move(turned);
    }

    static constexpr std::size_t kNodesEnd = 250;  // What `next` has numbers for.
    const SymbolicSite& site_;
    std::vector<SlotFacts> facts_;
    VerdictMemo& memo_;
    SlotTree& tree_;
    std::size_t trials_end_ = 0;
    std::uint32_t digit_ = 0, leading_ = 0;
    std::vector<Classes> slots_;
    std::vector<Piece> pieces_;
};

SlotTree SlotTree::build(const SymbolicSite& site, std::vector<Piece> pieces,
                         std::vector<SlotFacts> facts, std::vector<Slot> slots,
                         std::size_t trials_max, VerdictMemo& memo) {
    SlotTree tree;
    Builder builder(site, std::move(facts), trials_max, memo, tree);
    bool any = false;
    for (const Slot& slot : slots) any = builder.add(slot) || any;
    if (any) builder.build(std::move(pieces));
    return tree;
}

std::uint8_t SlotTree::Node::at(std::uint32_t row) const {
    if (column == nullptr) return next[0];
    if (column->kind() == Stored::kDictionary) return next[column->codes()[row]];
    const std::int64_t value = column->values()[row];
    std::size_t of = 0;
    for (const std::int64_t bound : bounds) of += value >= bound ? 1U : 0U;
    return next[of];
}

void SlotTree::walk(const std::uint32_t* list, std::uint32_t begin, std::size_t count,
                    std::uint8_t* out) const {
    const Node& root = nodes_[0];
    const bool coded = root.column != nullptr && root.column->kind() == Stored::kDictionary;
    if (coded && list == nullptr) {
        std::fill_n(out, count, std::uint8_t{0});
        columnar::kernels().mark_codes(root.column->codes().data() + begin, count, root.next.data(),
                                       root.next.size(), out);
    } else {
        for (std::size_t i = 0; i < count; ++i) {
            out[i] = root.at(list != nullptr ? list[i] : begin + static_cast<std::uint32_t>(i));
        }
    }
    for (std::size_t i = 0; i < count; ++i) {
        while (out[i] >= kNode) {
            out[i] = nodes_[out[i] - kNode].at(
                list != nullptr ? list[i] : begin + static_cast<std::uint32_t>(i));
        }
    }
    for (const SlotColumn* const column : with_exceptions_) {
        std::size_t at = 0;
        for (const std::uint32_t row : column->exception_rows()) {
            if (list == nullptr) {
                if (row >= begin && row - begin < count) out[row - begin] = kLook;
                continue;
            }
            while (at < count && list[at] < row) ++at;
            if (at < count && list[at] == row) out[at] = kLook;
        }
    }
}

}  // namespace sky::insights
