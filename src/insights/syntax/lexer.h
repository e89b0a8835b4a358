// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/insights/syntax/lexer.h - query text to tokens, one at a time, as the parser
              // asks.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "insights/syntax/ast.h"

namespace sky::insights {

enum class TokenKind : std::uint8_t {
    kEnd,
    kWord,    // Bare identifier or keyword; text = as written.
    kQuoted,  // `...`; text = the name.
    kString,  // text = the value.
    kNumber,  // text = as written.
    kPeriod,  // "30s"; text = as written.
    kRegex,   // text = the pattern; only from relex_regex().
    kSymbol,  // text = the operator or punctuation mark.
};

struct Token {
    TokenKind kind = TokenKind::kEnd;
    std::string text;
    Span span;
};

/// Whether the word is a period unit in one of the spellings of logs-insights-ql.md 8.4,
/// case-insensitively.
bool is_period_unit(std::string_view word);

/// "<what> at line L and position P" for a byte offset: lines count from 1, positions from 0 in
/// UTF-16 units (logs-insights-ql.md 12).
std::string locate(std::string_view text, std::int64_t offset, std::string_view what);

/// A kMalformedQuery at a span of the text.
std::unexpected<Error> malformed(std::string_view text, Span span, std::string_view what);

/// Threads: belongs to one parser. The text outlives it.
class Lexer {
public:
    explicit Lexer(std::string_view text) : text_(text) {}
    /// Errors: kMalformedQuery (a character that starts nothing, an unfinished string, name or
    /// regex).
    Result<Token> next();
    /// Reads the "/" at `slash` as the start of a regex; lexing goes on behind it.
    Result<Token> regex(const Token& slash);

private:
    void skip_blanks();
    Result<Token> string_token(char quote);
    Result<Token> quoted_name();
    Result<Token> number();
    Result<Token> parameter() const;  // Always the refusal: "{{name}}" that nobody filled in.
    Token word();
    Token token(TokenKind kind, std::size_t begin, std::string value) const;

    std::string_view text_;
    std::size_t at_ = 0;
};

}  // namespace sky::insights
