// SPDX-License-Identifier: Apache-2.0
// The grammar of logs-api.md 7.1, 7.3 and 7.4.
#include <charconv>

#include "logs/patterns/compiled.h"
#include "logs/patterns/limits.h"

namespace sky::logs {
namespace {

using Impl = FilterPattern::Impl;

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
/// What a bare term may hold; everything else has to be quoted.
bool is_word(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

std::unexpected<Error> invalid() {
    return fail(ErrorCode::kInvalidArgument, std::string(kPatternInvalid));
}

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
    return text;
}

class Parser {
public:
    explicit Parser(std::string_view text) : text_(text) {}

    Result<Impl> terms() {
        out_.kind = Impl::Kind::kTerms;
        for (blanks(); !at_end(); blanks()) SKY_TRY(term());
        // Reported of the service: optional terms beside others have no effect (logs-api.md 7.1).
        if (!out_.all.empty() || !out_.none.empty()) out_.any.clear();
        if (out_.all.empty() && out_.none.empty() && out_.any.empty())
            out_.kind = Impl::Kind::kEverything;
        return std::move(out_);
    }

    Result<Impl> json() {
        out_.kind = Impl::Kind::kJson;
        out_.formula.set_root(SKY_TRY(either(out_.formula, nullptr)));
        blanks();
        if (!at_end()) return unexpected_here();
        return std::move(out_);
    }

    Result<Impl> fields() {
        out_.kind = Impl::Kind::kFields;
        blanks();
        if (at_end()) {
            out_.kind = Impl::Kind::kEverything;
            return std::move(out_);
        }
        for (;;) {
            SKY_TRY(item());
            blanks();
            if (at_end()) break;
            if (!take(",")) return unexpected_here();
        }
        return std::move(out_);
    }

private:
    bool at_end() const { return at_ == text_.size(); }
    char here() const { return at_end() ? '\0' : text_[at_]; }
    void blanks() {
        while (!at_end() && is_blank(text_[at_])) ++at_;
    }
    bool take(std::string_view what) {
        if (!text_.substr(at_).starts_with(what)) return false;
        at_ += what.size();
        return true;
    }
    /// A word by itself: what follows could not be a part of it.
    bool take_word(std::string_view word) {
        const std::string_view rest = text_.substr(at_);
        if (!rest.starts_with(word) || (rest.size() > word.size() && is_word(rest[word.size()])))
            return false;
        at_ += word.size();
        return true;
    }
    /// What stands where nothing like it may: the characters up to the next that could be right.
    std::unexpected<Error> unexpected_here() const {
        std::size_t end = at_;
        while (end < text_.size() && !is_word(text_[end]) && !is_blank(text_[end])) ++end;
        return end == at_ ? invalid() : invalid_characters(text_.substr(at_, end - at_));
    }

    /// The text between quotes, cut at its stars when `stars` says so; at_ is behind the first.
    Result<std::vector<std::string>> quoted(bool stars) {
        std::vector<std::string> parts(1);
        for (; !at_end(); ++at_) {
            const char c = text_[at_];
            if (c == '"') {
                ++at_;
                return parts;
            }
            if (c == '\\' && at_ + 1 < text_.size() &&
                (text_[at_ + 1] == '"' || text_[at_ + 1] == '\\')) {
                parts.back() += text_[++at_];
            } else if (c == '*' && stars) {
                parts.emplace_back();
            } else {
                parts.back() += c;
            }
        }
        return invalid_characters("\"");
    }
    Result<PatternRegex> regex() {
        const std::size_t end = text_.find('%', at_);
        if (end == std::string_view::npos) return invalid_characters("%");
        if (++out_.regexes > limits::kPatternRegexesMax) return invalid();
        PatternRegex made = SKY_TRY(PatternRegex::compile(text_.substr(at_, end - at_)));
        at_ = end + 1;
        return made;
    }

    Status term() {
        std::vector<Impl::Term>* list = &out_.all;
        const char sign = here();
        if (sign == '-') list = &out_.none;
        if (sign == '?') list = &out_.any;
        if (list != &out_.all) ++at_;
        Impl::Term term;
        if (take("%")) {
            term.regex = SKY_TRY(regex());
        } else if (take("\"")) {
            term.text = SKY_TRY(quoted(false)).front();
            if (term.text.empty()) return invalid_characters("\"\"");
        } else {
            const std::size_t begin = at_;
            while (!at_end() && is_word(text_[at_])) ++at_;
            term.text = text_.substr(begin, at_ - begin);
            if (term.text.empty() && (at_end() || is_blank(text_[at_])))
                return invalid_characters(std::string_view(&sign, 1));
        }
        if (!at_end() && !is_blank(text_[at_])) return unexpected_here();
        // A phrase of blanks alone is the pattern for everything (logs-api.md 7).
        if (!term.regex && trimmed(term.text).empty()) {
            if (list != &out_.all) return invalid();
            return {};
        }
        list->push_back(std::move(term));
        return {};
    }

