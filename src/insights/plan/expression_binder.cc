// SPDX-License-Identifier: Apache-2.0
#include "insights/plan/expression_binder.h"

#include <fmt/format.h>

#include <array>
#include <cmath>

#include "columnar/decimal.h"
#include "insights/functions/discover.h"
#include "insights/functions/limits.h"
#include "insights/functions/period.h"
#include "insights/plan/limits.h"
#include "insights/syntax/lexer.h"
#include "insights/syntax/parser.h"
#include "insights/syntax/texts.h"

namespace sky::insights {
namespace {

struct AutomaticField {
    std::string_view name;
    SlotKind kind;
    std::string_view help;  // Of docs/query-language.md.
};
// logs-insights-ql.md 9. Those without a kind are known names that no event here has.
constexpr auto kAutomaticFields = std::to_array<AutomaticField>({
    {"@timestamp", SlotKind::kTimestamp, "When the event happened, as its sender says."},
    {"@ingestionTime", SlotKind::kIngestionTime, "When the event was received."},
    {"@message", SlotKind::kMessage, "The event's text as it was sent."},
    {"@logStream", SlotKind::kLogStream, "Name of the log stream."},
    {"@log", SlotKind::kLog, "Account and name of the log group: `123456789012:/shop`."},
    {"@ptr", SlotKind::kPointer, "The event's pointer, which GetLogRecord takes."},
    {"@aws.account", SlotKind::kAccount, "Account of the log group."},
    {"@aws.region", SlotKind::kRegion, "Region of the log group."},
    {"@source.log", SlotKind::kGroupName, "Name of the log group alone: `/shop`."},
    {"@data_source_name", SlotKind::kMissing,
     "Missing: the name of the AWS service that delivers a log; events sent by PutLogEvents have "
     "none."},
    {"@data_source_type", SlotKind::kMissing,
     "Missing, likewise: which of that service's logs it is."},
    {"@data_format", SlotKind::kMissing, "Missing, likewise: the schema of that log."},
});

BoundExpr make(BoundExpr::Kind kind, std::vector<BoundExpr> args) {
    BoundExpr made;
    made.kind = kind;
    made.args = std::move(args);
    return made;
}

BoundExpr negated(BoundExpr operand) {
    BoundExpr made;
    made.kind = BoundExpr::Kind::kNot;
    made.args.push_back(std::move(operand));
    return made;
}

const Expr& without_group(const Expr& expr) {
    const Expr* at = &expr;
    while (at->kind == Expr::Kind::kGroup) at = &at->args[0];
    return *at;
}

std::string plural(std::size_t count, std::string_view noun) {
    return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string arity_text(std::string_view name, std::size_t least, std::size_t most,
                       std::size_t given) {
    const std::string wanted = least == most ? plural(least, "argument")
                               : most == kArgsUnbounded
                                   ? fmt::format("at least {}", plural(least, "argument"))
                                   : fmt::format("{} to {} arguments", least, most);
    return fmt::format(texts::kArity, name, wanted, given);
}

bool same_name(std::string_view a, std::string_view b) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                              [&](char x, char y) { return lower(x) == lower(y); });
}

void lower_calls(Expr& expr) {
    if (expr.kind == Expr::Kind::kCall) {
        for (char& c : expr.text) {
            if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
        }
    }
    for (Expr& arg : expr.args) lower_calls(arg);
}

}  // namespace

BoundExpr slot_expr(std::uint32_t slot) {
    BoundExpr made;
    made.kind = BoundExpr::Kind::kSlot;
    made.slot = slot;
    return made;
}

BoundExpr text_constant(std::string text) {
    BoundExpr made;
    made.text = std::move(text);
    made.constant.kind = Kind::kText;
    return made;
}

BoundExpr number_constant(double number) {
    BoundExpr made;
    made.constant = Value::of_number(number);
    return made;
}

BoundExpr call_expr(const FunctionDef& function, std::vector<BoundExpr> args) {
    BoundExpr made = make(BoundExpr::Kind::kCall, std::move(args));
    made.function = &function;
    return made;
}

