// SPDX-License-Identifier: Apache-2.0
#include "logs/patterns/number_text.h"

#include <algorithm>

namespace sky::logs {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Digits without the point, endless: zeros behind the last one.
class Digits {
public:
    explicit Digits(std::string_view text) : text_(text) {}
    bool at_end() {
        if (at_ < text_.size() && text_[at_] == '.') ++at_;
        return at_ == text_.size();
    }
    char next() { return at_end() ? '0' : text_[at_++]; }

private:
    std::string_view text_;
    std::size_t at_ = 0;
};

}  // namespace

std::optional<NumberText> NumberText::read(std::string_view text) {
    NumberText out;
    out.sign_ = 1;
    if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
        if (text[0] == '-') out.sign_ = -1;
        text.remove_prefix(1);
    }
    std::size_t whole = 0;
    while (whole < text.size() && is_digit(text[whole])) ++whole;
    if (whole == 0) return std::nullopt;
    std::size_t end = whole;
    if (end < text.size() && text[end] == '.') {
        const std::size_t begin = ++end;
        while (end < text.size() && is_digit(text[end])) ++end;
        if (end == begin) return std::nullopt;
    }
    std::int64_t exponent = 0;
    if (end < text.size()) {
        if (text[end] != 'e' && text[end] != 'E') return std::nullopt;
        std::size_t at = end + 1;
        const bool negative = at < text.size() && text[at] == '-';
        if (at < text.size() && (text[at] == '-' || text[at] == '+')) ++at;
        if (at == text.size()) return std::nullopt;
        // Far beyond any text's length, so the order stays right.
        constexpr std::int64_t kExponentMax = 1'000'000'000'000;
        for (; at < text.size(); ++at) {
            if (!is_digit(text[at])) return std::nullopt;
            exponent = std::min(exponent * 10 + (text[at] - '0'), kExponentMax);
        }
        if (negative) exponent = -exponent;
    }
    const std::string_view mantissa = text.substr(0, end);
    const std::size_t first = mantissa.find_first_of("123456789");
    if (first == std::string_view::npos) {
        out.sign_ = 0;
        return out;
    }
    const auto place = first < whole
                           ? static_cast<std::int64_t>(whole - first) - 1
                           : static_cast<std::int64_t>(whole) - static_cast<std::int64_t>(first);
    out.magnitude_ = place + exponent;
    out.digits_ = mantissa.substr(first);
    return out;
}

int NumberText::compare(const NumberText& a, const NumberText& b) {
    if (a.sign_ != b.sign_) return a.sign_ < b.sign_ ? -1 : 1;
    if (a.sign_ == 0) return 0;
    if (a.magnitude_ != b.magnitude_) return a.magnitude_ < b.magnitude_ ? -a.sign_ : a.sign_;
    Digits left(a.digits_), right(b.digits_);
    while (!left.at_end() || !right.at_end()) {
        const char x = left.next(), y = right.next();
        if (x != y) return x < y ? -a.sign_ : a.sign_;
    }
    return 0;
}

}  // namespace sky::logs
