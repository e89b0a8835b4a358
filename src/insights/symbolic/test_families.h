// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/insights/symbolic/test_families.h - random families, lines and patterns, and
              // the comparison with the slow path; for tests and fuzzing.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "insights/functions/glob.h"
#include "insights/functions/regex.h"
#include "insights/symbolic/search_machine.h"
#include "insights/symbolic/symbolic_glob.h"
#include "insights/symbolic/symbolic_regex.h"

namespace sky::insights::symbolic::testing {

/// Where choices come from: a seed, or the bytes of a fuzzer.
class Dice {
public:
    virtual ~Dice() = default;
    /// In [0, bound).
    virtual std::uint64_t below(std::uint64_t bound) = 0;
    bool chance(std::uint64_t percent) { return below(100) < percent; }
    template <class List>
    const auto& pick(const List& list) {
        return list[below(std::size(list))];
    }
};

/// Lines of one family with what is known about their slots, and patterns for them.
struct Case {
    std::vector<std::string> alphabet;  // Code points.
    std::vector<Piece> pieces;
    std::vector<SlotFacts> facts;
    std::vector<std::vector<std::string>> rows;  // Values a slot.
    std::vector<std::string> constants;          // What the pieces point into.

    Family family() const { return {pieces, facts}; }
    std::string line(const std::vector<std::string>& row) const {
        std::string out;
        for (const Piece& piece : pieces) {
            if (piece.is_constant()) {
                out += piece.text;
            } else {
                out += row[piece.slot];
            }
        }
        return out;
    }
};

inline std::string random_text(Dice& dice, const std::vector<std::string>& alphabet,
                               std::size_t least, std::size_t most) {
    std::string out;
    const std::size_t length = least + dice.below(most - least + 1);
    for (std::size_t i = 0; i < length; ++i) out += dice.pick(alphabet);
    return out;
}

inline Case random_case(Dice& dice) {
    static const std::vector<std::vector<std::string>> kAlphabets = {
        {"a", "b", " "},           {" ", "]", "a"},
        {"[", "]", " ", "a", "1"}, {"a", "b"},
        {"\n", "]", " ", "a"},     {"[", "]", " ", "a", ".", "1"},
        {"a", "\xC3\xA9", " "},    {"a", "\r", "\n"},
        {"a", "b", "1"},           {"\xE2\x82\xAC", "a", "1"}};
    Case out;
    out.alphabet = dice.pick(kAlphabets);
    const std::size_t pieces = 1 + dice.below(6);
    out.constants.reserve(pieces);
    std::uint32_t slots = 0;
    for (std::size_t i = 0; i < pieces; ++i) {
        const bool after_constant = !out.pieces.empty() && out.pieces.back().is_constant();
        const bool adjacent = !out.pieces.empty() && dice.chance(15);
        if (after_constant || (out.pieces.empty() && dice.chance(50)) || adjacent) {
            out.pieces.push_back({{}, slots++});
        } else {
            out.constants.push_back(random_text(dice, out.alphabet, 1, 4));
            out.pieces.push_back({out.constants.back(), kConstantPiece});
        }
    }
    std::vector<std::vector<std::string>> letters(slots);
    std::vector<std::size_t> least(slots);
    std::vector<std::size_t> most(slots);
    for (std::uint32_t i = 0; i < slots; ++i) {
        const std::size_t count = 1 + dice.below(out.alphabet.size());
        for (std::size_t k = 0; k < count; ++k) letters[i].push_back(dice.pick(out.alphabet));
        static constexpr std::size_t kLeast[] = {0, 1, 1, 1, 2};
        least[i] = dice.pick(kLeast);
        most[i] = least[i] < 2 && dice.chance(25) ? 1 : 4;
    }
    out.facts.resize(slots);
    const std::size_t rows = 1 + dice.below(8);
    for (std::size_t r = 0; r < rows; ++r) {
        std::vector<std::string> row;
        for (std::uint32_t i = 0; i < slots; ++i) {
            row.push_back(random_text(dice, letters[i], least[i], most[i]));
            out.facts[i].add(row.back());
        }
        out.rows.push_back(std::move(row));
    }
    return out;
}

/// A glob with one star at least, 40 % of them made from the family itself.
inline std::string random_glob(Dice& dice, const Case& of) {
    std::string out;
    if (dice.chance(40)) {
        for (const Piece& piece : of.pieces) {
            out += piece.is_constant() ? std::string(piece.text) : "*";
        }
    } else {
        const std::size_t length = 1 + dice.below(7);
        for (std::size_t i = 0; i < length; ++i) {
            out += dice.chance(60) ? dice.pick(of.alphabet) : "*";
        }
    }
    if (out.find('*') == std::string::npos) out += '*';
    return out;
}

inline std::string quoted(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (std::string_view("[]().*+?{}|^$\\").find(c) != std::string_view::npos) out += '\\';
        out += c;
    }
    return out;
}

