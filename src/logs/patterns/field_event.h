// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/logs/patterns/field_event.h - a message as fields between blanks, with "..."
              // and
              // [...] as one field each (logs-api.md 7.4).

#include <cstddef>
#include <string_view>
#include <vector>

namespace sky::logs {

/// One pass over a message, field by field. Linear in all.
class FieldReader {
public:
    explicit FieldReader(std::string_view message) : message_(message) {}

    /// The next field without its quotes or brackets; false at the end.
    bool next(std::string_view& field);
    /// Whether only blanks are left.
    bool at_end();
    /// What is left, without blanks around it. Valid after at_end() said false.
    std::string_view rest();

private:
    /// The closing character with a blank or the end behind it; npos when there is none.
    std::size_t closing(char c, bool& none);

    std::string_view message_;
    std::size_t at_ = 0;
    // No such closing character follows: looked for once, not again for each field.
    bool no_quote_ = false, no_bracket_ = false;
};

}  // namespace sky::logs
