// SPDX-License-Identifier: Apache-2.0
#include "insights/syntax/expression_parser.h"

#include <fmt/format.h>

#include <algorithm>

#include "insights/syntax/commands.h"
#include "insights/syntax/limits.h"
#include "insights/syntax/texts.h"

namespace sky::insights {
namespace {

// Words of the grammar that can never be a bare field name, besides the commands' own. The words
// that matter in one place only (any, type, left, right, offset …) are ordinary names elsewhere.
constexpr std::string_view kOperatorWords[] = {"as",  "by", "in",  "like", "not",
                                               "and", "or", "asc", "desc"};

Expr list(Op op, Expr first) {
    Expr made;
    made.kind = Expr::Kind::kBinary;
    made.op = op;
    made.span = first.span;
    made.args.push_back(std::move(first));
    return made;
}

}  // namespace

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    }
    return out;
}

bool reserved(std::string_view word) {
    const std::string name = lower(word);
    return std::find(std::begin(kOperatorWords), std::end(kOperatorWords), name) !=
               std::end(kOperatorWords) ||
           find_command(name) != nullptr;
}

// Tokens -------------------------------------------------------------------------------------
Status ExpressionParser::advance() {
    if (token_.kind != TokenKind::kEnd) {
        label_.append(text_.substr(static_cast<std::size_t>(token_.span.offset),
                                   static_cast<std::size_t>(token_.span.length)));
        last_end_ = token_.span.offset + token_.span.length;
    }
    token_ = SKY_TRY(lexer_.next());
    return {};
}
bool ExpressionParser::symbol_follows(std::string_view mark) const {
    Lexer ahead = lexer_;
    const auto next = ahead.next();
    return next && next->kind == TokenKind::kSymbol && next->text == mark;
}
Result<bool> ExpressionParser::accept_word(std::string_view keyword) {
    if (!word(keyword)) return false;
    SKY_TRY(advance());
    return true;
}
Result<bool> ExpressionParser::accept_symbol(std::string_view mark) {
    if (!symbol(mark)) return false;
    SKY_TRY(advance());
    return true;
}
Status ExpressionParser::expect_symbol(std::string_view mark) {
    if (!symbol(mark)) return unexpected_token(mark);
    return advance();
}
std::unexpected<Error> ExpressionParser::unexpected_token(std::string_view expected) const {
    const std::string_view found = token_.kind == TokenKind::kEnd
                                       ? std::string_view("<EOF>")
                                       : text_.substr(static_cast<std::size_t>(token_.span.offset),
                                                      static_cast<std::size_t>(token_.span.length));
    return error_at(token_.span, expected.empty()
                                     ? fmt::format(texts::kUnexpected, found)
                                     : fmt::format(texts::kUnexpectedExpected, found, expected));
}
Status ExpressionParser::enter() {
    if (++nesting_ > kNestingMax) {
        return error_at(token_.span, fmt::format(texts::kNesting, kNestingMax));
    }
    return {};
}

// Names --------------------------------------------------------------------------------------
Result<Name> ExpressionParser::name() {
    if (token_.kind == TokenKind::kWord && reserved(token_.text)) {
        return error_at(token_.span, fmt::format(texts::kReserved, token_.text));
    }
    if (!at_name()) return unexpected_token("a name");
    Name made{token_.text, token_.span};
    SKY_TRY(advance());
    while (symbol(".")) {
        SKY_TRY(advance());
        if (!at_name()) return unexpected_token("a name");
        made.text += '.';
        made.text += token_.text;
        SKY_TRY(advance());
    }
    made.span.length = last_end_ - made.span.offset;
    return made;
}
Result<Name> ExpressionParser::field_name() {
    Expr field = SKY_TRY(postfix());
    if (field.kind != Expr::Kind::kField) return error_at(field.span, texts::kFieldNeeded);
    return Name{std::move(field.text), field.span};
}
Result<std::vector<Name>> ExpressionParser::names(Names kind) {
    std::vector<Name> made;
    while (true) {
        made.push_back(kind == Names::kFields ? SKY_TRY(field_name()) : SKY_TRY(name()));
        if (!SKY_TRY(accept_symbol(","))) return made;
    }
}
Result<std::string> ExpressionParser::period_text() {
    const Span span = token_.span;
    Expr made;
    if (token_.kind == TokenKind::kPeriod || token_.kind == TokenKind::kNumber) {
        made = SKY_TRY(primary());
    }
    if (made.kind != Expr::Kind::kPeriod) return error_at(span, texts::kPeriodNeeded);
    return made.text;
}

