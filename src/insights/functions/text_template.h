// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/insights/functions/text_template.h - a line with its changing parts told by
              // type: numbers, addresses, ids, times.

#include <array>
#include <string>
#include <string_view>

namespace sky::insights {

/// Appends the text with every changing word as kTemplateMark and a letter (derived.h). A word is
/// what stands between blanks and the marks ()[]{}<>,;="'|; words without digits stay. Linear.
void append_template(std::string_view text, std::string& out);
/// The same of a stretch of a line: line breaks at its end stay.
void append_words(std::string_view text, std::string& out);

/// Splits a text into words and the marks between them, in order. A colon parts words where it
/// begins one, and belongs to it elsewhere (10:24:39). Views into it.
template <class Visit>
void for_each_part(std::string_view text, Visit&& visit);

/// What separates words.
constexpr std::string_view kWordEnds = " \t\r\n()[]{}<>,;=\"'|";
constexpr std::array<bool, 256> kIsWordEnd = [] {
    std::array<bool, 256> is{};
    for (const char c : kWordEnds) is[static_cast<unsigned char>(c)] = true;
    return is;
}();
constexpr bool is_word_end(char c) { return kIsWordEnd[static_cast<unsigned char>(c)]; }

template <class Visit>
void for_each_part(std::string_view text, Visit&& visit) {
    std::size_t at = 0;
    while (at < text.size()) {
        const std::size_t begin = at;
        if (is_word_end(text[at]) || text[at] == ':') {  // "status":200
            ++at;
        } else {
            while (at < text.size() && !is_word_end(text[at])) ++at;
        }
        visit(text.substr(begin, at - begin));
    }
}

}  // namespace sky::insights
