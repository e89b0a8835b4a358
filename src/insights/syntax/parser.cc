// SPDX-License-Identifier: Apache-2.0
#include "insights/syntax/parser.h"

#include <fmt/format.h>

#include "insights/syntax/lexer.h"
#include "insights/syntax/limits.h"

namespace sky::insights {
namespace {

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    }
    return out;
}

template <std::size_t N>
bool one_of(std::string_view word, const std::string_view (&list)[N]) {
    return std::find(std::begin(list), std::end(list), word) != std::end(list);
}

// Commands of the language that are refused by name.
constexpr std::string_view kUnbuiltCommands[] = {
    "source",      "filterindex",    "pattern",      "diff",       "anomaly",   "unmask",
    "unnest",      "expand",         "lookup",       "join",       "addtotals", "accum",
    "autoregress", "appendcols",     "filldown",     "logcompare", "outlier",   "fillmissing",
    "sessionize",  "count_frequent", "countfrequent"};
constexpr std::string_view kBuiltCommands[] = {"fields", "display", "filter", "stats",
                                               "sort",   "order",   "limit",  "head",
                                               "tail",   "parse",   "dedup"};
// Words of the grammar that can never be a bare field name. The words that matter in one place
// only (any, type, left, right, offset …) are ordinary names elsewhere.
constexpr std::string_view kOperatorWords[] = {"as",  "by", "in",  "like", "not",
                                               "and", "or", "asc", "desc"};

bool reserved(std::string_view word) {
    const std::string name = lower(word);
    return one_of(name, kOperatorWords) || one_of(name, kBuiltCommands) ||
           one_of(name, kUnbuiltCommands);
}

