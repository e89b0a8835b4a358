// SPDX-License-Identifier: Apache-2.0
#include "insights/functions/glob.h"

#include <cstring>

#include "insights/functions/limits.h"
#include "insights/functions/render.h"

namespace sky::insights {
namespace {

/// "A final CR/LF of the message is not part of the last capture" (logs-insights-ql.md 6.7).
std::string_view without_line_end(std::string_view text) {
    if (text.ends_with('\n')) text.remove_suffix(1);
    if (text.ends_with('\r')) text.remove_suffix(1);
    return text;
}

}  // namespace

std::size_t find_literal(std::string_view text, std::string_view needle, std::size_t from) {
    if (from > text.size() || needle.size() > text.size() - from) return std::string_view::npos;
    if (needle.empty()) return from;
    const char* const begin = text.data() + from;
    const std::size_t bytes = text.size() - from;
    const void* const hit = needle.size() == 1 ? std::memchr(begin, needle[0], bytes)
                                               : memmem(begin, bytes, needle.data(), needle.size());
    if (hit == nullptr) return std::string_view::npos;
    return static_cast<std::size_t>(static_cast<const char*>(hit) - text.data());
}

Result<Glob> Glob::compile(std::string_view pattern) {
    Glob glob;
    std::size_t begin = 0;
    for (std::size_t star = pattern.find('*'); star != std::string_view::npos;
         star = pattern.find('*', begin)) {
        glob.literals_.emplace_back(pattern.substr(begin, star - begin));
        begin = star + 1;
    }
    glob.literals_.emplace_back(pattern.substr(begin));
    if (glob.captures() == 0) {
        return fail(ErrorCode::kMalformedQuery, "the pattern of parse has no wildcard *");
    }
    if (glob.captures() > limits::kCapturesMax) {
        return fail(ErrorCode::kMalformedQuery,
                    "the pattern of parse has too many wildcards, more than " +
                        std::to_string(limits::kCapturesMax));
    }
    return glob;
}

bool Glob::match(std::string_view text, std::span<std::string_view> captures) const {
    const std::string& head = literals_[0];
    std::size_t at = find_literal(text, head, 0);
    if (at == std::string_view::npos) return false;
    at += head.size();
    const std::size_t last = literals_.size() - 1;
    for (std::size_t i = 1; i <= last; ++i) {
        const std::string& literal = literals_[i];
        if (i == last && literal.empty()) {
            const std::string_view rest = text.substr(at);
            captures[i - 1] = without_line_end(rest);
            return true;
        }
        const std::size_t found = find_literal(text, literal, at);
        if (found == std::string_view::npos) return false;
        captures[i - 1] = text.substr(at, found - at);
        at = found + literal.size();
    }
    return true;
}

std::vector<const Vector*> Glob::parse(EvalContext& context, const Vector* source,
                                       std::span<const bool> needed) const {
    Arena& arena = context.arena;
    const std::size_t rows = context.rows;
    const TextView text = as_text(context, source);
    std::vector<std::string_view*> columns(captures(), nullptr);
    for (std::size_t i = 0; i < columns.size(); ++i) {
        if (needed[i]) columns[i] = arena.array<std::string_view>(rows);
    }
    auto* const matched = arena.array<std::uint8_t>(rows);
    std::vector<std::string_view> row_captures(captures());
    std::size_t matches = 0;
    for (std::size_t row = 0; row < rows; ++row) {
        const bool hit = text.is_present(row) && match(text[row], row_captures);
        matched[row] = hit ? 1 : 0;
        matches += matched[row];
        for (std::size_t i = 0; i < columns.size(); ++i) {
            if (columns[i] != nullptr) columns[i][row] = hit ? row_captures[i] : std::string_view();
        }
    }
    // Without a present array the kernels that follow skip their tests.
    const std::uint8_t* const present = matches == rows ? nullptr : matched;
    std::vector<const Vector*> out(captures(), nullptr);
    for (std::size_t i = 0; i < columns.size(); ++i) {
        if (columns[i] != nullptr) out[i] = Vector::texts(arena, rows, columns[i], present);
    }
    return out;
}

}  // namespace sky::insights