// Where a "/" starts a regex: after like, =~, !~, and in parse.
Result<Expr> ExpressionParser::pattern() {
    Expr made;
    if (symbol("/")) {
        token_ = SKY_TRY(lexer_.regex(token_));
        made.kind = Expr::Kind::kRegex;
    } else {
        made.kind = Expr::Kind::kString;
    }
    made.text = token_.text;
    made.span = token_.span;
    SKY_TRY(advance());
    return made;
}

// Expressions, weakest operator first --------------------------------------------------------
Result<Expr> ExpressionParser::expression() {
    SKY_TRY(enter());
    Expr made = SKY_TRY(any_of());
    leave();
    return made;
}

Result<Expr> ExpressionParser::any_of() {
    Expr first = SKY_TRY(all_of());
    if (!word("or") && !symbol("||")) return first;
    Expr made = list(Op::kOr, std::move(first));
    while (word("or") || symbol("||")) {
        SKY_TRY(advance());
        made.args.push_back(SKY_TRY(all_of()));
    }
    return finish(std::move(made));
}
Result<Expr> ExpressionParser::all_of() {
    Expr first = SKY_TRY(negation());
    if (!word("and") && !symbol("&&")) return first;
    Expr made = list(Op::kAnd, std::move(first));
    while (word("and") || symbol("&&")) {
        SKY_TRY(advance());
        made.args.push_back(SKY_TRY(negation()));
    }
    return finish(std::move(made));
}
Result<Expr> ExpressionParser::negation() {
    if (!word("not")) return comparison();
    return prefixed(Op::kNot, [this] { return negation(); });
}
template <class Operand>
Result<Expr> ExpressionParser::prefixed(Op op, Operand operand) {
    SKY_TRY(enter());
    Expr made;
    made.kind = Expr::Kind::kUnary;
    made.op = op;
    made.span = token_.span;
    SKY_TRY(advance());
    made.args.push_back(SKY_TRY(operand()));
    leave();
    return finish(std::move(made));
}

