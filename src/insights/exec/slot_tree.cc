// SPDX-License-Identifier: Apache-2.0
#include "insights/exec/slot_tree.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <unordered_map>

#include "columnar/decimal.h"
#include "columnar/kernels.h"

namespace sky::insights {

using shapes::SlotColumn;
using Stored = shapes::SlotKind;  // How a slot's values are kept.
using symbolic::ByteSet;
using symbolic::Piece;
using symbolic::SearchMachine;
using symbolic::SlotFacts;
using Outcome = SearchMachine::Outcome;
using States = SearchMachine::States;

class SlotTree::Builder {
public:
    Builder(const SearchMachine& machine, std::span<const Piece> pieces,
            std::span<const SlotFacts> facts, std::size_t bytes_max, SlotTree& tree)
        : machine_(machine),
          pieces_(pieces),
          facts_(facts),
          bytes_left_(bytes_max),
          tree_(tree),
          planted_(pieces.size(), nullptr) {
        digit_.add_all("0123456789");
        leading_.add_all("123456789");
    }

    void add(const Slot& slot, std::size_t number) {
        Classes classes;
        classes.slot = number;
        classes.piece = slot.piece;
        classes.coded = !slot.form;
        if (classes.coded) {
            for (const std::string_view entry : slot.entries) classes.texts.push_back({entry, {}});
        } else if (slot.form->kind == shapes::FormKind::kDecimal) {
            add_decimals(*slot.form, slot.bounds, classes);
        } else {
            classes.texts.push_back({{}, std::vector<ByteSet>(slot.form->scale, digit_)});
        }
        if (slot.has_exceptions) tree_.exceptions_.push_back({number, nullptr});
        slots_.push_back(std::move(classes));
    }

    void build() {
        for (const Classes& slot : slots_) planted_[slot.piece] = &slot;
        Chosen chosen(pieces_.size(), nullptr);
        const std::uint8_t answer = node(chosen);
        if (answer == kLook) {
            tree_.nodes_.clear();
            return;
        }
        // Only exceptions are looked at.
        if (answer < kNode) tree_.nodes_.push_back({kNoSlot, nullptr, {}, {answer}});
        tree_.looks_ = tree_.looks_ || !tree_.exceptions_.empty();
    }

private:
    /// Values that the question cannot tell apart: one text, or all that have these bytes.
    struct Class {
        std::string_view text;
        std::vector<ByteSet> bytes;
    };
    struct Classes {
        std::size_t slot = 0, piece = 0;
        bool coded = false;
        std::vector<std::int64_t> bounds;  // Of numbers, as Node has them.
        std::vector<Class> texts;
    };
    using Chosen = std::vector<const Class*>;  // By piece; null: all classes are open.
    /// What is known at each place between pieces.
    struct Walk {
        std::vector<States> before;  // Where lines may be.
        std::vector<Outcome> after;  // Of those, place by place: what lines that are there may do.
    };
    /// What a slot's classes would lead to.
    struct Trial {
        const Classes* slot = nullptr;
        std::vector<Outcome> outcomes;
        std::size_t decided = 0;
        bool all() const { return decided == outcomes.size(); }
        std::size_t share() const { return decided * 1'000 / outcomes.size(); }
    };

    void add_decimals(const shapes::Form& form, const columnar::IntegerBounds& values,
                      Classes& classes) const {
        const int scale = form.scale;
        const auto add_class = [&](bool negative, int digits) {
            Class text;
            if (negative) text.bytes.emplace_back().add('-');
            for (int i = 0; i < digits; ++i) {
                text.bytes.push_back(i == 0 && digits > 1 ? leading_ : digit_);
            }
            if (scale > 0) text.bytes.emplace_back().add('.');
            for (int i = 0; i < scale; ++i) text.bytes.push_back(digit_);
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
            if (values.most < first || values.least >= end) continue;
            if (!classes.texts.empty()) classes.bounds.push_back(first);
            add_class(true, digits);
        }
        for (int digits = 1; digits <= digits_max; ++digits) {
            const std::int64_t first = digits == 1 ? 0 : columnar::power_of_ten(digits - 1 + scale);
            const bool last = digits + scale > columnar::kScaleMax;
            if (values.most < first ||
                (!last && values.least >= columnar::power_of_ten(digits + scale))) {
                continue;
            }
            if (!classes.texts.empty()) classes.bounds.push_back(first);
            add_class(false, digits);
        }
    }

    /// Counts steps of the machine.
    void spend(std::size_t bytes) {
        spent_ = spent_ || bytes > bytes_left_;
        bytes_left_ -= std::min(bytes, bytes_left_);
    }

    States image(std::size_t state, const Class& of) {
        States out;
        if (of.bytes.empty()) {
            spend(of.text.size() + 1);
            out.set(machine_.run(static_cast<SearchMachine::State>(state), of.text));
            return out;
        }
        out.set(state);
        spend(of.bytes.size() * machine_.states());
        for (const ByteSet& bytes : of.bytes) out = machine_.step(out, bytes);
        return out;
    }

