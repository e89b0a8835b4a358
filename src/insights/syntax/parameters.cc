// SPDX-License-Identifier: Apache-2.0
#include "insights/syntax/parameters.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "insights/syntax/lexer.h"
#include "insights/syntax/limits.h"
#include "insights/syntax/texts.h"

namespace sky::insights {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

struct Place {
    std::size_t begin, end;  // With the braces.
    std::string_view name;
};

/// The first parameter at or behind `from`.
std::optional<Place> next_parameter(std::string_view text, std::size_t from) {
    while (true) {
        const std::size_t open = text.find("{{", from);
        if (open == std::string_view::npos) return std::nullopt;
        std::size_t end = open + 2;
        if (end < text.size() && is_letter(text[end])) {
            while (end < text.size() && (is_letter(text[end]) || is_digit(text[end]))) ++end;
            if (text.substr(end).starts_with("}}")) {
                return Place{open, end + 2, text.substr(open + 2, end - open - 2)};
            }
        }
        from = open + 1;  // "{{{x}}" has one, behind the first brace.
    }
}

}  // namespace

std::vector<std::string> parameters_of(std::string_view text) {
    std::vector<std::string> names;
    for (auto place = next_parameter(text, 0); place; place = next_parameter(text, place->end)) {
        if (std::find(names.begin(), names.end(), place->name) == names.end()) {
            names.emplace_back(place->name);
        }
    }
    return names;
}

Result<std::string> fill_parameters(std::string_view text, std::span<const ParameterValue> values) {
    // A character has at most four bytes.
    constexpr std::size_t kBytesMax = 4 * kQueryCharactersMax;
    std::string out;
    std::size_t done = 0;
    for (auto place = next_parameter(text, 0); place; place = next_parameter(text, place->end)) {
        const auto value = std::find_if(values.begin(), values.end(),
                                        [&](const auto& v) { return v.name == place->name; });
        const std::size_t bytes = place->end - place->begin;
        if (value == values.end()) {
            const Span span{static_cast<std::int64_t>(place->begin),
                            static_cast<std::int64_t>(bytes)};
            return malformed(text, span,
                             fmt::format(texts::kParameter, text.substr(place->begin, bytes)));
        }
        out.append(text.substr(done, place->begin - done)).append(value->value);
        done = place->end;
        if (out.size() > kBytesMax) {
            return fail(ErrorCode::kInvalidArgument,
                        fmt::format(texts::kQueryTooLong, kQueryCharactersMax));
        }
    }
    return out.append(text.substr(done));
}

}  // namespace sky::insights
