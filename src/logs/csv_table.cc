// SPDX-License-Identifier: Apache-2.0
#include "logs/csv_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "logs/limits.h"

namespace sky::logs {
namespace {

class CsvReader {
public:
    explicit CsvReader(std::string_view text) : rest_(text) {
        constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
        if (rest_.starts_with(kByteOrderMark)) rest_.remove_prefix(kByteOrderMark.size());
    }

    std::size_t line() const { return record_line_; }

    /// The next record's values; false at the end.
    Result<bool> next(std::vector<std::string>& values) {
        while (!rest_.empty() && (rest_[0] == '\n' || rest_.starts_with("\r\n"))) end_line();
        record_line_ = line_;
        values.clear();
        if (rest_.empty()) return false;
        while (true) {
            values.push_back(SKY_TRY(value()));
            if (values.size() > limits::kLookupColumnsMax) {
                return fault(fmt::format("more than {} columns", limits::kLookupColumnsMax));
            }
            if (rest_.empty()) return true;
            if (rest_[0] != ',') {
                end_line();
                return true;
            }
            rest_.remove_prefix(1);
        }
    }

    std::unexpected<Error> fault(std::string_view what) const {
        return fail(ErrorCode::kInvalidArgument,
                    fmt::format("The table is not valid CSV, line {}: {}.", record_line_, what));
    }

private:
    void end_line() {
        rest_.remove_prefix(rest_[0] == '\r' ? 2 : 1);
        ++line_;
    }
    bool at_end_of_value() const {
        return rest_.empty() || rest_[0] == ',' || rest_[0] == '\n' || rest_.starts_with("\r\n");
    }

    Result<std::string> value() {
        if (!rest_.starts_with('"')) {
            std::size_t end = rest_.find_first_of(",\n");
            end = std::min(end, rest_.size());
            if (end < rest_.size() && rest_[end] == '\n' && end > 0 && rest_[end - 1] == '\r') {
                --end;
            }
            std::string out(rest_.substr(0, end));
            rest_.remove_prefix(end);
            return out;
        }
        rest_.remove_prefix(1);
        std::string out;
        while (true) {
            const std::size_t quote = rest_.find('"');
            if (quote == std::string_view::npos) return fault("a quote is not closed");
            const std::string_view part = rest_.substr(0, quote);
            out += part;
            line_ += static_cast<std::size_t>(std::count(part.begin(), part.end(), '\n'));
            rest_.remove_prefix(quote + 1);
            if (!rest_.starts_with('"')) break;
            out += '"';
            rest_.remove_prefix(1);
        }
        if (!at_end_of_value()) return fault("text behind a closing quote");
        return out;
    }

    std::string_view rest_;
    std::size_t line_ = 1, record_line_ = 1;
};

void append_value(std::string& out, std::string_view value, bool alone) {
    // An empty line would be no record.
    const bool quoted = value.find_first_of(",\"\r\n") != std::string_view::npos ||
                        (alone && value.empty()) || value.starts_with("\xEF\xBB\xBF");
    if (!quoted) {
        out += value;
        return;
    }
    out += '"';
    for (const char c : value) {
        if (c == '"') out += '"';
        out += c;
    }
    out += '"';
}

template <class CellAt>
std::string print(const std::vector<std::string>& columns, std::size_t rows, CellAt&& cell) {
    std::string out;
    const bool alone = columns.size() == 1;
    for (std::size_t i = 0; i < columns.size(); ++i) {
        if (i > 0) out += ',';
        append_value(out, columns[i], alone);
    }
    out += '\n';
    for (std::size_t row = 0; row < rows; ++row) {
        for (std::size_t i = 0; i < columns.size(); ++i) {
            if (i > 0) out += ',';
            append_value(out, cell(row, i), alone);
        }
        out += '\n';
    }
    return out;
}

}  // namespace

Result<insights::LookupTable> parse_csv(std::string_view text) {
    CsvReader reader(text);
    insights::LookupTable table;
    if (!SKY_TRY(reader.next(table.columns))) {
        return reader.fault("there is no header row");
    }
    std::set<std::string_view> names;
    for (const std::string& name : table.columns) {
        if (name.empty()) return reader.fault("a column has no name");
        if (!names.insert(name).second) {
            return reader.fault("two columns have the name " + name);
        }
    }
    std::vector<std::string> values;
    while (SKY_TRY(reader.next(values))) {
        if (values.size() != table.columns.size()) {
            return reader.fault(fmt::format("{} values where the header has {} columns",
                                            values.size(), table.columns.size()));
        }
        for (const std::string& value : values) table.add_cell(value);
        if (table.cell_count() > limits::kLookupCellsMax) {
            return reader.fault(fmt::format("more than {} values", limits::kLookupCellsMax));
        }
    }
    return table;
}

std::string csv_of(const insights::QueryResult& result) {
    std::vector<std::string> columns;
    for (const std::string& column : result.rows.columns()) {
        if (column != "@ptr") columns.push_back(column);
    }
    return print(columns, result.rows.size(), [&](std::size_t row, std::size_t i) {
        const insights::ResultRows::RowView cells = result.rows[row];
        for (std::size_t c = 0; c < cells.size(); ++c) {
            if (cells[c].field == columns[i]) return cells[c].value;
        }
        return std::string_view();
    });
}

std::string csv_of(const insights::LookupTable& table) {
    return print(table.columns, table.rows(),
                 [&](std::size_t row, std::size_t i) { return table.cell(row, i); });
}

}  // namespace sky::logs