    /// Where the piece leads from a state, whatever stands in it.
    States image(std::size_t piece, std::size_t state, const Chosen& chosen) {
        const Piece& of = pieces_[piece];
        if (of.is_constant()) return image(state, Class{of.text, {}});
        if (chosen[piece] != nullptr) return image(state, *chosen[piece]);
        if (planted_[piece] == nullptr) {
            spend(machine_.states() * machine_.states());
            return machine_.through(static_cast<SearchMachine::State>(state), facts_[of.slot]);
        }
        States out;
        for (const Class& each : planted_[piece]->texts) out |= image(state, each);
        return out;
    }

    template <class Visit>
    void for_each(const States& states, const Visit& visit) const {
        for (std::size_t state = 0; state < machine_.states(); ++state) {
            if (states[state]) visit(state);
        }
    }

    Outcome outcome(const States& states, std::size_t place, const Walk& walk) const {
        Outcome out = 0;
        for_each(states,
                 [&](std::size_t state) { out |= walk.after[place * machine_.states() + state]; });
        return out;
    }

    Walk walk(const Chosen& chosen) {
        const std::size_t count = pieces_.size();
        const std::size_t states = machine_.states();
        Walk out;
        spend(count * states);
        if (spent_) return out;
        out.before.resize(count + 1);
        out.after.resize((count + 1) * states);
        out.before[0].set(machine_.start());
        std::vector<States> images(count * states);
        for (std::size_t i = 0; i < count && !spent_; ++i) {
            for_each(out.before[i], [&](std::size_t state) {
                images[i * states + state] = image(i, state, chosen);
                out.before[i + 1] |= images[i * states + state];
            });
        }
        if (spent_) return out;
        for_each(out.before[count], [&](std::size_t state) {
            out.after[count * states + state] =
                machine_.outcome(static_cast<SearchMachine::State>(state));
        });
        for (std::size_t i = count; i-- > 0;) {
            for_each(out.before[i], [&](std::size_t state) {
                out.after[i * states + state] = outcome(images[i * states + state], i + 1, out);
            });
        }
        return out;
    }

    static bool is_decided(Outcome outcome) {
        return outcome == SearchMachine::kMatches || outcome == SearchMachine::kMisses;
    }
    static std::uint8_t answer(Outcome outcome) {
        return outcome == SearchMachine::kMatches ? kYes : kNo;
    }

    Trial attempt(const Classes& slot, const Walk& walk) {
        Trial out{&slot, {}, 0};
        for (const Class& each : slot.texts) {
            States after;
            for_each(walk.before[slot.piece],
                     [&](std::size_t state) { after |= image(state, each); });
            out.outcomes.push_back(outcome(after, slot.piece + 1, walk));
            out.decided += is_decided(out.outcomes.back()) ? 1U : 0U;
        }
        return out;
    }

    /// What the machine makes of a class: classes of one key are one to it.
    std::string key_of(const Class& of, const States& from) {
        std::string out;
        for_each(from, [&](std::size_t state) {
            const States to = image(state, of);
            out += static_cast<char>(to.count() - 1);
            for_each(to, [&](std::size_t each) { out += static_cast<char>(each); });
        });
        return out;
    }

    /// A slot that decides all is best, then codes, which are read faster than numbers.
    static bool is_better(const Trial& a, const Trial& b) {
        if (b.slot == nullptr) return true;
        if (a.all() != b.all()) return a.all();
        if (a.slot->coded != b.slot->coded) return a.slot->coded;
        return a.share() > b.share();
    }

    /// Where no slot decides anything alone: the one in which the machine sees most differences.
    Trial likeliest(const Chosen& chosen, const Walk& walk) {
        Trial best;
        std::size_t most = 1;
        for (const Classes& slot : slots_) {
            if (chosen[slot.piece] != nullptr) continue;
            std::unordered_map<std::string, bool> keys;
            for (const Class& each : slot.texts) {
                keys.emplace(key_of(each, walk.before[slot.piece]), true);
            }
            if (keys.size() < most || keys.size() == 1) continue;
            if (keys.size() == most && best.slot->texts.size() <= slot.texts.size()) continue;
            most = keys.size();
            best = {&slot, std::vector<Outcome>(slot.texts.size(), Outcome{0}), 0};
        }
        return best;
    }