    /// `item`: the name that a space-delimited item's conditions repeat; null in JSON patterns.
    Result<std::size_t> either(Formula& formula, const std::string* item) {
        std::size_t left = SKY_TRY(both(formula, item));
        for (blanks(); take("||"); blanks()) {
            const std::size_t right = SKY_TRY(both(formula, item));
            left = formula.add({Formula::Node::Kind::kOr, left, right});
        }
        return left;
    }
    Result<std::size_t> both(Formula& formula, const std::string* item) {
        std::size_t left = SKY_TRY(primary(formula, item));
        for (blanks(); take("&&"); blanks()) {
            const std::size_t right = SKY_TRY(primary(formula, item));
            left = formula.add({Formula::Node::Kind::kAnd, left, right});
        }
        return left;
    }
    Result<std::size_t> primary(Formula& formula, const std::string* item) {
        blanks();
        if (take("(")) {
            if (++nesting_ > limits::kPatternNestingMax) return invalid();
            const std::size_t inner = SKY_TRY(either(formula, item));
            --nesting_;
            blanks();
            if (!take(")")) return at_end() ? invalid() : unexpected_here();
            return inner;
        }
        auto condition = item == nullptr ? json_condition() : field_condition(*item);
        out_.conditions.push_back(SKY_TRY(std::move(condition)));
        return formula.add({Formula::Node::Kind::kCondition, out_.conditions.size() - 1, 0});
    }

    bool comparison(Comparison& out) {
        struct Row {
            std::string_view sign;
            Comparison comparison;
        };
        static constexpr Row kRows[] = {
            {"!=", Comparison::kNotEqual},     {"<=", Comparison::kLessEqual},
            {">=", Comparison::kGreaterEqual}, {"=", Comparison::kEqual},
            {"<", Comparison::kLess},          {">", Comparison::kGreater},
        };
        for (const Row& row : kRows)
            if (take(row.sign)) {
                out = row.comparison;
                return true;
            }
        return false;
    }

    Result<Condition> json_condition() {
        Condition condition;
        condition.subject = SKY_TRY(selector());
        blanks();
        if (comparison(condition.comparison)) {
            SKY_TRY(operand(condition, [](char c) { return is_word(c) || c == '.' || c == '*'; }));
            return condition;
        }
        if (take_word("IS")) {
            blanks();
            if (take_word("NULL"))
                condition.comparison = Comparison::kIsNull;
            else if (take_word("TRUE"))
                condition.comparison = Comparison::kIsTrue;
            else if (take_word("FALSE"))
                condition.comparison = Comparison::kIsFalse;
            else
                return invalid();
            return condition;
        }
        if (take_word("NOT")) {
            blanks();
            if (!take_word("EXISTS")) return invalid();
            condition.comparison = Comparison::kNotExists;
            return condition;
        }
        return at_end() ? invalid() : unexpected_here();
    }

    Result<std::size_t> selector() {
        const std::size_t begin = at_;
        if (!take("$")) return at_end() ? invalid() : unexpected_here();
        JsonSelector selector;
        for (;;) {
            JsonStep step;
            const std::size_t step_begin = at_;
            const bool point = take(".");
            if (take("['")) {
                const std::size_t end = text_.find("']", at_);
                if (end == std::string_view::npos) return invalid();
                step.name = text_.substr(at_, end - at_);
                at_ = end + 2;
            } else if (point) {
                const std::size_t name = at_;
                while (!at_end() && (is_word(text_[at_]) || text_[at_] == '-')) ++at_;
                if (at_ == name) {
                    // The service shows what was read so far of the name: '$."'.
                    std::size_t end = at_;
                    while (end < text_.size() && !is_word(text_[end]) && !is_blank(text_[end]))
                        ++end;
                    return end == at_ ? invalid()
                                      : invalid_characters(text_.substr(begin, end - begin));
                }
                step.name = text_.substr(name, at_ - name);
            } else if (take("[")) {
                blanks();
                if (take("*")) {
                    step.kind = JsonStep::Kind::kEach;
                } else {
                    step.kind = JsonStep::Kind::kIndex;
                    const char* const from = text_.data() + at_;
                    const auto read =
                        std::from_chars(from, text_.data() + text_.size(), step.index);
                    if (read.ec != std::errc()) return invalid();
                    at_ += static_cast<std::size_t>(read.ptr - from);
                }
                blanks();
                if (!take("]")) return invalid();
            } else {
                at_ = step_begin;
                break;
            }
            selector.steps.push_back(std::move(step));
        }
        selector.text = text_.substr(begin, at_ - begin);
        for (std::size_t i = 0; i < out_.selectors.size(); ++i)
            if (out_.selectors[i].text == selector.text) return i;
        out_.selectors.push_back(std::move(selector));
        return out_.selectors.size() - 1;
    }

