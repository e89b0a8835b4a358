// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/cli/terminal/query_words.h - what a half-written query line may go on with.

#include <string>
#include <string_view>
#include <vector>

namespace sky::cli {

/// What is asked of the service comes when it is needed, and is kept by whoever gives it.
struct Vocabulary {
    std::vector<std::string> commands;   // "fields", "stats", ...
    std::vector<std::string> functions;  // "avg", "strlen", ...
    std::vector<std::string> fields;     // "@message", "duration", ...
    std::vector<std::string> groups;
};

/// Which of the four a place of the line asks for, so that nothing is fetched in vain.
struct Wanted {
    bool commands = false, functions = false, fields = false, groups = false, controls = false,
         forms = false;
    std::size_t begin = 0;  // Of the word that is being written.
};
Wanted wanted_words(std::string_view line);

struct Completion {
    std::size_t begin = 0;                // Of the word, in bytes.
    std::vector<std::string> candidates;  // Sorted; all begin with the word. Functions end in '('.
};

/// `line` ends at the cursor. Inside quotes, regexes and comments there is nothing to offer.
Completion complete_query(std::string_view line, const Vocabulary& vocabulary);

/// What all begin with; "" for none.
std::string common_beginning(const std::vector<std::string>& words);

/// The commands and functions of the language, and the fields that every event has.
Vocabulary language_vocabulary();

/// The words that begin with a backslash: "\\groups", ...
const std::vector<std::string>& control_words();

}  // namespace sky::cli
