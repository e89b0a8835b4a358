// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/insights/exec/reference_patterns.h - the patterns of texts, slowly and plainly;
              // for tests.

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "insights/exec/reference_values.h"

// Of the few kinds of words that the generator writes; others are Unknown.
namespace sky::insights::testing::reference {

using Words = std::vector<std::string>;

inline bool is_mark(char c) { return std::string_view(" \t\r\n()[]{}<>,;=\"'|").contains(c); }
inline bool has_digit(const std::string& word) {
    return word.find_first_of("0123456789") != std::string::npos;
}

/// Words and the marks between them; a colon is a word of its own where no word has begun.
inline Words words_of(const std::string& text) {
    Words words;
    bool inside = false;
    for (const char c : text) {
        const bool mark = is_mark(c) || (c == ':' && !inside);
        if (mark || !inside) {
            words.emplace_back(1, c);
        } else {
            words.back() += c;
        }
        inside = !mark;
    }
    return words;
}

/// "" for a word that stays as it is.
inline std::string type_of_word(const std::string& word) {
    if (!has_digit(word)) return {};
    if (word.find_first_of("@/:_") != std::string::npos) throw Unknown();
    if (std::count(word.begin(), word.end(), '.') == 3) return "IP";
    std::string number = word;
    for (int unit = 0; unit < 3 && !number.empty(); ++unit) {
        if (number_in(number)) break;
        const char last = number.back();
        const bool letter = (last >= 'a' && last <= 'z') || (last >= 'A' && last <= 'Z');
        if (!letter && last != '%') break;
        number.pop_back();
    }
    if (!number.empty() && number_in(number)) return "Number";
    if (word.size() >= 8) throw Unknown();  // Hex?
    return "Token";
}

struct Pattern {
    std::string text;
    std::size_t count = 0;

    std::string severity() const {
        std::string lower = text;
        for (char& c : lower) {
            if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
        }
        const auto has = [&](const char* word) { return lower.find(word) != std::string::npos; };
        for (const char* word : {"fatal", "critical", "panic", "error", "exception", "fail"}) {
            if (has(word)) return "Error";
        }
        if (has("warn")) return "Warn";
        if (has("info")) return "Info";
        if (has("debug") || has("trace")) return "Debug";
        return "Unknown";
    }
};

/// Like texts put together, the most frequent first: those of as many words and the same marks and
/// first word, where at least half of the words are the same [6.9].
inline std::vector<Pattern> patterns_of(const std::vector<std::string>& texts) {
    std::map<Words, std::size_t> counts;
    for (std::string text : texts) {
        while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
        Words words = words_of(text);
        for (std::string& word : words) {
            std::string end;
            while (word.size() > 1 && (word.ends_with('.') || word.ends_with(':'))) {
                end.insert(end.begin(), word.back());
                word.pop_back();
            }
            const std::string type = is_mark(word[0]) ? "" : type_of_word(word);
            // The sign in front is no word's: two words are the same when type and end are.
            word = (type.empty() ? word : "\x01" + type) + end;
        }
        ++counts[words];
    }
    std::vector<std::pair<Words, std::size_t>> order(counts.begin(), counts.end());
    const auto spelled = [](const Words& words) {  // The order of ties is of templates' letters.
        std::string out;
        for (const std::string& word : words) {
            const bool typed = word[0] == '\x01';
            const std::size_t end = typed ? word.find_first_of(".:") : std::string::npos;
            const std::string tail = end == std::string::npos ? "" : word.substr(end);
            out += typed ? "\x01" + word.substr(1, 1) + tail : word;
        }
        return out;
    };
    std::stable_sort(order.begin(), order.end(), [&](const auto& a, const auto& b) {
        return a.second != b.second ? a.second > b.second : spelled(a.first) < spelled(b.first);
    });
    std::vector<std::pair<Words, std::size_t>> families;
    for (const auto& [words, count] : order) {
        const auto share = [&words](const Words& other) {
            if (other.size() != words.size()) return -1.0;
            double all = 0;
            double same = 0;
            bool first = true;
            for (std::size_t i = 0; i < words.size(); ++i) {
                const bool mark = is_mark(words[i][0]);
                const bool others = is_mark(other[i][0]);
                if (mark != others || (mark && words[i] != other[i])) return -1.0;
                if (mark) continue;
                if (first && words[i] != other[i]) return -1.0;
                first = false;
                ++all;
                if (words[i] == other[i]) ++same;
            }
            return all == 0 ? 1.0 : same / all;
        };
        auto best = families.end();
        double most = 0;
        for (auto at = families.begin(); at != families.end(); ++at) {
            const double found = share(at->first);
            if (found >= 0.5 && found > most) {
                most = found;
                best = at;
            }
        }
        if (best == families.end()) {
            families.emplace_back(words, count);
            continue;
        }
        for (std::size_t i = 0; i < words.size(); ++i) {
            if (best->first[i] != words[i]) best->first[i] = "\x01Token";
        }
        best->second += count;
    }
    std::map<std::string, std::size_t> merged;
    for (const auto& [words, count] : families) {
        std::string text;
        std::size_t ordinal = 0;
        for (const std::string& word : words) {
            if (word[0] != '\x01') {
                text += word;
                continue;
            }
            const std::size_t end = std::min(word.find_first_of(".:"), word.size());
            text += "<" + word.substr(1, end - 1) + "-" + std::to_string(++ordinal) + ">";
            text += word.substr(end);
        }
        merged[text] += count;
    }
    std::vector<Pattern> out;
    for (const auto& [text, count] : merged) out.push_back({text, count});
    std::stable_sort(out.begin(), out.end(),
                     [](const Pattern& a, const Pattern& b) { return a.count > b.count; });
    return out;
}

}  // namespace sky::insights::testing::reference