Result<Expr> ExpressionParser::comparison() {
    struct Comparison {
        std::string_view symbol;
        Op op;
    };
    static constexpr Comparison kComparisons[] = {
        {"=", Op::kEqual}, {"==", Op::kEqual},     {"!=", Op::kNotEqual}, {"<>", Op::kNotEqual},
        {"<", Op::kLess},  {"<=", Op::kLessEqual}, {">", Op::kGreater},   {">=", Op::kGreaterEqual},
    };
    Expr left = SKY_TRY(sum());
    for (const Comparison& c : kComparisons) {
        if (symbol(c.symbol)) {
            SKY_TRY(advance());
            Expr right = SKY_TRY(sum());
            return binary(c.op, std::move(left), std::move(right));
        }
    }
    if (symbol("=~") || symbol("!~")) {
        const Op op = symbol("=~") ? Op::kMatch : Op::kNotMatch;
        SKY_TRY(advance());
        if (token_.kind != TokenKind::kString && !symbol("/")) return unexpected_token();
        Expr right = SKY_TRY(pattern());
        return binary(op, std::move(left), std::move(right));
    }
    bool negated = false;
    if (word("not")) {
        negated = true;
        SKY_TRY(advance());
        if (!word("like") && !word("in")) return unexpected_token("like or in");
    }
    if (SKY_TRY(accept_word("like"))) {
        const Op op = negated ? Op::kNotLike : Op::kLike;
        if (symbol("/")) {
            Expr right = SKY_TRY(pattern());
            return binary(op, std::move(left), std::move(right));
        }
        Expr right = SKY_TRY(sum());
        return binary(op, std::move(left), std::move(right));
    }
    if (SKY_TRY(accept_word("in"))) return membership(std::move(left), negated);
    return left;
}
Result<Expr> ExpressionParser::array() {
    Expr made;
    made.kind = Expr::Kind::kArray;
    made.span = token_.span;
    SKY_TRY(expect_symbol("["));
    if (!symbol("]")) {
        do {
            made.args.push_back(SKY_TRY(expression()));
        } while (SKY_TRY(accept_symbol(",")));
    }
    SKY_TRY(expect_symbol("]"));
    return finish(std::move(made));
}
Result<Expr> ExpressionParser::sum() {
    Expr left = SKY_TRY(product());
    while (symbol("+") || symbol("-")) {
        const Op op = symbol("+") ? Op::kAdd : Op::kSubtract;
        SKY_TRY(advance());
        Expr right = SKY_TRY(product());
        left = SKY_TRY(binary(op, std::move(left), std::move(right)));
    }
    return left;
}
Result<Expr> ExpressionParser::product() {
    Expr left = SKY_TRY(power());
    while (symbol("*") || symbol("/") || symbol("%")) {
        const Op op = symbol("*") ? Op::kMultiply : (symbol("/") ? Op::kDivide : Op::kModulo);
        SKY_TRY(advance());
        Expr right = SKY_TRY(power());
        left = SKY_TRY(binary(op, std::move(left), std::move(right)));
    }
    return left;
}
Result<Expr> ExpressionParser::power() {
    Expr base = SKY_TRY(unary());
    if (!symbol("^")) return base;
    SKY_TRY(enter());
    SKY_TRY(advance());
    Expr exponent = SKY_TRY(power());
    leave();
    return binary(Op::kPower, std::move(base), std::move(exponent));
}
Result<Expr> ExpressionParser::unary() {
    if (symbol("-")) return prefixed(Op::kNegate, [this] { return unary(); });
    if (symbol("+")) return prefixed(Op::kPlus, [this] { return unary(); });
    return postfix();
}
Result<Expr> ExpressionParser::postfix() {
    Expr base = SKY_TRY(primary());
    while (symbol(".") || symbol("[")) {
        std::string step;
        if (symbol(".")) {
            SKY_TRY(advance());
            if (token_.kind != TokenKind::kWord && token_.kind != TokenKind::kQuoted) {
                return unexpected_token();
            }
            step = token_.text;
        } else {
            SKY_TRY(advance());
            const bool digits = token_.kind == TokenKind::kNumber &&
                                token_.text.find_first_not_of("0123456789") == std::string::npos;
            if (!digits) return unexpected_token();
            step = token_.text;
            SKY_TRY(advance());
            if (!symbol("]")) return unexpected_token();
        }
        SKY_TRY(advance());
        const bool path = base.kind == Expr::Kind::kField || base.kind == Expr::Kind::kPath;
        if (path) {
            base.text += '.';
            base.text += step;
        } else {
            Expr made;
            made.kind = Expr::Kind::kPath;
            made.span = base.span;
            made.text = std::move(step);
            made.args.push_back(std::move(base));
            base = std::move(made);
        }
        base = SKY_TRY(finish(std::move(base)));
    }
    return base;
}

