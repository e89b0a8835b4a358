// SPDX-License-Identifier: Apache-2.0
#include "insights/functions/derived.h"

#include <array>
#include <string>

#include "insights/functions/kernels.h"
#include "insights/functions/text_template.h"
#include "json/fields.h"

namespace sky::insights {
namespace {

using kernels::Args;
using kernels::each_present;

std::string_view keep(EvalContext& context, std::string_view text) {
    char* const copy = kernels::grow_text(context, text.size());
    if (copy == nullptr) return {};
    text.copy(copy, text.size());
    return {copy, text.size()};
}

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

/// A value in double quotes, where a backslash takes the next character as it is.
std::string_view quoted_value(std::string_view text, std::size_t& at, std::string& scratch) {
    scratch.clear();
    for (++at; at < text.size() && text[at] != '"'; ++at) {
        if (text[at] == '\\' && at + 1 < text.size()) {
            ++at;
            const char c = text[at];
            scratch += c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c;
        } else {
            scratch += text[at];
        }
    }
    if (at < text.size()) ++at;
    return scratch;
}

/// Pairs as a JSON object; false when the text has none.
bool logfmt_object(std::string_view text, std::string& out) {
    out = "{";
    bool any = false;
    std::string scratch;
    std::size_t at = 0;
    while (at < text.size()) {
        while (at < text.size() && is_blank(text[at])) ++at;
        const std::size_t begin = at;
        while (at < text.size() && !is_blank(text[at]) && text[at] != '=' && text[at] != '"') ++at;
        const std::string_view key = text.substr(begin, at - begin);
        const bool pair = at < text.size() && text[at] == '=' && !key.empty();
        if (!pair) {
            // No pair: a word of prose, which no field is made of.
            while (at < text.size() && !is_blank(text[at])) ++at;
            continue;
        }
        ++at;
        std::string_view value;
        if (at < text.size() && text[at] == '"') {
            value = quoted_value(text, at, scratch);
        } else {
            const std::size_t value_begin = at;
            while (at < text.size() && !is_blank(text[at])) ++at;
            value = text.substr(value_begin, at - value_begin);
        }
        if (any) out += ',';
        any = true;
        json::append_quoted(key, out);
        out += ':';
        json::append_quoted(value, out);
    }
    out += '}';
    return any;
}

const Vector* logfmt_kernel(EvalContext& context, Args args) {
    const TextView text = as_text(context, args[0]);
    std::string object;
    return each_present(context, args, [&](std::size_t row, Value& out) {
        if (logfmt_object(text[row], object)) out = Value::of_json(keep(context, object));
    });
}

/// Column `index` of a line; false when it has fewer. `value` is a view unless it was quoted.
bool csv_column(std::string_view line, std::size_t index, std::string& scratch,
                std::string_view& value) {
    while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.remove_suffix(1);
    std::size_t at = 0;
    for (std::size_t column = 0;; ++column) {
        const std::size_t begin = at;
        const bool quoted = at < line.size() && line[at] == '"';
        scratch.clear();
        if (quoted) {
            for (++at; at < line.size(); ++at) {
                if (line[at] != '"') {
                    scratch += line[at];
                } else if (at + 1 < line.size() && line[at + 1] == '"') {
                    scratch += '"';
                    ++at;
                } else {
                    ++at;
                    break;
                }
            }
        }
        const std::size_t rest = at;
        while (at < line.size() && line[at] != ',') ++at;
        if (column == index) {
            if (quoted) {
                scratch += line.substr(rest, at - rest);
                value = scratch;
            } else {
                value = line.substr(begin, at - begin);
            }
            return true;
        }
        if (at >= line.size()) return false;
        ++at;
    }
}

const Vector* csv_kernel(EvalContext& context, Args args) {
    const TextView text = as_text(context, args[0]);
    const auto index = static_cast<std::size_t>(args[1]->constant_value().number);
    std::string scratch;
    return each_present(context, args, [&](std::size_t row, Value& out) {
        std::string_view value;
        if (!csv_column(text[row], index, scratch, value)) return;
        out = Value::of_text(value.data() == scratch.data() ? keep(context, value) : value);
    });
}

const Vector* template_kernel(EvalContext& context, Args args) {
    const TextView text = as_text(context, args[0]);
    std::string made;
    return each_present(context, args, [&](std::size_t row, Value& out) {
        made.clear();
        append_template(text[row], made);
        out = Value::of_text(keep(context, made));
    });
}

constexpr auto kDerived = std::to_array<FunctionDef>({
    {"logfmt", 1, 1, FunctionTrait::kNone, logfmt_kernel, "", ""},
    {"csvColumn", 2, 2, FunctionTrait::kNone, csv_kernel, "", ""},
    {"patternTemplate", 1, 1, FunctionTrait::kNone, template_kernel, "", ""},
});

}  // namespace

const FunctionDef& derived_function(Derived function) {
    return kDerived[static_cast<std::size_t>(function)];
}

}  // namespace sky::insights
