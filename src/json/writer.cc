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

}  // namespace

void append_quoted(std::string& out, std::string_view text) {
    out.push_back('"');
    std::size_t begin = 0, at = 0;
    while (at < text.size()) {
        // Most text needs no escape: eight bytes at a time until one does.
        while (at + 8 <= text.size()) {
            std::uint64_t word;
            std::memcpy(&word, text.data() + at, 8);
            if (any_escape(word) != 0) break;
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