Result<Expr> ExpressionParser::primary() {
    Expr made;
    made.span = token_.span;
    switch (token_.kind) {
        case TokenKind::kNumber:
            made.kind = Expr::Kind::kNumber;
            made.text = token_.text;
            SKY_TRY(advance());
            return spaced_period(std::move(made));
        case TokenKind::kString:
            made.kind = Expr::Kind::kString;
            break;
        case TokenKind::kPeriod:
            made.kind = Expr::Kind::kPeriod;
            break;
        case TokenKind::kQuoted:
            made.kind = Expr::Kind::kField;
            break;
        case TokenKind::kWord:
            return word_primary();
        case TokenKind::kSymbol:
            if (symbol("(")) return group();
            return unexpected_token("a value");
        default:
            return unexpected_token("a value");
    }
    made.text = token_.text;
    SKY_TRY(advance());
    return made;
}
// "5 minutes": a blank may stand between the number and its unit.
Result<Expr> ExpressionParser::spaced_period(Expr number) {
    if (token_.kind != TokenKind::kWord) return number;
    if (!is_period_unit(token_.text) ||
        number.text.find_first_not_of("0123456789") != std::string::npos) {
        return number;
    }
    number.kind = Expr::Kind::kPeriod;
    number.text += token_.text;
    SKY_TRY(advance());
    return finish(std::move(number));
}
Result<Expr> ExpressionParser::group() {
    Expr made;
    made.kind = Expr::Kind::kGroup;
    made.span = token_.span;
    SKY_TRY(advance());
    made.args.push_back(SKY_TRY(expression()));
    SKY_TRY(expect_symbol(")"));
    return finish(std::move(made));
}
Result<Expr> ExpressionParser::word_primary() {
    Expr made;
    made.span = token_.span;
    const std::string name = lower(token_.text);
    const Token first = token_;
    // unmask is a command and a function.
    const bool called = find_command(name) != nullptr && symbol_follows("(");
    if (reserved(token_.text) && !called) return unexpected_token();
    SKY_TRY(advance());
    if (symbol("(")) {
        made.kind = Expr::Kind::kCall;
        made.text = first.text;
        SKY_TRY(advance());
        if (symbol("*")) {
            Expr star;
            star.kind = Expr::Kind::kStar;
            star.span = token_.span;
            made.args.push_back(std::move(star));
            SKY_TRY(advance());
        } else if (!symbol(")")) {
            if (lower(first.text) == "count" && word("distinct") && !symbol_follows(")")) {
                return error_at({made.span.offset, first.span.length}, texts::kDistinct);
            }
            do {
                made.args.push_back(SKY_TRY(expression()));
            } while (SKY_TRY(accept_symbol(",")));
        }
        SKY_TRY(expect_symbol(")"));
        return finish(std::move(made));
    }
    if (name == "true" || name == "false") {
        made.kind = Expr::Kind::kBoolean;
        made.boolean = name == "true";
        return made;
    }
    made.kind = Expr::Kind::kField;
    made.text = first.text;
    return made;
}

Result<Expr> ExpressionParser::binary(Op op, Expr left, Expr right) {
    Expr made;
    made.kind = Expr::Kind::kBinary;
    made.op = op;
    made.span = left.span;
    made.args.reserve(2);
    made.args.push_back(std::move(left));
    made.args.push_back(std::move(right));
    return finish(std::move(made));
}
/// Ends the node at the last token and holds the tree's depth bound.
Result<Expr> ExpressionParser::finish(Expr made) {
    made.span.length = last_end_ - made.span.offset;
    std::size_t depth = 0;
    for (const Expr& arg : made.args) depth = std::max(depth, std::size_t{arg.depth});
    if (depth + 1 > kTreeDepthMax) {
        return error_at(made.span, fmt::format(texts::kDepth, kTreeDepthMax));
    }
    made.depth = static_cast<std::uint16_t>(depth + 1);
    return made;
}

Result<Expr> ExpressionParser::membership(Expr left, bool negated) {
    const Op op = negated ? Op::kNotIn : Op::kIn;
    if (!symbol("(")) {
        Expr right = SKY_TRY(array());
        return binary(op, std::move(left), std::move(right));
    }
    Expr right;
    right.kind = Expr::Kind::kQuery;
    right.span = token_.span;
    SKY_TRY(enter());
    SKY_TRY(advance());
    if (token_.kind == TokenKind::kString || token_.kind == TokenKind::kNumber) {
        return error_at(right.span, texts::kListBrackets);
    }
    right.subquery.query = std::make_shared<const Query>(SKY_TRY(nested_query()));
    SKY_TRY(expect_symbol(")"));
    leave();
    right.span = since(right.span.offset);
    return binary(op, std::move(left), std::move(right));
}

}  // namespace sky::insights
