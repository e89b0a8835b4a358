// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/cli/terminal/table.h - query results as an aligned table, JSON or CSV.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sky::cli {

/// Rows as GetQueryResults gives them: a field that an event lacks is left out.
using Row = std::vector<std::pair<std::string, std::string>>;

struct Table {
    std::vector<std::string> columns;
    std::vector<std::vector<std::optional<std::string>>> rows;
};

/// Columns in the order of the rows' fields; one that only later rows have comes after the field
/// before it. A row's second field of one name is dropped.
Table make_table(const std::vector<Row>& rows);

enum class Colour : std::uint8_t { kOff, kOn };

/// Line breaks and control bytes as escapes, so that a log line cannot drive the terminal.
std::string printable(std::string_view text);

/// One line a row, two blanks between columns, numbers to the right, a rule under the heads.
/// Values are printable(); `@ptr`, a key for GetLogRecord, is left out. `width_max`: no line is
/// wider; the widest columns are cut, and where even short ones do not fit side by side each row
/// becomes a block with a line a field. 0: as wide as it is.
std::string render_table(const Table& table, Colour colour, std::size_t width_max = 0);

/// An array of objects, one a line; values are strings as the service sent them, `@ptr` included.
std::string render_json(const Table& table);

/// RFC 4180 with LF line ends and a head line; without `@ptr`. Missing values are empty.
std::string render_csv(const Table& table);

}  // namespace sky::cli
