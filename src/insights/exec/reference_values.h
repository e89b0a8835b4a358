// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/insights/exec/reference_values.h - JSON, values and their order, slowly and
              // plainly, for the reference interpreter of the tests.

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

// As reference_interpreter.h: from logs-insights-ql.md alone, its sections in brackets.
namespace sky::insights::testing::reference {

struct Unknown {};  // Thrown, in tests alone: the construct is not interpreted.

// JSON -------------------------------------------------------------------------------------------

struct Json {
    enum class Kind : std::uint8_t { kNull, kBool, kNumber, kString, kList, kMap } kind;
    std::string text;  // A number as written, a string's value.
    bool truth = false;
    std::vector<Json> list;         // Elements, or the values of a map.
    std::vector<std::string> keys;  // Of a map: as many.
};

class JsonReader {
public:
    explicit JsonReader(std::string_view text) : text_(text) {}
    std::optional<Json> whole() {
        auto value = read();
        blanks();
        if (!value || at_ != text_.size()) return std::nullopt;
        return value;
    }

private:
    void blanks() {
        while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != text_.npos) {
            ++at_;
        }
    }
    bool take(std::string_view word) {
        if (!text_.substr(at_).starts_with(word)) return false;
        at_ += word.size();
        return true;
    }
    std::optional<std::string> string() {
        if (!take("\"")) return std::nullopt;
        std::string out;
        while (at_ < text_.size() && text_[at_] != '"') {
            if (text_[at_] == '\\') throw Unknown();  // The generator writes no escapes.
            out += text_[at_++];
        }
        if (!take("\"")) return std::nullopt;
        return out;
    }
    std::optional<Json> read() {
        blanks();
        if (at_ >= text_.size()) return std::nullopt;
        Json out{};
        if (take("null")) {
            out.kind = Json::Kind::kNull;
        } else if (take("true") || take("false")) {
            out.kind = Json::Kind::kBool;
            out.truth = text_[at_ - 2] == 'u';
        } else if (text_[at_] == '"') {
            out.kind = Json::Kind::kString;
            auto value = string();
            if (!value) return std::nullopt;
            out.text = *value;
        } else if (take("[")) {
            out.kind = Json::Kind::kList;
            blanks();
            if (take("]")) return out;
            do {
                auto element = read();
                if (!element) return std::nullopt;
                out.list.push_back(*std::move(element));
                blanks();
            } while (take(","));
            if (!take("]")) return std::nullopt;
        } else if (take("{")) {
            out.kind = Json::Kind::kMap;
            blanks();
            if (take("}")) return out;
            do {
                blanks();
                auto key = string();
                blanks();
                if (!key || !take(":")) return std::nullopt;
                auto value = read();
                if (!value) return std::nullopt;
                out.keys.push_back(*std::move(key));
                out.list.push_back(*std::move(value));
                blanks();
            } while (take(","));
            if (!take("}")) return std::nullopt;
        } else {
            out.kind = Json::Kind::kNumber;
            const std::size_t begin = at_;
            while (at_ < text_.size() &&
                   std::string_view("+-.0123456789eE").find(text_[at_]) != std::string_view::npos) {
                ++at_;
            }
            if (begin == at_) return std::nullopt;
            out.text = text_.substr(begin, at_ - begin);
        }
        return out;
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

inline std::string compact(const Json& json) {
    switch (json.kind) {
        case Json::Kind::kNull:
            return "null";
        case Json::Kind::kBool:
            return json.truth ? "true" : "false";
        case Json::Kind::kNumber:
            return json.text;
        case Json::Kind::kString:
            return "\"" + json.text + "\"";
        case Json::Kind::kList: {
            std::string out;
            for (const Json& element : json.list)
                out += (out.empty() ? "" : ",") + compact(element);
            return "[" + out + "]";
        }
        case Json::Kind::kMap: {
            std::string out;
            for (std::size_t i = 0; i < json.keys.size(); ++i) {
                out += (i == 0 ? "\"" : ",\"") + json.keys[i] + "\":" + compact(json.list[i]);
            }
            return "{" + out + "}";
        }
    }
    return {};
}

// Values [5, 10] ---------------------------------------------------------------------------------

struct Value {
    enum class Kind : std::uint8_t {
        kMissing,
        kText,
        kNumber,
        kTruth,      // Of a comparison: shown as 1 or 0.
        kJsonTruth,  // Of an event's JSON: shown as true or false.
        kTime,       // number = epoch milliseconds.
        kStructure,
    } kind = Kind::kMissing;
    std::string text;
    double number = 0;
    std::shared_ptr<const Json> json;

    bool present() const { return kind != Kind::kMissing; }
};

inline Value missing() { return {}; }
inline Value text_value(std::string text) { return {Value::Kind::kText, std::move(text), 0, {}}; }
inline Value truth(bool value) { return {Value::Kind::kTruth, "", value ? 1.0 : 0.0, {}}; }
inline Value time_value(std::int64_t ms) {
    return {Value::Kind::kTime, "", static_cast<double>(ms), {}};
}
/// Overflow and what is no number are missing [5].
inline Value number_value(double number) {
    if (!std::isfinite(number)) return {};
    return {Value::Kind::kNumber, "", number, {}};
}
inline Value of_json(const Json& json) {
    switch (json.kind) {
        case Json::Kind::kNull:
            return {};
        case Json::Kind::kBool:
            return {Value::Kind::kJsonTruth, "", json.truth ? 1.0 : 0.0, {}};
        case Json::Kind::kNumber:
        case Json::Kind::kString:
            return text_value(json.text);
        default:
            return {Value::Kind::kStructure, "", 0, std::make_shared<const Json>(json)};
    }
}

/// [+-]?digits[.digits][e±n], blanks around it trimmed [5].
inline std::optional<double> number_in(std::string_view text) {
    const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
    while (!text.empty() && blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && blank(text.back())) text.remove_suffix(1);
    std::size_t at = 0;
    const auto digits = [&] {
        const std::size_t begin = at;
        while (at < text.size() && text[at] >= '0' && text[at] <= '9') ++at;
        return at > begin;
    };
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
    const bool whole = digits();
    bool fraction = false;
    if (at < text.size() && text[at] == '.') {
        ++at;
        fraction = digits();
        if (!fraction) return std::nullopt;
    }
    if (!whole && !fraction) return std::nullopt;
    if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
        ++at;
        if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
        if (!digits()) return std::nullopt;
    }
    if (at != text.size()) return std::nullopt;
    return std::strtod(std::string(text).c_str(), nullptr);
}

inline std::string shown_number(double number) {
    char buffer[400];
    std::snprintf(buffer, sizeof(buffer), "%.4f", number);
    std::string out = buffer;
    while (out.back() == '0') out.pop_back();
    if (out.back() == '.') out.pop_back();
    return out == "-0" ? "0" : out;
}

inline std::string shown(const Value& value) {
    switch (value.kind) {
        case Value::Kind::kMissing:
            return {};
        case Value::Kind::kText:
            return value.text;
        case Value::Kind::kNumber:
            return shown_number(value.number);
        case Value::Kind::kTruth:
            return value.number != 0 ? "1" : "0";
        case Value::Kind::kJsonTruth:
            return value.number != 0 ? "true" : "false";
        case Value::Kind::kTime: {
            const auto ms = static_cast<std::int64_t>(value.number);
            std::string text = format_iso8601_ms(ms);  // 2026-01-01T00:00:00.000Z
            text[10] = ' ';
            text.pop_back();
            return text;
        }
        case Value::Kind::kStructure:
            return compact(*value.json);
    }
    return {};
}

inline std::optional<double> as_number(const Value& value) {
    switch (value.kind) {
        case Value::Kind::kMissing:
        case Value::Kind::kStructure:
            return std::nullopt;
        case Value::Kind::kText:
            return number_in(value.text);
        default:
            return value.number;
    }
}

/// A filter's view of a value [5].
inline bool is_true(const Value& value) {
    switch (value.kind) {
        case Value::Kind::kMissing:
            return false;
        case Value::Kind::kText:
            if (const auto number = number_in(value.text)) return *number != 0;
            return !value.text.empty() && value.text != "0" && value.text != "false";
        case Value::Kind::kStructure:
            return true;
        default:
            return value.number != 0;
    }
}

/// Negative, 0, positive; both present [5].
inline int compare_values(const Value& a, const Value& b) {
    const auto x = as_number(a);
    const auto y = as_number(b);
    const bool times = (a.kind == Value::Kind::kTime) != (b.kind == Value::Kind::kTime);
    if (x && y) return *x < *y ? -1 : *x > *y ? 1 : 0;
    static_cast<void>(times);
    return shown(a).compare(shown(b));
}

// Order [6.5] ------------------------------------------------------------------------------------

inline int compare_natural(std::string_view a, std::string_view b) {
    const auto digit = [](char c) { return c >= '0' && c <= '9'; };
    const auto run = [&](std::string_view& rest) {
        std::size_t end = 1;
        while (end < rest.size() && digit(rest[end]) == digit(rest[0])) ++end;
        const std::string_view out = rest.substr(0, end);
        rest.remove_prefix(end);
        return out;
    };
    while (!a.empty() && !b.empty()) {
        const std::string_view x = run(a);
        const std::string_view y = run(b);
        if (digit(x[0]) && digit(y[0]) && x.size() != y.size()) {
            return x.size() < y.size() ? -1 : 1;
        }
        // UTF-8 bytes are in the order of code points.
        if (const int order = x.compare(y); order != 0) return order;
    }
    return a.empty() == b.empty() ? 0 : a.empty() ? -1 : 1;
}

inline int compare_sorted(const Value& a, const Value& b) {
    if (!a.present() || !b.present()) return int(a.present()) - int(b.present());
    // What is no number as shown, true of an event's JSON for one, is text.
    const auto number_of = [](const Value& value) {
        return value.kind == Value::Kind::kJsonTruth ? std::nullopt : as_number(value);
    };
    const auto x = number_of(a);
    const auto y = number_of(b);
    if (x.has_value() != y.has_value()) return x ? 1 : -1;
    if (!x) return compare_natural(shown(a), shown(b));
    if (*x != *y) return *x < *y ? -1 : 1;
    // 01 stands before 1 in the documented sample.
    const bool texts = a.kind == Value::Kind::kText || b.kind == Value::Kind::kText;
    return texts ? shown(a).compare(shown(b)) : 0;
}

}  // namespace sky::insights::testing::reference
