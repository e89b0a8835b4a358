// SPDX-License-Identifier: Apache-2.0
// What is decided once for a family of lines is what the chain of finds and RE2 find on each line.
#include <cstddef>
#include <cstdint>

#include "base/assert.h"
#include "insights/symbolic/test_families.h"

namespace {

using namespace sky::insights;
using namespace sky::insights::symbolic;
using namespace sky::insights::symbolic::testing;

/// The fuzzer's bytes, then zeros.
class FuzzDice final : public Dice {
public:
    FuzzDice(const std::uint8_t* data, std::size_t size) : data_(data), left_(size) {}
    std::uint64_t below(std::uint64_t bound) override {
        if (left_ == 0) return 0;
        --left_;
        return *data_++ % bound;
    }

private:
    const std::uint8_t* data_;
    std::size_t left_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    FuzzDice dice(data, size);
    const bool globs = dice.chance(50);
    const Case lines = random_case(dice);
    if (globs) {
        const auto glob = Glob::compile(random_glob(dice, lines));
        SKY_ASSERT(glob.has_value(), "random globs are well formed");
        const Binding got = bind_glob(*glob, lines.family());
        SKY_ASSERT(glob_mistake(*glob, got, lines).empty(), "globs: fast equals slow");
        const std::string text = random_text(dice, lines.alphabet, 1, 4);
        const Verdict contains = decide_contains(text, lines.family());
        SKY_ASSERT(contains_mistake(text, contains, lines).empty(), "substrings: fast equals slow");
        return 0;
    }
    const auto regex = Regex::compile(RegexMaker(dice, lines).run());
    SKY_ASSERT(regex.has_value(), "random regexes are well formed");
    bool needed[64] = {};
    const std::size_t groups = regex->group_names().size();
    SKY_ASSERT(groups <= sizeof(needed), "random regexes are short");
    for (std::size_t i = 0; i < groups; ++i) needed[i] = dice.chance(70);
    const std::span<const bool> wanted(needed, groups);
    const auto program = RegexProgram::compile(regex->pattern(), wanted);
    if (!program) return 0;
    const Binding got = bind_regex(*program, lines.family());
    SKY_ASSERT(regex_mistake(*regex, wanted, got, lines).empty(), "regexes: fast equals slow");
    if (const auto machine = SearchMachine::make(*program)) {
        SKY_ASSERT(search_mistake(*regex, *machine, lines).empty(), "searches: fast equals slow");
    }
    return 0;
}
