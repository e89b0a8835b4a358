// SPDX-License-Identifier: Apache-2.0
#include "insights/functions/regex.h"

#include <re2/re2.h>

#include <algorithm>

#include "insights/functions/glob.h"
#include "insights/functions/limits.h"
#include "insights/functions/regex_syntax.h"
#include "insights/functions/render.h"

namespace sky::insights {

struct Regex::Impl {
    std::unique_ptr<re2::RE2> program;
    std::vector<std::string> names;
    std::string required;  // Every match contains it; empty = nothing is known.
    std::vector<std::string> literals;
    std::string prefix;  // Every match begins with it; empty = nothing is known.

    bool may_match(std::string_view text) const {
        return required.empty() || find_literal(text, required, 0) != std::string_view::npos;
    }

    /// Leftmost match with its groups. RE2 is much faster where it is told the start: most lines
    /// have the prefix once. After a few misses the general search keeps the time linear.
    bool search(std::string_view text, re2::StringPiece* pieces, int count) const {
        const re2::StringPiece whole(text.data(), text.size());
        std::size_t from = 0;
        if (!prefix.empty()) {
            constexpr int kAnchoredAttemptsMax = 4;
            for (int attempt = 0; attempt < kAnchoredAttemptsMax; ++attempt) {
                from = find_literal(text, prefix, from);
                if (from == std::string_view::npos) return false;
                if (program->Match(whole, from, text.size(), re2::RE2::ANCHOR_START, pieces,
                                   count)) {
                    return true;
                }
                ++from;
            }
        } else if (!may_match(text)) {
            return false;
        }
        return program->Match(whole, from, text.size(), re2::RE2::UNANCHORED, pieces, count);
    }
};

Regex::Regex(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Regex::Regex(Regex&&) noexcept = default;
Regex& Regex::operator=(Regex&&) noexcept = default;
Regex::~Regex() = default;

Result<Regex> Regex::compile(std::string_view pattern) {
    const RegexText text = SKY_TRY(translate_regex(pattern));
    re2::RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(limits::kRegexBytesMax);
    auto impl = std::make_unique<Impl>();
    impl->program = std::make_unique<re2::RE2>(text.pattern, options);
    if (!impl->program->ok()) {
        // RE2 names the fragment; where it stands tells the user more.
        const std::string& fragment = impl->program->error_arg();
        const std::size_t at = fragment.empty() ? 0 : text.pattern.find(fragment);
        const std::size_t begin = at == std::string::npos ? 0 : at;
        const std::size_t end = std::min(begin + fragment.size(), text.pattern.size());
        const std::size_t from = text.origin[begin];
        const std::size_t to = std::max<std::size_t>(text.origin[end], from + 1);
        return fail(ErrorCode::kMalformedQuery,
                    "invalid regular expression: " + impl->program->error(),
                    static_cast<std::int64_t>(std::min(from, pattern.size())),
                    static_cast<std::int64_t>(to - from));
    }
    const auto groups = static_cast<std::size_t>(impl->program->NumberOfCapturingGroups());
    if (groups > limits::kCapturesMax) {
        return fail(ErrorCode::kMalformedQuery,
                    "the regular expression has too many groups, more than " +
                        std::to_string(limits::kCapturesMax),
                    0, static_cast<std::int64_t>(pattern.size()));
    }
    impl->names.resize(groups);
    for (const auto& [index, name] : impl->program->CapturingGroupNames()) {
        impl->names[static_cast<std::size_t>(index) - 1] = name;
    }
    impl->required = text.required;
    impl->literals = text.literals;
    impl->prefix = text.prefix;
    return Regex(std::move(impl));
}

const std::vector<std::string>& Regex::group_names() const { return impl_->names; }

std::string_view Regex::required() const { return impl_->required; }
std::span<const std::string> Regex::literals() const { return impl_->literals; }

std::string_view Regex::pattern() const { return impl_->program->pattern(); }

std::uint64_t Regex::bytes() const {
    // RE2 may fill its automata up to the budget that it was given.
    return static_cast<std::uint64_t>(limits::kRegexBytesMax);
}

bool Regex::search(std::string_view text) const {
    if (!impl_->may_match(text)) return false;
    return impl_->program->Match(re2::StringPiece(text.data(), text.size()), 0, text.size(),
                                 re2::RE2::UNANCHORED, nullptr, 0);
}

bool Regex::search(std::string_view text, std::span<std::string_view> groups) const {
    // A null view would look like a group that took no part.
    if (text.data() == nullptr) text = "";
    constexpr std::size_t kOnStack = 16;
    re2::StringPiece few[kOnStack];
    std::vector<re2::StringPiece> many;
    const std::size_t count = groups.size() + 1;
    re2::StringPiece* pieces = few;
    if (count > kOnStack) {
        many.resize(count);
        pieces = many.data();
    }
    if (!impl_->search(text, pieces, static_cast<int>(count))) {
        return false;
    }
    for (std::size_t i = 0; i < groups.size(); ++i) {
        groups[i] = std::string_view(pieces[i + 1].data(), pieces[i + 1].size());
    }
    return true;
}

std::vector<const Vector*> Regex::parse(EvalContext& context, const Vector* source,
                                        std::span<const bool> needed) const {
    Arena& arena = context.arena;
    const std::size_t rows = context.rows;
    const TextView text = as_text(context, source);
    const std::size_t groups = impl_->names.size();
    // RE2 pays per group that is asked for: the last needed one decides.
    std::size_t asked = 0;
    std::vector<std::string_view*> columns(groups, nullptr);
    std::vector<std::uint8_t*> present(groups, nullptr);
    for (std::size_t i = 0; i < groups; ++i) {
        if (!needed[i]) continue;
        asked = i + 1;
        columns[i] = arena.array<std::string_view>(rows);
        present[i] = arena.array<std::uint8_t>(rows);
    }
    std::vector<std::string_view> row_groups(asked);
    for (std::size_t row = 0; row < rows; ++row) {
        const bool hit = text.is_present(row) && search(text[row], row_groups);
        for (std::size_t i = 0; i < asked; ++i) {
            if (columns[i] == nullptr) continue;
            const bool took_part = hit && row_groups[i].data() != nullptr;
            columns[i][row] = took_part ? row_groups[i] : std::string_view();
            present[i][row] = took_part ? 1 : 0;
        }
    }
    std::vector<const Vector*> out(groups, nullptr);
    for (std::size_t i = 0; i < groups; ++i) {
        if (columns[i] != nullptr) out[i] = Vector::texts(arena, rows, columns[i], present[i]);
    }
    return out;
}

}  // namespace sky::insights