    /// The answer for all lines that have what is chosen, or the number of a node.
    std::uint8_t node(Chosen& chosen) {
        const Walk lines = walk(chosen);
        if (!spent_ && is_decided(lines.after[machine_.start()])) {
            return answer(lines.after[machine_.start()]);
        }
        Trial best;
        for (const Classes& slot : slots_) {
            if (spent_ || chosen[slot.piece] != nullptr || slot.texts.size() < 2) continue;
            Trial trial = attempt(slot, lines);
            if (trial.decided != 0 && is_better(trial, best)) best = std::move(trial);
        }
        if (best.slot == nullptr && !spent_) best = likeliest(chosen, lines);
        if (spent_ || best.slot == nullptr || tree_.nodes_.size() + kNode >= kNodesEnd) {
            tree_.looks_ = true;
            return kLook;
        }
        const Classes& slot = *best.slot;
        const std::size_t number = tree_.nodes_.size();
        tree_.nodes_.push_back({slot.slot, nullptr, slot.bounds, {}});
        std::vector<std::uint8_t> next;
        std::unordered_map<std::string, std::uint8_t> known;
        for (std::size_t i = 0; i < slot.texts.size(); ++i) {
            if (is_decided(best.outcomes[i])) {
                next.push_back(answer(best.outcomes[i]));
                continue;
            }
            std::string key = key_of(slot.texts[i], lines.before[slot.piece]);
            const auto same = known.find(key);
            if (same != known.end()) {
                next.push_back(same->second);
                continue;
            }
            chosen[slot.piece] = &slot.texts[i];
            next.push_back(node(chosen));
            chosen[slot.piece] = nullptr;
            known.emplace(std::move(key), next.back());
        }
        if (std::all_of(next.begin(), next.end(), [](std::uint8_t of) { return of == kLook; })) {
            tree_.nodes_.resize(number);
            return kLook;
        }
        tree_.nodes_[number].next = std::move(next);
        return static_cast<std::uint8_t>(kNode + number);
    }

    static constexpr std::size_t kNodesEnd = 250;  // What `next` has numbers for.
    const SearchMachine& machine_;
    const std::span<const Piece> pieces_;
    const std::span<const SlotFacts> facts_;
    std::size_t bytes_left_;
    bool spent_ = false;
    SlotTree& tree_;
    ByteSet digit_, leading_;
    std::vector<Classes> slots_;
    std::vector<const Classes*> planted_;  // By piece.
};

SlotTree SlotTree::build(const SearchMachine& machine, std::span<const Piece> pieces,
                         std::span<const SlotFacts> facts, std::span<const Slot> slots,
                         std::size_t bytes_max) {
    SlotTree tree;
    if (slots.empty()) return tree;
    Builder builder(machine, pieces, facts, bytes_max, tree);
    for (std::size_t i = 0; i < slots.size(); ++i) builder.add(slots[i], i);
    builder.build();
    return tree;
}

std::vector<std::size_t> SlotTree::reads() const {
    std::vector<std::size_t> out;
    for (const Node& node : nodes_) {
        if (node.slot != kNoSlot) out.push_back(node.slot);
    }
    if (useful()) {
        for (const Exceptions& of : exceptions_) out.push_back(of.slot);
    }
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
}

void SlotTree::give(std::size_t slot, const SlotColumn& column) {
    for (Node& node : nodes_) {
        if (node.slot == slot) node.column = &column;
    }
    for (Exceptions& of : exceptions_) {
        if (of.slot == slot) of.column = &column;
    }
}

std::uint8_t SlotTree::Node::at(std::uint32_t row) const {
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
    if (root.column == nullptr) std::fill_n(out, count, root.next[0]);
    if (coded && list == nullptr) {
        std::fill_n(out, count, std::uint8_t{0});
        columnar::kernels().mark_codes(root.column->codes().data() + begin, count, root.next.data(),
                                       root.next.size(), out);
    } else if (root.column != nullptr) {
        for (std::size_t i = 0; i < count; ++i) {
            out[i] = root.at(list != nullptr ? list[i] : begin + static_cast<std::uint32_t>(i));
        }
    }
    const auto settle = [&](std::size_t i) {
        while (out[i] >= kNode) {
            out[i] = nodes_[out[i] - kNode].at(
                list != nullptr ? list[i] : begin + static_cast<std::uint32_t>(i));
        }
    };
    // Mostly one slot answers: eight rows that need no other are passed at a time.
    constexpr std::uint64_t kOnes = 0x0101010101010101ULL, kTops = kOnes << 7;
    std::size_t at = 0;
    for (; at + 8 <= count; at += 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, out + at, sizeof word);
        if (((((word & ~kTops) + kOnes * (0x80 - kNode)) | word) & kTops) == 0) continue;
        for (std::size_t i = at; i < at + 8; ++i) settle(i);
    }
    for (; at < count; ++at) settle(at);
    for (const Exceptions& of : exceptions_) {
        std::size_t next = 0;
        for (const std::uint32_t row : of.column->exception_rows()) {
            if (list == nullptr) {
                if (row >= begin && row - begin < count) out[row - begin] = kLook;
                continue;
            }
            while (next < count && list[next] < row) ++next;
            if (next < count && list[next] == row) out[next] = kLook;
        }
    }
}

}  // namespace sky::insights
