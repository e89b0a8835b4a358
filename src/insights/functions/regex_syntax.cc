// SPDX-License-Identifier: Apache-2.0
#include "insights/functions/regex_syntax.h"

#include <algorithm>

#include "insights/functions/limits.h"

namespace sky::insights {
namespace {

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// One pass over the source, left to right.
class Translator {
public:
    explicit Translator(std::string_view source) : source_(source) {}

    Result<RegexText> run() {
        if (source_.size() > limits::kRegexTextMax) {
            return refuse("the regular expression is too long", limits::kRegexTextMax,
                          source_.size());
        }
        read_leading_flags();
        while (at_ < source_.size()) {
            if (auto step = token(); !step) return std::unexpected(std::move(step).error());
        }
        end_literal();
        out_.origin.push_back(static_cast<std::uint32_t>(source_.size()));
        if (!literals_ok_) {
            out_.required.clear();
            out_.literals.clear();
            out_.prefix.clear();
        }
        return std::move(out_);
    }

private:
    std::unexpected<Error> refuse(std::string what, std::size_t begin, std::size_t end) const {
        return fail(ErrorCode::kMalformedQuery, "invalid regular expression: " + std::move(what),
                    static_cast<std::int64_t>(begin), static_cast<std::int64_t>(end - begin));
    }

    char peek(std::size_t ahead) const {
        return at_ + ahead < source_.size() ? source_[at_ + ahead] : '\0';
    }

    /// Copies `count` bytes of the source.
    void copy(std::size_t count) {
        for (std::size_t i = 0; i < count && at_ < source_.size(); ++i) {
            emit(source_[at_]);
            ++at_;
        }
    }
    void emit(char c) {
        out_.origin.push_back(static_cast<std::uint32_t>(at_));
        out_.pattern += c;
    }

    /// RE2 has no (?x): it is taken out of the leading flags and acted on here.
    void read_leading_flags() {
        if (!source_.starts_with("(?")) return;
        std::size_t end = 2;
        while (end < source_.size() && is_letter(source_[end])) ++end;
        if (end == 2 || end >= source_.size() || source_[end] != ')') return;
        const std::string_view flags = source_.substr(2, end - 2);
        if (flags.find_first_not_of("ismUx") != std::string_view::npos) return;
        extended_ = flags.find('x') != std::string_view::npos;
        literals_ok_ = flags.find('i') == std::string_view::npos;
        std::string kept;
        for (const char c : flags) {
            if (c != 'x') kept += c;
        }
        if (!kept.empty()) {
            for (const char c : "(?" + kept + ")") emit(c);
        }
        at_ = end + 1;
    }

    Result<void> token() {
        const char c = source_[at_];
        if (extended_ && (c == ' ' || c == '\t' || c == '\n' || c == '\r')) {
            ++at_;
            return {};
        }
        if (extended_ && c == '#') {
            while (at_ < source_.size() && source_[at_] != '\n') ++at_;
            return {};
        }
        switch (c) {
            case '\\':
                return escape();
            case '[':
                return character_class();
            case '(':
                return open_group();
            case ')':
                end_literal();
                if (depth_ > 0) --depth_;
                copy(1);
                return {};
            case '|':
                // Another branch need not hold what this one does.
                if (depth_ == 0) literals_ok_ = false;
                end_literal();
                copy(1);
                return {};
            case '*':
            case '+':
            case '?':
            case '{':
                return repeat();
            case '.':
            case '^':
            case '$':
                end_literal();
                copy(1);
                return {};
            default:
                literal_byte(c);
                return {};
        }
    }

    void literal_byte(char c) {
        if (depth_ == 0) {
            run_ += c;
            // A repeat takes back the last character: all bytes of it.
            const bool starts = (static_cast<unsigned char>(c) & 0xC0) != 0x80;
            if (starts) last_character_ = run_.size() - 1;
        }
        copy(1);
    }

    Result<void> escape() {
        const char c = peek(1);
        if (c == '/') {
            ++at_;
            literal_byte('/');
            return {};
        }
        if (is_digit(c) && c != '0') {
            return refuse("back-references are not supported", at_, at_ + 2);
        }
        if (c == 'k' || c == 'g') {
            return refuse("back-references are not supported", at_, at_ + 2);
        }
        if (c == 'Q' || c == 'E') {
            // A repeat behind an empty quotation takes back what stands before it: collect nothing.
            literals_ok_ = false;
            end_literal();
            const std::size_t end = source_.find("\\E", at_);
            copy(end == std::string_view::npos ? source_.size() - at_ : end + 2 - at_);
            return {};
        }
        const bool escapes_punctuation = c != '\0' && !is_letter(c) && !is_digit(c) &&
                                         static_cast<unsigned char>(c) < 0x80 && c > ' ';
        if (escapes_punctuation) {
            if (depth_ == 0) {
                run_ += c;
                last_character_ = run_.size() - 1;
            }
            copy(2);
            return {};
        }
        end_literal();
        if (c == 'p' || c == 'P' || c == 'x') {
            copy(2);
            if (peek(0) == '{') {
                while (at_ < source_.size() && source_[at_] != '}') copy(1);
                copy(1);
            } else {
                copy(c == 'x' ? 2 : 1);
            }
            return {};
        }
        if (c == '0') {
            copy(2);
            for (int i = 0; i < 2 && peek(0) >= '0' && peek(0) <= '7'; ++i) copy(1);
            return {};
        }
        if (c == 'Z' || c == 'h' || c == 'R' || c == 'X' || c == 'K' || c == 'G') {
            return refuse(std::string("\\") + c + " is not supported", at_, at_ + 2);
        }
        copy(2);
        return {};
    }

