// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/json/writer.h - appends JSON to a string; commas are its business.

#include <cstdint>
#include <string>
#include <string_view>

namespace sky::json {

/// Appends `text` as a quoted JSON string. `text` is valid UTF-8 and stays UTF-8: only '"', '\\'
/// and control bytes are escaped.
void append_quoted(std::string& out, std::string_view text);

/// Appends a number in the shortest form that reads back equal. NaN and the infinities have no JSON
/// number: they become the strings "NaN", "Infinity", "-Infinity", as AWS writes them (clients.md
/// 5.2).
void append_double(std::string& out, double value);

/// Writes one value after the other. The caller keeps begin and end balanced and writes a key
/// before each value of an object. Nulls are for callers to leave out.
class Writer {
public:
    /// Appends to `out`, which must outlive the writer.
    explicit Writer(std::string& out) : out_(out) {}

    void begin_object() { open('{'); }
    void end_object() { close('}'); }
    void begin_array() { open('['); }
    void end_array() { close(']'); }
    void key(std::string_view name) {
        comma();
        append_quoted(out_, name);
        out_.push_back(':');
        need_comma_ = false;
    }
    void string(std::string_view value) {
        comma();
        append_quoted(out_, value);
        need_comma_ = true;
    }
    void integer(std::int64_t value);
    void unsigned_integer(std::uint64_t value);
    void number(double value) {
        comma();
        append_double(out_, value);
        need_comma_ = true;
    }
    void boolean(bool value) { raw(value ? "true" : "false"); }
    void null() { raw("null"); }
    /// One complete JSON value, appended as it is.
    void raw(std::string_view json) {
        comma();
        out_.append(json);
        need_comma_ = true;
    }

private:
    void comma() {
        if (need_comma_) out_.push_back(',');
    }
    void open(char bracket) {
        comma();
        out_.push_back(bracket);
        need_comma_ = false;
    }
    void close(char bracket) {
        out_.push_back(bracket);
        need_comma_ = true;
    }

    std::string& out_;
    bool need_comma_ = false;
};

}  // namespace sky::json
