// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cstdlib>
#include <memory>

#include "base/random.h"
#include "insights/symbolic/test_families.h"

using namespace sky;
using namespace sky::insights;
using namespace sky::insights::symbolic;
using namespace sky::insights::symbolic::testing;

namespace {

class SeededDice final : public Dice {
public:
    explicit SeededDice(std::uint64_t seed) : random_(seed) {}
    std::uint64_t below(std::uint64_t bound) override { return random_.below(bound); }

private:
    SeededRandom random_;
};

/// Lines that each random test reads. SKYWATCH_SYMBOLIC_ROWS=1000000 for a long run,
/// SKYWATCH_SYMBOLIC_SEED for another one.
std::uint64_t rows_wanted() {
    const char* rows = std::getenv("SKYWATCH_SYMBOLIC_ROWS");
    return rows != nullptr ? std::strtoull(rows, nullptr, 10) : 20'000;
}
std::uint64_t seed() {
    const char* text = std::getenv("SKYWATCH_SYMBOLIC_SEED");
    return text != nullptr ? std::strtoull(text, nullptr, 10) : 1;
}

/// A family as tables spell it: {} is a slot whose values are the rows' in order.
Case spelled(std::string_view shape, std::vector<std::vector<std::string>> rows) {
    Case out;
    out.rows = std::move(rows);
    out.constants.reserve(shape.size());
    std::uint32_t slots = 0;
    while (!shape.empty()) {
        if (shape.starts_with("{}")) {
            out.pieces.push_back({{}, slots++});
            shape.remove_prefix(2);
            continue;
        }
        const std::size_t end = std::min(shape.find("{}"), shape.size());
        out.constants.emplace_back(shape.substr(0, end));
        out.pieces.push_back({out.constants.back(), kConstantPiece});
        shape.remove_prefix(end);
    }
    out.facts.resize(slots);
    for (const auto& row : out.rows) {
        for (std::uint32_t i = 0; i < slots; ++i) out.facts[i].add(row[i]);
    }
    return out;
}

std::string words(const Binding& binding) {
    if (binding.verdict == Verdict::kSlow) return "slow";
    if (binding.verdict == Verdict::kMiss) return "miss";
    std::string out;
    for (const Capture& capture : binding.captures) {
        if (&capture != binding.captures.data()) out += '|';
        if (!capture.present) out += '-';
        for (const Piece& piece : capture.pieces) {
            out += piece.is_constant() ? std::string(piece.text)
                                       : "{" + std::to_string(piece.slot) + "}";
        }
    }
    return out;
}

}  // namespace

TEST_CASE("globs over families: what is bound, what is not decided") {
    struct Row {
        std::string_view name;
        const char* shape;
        std::vector<std::vector<std::string>> rows;
        const char* glob;
        std::string_view expected;
    };
    const Row rows[] = {
        {"the seed's line",
         "[profiler] {} {} {} {}",
         {{"GET", "user-list", "12.34", "200"}, {"PUT", "a", "1.00", "404"}},
         "[*] * * * *",
         "profiler|{0}|{1}|{2}|{3}"},
        {"extended line",
         "[profiler size={} queries={}] {} {} {} {}",
         {{"512", "3", "GET", "user-list", "12.34", "200"}},
         "[*] * * * *",
         "profiler size={0} queries={1}|{2}|{3}|{4}|{5}"},
        {"no such literal", "GET {} took {} ms", {{"a", "1"}}, "[*] * * * *", "miss"},
        {"a value may hold the delimiter", "[{}] {} end", {{"a] b", "c"}}, "[*] * end", "slow"},
        {"an empty slot joins two constants", "a{}b {}", {{"", "x"}, {"c", "x"}}, "ab *", "slow"},
        {"a literal that begins in a constant and ends in a slot",
         "a={} b",
         {{"x"}},
         "=x*",
         "slow"},
        {"the delimiter overlaps itself", "[{}]] b", {{"x"}}, "[*] *", "{0}]|b"},
        {"a slot may end with the delimiter's first byte", "[{}] b", {{"x]"}}, "[*] *", "{0}|b"},
        {"the rest, without its line end", "a {}\r\n", {{"x"}, {"y"}}, "a *", "{0}"},
        {"the rest, which may end a line", "a {}", {{"x\n"}, {"y"}}, "a *", "slow"},
        {"the rest, whose slot may be empty behind a line end",
         "a\n{}",
         {{""}, {"y"}},
         "a*",
         "slow"},
        {"stars side by side", "a {} b", {{"x"}}, "a ** b", "|{0}"},
        {"adjacent slots", "a {}{} b", {{"x", "1"}}, "a * b", "{0}{1}"},
        {"an always empty slot", "a {}b", {{""}}, "a *b", "{0}"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.name);
        const Case lines = spelled(row.shape, row.rows);
        const Glob glob = *Glob::compile(row.glob);
        const Binding got = bind_glob(glob, lines.family());
        CHECK(words(got) == row.expected);
        CHECK(glob_mistake(glob, got, lines) == "");
    }
}