    Result<void> character_class() {
        end_literal();
        copy(1);
        if (peek(0) == '^') copy(1);
        if (peek(0) == ']') copy(1);
        while (at_ < source_.size() && source_[at_] != ']') {
            if (source_[at_] == '\\' && peek(1) == '/') {
                ++at_;
                copy(1);
            } else if (source_[at_] == '\\') {
                copy(2);
            } else if (source_[at_] == '[' && peek(1) == ':') {
                const std::size_t end = source_.find(":]", at_ + 2);
                copy(end == std::string_view::npos ? 1 : end + 2 - at_);
            } else {
                copy(1);
            }
        }
        copy(1);
        return {};
    }

    /// Bytes of `(?flags)` here, or 0. It is no operand: a repeat behind it takes back the literal
    /// before it, so it does not end one.
    std::size_t flags_only() const {
        if (peek(1) != '?') return 0;
        std::size_t end = at_ + 2;
        while (end < source_.size() && (is_letter(source_[end]) || source_[end] == '-')) ++end;
        return end < source_.size() && source_[end] == ')' ? end + 1 - at_ : 0;
    }

    Result<void> open_group() {
        const std::size_t begin = at_;
        if (const std::size_t bytes = flags_only(); bytes > 0) {
            const std::string_view flags = source_.substr(begin, bytes);
            if (const std::size_t x = flags.find('x'); x != std::string_view::npos) {
                return refuse_late_x(begin, begin + x + 1);
            }
            if (flags.find('i') != std::string_view::npos) literals_ok_ = false;
            copy(bytes);
            return {};
        }
        end_literal();
        ++depth_;
        if (peek(1) != '?') {
            if (peek(1) == '*') return refuse("(* is not supported", begin, begin + 2);
            copy(1);
            return {};
        }
        const char kind = peek(2);
        const bool look_behind = kind == '<' && (peek(3) == '=' || peek(3) == '!');
        if (kind == '=' || kind == '!' || look_behind) {
            return refuse("look-around is not supported", begin, begin + (look_behind ? 4 : 3));
        }
        if (kind == '>') return refuse("atomic groups are not supported", begin, begin + 3);
        if (kind == '(' || kind == '|' || kind == '#' || kind == '&' || kind == 'R' ||
            is_digit(kind)) {
            return refuse("this kind of group is not supported", begin, begin + 3);
        }
        if (kind == 'P' && peek(3) != '<') {
            return refuse("back-references are not supported", begin, begin + 4);
        }
        if (kind == '<' || kind == 'P') return named_group(begin, kind == '<' ? 3 : 4);
        // Flags of this group alone: (?i:...). What they change inside is not collected anyway.
        std::size_t end = at_ + 2;
        for (; end < source_.size() && (is_letter(source_[end]) || source_[end] == '-'); ++end) {
            if (source_[end] == 'x') return refuse_late_x(begin, end + 1);
        }
        copy(std::min(end + 1, source_.size()) - at_);
        return {};
    }

    std::unexpected<Error> refuse_late_x(std::size_t begin, std::size_t end) const {
        return refuse("the flag x is supported at the start only", begin, end);
    }

    Result<void> named_group(std::size_t begin, std::size_t prefix) {
        const std::size_t name = begin + prefix;
        std::size_t end = name;
        while (end < source_.size() &&
               (is_letter(source_[end]) || is_digit(source_[end]) || source_[end] == '_')) {
            ++end;
        }
        if (end == name || end >= source_.size() || source_[end] != '>' ||
            is_digit(source_[name])) {
            return refuse("a group's name consists of letters, digits and _", begin,
                          std::min(end + 1, source_.size()));
        }
        const std::string_view word = source_.substr(name, end - name);
        if (std::find(names_.begin(), names_.end(), word) != names_.end()) {
            return refuse("two groups have the same name", begin, end + 1);
        }
        names_.push_back(word);
        copy(2);
        emit('P');
        if (prefix == 4) ++at_;
        copy(end + 1 - at_);
        return {};
    }

    Result<void> repeat() {
        // What is repeated may be absent (or be more), so it ends the literal before itself.
        const std::size_t begin = at_;
        if (!run_.empty()) run_.resize(last_character_);
        end_literal();
        if (source_[at_] == '{') {
            // A brace that is no counter is a literal to RE2; leaving it out of runs is safe.
            copy(1);
            while (at_ < source_.size() && (is_digit(source_[at_]) || source_[at_] == ',')) copy(1);
            if (peek(0) != '}') return {};
        }
        copy(1);
        if (peek(0) == '+') {
            return refuse("possessive repeats are not supported", begin, at_ + 1);
        }
        if (peek(0) == '?') copy(1);
        return {};
    }

    /// Keeps the longest run of top-level literals.
    void end_literal() {
        if (run_.size() > out_.required.size()) out_.required = run_;
        const bool kept = !run_.empty() && out_.literals.size() < limits::kRegexLiteralsMax;
        if (kept) out_.literals.push_back(run_);
        if (first_token_) out_.prefix = run_;
        first_token_ = false;
        run_.clear();
        last_character_ = 0;
    }

    std::string_view source_;
    std::size_t at_ = 0;
    RegexText out_;
    bool extended_ = false;
    bool literals_ok_ = true;
    int depth_ = 0;
    bool first_token_ = true;  // Until something else than a literal came.
    std::vector<std::string_view> names_;
    std::string run_;
    std::size_t last_character_ = 0;
};

}  // namespace

Result<RegexText> translate_regex(std::string_view source) { return Translator(source).run(); }

}  // namespace sky::insights
