// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <unistd.h>

#include <array>

#include "base/clock.h"
#include "base/time.h"

namespace sky::log {
namespace {

Level lowest_level = Level::kInfo;
Format output_format = Format::kLogfmt;

constexpr std::array<std::string_view, 5> kLevelNames = {"debug", "info", "warn", "error",
                                                         "silent"};

void append_quoted(std::string& out, std::string_view text) {
    static constexpr char kHex[] = "0123456789abcdef";
    out += '"';
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (c == '\n') {
            out += "\\n";
        } else if (c == '\t') {
            out += "\\t";
        } else if (byte < 0x20 || byte == 0x7F) {
            out += "\\u00";
            out += kHex[byte >> 4];
            out += kHex[byte & 15];
        } else {
            out += c;
        }
    }
    out += '"';
}

bool needs_quotes(std::string_view text) {
    if (text.empty()) return true;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte <= 0x20 || c == '"' || c == '=' || c == '\\' || byte == 0x7F) return true;
    }
    return false;
}

}  // namespace

void configure(Level lowest, Format format) {
    lowest_level = lowest;
    output_format = format;
}

std::string render(Format format, std::int64_t now_ms, Level level, std::string_view event,
                   std::initializer_list<Field> fields) {
    const std::string time = format_iso8601_ms(now_ms);
    const std::string_view level_name = kLevelNames[static_cast<std::size_t>(level)];
    std::string line;
    if (format == Format::kJson) {
        line += "{\"time\":\"" + time + "\",\"level\":\"";
        line += level_name;
        line += "\",\"event\":";
        append_quoted(line, event);
        for (const Field& field : fields) {
            line += ',';
            append_quoted(line, field.key);
            line += ':';
            append_quoted(line, field.value);
        }
        line += '}';
        return line;
    }
    line += "time=" + time + " level=";
    line += level_name;
    line += " event=";
    if (needs_quotes(event))
        append_quoted(line, event);
    else
        line += event;
    for (const Field& field : fields) {
        line += ' ';
        line += field.key;
        line += '=';
        if (needs_quotes(field.value))
            append_quoted(line, field.value);
        else
            line += field.value;
    }
    return line;
}

void write(Level level, std::string_view event, std::initializer_list<Field> fields) {
    if (level < lowest_level) return;
    std::string line = render(output_format, system_clock().now_ms(), level, event, fields);
    line += '\n';
    // A log line that stderr does not take is dropped: logging must never stop the server.
    [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace sky::log
