// SPDX-License-Identifier: Apache-2.0
#include "insights/functions/glob.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include <bit>
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

/// memchr, but without a call where the byte is near: fields are short.
inline const char* find_byte(const char* at, const char* end, char byte) {
#ifdef __SSE2__
    constexpr std::ptrdiff_t kStep = 16;
    if (end - at >= kStep) {
        __m128i chunk;
        std::memcpy(&chunk, at, sizeof(chunk));
        const int hits = _mm_movemask_epi8(_mm_cmpeq_epi8(chunk, _mm_set1_epi8(byte)));
        if (hits != 0) return at + std::countr_zero(static_cast<unsigned>(hits));
        at += kStep;
    }
#endif
    if (at == end) return nullptr;
    return static_cast<const char*>(std::memchr(at, byte, static_cast<std::size_t>(end - at)));
}

/// Null when `needle` (not empty) is not in [at, end).
inline const char* find_text(const char* at, const char* end, std::string_view needle) {
    if (needle.size() == 1) return find_byte(at, end, needle[0]);
    if (static_cast<std::size_t>(end - at) < needle.size()) return nullptr;
    // The first place is the likely one: "[profiler] " begins its lines, "] " is two bytes.
    if (std::memcmp(at, needle.data(), needle.size()) == 0) return at;
    if (needle.size() <= 4) {
        const char* const last = end - needle.size() + 1;
        for (at = find_byte(at, last, needle[0]); at != nullptr;
             at = find_byte(at + 1, last, needle[0])) {
            if (std::memcmp(at, needle.data(), needle.size()) == 0) return at;
        }
        return nullptr;
    }
    return static_cast<const char*>(
        memmem(at, static_cast<std::size_t>(end - at), needle.data(), needle.size()));
}

/// The chain of finds. `capture(i, view)` is called for each star in order; on false some calls may
/// have been made.
template <class Capture>
inline bool match_chain(std::span<const std::string> literals, std::string_view text,
                        Capture&& capture) {
    const char* at = text.data();
    const char* const end = at + text.size();
    if (!literals[0].empty()) {
        at = find_text(at, end, literals[0]);
        if (at == nullptr) return false;
        at += literals[0].size();
    }
    const std::size_t last = literals.size() - 1;
    for (std::size_t i = 1; i <= last; ++i) {
        const std::string& literal = literals[i];
        const char* found = at;
        if (!literal.empty()) {
            found = find_text(at, end, literal);
            if (found == nullptr) return false;
        } else if (i == last) {
            const std::string_view rest(at, static_cast<std::size_t>(end - at));
            capture(i - 1, without_line_end(rest));
            return true;
        }
        capture(i - 1, std::string_view(at, static_cast<std::size_t>(found - at)));
        at = found + literal.size();
    }
    return true;
}

}  // namespace

std::size_t find_literal(std::string_view text, std::string_view needle, std::size_t from) {
    if (from > text.size() || needle.size() > text.size() - from) return std::string_view::npos;
    if (needle.empty()) return from;
    const char* const hit = find_text(text.data() + from, text.data() + text.size(), needle);
    if (hit == nullptr) return std::string_view::npos;
    return static_cast<std::size_t>(hit - text.data());
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
    return match_chain(literals_, text,
                       [&](std::size_t i, std::string_view view) { captures[i] = view; });
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
    // Captures that nobody needs are written to one row that nobody reads.
    auto* const unread = arena.array<std::string_view>(1);
    struct Target {
        std::string_view* column;
        std::size_t mask;
    };
    std::vector<Target> targets;
    for (std::string_view* const column : columns) {
        targets.push_back(column == nullptr ? Target{unread, 0} : Target{column, ~std::size_t{0}});
    }
    std::size_t matches = 0;
    for (std::size_t row = 0; row < rows; ++row) {
        const bool hit =
            text.is_present(row) &&
            match_chain(literals_, text[row], [&](std::size_t i, std::string_view view) {
                targets[i].column[row & targets[i].mask] = view;
            });
        matched[row] = hit ? 1 : 0;
        matches += matched[row];
        if (hit) continue;
        for (const Target& target : targets) target.column[row & target.mask] = {};
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
