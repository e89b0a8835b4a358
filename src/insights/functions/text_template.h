// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/insights/functions/text_template.h - a line with its changing parts told by
              // type: numbers, addresses, ids, times.

#include <string>
#include <string_view>

namespace sky::insights {

/// Appends the text with every changing word as kTemplateMark and a letter (derived.h). A word is
/// what stands between blanks and the marks ()[]{}<>,;="'|; words without digits stay. Linear.
void append_template(std::string_view text, std::string& out);

/// Splits a text into words and the marks between them, in order. A colon parts words where it
/// begins one, and belongs to it elsewhere (10:24:39). Views into it.
template <class Visit>
void for_each_part(std::string_view text, Visit&& visit);

/// Whether `c` separates words.
constexpr bool is_word_end(char c) {
    constexpr std::string_view kMarks = " \t\r\n()[]{}<>,;=\"'|";
    return kMarks.find(c) != std::string_view::npos;
}

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