std::string expression_key(const Expr& expr) {
    Expr copy = without_group(expr);
    lower_calls(copy);
    return print(copy);
}

bool is_time_bin(const Expr& whole, const Scope& scope) {
    const Expr& expr = without_group(whole);
    const Scope::Named* named = scope.expression(expression_key(expr));
    if (named == nullptr && expr.kind == Expr::Kind::kField) named = scope.column(expr.text);
    if (named != nullptr) return named->time_bin;
    return expr.kind == Expr::Kind::kCall &&
           (same_name(expr.text, "bin") || same_name(expr.text, "datefloor") ||
            same_name(expr.text, "dateceil"));
}

std::unexpected<Error> ExpressionBinder::error_at(Span span, std::string_view what) const {
    return malformed(text_, span, what);
}

Result<std::uint32_t> ExpressionBinder::new_slot(std::string name) {
    if (plan_.slots.size() >= kPlanSlotsMax) {
        return fail(ErrorCode::kMalformedQuery, fmt::format(texts::kColumnsMax, kPlanSlotsMax), 0,
                    static_cast<std::int64_t>(text_.size()));
    }
    plan_.slots.push_back({SlotKind::kComputed, std::move(name)});
    return static_cast<std::uint32_t>(plan_.slots.size() - 1);
}

std::uint32_t ExpressionBinder::missing_slot() {
    if (missing_slot_ == kNoSlot) {
        plan_.slots.push_back({SlotKind::kMissing, ""});
        missing_slot_ = static_cast<std::uint32_t>(plan_.slots.size() - 1);
    }
    return missing_slot_;
}

Result<std::uint32_t> ExpressionBinder::event_slot(std::string_view name) {
    if (const auto known = event_slots_.find(name); known != event_slots_.end()) {
        return known->second;
    }
    SlotKind kind = SlotKind::kMissing;
    for (const AutomaticField& field : kAutomaticFields) {
        if (field.name == name) kind = field.kind;
    }
    if (kind == SlotKind::kMissing && is_discoverable(name)) kind = SlotKind::kDiscovered;
    if (kind == SlotKind::kMissing) return missing_slot();
    const std::uint32_t slot = SKY_TRY(new_slot(std::string(name)));
    plan_.slots[slot].kind = kind;
    event_slots_.emplace(name, slot);
    return slot;
}

Result<BoundExpr> ExpressionBinder::field(std::string_view written, const Scope& scope) {
    const std::string_view name = scope.plain(written);
    if (const auto found = scope.find(name)) {
        if (found->path.empty()) return slot_expr(found->named.slot);
        BoundExpr member = make(BoundExpr::Kind::kMember, {slot_expr(found->named.slot)});
        member.text = found->path;
        return member;
    }
    if (!scope.events()) return slot_expr(missing_slot());
    return slot_expr(SKY_TRY(event_slot(name)));
}

Result<std::shared_ptr<const Regex>> ExpressionBinder::regex(const Expr& pattern) const {
    auto compiled = Regex::compile(pattern.text);
    if (compiled) return std::make_shared<const Regex>(*std::move(compiled));
    const Error& error = compiled.error();
    Span span = pattern.span;
    if (pattern.kind == Expr::Kind::kRegex && error.offset >= 0) {
        // The pattern begins behind the slash.
        span = {pattern.span.offset + 1 + error.offset, error.length};
    }
    return error_at(span, error.message);
}

Result<BoundExpr> ExpressionBinder::bind(const Expr& expr, const Scope& scope) {
    return expression(expr, {scope});
}

Result<BoundExpr> ExpressionBinder::bind_aggregate(const Expr& expr, const Scope& input,
                                                   const Scope& items, StatsStep& step) {
    return expression(expr, {input, &items, &step});
}

