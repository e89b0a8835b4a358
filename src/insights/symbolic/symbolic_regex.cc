// SPDX-License-Identifier: Apache-2.0
#include "insights/symbolic/symbolic_regex.h"

namespace sky::insights::symbolic {
namespace {

using Op = RegexProgram::Op;

constexpr std::uint32_t kUnset = 0xFFFFFFFF;

/// Threads in order of priority, behind what has matched so far: comparable as a whole.
/// Layout: [matched, tokens of the match, then per thread: instruction, tokens].
using State = std::vector<std::uint32_t>;

class Machine {
public:
    Machine(const RegexProgram& program, const Family& family)
        : program_(program), family_(family), tokens_(program.tokens()) {
        for (const Piece& piece : family.pieces) {
            base_.push_back(positions_);
            // A slot has two: before it and inside. Where it ends the next piece begins.
            positions_ += piece.is_constant() ? static_cast<std::uint32_t>(piece.text.size()) : 2;
        }
        base_.push_back(positions_);
        seen_.assign(program.instructions().size(), 0);
    }

    Binding run() {
        if (positions_ > limits::kPositionsMax) return {};
        std::size_t last = family_.pieces.size();
        for (std::size_t i = 0; i < family_.pieces.size(); ++i) {
            if (length(i) > 0) last = i;
        }
        State state(1 + tokens_, kUnset);
        state[0] = 0;
        state = closure(state, nullptr, 0, true, last == family_.pieces.size());
        for (std::size_t i = 0; i < family_.pieces.size(); ++i) {
            const Piece& piece = family_.pieces[i];
            if (piece.is_constant()) {
                for (std::size_t at = 0; at < piece.text.size(); ++at) {
                    const bool ends = i == last && at + 1 == piece.text.size();
                    state = step(state, program_.class_of(piece.text[at]),
                                 base_[i] + static_cast<std::uint32_t>(at) + 1, ends);
                    if (gave_up()) return {};
                }
            } else if (!through_slot(state, i, i == last)) {
                return {};
            }
        }
        return bind(state);
    }

private:
    std::size_t length(std::size_t i) const {
        const Piece& piece = family_.pieces[i];
        return piece.is_constant() ? piece.text.size() : 1;
    }
    bool gave_up() const { return visits_ > limits::kVisitsMax; }

    /// One representative of each class of bytes that the values hold.
    std::vector<std::uint8_t> classes_in(const ByteSet& bytes) const {
        std::vector<std::uint8_t> out;
        std::bitset<256> seen;
        for (unsigned byte = 0; byte < 256; ++byte) {
            const char c = static_cast<char>(byte);
            const std::uint8_t of = program_.class_of(c);
            if (!bytes.contains(c) || seen[of]) continue;
            seen.set(of);
            out.push_back(of);
        }
        return out;
    }

    /// False when the lines part ways in this slot.
    bool through_slot(State& state, std::size_t i, bool ends) {
        const SlotFacts& facts = family_.slots[family_.pieces[i].slot];
        if (facts.has_empty || (!facts.has_one && !facts.has_more)) return false;
        const std::vector<std::uint8_t> classes = classes_in(facts.bytes);
        if (classes.empty()) return false;
        const std::uint32_t inside = base_[i] + 1;
        const std::uint32_t behind = base_[i + 1];
        State end;
        const auto agrees = [](State& common, State other) {
            if (other.empty()) return true;
            if (!common.empty()) return common == other;
            common = std::move(other);
            return true;
        };
        if (facts.has_one) {
            for (const std::uint8_t of : classes) {
                if (!agrees(end, step(state, of, behind, ends)) || gave_up()) return false;
            }
        }
        if (facts.has_more) {
            State common;
            for (const std::uint8_t of : classes) {
                if (!agrees(common, step(state, of, inside, false)) || gave_up()) return false;
            }
            for (const std::uint8_t of : classes) {
                if (step(common, of, inside, false) != common || gave_up()) return false;
            }
            for (const std::uint8_t of : classes) {
                if (!agrees(end, step(common, of, behind, ends)) || gave_up()) return false;
            }
        }
        state = std::move(end);
        return true;
    }

    State step(const State& state, std::uint8_t byte_class, std::uint32_t position, bool ends) {
        return closure(state, &byte_class, position, false, ends);
    }

