// SPDX-License-Identifier: Apache-2.0
#include "insights/symbolic/search_machine.h"

#include <algorithm>
#include <map>

namespace sky::insights::symbolic {
namespace {

using Op = RegexProgram::Op;

/// What the threads of a search are at one place of a text: the instructions that wait for a byte,
/// ascending, and what is known without one. Which thread came first does not matter, as where the
/// match lies is not asked.
struct Threads {
    std::vector<std::uint32_t> waiting;
    bool matched = false;       // Whatever follows.
    bool matches_here = false;  // If the text ends here.
    auto operator<=>(const Threads&) const = default;
};

class Follower {
public:
    explicit Follower(const RegexProgram& program)
        : code_(program.instructions()), seen_(code_.size() * 2, 0) {}

    /// Adds what can be reached from `pc` without a byte. `begins`: at the beginning of the text.
    void follow(std::uint32_t pc, bool begins, Threads& out) {
        begins_ = begins;
        visit(pc, false, out);
    }
    void forget() { ++round_; }

private:
    void visit(std::uint32_t pc, bool ends, Threads& out) {
        std::uint64_t& seen = seen_[pc * 2 + (ends ? 1 : 0)];
        if (seen == round_) return;
        seen = round_;
        const RegexProgram::Instruction& at = code_[pc];
        switch (at.op) {
            case Op::kByte:
                if (!ends) out.waiting.push_back(pc);
                return;
            case Op::kSplit:
                visit(at.x, ends, out);
                return visit(at.y, ends, out);
            case Op::kJump:
                return visit(at.x, ends, out);
            case Op::kSave:
                return visit(pc + 1, ends, out);
            case Op::kBegin:
                if (begins_) visit(pc + 1, ends, out);
                return;
            case Op::kEnd:
                return visit(pc + 1, true, out);
            case Op::kMatch:
                (ends ? out.matches_here : out.matched) = true;
                return;
        }
    }

    const std::span<const RegexProgram::Instruction> code_;
    std::vector<std::uint64_t> seen_;  // By instruction, and whether the text has to end.
    std::uint64_t round_ = 1;
    bool begins_ = false;
};

void settle(Threads& threads) {
    if (threads.matched) {
        threads = {{}, true, true};
        return;
    }
    std::sort(threads.waiting.begin(), threads.waiting.end());
}

}  // namespace

std::optional<SearchMachine> SearchMachine::make(const RegexProgram& program) {
    SearchMachine out;
    out.classes_ = program.classes();
    for (std::size_t byte = 0; byte < 256; ++byte) {
        out.class_of_[byte] = program.class_of(static_cast<char>(byte));
    }
    Follower follower(program);
    std::map<Threads, State> numbers;
    std::vector<const Threads*> list;
    const auto number_of = [&](Threads threads) -> std::optional<State> {
        settle(threads);
        const auto known = numbers.find(threads);
        if (known != numbers.end()) return known->second;
        if (list.size() == limits::kSearchStatesMax) return std::nullopt;
        const auto number = static_cast<State>(list.size());
        list.push_back(&numbers.emplace(std::move(threads), number).first->first);
        return number;
    };
    Threads first;
    follower.follow(0, true, first);
    if (!number_of(std::move(first))) return std::nullopt;
    for (std::size_t state = 0; state < list.size(); ++state) {
        const Threads& from = *list[state];
        out.accepts_.push_back(from.matched || from.matches_here ? 1 : 0);
        for (std::size_t of = 0; of < out.classes_; ++of) {
            Threads next;
            next.matched = from.matched;
            follower.forget();
            for (const std::uint32_t pc : from.waiting) {
                if (program.instructions()[pc].classes[of]) follower.follow(pc + 1, false, next);
            }
            // A match may begin anywhere.
            if (!from.matched) follower.follow(0, false, next);
            const auto number = number_of(std::move(next));
            if (!number) return std::nullopt;
            out.next_.push_back(*number);
        }
    }
    return out;
}

SearchMachine::States SearchMachine::step(const States& from, const ByteSet& bytes) const {
    std::array<std::uint8_t, 256> classes{};
    std::size_t count = 0;
    std::bitset<256> seen;
    for (unsigned byte = 0; byte < 256; ++byte) {
        const std::uint8_t of = class_of_[byte];
        if (seen[of] || !bytes.contains(static_cast<char>(byte))) continue;
        seen.set(of);
        classes[count++] = of;
    }
    States out;
    for (std::size_t state = 0; state < states(); ++state) {
        if (!from[state]) continue;
        for (std::size_t i = 0; i < count; ++i) out.set(next_[state * classes_ + classes[i]]);
    }
    return out;
}

SearchMachine::States SearchMachine::through(State from, const SlotFacts& facts) const {
    States here;
    here.set(from);
    States out;
    if (facts.has_empty) out = here;
    States after = step(here, facts.bytes);
    if (facts.has_one) out |= after;
    if (!facts.has_more) return out;
    // Of two bytes and more, until nothing new comes.
    States all;
    while (true) {
        after = step(after, facts.bytes);
        if ((after & ~all).none()) return out | all;
        all |= after;
    }
}

Verdict SearchMachine::decide(const Family& family) const {
    States at;
    at.set(start());
    for (const Piece& piece : family.pieces) {
        States next;
        for (std::size_t state = 0; state < states(); ++state) {
            if (!at[state]) continue;
            const auto from = static_cast<State>(state);
            if (piece.is_constant()) {
                next.set(run(from, piece.text));
            } else {
                next |= through(from, family.slots[piece.slot]);
            }
        }
        at = next;
    }
    Outcome out = 0;
    for (std::size_t state = 0; state < states(); ++state) {
        if (at[state]) out |= outcome(static_cast<State>(state));
    }
    return out == kMatches ? Verdict::kMatch : out == kMisses ? Verdict::kMiss : Verdict::kSlow;
}

}  // namespace sky::insights::symbolic