std::size_t count_characters(std::string_view text) {
    std::size_t count = 0;
    for (const char c : text) count += (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
    return count;
}

class Parser {
public:
    explicit Parser(std::string_view text) : text_(text), lexer_(text) {}

    Result<Query> query() {
        SKY_TRY(advance());
        Query parsed;
        if (token_.kind == TokenKind::kEnd) return parsed;
        if (symbol("|")) SKY_TRY(advance());
        while (true) {
            parsed.commands.push_back(SKY_TRY(command()));
            if (token_.kind == TokenKind::kEnd) return parsed;
            if (!symbol("|")) return unexpected_token();
            SKY_TRY(advance());
        }
    }

private:
    // Tokens ---------------------------------------------------------------------------------
    Status advance() {
        if (token_.kind != TokenKind::kEnd) {
            label_.append(text_.substr(static_cast<std::size_t>(token_.span.offset),
                                       static_cast<std::size_t>(token_.span.length)));
            last_end_ = token_.span.offset + token_.span.length;
        }
        token_ = SKY_TRY(lexer_.next());
        return {};
    }
    bool symbol(std::string_view mark) const {
        return token_.kind == TokenKind::kSymbol && token_.text == mark;
    }
    bool word(std::string_view keyword) const {
        return token_.kind == TokenKind::kWord && lower(token_.text) == keyword;
    }
    Result<bool> accept_word(std::string_view keyword) {
        if (!word(keyword)) return false;
        SKY_TRY(advance());
        return true;
    }
    Result<bool> accept_symbol(std::string_view mark) {
        if (!symbol(mark)) return false;
        SKY_TRY(advance());
        return true;
    }
    Status expect_symbol(std::string_view mark) {
        if (!symbol(mark)) return unexpected_token();
        return advance();
    }
    std::unexpected<Error> unexpected_token() const {
        if (token_.kind == TokenKind::kEnd) {
            return error_at(token_.span, "unexpected symbol found <EOF>");
        }
        const auto source = text_.substr(static_cast<std::size_t>(token_.span.offset),
                                         static_cast<std::size_t>(token_.span.length));
        return error_at(token_.span, fmt::format("unexpected symbol found {}", source));
    }
    std::unexpected<Error> error_at(Span span, std::string_view what) const {
        return malformed(text_, span, what);
    }
    Span since(std::int64_t begin) const { return {begin, last_end_ - begin}; }

    // Labels: the tokens passed since begin_label(), without the blanks between them.
    void begin_label() { label_.clear(); }
    Label end_label(const Expr& expr) const {
        // A quoted name alone shows without its backticks.
        if (expr.kind == Expr::Kind::kField && label_.starts_with('`')) return {expr.text};
        return {label_};
    }

    // Commands -------------------------------------------------------------------------------
    Result<Command> command() {
        const std::int64_t begin = token_.span.offset;
        if (token_.kind != TokenKind::kWord) return unexpected_token();
        Command made;
        if (token_.text.starts_with('@')) {
            made.body = SKY_TRY(at_fields());
            made.span = since(begin);
            return made;
        }
        const Token name = token_;
        const std::string keyword = lower(name.text);
        if (one_of(keyword, kUnbuiltCommands)) {
            return error_at(name.span, fmt::format("the command '{}' is not supported", name.text));
        }
        if (!one_of(keyword, kBuiltCommands)) return unexpected_token();
        SKY_TRY(advance());
        if (keyword == "fields" || keyword == "display") {
            made.body = FieldsCommand{keyword == "display", SKY_TRY(items(Star::kAllowed))};
        } else if (keyword == "filter") {
            made.body = FilterCommand{SKY_TRY(expression())};
        } else if (keyword == "stats") {
            made.body = SKY_TRY(stats());
        } else if (keyword == "sort" || keyword == "order") {
            made.body = SKY_TRY(sort());
        } else if (keyword == "parse") {
            made.body = SKY_TRY(parse_command());
        } else if (keyword == "dedup") {
            made.body = DedupCommand{SKY_TRY(names(Names::kFields))};
        } else {
            made.body = SKY_TRY(limit(keyword == "tail"));
        }
        made.span = since(begin);
        return made;
    }

    // A stage that is only names beginning with "@" reads as fields.
    Result<FieldsCommand> at_fields() {
        FieldsCommand made;
        while (true) {
            if (token_.kind != TokenKind::kWord || !token_.text.starts_with('@')) {
                return unexpected_token();
            }
            begin_label();
            Item item;
            item.expr = SKY_TRY(primary());
            item.label = end_label(item.expr);
            made.items.push_back(std::move(item));
            if (!SKY_TRY(accept_symbol(","))) return made;
        }
    }

    enum class Star : std::uint8_t { kAllowed, kRefused };
    Result<std::vector<Item>> items(Star star) {
        std::vector<Item> list;
        while (true) {
            Item item;
            if (star == Star::kAllowed && symbol("*")) {
                item.star = true;
                item.expr.span = token_.span;
                SKY_TRY(advance());
            } else {
                begin_label();
                item.expr = SKY_TRY(expression());
                item.label = end_label(item.expr);
                if (SKY_TRY(accept_word("as"))) {
                    Name alias = SKY_TRY(name());
                    item.alias = std::move(alias.text);
                    item.alias_span = alias.span;
                }
            }
            list.push_back(std::move(item));
            if (!SKY_TRY(accept_symbol(","))) return list;
        }
    }

    // An alias, or a field of dedup. Path steps are joined with dots.
    Result<Name> name() {
        if (token_.kind == TokenKind::kWord && reserved(token_.text)) {
            return error_at(token_.span,
                            fmt::format("the reserved word {} needs backticks", token_.text));
        }
        if (token_.kind != TokenKind::kWord && token_.kind != TokenKind::kQuoted) {
            return unexpected_token();
        }
        Name made{token_.text, token_.span};
        SKY_TRY(advance());
        while (symbol(".")) {
            SKY_TRY(advance());
            if (token_.kind != TokenKind::kWord && token_.kind != TokenKind::kQuoted) {
                return unexpected_token();
            }
            made.text += '.';
            made.text += token_.text;
            SKY_TRY(advance());
        }
        made.span.length = last_end_ - made.span.offset;
        return made;
    }
    enum class Names : std::uint8_t { kAliases, kFields };
    Result<std::vector<Name>> names(Names kind) {
        std::vector<Name> list;
        while (true) {
            if (kind == Names::kFields) {
                Expr field = SKY_TRY(postfix());
                if (field.kind != Expr::Kind::kField) {
                    return error_at(field.span, "a field name is needed");
                }
                list.push_back({std::move(field.text), field.span});
            } else {
                list.push_back(SKY_TRY(name()));
            }
            if (!SKY_TRY(accept_symbol(","))) return list;
        }
    }

    Result<StatsCommand> stats() {
        StatsCommand made;
        made.aggregates = SKY_TRY(items(Star::kRefused));
        if (SKY_TRY(accept_word("by"))) made.by = SKY_TRY(items(Star::kRefused));
        if (word("offset")) return error_at(token_.span, "'offset' of stats is not supported");
        return made;
    }

    Result<SortCommand> sort() {
        SortCommand made;
        if (word("by")) SKY_TRY(advance());
        while (true) {
            SortKey key;
            begin_label();
            key.expr = SKY_TRY(expression());
            key.label = end_label(key.expr);
            if (word("desc")) {
                key.descending = true;
                SKY_TRY(advance());
            } else {
                if (word("asc")) SKY_TRY(advance());
            }
            made.keys.push_back(std::move(key));
            if (!SKY_TRY(accept_symbol(","))) return made;
        }
    }

    Result<LimitCommand> limit(bool tail) {
        LimitCommand made;
        made.tail = tail;
        made.any = SKY_TRY(accept_word("any"));
        if (token_.kind != TokenKind::kNumber) return unexpected_token();
        const char* end = token_.text.data() + token_.text.size();
        const auto read = std::from_chars(token_.text.data(), end, made.count);
        if (read.ptr != end || read.ec != std::errc() || made.count < 1 || made.count > kLimitMax) {
            return error_at(token_.span,
                            fmt::format("a limit is a whole number from 1 to {}, not {}", kLimitMax,
                                        token_.text));
        }
        SKY_TRY(advance());
        return made;
    }

    Result<ParseCommand> parse_command() {
        ParseCommand made;
        if (token_.kind != TokenKind::kString && !symbol("/")) {
            if (word("logfmt") || word("csv")) return unbuilt_mode();
            begin_label();
            made.has_source = true;
            made.source = SKY_TRY(postfix());
            made.source_label = end_label(made.source);
            if (word("logfmt") || word("csv")) return unbuilt_mode();
        }
        if (token_.kind != TokenKind::kString && !symbol("/")) return unexpected_token();
        made.pattern = SKY_TRY(pattern());
        if (SKY_TRY(accept_word("as"))) made.aliases = SKY_TRY(names(Names::kAliases));
        return made;
    }
    std::unexpected<Error> unbuilt_mode() const {
        return error_at(token_.span,
                        fmt::format("the mode '{}' of parse is not supported", token_.text));
    }

    // Where a "/" starts a regex: after like, =~, !~, and in parse.
    Result<Expr> pattern() {
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

    // Expressions, weakest operator first ----------------------------------------------------
    /// Every way down passes here or unary(), so this bounds the recursion.
    Result<Expr> expression() {
        if (++nesting_ > kNestingMax) {
            return error_at(token_.span,
                            fmt::format("more than {} levels of nesting", kNestingMax));
        }
        Expr made = SKY_TRY(any_of());
        --nesting_;
        return made;
    }

    Result<Expr> any_of() {
        Expr first = SKY_TRY(all_of());
        if (!word("or") && !symbol("||")) return first;
        Expr made = list(Op::kOr, std::move(first));
        while (word("or") || symbol("||")) {
            SKY_TRY(advance());
            made.args.push_back(SKY_TRY(all_of()));
        }
        return finish(std::move(made));
    }
    Result<Expr> all_of() {
        Expr first = SKY_TRY(negation());
        if (!word("and") && !symbol("&&")) return first;
        Expr made = list(Op::kAnd, std::move(first));
        while (word("and") || symbol("&&")) {
            SKY_TRY(advance());
            made.args.push_back(SKY_TRY(negation()));
        }
        return finish(std::move(made));
    }
    static Expr list(Op op, Expr first) {
        Expr made;
        made.kind = Expr::Kind::kBinary;
        made.op = op;
        made.span = first.span;
        made.args.push_back(std::move(first));
        return made;
    }
    Result<Expr> negation() {
        if (!word("not")) return comparison();
        return prefixed(Op::kNot, [this] { return negation(); });
    }
    template <class Operand>
    Result<Expr> prefixed(Op op, Operand operand) {
        if (++nesting_ > kNestingMax) {
            return error_at(token_.span,
                            fmt::format("more than {} levels of nesting", kNestingMax));
        }
        Expr made;
        made.kind = Expr::Kind::kUnary;
        made.op = op;
        made.span = token_.span;
        SKY_TRY(advance());
        made.args.push_back(SKY_TRY(operand()));
        --nesting_;
        return finish(std::move(made));
    }

    struct Comparison {
        std::string_view symbol;
        Op op;
    };
    Result<Expr> comparison() {
        static constexpr Comparison kComparisons[] = {
            {"=", Op::kEqual},     {"==", Op::kEqual},        {"!=", Op::kNotEqual},
            {"<>", Op::kNotEqual}, {"<", Op::kLess},          {"<=", Op::kLessEqual},
            {">", Op::kGreater},   {">=", Op::kGreaterEqual},
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
            if (!word("like") && !word("in")) return unexpected_token();
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
        if (SKY_TRY(accept_word("in"))) {
            if (symbol("(")) return error_at(token_.span, "a subquery is not supported");
            Expr right = SKY_TRY(array());
            return binary(negated ? Op::kNotIn : Op::kIn, std::move(left), std::move(right));
        }
        return left;
    }
    Result<Expr> array() {
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
    Result<Expr> sum() {
        Expr left = SKY_TRY(product());
        while (symbol("+") || symbol("-")) {
            const Op op = symbol("+") ? Op::kAdd : Op::kSubtract;
            SKY_TRY(advance());
            Expr right = SKY_TRY(product());
            left = SKY_TRY(binary(op, std::move(left), std::move(right)));
        }
        return left;
    }
    Result<Expr> product() {
        Expr left = SKY_TRY(power());
        while (symbol("*") || symbol("/") || symbol("%")) {
            const Op op = symbol("*") ? Op::kMultiply : (symbol("/") ? Op::kDivide : Op::kModulo);
            SKY_TRY(advance());
            Expr right = SKY_TRY(power());
            left = SKY_TRY(binary(op, std::move(left), std::move(right)));
        }
        return left;
    }
    Result<Expr> power() {
        Expr base = SKY_TRY(unary());
        if (!symbol("^")) return base;
        if (++nesting_ > kNestingMax) {
            return error_at(token_.span,
                            fmt::format("more than {} levels of nesting", kNestingMax));
        }
        SKY_TRY(advance());
        Expr exponent = SKY_TRY(power());
        --nesting_;
        return binary(Op::kPower, std::move(base), std::move(exponent));
    }
    Result<Expr> unary() {
        if (symbol("-")) return prefixed(Op::kNegate, [this] { return unary(); });
        if (symbol("+")) return prefixed(Op::kPlus, [this] { return unary(); });
        return postfix();
    }
    Result<Expr> postfix() {
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
                const bool digits =
                    token_.kind == TokenKind::kNumber &&
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

    Result<Expr> primary() {
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
                return unexpected_token();
            default:
                return unexpected_token();
        }
        made.text = token_.text;
        SKY_TRY(advance());
        return made;
    }
    // "5 minutes": a blank may stand between the number and its unit.
    Result<Expr> spaced_period(Expr number) {
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
    Result<Expr> group() {
        Expr made;
        made.kind = Expr::Kind::kGroup;
        made.span = token_.span;
        SKY_TRY(advance());
        made.args.push_back(SKY_TRY(expression()));
        SKY_TRY(expect_symbol(")"));
        return finish(std::move(made));
    }
    Result<Expr> word_primary() {
        Expr made;
        made.span = token_.span;
        const std::string name = lower(token_.text);
        const Token first = token_;
        if (reserved(token_.text)) return unexpected_token();
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

    Result<Expr> binary(Op op, Expr left, Expr right) {
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
    Result<Expr> finish(Expr made) {
        made.span.length = last_end_ - made.span.offset;
        std::size_t depth = 0;
        for (const Expr& arg : made.args) depth = std::max(depth, std::size_t{arg.depth});
        if (depth + 1 > kTreeDepthMax) {
            return error_at(made.span,
                            fmt::format("an expression of more than {} levels", kTreeDepthMax));
        }
        made.depth = static_cast<std::uint16_t>(depth + 1);
        return made;
    }

    std::string_view text_;
    Lexer lexer_;
    Token token_;
    std::string label_;
    std::int64_t last_end_ = 0;
    std::size_t nesting_ = 0;
};

}  // namespace

Result<Query> parse(std::string_view text) {
    if (count_characters(text) > kQueryCharactersMax) {
        return fail(ErrorCode::kMalformedQuery,
                    fmt::format("a query has at most {} characters", kQueryCharactersMax), 0,
                    static_cast<std::int64_t>(text.size()));
    }
    return Parser(text).query();
}

std::span<const std::string_view> command_words() { return kBuiltCommands; }

}  // namespace sky::insights
