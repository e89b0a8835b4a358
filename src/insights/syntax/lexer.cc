// SPDX-License-Identifier: Apache-2.0
#include "insights/syntax/lexer.h"

#include <fmt/format.h>

#include "insights/syntax/texts.h"

namespace sky::insights {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_name_start(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '@';
}
bool is_name(char c) { return is_name_start(c) || is_digit(c); }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

/// Bytes of the code point at `at`, so that an error never splits one.
std::size_t code_point_bytes(std::string_view text, std::size_t at) {
    std::size_t end = at + 1;
    while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) ++end;
    return end - at;
}

constexpr std::string_view kUnits[] = {
    "ms",    "msec", "millisecond", "s",       "sec", "second", "m",    "min", "minute",
    "h",     "hr",   "hour",        "d",       "day", "w",      "week", "mo",  "mon",
    "month", "q",    "qtr",         "quarter", "y",   "yr",     "year"};

// Longest first: "<=" before "<".
constexpr std::string_view kSymbols[] = {"==", "!=", "<>", "<=", ">=", "=~", "!~", "&&", "||", "|",
                                         "=",  "<",  ">",  "+",  "-",  "*",  "/",  "%",  "^",  "(",
                                         ")",  "[",  "]",  ",",  ".",  ":",  "{",  "}"};

}  // namespace

bool is_period_unit(std::string_view word) {
    std::string name;
    for (const char c : word) name.push_back(lower(c));
    for (const std::string_view unit : kUnits) {
        if (name == unit) return true;
        if (unit.size() > 1 && name.size() == unit.size() + 1 && name.back() == 's' &&
            std::string_view(name).starts_with(unit)) {
            return true;
        }
    }
    return false;
}

std::string locate(std::string_view text, std::int64_t offset, std::string_view what) {
    std::size_t line = 1;
    std::size_t column = 0;
    const std::size_t end = std::min(text.size(), static_cast<std::size_t>(offset));
    for (std::size_t i = 0; i < end; ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        if (byte == '\n') {
            ++line;
            column = 0;
        } else if ((byte & 0xC0U) != 0x80U) {
            column += byte >= 0xF0 ? 2 : 1;  // Four UTF-8 bytes are a surrogate pair.
        }
    }
    return fmt::format("{} at line {} and position {}", what, line, column);
}

std::unexpected<Error> malformed(std::string_view text, Span span, std::string_view what) {
    return fail(ErrorCode::kMalformedQuery, locate(text, span.offset, what), span.offset,
                span.length);
}

Token Lexer::token(TokenKind kind, std::size_t begin, std::string value) const {
    Token made;
    made.kind = kind;
    made.text = std::move(value);
    made.span = {static_cast<std::int64_t>(begin), static_cast<std::int64_t>(at_ - begin)};
    return made;
}

void Lexer::skip_blanks() {
    while (at_ < text_.size()) {
        const char c = text_[at_];
        if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
            ++at_;
        } else if (c == '#') {
            while (at_ < text_.size() && text_[at_] != '\n') ++at_;
        } else {
            return;
        }
    }
}

Result<Token> Lexer::next() {
    skip_blanks();
    if (at_ >= text_.size()) return token(TokenKind::kEnd, at_, "");
    const char c = text_[at_];
    if (is_name_start(c)) return word();
    if (is_digit(c) || (c == '.' && at_ + 1 < text_.size() && is_digit(text_[at_ + 1]))) {
        return number();
    }
    if (c == '"' || c == '\'') return string_token(c);
    if (c == '`') return quoted_name();
    const std::size_t begin = at_;
    if (text_.substr(at_).starts_with("{{")) return parameter();
    if (text_.substr(at_).starts_with("~=")) {
        return malformed(text_, {static_cast<std::int64_t>(at_), 2}, texts::kRegexOperator);
    }
    for (const std::string_view symbol : kSymbols) {
        if (text_.substr(at_).starts_with(symbol)) {
            at_ += symbol.size();
            return token(TokenKind::kSymbol, begin, std::string(symbol));
        }
    }
    const std::size_t bytes = code_point_bytes(text_, at_);
    const Span span{static_cast<std::int64_t>(at_), static_cast<std::int64_t>(bytes)};
    return malformed(text_, span, fmt::format(texts::kUnexpected, text_.substr(at_, bytes)));
}

Result<Token> Lexer::parameter() const {
    const std::size_t close = text_.find("}}", at_);
    const std::size_t end = close == std::string_view::npos ? at_ + 2 : close + 2;
    return malformed(text_, {static_cast<std::int64_t>(at_), static_cast<std::int64_t>(end - at_)},
                     fmt::format(texts::kParameter, text_.substr(at_, end - at_)));
}

