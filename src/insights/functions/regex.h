// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/insights/functions/regex.h - the query language's regular expressions, in
              // linear time.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "insights/functions/table.h"

namespace sky::insights {

/// Unanchored, case-sensitive search; `(?<name>...)` and `(?P<name>...)`; flags i, s, m, U and, at
/// the start, x. Without look-around and back-references. `$` is the end of the text. Text is
/// UTF-8. Source: logs-insights-ql.md 2. Immutable; any thread.
class Regex {
public:
    /// `pattern` is the text between the slashes, with `\/` still escaped or not.
    /// Errors: kMalformedQuery; offset and length point into `pattern`.
    static Result<Regex> compile(std::string_view pattern);
    Regex(Regex&&) noexcept;
    Regex& operator=(Regex&&) noexcept;
    ~Regex();

    /// Name of each group in order; empty for groups without a name.
    const std::vector<std::string>& group_names() const;
    bool search(std::string_view text) const;
    /// groups[i] is group i + 1 (a null view when it did not take part); as many as asked for.
    bool search(std::string_view text, std::span<std::string_view> groups) const;

    /// As Glob::parse: element i is group i + 1, missing where the row did not match or the group
    /// took no part, or null unless needed[i].
    std::vector<const Vector*> parse(EvalContext& context, const Vector* source,
                                     std::span<const bool> needed) const;
    /// The pattern in RE2's syntax.
    std::string_view pattern() const;
    /// A text that every match contains; empty when none is known.
    std::string_view required() const;
    /// Texts that every match contains, some of them.
    std::span<const std::string> literals() const;
    /// Memory of the compiled program, for the query's account.
    std::uint64_t bytes() const;

private:
    struct Impl;
    explicit Regex(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace sky::insights
