// SPDX-License-Identifier: Apache-2.0
#include "shapes/tokens.h"

#include "shapes/limits.h"

namespace sky::shapes {

namespace {

enum Class : std::uint8_t {
    kWord,
    kBlank,
    kPunctuation,
    kColon,
    kOpen,
    kQuote,
    kSlash,
    kBackslash
};

constexpr std::array<std::uint8_t, 256> kClasses = [] {
    std::array<std::uint8_t, 256> classes{};
    const auto set = [&](std::string_view bytes, Class kind) {
        for (const char byte : bytes) classes[static_cast<unsigned char>(byte)] = kind;
    };
    set(" \t\n\r", kBlank);
    set(",;=|)]}<>", kPunctuation);
    set("([{", kOpen);
    set(":", kColon);
    set("\"", kQuote);
    set("/", kSlash);
    set("\\", kBackslash);
    return classes;
}();
constexpr std::uint8_t class_of(char byte) { return kClasses[static_cast<unsigned char>(byte)]; }

constexpr char closer(char open) { return open == '(' ? ')' : open == '[' ? ']' : '}'; }

/// Where the bracket at `open` is closed, or npos.
std::size_t closing(std::string_view text, std::size_t open) {
    const char begin = text[open], end = closer(begin);
    std::size_t depth = 0;
    for (std::size_t i = open; i < text.size(); ++i) {
        if (text[i] == begin) ++depth;
        if (text[i] == end && --depth == 0) return i;
    }
    return std::string_view::npos;
}

/// Where the quote at `open` is closed, or npos: the next one behind an even number of backslashes.
std::size_t closing_quote(std::string_view text, std::size_t open) {
    for (std::size_t i = open;;) {
        i = text.find('"', i + 1);
        if (i == std::string_view::npos) return i;
        std::size_t escapes = i;
        while (escapes > open + 1 && text[escapes - 1] == '\\') --escapes;
        if ((i - escapes) % 2 == 0) return i;
    }
}

constexpr bool is_digit(char byte) { return byte >= '0' && byte <= '9'; }
constexpr bool is_letter(char byte) {
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '_';
}
/// A name as keys of key=value are: letters, digits, dots and dashes behind a letter.
bool is_name(std::string_view word) {
    if (word.empty() || !is_letter(word[0])) return false;
    for (const char byte : word)
        if (!is_letter(byte) && !is_digit(byte) && byte != '.' && byte != '-') return false;
    return true;
}

// Searches for a closing bracket that fail, before brackets of this text count as punctuation: a
// text of nothing but open brackets stays linear.
constexpr int kFailedSearchesMax = 4;

}  // namespace

bool Tokens::read(std::string_view text, Grammar grammar) {
    list_.clear();
    hash_ = static_cast<std::uint64_t>(grammar) + 1;
    heads_.fill(0);
    switch (grammar) {
        case Grammar::kPlain:
        case Grammar::kJsonString:
            read_plain(text, grammar == Grammar::kJsonString);
            return true;
        case Grammar::kLines:
        case Grammar::kJsonLines:
            return read_lines(text, grammar == Grammar::kJsonLines);
        case Grammar::kJson:
        case Grammar::kJsonArray:
            return read_json(text, grammar == Grammar::kJsonArray);
    }
    return false;
}

void Tokens::add(std::size_t begin, std::size_t end) {
    list_.push_back({static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end)});
    hash_ = hash_mix(hash_, kHashB);
    if (list_.size() <= kHeadMax) heads_[list_.size()] = hash_;
}

void Tokens::read_plain(std::string_view text, bool escapes) {
    int failed = 0;
    const std::size_t size = text.size();
    const auto escaped_blank = [&](std::size_t at) {
        return escapes && text[at] == '\\' && at + 1 < size &&
               (text[at + 1] == 'n' || text[at + 1] == 'r' || text[at + 1] == 't');
    };
    const auto ends_name = [&](std::size_t colon) {
        return colon + 1 == size || class_of(text[colon + 1]) == kBlank || escaped_blank(colon + 1);
    };
    for (std::size_t i = 0; i < size;) {
        const char byte = text[i];
        const std::uint8_t kind = class_of(byte);
        if (list_.size() + 1 >= limits::kTokensMax) {
            add(i, size);
            return;
        }
        if (kind == kOpen || kind == kQuote) {
            hash_byte(static_cast<unsigned char>(byte));
            const std::size_t end = failed > kFailedSearchesMax ? std::string_view::npos
                                    : kind == kOpen             ? closing(text, i)
                                                                : closing_quote(text, i);
            ++i;
            if (end == std::string_view::npos) {
                ++failed;
                continue;
            }
            add(i, end);
            i = end;  // The closing byte is punctuation like any other, or a quote: take it here.
            hash_byte(static_cast<unsigned char>(text[i++]));
            continue;
        }
        if (kind == kBlank || kind == kPunctuation) {
            hash_byte(static_cast<unsigned char>(byte));
            ++i;
            continue;
        }
        if (kind == kColon && ends_name(i)) {
            hash_byte(static_cast<unsigned char>(byte));
            ++i;
            continue;
        }
        if (escaped_blank(i)) {
            hash_byte(static_cast<unsigned char>(text[i + 1]));
            hash_byte('\\');
            i += 2;
            continue;
        }
        const std::size_t begin = i;
        bool path = false;   // Addresses and paths hold punctuation; they end at blanks and quotes.
        bool clock = false;  // 10:00:00,123 is one time.
        for (; i < size; ++i) {
            const std::uint8_t inner = class_of(text[i]);
            if (inner == kWord) continue;
            if (inner == kBlank || inner == kQuote) break;
            if (inner == kSlash) {
                path = true;
                continue;
            }
            if (inner == kBackslash) {
                if (escaped_blank(i)) break;
                if (escapes && i + 1 < size) ++i;
                continue;
            }
            if (inner == kColon) {
                if (ends_name(i)) break;
                clock = true;
                continue;
            }
            if (clock && text[i] == ',' && is_digit(text[i - 1]) && i + 1 < size &&
                is_digit(text[i + 1]))
                continue;
            if (!path || text[i] == '[' || text[i] == ']' || text[i] == '{' || text[i] == '}' ||
                text[i] == '<' || text[i] == '>')
                break;
        }
        if (i < size && text[i] == '=' && is_name(text.substr(begin, i - begin)))
            hash_bytes(text.substr(begin, i - begin));  // A key names what follows.
        else
            add(begin, i);
    }
}