Result<BoundExpr> ExpressionBinder::expression(const Expr& expr, const Context& context) {
    const bool leaf = expr.kind == Expr::Kind::kNumber || expr.kind == Expr::Kind::kString ||
                      expr.kind == Expr::Kind::kBoolean;
    if (!leaf && context.items == nullptr && context.rows.has_expressions()) {
        // A column without alias is named by writing its expression again: sort count(*) desc.
        if (const Scope::Named* named = context.rows.expression(expression_key(expr))) {
            return slot_expr(named->slot);
        }
    }
    switch (expr.kind) {
        case Expr::Kind::kNumber:
            return number(expr, false);
        case Expr::Kind::kString:
            return text_constant(expr.text);
        case Expr::Kind::kBoolean: {
            BoundExpr made;
            made.constant = Value::of_boolean(expr.boolean);
            return made;
        }
        case Expr::Kind::kField:
            if (context.items == nullptr) return field(expr.text, context.rows);
            if (const auto found = context.items->find(expr.text); found && found->path.empty()) {
                return slot_expr(found->named.slot);
            }
            return error_at(expr.span, fmt::format(texts::kStatsItem, expr.text));
        case Expr::Kind::kGroup:
            return expression(expr.args[0], context);
        case Expr::Kind::kUnary:
            return unary(expr, context);
        case Expr::Kind::kBinary:
            return binary(expr, context);
        case Expr::Kind::kCall:
            return call(expr, context);
        case Expr::Kind::kPath: {
            BoundExpr base = SKY_TRY(expression(expr.args[0], context));
            BoundExpr member = make(BoundExpr::Kind::kMember, {});
            member.args.push_back(std::move(base));
            member.text = expr.text;
            return member;
        }
        case Expr::Kind::kPeriod:
            return error_at(expr.span, fmt::format(texts::kPeriodValue, expr.text));
        case Expr::Kind::kStar:
            return error_at(expr.span, texts::kStar);
        case Expr::Kind::kRegex:
        case Expr::Kind::kArray:
        case Expr::Kind::kQuery:
            break;
    }
    return error_at(expr.span, texts::kExpression);
}

Result<BoundExpr> ExpressionBinder::number(const Expr& expr, bool negative) const {
    columnar::ParsedNumber parsed{};
    if (!columnar::parse_number(expr.text, parsed)) {
        return error_at(expr.span, fmt::format(texts::kNumberRange, expr.text));
    }
    BoundExpr made;
    made.text = negative ? "-" + expr.text : expr.text;
    made.constant = Value::of_number(negative ? -parsed.value : parsed.value);
    return made;
}

Result<BoundExpr> ExpressionBinder::unary(const Expr& expr, const Context& context) {
    const Expr& operand = expr.args[0];
    if (expr.op == Op::kNegate && operand.kind == Expr::Kind::kNumber) {
        return number(operand, true);
    }
    BoundExpr bound = SKY_TRY(expression(operand, context));
    if (expr.op == Op::kNot) return negated(std::move(bound));
    BoundExpr made = make(BoundExpr::Kind::kNegate, {});
    made.args.push_back(std::move(bound));
    if (expr.op == Op::kNegate) return made;
    // Unary plus reads its operand as a number: negate twice.
    BoundExpr twice = make(BoundExpr::Kind::kNegate, {});
    twice.args.push_back(std::move(made));
    return twice;
}

