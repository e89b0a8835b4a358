// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/insights/symbolic/search_machine.h - whether a regex matches somewhere in a
              // text, as a machine whose one state is all that matters of what has been read.

#include <array>
#include <bitset>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "insights/symbolic/family.h"
#include "insights/symbolic/limits.h"
#include "insights/symbolic/regex_program.h"

namespace sky::insights::symbolic {

/// A text takes each state to another one, so it can be asked for alone what it makes of the lines
/// around it; many texts, known by their bytes alone, take a state to a set of them.
/// Immutable; any thread.
class SearchMachine {
public:
    using State = std::uint8_t;
    using States = std::bitset<limits::kSearchStatesMax>;
    /// What lines may do: bits, so that the outcomes of several are joined by |.
    using Outcome = std::uint8_t;
    static constexpr Outcome kMisses = 1, kMatches = 2;

    /// Nothing: it needs more than kSearchStatesMax states.
    static std::optional<SearchMachine> make(const RegexProgram& program);

    State start() const { return 0; }
    std::size_t states() const { return accepts_.size(); }
    State step(State state, char byte) const {
        return next_[state * classes_ + class_of_[static_cast<unsigned char>(byte)]];
    }
    State run(State state, std::string_view text) const {
        for (const char byte : text) state = step(state, byte);
        return state;
    }
    /// What a text is that ends in this state.
    Outcome outcome(State state) const { return accepts_[state] != 0 ? kMatches : kMisses; }

    /// Where one more byte of these leads from any of the states.
    States step(const States& from, const ByteSet& bytes) const;
    /// Where a text of these bytes, empty, of one byte, or longer as the facts say, can lead.
    States through(State from, const SlotFacts& facts) const;
    /// Whether all lines of the family match, or none; kSlow: neither is known.
    Verdict decide(const Family& family) const;

private:
    std::vector<State> next_;            // states() * classes_.
    std::vector<std::uint8_t> accepts_;  // Where the text ends.
    std::array<std::uint8_t, 256> class_of_{};
    std::size_t classes_ = 0;
};

}  // namespace sky::insights::symbolic