    /// Follows the threads that accept the byte (all of them at the start, where there is none).
    State closure(const State& state, const std::uint8_t* byte_class, std::uint32_t position,
                  bool begins, bool ends) {
        ++round_;
        position_ = position;
        begins_ = begins;
        ends_ = ends;
        out_.assign(state.begin(), state.begin() + static_cast<std::ptrdiff_t>(1 + tokens_));
        const auto code = program_.instructions();
        bool matched = false;
        for (std::size_t at = 1 + tokens_; at < state.size() && !matched; at += 1 + tokens_) {
            const std::uint32_t pc = state[at];
            if (!code[pc].classes[*byte_class]) continue;
            caps_.assign(state.begin() + static_cast<std::ptrdiff_t>(at + 1),
                         state.begin() + static_cast<std::ptrdiff_t>(at + 1 + tokens_));
            matched = follow(pc + 1);
        }
        // The unanchored start, of lowest priority, until something has matched.
        if (!matched && state[0] == 0) {
            caps_.assign(tokens_, kUnset);
            follow(0);
        }
        return out_;
    }

    /// True when it matched: threads of lower priority are cut.
    bool follow(std::uint32_t pc) {
        if (seen_[pc] == round_) return false;
        seen_[pc] = round_;
        ++visits_;
        const RegexProgram::Instruction& at = program_.instructions()[pc];
        switch (at.op) {
            case Op::kJump:
                return follow(at.x);
            case Op::kSplit:
                return follow(at.x) || follow(at.y);
            case Op::kSave: {
                const std::uint32_t before = caps_[at.x];
                caps_[at.x] = position_;
                const bool matched = follow(pc + 1);
                caps_[at.x] = before;
                return matched;
            }
            case Op::kBegin:
                return begins_ && follow(pc + 1);
            case Op::kEnd:
                return ends_ && follow(pc + 1);
            case Op::kMatch:
                out_[0] = 1;
                std::copy(caps_.begin(), caps_.end(), out_.begin() + 1);
                return true;
            case Op::kByte:
                out_.push_back(pc);
                out_.insert(out_.end(), caps_.begin(), caps_.end());
                return false;
        }
        return false;
    }

    Binding bind(const State& state) const {
        if (state[0] == 0) return {Verdict::kMiss, {}};
        Binding out;
        for (std::size_t group = 0; group < program_.groups(); ++group) {
            const std::uint32_t begin = state[1 + 2 * group];
            const std::uint32_t end = state[2 + 2 * group];
            Capture capture;
            capture.present = begin != kUnset && end != kUnset;
            if (capture.present && !cut(begin, end, capture.pieces)) return {};
            out.captures.push_back(std::move(capture));
        }
        out.verdict = Verdict::kMatch;
        return out;
    }
    /// False when an end stands inside a slot: where, differs from line to line.
    bool cut(std::uint32_t begin, std::uint32_t end, std::vector<Piece>& out) const {
        for (std::size_t i = 0; i < family_.pieces.size(); ++i) {
            Piece piece = family_.pieces[i];
            if (!piece.is_constant()) {
                if (begin == base_[i] + 1 || end == base_[i] + 1) return false;
                if (begin <= base_[i] && end > base_[i]) out.push_back(piece);
                continue;
            }
            const std::uint32_t from = std::max(begin, base_[i]);
            const std::uint32_t to = std::min(end, base_[i + 1]);
            if (from >= to) continue;
            piece.text = piece.text.substr(from - base_[i], to - from);
            out.push_back(piece);
        }
        return true;
    }

    const RegexProgram& program_;
    const Family& family_;
    const std::size_t tokens_;
    std::vector<std::uint32_t> base_;  // Position of each piece's beginning; the last is the end.
    std::uint32_t positions_ = 0;
    std::vector<std::uint64_t> seen_;
    std::uint64_t round_ = 0;
    std::size_t visits_ = 0;
    State out_;
    std::vector<std::uint32_t> caps_;
    std::uint32_t position_ = 0;
    bool begins_ = false;
    bool ends_ = false;
};

}  // namespace

Binding bind_regex(const RegexProgram& program, const Family& family) {
    return Machine(program, family).run();
}

}  // namespace sky::insights::symbolic
