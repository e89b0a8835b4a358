// SPDX-License-Identifier: Apache-2.0
// Which texts every match of a pattern contains: what the search in whole columns and chunks goes
// by.
#include <algorithm>

#include "logs/patterns/compiled.h"
#include "logs/patterns/limits.h"

namespace sky::logs {
namespace {

using Impl = FilterPattern::Impl;
using Clauses = std::vector<Clause>;

/// JSON can write an ASCII character so as well; text without escapes is then not in the message.
constexpr std::string_view kEscape = "\\u00";

/// Whether JSON writes the character as itself or behind kEscape, and in no other way.
bool is_sure_in_json(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x20 && byte < 0x7F && c != '"' && c != '\\' && c != '/';
}

std::string longest_sure_run(std::string_view text) {
    std::string_view best;
    for (std::size_t begin = 0; begin < text.size();) {
        std::size_t end = begin;
        while (end < text.size() && is_sure_in_json(text[end])) ++end;
        if (end - begin > best.size()) best = text.substr(begin, end - begin);
        begin = end + 1;
    }
    return std::string(best);
}

std::size_t shortest(const Clause& clause) {
    std::size_t least = limits::kPatternBytesMax;
    for (const std::string& text : clause.texts)
        if (text != kEscape) least = std::min(least, text.size());
    return least;
}

/// The texts of values are rarer than those of keys; long ones are rarer than short ones.
bool is_better(const Clause& a, const Clause& b) {
    if (a.of_value != b.of_value) return a.of_value;
    if (a.texts.size() != b.texts.size() && std::max(a.texts.size(), b.texts.size()) > 2)
        return a.texts.size() < b.texts.size();
    return shortest(a) > shortest(b);
}

void add(Clauses& to, std::string text, bool json, bool of_value) {
    if (json) text = longest_sure_run(text);
    if (text.empty()) return;
    Clause clause{{std::move(text)}, of_value};
    if (json) clause.texts.emplace_back(kEscape);
    to.push_back(std::move(clause));
}

Clauses of_condition(const Impl& pattern, const Condition& condition) {
    Clauses out;
    const bool json = pattern.kind == Impl::Kind::kJson;
    if (condition.comparison == Comparison::kNotExists) return out;
    if (json)
        for (const JsonStep& step : pattern.selectors[condition.subject].steps)
            if (step.kind == JsonStep::Kind::kName &&
                std::all_of(step.name.begin(), step.name.end(), is_sure_in_json)) {
                Clause key{{"\"" + step.name + "\"", std::string(kEscape)}, false};
                out.push_back(std::move(key));
            }
    if (condition.comparison != Comparison::kEqual) return out;
    if (condition.regex) add(out, condition.regex->required(), json, true);
    if (condition.has_number || !condition.text) return out;  // 4e2 is 400.
    for (const std::string& part : condition.text->parts()) add(out, part, json, true);
    return out;
}

Clauses of_node(const Impl& pattern, const Formula& formula, std::size_t index) {
    const Formula::Node& node = formula.node(index);
    if (node.kind == Formula::Node::Kind::kCondition)
        return of_condition(pattern, pattern.conditions[node.left]);
    Clauses left = of_node(pattern, formula, node.left);
    Clauses right = of_node(pattern, formula, node.right);
    if (node.kind == Formula::Node::Kind::kAnd) {
        std::move(right.begin(), right.end(), std::back_inserter(left));
        return left;
    }
    if (left.empty() || right.empty()) return {};
    Clause one = *std::min_element(left.begin(), left.end(), is_better);
    const Clause& other = *std::min_element(right.begin(), right.end(), is_better);
    one.of_value = one.of_value && other.of_value;
    one.texts.insert(one.texts.end(), other.texts.begin(), other.texts.end());
    std::sort(one.texts.begin(), one.texts.end());
    one.texts.erase(std::unique(one.texts.begin(), one.texts.end()), one.texts.end());
    if (one.texts.size() > limits::kClauseTextsMax) return {};
    return {std::move(one)};
}

/// What a term needs; empty when nothing is known.
const std::string& needed(const Impl::Term& term) {
    return term.regex ? term.regex->required() : term.text;
}

}  // namespace

void add_clauses(Impl& pattern) {
    Clauses& out = pattern.clauses;
    for (const Impl::Term& term : pattern.all) add(out, needed(term), false, true);
    if (!pattern.any.empty() && pattern.any.size() <= limits::kClauseTextsMax) {
        Clause clause;
        for (const Impl::Term& term : pattern.any) clause.texts.push_back(needed(term));
        const bool known = std::none_of(clause.texts.begin(), clause.texts.end(),
                                        [](const std::string& text) { return text.empty(); });
        if (known) out.push_back(std::move(clause));
    }
    if (pattern.kind == Impl::Kind::kJson)
        out = of_node(pattern, pattern.formula, pattern.formula.root());
    for (const Impl::Item& item : pattern.items) {
        if (!item.has_formula) continue;
        Clauses more = of_node(pattern, item.formula, item.formula.root());
        std::move(more.begin(), more.end(), std::back_inserter(out));
    }
    std::stable_sort(out.begin(), out.end(), is_better);
}

}  // namespace sky::logs