class RegexMaker {
public:
    RegexMaker(Dice& dice, const Case& of) : dice_(dice), case_(of) {}
    std::string run() {
        std::string out = dice_.chance(50) ? shaped() : free();
        if (dice_.chance(50)) out = "(?s)" + out;
        return out;
    }

private:
    std::string shaped() {
        static const std::vector<std::string> kSlots = {"(\\S+)",    "(\\d+)",         "(.*?)",
                                                        "([^ ]+)",   "(?P<n>[^\\]]*)", "(.*)",
                                                        "(a+|\\d+)", "([\\d.]+)",      "(.+?)"};
        std::string out;
        bool named = false;
        for (const Piece& piece : case_.pieces) {
            if (piece.is_constant()) {
                out += quoted(dice_.chance(80) ? piece.text : piece.text.substr(0, first(piece)));
                continue;
            }
            std::string slot = dice_.pick(kSlots);
            if (slot.find("?P<n>") != std::string::npos && named) slot = "([^\\]]*)";
            named = named || slot.find("?P<n>") != std::string::npos;
            out += slot;
        }
        return out.find('(') == std::string::npos ? "(" + out + ")" : out;
    }
    /// Bytes of the first code point.
    static std::size_t first(const Piece& piece) {
        const auto lead = static_cast<unsigned char>(piece.text[0]);
        return lead < 0x80 ? 1 : lead < 0xE0 ? 2 : 3;
    }
    std::string free() {
        std::string out = dice_.chance(15) ? "^" : "";
        out += sequence(0);
        if (dice_.chance(15)) out += dice_.chance(50) ? "\\z" : "$";
        return groups_ > 0 ? out : "(" + out + ")";
    }
    std::string sequence(int depth) {
        std::string out;
        const std::size_t length = 1 + dice_.below(depth == 0 ? 4 : 2);
        for (std::size_t i = 0; i < length; ++i) out += piece(depth);
        return out;
    }
    std::string piece(int depth) {
        static const std::vector<std::string> kRepeats = {"",   "",  "*",   "+",     "+?",
                                                          "*?", "?", "{2}", "{1,3}", "{2,}"};
        const std::uint64_t x = dice_.below(100);
        if (x < 50) return atom() + dice_.pick(kRepeats);
        if (x < 85 && depth < 2) {
            ++groups_;
            return "(" + sequence(depth + 1) + ")" + (dice_.chance(20) ? "+" : "");
        }
        if (depth < 2) {
            return "(?:" + sequence(depth + 1) + "|" + sequence(depth + 1) + ")" +
                   (dice_.chance(20) ? "*" : "");
        }
        return atom();
    }
    std::string atom() {
        static const std::vector<std::string> kAtoms = {"\\d",    "\\S",    ".",     "[^ ]",
                                                        "[^\\]]", "[a-b]",  "[ab1]", "[\\d.]",
                                                        "\\s",    "[^a-z]", "\\w"};
        return dice_.chance(35) ? quoted(dice_.pick(case_.alphabet)) : dice_.pick(kAtoms);
    }
    Dice& dice_;
    const Case& case_;
    int groups_ = 0;
};

/// What a capture is in one row.
inline std::string text_of(const Capture& capture, const std::vector<std::string>& row) {
    std::string out;
    for (const Piece& piece : capture.pieces) {
        out += piece.is_constant() ? std::string(piece.text) : row[piece.slot];
    }
    return out;
}

/// The first row where the binding differs from the slow path, in words; empty: none.
inline std::string glob_mistake(const Glob& glob, const Binding& got, const Case& of) {
    if (got.verdict == Verdict::kSlow) return {};
    std::vector<std::string_view> want(glob.captures());
    for (const auto& row : of.rows) {
        const std::string line = of.line(row);
        if (glob.match(line, want) != (got.verdict == Verdict::kMatch)) {
            return "matching differs on '" + line + "'";
        }
        if (got.verdict == Verdict::kMiss) continue;
        for (std::size_t i = 0; i < want.size(); ++i) {
            if (!got.captures[i].present || text_of(got.captures[i], row) != want[i]) {
                return "capture " + std::to_string(i) + " of '" + line + "'";
            }
        }
    }
    return {};
}

inline std::string contains_mistake(std::string_view text, Verdict got, const Case& of) {
    if (got == Verdict::kSlow) return {};
    for (const auto& row : of.rows) {
        const std::string line = of.line(row);
        if ((line.find(text) != std::string::npos) != (got == Verdict::kMatch)) {
            return "'" + line + "' contains '" + std::string(text) + "'";
        }
    }
    return {};
}

inline std::string regex_mistake(const Regex& regex, std::span<const bool> needed,
                                 const Binding& got, const Case& of) {
    if (got.verdict == Verdict::kSlow) return {};
    std::vector<std::string_view> want(regex.group_names().size());
    for (const auto& row : of.rows) {
        const std::string line = of.line(row);
        if (regex.search(line, want) != (got.verdict == Verdict::kMatch)) {
            return "matching differs on '" + line + "'";
        }
        if (got.verdict == Verdict::kMiss) continue;
        for (std::size_t i = 0; i < want.size(); ++i) {
            if (!needed[i]) continue;
            const bool present = want[i].data() != nullptr;
            if (got.captures[i].present != present ||
                (present && text_of(got.captures[i], row) != want[i])) {
                return "group " + std::to_string(i + 1) + " of '" + line + "'";
            }
        }
    }
    return {};
}

/// What the search machine makes of the family and of each line differs from what RE2 finds; empty:
/// nothing does.
inline std::string search_mistake(const Regex& regex, const SearchMachine& machine,
                                  const Case& of) {
    const Verdict all = machine.decide(of.family());
    for (const auto& row : of.rows) {
        const std::string line = of.line(row);
        const bool found = regex.search(line);
        const auto outcome = machine.outcome(machine.run(machine.start(), line));
        if ((outcome == SearchMachine::kMatches) != found) return "machine on " + line;
        if (all != Verdict::kSlow && (all == Verdict::kMatch) != found) return "family of " + line;
    }
    return {};
}

}  // namespace sky::insights::symbolic::testing
