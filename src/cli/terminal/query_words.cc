// SPDX-License-Identifier: Apache-2.0
#include "cli/terminal/query_words.h"

#include <algorithm>

#include "insights/functions/aggregate.h"
#include "insights/functions/table.h"
#include "insights/syntax/commands.h"

namespace sky::cli {
namespace {

bool is_part_of_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '@' || c == '.';
}

// Whether the end of the line is inside a quoted text, a regex or a comment; where its last
// command begins.
struct Place {
    bool is_closed = false;
    std::size_t command = 0;
};

Place find_place(std::string_view line) {
    Place place;
    char quote = 0;
    for (std::size_t i = 0; i < line.size(); ++i) {
        const char c = line[i];
        if (quote != 0) {
            if (c == '\\') {
                ++i;
            } else if (c == quote) {
                quote = 0;
            }
        } else if (c == '"' || c == '\'' || c == '`') {
            quote = c;
        } else if (c == '/') {
            // A regex follows `like`, `=~`, `parse` and their operands, never a word or a number:
            // after those it divides.
            const std::size_t before = line.substr(0, i).find_last_not_of(' ');
            const std::string_view words =
                before == std::string_view::npos ? "" : line.substr(0, before + 1);
            const bool divides = !words.empty() && !words.ends_with("like") &&
                                 !words.ends_with("=~") && !words.ends_with("@message") &&
                                 !words.ends_with("parse") &&
                                 (is_part_of_word(words.back()) || words.back() == ')');
            if (!divides) quote = '/';
        } else if (c == '#') {
            place.is_closed = true;
            return place;
        } else if (c == '|') {
            place.command = i + 1;
        }
    }
    place.is_closed = quote != 0;
    return place;
}

void add(std::vector<std::string>& out, const std::vector<std::string>& words,
         std::string_view word, std::string_view ending = {}) {
    for (const std::string& candidate : words)
        if (candidate.starts_with(word)) out.push_back(candidate + std::string(ending));
}

}  // namespace

const std::vector<std::string>& control_words() {
    static const std::vector<std::string> words = {"\\groups", "\\help", "\\output", "\\quit",
                                                   "\\since"};
    return words;
}

Wanted wanted_words(std::string_view line) {
    Wanted wanted;
    if (line.starts_with('\\')) {
        const std::size_t blank = line.find_last_of(' ');
        wanted.begin = blank == std::string_view::npos ? 0 : blank + 1;
        wanted.controls = blank == std::string_view::npos;
        wanted.groups = line.starts_with("\\groups ");
        wanted.forms = line.starts_with("\\output ");
        return wanted;
    }
    const Place place = find_place(line);
    wanted.begin = line.size();
    if (place.is_closed) return wanted;
    while (wanted.begin > place.command && is_part_of_word(line[wanted.begin - 1])) --wanted.begin;
    const std::string_view between = line.substr(place.command, wanted.begin - place.command);
    if (between.find_first_not_of(" \t") == std::string_view::npos) {
        wanted.commands = true;
    } else {
        wanted.functions = wanted.fields = true;
    }
    return wanted;
}

Completion complete_query(std::string_view line, const Vocabulary& vocabulary) {
    const Wanted wanted = wanted_words(line);
    Completion out;
    out.begin = wanted.begin;
    const std::string_view word = line.substr(wanted.begin);
    if (wanted.controls) add(out.candidates, control_words(), word);
    if (wanted.forms) add(out.candidates, {"csv", "json", "table"}, word);
    if (wanted.groups) add(out.candidates, vocabulary.groups, word);
    if (wanted.commands) add(out.candidates, vocabulary.commands, word);
    if (wanted.functions) add(out.candidates, vocabulary.functions, word, "(");
    if (wanted.fields) add(out.candidates, vocabulary.fields, word);
    std::ranges::sort(out.candidates);
    const auto doubles = std::ranges::unique(out.candidates);
    out.candidates.erase(doubles.begin(), doubles.end());
    return out;
}

std::string common_beginning(const std::vector<std::string>& words) {
    if (words.empty()) return {};
    std::string out = words.front();
    for (const std::string& word : words) {
        std::size_t same = 0;
        while (same < std::min(out.size(), word.size()) && out[same] == word[same]) ++same;
        // Never half a code point.
        while (same > 0 && same < out.size() &&
               (static_cast<unsigned char>(out[same]) & 0xC0U) == 0x80U) {
            --same;
        }
        out.resize(same);
    }
    return out;
}

Vocabulary language_vocabulary() {
    Vocabulary out;
    for (const insights::CommandDef& row : insights::commands())
        out.commands.emplace_back(row.name);
    for (const insights::FunctionDef& row : insights::functions())
        out.functions.emplace_back(row.name);
    for (const insights::AggregateDef& row : insights::aggregates())
        out.functions.emplace_back(row.name);
    out.fields = {"@ingestionTime", "@log", "@logStream", "@message", "@ptr", "@timestamp"};
    return out;
}

}  // namespace sky::cli