Token Lexer::word() {
    const std::size_t begin = at_;
    // A dot belongs to the name only when a segment follows: in js.`user-agent` it is a token.
    while (at_ < text_.size() &&
           (is_name(text_[at_]) ||
            (text_[at_] == '.' && at_ + 1 < text_.size() && is_name(text_[at_ + 1])))) {
        ++at_;
    }
    return token(TokenKind::kWord, begin, std::string(text_.substr(begin, at_ - begin)));
}

Result<Token> Lexer::number() {
    const std::size_t begin = at_;
    while (at_ < text_.size() && is_digit(text_[at_])) ++at_;
    const std::size_t digits_end = at_;
    if (at_ < text_.size() && text_[at_] == '.' && at_ + 1 < text_.size() &&
        is_digit(text_[at_ + 1])) {
        ++at_;
        while (at_ < text_.size() && is_digit(text_[at_])) ++at_;
    }
    if (at_ < text_.size() && lower(text_[at_]) == 'e') {
        std::size_t exponent = at_ + 1;
        if (exponent < text_.size() && (text_[exponent] == '+' || text_[exponent] == '-')) {
            ++exponent;
        }
        if (exponent < text_.size() && is_digit(text_[exponent])) {
            at_ = exponent;
            while (at_ < text_.size() && is_digit(text_[at_])) ++at_;
        }
    }
    if (at_ >= text_.size() || !is_name(text_[at_])) {
        return token(TokenKind::kNumber, begin, std::string(text_.substr(begin, at_ - begin)));
    }
    const std::size_t unit_begin = at_;
    while (at_ < text_.size() && is_name(text_[at_])) ++at_;
    const std::string_view written = text_.substr(begin, at_ - begin);
    const Span span{static_cast<std::int64_t>(begin), static_cast<std::int64_t>(written.size())};
    if (unit_begin != digits_end || !is_period_unit(text_.substr(unit_begin, at_ - unit_begin))) {
        return malformed(text_, span, fmt::format(texts::kUnexpected, written));
    }
    return token(TokenKind::kPeriod, begin, std::string(written));
}

Result<Token> Lexer::string_token(char quote) {
    const std::size_t begin = at_++;
    std::string value;
    while (at_ < text_.size()) {
        const char c = text_[at_++];
        if (c == quote) return token(TokenKind::kString, begin, std::move(value));
        if (c != '\\' || at_ >= text_.size()) {
            value.push_back(c);
            continue;
        }
        const char escaped = text_[at_++];
        switch (escaped) {
            case '"':
            case '\'':
            case '\\':
                value.push_back(escaped);
                break;
            case 'n':
                value.push_back('\n');
                break;
            case 't':
                value.push_back('\t');
                break;
            case 'r':
                value.push_back('\r');
                break;
            default:  // Both stay, so that Windows paths and regex-like text survive.
                value.push_back('\\');
                value.push_back(escaped);
        }
    }
    return malformed(
        text_, {static_cast<std::int64_t>(begin), static_cast<std::int64_t>(text_.size() - begin)},
        texts::kUnfinishedString);
}

Result<Token> Lexer::quoted_name() {
    const std::size_t begin = at_++;
    std::string value;
    while (at_ < text_.size()) {
        const char c = text_[at_++];
        if (c == '`') {
            Token made = token(TokenKind::kQuoted, begin, std::move(value));
            if (made.text.empty()) return malformed(text_, made.span, texts::kEmptyName);
            return made;
        }
        if (c == '\\' && at_ < text_.size() && text_[at_] == '`') {
            value.push_back('`');
            ++at_;
        } else {
            value.push_back(c);
        }
    }
    return malformed(
        text_, {static_cast<std::int64_t>(begin), static_cast<std::int64_t>(text_.size() - begin)},
        texts::kUnfinishedName);
}

Result<Token> Lexer::regex(const Token& slash) {
    const auto begin = static_cast<std::size_t>(slash.span.offset);
    at_ = begin + 1;
    std::string value;
    while (at_ < text_.size()) {
        const char c = text_[at_++];
        if (c == '/') return token(TokenKind::kRegex, begin, std::move(value));
        if (c == '\\' && at_ < text_.size()) {
            value.push_back(
                c);  // Kept, so that offsets into the pattern are offsets into the text.
            value.push_back(text_[at_++]);
        } else {
            value.push_back(c);
        }
    }
    return malformed(
        text_, {static_cast<std::int64_t>(begin), static_cast<std::int64_t>(text_.size() - begin)},
        texts::kUnfinishedRegex);
}

}  // namespace sky::insights
