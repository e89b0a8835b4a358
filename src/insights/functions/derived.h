// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/insights/functions/derived.h - functions that commands call and nobody writes:
              // parse logfmt, parse csv, pattern.

#include <cstdint>

#include "insights/functions/table.h"

namespace sky::insights {

enum class Derived : std::uint8_t {
    kLogfmt,           // (text): a MAP of its key=value pairs, a bare key being "true".
    kCsvColumn,        // (text, index): a column by comma and double-quote rules (RFC 4180).
    kPatternTemplate,  // (text): the text with its changing parts as kTemplateMark and a letter.
};
const FunctionDef& derived_function(Derived function);

/// Stands in a template in front of a changing part's type (text_template.cc has the letters).
constexpr char kTemplateMark = '\x01';
/// "Number" for the letter 'N'; "Token" for any other than the known ones.
std::string_view template_type(char letter);

}  // namespace sky::insights