Result<BoundExpr> ExpressionBinder::binary(const Expr& expr, const Context& context) {
    if (expr.op == Op::kIn || expr.op == Op::kNotIn) return in(expr, context);
    const Expr& right = expr.args[1];
    const bool regex_match =
        expr.op == Op::kMatch || expr.op == Op::kNotMatch ||
        ((expr.op == Op::kLike || expr.op == Op::kNotLike) && right.kind == Expr::Kind::kRegex);
    BoundExpr made;
    if (regex_match) {
        made.args.push_back(SKY_TRY(expression(expr.args[0], context)));
        made.kind = BoundExpr::Kind::kMatches;
        made.regex = SKY_TRY(regex(right));
        const bool negative = expr.op == Op::kNotMatch || expr.op == Op::kNotLike;
        return negative ? negated(std::move(made)) : std::move(made);
    }
    made.args.reserve(expr.args.size());
    for (const Expr& arg : expr.args) made.args.push_back(SKY_TRY(expression(arg, context)));
    const auto compare = [&](Comparison comparison) {
        made.kind = BoundExpr::Kind::kCompare;
        made.comparison = comparison;
    };
    const auto arithmetic = [&](Arithmetic op) {
        made.kind = BoundExpr::Kind::kArithmetic;
        made.op = op;
    };
    switch (expr.op) {
        case Op::kAdd:
            arithmetic(Arithmetic::kAdd);
            break;
        case Op::kSubtract:
            arithmetic(Arithmetic::kSubtract);
            break;
        case Op::kMultiply:
            arithmetic(Arithmetic::kMultiply);
            break;
        case Op::kDivide:
            arithmetic(Arithmetic::kDivide);
            break;
        case Op::kModulo:
            arithmetic(Arithmetic::kModulo);
            break;
        case Op::kPower:
            arithmetic(Arithmetic::kPower);
            break;
        case Op::kEqual:
            compare(Comparison::kEqual);
            break;
        case Op::kNotEqual:
            compare(Comparison::kNotEqual);
            break;
        case Op::kLess:
            compare(Comparison::kLess);
            break;
        case Op::kLessEqual:
            compare(Comparison::kLessEqual);
            break;
        case Op::kGreater:
            compare(Comparison::kGreater);
            break;
        case Op::kGreaterEqual:
            compare(Comparison::kGreaterEqual);
            break;
        case Op::kLike:
            made.kind = BoundExpr::Kind::kLike;
            break;
        case Op::kNotLike:
            made.kind = BoundExpr::Kind::kLike;
            return negated(std::move(made));
        case Op::kAnd:
            made.kind = BoundExpr::Kind::kAnd;
            break;
        case Op::kOr:
            made.kind = BoundExpr::Kind::kOr;
            break;
        default:
            return error_at(expr.span, texts::kExpression);
    }
    return made;
}

Result<BoundExpr> ExpressionBinder::in(const Expr& expr, const Context& context) {
    BoundExpr needle = SKY_TRY(expression(expr.args[0], context));
    if (expr.args[1].kind == Expr::Kind::kQuery) {
        BoundExpr made = make(BoundExpr::Kind::kIn, {});
        made.args.push_back(std::move(needle));
        made.side = SKY_TRY(bind_side(*expr.args[1].subquery.query, expr.args[1].span));
        return expr.op == Op::kNotIn ? negated(std::move(made)) : std::move(made);
    }
    std::vector<BoundExpr> elements;
    bool constant = true;
    for (const Expr& arg : expr.args[1].args) {
        elements.push_back(SKY_TRY(expression(arg, context)));
        constant = constant && elements.back().kind == BoundExpr::Kind::kConstant;
    }
    BoundExpr made;
    if (constant) {
        std::vector<Value> values;
        for (const BoundExpr& element : elements) values.push_back(element.value());
        made.kind = BoundExpr::Kind::kIn;
        made.set = std::make_shared<const InSet>(values);
        made.args.push_back(std::move(needle));
    } else {
        made.kind = BoundExpr::Kind::kOr;
        for (BoundExpr& element : elements) {
            BoundExpr equal = make(BoundExpr::Kind::kCompare, {});
            equal.comparison = Comparison::kEqual;
            equal.args.push_back(needle);
            equal.args.push_back(std::move(element));
            made.args.push_back(std::move(equal));
        }
        if (made.args.size() == 1) made.args.push_back(made.args[0]);
    }
    return expr.op == Op::kNotIn ? negated(std::move(made)) : std::move(made);
}

Result<BoundExpr> ExpressionBinder::call(const Expr& expr, const Context& context) {
    if (const AggregateDef* def = find_aggregate(expr.text)) {
        return aggregate(expr, *def, context);
    }
    const FunctionDef* function = find_function(expr.text);
    if (function == nullptr) {
        const std::string_view near = nearest_function_name(expr.text);
        return error_at({expr.span.offset, static_cast<std::int64_t>(expr.text.size())},
                        near.empty() ? fmt::format(texts::kUnknownFunction, expr.text)
                                     : fmt::format(texts::kUnknownFunctionNear, expr.text, near));
    }
    return scalar(expr, *function, context);
}

