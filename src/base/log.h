// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/base/log.h - the program's own structured log lines on stderr, logfmt or JSON.

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace sky::log {

enum class Level : std::uint8_t {
    kDebug,
    kInfo,
    kWarn,
    kError,
    kSilent
};  // kSilent: write nothing.
enum class Format : std::uint8_t { kLogfmt, kJson };

/// One key and its rendered value. Secrets are never passed here.
struct Field {
    std::string_view key;
    std::string value;
    Field(std::string_view k, std::string_view v) : key(k), value(v) {}
    Field(std::string_view k, const char* v) : key(k), value(v) {}
    Field(std::string_view k, const std::string& v) : key(k), value(v) {}
    Field(std::string_view k, std::int64_t v) : key(k), value(std::to_string(v)) {}
    Field(std::string_view k, std::uint64_t v) : key(k), value(std::to_string(v)) {}
    Field(std::string_view k, int v) : key(k), value(std::to_string(v)) {}
    Field(std::string_view k, bool v) : key(k), value(v ? "true" : "false") {}
};

/// Set once at start, before threads.
void configure(Level lowest, Format format);

/// Writes one line with a single write(2), so lines of several threads never mix.
void write(Level level, std::string_view event, std::initializer_list<Field> fields = {});

inline void debug(std::string_view event, std::initializer_list<Field> fields = {}) {
    write(Level::kDebug, event, fields);
}
inline void info(std::string_view event, std::initializer_list<Field> fields = {}) {
    write(Level::kInfo, event, fields);
}
inline void warn(std::string_view event, std::initializer_list<Field> fields = {}) {
    write(Level::kWarn, event, fields);
}
inline void error(std::string_view event, std::initializer_list<Field> fields = {}) {
    write(Level::kError, event, fields);
}

/// One line without its newline; `now_ms` is Unix milliseconds. Public for the tests.
std::string render(Format format, std::int64_t now_ms, Level level, std::string_view event,
                   std::initializer_list<Field> fields);

}  // namespace sky::log
