// SPDX-License-Identifier: Apache-2.0
#include "insights/exec/required_texts.h"

#include <algorithm>

#include "columnar/decimal.h"
#include "insights/exec/limits.h"

namespace sky::insights {
namespace {

/// How a column's texts stand in the message.
enum class Origin : std::uint8_t {
    kOther,  // Not there, or nobody knows.
    kPart,   // As they are: the message itself, and what a parse took out of it.
    kFound,  // As they are, but for what JSON writes in another way.
};

/// JSON can write an ASCII character so as well; text without escapes is then not in the message.
constexpr std::string_view kEscape = "\\u00";

/// Whether JSON writes it as itself or behind kEscape, and it stands inside one value.
bool is_sure_in_json(char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' ||
           c == '_' || c == '.';
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

bool is_number(std::string_view text) {
    columnar::ParsedNumber parsed{};
    return columnar::parse_number(text, parsed);
}

class Reader {
public:
    explicit Reader(const Plan& plan) : origins_(plan.slots.size(), Origin::kOther) {
        for (std::size_t i = 0; i < plan.slots.size(); ++i) {
            if (plan.slots[i].kind == SlotKind::kMessage) origins_[i] = Origin::kPart;
            if (plan.slots[i].kind == SlotKind::kDiscovered) origins_[i] = Origin::kFound;
        }
    }

    /// Steps come in their order.
    void read(const Step& step, std::vector<AnyText>& out) {
        if (const auto* filter = std::get_if<FilterStep>(&step)) {
            of_condition(filter->condition, out);
        } else if (const auto* compute = std::get_if<ComputeStep>(&step)) {
            origins_[compute->slot] = origin(compute->expr);
        } else if (const auto* parse = std::get_if<ParseStep>(&step)) {
            const Origin of = origin(parse->source);
            for (const std::uint32_t slot : parse->slots)
                if (slot != kNoSlot) origins_[slot] = of;
        }
    }

private:
    Origin origin(const BoundExpr& expr) const {
        return expr.kind == BoundExpr::Kind::kSlot ? origins_[expr.slot] : Origin::kOther;
    }

    /// The clause that a text of this origin makes; empty: none.
    static AnyText clause(Origin origin, std::string_view text) {
        if (origin == Origin::kOther) return {};
        if (origin == Origin::kPart) return text.empty() ? AnyText{} : AnyText{std::string(text)};
        std::string sure = longest_sure_run(text);
        if (sure.empty()) return {};
        return {std::move(sure), std::string(kEscape)};
    }

    static void add(AnyText made, std::vector<AnyText>& out) {
        if (!made.empty()) out.push_back(std::move(made));
    }

    void of_equality(const BoundExpr& column, const BoundExpr& constant,
                     std::vector<AnyText>& out) const {
        if (constant.kind != BoundExpr::Kind::kConstant || constant.constant.kind != Kind::kText ||
            is_number(constant.text))  // 4e2 is 400.
            return;
        add(clause(origin(column), constant.text), out);
    }

    /// One of the texts must be there, where each of them asks for something.
    void of_set(const BoundExpr& expr, std::vector<AnyText>& out) const {
        AnyText any;
        const std::vector<std::string_view> texts = expr.set->only_texts();
        for (const std::string_view text : texts) {
            const AnyText one = clause(origin(expr.args[0]), text);
            if (one.empty()) return;
            any.insert(any.end(), one.begin(), one.end());
        }
        if (any.size() <= kRequiredTextsMax) add(std::move(any), out);
    }

    /// What every branch asks for: the first of each.
    void of_or(const BoundExpr& expr, std::vector<AnyText>& out) const {
        AnyText any;
        for (const BoundExpr& arg : expr.args) {
            std::vector<AnyText> branch;
            of_condition(arg, branch);
            if (branch.empty()) return;
            any.insert(any.end(), branch.front().begin(), branch.front().end());
        }
        if (any.size() <= kRequiredTextsMax) add(std::move(any), out);
    }

    void of_condition(const BoundExpr& expr, std::vector<AnyText>& out) const {
        switch (expr.kind) {
            case BoundExpr::Kind::kAnd:
                for (const BoundExpr& arg : expr.args) of_condition(arg, out);
                return;
            case BoundExpr::Kind::kOr:
                return of_or(expr, out);
            case BoundExpr::Kind::kLike:
                if (expr.args[1].kind == BoundExpr::Kind::kConstant &&
                    expr.args[1].constant.kind == Kind::kText)
                    add(clause(origin(expr.args[0]), expr.args[1].text), out);
                return;
            case BoundExpr::Kind::kMatches:
                return add(clause(origin(expr.args[0]), expr.regex->required()), out);
            case BoundExpr::Kind::kCompare:
                if (expr.comparison != Comparison::kEqual) return;
                of_equality(expr.args[0], expr.args[1], out);
                return of_equality(expr.args[1], expr.args[0], out);
            case BoundExpr::Kind::kIn:
                if (expr.side == kNoSide && expr.set != nullptr) of_set(expr, out);
                return;
            default:
                return;
        }
    }

    std::vector<Origin> origins_;  // By slot.
};

}  // namespace

std::vector<AnyText> required_texts(const Plan& plan, std::size_t count) {
    std::vector<AnyText> out;
    Reader reader(plan);
    for (std::size_t i = 0; i < count; ++i) reader.read(plan.steps[i], out);
    return out;
}

}  // namespace sky::insights
