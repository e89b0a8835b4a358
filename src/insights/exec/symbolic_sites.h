// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/insights/exec/symbolic_sites.h - where a plan asks something of @message that
              // can be decided for a whole family of lines.

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "insights/plan/plan.h"
#include "insights/symbolic/family.h"
#include "insights/symbolic/regex_program.h"
#include "insights/symbolic/search_machine.h"

namespace sky::insights {

/// One question: a parse, a `like` or a `=~` of the whole message. Immutable; any thread.
struct SymbolicSite {
    /// What asks: a ParseStep or a BoundExpr of the plan.
    const void* asker = nullptr;
    const Glob* glob = nullptr;  // One of the three.
    std::string substring;       // Not empty.
    std::optional<symbolic::RegexProgram> regex;
    std::span<const std::string> literals;  // Of the regex: what every match contains.
    const Regex* search = nullptr;          // Of a `=~`: the regex itself,
    /// and as a machine, where it is a small one.
    std::optional<symbolic::SearchMachine> machine = {};

    symbolic::Binding decide(const symbolic::Family& family) const;
    /// Bytes that the question tells apart have different classes; 0 is one of them.
    std::uint8_t class_of(unsigned char byte) const { return classes[byte]; }
    std::array<std::uint8_t, 256> classes{};
};

/// The questions of steps [0, count). Pointers into the plan, which outlives them.
std::vector<SymbolicSite> symbolic_sites(const Plan& plan, std::size_t count);

/// Whether the step is a filter whose every question is one of the sites.
bool asks_only(const Step& step, std::span<const SymbolicSite> sites);

/// A field that filters ask to be one text, which is no number and no boolean.
struct RequiredField {
    std::size_t name = 0;  // Index into the slots given.
    std::string text;
};

/// What a row must be to pass the filters of steps [0, count); of these slots.
std::vector<RequiredField> required_fields(const Plan& plan, std::size_t count,
                                           const std::vector<std::uint32_t>& slots);

}  // namespace sky::insights