TEST_CASE("regexes over families: what is bound, what is not decided") {
    struct Row {
        std::string_view name;
        const char* shape;
        std::vector<std::vector<std::string>> rows;
        const char* regex;
        std::string_view expected;
    };
    const Row rows[] = {
        {"the seed's line",
         "[profiler] {} {} {} {}",
         {{"GET", "user-list", "12.34", "200"}, {"PUT", "a", "1.00", "404"}},
         "\\[profiler\\] (?<method>\\S+) (?<view>\\S+) (?<ms>[\\d.]+) (?<status>\\d+)",
         "{0}|{1}|{2}|{3}"},
        {"greedy to the end", "a {} b", {{"x"}, {"y"}}, "a (.*)", "{0} b"},
        {"anchored at the end", "a {} {}", {{"x", "12"}, {"y", "9"}}, "(\\d+)$", "{1}"},
        {"a digit may begin it", "id {} n {}", {{"a1", "2"}, {"b", "3"}}, "n? ?(\\d)", "slow"},
        {"part of a slot", "id {}", {{"ab12"}, {"cd34"}}, "id ([a-z]+)", "slow"},
        {"a group that takes no part", "a {}", {{"x"}}, "a (?:(\\d+)|(x))", "-|{0}"},
        {"nothing to find", "a {}", {{"x"}, {"yy"}}, "(\\d+)", "miss"},
        {"an empty value", "a {} b", {{""}, {"x"}}, "a (\\S*) b", "slow"},
        {"a word boundary is not for this machine", "a {}", {{"x"}}, "\\b(x)", "slow"},
        {"case folding neither", "a {}", {{"x"}}, "(?i)(X)", "slow"},
        {"beyond ASCII", "\xC3\xA9t\xC3\xA9 {}", {{"a"}, {"b"}}, "(\\S+) .", "\xC3\xA9t\xC3\xA9"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.name);
        const Case lines = spelled(row.shape, row.rows);
        const Regex regex = *Regex::compile(row.regex);
        const auto needed = std::make_unique<bool[]>(regex.group_names().size());
        const std::span<bool> all(needed.get(), regex.group_names().size());
        std::fill(all.begin(), all.end(), true);
        const auto program = RegexProgram::compile(regex.pattern(), all);
        const Binding got = program ? bind_regex(*program, lines.family()) : Binding{};
        CHECK(words(got) == row.expected);
        CHECK(regex_mistake(regex, all, got, lines) == "");
    }
}

TEST_CASE("a group that nobody needs may end anywhere") {
    const Case lines = spelled("id {} {}", {{"ab12", "x"}, {"cd34", "y"}});
    const Regex regex = *Regex::compile("id ([a-z]+)\\d+ (\\S+)");
    const bool all[] = {true, true};
    const bool second[] = {false, true};
    CHECK(bind_regex(*RegexProgram::compile(regex.pattern(), all), lines.family()).verdict ==
          Verdict::kSlow);
    // Still undecided: whether the machine is among letters or digits differs inside the slot.
    CHECK(bind_regex(*RegexProgram::compile(regex.pattern(), second), lines.family()).verdict ==
          Verdict::kSlow);
    const Regex wide = *Regex::compile("id (\\w)\\w+ (\\S+)");
    CHECK(bind_regex(*RegexProgram::compile(wide.pattern(), all), lines.family()).verdict ==
          Verdict::kSlow);
}

TEST_CASE("random families: globs bind as the chain of finds does on every line") {
    SeededDice dice(seed());
    std::uint64_t rows = 0, cases = 0, decided = 0, matches = 0;
    for (; rows < rows_wanted(); ++cases) {
        const Case lines = random_case(dice);
        const std::string pattern = random_glob(dice, lines);
        const Glob glob = *Glob::compile(pattern);
        const Binding got = bind_glob(glob, lines.family());
        const std::string text = random_text(dice, lines.alphabet, 1, 3);
        const Verdict contains = decide_contains(text, lines.family());
        rows += lines.rows.size();
        decided += got.verdict != Verdict::kSlow ? 1 : 0;
        matches += got.verdict == Verdict::kMatch ? 1 : 0;
        CAPTURE(cases);
        CAPTURE(pattern);
        REQUIRE(glob_mistake(glob, got, lines) == "");
        REQUIRE(contains_mistake(text, contains, lines) == "");
    }
    MESSAGE(rows << " lines, " << cases << " globs, " << decided << " decided, " << matches
                 << " bound");
    CHECK(decided * 4 > cases);
    CHECK(matches * 20 > cases);
}

