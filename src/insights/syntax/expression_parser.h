// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/insights/syntax/expression_parser.h - tokens, names and expressions of the
              // language; parser.cc adds the commands.

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "insights/syntax/ast.h"
#include "insights/syntax/lexer.h"

namespace sky::insights {

/// Whether the word is one of the grammar and can be a field's name in backticks only.
bool reserved(std::string_view word);
/// ASCII letters in lower case.
std::string lower(std::string_view text);

/// Recursive descent with one token of look-ahead. Threads: one parse, one thread.
class ExpressionParser {
public:
    explicit ExpressionParser(std::string_view text) : text_(text), lexer_(text) {}
    virtual ~ExpressionParser() = default;
    ExpressionParser(const ExpressionParser&) = delete;
    ExpressionParser& operator=(const ExpressionParser&) = delete;

protected:
    /// Commands up to the ")" that ends a subquery, which stays the next token.
    virtual Result<Query> nested_query() = 0;

    // Tokens
    Status advance();
    bool symbol(std::string_view mark) const {
        return token_.kind == TokenKind::kSymbol && token_.text == mark;
    }
    bool word(std::string_view keyword) const {
        return token_.kind == TokenKind::kWord && lower(token_.text) == keyword;
    }
    bool at_name() const {
        return token_.kind == TokenKind::kWord || token_.kind == TokenKind::kQuoted;
    }
    /// Whether the token behind the present one is this mark.
    bool symbol_follows(std::string_view mark) const;
    Result<bool> accept_word(std::string_view keyword);
    Result<bool> accept_symbol(std::string_view mark);
    Status expect_symbol(std::string_view mark);
    std::unexpected<Error> unexpected_token(std::string_view expected = {}) const;
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

    // Names
    /// An alias: a name with its path steps joined by dots.
    Result<Name> name();
    /// A field, indices included.
    Result<Name> field_name();
    enum class Names : std::uint8_t { kAliases, kFields };
    Result<std::vector<Name>> names(Names kind);
    /// A period such as 30s or "5 minutes", as written without blanks.
    Result<std::string> period_text();

    // Expressions
    Result<Expr> pattern();
    Result<Expr> expression();
    Result<Expr> postfix();
    Result<Expr> primary();
    Result<Expr> array();
    /// One more level of nesting, or the refusal.
    Status enter();
    void leave() { --nesting_; }

    std::string_view text_;
    Lexer lexer_;
    Token token_;
    std::string label_;
    std::int64_t last_end_ = 0;

private:
    Result<Expr> any_of();
    Result<Expr> all_of();
    Result<Expr> negation();
    Result<Expr> comparison();
    Result<Expr> membership(Expr left, bool negated);
    Result<Expr> sum();
    Result<Expr> product();
    Result<Expr> power();
    Result<Expr> unary();
    Result<Expr> spaced_period(Expr number);
    Result<Expr> group();
    Result<Expr> word_primary();
    Result<Expr> binary(Op op, Expr left, Expr right);
    Result<Expr> finish(Expr made);
    template <class Operand>
    Result<Expr> prefixed(Op op, Operand operand);

    std::size_t nesting_ = 0;
};

}  // namespace sky::insights