    static bool is_number_part(char c) {
        return is_word(c) || c == '.' || c == '*' || c == '+' || c == '-';
    }
    /// What a comparison is with. `bare` says which characters need no quotes.
    template <class Bare>
    Status operand(Condition& condition, Bare bare) {
        blanks();
        const bool ordered = condition.comparison != Comparison::kEqual &&
                             condition.comparison != Comparison::kNotEqual;
        if (take("%")) {
            condition.regex = SKY_TRY(regex());
        } else if (take("\"")) {
            condition.text = Wildcard(SKY_TRY(quoted(true)));
        } else {
            // Signs and exponents belong to numbers; other texts with a sign have to be quoted.
            const std::size_t begin = at_;
            while (!at_end() && is_number_part(text_[at_])) ++at_;
            std::string_view word = text_.substr(begin, at_ - begin);
            if (NumberText::read(word)) {
                condition.number_text = word;
                condition.has_number = true;
            } else {
                at_ = begin;
                while (!at_end() && bare(text_[at_])) ++at_;
                word = text_.substr(begin, at_ - begin);
                if (word.empty()) return at_end() ? invalid() : unexpected_here();
            }
            std::vector<std::string> parts(1);
            for (const char c : word)
                if (c == '*')
                    parts.emplace_back();
                else
                    parts.back() += c;
            condition.text = Wildcard(std::move(parts));
        }
        if (ordered && !condition.has_number) return invalid();
        return {};
    }

    static bool is_name(char c) { return is_word(c) || c == '-'; }
    std::string name() {
        const std::size_t begin = at_;
        while (!at_end() && is_name(text_[at_])) ++at_;
        return std::string(text_.substr(begin, at_ - begin));
    }

    Status item() {
        blanks();
        if (take("...")) {
            if (out_.gap) return invalid();
            out_.gap = out_.items.size();
            return {};
        }
        Impl::Item item;
        item.conditions_begin = item.conditions_end = out_.conditions.size();
        if (!at_end() && here() != ',') {
            const std::size_t begin = at_;
            while (take("(")) blanks();  // The name stands behind any parentheses.
            item.name = name();
            if (item.name.empty()) return unexpected_here();
            blanks();
            if (!at_end() && here() != ',') {
                at_ = begin;
                item.has_formula = true;
                item.formula.set_root(SKY_TRY(either(item.formula, &item.name)));
                item.conditions_end = out_.conditions.size();
            }
        }
        out_.items.push_back(std::move(item));
        return {};
    }

    Result<Condition> field_condition(const std::string& item) {
        // Reported of the service: an item has conditions on its own field alone.
        if (name() != item) return invalid();
        blanks();
        Condition condition;
        condition.subject = out_.items.size();
        if (!comparison(condition.comparison)) return at_end() ? invalid() : unexpected_here();
        SKY_TRY(operand(condition, [](char c) {
            const auto byte = static_cast<unsigned char>(c);
            return byte > 0x20 && byte < 0x7F &&
                   std::string_view(",[]()\"%&|<>=!").find(c) == std::string_view::npos;
        }));
        return condition;
    }

    std::string_view text_;
    std::size_t at_ = 0;
    int nesting_ = 0;
    Impl out_;
};

/// What stands between the brackets that a pattern begins and ends with.
Result<std::string_view> inside(std::string_view text, char open, char close) {
    if (text.size() >= 2 && text.back() == close) return text.substr(1, text.size() - 2);
    return fail(ErrorCode::kInvalidArgument, std::string("If a filter pattern starts with '") +
                                                 open + "' it must end with '" + close + "'");
}

}  // namespace

Result<Impl> parse_pattern(std::string_view text) {
    if (text.size() > limits::kPatternBytesMax) return invalid();
    text = trimmed(text);
    if (text.starts_with('{')) return Parser(SKY_TRY(inside(text, '{', '}'))).json();
    if (text.starts_with('[')) return Parser(SKY_TRY(inside(text, '[', ']'))).fields();
    return Parser(text).terms();
}

}  // namespace sky::logs
