// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/logs/patterns/compiled.h - a parsed filter pattern, as the matcher reads it.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "logs/patterns/condition.h"
#include "logs/patterns/filter_pattern.h"
#include "logs/patterns/json_event.h"

namespace sky::logs {

/// Texts of which every matching message contains at least one, byte for byte.
struct Clause {
    std::vector<std::string> texts;
    bool of_value = true;  // False: of a key, which most messages have.
};

struct FilterPattern::Impl {
    enum class Kind : std::uint8_t { kEverything, kTerms, kJson, kFields };
    Kind kind = Kind::kEverything;

    struct Term {
        std::string text;
        std::optional<PatternRegex> regex;
        bool is_in(std::string_view message) const;
    };
    std::vector<Term> all, none, any;  // `any` is empty where `all` or `none` is not.

    std::vector<Condition> conditions;
    Formula formula;                      // kJson.
    std::vector<JsonSelector> selectors;  // kJson; a condition's subject is one of them.

    struct Item {
        std::string name;  // Empty: without one.
        bool has_formula = false;
        Formula formula;
        std::size_t conditions_begin = 0, conditions_end = 0;
    };
    std::vector<Item> items;         // kFields.
    std::optional<std::size_t> gap;  // "..." stands before this item.

    std::vector<Clause> clauses;  // Each holds for every match.
    std::size_t regexes = 0;
};

/// Errors: as FilterPattern::compile(). `clauses` is left to add_clauses().
Result<FilterPattern::Impl> parse_pattern(std::string_view text);
void add_clauses(FilterPattern::Impl& pattern);

}  // namespace sky::logs
