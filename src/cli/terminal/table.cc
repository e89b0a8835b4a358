// SPDX-License-Identifier: Apache-2.0
#include "cli/terminal/table.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <unordered_map>

#include "json/writer.h"

namespace sky::cli {
namespace {

constexpr std::string_view kPointer = "@ptr";
constexpr std::string_view kBold = "\x1b[1m", kPlain = "\x1b[0m";
constexpr std::size_t kGap = 2;
// A column that is cut keeps so much: less tells nothing.
constexpr std::size_t kCellMin = 8;

// Code points; good enough for the columns of log data.
std::size_t width(std::string_view text) {
    return static_cast<std::size_t>(std::ranges::count_if(
        text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

bool is_number(std::string_view text) {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return !text.empty() && error == std::errc() && end == text.data() + text.size();
}

std::vector<std::size_t> shown_columns(const Table& table) {
    std::vector<std::size_t> out;
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
        if (table.columns[i] != kPointer) out.push_back(i);
    }
    return out;
}

void append_csv(std::string& out, std::string_view value) {
    if (value.find_first_of(",\"\r\n") == std::string_view::npos) {
        out.append(value);
        return;
    }
    out.push_back('"');
    for (const char c : value) {
        if (c == '"') out.push_back('"');
        out.push_back(c);
    }
    out.push_back('"');
}

}  // namespace

std::string printable(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        // C1 controls are U+0080..U+009F: 0xC2 and that byte. Terminals obey them like ESC.
        const bool is_c1 =
            byte == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0;
        if (byte == '\n') {
            out += "\\n";
        } else if (byte == '\t') {
            out += "\\t";
        } else if (byte == '\r') {
            out += "\\r";
        } else if (is_c1) {
            out += fmt::format("\\x{:02x}", static_cast<unsigned char>(text[++i]));
        } else if (byte < 0x20 || byte == 0x7f) {
            out += fmt::format("\\x{:02x}", byte);
        } else {
            out.push_back(text[i]);
        }
    }
    return out;
}

Table make_table(const std::vector<Row>& rows) {
    Table table;
    for (const Row& row : rows) {
        std::size_t after = 0;  // Where a new column goes.
        for (const auto& [field, value] : row) {
            const auto found = std::ranges::find(table.columns, field);
            if (found != table.columns.end()) {
                after = static_cast<std::size_t>(found - table.columns.begin()) + 1;
            } else {
                table.columns.insert(table.columns.begin() + std::ptrdiff_t(after), field);
                ++after;
            }
        }
    }
    std::unordered_map<std::string_view, std::size_t> places;
    for (std::size_t i = 0; i < table.columns.size(); ++i) places.emplace(table.columns[i], i);
    for (const Row& row : rows) {
        auto& cells = table.rows.emplace_back(table.columns.size());
        for (const auto& [field, value] : row) {
            auto& cell = cells[places.at(field)];
            if (!cell) cell = value;
        }
    }
    return table;
}

namespace {

struct Column {
    std::size_t width;
    bool is_numeric;
};

// Narrow columns stay whole; the others share what is left. False: there is no room for all.
bool fit(std::vector<Column>& columns, std::size_t width_max) {
    const std::size_t gaps = columns.empty() ? 0 : (columns.size() - 1) * kGap;
    if (gaps + columns.size() * kCellMin > width_max) return false;
    std::size_t left = width_max - gaps, open = columns.size();
    std::vector<std::size_t> order(columns.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::ranges::sort(order, {}, [&](std::size_t i) { return columns[i].width; });
    for (const std::size_t i : order) {
        columns[i].width = std::min(columns[i].width, left / open);
        left -= columns[i].width;
        --open;
    }
    return true;
}

// At most `width_max` code points, the last one an ellipsis where something is missing.
std::string shortened(const std::string& text, std::size_t width_max) {
    if (width(text) <= width_max) return text;
    std::size_t end = 0, count = 0;
    for (; end < text.size(); ++end) {
        if ((static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) continue;
        if (++count == width_max) break;
    }
    return text.substr(0, end) + "\u2026";
}

std::string render_blocks(const std::vector<std::vector<std::string>>& lines, Colour colour,
                          std::size_t width_max) {
    std::size_t names = 0;
    for (const std::string& name : lines[0]) names = std::max(names, width(name));
    names = std::min(names, width_max / 3);
    const std::size_t values = width_max - names - kGap;
    std::string out;
    for (std::size_t row = 1; row < lines.size(); ++row) {
        if (row > 1) out.push_back('\n');
        for (std::size_t i = 0; i < lines[0].size(); ++i) {
            if (lines[row][i].empty()) continue;
            const std::string name = shortened(lines[0][i], names);
            const std::string pad(names - width(name) + kGap, ' ');
            out += colour == Colour::kOn ? fmt::format("{}{}{}", kBold, name, kPlain) : name;
            out += pad + shortened(lines[row][i], values) + "\n";
        }
    }
    return out;
}

}  // namespace

std::string render_table(const Table& table, Colour colour, std::size_t width_max) {
    const std::vector<std::size_t> shown = shown_columns(table);
    std::vector<std::vector<std::string>> lines(table.rows.size() + 1);
    std::vector<Column> columns;
    for (const std::size_t i : shown) {
        lines[0].push_back(printable(table.columns[i]));
        Column column{width(lines[0].back()), true};
        for (std::size_t row = 0; row < table.rows.size(); ++row) {
            const auto& value = table.rows[row][i];
            lines[row + 1].push_back(value ? printable(*value) : "");
            column.width = std::max(column.width, width(lines[row + 1].back()));
            column.is_numeric = column.is_numeric && (!value || is_number(*value));
        }
        columns.push_back(column);
    }
    if (columns.empty()) return {};
    if (width_max != 0 && !fit(columns, width_max)) return render_blocks(lines, colour, width_max);
    std::string out;
    const auto append_line = [&](const std::vector<std::string>& cells) {
        std::string line;
        for (std::size_t i = 0; i < cells.size(); ++i) {
            const std::string cell = shortened(cells[i], columns[i].width);
            const std::string blanks(columns[i].width - width(cell), ' ');
            if (i > 0) line.append(kGap, ' ');
            line += columns[i].is_numeric ? blanks + cell : cell + blanks;
        }
        line.erase(line.find_last_not_of(' ') + 1);
        return line;
    };
    const std::string head = append_line(lines[0]);
    out += colour == Colour::kOn ? fmt::format("{}{}{}\n", kBold, head, kPlain) : head + "\n";
    for (std::size_t i = 0; i < columns.size(); ++i) {
        if (i > 0) out.append(kGap, ' ');
        out.append(columns[i].width, '-');
    }
    out.push_back('\n');
    for (std::size_t row = 1; row < lines.size(); ++row) out += append_line(lines[row]) + "\n";
    return out;
}

std::string render_json(const Table& table) {
    std::string out = "[";
    for (std::size_t row = 0; row < table.rows.size(); ++row) {
        out += row == 0 ? "\n" : ",\n";
        json::Writer writer(out);
        writer.begin_object();
        for (std::size_t i = 0; i < table.columns.size(); ++i) {
            if (!table.rows[row][i]) continue;
            writer.key(table.columns[i]);
            writer.string(*table.rows[row][i]);
        }
        writer.end_object();
    }
    out += table.rows.empty() ? "]\n" : "\n]\n";
    return out;
}

std::string render_csv(const Table& table) {
    const std::vector<std::size_t> shown = shown_columns(table);
    std::string out;
    for (std::size_t i = 0; i < shown.size(); ++i) {
        if (i > 0) out.push_back(',');
        append_csv(out, table.columns[shown[i]]);
    }
    if (!shown.empty()) out.push_back('\n');
    for (const auto& row : table.rows) {
        for (std::size_t i = 0; i < shown.size(); ++i) {
            if (i > 0) out.push_back(',');
            if (row[shown[i]]) append_csv(out, *row[shown[i]]);
        }
        out.push_back('\n');
    }
    return out;
}

}  // namespace sky::cli
