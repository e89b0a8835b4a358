// SPDX-License-Identifier: Apache-2.0
#include "insights/functions/text_template.h"

#include <array>

#include "columnar/decimal.h"
#include "insights/functions/derived.h"

namespace sky::insights {
namespace {

struct Type {
    char letter;
    std::string_view name;
};
constexpr auto kTypes = std::to_array<Type>({
    {'N', "Number"},
    {'I', "IP"},
    {'U', "UUID"},
    {'D', "Timestamp"},
    {'H', "Hex"},
    {'E', "Email"},
    {'T', "Token"},
});

bool digit(char c) { return c >= '0' && c <= '9'; }
bool letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool hex(char c) { return digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

/// Whether the word looks like `shape`: 9 is a digit, x a hex digit, any other itself.
bool has_shape(std::string_view word, std::string_view shape) {
    if (word.size() != shape.size()) return false;
    for (std::size_t i = 0; i < shape.size(); ++i) {
        const bool same = shape[i] == '9'   ? digit(word[i])
                          : shape[i] == 'x' ? hex(word[i])
                                            : word[i] == shape[i];
        if (!same) return false;
    }
    return true;
}

bool starts_with_shape(std::string_view word, std::string_view shape) {
    return word.size() >= shape.size() && has_shape(word.substr(0, shape.size()), shape);
}

bool is_ipv4(std::string_view word) {
    const std::size_t port = word.find(':');
    if (port != std::string_view::npos) {
        for (const char c : word.substr(port + 1)) {
            if (!digit(c)) return false;
        }
        word = word.substr(0, port);
    }
    int parts = 0;
    std::size_t at = 0;
    while (true) {
        const std::size_t begin = at;
        while (at < word.size() && digit(word[at])) ++at;
        if (at == begin || at - begin > 3) return false;
        ++parts;
        if (at == word.size()) return parts == 4;
        if (word[at++] != '.') return false;
    }
}

bool is_ipv6(std::string_view word) {
    int colons = 0;
    for (const char c : word) {
        if (c == ':') {
            ++colons;
        } else if (!hex(c)) {
            return false;
        }
    }
    return colons >= 2 && (colons == 7 || word.find("::") != std::string_view::npos);
}

bool is_number(std::string_view word) {
    columnar::ParsedNumber parsed{};
    if (columnar::parse_number(word, parsed)) return true;
    // A unit or a percent sign behind it: 12ms, 99.5%.
    std::size_t end = word.size();
    while (end > 0 && (letter(word[end - 1]) || word[end - 1] == '%')) --end;
    return end > 0 && word.size() - end <= 3 && columnar::parse_number(word.substr(0, end), parsed);
}

char type_of(std::string_view word) {
    bool digits = false;
    for (const char c : word) digits = digits || digit(c);
    if (word.find('@') != std::string_view::npos && word.front() != '@' &&
        word.find('.') != std::string_view::npos) {
        return 'E';
    }
    if (!digits) return '\0';
    if (has_shape(word, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx")) return 'U';
    if (starts_with_shape(word, "9999-99-99") || starts_with_shape(word, "9999/99/99") ||
        starts_with_shape(word, "99/99/9999") || starts_with_shape(word, "99:99:99")) {
        return 'D';
    }
    if (is_ipv4(word) || is_ipv6(word)) return 'I';
    if (is_number(word)) return 'N';
    constexpr std::size_t kHexMin = 8;
    const std::string_view body = word.starts_with("0x") ? word.substr(2) : word;
    bool all_hex = body.size() >= kHexMin || body.size() != word.size();
    for (const char c : body) all_hex = all_hex && hex(c);
    return all_hex ? 'H' : 'T';
}

}  // namespace

std::string_view template_type(char letter_of_type) {
    for (const Type& type : kTypes) {
        if (type.letter == letter_of_type) return type.name;
    }
    return "Token";
}

void append_template(std::string_view text, std::string& out) {
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.remove_suffix(1);
    append_words(text, out);
}

void append_words(std::string_view text, std::string& out) {
    for_each_part(text, [&](std::string_view part) {
        if (is_word_end(part[0])) {
            out += part;
            return;
        }
        // A full stop or colon at its end belongs to the sentence.
        std::size_t end = part.size();
        while (end > 1 && (part[end - 1] == '.' || part[end - 1] == ':')) --end;
        const char type = type_of(part.substr(0, end));
        if (type == '\0') {
            for (const char c : part) out += c == kTemplateMark ? ' ' : c;
            return;
        }
        out += kTemplateMark;
        out += type;
        out += part.substr(end);
    });
}

}  // namespace sky::insights