Result<BoundExpr> ExpressionBinder::period(const Expr& expr) const {
    if (expr.kind != Expr::Kind::kPeriod) {
        return error_at(expr.span, texts::kPeriodNeeded);
    }
    if (!parse_period(expr.text)) {
        return error_at(expr.span, fmt::format(texts::kBadPeriod, expr.text));
    }
    BoundExpr made;
    made.text = expr.text;
    made.constant.kind = Kind::kText;
    return made;
}

Result<BoundExpr> ExpressionBinder::scalar(const Expr& expr, const FunctionDef& function,
                                           const Context& context) {
    const std::size_t given = expr.args.size();
    if (given < function.args_min ||
        (function.args_max != kArgsUnbounded && given > function.args_max)) {
        return error_at(expr.span,
                        arity_text(function.name, function.args_min, function.args_max, given));
    }
    BoundExpr made = call_expr(function, {});
    if (function.has(FunctionTrait::kUnmasks)) {
        plan_.unmasks = true;
        plan_.standard_only = "unmask";
    }
    if (function.has(FunctionTrait::kTakesTimestamp)) {
        if (context.items != nullptr) {
            return error_at(expr.span, fmt::format(texts::kNoAggregate, function.name));
        }
        made.args.push_back(SKY_TRY(field("@timestamp", context.rows)));
    }
    for (std::size_t i = 0; i < given; ++i) {
        const bool is_period = function.has(FunctionTrait::kTakesPeriod) && i + 1 == given;
        made.args.push_back(is_period ? SKY_TRY(period(expr.args[i]))
                                      : SKY_TRY(expression(expr.args[i], context)));
    }
    return made;
}

Result<double> ExpressionBinder::aggregate_parameter(const AggregateDef& def,
                                                     const Expr& expr) const {
    if (def.kind == AggregateKind::kRate) {
        SKY_TRY(period(expr));
        const auto ms = fixed_ms(*parse_period(expr.text));
        if (!ms) return error_at(expr.span, fmt::format(texts::kBadPeriod, expr.text));
        return static_cast<double>(*ms);
    }
    columnar::ParsedNumber parsed{};
    const bool number =
        expr.kind == Expr::Kind::kNumber && columnar::parse_number(expr.text, parsed);
    if (def.kind == AggregateKind::kHistogram) {
        constexpr auto kMost = static_cast<double>(limits::kHistogramRangesMax);
        if (!number || parsed.value < 1 || parsed.value > kMost ||
            parsed.value != std::floor(parsed.value)) {
            return error_at(expr.span, fmt::format(texts::kRanges, limits::kHistogramRangesMax));
        }
    } else if (!number || parsed.value > 100) {
        return error_at(expr.span, texts::kPercentile);
    }
    return parsed.value;
}

Result<BoundExpr> ExpressionBinder::aggregate(const Expr& expr, const AggregateDef& def,
                                              const Context& context) {
    if (context.step == nullptr) {
        return error_at(expr.span, fmt::format(texts::kAggregateOutside, def.name));
    }
    const bool star = expr.args.size() == 1 && expr.args[0].kind == Expr::Kind::kStar;
    if (star && !def.takes_star) return error_at(expr.args[0].span, texts::kStar);
    const std::size_t given = star ? 0 : expr.args.size();
    if (!star && (given < def.args_min || given > def.args_max)) {
        return error_at(expr.span, arity_text(def.name, def.args_min, def.args_max, given));
    }
    const std::string key = expression_key(expr);
    if (const auto known = aggregate_slots_.find(key); known != aggregate_slots_.end()) {
        return slot_expr(known->second);
    }
    AggregateCall made;
    made.kind = def.kind;
    if (given > 0) made.argument = SKY_TRY(expression(expr.args[0], {context.rows}));
    if (given > 1) made.parameter = SKY_TRY(aggregate_parameter(def, without_group(expr.args[1])));
    made.slot = SKY_TRY(new_slot(key));
    const std::uint32_t slot = made.slot;
    context.step->aggregates.push_back(std::move(made));
    aggregate_slots_.emplace(key, slot);
    return slot_expr(slot);
}

}  // namespace sky::insights
