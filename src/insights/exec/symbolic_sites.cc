// SPDX-License-Identifier: Apache-2.0
#include "insights/exec/symbolic_sites.h"

#include <algorithm>

#include "columnar/decimal.h"
#include "insights/symbolic/symbolic_glob.h"
#include "insights/symbolic/symbolic_regex.h"

namespace sky::insights {
namespace {

bool is_message(const Plan& plan, const BoundExpr& expr) {
    return expr.kind == BoundExpr::Kind::kSlot && plan.slots[expr.slot].kind == SlotKind::kMessage;
}

/// Each byte of the text gets a class of its own.
void tell_apart(std::string_view text, SymbolicSite& site) {
    std::uint8_t last = *std::max_element(site.classes.begin(), site.classes.end());
    for (const char c : text) {
        std::uint8_t& of = site.classes[static_cast<unsigned char>(c)];
        if (of == 0 && last < 255) of = ++last;
    }
}

bool is_message_like(const Plan& plan, const BoundExpr& expr) {
    return expr.kind == BoundExpr::Kind::kLike && is_message(plan, expr.args[0]) &&
           expr.args[1].kind == BoundExpr::Kind::kConstant &&
           expr.args[1].constant.kind == Kind::kText && !expr.args[1].text.empty();
}

void add_required(const BoundExpr& expr, const std::vector<std::uint32_t>& slots,
                  std::vector<RequiredField>& out) {
    if (expr.kind == BoundExpr::Kind::kAnd) {
        for (const BoundExpr& arg : expr.args) add_required(arg, slots, out);
    }
    if (expr.kind != BoundExpr::Kind::kCompare || expr.comparison != Comparison::kEqual) return;
    for (const std::size_t side : {std::size_t{0}, std::size_t{1}}) {
        const BoundExpr& field = expr.args[side];
        const BoundExpr& text = expr.args[1 - side];
        if (field.kind != BoundExpr::Kind::kSlot || text.kind != BoundExpr::Kind::kConstant ||
            text.constant.kind != Kind::kText) {
            continue;
        }
        // Numbers are compared as such, and booleans are texts as well as numbers.
        columnar::ParsedNumber number;
        const std::string& wanted = text.text;
        if (columnar::parse_number(wanted, number) || wanted == "true" || wanted == "false") {
            continue;
        }
        const auto at = std::find(slots.begin(), slots.end(), field.slot);
        if (at == slots.end()) continue;
        out.push_back({static_cast<std::size_t>(at - slots.begin()), wanted});
    }
}

void add_regex(const void* asker, const Regex& regex, std::span<const bool> needed,
               std::vector<SymbolicSite>& out) {
    SymbolicSite site;
    site.asker = asker;
    site.regex = symbolic::RegexProgram::compile(regex.pattern(), needed);
    site.literals = regex.literals();
    if (!site.regex) return;
    for (std::size_t byte = 0; byte < 256; ++byte) {
        site.classes[byte] = site.regex->class_of(static_cast<char>(byte));
    }
    out.push_back(std::move(site));
}

void add_expression(const Plan& plan, const BoundExpr& expr, std::vector<SymbolicSite>& out) {
    if (is_message_like(plan, expr)) {
        SymbolicSite site;
        site.asker = &expr;
        site.substring = expr.args[1].text;
        tell_apart(site.substring, site);
        out.push_back(std::move(site));
    } else if (expr.kind == BoundExpr::Kind::kMatches && is_message(plan, expr.args[0])) {
        const std::size_t before = out.size();
        add_regex(&expr, *expr.regex, {}, out);
        if (out.size() > before) {
            out.back().search = expr.regex.get();
            out.back().machine = symbolic::SearchMachine::make(*out.back().regex);
        }
    }
    for (const BoundExpr& arg : expr.args) add_expression(plan, arg, out);
}

void add_parse(const Plan& plan, const ParseStep& parse, std::vector<SymbolicSite>& out) {
    if (!is_message(plan, parse.source)) {
        add_expression(plan, parse.source, out);
        return;
    }
    if (parse.regex != nullptr) {
        const auto needed = std::make_unique<bool[]>(parse.slots.size());
        for (std::size_t i = 0; i < parse.slots.size(); ++i) needed[i] = parse.slots[i] != kNoSlot;
        add_regex(&parse, *parse.regex, {needed.get(), parse.slots.size()}, out);
    } else if (parse.glob != nullptr) {
        SymbolicSite site;
        site.asker = &parse;
        site.glob = parse.glob.get();
        for (const std::string& literal : parse.glob->literals()) tell_apart(literal, site);
        if (parse.glob->literals().back().empty()) tell_apart("\r\n", site);
        out.push_back(std::move(site));
    }
}

bool asks_only(const BoundExpr& expr, std::span<const SymbolicSite> sites) {
    const bool joins = expr.kind == BoundExpr::Kind::kAnd || expr.kind == BoundExpr::Kind::kOr ||
                       expr.kind == BoundExpr::Kind::kNot;
    if (joins) {
        return std::all_of(expr.args.begin(), expr.args.end(),
                           [&](const BoundExpr& arg) { return asks_only(arg, sites); });
    }
    return std::any_of(sites.begin(), sites.end(),
                       [&](const SymbolicSite& site) { return site.asker == &expr; });
}

}  // namespace

symbolic::Binding SymbolicSite::decide(const symbolic::Family& family) const {
    if (glob != nullptr) return symbolic::bind_glob(*glob, family);
    if (machine) return {machine->decide(family), {}};
    // Most families lack some word of the regex, which is told sooner than by running it.
    for (const std::string& literal : literals)
        if (symbolic::decide_contains(literal, family) == symbolic::Verdict::kMiss)
            return {symbolic::Verdict::kMiss, {}};
    if (regex) return symbolic::bind_regex(*regex, family);
    return {symbolic::decide_contains(substring, family), {}};
}

std::vector<SymbolicSite> symbolic_sites(const Plan& plan, std::size_t count) {
    std::vector<SymbolicSite> out;
    for (std::size_t i = 0; i < count; ++i) {
        const Step& step = plan.steps[i];
        if (const auto* parse = std::get_if<ParseStep>(&step)) {
            add_parse(plan, *parse, out);
        } else if (const auto* filter = std::get_if<FilterStep>(&step)) {
            add_expression(plan, filter->condition, out);
        } else if (const auto* compute = std::get_if<ComputeStep>(&step)) {
            add_expression(plan, compute->expr, out);
        }
    }
    return out;
}

bool asks_only(const Step& step, std::span<const SymbolicSite> sites) {
    const auto* const filter = std::get_if<FilterStep>(&step);
    return filter != nullptr && asks_only(filter->condition, sites);
}

std::vector<RequiredField> required_fields(const Plan& plan, std::size_t count,
                                           const std::vector<std::uint32_t>& slots) {
    std::vector<RequiredField> out;
    for (std::size_t i = 0; i < count; ++i) {
        if (const auto* filter = std::get_if<FilterStep>(&plan.steps[i])) {
            add_required(filter->condition, slots, out);
        }
    }
    return out;
}

}  // namespace sky::insights
