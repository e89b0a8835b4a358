// SPDX-License-Identifier: Apache-2.0
#include "json/writer.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstring>

namespace sky::json {
namespace {

constexpr std::uint64_t kOnes = 0x0101010101010101ULL;
constexpr std::uint64_t kHighs = 0x8080808080808080ULL;

// Non-zero when some of the eight bytes must be escaped. Carries may mark a byte above a true hit,
// never one below it, and never without a hit: the caller then looks at the bytes one by one.
constexpr std::uint64_t any_escape(std::uint64_t word) {
    const auto has_zero = [](std::uint64_t w) { return (w - kOnes) & ~w & kHighs; };
    const std::uint64_t control = (word - kOnes * 0x20) & ~word & kHighs;
    return control | has_zero(word ^ (kOnes * '"')) | has_zero(word ^ (kOnes * '\\'));
}

std::uint64_t load(const char* bytes) {
    std::uint64_t word;
    std::memcpy(&word, bytes, sizeof(word));
    return word;
}

constexpr bool must_escape(char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\';
}

void append_escape(std::string& out, char c) {
    switch (c) {
        case '"':
            out.append("\\\"");
            return;
        case '\\':
            out.append("\\\\");
            return;
        case '\n':
            out.append("\\n");
            return;
        case '\r':
            out.append("\\r");
            return;
        case '\t':
            out.append("\\t");
            return;
        case '\b':
            out.append("\\b");
            return;
        case '\f':
            out.append("\\f");
            return;
        default:
            break;
    }
    constexpr std::string_view kHex = "0123456789abcdef";
    out.append("\\u00");
    out.push_back(kHex[static_cast<unsigned char>(c) >> 4]);
    out.push_back(kHex[static_cast<unsigned char>(c) & 15]);
}

template <class T>
void append_number(std::string& out, T value) {
    std::array<char, 32> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    out.append(digits.data(), static_cast<std::size_t>(end - digits.data()));
}

/// Whether nothing in the text must be escaped. It may say no for texts that are.
bool is_plain(std::string_view text) {
    const char* const bytes = text.data();
    const std::size_t size = text.size();
    if (size < 8) {
        for (const char c : text) {
            if (must_escape(c)) return false;
        }
        return true;
    }
    std::uint64_t found = 0;
    for (std::size_t at = 0; at + 8 < size; at += 8) found |= any_escape(load(bytes + at));
    return (found | any_escape(load(bytes + size - 8))) == 0;
}

}  // namespace

void append_quoted(std::string& out, std::string_view text) {
    if (is_plain(text)) {
        const std::size_t begin = out.size();
        out.append(text.size() + 2, '"');
        text.copy(out.data() + begin + 1, text.size());
        return;
    }
    out.push_back('"');
    std::size_t begin = 0, at = 0;
    while (at < text.size()) {
        // Most text needs no escape: eight bytes at a time until one does.
        while (at + 8 <= text.size()) {
            if (any_escape(load(text.data() + at)) != 0) break;
            at += 8;
        }
        const std::size_t stop = std::min(at + 8, text.size());
        while (at < stop && !must_escape(text[at])) ++at;
        if (at < stop) {
            out.append(text, begin, at - begin);
            append_escape(out, text[at]);
            begin = ++at;
        }
    }
    out.append(text, begin, at - begin);
    out.push_back('"');
}

void append_double(std::string& out, double value) {
    if (std::isnan(value)) {
        out.append("\"NaN\"");
    } else if (std::isinf(value)) {
        out.append(value > 0 ? "\"Infinity\"" : "\"-Infinity\"");
    } else {
        append_number(out, value);
    }
}

void Writer::integer(std::int64_t value) {
    comma();
    append_number(out_, value);
    need_comma_ = true;
}

void Writer::unsigned_integer(std::uint64_t value) {
    comma();
    append_number(out_, value);
    need_comma_ = true;
}

}  // namespace sky::json