bool Tokens::read_lines(std::string_view text, bool escapes) {
    const std::size_t size = text.size();
    // Bytes of the blank at `at`, 0 when there is none; `ends`: whether it ends a line.
    const auto blank = [&](std::size_t at, bool& ends) -> std::size_t {
        ends = false;
        if (class_of(text[at]) == kBlank) {
            ends = text[at] == '\n' || text[at] == '\r';
            return 1;
        }
        if (!escapes || text[at] != '\\' || at + 1 == size) return 0;
        const char byte = text[at + 1];
        ends = byte == 'n' || byte == 'r';
        return ends || byte == 't' ? 2 : 0;
    };
    std::size_t lines = 0;
    bool ends = false;
    for (std::size_t i = 0; i < size;) {
        if (list_.size() + 1 >= limits::kTokensMax) {
            add(i, size);
            return lines > 0;
        }
        if (const std::size_t bytes = blank(i, ends); bytes != 0) {
            lines += ends ? 1 : 0;
            hash_bytes(text.substr(i, bytes));
            i += bytes;
            continue;
        }
        // A value or its name, up to the end of the line or a colon with a blank behind it.
        constexpr std::size_t kNameBytesMax = 48;
        const std::size_t begin = i;
        std::size_t end = i, name = 0;
        while (i < size) {
            const std::size_t bytes = blank(i, ends);
            if (bytes != 0 && ends) break;
            if (bytes == 0) {
                const bool colon = text[i] == ':';
                i += escapes && text[i] == '\\' && i + 1 < size ? 2U : 1U;
                end = i;
                bool line_ends = false;
                if (colon && i - begin <= kNameBytesMax &&
                    (i == size || blank(i, line_ends) != 0)) {
                    name = i - begin;
                    break;
                }
            } else {
                i += bytes;
            }
        }
        if (name != 0) {
            hash_bytes(text.substr(begin, name));
        } else {
            add(begin, end);
            i = end;  // Blanks at the end are not the value's.
        }
    }
    return lines > 0;
}

bool Tokens::read_json(std::string_view text, bool array) {
    constexpr std::size_t kDepthMax = 32;
    std::size_t depth = 0, i = 0;
    const std::size_t size = text.size();
    const auto blanks = [&] {
        while (i < size && class_of(text[i]) == kBlank)
            hash_byte(static_cast<unsigned char>(text[i++]));
    };
    blanks();
    if (!array && (i == size || text[i] != '{')) return false;
    // Objects only nest; an array is one token. In an object a string before a colon is its key.
    bool key = false;
    while (i < size) {
        if (list_.size() + 1 >= limits::kJsonTokensMax) return false;
        const char byte = text[i];
        switch (byte) {
            case ' ':
            case '\t':
            case '\n':
            case '\r':
                blanks();
                break;
            case '{':
                if (++depth > kDepthMax) return false;
                key = true;
                hash_byte('{');
                ++i;
                break;
            case '}':
                if (depth-- == 0) return false;
                key = false;
                hash_byte('}');
                ++i;
                break;
            case ',':
                key = depth > 0;
                hash_byte(',');
                ++i;
                break;
            case ':':
                key = false;
                hash_byte(':');
                ++i;
                break;
            case '[': {
                // Brackets inside strings do not count.
                std::size_t open = 0, end = i;
                for (; end < size; ++end) {
                    if (text[end] == '"') {
                        end = closing_quote(text, end);
                        if (end == std::string_view::npos) return false;
                    } else if (text[end] == '[') {
                        ++open;
                    } else if (text[end] == ']' && --open == 0) {
                        break;
                    }
                }
                if (end >= size) return false;
                hash_byte('[');
                add(i + 1, end);
                hash_byte(']');
                i = end + 1;
                break;
            }
            case '"': {
                const std::size_t end = closing_quote(text, i);
                if (end == std::string_view::npos) return false;
                hash_byte('"');
                if (key)
                    hash_bytes(text.substr(i + 1, end - i - 1));
                else
                    add(i + 1, end);
                hash_byte('"');
                i = end + 1;
                break;
            }
            default: {
                const std::size_t begin = i;
                while (i < size && (is_letter(text[i]) || is_digit(text[i]) || text[i] == '-' ||
                                    text[i] == '+' || text[i] == '.'))
                    ++i;
                if (i == begin || key) return false;
                add(begin, i);
            }
        }
    }
    return depth == 0;
}

}  // namespace sky::shapes
