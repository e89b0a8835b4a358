// SPDX-License-Identifier: Apache-2.0
#include "logs/patterns/text_match.h"

#include <re2/re2.h>

#include <algorithm>

#include "logs/patterns/limits.h"

namespace sky::logs {
namespace {

bool is_alphanumeric(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_hex(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
// logs-api.md 7.2: what stands for itself, and what means something.
bool is_plain(char c) {
    return is_alphanumeric(c) || std::string_view("_#=@/;,-: ").find(c) != std::string_view::npos;
}
bool is_operator(char c) {
    return std::string_view("^$?[]{}|\\*+.").find(c) != std::string_view::npos;
}

/// Reads the subset: refuses what is not in it, and finds the longest text that every match has.
class RegexReader {
public:
    explicit RegexReader(std::string_view text) : text_(text) {}

    Result<std::string> required() {
        if (text_.empty()) return fail(ErrorCode::kInvalidArgument, std::string(kPatternInvalid));
        while (at_ < text_.size()) SKY_TRY(atom());
        end_run();
        return alternatives_ ? std::string() : best_;
    }

private:
    Status atom() {
        const char c = text_[at_];
        if (c == '\\') return escape(false);
        if (c == '[') return bracket();
        if (!is_plain(c) && !is_operator(c)) return invalid_characters(text_.substr(at_, 1));
        ++at_;
        if (c == '|') alternatives_ = true;
        if (is_plain(c)) {
            literal(c);
        } else {
            end_run();
            if (c == '{') skip_count();
        }
        return {};
    }
    /// "{2,3}": its digits are no text of a match.
    void skip_count() {
        const std::size_t end = text_.find('}', at_);
        if (end == std::string_view::npos) return;
        const std::string_view count = text_.substr(at_, end - at_);
        if (count.find_first_not_of("0123456789,") == std::string_view::npos) at_ = end + 1;
    }
    Status escape(bool inside) {
        if (at_ + 1 == text_.size())
            return fail(ErrorCode::kInvalidArgument, std::string(kPatternInvalid));
        const char c = text_[at_ + 1];
        if (c == 'x') {
            if (at_ + 3 >= text_.size() || !is_hex(text_[at_ + 2]) || !is_hex(text_[at_ + 3]))
                return fail(ErrorCode::kInvalidArgument, std::string(kPatternInvalid));
            at_ += 4;
            end_run();
            return {};
        }
        if (std::string_view("dDsSwW").find(c) != std::string_view::npos) {
            at_ += 2;
            end_run();
            return {};
        }
        // An escaped letter would be a class or an assertion that the subset does not have.
        if (is_alphanumeric(c) || (!is_plain(c) && !is_operator(c)))
            return invalid_characters(text_.substr(at_, 2));
        at_ += 2;
        if (!inside) literal(c);
        return {};
    }
    Status bracket() {
        end_run();
        ++at_;
        bool first = true;
        if (at_ < text_.size() && text_[at_] == '^') ++at_;
        for (; at_ < text_.size(); first = false) {
            const char c = text_[at_];
            if (c == ']' && !first) {
                ++at_;
                return {};
            }
            // RE2 would take `[[:` for a class by name.
            if (c == '[' || (!is_plain(c) && !is_operator(c)))
                return invalid_characters(text_.substr(at_, 1));
            if (c == '\\')
                SKY_TRY(escape(true));
            else
                ++at_;
        }
        return fail(ErrorCode::kInvalidArgument, std::string(kPatternInvalid));
    }
    /// A character that stands for itself; what follows decides whether it has to be there.
    void literal(char c) {
        const char next = at_ < text_.size() ? text_[at_] : '\0';
        if (next == '?' || next == '*' || next == '{') return end_run();
        run_ += c;
        if (next == '+') end_run();
    }
    void end_run() {
        if (run_.size() > best_.size()) best_ = run_;
        run_.clear();
    }

    std::string_view text_;
    std::size_t at_ = 0;
    bool alternatives_ = false;
    std::string run_, best_;
};

}  // namespace

std::unexpected<Error> invalid_characters(std::string_view characters) {
    std::string told;
    for (const char c : characters) {
        const auto byte = static_cast<unsigned char>(c);
        if ((byte & 0xC0U) == 0x80U) continue;
        told += byte >= 0x80U ? '?' : c;
    }
    return fail(ErrorCode::kInvalidArgument, "Invalid character(s) in term '" + told + "'");
}

bool Wildcard::matches(std::string_view text) const {
    if (parts_.size() == 1) return text == parts_.front();
    if (!text.starts_with(parts_.front())) return false;
    text.remove_prefix(parts_.front().size());
    if (!text.ends_with(parts_.back())) return false;
    text.remove_suffix(parts_.back().size());
    for (std::size_t i = 1; i + 1 < parts_.size(); ++i) {
        const std::size_t at = text.find(parts_[i]);
        if (at == std::string_view::npos) return false;
        text.remove_prefix(at + parts_[i].size());
    }
    return true;
}

bool Wildcard::is_any() const {
    return parts_.size() > 1 && std::all_of(parts_.begin(), parts_.end(),
                                            [](const std::string& part) { return part.empty(); });
}

PatternRegex::PatternRegex(std::unique_ptr<re2::RE2> program, std::string required)
    : program_(std::move(program)), required_(std::move(required)) {}
PatternRegex::PatternRegex(PatternRegex&&) noexcept = default;
PatternRegex& PatternRegex::operator=(PatternRegex&&) noexcept = default;
PatternRegex::~PatternRegex() = default;

Result<PatternRegex> PatternRegex::compile(std::string_view text) {
    std::string required = SKY_TRY(RegexReader(text).required());
    re2::RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(limits::kPatternRegexBytesMax);
    auto program = std::make_unique<re2::RE2>(re2::StringPiece(text.data(), text.size()), options);
    if (!program->ok()) return fail(ErrorCode::kInvalidArgument, std::string(kPatternInvalid));
    return PatternRegex(std::move(program), std::move(required));
}

bool PatternRegex::search(std::string_view text) const {
    if (text.find(required_) == std::string_view::npos) return false;
    return program_->Match(re2::StringPiece(text.data(), text.size()), 0, text.size(),
                           re2::RE2::UNANCHORED, nullptr, 0);
}

}  // namespace sky::logs
