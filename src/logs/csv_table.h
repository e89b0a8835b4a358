// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/logs/csv_table.h - the text of lookup tables: comma-separated values, a header
              // first.

#include <string>
#include <string_view>

#include "base/result.h"
#include "insights/exec/query.h"

namespace sky::logs {

/// RFC 4180: records end in LF or CRLF, a value in double quotes may hold commas, line ends and
/// doubled quotes; a quote inside an unquoted value is a character like others. Empty lines are
/// skipped (in a table of one column, too), and a byte order mark. Errors: kInvalidArgument with
/// the line at fault (no header, an empty or repeated column name, a record of another width,
/// text behind a closing quote, an open quote, more than kLookupColumnsMax or kLookupCellsMax).
Result<insights::LookupTable> parse_csv(std::string_view text);

/// The rows of a result, one column each of its columns but @ptr; a missing value is empty.
std::string csv_of(const insights::QueryResult& result);
/// The table's own text: parse_csv() of it is the table again.
std::string csv_of(const insights::LookupTable& table);

}  // namespace sky::logs