TEST_CASE("random families: regexes bind as RE2 does on every line") {
    SeededDice dice(seed());
    std::uint64_t rows = 0, cases = 0, decided = 0, matches = 0, machines = 0, searched = 0;
    for (; rows < rows_wanted(); ++cases) {
        const Case lines = random_case(dice);
        const std::string pattern = RegexMaker(dice, lines).run();
        CAPTURE(cases);
        CAPTURE(pattern);
        const auto regex = Regex::compile(pattern);
        REQUIRE(regex);
        bool needed[64] = {};
        const std::size_t groups = regex->group_names().size();
        REQUIRE(groups <= std::size(needed));
        for (std::size_t i = 0; i < groups; ++i) needed[i] = dice.chance(70);
        const std::span<const bool> wanted(needed, groups);
        const auto program = RegexProgram::compile(regex->pattern(), wanted);
        const Binding got = program ? bind_regex(*program, lines.family()) : Binding{};
        rows += lines.rows.size();
        decided += got.verdict != Verdict::kSlow ? 1 : 0;
        matches += got.verdict == Verdict::kMatch ? 1 : 0;
        REQUIRE(regex_mistake(*regex, wanted, got, lines) == "");
        if (!program) continue;
        if (const auto machine = SearchMachine::make(*program)) {
            ++machines;
            searched += machine->decide(lines.family()) != Verdict::kSlow ? 1U : 0U;
            REQUIRE(search_mistake(*regex, *machine, lines) == "");
        }
        // The machine itself against RE2: each line as a family of one constant.
        for (const auto& row : lines.rows) {
            const std::string line = lines.line(row);
            CAPTURE(line);
            const Piece whole[] = {{line, kConstantPiece}};
            Case alone;
            alone.pieces.assign(std::begin(whole), std::end(whole));
            alone.rows = {{}};
            const Binding one = bind_regex(*program, alone.family());
            REQUIRE(one.verdict != Verdict::kSlow);
            REQUIRE(regex_mistake(*regex, wanted, one, alone) == "");
        }
    }
    MESSAGE(rows << " lines, " << cases << " regexes, " << decided << " decided, " << matches
                 << " bound, " << searched << " searches of " << machines << " decided");
    CHECK(machines * 2 > cases);
    CHECK(searched * 10 > machines);
    CHECK(decided * 10 > cases);
    CHECK(matches * 40 > cases);
}

TEST_CASE("a search as a machine: few states, the ends of the text, and none where they explode") {
    struct Row {
        std::string_view regex;
        std::vector<std::string> found, not_found;
        bool made = true;
    };
    const Row rows[] = {
        {"user.*list", {"user-list", "xuserlisty"}, {"", "list user", "user\nlist"}},
        {"[0-9]{3}\\.[0-9]+ 50[0-9]", {"123.4 500", "x1234.56 509 y"}, {"12.34 500", "123.4 510"}},
        {"^ab$", {"ab"}, {"abb", "aab", "ab\n", ""}},
        {"^", {"", "x"}, {}},
        {"$", {"", "x"}, {}},
        {"^$", {""}, {"x"}},
        {"x$|^y", {"ax", "ya", "y"}, {"xa", "ay"}},
        {"(a|b)*c", {"c", "abac"}, {"", "ab"}},
        {"a.{12}b", {}, {}, false},
    };
    for (const Row& row : rows) {
        CAPTURE(row.regex);
        const auto program = RegexProgram::compile(Regex::compile(row.regex)->pattern(), {});
        REQUIRE(program);
        const auto machine = SearchMachine::make(*program);
        REQUIRE(machine.has_value() == row.made);
        for (const bool found : {true, false}) {
            for (const std::string& line : found ? row.found : row.not_found) {
                CAPTURE(line);
                const auto outcome = machine->outcome(machine->run(machine->start(), line));
                CHECK(outcome == (found ? SearchMachine::kMatches : SearchMachine::kMisses));
            }
        }
    }
}

TEST_CASE("patterns that explode give up") {
    const std::string wide(40, 'a');
    std::string pattern = "(";
    for (int i = 0; i < 40; ++i) pattern += "a?";
    pattern += wide + ")x";
    const Regex regex = *Regex::compile(pattern);
    const bool needed[] = {true};
    const auto program = RegexProgram::compile(regex.pattern(), needed);
    REQUIRE(program);
    const std::string line(40'000, 'a');
    const Piece pieces[] = {{line, kConstantPiece}};
    CHECK(bind_regex(*program, {pieces, {}}).verdict == Verdict::kSlow);
    CHECK_FALSE(RegexProgram::compile("(?:a{1000}){1000}", {}));
}
